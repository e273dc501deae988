#include "sources/next_page.h"

#include <doctest/doctest.h>

using namespace slipway;
using namespace slipway::sources;

namespace {

std::string next(std::vector<std::string> links) {
  auto found = next_page("http://h:5000/v2/a/web/tags/list?n=1000", links);
  return found ? *found : found.error().str();
}

}  // namespace

TEST_CASE("the next page, however it is written") {
  const std::string there = "http://h:5000/v2/a/web/tags/list?last=b";
  const std::string path = "</v2/a/web/tags/list?last=b>";
  for (std::string link :
       {path + "; rel=\"next\"", path + ";rel=next", path + "; REL=\"Next\"", path + "; rel=\"last next\"", path,
        path + "; title=\"a, <b>; rel=prev\"; rel=\"next\"",
        "</v2/a/web/tags/list?i=0>; rel=\"prev\", " + path + "; rel=\"next\"", "<" + there + ">; rel=next",
        std::string("<?last=b>; rel=next"), std::string("<list?last=b>; rel=next"),
        std::string("<../tags/list?last=b>; rel=next"), std::string("< /v2/a/web/tags/list?last=b >; rel=next"),
        std::string("<//h:5000/v2/a/web/tags/list?last=b>; rel=next")})
    CHECK_MESSAGE(next({link}) == there, link);
  CHECK(next({"</x>; rel=\"foo\"", path + "; rel=\"next\""}) == there);
  CHECK(next({"</v2/l?x=a,b>; rel=\"next\""}) == "http://h:5000/v2/l?x=a,b");
}

TEST_CASE("no next page") {
  CHECK(next({}) == "");
  for (std::string link :
       {"", "<>", "</x>; rel=\"prev\"", "</x", "x; rel=next", "</x>; rel=\"nextdoor\"", "</x>; rel=\"a\\"})
    CHECK_MESSAGE(next({link}) == "", link);
}

TEST_CASE("nobody is led to another server") {
  const std::string origin = "\": not the same origin as \"http://h:5000/v2/a/web/tags/list\"";
  for (std::string other : {"http://i/v2/x?i=1", "http://h/v2/x", "https://h:5000/v2/x", "file:///etc/passwd"})
    CHECK(next({"<" + other + ">; rel=\"next\""}).ends_with(origin));
  CHECK(next({"<http://h:1/x>"}) == "invalid next link \"http://h:1/x" + origin);
}
