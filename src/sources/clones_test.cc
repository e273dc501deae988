// Remote repositories over real smart HTTP on loopback: testdata/git_server.py in front of git's own http-backend.
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

struct Server {
  std::unique_ptr<runtime::Process> process;
  std::string url, log;
};

Task<void> read_log(Server* server) {
  std::string buffer(4096, '\0');
  while (true) {
    auto n = co_await server->process->out().read(buffer);
    if (!n || *n == 0) co_return;
    server->log.append(buffer, 0, *n);
  }
}
int count(std::string_view text, std::string_view word) {
  int n = 0;
  for (size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) ++n;
  return n;
}

// Starts the server, makes the repository `repo.git` (with a large file and a second commit), runs `body`, stops.
Task<void> with_server(World& world, std::string directory, std::string password,
                       Task<void> (*body)(World&, std::string, Server&)) {
  (void)co_await shell(world, directory, R"(
    git init -q -b main work; cd work; mkdir a b; echo one >a/x; echo b >b/y; head -c 5000 /dev/zero >b/big
    git add -A; git commit -q -m First; git tag -a -m t v1; echo two >a/x; git commit -q -am Second
    git clone -q --bare . ../repo.git; git -C ../repo.git config uploadpack.allowFilter true)");
  Server server;
  runtime::Command command{.argv = {"python3", "testdata/git_server.py", directory}};
  if (!password.empty()) command.argv.push_back("ann:" + password);
  server.process = *world.processes().start(std::move(command));
  runtime::Scope& scope = co_await runtime::current_scope();
  TaskGroup group(scope);
  group.spawn(read_log(&server));
  for (int i = 0; i < 1000 && server.log.find('\n') == std::string::npos; ++i) (void)co_await runtime::sleep(20ms);
  REQUIRE(server.log.find('\n') != std::string::npos);
  server.url = fmt::format("http://127.0.0.1:{}/repo.git", server.log.substr(0, server.log.find('\n')));
  co_await body(world, directory, server);
  server.process->in().close();
  (void)co_await server.process->wait();
  co_await group.stop();
}

Task<void> resolve_into(Repositories* repositories, std::string url, std::string revision, std::string* sha) {
  auto commit = co_await repositories->resolve(url, revision);
  *sha = commit ? commit->sha : commit.error().str();
}

// As after a start of the program.
std::unique_ptr<Repositories> started(World& world, const std::string& directory, std::string password) {
  RepositoriesOptions options{.directory = directory + "/data"};
  options.credentials = [password](std::string_view, std::string_view) {
    return password.empty() ? Credentials() : Credentials{.username = "ann", .password = password};
  };
  return Repositories::create(world, options);
}

}  // namespace

