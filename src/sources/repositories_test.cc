#include "sources/repositories.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "runtime/testing/in_real_world.h"
#include "sources/testing/git_repository.h"

using namespace slipway;
using namespace slipway::sources;
using runtime::testing::in_real_world;
using testing::shell;

namespace {

Task<std::string> make_repository(World& world, std::string directory) {
  co_return co_await shell(world, directory, R"(
    git init -q -b main repo; cd repo
    mkdir -p apps/web; echo one >apps/web/a.yaml; echo root >top; ln -s apps/web/a.yaml link
    git add -A; git commit -q -m 'First
Body'; git tag -a -m tagged v1
    echo two >apps/web/a.yaml; git commit -q -am Second; git rev-parse HEAD)");
}

Task<std::string> resolved(Repositories& repositories, std::string url, std::string revision) {
  auto commit = co_await repositories.resolve(url, revision);
  if (!commit) co_return fmt::format("{}: {}", to_string(commit.error().kind()), commit.error().str());
  co_return commit->sha;
}
Task<std::string> text_of(Repositories& repositories, Commit commit, std::string path, std::string within = "") {
  auto tree = co_await repositories.tree(commit, within);
  if (!tree) co_return fmt::format("{}: {}", to_string(tree.error().kind()), tree.error().str());
  auto text = (*tree)->read(path);
  co_return text ? **text : text.error().str();
}

Task<void> collect(Repositories* repositories, std::string url, int* completed) {
  auto changed = co_await repositories->changed(url);
  if (changed) ++*completed;
}

}  // namespace

TEST_CASE("a local repository is read in place: branches, tags, SHAs, prefixes, HEAD") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    std::string head = co_await make_repository(world, directory);
    std::string first = co_await shell(world, directory + "/repo", "git rev-parse HEAD~1");
    std::string before = co_await shell(world, directory, "find repo -printf '%p %T@ %i\\n' | sort");
    auto all = Repositories::create(
        world, {.directory = directory + "/data", .mirrors = {{"https://h/x", directory + "/repo"}}});
    std::string url = directory + "/repo";
    for (std::string revision : {std::string(), std::string("HEAD"), std::string("main"),
                                 std::string("refs/heads/main"), head, head.substr(0, 7)}) {
      std::string sha = co_await resolved(*all, url, revision);
      CHECK_MESSAGE(sha == head, revision);
    }
    std::string tagged = co_await resolved(*all, "file://" + url, "v1");
    CHECK(tagged == first);
    std::string mirrored = co_await resolved(*all, "https://h/x", "main");
    CHECK(mirrored == head);
    std::string misspelt = co_await resolved(*all, url, "mian");
    CHECK(misspelt == "not found: " + url + ": unable to resolve 'mian' to a commit SHA; did you mean \"main\"?");
    std::string nowhere = co_await resolved(*all, url + "/apps", "main");
    CHECK(nowhere.starts_with("not found: " + url + "/apps: no Git repository at " + url +
                              "/apps; it lies in the repository " + url));

    auto commit = *co_await all->resolve(url, "v1");
    CHECK(commit.subject == "First");
    CHECK(commit.author == "Ann <ann@test>");
    CHECK(commit.date == "2023-11-14T22:13:20Z");
    std::string old = co_await text_of(*all, commit, "apps/web/a.yaml");
    CHECK(old == "one\n");
    commit = *co_await all->resolve(url, "main");
    auto tree = *co_await all->tree(commit);
    CHECK(**tree->read("link") == "two\n");
    CHECK(base::join(*tree->files_below(""), " ") == "apps/web/a.yaml link top");
    auto again = *co_await all->tree(commit);
    CHECK(again == tree);
    auto part = *co_await all->tree(commit, "apps/web");
    CHECK(base::join(*part->files_below(""), " ") == "apps/web/a.yaml");
    CHECK(part->entry("apps/web/a.yaml")->bytes == tree->entry("apps/web/a.yaml")->bytes);  // one blob in memory
    std::string missing = co_await text_of(*all, commit, "x", "apps/none");
    CHECK(missing.starts_with("not found: "));
    std::string after = co_await shell(world, directory, "find repo -printf '%p %T@ %i\\n' | sort");
    CHECK(before == after);  // nothing was written
  });
}

