#include "sources/unfolded.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "runtime/testing/in_real_world.h"
#include "sources/repositories.h"
#include "sources/testing/git_repository.h"

using namespace slipway;
using namespace slipway::sources;
using runtime::testing::in_real_world;
using testing::shell;

namespace {

std::string id(char digit) {
  return std::string(40, digit);
}
std::string entry(std::string_view mode, char digit) {
  return fmt::format("{} name", mode) + '\0' + std::string(20, static_cast<char>((digit - '0') * 17));
}
std::string count(std::vector<std::string> contents) {
  std::vector<std::string> ids;
  for (size_t i = 0; i < contents.size(); ++i) ids.push_back(id(static_cast<char>('1' + i)));
  Trees trees;
  for (size_t i = 0; i < contents.size(); ++i) trees.read.push_back({ids[i], "tree", contents[i]});
  Unfolded all = unfold(trees, id('1'))[id('1')];
  return fmt::format("{} {}", all.files, all.directories);
}

// Ten trees in one, twelve times over the innermost, which holds `leaves` as `git mktree` reads them.
std::string bomb(std::string_view leaves) {
  return fmt::format(R"(
    git init -q -b main repo; cd repo
    blob=$(echo 'a: 1' | git hash-object -w --stdin)
    tree=$(printf '{}' | sed "s/BLOB/$blob/" | git mktree)
    for level in 1 2 3 4 5 6 7 8 9 10 11 12; do
      tree=$(for i in 0 1 2 3 4 5 6 7 8 9; do printf '040000 tree %s\td%s\n' $tree $i; done | git mktree)
    done
    tree=$(printf '040000 tree %s\tapp\n' $tree | git mktree)
    git update-ref refs/heads/main $(git commit-tree -m x $tree))",
                     leaves);
}

Task<void> check_refused(World* world, std::string directory, std::string_view leaves, std::string_view path,
                         std::string_view words) {
  (void)co_await shell(*world, directory, bomb(leaves));
  auto all = Repositories::create(*world, {.directory = directory + "/data", .limits = {.files_max = 1000}});
  auto commit = co_await all->resolve(directory + "/repo", "main");
  CHECK(commit.has_value());
  auto begun = world->steady_now();
  auto tree = co_await all->tree(*commit, std::string(path));
  REQUIRE(tree.has_value());
  auto files = (*tree)->files_below(path);
  CHECK(files.failed_with(ErrorKind::too_large));
  if (!files) CHECK_MESSAGE(files.error().str().find(words) != std::string::npos, files.error().str());
  CHECK(world->steady_now() - begun < 500ms);  // 20 s, when git is let walk; a hundredth of it where nobody else works
}

}  // namespace

TEST_CASE("a tree is counted as often as it is named, and read once") {
  CHECK(count({""}) == "0 0");
  CHECK(count({entry("100644", '9') + entry("120000", '9') + entry("160000", '9')}) == "3 0");
  CHECK(count({entry("40000", '2') + entry("040000", '2') + entry("100755", '9'), entry("100644", '9')}) == "3 2");
  CHECK(count({entry("40000", '2') + entry("40000", '3'), entry("40000", '3') + entry("40000", '3'),
               entry("100644", '9')}) == "3 4");
  CHECK(count({entry("40000", '7') + entry("100644", '9')}) == "1 0");  // a partial clone does not hold that one
  CHECK(count({entry("40000", '2'), entry("40000", '1')}) == "18446744073709551615 18446744073709551615");
  CHECK(count({entry("100644", '9') + "100644 cut"}) == "1 0");
}

TEST_CASE("trees that name one another without end are refused by what they would hold") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    co_await check_refused(&world, directory, "100644 blob BLOB\\tf.yaml\\n", "app",
                           "more than 1000 files: unfolded, its trees hold 1000000000000");
  });
  in_real_world([](World& world, std::string directory) -> Task<void> {
    co_await check_refused(&world, directory, "", "",
                           "more than 10000 directories: unfolded, its trees hold 1111111111111");
  });
}
