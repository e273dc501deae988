// How remote paths part into a repository, a folder and a revision.
#include "render/kustomize/remote.h"

#include <doctest/doctest.h>

#include "base/text.h"

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

}  // namespace

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
