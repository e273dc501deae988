#include "render/glob.h"

#include <doctest/doctest.h>

using slipway::ErrorKind;
using slipway::render::Glob;

namespace {

// "1" matches, "0" does not; or the refusal.
std::string match(std::string_view pattern, std::string_view text, Glob::Parts parts = Glob::Parts::none) {
  auto glob = Glob::create(pattern, parts);
  if (!glob) return glob.error().message();
  return glob->matches(text) ? "1" : "0";
}

}  // namespace

TEST_CASE("globs as gobwas/glob reads them") {
  struct Case {
    std::string_view pattern, texts, others;  // those that match, and that do not, separated by spaces; _ is none
  };
  for (const Case& c : std::vector<Case>{
           {"*.yaml", "a/b.yaml .yaml", "b.yml a.yaml/b"},
           {"{x,y}/*", "y/b x/ x/y/z", "z/b xy/"},
           {"{a,b{c,d}}e", "ae bce bde", "be ace e"},
           {"a?[0-9].yaml", "ab1.yaml aж1.yaml a/1.yaml", "a1.yaml abb.yaml"},
           {"a[!0-9]", "ab a/", "a1 a abc"},
           {"[abc-e]", "a c - e", "d b-e"},
           {"[а-я]", "ж", "a Ж"},
           {"[\\]x]", "] x", "\\ [\\]x]"},
           {"[^a]", "^ a", "b"},
           {"\\*\\{a", "*{a", "xa {a"},
           {"a,b}", "a,b}", "a b}"},
           {"{a,b", "a b", "{a,b _"},  // what is not closed ends there
           {"a\\", "a", "a\\"},
           {"{a,}", "a _", ","},
           {"***", "_ a a/b", ""},
           {"a.b+", "a.b+", "axb a.bb"},
       }) {
    for (auto [texts, expected] : {std::pair(c.texts, "1"), std::pair(c.others, "0")})
      for (size_t at = 0; at < texts.size();) {
        size_t end = std::min(texts.find(' ', at), texts.size());
        std::string_view text = texts.substr(at, end - at);
        CAPTURE(c.pattern);
        CAPTURE(text);
        CHECK(match(c.pattern, text == "_" ? "" : text) == expected);
        at = end + 1;
      }
  }
  CHECK(match("*.yaml", "a/b.yaml", Glob::Parts::by_slash) == "0");
  CHECK(match("**.yaml", "a/b.yaml", Glob::Parts::by_slash) == "1");
  CHECK(match("a?b", "a/b", Glob::Parts::by_slash) == "0");
}

TEST_CASE("what is no glob is refused") {
  CHECK(match("a[", "a") == "\"a[\" is no glob: a [ is not closed");
  CHECK(match("[!]", "a") == "\"[!]\" is no glob: nothing stands between [ and ]");
  CHECK(match("[]a]", "a") == "\"[]a]\" is no glob: nothing stands between [ and ]");
  CHECK(match("[z-a]", "a") == "\"[z-a]\" is no glob: [z-a] is no range: a comes before z");
  CHECK(match("[a-cx]", "a") == "\"[a-cx]\" is no glob: [a-c stands alone between [ and ]");
  CHECK(match("*\xff", "a") == "\"*\xff\" is no glob: it is not UTF-8");
  CHECK(Glob::create(std::string(16'000, '?'), Glob::Parts::none).failed_with(ErrorKind::too_large));
  CHECK(Glob::create(std::string(17'000, '?'), Glob::Parts::none).failed_with(ErrorKind::too_large));
}

TEST_CASE("a glob takes no time that doubles") {
  std::string pattern, text(4'000, 'a');
  for (int i = 0; i < 400; ++i) pattern += "*{a,b}";
  CHECK(match(pattern, text) == "1");
  CHECK(match(pattern + "x", text) == "0");
}