TEST_CASE("a remote repository: one ls-remote for many, one fetch a commit, the blob limit") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    co_await with_server(world, directory, "", [](World& world, std::string directory, Server& server) -> Task<void> {
      std::string head = co_await shell(world, directory, "git -C repo.git rev-parse main");
      std::string first = co_await shell(world, directory, "git -C repo.git rev-parse v1^{commit}");
      auto all = Repositories::create(world, {.directory = directory + "/data", .limits = {.blob_bytes_max = 1000}});
      CHECK(!all->is_local(server.url));
      std::string by_branch, by_tag, by_nothing;
      runtime::Scope& scope = co_await runtime::current_scope();
      TaskGroup group(scope);
      group.spawn(resolve_into(all.get(), server.url, "main", &by_branch));
      group.spawn(resolve_into(all.get(), server.url, "v1", &by_tag));
      group.spawn(resolve_into(all.get(), server.url, "mainn", &by_nothing));
      co_await group.join();
      CHECK(by_branch == head);
      CHECK(by_tag == first);
      CHECK(by_nothing == server.url + ": unable to resolve 'mainn' to a commit SHA; did you mean \"main\"?");
      CHECK(count(server.log, "GET /repo.git/info/refs") == 1);

      auto commit = *co_await all->resolve(server.url, "main");
      CHECK(commit.subject == "");
      auto tree = co_await all->tree(commit);
      REQUIRE_MESSAGE(tree.has_value(), (tree ? "" : tree.error().str()));
      CHECK(**(*tree)->read("a/x") == "two\n");
      CHECK((*tree)->read("b/big").failed_with(ErrorKind::too_large));
      int requests = count(server.log, "POST");
      tree->reset();
      auto second = Repositories::create(world, {.directory = directory + "/data", .limits = {.blob_bytes_max = 1000}});
      tree = co_await second->tree(commit);  // the clone has it
      REQUIRE(tree.has_value());
      CHECK(count(server.log, "POST") == requests);
      auto known = *co_await all->resolve(server.url, head);
      CHECK(known.subject == "Second");

      auto older = *co_await all->resolve(server.url, first.substr(0, 8));
      CHECK(older.sha == first);
      tree = co_await all->tree(older, "a");
      REQUIRE_MESSAGE(tree.has_value(), (tree ? "" : tree.error().str()));
      CHECK(**(*tree)->read("a/x") == "one\n");

      // what a fetch left that was killed must not refuse the next, nor stay
      (void)co_await shell(
          world, directory,
          "for c in data/clones/*.git; do echo >$c/shallow.lock; echo >$c/objects/pack/tmp_pack_x; done");
      (void)co_await shell(world, directory,
                           "cd work; echo three >a/x; git commit -q -am Third; git push -q ../repo.git main");
      auto newer = *co_await all->resolve(server.url, "");
      tree = co_await all->tree(newer);
      REQUIRE_MESSAGE(tree.has_value(), (tree ? "" : tree.error().str()));
      CHECK(**(*tree)->read("a/x") == "three\n");
      std::string left =
          co_await shell(world, directory, "ls data/clones/*.git/objects/pack/tmp_pack_x 2>/dev/null | wc -l");
      CHECK(base::trim(left) == "0");
      auto gone = co_await all->tree({.url = server.url, .sha = std::string(40, '1')});
      CHECK(gone.failed_with(ErrorKind::not_found));
      auto nowhere = co_await all->resolve(base::replace_all(server.url, "repo", "none"), "main");
      CHECK(nowhere.failed_with(ErrorKind::not_found));
    });
    auto all = Repositories::create(world, {.directory = directory + "/data"});
    auto refused = co_await all->resolve("http://127.0.0.1:1/x.git", "main");
    CHECK(refused.failed_with(ErrorKind::unavailable));
  });
}