TEST_CASE("why a local repository has no such commit") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    std::string head = co_await make_repository(world, directory);
    auto all = Repositories::create(world, {.directory = directory + "/data"});
    std::string url = directory + "/repo", git = directory + "/repo/.git/";
    std::string lost(40, '1'), unable = "not found: " + url + ": unable to resolve 'HEAD' to a commit SHA; ";
    std::string missing = lost + ", which the repository does not hold, or which is no commit";
    auto with = [&](std::string file, std::string text) {
      return world.files().write_atomically(git + file, text + "\n");
    };
    REQUIRE(with("HEAD", lost));
    std::string detached = co_await resolved(*all, url, "HEAD");
    CHECK(detached == unable + "HEAD is " + missing);
    REQUIRE(with("HEAD", "ref: refs/heads/none"));
    std::string unborn = co_await resolved(*all, url, "HEAD");
    CHECK(unborn == unable + "HEAD is on a branch without commits, there is \"main\"");
    REQUIRE(with("HEAD", "ref: refs/heads/main"));
    REQUIRE(with("refs/heads/main", lost));
    std::string damaged = co_await resolved(*all, url, "HEAD");
    CHECK(damaged == unable + "refs/heads/main is " + missing);
    REQUIRE(with("refs/heads/main", "garbage"));
    std::string broken = co_await resolved(*all, url, "HEAD");
    CHECK(broken == unable + "the reference refs/heads/main is broken");
    REQUIRE(with("refs/heads/main", head));
    for (std::string range : {"v1.*", "*", ">= 1.0.0 < 2"}) {
      std::string none = co_await resolved(*all, url, range);
      std::string tagged = co_await shell(world, directory + "/repo", "git rev-parse v1^{commit}");
      CHECK_MESSAGE(none == tagged, range);  // the tag v1 is the version 1.0.0
    }
    std::string newer = co_await resolved(*all, url, "v2.*");
    CHECK(newer.find("no tag is in that range, the newest version is \"v1\"") != newer.npos);
    CHECK(co_await shell(world, directory + "/repo",
                         "git config core.repositoryFormatVersion 1; git config extensions.refStorage future; echo") ==
          "");
    std::string future = co_await resolved(*all, url, "HEAD");
    CHECK(future.ends_with("the repository was made by a newer git than the one here"));
  });
}

TEST_CASE("limits: a large file has no bytes, of too many files or bytes some are left out") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    (void)co_await shell(
        world, directory,
        "git init -q repo; cd repo; head -c 5000 /dev/zero >big; echo x >small; git add -A; git commit -q -m x");
    std::string url = directory + "/repo";
    auto some = Repositories::create(world, {.directory = directory + "/data", .limits = {.blob_bytes_max = 1000}});
    auto commit = *co_await some->resolve(url, "");
    auto tree = *co_await some->tree(commit);
    CHECK(!tree->entry("big")->bytes);
    CHECK(tree->entry("big")->size == 5000);
    CHECK(tree->read("big").failed_with(ErrorKind::too_large));
    CHECK(**tree->read("small") == "x\n");
    for (SourceLimits limits : {SourceLimits{.files_max = 1}, SourceLimits{.tree_bytes_max = 3000}}) {
      auto few = Repositories::create(world, {.directory = directory + "/data", .limits = limits});
      auto part = *co_await few->tree(commit);
      CHECK(part->read("big").failed_with(ErrorKind::too_large));
      auto on_disk = co_await read_directory(world, url, limits);
      CHECK(on_disk.failed_with(ErrorKind::too_large));
    }
    auto on_disk = co_await read_directory(world, url);
    CHECK(base::join(*(*on_disk)->files_below(""), " ") == "big small");
  });
}

