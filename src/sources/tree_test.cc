#include "sources/tree.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "sources/testing/make_tree.h"

using namespace slipway;
using namespace slipway::sources;
using testing::link_to;
using testing::make_tree;

namespace {

std::string read(const Tree& tree, std::string_view path) {
  auto text = tree.read(path);
  return text ? **text : fmt::format("{}: {}", to_string(text.error().kind()), text.error().str());
}

}  // namespace

TEST_CASE("clean_path and join_path") {
  CHECK(*clean_path("a/./b/../c") == "a/c");
  CHECK(*clean_path("") == "");
  CHECK(*clean_path("a//b/") == "a/b");
  CHECK(clean_path("../x").failed_with(ErrorKind::forbidden));
  CHECK(clean_path("a/../../x").failed_with(ErrorKind::forbidden));
  CHECK(clean_path("/etc/passwd").failed_with(ErrorKind::forbidden));
  CHECK(*join_path("apps/web/overlays/prod", "../../base") == "apps/web/base");
  CHECK(join_path("apps", "../../x").failed_with(ErrorKind::forbidden));
  CHECK(join_path("apps", "/x").failed_with(ErrorKind::forbidden));
}

TEST_CASE("a Tree lists, reads and says what is near") {
  auto tree = make_tree(
      {{"base/redis.yaml", "r"}, {"base-2/x", "x"}, {"base/z/deep", "d"}, {"top", "t"}, {"a-b", ""}, {"a/x", ""}});
  CHECK(base::join(tree->list(""), " ") == "a a-b base base-2 top");
  CHECK(base::join(tree->list("base"), " ") == "redis.yaml z");
  CHECK(base::join(*tree->files_below("base"), " ") == "base/redis.yaml base/z/deep");
  CHECK(tree->is_directory("base"));
  CHECK(!tree->is_directory("bas"));
  CHECK(read(*tree, "base/redis.yaml") == "r");
  CHECK(read(*tree, "base/redis.yml") ==
        "not found: no such file or directory: \"base/redis.yml\"; did you mean \"base/redis.yaml\"?");
  CHECK(read(*tree, "bass/redis.yaml") == "not found: no such file or directory: \"bass\"; did you mean \"base\"?");
  CHECK(read(*tree, "base").starts_with("bad request"));
}

TEST_CASE("links are followed inside the tree only") {
  auto tree = make_tree({{"shared/a.yaml", "a"},
                         {"apps/link.yaml", link_to("../shared/a.yaml")},
                         {"apps/dir", link_to("../shared")},
                         {"apps/out", link_to("../../etc/passwd")},
                         {"apps/abs", link_to("/etc/passwd")},
                         {"loop", link_to("loop")}});
  CHECK(read(*tree, "apps/link.yaml") == "a");
  CHECK(read(*tree, "apps/dir/a.yaml") == "a");
  CHECK(*tree->real_path("apps/dir") == "shared");
  CHECK(read(*tree, "apps/out").starts_with("forbidden"));
  CHECK(read(*tree, "apps/abs").starts_with("forbidden"));
  CHECK(read(*tree, "loop").starts_with("forbidden"));
}
