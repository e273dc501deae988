// What is told of very much that is wrong: no more than somebody reads, and at no great cost.
#include "gitops/compare/targets.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "value/yaml.h"

namespace slipway::gitops {

namespace {

constexpr auto file = "all.yaml";

// The objects of one file, as a folder of manifests gives them.
SourceObjects source_of(const std::string& text) {
  SourceObjects source;
  auto documents = value::parse_yaml_documents(text, file);
  REQUIRE_MESSAGE(documents.has_value(), (documents ? "" : documents.error().str()));
  for (const auto& document : *documents)
    source.objects.push_back({document.value, {file, static_cast<int>(document.line), 0}});
  std::map<std::string, sources::FileEntry> files;
  files[file] = {.bytes = std::make_shared<const std::string>(text), .size = text.size()};
  source.tree = std::make_shared<const sources::Tree>(std::move(files));
  return source;
}

std::vector<Condition> conditions(const SourceObjects& source) {
  Application app;
  app.destination_ns = "shop";
  return make_targets(app, {source}, kinds::builtin_catalog()).conditions;
}

// A ConfigMap with so many unknown fields, the first of them in its fifth line.
std::string config_map(size_t index, size_t faults) {
  std::string text = fmt::format("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{}}}\n", index);
  for (size_t i = 0; i < faults; ++i) text += fmt::format("wrong{}: 1\n", i);
  return text;
}

}  // namespace

TEST_CASE("of one object ten faults are told, and how many more there are") {
  auto ten = conditions(source_of(config_map(0, 10)));
  REQUIRE(ten.size() == 10);
  CHECK(ten.back().message.contains("wrong9"));
  auto many = conditions(source_of(config_map(0, 60)));
  REQUIRE(many.size() == 11);
  CHECK(many[9].message.contains("unknown field"));
  CHECK(many.back().message.ends_with("ConfigMap c0: 50 more"));
}

TEST_CASE("of an Application a hundred conditions are told, what keeps from syncing before what only warns") {
  std::string text;
  for (int i = 0; i < 60; ++i)
    text += fmt::format("---\napiVersion: v1\nkind: Event\nmetadata: {{name: e{}}}\n", i);  // excluded: a warning
  for (size_t i = 0; i < 40; ++i) text += config_map(i, 1);
  CHECK(conditions(source_of(text)).size() == 100);
  for (size_t i = 40; i < 80; ++i) text += config_map(i, 1);
  auto all = conditions(source_of(text));
  REQUIRE(all.size() == 100);
  for (size_t i = 0; i < 80; ++i) CHECK(all[i].type == "ComparisonError");
  for (size_t i = 80; i < 100; ++i) CHECK(all[i].type == "ExcludedResourceWarning");
  CHECK(all.back().message.contains("41 more"));
}

TEST_CASE("a large file is read again for the lines of some faults, not of all") {
  std::string text;
  for (size_t i = 0; i < 10; ++i) text += config_map(i, 1);
  auto with_line = [](const std::vector<Condition>& all) {
    size_t count = 0;
    for (size_t i = 0; i < all.size(); ++i) {  // its field stands three lines below its begin
      int field = static_cast<int>(i) * 5 + 5;
      if (all[i].message.contains(fmt::format("{}:{}:", file, field))) ++count;
    }
    return count;
  };
  auto small = conditions(source_of(text));
  REQUIRE(small.size() == 10);
  CHECK_MESSAGE(with_line(small) == 10, small[3].message);
  text += "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: large}\ndata: {text: \"" +
          std::string(1'000'000, 'x') + "\"}\n";
  auto large = conditions(source_of(text));
  REQUIRE(large.size() == 10);
  CHECK(with_line(large) == 4);  // four times the file is 4 MB
}

}  // namespace slipway::gitops