TEST_CASE(
    "short ids: one fetch for all who ask, whatever became of the branches and was left by a fetch that was killed") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    co_await with_server(world, directory, "", [](World& world, std::string directory, Server& server) -> Task<void> {
      std::string head = co_await shell(world, directory, "git -C repo.git rev-parse main");
      std::string first = co_await shell(world, directory, "git -C repo.git rev-parse v1^{commit}");
      (void)co_await shell(world, directory, "git -C repo.git branch feature v1");
      auto all = Repositories::create(world, {.directory = directory + "/data"});
      std::vector<std::string> found(6);
      TaskGroup group(co_await runtime::current_scope());
      for (size_t i = 0; i < found.size(); ++i)
        group.spawn(resolve_into(all.get(), server.url, (i % 2 ? head : first).substr(0, 8), &found[i]));
      co_await group.join();
      for (size_t i = 0; i < found.size(); ++i) CHECK(found[i] == (i % 2 ? head : first));
      CHECK(count(server.log, "GET /repo.git/info/refs") == 2);  // ls-remote and fetch

      (void)co_await shell(world, directory,
                           "git -C repo.git branch -q -D feature; git -C repo.git branch feature/a v1");
      auto one = co_await all->resolve(server.url, first.substr(0, 9));
      CHECK_MESSAGE(one.has_value(), (one ? "" : one.error().str()));

      std::string third = co_await shell(world, directory, R"(
        cd data/clones/*.history; echo >packed-refs.lock; echo >refs/heads/main.lock; echo >refs/heads/feature/a.lock
        cd ../../../work; echo three >a/x; git commit -q -am Third; git push -q ../repo.git main main:feature/a
        git rev-parse main)");
      one = co_await all->resolve(server.url, third.substr(0, 8));
      REQUIRE_MESSAGE(one.has_value(), (one ? "" : one.error().str()));
      CHECK(one->sha == third);

      (void)co_await shell(world, directory,
                           "cd data/clones/*.history/objects/pack; for i in $(seq 310); do echo >pack-$i.rev; done");
      one = co_await all->resolve(server.url, third.substr(0, 7));
      REQUIRE_MESSAGE(one.has_value(), (one ? "" : one.error().str()));
      std::string packs = co_await shell(world, directory, "ls data/clones/*.history/objects/pack | wc -l");
      CHECK(std::stoi(packs) < 10);
    });
  });
}

TEST_CASE("a private commit that one had before a restart is theirs while the server is away, and nobody else's") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    co_await with_server(
        world, directory, "s3cret", [](World& world, std::string directory, Server& server) -> Task<void> {
          std::string head = co_await shell(world, directory, "git -C repo.git rev-parse main");
          std::string first = co_await shell(world, directory, "git -C repo.git rev-parse v1^{commit}");
          Commit pinned{.url = server.url, .sha = head}, other{.url = server.url, .sha = first};
          auto before = started(world, directory, "s3cret");
          auto tree = co_await before->tree(pinned);
          REQUIRE_MESSAGE(tree.has_value(), (tree ? "" : tree.error().str()));
          tree->reset();
          // Another one's password, of which the server knows nothing, brings the second commit into the same clone.
          (void)co_await shell(world, directory,
                               "git -C data/clones/*.git fetch -q ../../../repo.git v1:refs/slipway/" + first);
          server.process->signal(9);
          (void)co_await server.process->wait();

          auto again = started(world, directory, "s3cret");
          tree = co_await again->tree(pinned);
          REQUIRE_MESSAGE(tree.has_value(), (tree ? "" : tree.error().str()));
          CHECK(**(*tree)->read("a/x") == "two\n");
          auto never = co_await again->tree(other);
          CHECK(never.failed_with(ErrorKind::unavailable));
          for (const char* password : {"", "wr0ng"}) {
            auto somebody = started(world, directory, password);
            auto stolen = co_await somebody->tree(pinned);
            CHECK_MESSAGE(stolen.failed_with(ErrorKind::unavailable), password);
          }
          std::string found = co_await shell(world, directory, "grep -rl s3cret data || true");
          CHECK(found == "");
        });
  });
}

TEST_CASE("whom a server refused since, has nothing of what it gave before") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    co_await with_server(
        world, directory, "s3cret", [](World& world, std::string directory, Server& server) -> Task<void> {
          Commit pinned{.url = server.url, .sha = co_await shell(world, directory, "git -C repo.git rev-parse main")};
          auto before = started(world, directory, "s3cret");
          auto tree = co_await before->tree(pinned);
          REQUIRE_MESSAGE(tree.has_value(), (tree ? "" : tree.error().str()));
          tree->reset();
          (void)co_await shell(world, directory, "echo ann:changed >password");
          auto refused = started(world, directory, "s3cret");
          tree = co_await refused->tree(pinned);
          CHECK(tree.failed_with(ErrorKind::unauthorized));
          server.process->signal(9);
          (void)co_await server.process->wait();
          auto after = started(world, directory, "s3cret");
          tree = co_await after->tree(pinned);
          CHECK(tree.failed_with(ErrorKind::unavailable));
        });
  });
}

namespace {

// Whether a pinned commit is had while the server is away, by one who had it, whom the server answered `status` since.
Task<void> check_after(World& world, std::string directory, Server& server, std::string password) {
  for (bool is_gone : {false, true}) {
    Commit pinned{.url = server.url, .sha = co_await shell(world, directory, "git -C repo.git rev-parse main")};
    auto before = started(world, directory, password);
    auto tree = co_await before->tree(pinned);
    REQUIRE_MESSAGE(tree.has_value(), (tree ? "" : tree.error().str()));
    tree->reset();
    (void)co_await shell(world, directory, fmt::format("echo {} >status", is_gone ? 404 : 502));
    auto told = co_await before->resolve(server.url, "main");
    CHECK_FALSE(told.has_value());
    // One that is out of order takes nothing away; one that says no, does, from who still runs as well.
    tree = co_await before->tree(pinned);
    CHECK(tree.has_value() == !is_gone);
    if (tree) tree->reset();
    if (!is_gone) (void)co_await shell(world, directory, "rm status");
  }
  server.process->signal(9);
  (void)co_await server.process->wait();
  Commit pinned{.url = server.url, .sha = co_await shell(world, directory, "git -C repo.git rev-parse main")};
  auto after = started(world, directory, password);
  auto tree = co_await after->tree(pinned);
  CHECK(tree.failed_with(ErrorKind::unavailable));
}

}  // namespace

TEST_CASE("a server that knows a repository no more takes away what it gave, one that is out of order does not") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    co_await with_server(world, directory, "s3cret",
                         [](World& world, std::string directory, Server& server) -> Task<void> {
                           co_await check_after(world, directory, server, "s3cret");
                         });
  });
  in_real_world([](World& world, std::string directory) -> Task<void> {  // open to all before
    co_await with_server(world, directory, "", [](World& world, std::string directory, Server& server) -> Task<void> {
      co_await check_after(world, directory, server, "");
    });
  });
}

TEST_CASE("credentials: asked for, never shown") {
  in_real_world([](World& world, std::string directory) -> Task<void> {
    co_await with_server(
        world, directory, "s3cret", [](World& world, std::string directory, Server& server) -> Task<void> {
          auto without = Repositories::create(world, {.directory = directory + "/data"});
          auto refused = co_await without->resolve(server.url, "main");
          CHECK(refused.failed_with(ErrorKind::unauthorized));
          std::string wrong = base::replace_all(server.url, "http://", "http://ann:wr0ng@");
          auto wrong_one = co_await without->resolve(wrong, "main");
          REQUIRE(wrong_one.failed_with(ErrorKind::unauthorized));
          CHECK(wrong_one.error().str().find("wr0ng") == std::string::npos);
          auto in_url =
              co_await without->resolve(base::replace_all(server.url, "http://", "http://ann:s3cret@"), "main");
          CHECK(in_url.has_value());
          RepositoriesOptions options{.directory = directory + "/data"};
          options.credentials = [](std::string_view, std::string_view project) {
            return project == "other" ? Credentials() : Credentials{.username = "ann", .password = "s3cret"};
          };
          auto with = Repositories::create(world, options);
          auto commit = co_await with->resolve(server.url, "main");
          REQUIRE_MESSAGE(commit.has_value(), (commit ? "" : commit.error().str()));
          auto tree = co_await with->tree(*commit, "a");
          REQUIRE_MESSAGE(tree.has_value(), (tree ? "" : tree.error().str()));
          CHECK(**(*tree)->read("a/x") == "two\n");
          // Nor has another project what one's password opens, though it asks in the same program.
          auto other = co_await with->resolve(server.url, "main", "other");
          CHECK(other.failed_with(ErrorKind::unauthorized));
          Commit for_other = *commit;
          for_other.project = "other";
          auto others = co_await with->tree(for_other, "a");
          CHECK(others.failed_with(ErrorKind::unauthorized));
          // What lies in the clone is not for whom the server does not let in, though they know a commit's whole name.
          Commit pinned{.url = server.url, .sha = commit->sha};
          auto stolen = co_await without->tree(pinned);
          CHECK(stolen.failed_with(ErrorKind::unauthorized));
          auto told = co_await without->resolve(server.url, commit->sha);
          CHECK((!told || told->author + told->subject == ""));
          pinned.url = wrong;
          stolen = co_await without->tree(pinned);
          CHECK(stolen.failed_with(ErrorKind::unauthorized));
          pinned.url = base::replace_all(server.url, "http://", "http://ann:s3cret@");
          auto own = co_await without->tree(pinned);
          CHECK(own.has_value());
          // Nor does who asks at the same time with another password share an answer.
          std::string wrongly, rightly;
          TaskGroup both(co_await runtime::current_scope());
          both.spawn(resolve_into(without.get(), wrong, "main", &wrongly));
          both.spawn(resolve_into(without.get(), pinned.url, "main", &rightly));
          co_await both.join();
          CHECK(rightly == commit->sha);
          CHECK(wrongly.find("authentication failed") != std::string::npos);
          // Who asks after the password changed does not get the answer to a question that was under way.
          std::string word = "s3cret", before;
          options.credentials = [&word](std::string_view, std::string_view) {
            return Credentials{.username = "ann", .password = word};
          };
          auto changing = Repositories::create(world, options);
          runtime::Scope& scope = co_await runtime::current_scope();
          TaskGroup group(scope);
          group.spawn(resolve_into(changing.get(), server.url, "main", &before));
          (void)co_await runtime::yield_now();
          word = "wr0ng";
          changing->access_changed();
          auto after = co_await changing->resolve(server.url, "main");
          CHECK(after.failed_with(ErrorKind::unauthorized));
          co_await group.join();
          CHECK(before == commit->sha);
          std::string found = co_await shell(world, directory, "grep -rl s3cret data || true");
          CHECK(found == "");  // nor written
        });
  });
}
