// What people and programs read: tables, differences, hidden secrets.
#include <doctest/doctest.h>

#include "base/text.h"
#include "cli/object_diff.h"
#include "cli/table.h"
#include "value/yaml.h"

using namespace slipway;
using namespace slipway::cli;

TEST_CASE("columns are as wide as their widest, the last one as it is") {
  auto lines = table({{"NAME", "SYNC", "HEALTH"}, {"a", "OutOfSync", "Healthy"}, {"long-name", "", ""}});
  CHECK(lines ==
        std::vector<std::string>{"NAME        SYNC        HEALTH", "a           OutOfSync   Healthy", "long-name"});
  CHECK(table({}).empty());
  CHECK(table({{"a"}, {"b", "c"}}) == std::vector<std::string>{"a", "b   c"});
  CHECK(table({{"Größe", "1"}, {"length", "2"}}) == std::vector<std::string>{"Größe    1", "length   2"});
}

TEST_CASE("a difference shows three lines around each change") {
  std::string before, after;
  for (int i = 0; i < 20; ++i) {
    before += fmt::format("line {}\n", i);
    after += i == 10 ? "changed\n" : fmt::format("line {}\n", i);
  }
  CHECK(unified_diff(before, before) == "");
  CHECK(unified_diff(before, after) ==
        "  ...\n  line 7\n  line 8\n  line 9\n- line 10\n+ changed\n  line 11\n  line 12\n  line 13\n");
  CHECK(unified_diff("", "a\nb\n") == "+ a\n+ b\n");
  CHECK(unified_diff("a\nb\n", "") == "- a\n- b\n");
  CHECK(unified_diff("a\n", "a\nb\n") == "  a\n+ b\n");
}

TEST_CASE("a huge difference is told, without thinking long") {
  std::string before, after;
  for (int i = 0; i < 5000; ++i) {
    before += fmt::format("a{}\n", i);
    after += fmt::format("b{}\n", i);
  }
  std::string text = unified_diff(before, after);
  CHECK(std::count(text.begin(), text.end(), '\n') == 10000);
}

TEST_CASE("a Secret's values are hidden, wherever they stand; that they differ is not") {
  Value secret =
      value::parse_yaml(
          "{kind: Secret, metadata: {name: s, annotations: {kubectl.kubernetes.io/last-applied-configuration: hunter2, "
          "a: b}}, data: {same: aHVudGVyMg==, 'od/d': aHVudGVyMg==}, stringData: {new: hunter2}}")
          .value();
  Value other = secret.with("/data/od~1d", "b3RoZXI=").without_member("stringData");
  Value shown = without_secrets(secret, other);
  CHECK(value::to_yaml(shown).find("hunter2") == std::string::npos);
  CHECK(value::to_yaml(shown).find("aHVudGVyMg") == std::string::npos);
  CHECK(shown["data"]["same"].str() == "(hidden)");
  CHECK(shown["data"]["od/d"].str() == "(hidden, different)");
  CHECK(shown["stringData"]["new"].str() == "(hidden, different)");
  CHECK(shown["metadata"]["annotations"] == Value{{"a", "b"}});
  Value config = Value{{"kind", "ConfigMap"}, {"data", Value{{"a", "b"}}}};
  CHECK(without_secrets(config, Value()) == config);
}
