#include "sources/url.h"

#include <doctest/doctest.h>

#include "sources/repositories.h"

using namespace slipway;
using namespace slipway::sources;

TEST_CASE("one repository, many spellings") {
  for (std::string_view url : {"https://github.com/o/r.git", "git@github.com:o/r", "https://github.com/O/r/",
                               "ssh://git@github.com:22/o/r.git", "https://u:p@github.com:443/o/r"})
    CHECK(normalized_url(url) == "github.com/o/r");
  CHECK(normalized_url("/srv/Repo/") == "/srv/Repo");
  CHECK(normalized_url("file:///srv/Repo") == "/srv/Repo");
}

TEST_CASE("a local repository's spellings, and a host's name where HTTP reads it") {
  for (std::string_view url : {"/srv/Repo/", "file:///srv/Repo", "file://localhost/srv/Repo/", "file:///srv/%52epo"})
    CHECK_MESSAGE(normalized_url(url) == "/srv/Repo", url);
  CHECK(normalized_url("Registry.example/Charts/") == "registry.example/charts");
  // What is asked is evil.example: nothing of good.example may be given to it.
  for (std::string_view url : {"https://evil.example#@good.example/x", "https://evil.example?@good.example/x"}) {
    CHECK_MESSAGE(normalized_url(url).starts_with("evil.example"), url);
    CHECK_MESSAGE(parse_url(url).failed_with(ErrorKind::bad_request), url);
    CHECK_MESSAGE(is_devious(url), url);
  }
}

TEST_CASE("where a URL leads, whatever its spelling") {
  for (std::string_view url :
       {"https://h.example/o/Repo.git", "http://me:pw@H.example.:0443/o//repo/", "https://h.example:/o/./r%65po",
        "ssh://git@h.example:22/o/x/../repo.git/.", "git@h.example:/o/repo", "https://%68.example/o%2frepo?x#y",
        "h.example/o/repo", "oci://h.example/o/repo"})
    CHECK_MESSAGE(place_of(url) == "h.example/o/repo", url << " " << place_of(url));
  for (std::string_view url : {"/srv/Repo.git", "//srv/./Repo/", "file://localhost/srv/x/../Repo", "/srv/Repo/.git",
                               "/srv/Repo/.git/worktrees/w", "file:///srv/%52epo"})
    CHECK_MESSAGE(place_of(url) == "/srv/Repo", url << " " << place_of(url));
  CHECK(place_of("https://h:8443/x") == "h:8443/x");
  CHECK(place_of("https://h/x?.git", Text::pattern) == "h/x?");
  CHECK(place_of("**", Text::pattern) == "**");
  CHECK(place_of("https://*.h/**", Text::pattern) == "*.h/**");

  for (std::string_view url : {"https://h/a/../b", "https://h/./b", "https://h/b/.", "https://h/%2e%2E/b", "git@h:../b",
                               "https://h/a%2f..%2fb", "https://h/a\\..\\b", "/srv/../b", "file:///srv/%2e/b",
                               "/proc/self/root/b", "//dev//fd/3"})
    CHECK_MESSAGE(is_devious(url), url);
  for (std::string_view url :
       {"https://h/a/..b/c..", "https://h/a?x=/../", "/srv/a.b/...", "https://h/api/o%2fr/helm",
        "https://dev.azure.com/o/My%20Project/_git/r", "git@h:~me/r", "/process/r", "https://u@h//folder"})
    CHECK_MESSAGE(!is_devious(url), url);
}

TEST_CASE("where a URL leads") {
  auto https = *parse_url("https://me:s%40crt@git.example.com:8443/o/r.git");
  CHECK(https.way == Location::Way::https);
  CHECK(https.url == "https://git.example.com:8443/o/r.git");
  CHECK(https.host == "https://git.example.com:8443/");
  CHECK(https.username == "me");
  CHECK(https.password == "s@crt");
  auto scp = *parse_url("git@github.com:o/r.git");
  CHECK(scp.way == Location::Way::ssh);
  CHECK(scp.host == "github.com");
  CHECK(parse_url("ssh://git@host:2222/o/r")->url == "ssh://git@host:2222/o/r");
  CHECK(parse_url("file:///srv/a%20b")->path == "/srv/a b");
  CHECK(parse_url("/srv/r")->way == Location::Way::local);
  for (std::string_view bad :
       {"", "repo", "../repo", "ext::sh -c id", "-oProxyCommand=id:x", "ssh://-oProxyCommand=id/x", "git://h/x",
        "https://h/a/../b", "https://h/%2e/b", "ssh://git@h/a/./b", "https:///x", "/a\nb", "ssh://-x@h/p"})
    CHECK_MESSAGE(parse_url(bad).failed_with(ErrorKind::bad_request), bad);
}

TEST_CASE("neither passwords nor tokens are shown") {
  CHECK(shown_url("https://me:secret@h/o/r") == "https://h/o/r");
  CHECK(shown_url("https://me:se/cr@et@h:1/o") == "https://h:1/o");
  CHECK(shown_url("https://[::1]:80/o@1") == "https://[::1]:80/o@1");
  CHECK(shown_url("https://h/o/r?token=secret") == "https://h/o/r?token=...");
  CHECK(shown_url("https://h?sig=a&ref=main&x#web") == "https://h?sig=...&ref=main&x#web");
  CHECK(shown_url("chart+oci://u:secret@h/o#web") == "chart+oci://h/o#web");
  CHECK(shown_text("Get \"https://u:p@ss@h/a?token=t\": no; nor http://token@h:1/x, a://b:c@d file:///a@b") ==
        "Get \"https://h/a?token=...\": no; nor http://h:1/x, a://b:c@d file:///a@b");
  CHECK(shown_text("oci://h/q@sha256:00 : // and the end ://") == "oci://h/q@sha256:00 : // and the end ://");
}

TEST_CASE("the longest mirror wins") {
  std::vector<std::pair<std::string, std::string>> mirrors = {
      {"https://github.com/", "https://cache.example/"}, {"https://github.com/spitikos/spitikos", "/srv/spitikos"}};
  CHECK(through_mirrors("https://github.com/spitikos/spitikos.git", mirrors) == "/srv/spitikos.git");
  CHECK(through_mirrors("https://github.com/o/r", mirrors) == "https://cache.example/o/r");
  CHECK(through_mirrors("https://gitlab.com/o/r", mirrors) == "https://gitlab.com/o/r");
}
