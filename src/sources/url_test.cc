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
  for (std::string_view bad : {"", "repo", "../repo", "ext::sh -c id", "-oProxyCommand=id:x",
                               "ssh://-oProxyCommand=id/x", "git://h/x", "https:///x", "/a\nb", "ssh://-x@h/p"})
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
