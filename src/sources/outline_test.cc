#include "sources/outline.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/text.h"
#include "runtime/testing/in_real_world.h"
#include "sources/repositories.h"
#include "sources/testing/git_repository.h"

using namespace slipway;
using namespace slipway::sources;
using runtime::testing::in_real_world;
using testing::shell;

namespace {

// The head of a repository that `script` filled, with room for `files_max` files.
Task<std::shared_ptr<const Tree>> tree_of(World* world, std::string directory, std::string script,
                                          SourceLimits limits) {
  std::string all = fmt::format("git init -q -b main repo; cd repo; {}; git add -A; git commit -q -m x", script);
  (void)co_await shell(*world, directory, all);
  auto repositories = Repositories::create(*world, {.directory = directory + "/data", .limits = limits});
  auto commit = co_await repositories->resolve(directory + "/repo", "main");
  REQUIRE_MESSAGE(commit.has_value(), (commit ? "" : commit.error().str()));
  auto tree = co_await repositories->tree(*commit);
  REQUIRE_MESSAGE(tree.has_value(), (tree ? "" : tree.error().str()));
  co_return *tree;
}

template <class T>
void check_refused(const Result<T>& result, std::string_view words) {
  CHECK(result.failed_with(ErrorKind::too_large));
  if (!result) CHECK_MESSAGE(result.error().str().find(words) != std::string::npos, result.error().str());
}

}  // namespace

TEST_CASE("a folder of too many files stands in nobody's way but its own") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    auto tree = co_await tree_of(&world, directory,
                                 "mkdir -p good/deep apps/one apps/many; for i in 1 2 3 4 5 6 7 8 9; do echo $i "
                                 ">apps/many/$i.yaml; done; echo g >good/deep/a.yaml; echo o >apps/one/a.yaml; ln -s "
                                 "../apps/many good/link; echo r >root.yaml",
                                 {.files_max = 8});
    CHECK(base::join(tree->list(""), " ") == "apps good root.yaml");
    CHECK(base::join(tree->list("apps"), " ") == "many one");
    CHECK(**tree->read("good/deep/a.yaml") == "g\n");
    CHECK(**tree->read("apps/one/a.yaml") == "o\n");
    CHECK(base::join(*tree->files_below("good"), " ") == "good/deep/a.yaml good/link");
    CHECK(*tree->real_path("good/link") == "apps/many");
    CHECK(tree->is_directory("apps/many"));
    CHECK(!tree->is_directory("apps/man"));
    CHECK(tree->list("apps/many").empty());
    std::string_view words = "the folder \"apps/many\" holds more than 8 files: unfolded, its trees hold 9";
    REQUIRE(tree->unreadable("apps/many"));
    CHECK(tree->unreadable("apps/many")->str().find(words) != std::string::npos);
    CHECK(!tree->unreadable("apps"));
    check_refused(tree->read("apps/many/1.yaml"), words);
    check_refused(tree->read("good/link/1.yaml"), words);
    check_refused(tree->files_below("apps/many"), words);
    check_refused(tree->files_below("apps"),
                  "the folder \"apps\" holds more than 8 files: unfolded, its trees hold 10");
    check_refused(tree->files_below(""), "the repository holds more than 8 files");
    CHECK(tree->read("apps/other").failed_with(ErrorKind::not_found));
  });
}

TEST_CASE("of folders that are too many together the smallest are read") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    auto tree = co_await tree_of(
        &world, directory, "mkdir a b c; touch a/1 a/2 a/3; echo b >b/1; touch c/1 c/2; echo r >r", {.files_max = 5});
    CHECK(**tree->read("b/1") == "b\n");
    CHECK(**tree->read("r") == "r\n");
    CHECK(tree->list("c").size() == 2);
    check_refused(tree->read("a/1"), "the folder \"a\" (3 files) was left out: the commit holds more than 5 files");
  });
}

TEST_CASE("too many files in the root are in no way of its folders") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    auto tree = co_await tree_of(&world, directory, "mkdir a; echo a >a/1; touch 1 2 3 4 5 6", {.files_max = 5});
    CHECK(**tree->read("a/1") == "a\n");
    CHECK(tree->list("").empty());
    REQUIRE(tree->unreadable(""));
    check_refused(tree->read("1"), "the repository holds more than 5 files: unfolded, its trees hold 7");
  });
}

TEST_CASE("of files that are too large together the smallest are read") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    auto tree = co_await tree_of(
        &world, directory,
        "mkdir media; head -c 4000 /dev/zero >media/a; head -c 4001 /dev/zero >media/b; echo a >a.yaml",
        {.tree_bytes_max = 5000});
    CHECK(**tree->read("a.yaml") == "a\n");
    CHECK((*tree->read("media/a"))->size() == 4000);
    CHECK(base::join(*tree->files_below(""), " ") == "a.yaml media/a media/b");
    check_refused(tree->read("media/b"),
                  "\"media/b\" (4001 bytes) was left out: the files of the commit take more than 5000 bytes together");
  });
}

TEST_CASE("an entry that no tree may hold is refused beside a folder of too many files") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    (void)co_await shell(world, directory, R"(
      git init -q -b main repo; cd repo; mkdir many; touch many/1 many/2 many/3; git add -A; git commit -q -m x
      blob=$(git rev-parse HEAD:many/1); many=$(git rev-parse HEAD:many)
      tree=$(printf '040000 tree %s\tmany\n100644 blob %s\t..\n' $many $blob | git mktree)
      git update-ref refs/heads/main $(git commit-tree -m x $tree))");
    auto all = Repositories::create(world, {.directory = directory + "/data", .limits = {.files_max = 2}});
    auto commit = co_await all->resolve(directory + "/repo", "main");
    REQUIRE(commit.has_value());
    auto tree = co_await all->tree(*commit);
    CHECK(tree.failed_with(ErrorKind::bad_request));
  });
}