TEST_CASE("a hostile repository runs nothing") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    (void)co_await make_repository(world, directory);
    (void)co_await shell(world, directory + "/repo", R"(
      printf '#!/bin/sh\ntouch ../ran\n' >../evil; chmod +x ../evil
      for key in core.fsmonitor core.sshCommand core.pager core.askPass gpg.program core.gitProxy diff.external \
          uploadpack.packObjectsHook credential.helper core.alternateRefsCommand; do git config $key "$PWD/../evil"; done
      git config log.showSignature true; git config core.hooksPath "$PWD/.."
      git config extensions.partialClone origin; git config remote.origin.promisor true
      git config remote.origin.url "ext::$PWD/../evil"; git config remote.origin.uploadpack "$PWD/../evil"
      git config alias.cat-file "!$PWD/../evil"; git config alias.ls-tree "!$PWD/../evil"
      git config core.worktree /; echo '* filter=x diff=x' >.git/info/attributes; git config filter.x.smudge "$PWD/../evil"
      rm -f .git/objects/$(git rev-parse HEAD:top | sed 's,^..,&/,'))");
    auto all = Repositories::create(world, {.directory = directory + "/data"});
    auto commit = *co_await all->resolve(directory + "/repo", "HEAD");
    auto tree = co_await all->tree(commit);
    REQUIRE_MESSAGE(tree.has_value(), (tree ? "" : tree.error().str()));
    CHECK(**(*tree)->read("apps/web/a.yaml") == "two\n");
    CHECK(!(*tree)->entry("top")->bytes);  // it is gone, and is not fetched
    CHECK(!world.files().exists(directory + "/ran"));
  });
}

TEST_CASE("worktrees, bare repositories, empty ones") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    std::string head = co_await make_repository(world, directory);
    (void)co_await shell(world, directory,
                         "git clone -q --bare repo bare.git; git -C repo worktree add -q ../linked -b other v1; git "
                         "init -q -b main empty");
    std::string first = co_await shell(world, directory + "/repo", "git rev-parse v1^{commit}");
    auto all = Repositories::create(world, {.directory = directory + "/data"});
    std::string bare = co_await resolved(*all, directory + "/bare.git", "main");
    CHECK(bare == head);
    std::string without_suffix = co_await resolved(*all, directory + "/bare", "main");
    CHECK(without_suffix == head);
    std::string linked = co_await resolved(*all, directory + "/linked", "HEAD");
    CHECK(linked == first);
    std::string empty = co_await resolved(*all, directory + "/empty", "HEAD");
    CHECK(empty == "not found: " + directory + "/empty: the repository has no commits");
  });
}

TEST_CASE("changed: by a commit, by notify, for all who wait") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    (void)co_await make_repository(world, directory);
    std::string url = directory + "/repo";
    auto all = Repositories::create(world, {.directory = directory + "/data"});
    auto first = co_await all->changed(url);
    CHECK(first.has_value());  // at once
    runtime::Scope& scope = co_await runtime::current_scope();
    TaskGroup group(scope);
    int completed = 0;
    group.spawn(collect(all.get(), url, &completed));
    group.spawn(collect(all.get(), url, &completed));
    (void)co_await runtime::sleep(50ms);
    CHECK(completed == 0);
    (void)co_await shell(world, url, "git commit -q --allow-empty -m third");
    co_await group.join();
    CHECK(completed == 2);
    // a change while nobody waits
    (void)co_await shell(world, url, "git commit -q --allow-empty -m fourth");
    auto remembered = co_await runtime::with_timeout(20s, all->changed(url));
    CHECK(remembered.has_value());

    group.spawn(collect(all.get(), "https://h/o/r.git", &completed));
    (void)co_await runtime::sleep(1ms);
    all->notify("git@h:o/r");
    co_await group.join();
    CHECK(completed == 3);
    group.spawn(collect(all.get(), "https://h/o/r.git", &completed));
    (void)co_await runtime::sleep(1ms);
    co_await group.stop();  // canceled
    CHECK(completed == 3);
  });
}
