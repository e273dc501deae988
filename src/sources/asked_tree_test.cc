#include "sources/asked_tree.h"

#include <doctest/doctest.h>

#include "sources/testing/make_tree.h"

using namespace slipway;
using namespace slipway::sources;
using testing::link_to;
using testing::make_tree;
using Contents = std::vector<std::pair<std::string, testing::Content>>;

namespace {

const Contents before = {{"app/a.yaml", "a"}, {"app/b.yaml", "b"}, {"base/link", link_to("../app/a.yaml")}, {"x", "x"}};

// Whether another tree gives the same answers to what `ask` asks of that one.
template <class F>
bool same(F ask, Contents after) {
  AskedTree tree(make_tree(before));
  ask(tree);
  return tree.answers()->are_of(*make_tree(std::move(after)));
}

}  // namespace

TEST_CASE("another tree is the same to who asked for nothing that changed") {
  auto reads = [](const Tree& tree) { CHECK(tree.read("app/a.yaml").has_value()); };
  CHECK(same(reads, before));
  CHECK(same(reads, {{"app/a.yaml", "a"}, {"new", "n"}}));
  CHECK(!same(reads, {{"app/a.yaml", "A"}}));
  CHECK(!same(reads, {{"app/a.yaml", link_to("a")}}));
  CHECK(!same(reads, {{"app", link_to("other")}, {"other/a.yaml", "a"}}));
  CHECK(!same(reads, {}));

  auto reads_through_link = [](const Tree& tree) { CHECK(tree.read("base/link").has_value()); };
  CHECK(same(reads_through_link, before));
  CHECK(!same(reads_through_link, {{"app/a.yaml", "A"}, {"base/link", link_to("../app/a.yaml")}}));
  CHECK(!same(reads_through_link, {{"app/a.yaml", "a"}, {"x", "a"}, {"base/link", link_to("../x")}}));

  auto misses = [](const Tree& tree) { CHECK(!tree.read("app/values.yaml").has_value()); };
  CHECK(same(misses, {{"app/a.yaml", "A"}, {"app/b.yaml", "b"}}));
  CHECK(!same(misses, {{"app/a.yaml", "a"}, {"app/b.yaml", "b"}, {"app/values.yaml", ""}}));

  auto lists = [](const Tree& tree) { CHECK(tree.list("app").size() == 2); };
  CHECK(same(lists, {{"app/a.yaml", "A"}, {"app/b.yaml", "B"}}));
  CHECK(!same(lists, {{"app/a.yaml", "a"}}));
  auto walks = [](const Tree& tree) { CHECK(tree.files_below("app")->size() == 2); };
  CHECK(same(walks, {{"app/a.yaml", "A"}, {"app/b.yaml", "B"}}));
  CHECK(!same(walks, {{"app/a.yaml", "a"}, {"app/b.yaml/c", "b"}}));
}

TEST_CASE("what could not be read tells nothing of another tree") {
  Error why(ErrorKind::too_large, "many");
  auto text = std::make_shared<const std::string>("a");
  auto part = std::make_shared<const Tree>(std::map<std::string, FileEntry>{{"a/a.yaml", {.bytes = text, .size = 1}}},
                                           std::map<std::string, LeftOut>{{"many", {why}}});
  AskedTree tree(part);
  CHECK(tree.read("a/a.yaml").has_value());
  CHECK(tree.answers()->are_of(*part));
  AskedTree other(make_tree({{"a/a.yaml", "a"}, {"other", "o"}}));
  CHECK(other.entry("many/x") == nullptr);
  CHECK(!other.answers()->are_of(*part));
  CHECK(!tree.read("many/x").has_value());
  CHECK(!tree.answers()->are_of(*part));
}
