#include "sources/withheld.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "runtime/testing/in_real_world.h"
#include "sources/repositories.h"
#include "sources/testing/git_repository.h"

using namespace slipway;
using namespace slipway::sources;
using runtime::testing::in_real_world;
using testing::shell;

namespace {

// A server's data folder with a clone in it, and ways there from outside.
Task<std::string> make_places(World& world, std::string directory) {
  co_return co_await shell(world, directory, R"(
    git init -q -b main repo; cd repo; echo one >a; git add -A; git commit -q -m First
    mkdir -p ../data/repositories/clones ../srv/deep; git clone -q --bare . ../data/repositories/clones/c.git
    cd ../srv; ln -s ../data/repositories/clones/c.git link; ln -s ../../data deep/data
    git clone -q --bare ../repo borrowing.git; rm -rf borrowing.git/objects/??; rm -rf borrowing.git/objects/pack
    echo ../../../data/repositories/clones/c.git/objects >borrowing.git/objects/info/alternates
    git init -q -b main twice.git --bare; echo ../../borrowing.git/objects >twice.git/objects/info/alternates
    mkdir tree; echo "gitdir: ../../data/repositories/clones/c.git" >tree/.git
    cp -r ../repo/.git linked.git; rm -rf linked.git/objects
    ln -s ../../data/repositories/clones/c.git/objects linked.git/objects
    mkdir ../data-not; cp -r ../repo ../data-not/repo; cp -r ../repo plain
    mkdir ../data/examples; cp -r ../repo ../data/examples/saas; ln -s ../repositories/clones/c.git ../data/examples/out
    git -C ../repo rev-parse HEAD)");
}

}  // namespace

TEST_CASE("the server's own folders hold no repository, whatever leads there") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    std::string head = co_await make_places(world, directory);
    std::string data = directory + "/data", clones = data + "/repositories";
    auto all = Repositories::create(world, {.directory = clones, .own_data = data, .mirrors = {{"https://m/", "/"}}});
    std::string clone = clones + "/clones/c.git", bare = clone.substr(0, clone.size() - 4);
    std::string reached = fmt::format("{}/srv/../srv/deep/../deep/data/repositories//./clones/c.git", directory);
    for (std::string url :
         {clone, clone + "/", bare, "file://" + clone, "file://localhost" + clone, "file://" + directory + "/d%61ta",
          directory + "/srv/link", directory + "/srv/../data/repositories/clones/c.git", reached,
          directory + "/srv/borrowing.git", directory + "/srv/twice", directory + "/srv/tree",
          directory + "/srv/linked.git", data + "/examples/out", data + "/examples/../repositories/clones/c.git",
          "/proc/self/root" + directory + "/repo", "https://m" + clone, data, data + "/none"}) {
      for (std::string revision : {std::string("main"), head, head.substr(0, 4)}) {
        auto commit = co_await all->resolve(url, revision);
        CHECK_MESSAGE(commit.failed_with(ErrorKind::forbidden), url << " " << revision);
      }
      auto tree = co_await all->tree({.url = url, .sha = head});
      CHECK_MESSAGE(tree.failed_with(ErrorKind::forbidden), url);
      auto changed = co_await all->changed(url);
      CHECK_MESSAGE(changed.failed_with(ErrorKind::forbidden), url);
    }
    for (std::string url : {directory + "/repo", directory + "/data-not/repo", directory + "/srv/plain",
                            data + "/examples/saas", directory + "/srv/deep/data/examples/saas"}) {
      auto commit = co_await all->resolve(url, "main");
      CHECK_MESSAGE(commit.has_value(), (commit ? "" : commit.error().str()));
    }
    auto told = co_await all->resolve(directory + "/srv/link", "main");
    CHECK(told.error().str() == fmt::format("{0}/srv/link: {0}/srv/link is no repository that may be named: it lies in "
                                            "Slipway's own data folder, whose clones are for those who were let in",
                                            directory));
    // A person at their own machine reads what is theirs.
    auto person = Repositories::create(world, {.directory = clones, .own_data = data, .asker = Asker::person});
    auto own = co_await person->resolve(clone, "main");
    CHECK_MESSAGE(own.has_value(), (own ? "" : own.error().str()));
  });
}

TEST_CASE("what lies in a folder, by links on either side") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    (void)co_await make_places(world, directory);
    auto may = [&](const std::string& path, const std::string& folder) {
      return check_not_within(world.files(), directory + path, {directory + folder}).has_value();
    };
    CHECK_FALSE(may("/data/repositories/clones/c.git", "/data"));
    CHECK_FALSE(may("/data", "/data"));
    CHECK(may("/repo", "/data"));
    CHECK(may("/data-not/repo", "/data"));
    CHECK(may("/data", "/data/repositories"));
    CHECK(may("/srv/none/x", "/data"));
    CHECK_FALSE(may("/data/none", "/srv/deep/data"));
    REQUIRE(world.files().symlink("loop", directory + "/loop"));
    CHECK_FALSE(may("/loop/x", "/data"));
  });
}
