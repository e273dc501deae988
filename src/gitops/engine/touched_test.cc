#include "gitops/engine/touched.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "gitops/testing/engine_fixture.h"
#include "sources/testing/make_tree.h"

using namespace slipway;
using namespace slipway::gitops;
using namespace slipway::gitops::testing;
using sources::testing::make_tree;

namespace {

using Files = std::vector<std::pair<std::string, sources::testing::Content>>;

std::string touched(Files before, Files after) {
  auto directories = touched_directories(*make_tree(std::move(before)), *make_tree(std::move(after)));
  return base::join(std::vector<std::string>(directories.begin(), directories.end()), " ");
}

}  // namespace

TEST_CASE("a commit touches the directories of what came, went and changed") {
  CHECK(touched({{"a/x", "1"}, {"b/x", "1"}}, {{"a/x", "1"}, {"b/x", "1"}}) == "");
  CHECK(touched({{"a/b/x", "1"}, {"c/x", "1"}}, {{"a/b/x", "2"}, {"c/x", "1"}}) == " a a/b");
  CHECK(touched({{"a/x", "1"}}, {{"a/x", "1"}, {"n/e/w", "1"}}) == " n n/e");
  CHECK(touched({{"a/x", "1"}, {"o/l/d", "1"}, {"o/y", "1"}}, {{"a/x", "1"}, {"o/y", "1"}}) == " o o/l");
  CHECK(touched({{"x", "1"}, {"a/x", "1"}}, {{"x", "2"}, {"a/x", "1"}}) == "");
  CHECK(touched({{"a/x", "to"}}, {{"a/x", sources::testing::link_to("to")}}) == " a");
}

TEST_CASE("of many Applications of one repository those come first whom a commit is about") {
  EngineFixture f;
  auto folder = [](int i) { return fmt::format("apps/a{:02}", i); };
  auto files = [&](std::string_view last) {
    Files all;
    for (int i = 0; i < 100; ++i) {
      all.emplace_back(folder(i) + "/cm.yaml",
                       fmt::format("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a{:02}}}\ndata: {{v: {}}}\n", i,
                                   i == 99 ? last : "one"));
    }
    return all;
  };
  f.commit(files("one"));
  for (int i = 0; i < 100; ++i) f.write(cluster::create(f.application(fmt::format("a{:02}", i), folder(i))));
  f.settle(2s);
  REQUIRE(f.summary("a99") == "Synced/Healthy");
  std::string head = f.commit(files("two"));
  f.settle(2s);
  CHECK(f.get("ConfigMap", "a99")["data"]["v"].str() == "two");
  auto delivered = kinds::revision_of(f.get("ConfigMap", "a99"));
  int sooner = 0;
  for (int i = 0; i < 99; ++i) {
    std::string name = fmt::format("a{:02}", i);
    CHECK(f.status(name)["sync"]["revision"].str() == head);  // all say in the end what they were compared with
    sooner += kinds::revision_of(f.app(name)) < delivered;
  }
  // Those that other workers had at hand while it was synced: they need little more than a look. It is the last by
  // name.
  CHECK(sooner < 60);
}
