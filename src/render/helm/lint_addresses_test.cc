#include "render/helm/lint_addresses.h"

#include <doctest/doctest.h>

#include <string>

using namespace slipway::render::helm;

// What govalidator of 2023-03-01 with Go 1.26 says of each: the letters are u (IsURL), r (IsRequestURL), e (IsEmail).
TEST_CASE("addresses of pages and of people are judged as Go judges them") {
  const std::pair<const char*, const char*> cases[] = {{"e@x.y", "ue"},
                                                       {"a@localhost", ""},
                                                       {"a+b@c.de", "ue"},
                                                       {"a..b@c.de", "u"},
                                                       {".a@c.de", ""},
                                                       {"\"a b\"@c.de", ""},
                                                       {"\"a\"@c.de", "ue"},
                                                       {"\"a\"b\"@c.de", "ue"},
                                                       {"\"\\\"@c.de", "u"},
                                                       {"\"@c.de", "ue"},
                                                       {"a@[1.2.3.4]", ""},
                                                       {"a@1.2.3.4", "u"},
                                                       {"ä@c.de", "ue"},
                                                       {"a@ä.de", "ue"},
                                                       {"a@-c.de", ""},
                                                       {"a@c_d.de", "ue"},
                                                       {"a@c.d-e", "e"},
                                                       {"a b@c.de", ""},
                                                       {"a@c.de.", "ue"},
                                                       {"a@@c.de", "u"},
                                                       {"<a@b.de>", ""},
                                                       {"a@b.123", ""},
                                                       {"o'neil@b.de", "ue"},
                                                       {"a/b@c.de", "ue"},
                                                       {"team@company", ""},
                                                       {"x", ""},
                                                       {"x.y", ""},
                                                       {"http://x", "ur"},
                                                       {"https://x.y", "ur"},
                                                       {"foo://x", "r"},
                                                       {"mailto:a@b.c", "ur"},
                                                       {"localhost", ""},
                                                       {"localhost:80", "ur"},
                                                       {"1.2.3.4", "u"},
                                                       {"256.1.1.1", ""},
                                                       {"//x.y", ""},
                                                       {"http://", "r"},
                                                       {"x/y", ""},
                                                       {"github.com/foo", "u"},
                                                       {"http://a b", ""},
                                                       {"http://x:99999", "ur"},
                                                       {"http://x:999999", "r"},
                                                       {"x.y:abc", "r"},
                                                       {"@foo", ""},
                                                       {"http://user:p@x.y", "ur"},
                                                       {"ftp://x.y", "ur"},
                                                       {"HTTP://X.Y", "r"},
                                                       {"http://[::1]", "ur"},
                                                       {"http://[1:2:3:4:5:6:1.2.3.4]", "r"},
                                                       {"http://[::ffff:1.2.3.4]:80/", "ur"},
                                                       {"http://[fe80::1%25eth0]", "ur"},
                                                       {"http://[::1", ""},
                                                       {"x_y.z", ""},
                                                       {"-x.y", ""},
                                                       {"x..y", ""},
                                                       {"é.de", "u"},
                                                       {"http://foo_bar.com", "ur"},
                                                       {"x.y?z", "u"},
                                                       {"http://x.y#f", "u"},
                                                       {".x.y", ""},
                                                       {"a.b.c.d", ""},
                                                       {"abc", ""},
                                                       {"http://-x.y", "r"},
                                                       {"/x", ""},
                                                       {"http:", "r"},
                                                       {"http:/", "r"},
                                                       {"foo:/x", "r"},
                                                       {"foo:x", "r"},
                                                       {"a b:/x", ""},
                                                       {"1a:/x", ""},
                                                       {"http://x:abc", ""},
                                                       {"http://x%zz", ""},
                                                       {"data:image/png;base64,xx", "r"},
                                                       {"+:/x", ""},
                                                       {"http:///x", "r"},
                                                       {"?x", ""},
                                                       {"#x", ""},
                                                       {"*", ""},
                                                       {"", ""},
                                                       {"http://x/\x7f", ""}};
  for (const auto& [text, kinds] : cases) {
    CAPTURE(text);
    std::string found = is_url(text) ? "u" : "";
    if (is_request_url(text)) found += "r";
    if (is_email(text)) found += "e";
    CHECK(found == kinds);
  }
}
