// How remote paths part into a repository, a folder and a revision; and files behind http, in simulated time.
#include "render/kustomize/remote.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "base/text.h"
#include "sim/sim_world.h"

using namespace slipway;
using namespace slipway::render::kustomize;

namespace {

void check(std::string_view path, std::string_view expected) {
  auto spec = parse_remote(path);
  std::string got = !spec    ? spec.error().str()
                    : !*spec ? "none"
                             : fmt::format("{} | {} | {}", (*spec)->url, (*spec)->folder, (*spec)->ref);
  CHECK_MESSAGE(got == expected, path, ": ", got);
}

// No test here comes as far as to ask them.
class NoRepositories final : public sources::Repositories {
  Task<Result<sources::Commit>> resolve(std::string, std::string, std::string) override { co_return none(); }
  Task<Result<std::shared_ptr<const sources::Tree>>> tree(sources::Commit, std::string) override { co_return none(); }
  Task<Result<>> changed(std::string) override { co_return none(); }
  void notify(std::string_view) override {}
  void access_changed() override {}
  bool is_local(std::string_view) const override { return false; }
  static Error none() { return fail(ErrorKind::not_found, "no repositories here"); }
};

// Answers one connection and lets it stand; `request` is what came.
Task<void> answer_once(runtime::Listener* listener, std::string bytes, std::string* request) {
  auto stream = co_await listener->accept();
  if (!stream) co_return;
  std::string buffer(4096, '\0');
  auto got = co_await (*stream)->read(buffer);
  if (!got) co_return;
  *request = buffer.substr(0, *got);
  auto written = co_await (*stream)->write(bytes);
  if (written) (void)co_await runtime::sleep(24h);
}

struct Fetching {
  std::string text, request;  // text: of the file, or the error
  Duration took{};
};
Task<Fetching> fetch(World& world, std::string host, std::string url, std::string answer) {
  auto listener = world.network().listen({host, 8080, {}});
  Fetching out;
  TaskGroup group(world.executor());
  group.spawn(answer_once(listener->get(), std::move(answer), &out.request));
  NoRepositories none;
  auto start = world.steady_now();
  auto remote = co_await fetch_remote(world, none, {}, std::move(url));
  out.took = world.steady_now() - start;
  out.text = remote ? *remote->text : remote.error().str();
  co_await group.stop();
  co_return out;
}

}  // namespace

TEST_CASE("a file behind http that stops in the middle is given up") {
  sim::SimWorld world(1);
  auto got = world.run(fetch(world, "127.0.0.1", "http://ann:s3cret@127.0.0.1:8080/a.yaml?key=s3cret",
                             "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nkind:"));
  CHECK(got.text == "http://127.0.0.1:8080/a.yaml: the answer began, and nothing more came for 60 s");
  CHECK(got.took < 70s);
}

TEST_CASE("a file behind http comes through the proxy of the environment") {
  sim::SimWorld world(1);
  setenv("HTTP_PROXY", "http://proxy.example.org:8080", 1);
  auto got = world.run(fetch(world, "proxy.example.org", "http://files.example.org/a.yaml",
                             "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nkind: A"));
  unsetenv("HTTP_PROXY");
  CHECK(got.text == "kind: A");
  CHECK(got.request.find("files.example.org") != std::string::npos);
}

TEST_CASE("a remote path is a repository, a folder and a revision") {
  check("https://github.com/o/r", "https://github.com/o/r |  | HEAD");
  check("https://github.com/o/r//a/b?ref=v1", "https://github.com/o/r | a/b | v1");
  check("https://github.com/o/r.git/a?version=v2", "https://github.com/o/r.git | a | v2");
  check("https://gitlab.com/g/s/r//a", "https://gitlab.com/g/s/r | a | HEAD");
  check("https://gitlab.com/g/s/r", "https://gitlab.com/g/s | r | HEAD");
  check("https://dev.azure.com/o/p/_git/r/a", "https://dev.azure.com/o/p/_git/r | a | HEAD");
  check("git@github.com:o/r//a?ref=x", "git@github.com:o/r | a | x");
  check("ssh://git@host:22/o/r/a", "ssh://git@host:22/o/r | a | HEAD");
  check("github.com/o/r/a?ref=main", "https://github.com/o/r | a | main");
  check("git::https://h/o/r//a", "https://h/o/r | a | HEAD");
  check("file:///srv/r//a", "file:///srv/r | a | HEAD");
  check("file:///srv/r.git/a", "file:///srv/r.git | a | HEAD");
  check("file:///srv/r//base/../over?ref=v1", "file:///srv/r | over | v1");
  check("https://h/o/r//a/../../x", "url path exits repo: https://h/o/r//a/../../x");
  check("https://h/o/r//a..b", "https://h/o/r | a..b | HEAD");
  check("https://h/o/r//a?ref=feature%2Fx&ref=y", "https://h/o/r | a | feature/x");
  check("https://h/o/r//a?version=v2&ref=v1", "https://h/o/r | a | v1");
  check("https://h/o/r//a?ref=&version=v2", "https://h/o/r | a | v2");
  check("https://h/o/r//a?ref=%zz", "https://h/o/r | a | HEAD");
  check("https://h/o/p/_git/r//a", "https://h/o/p/_git/r | a | HEAD");
  check("https://h/o.github/r", "https://h/o.git | hub/r | HEAD");
  check("https://h/r", "none");
  check("../base", "none");
  check("https://h/o/r//../x", "url path exits repo: https://h/o/r//../x");
}
