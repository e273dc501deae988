#include <doctest/doctest.h>

#include "apiserver/answer.h"
#include "base/text.h"

using namespace slipway;
using namespace slipway::apiserver;

namespace {

std::vector<std::string> lines(const std::vector<std::string>& warnings) {
  runtime::Headers headers;
  add_warnings(headers, warnings);
  std::vector<std::string> out;
  for (std::string_view line : headers.all("Warning")) out.emplace_back(line);
  return out;
}

// Texts that differ, so many characters each.
std::vector<std::string> texts(size_t count, size_t characters) {
  std::vector<std::string> out;
  for (size_t i = 0; i < count; ++i) out.push_back(fmt::format("{:0{}}", i, characters));
  return out;
}

}  // namespace

TEST_CASE("warnings are quoted, told once, and only what a header can say") {
  CHECK(lines({R"(unknown field "a\b")"}) == std::vector<std::string>{R"(299 - "unknown field \"a\\b\"")"});
  CHECK(lines({"a", "b", "a", ""}) == std::vector<std::string>{R"(299 - "a")", R"(299 - "b")"});
  CHECK(lines({"a\nb", "c\x7f", "d\u0085", "\xff", "e"}) == std::vector<std::string>{R"(299 - "e")"});
}

TEST_CASE("warnings up to 4,096 characters are whole, more are cut, and the rest is left out") {
  CHECK(lines(texts(2, 2048)).size() == 2);
  CHECK(lines(texts(2, 2048))[1].size() == 2048 + 8);
  // 4,097: the first is cut too, the short one is not.
  auto cut = lines({std::string(4000, 'x'), std::string(96, 'y'), "z"});
  REQUIRE(cut.size() == 3);
  CHECK(cut[0] == fmt::format("299 - \"{}\"", std::string(256, 'x')));
  CHECK(cut[1].size() == 96 + 8);
  CHECK(lines(texts(100, 1000)).size() == 16);  // 16 times 256
  CHECK(lines(texts(100, 300)).size() == 16);
  // 40 times 100 characters fit; the one that does not is told yet, and what is told counts on.
  CHECK(lines(texts(100, 100)).size() == 41);
  CHECK(lines(texts(64, 10)).back() == "299 - \"0000000063\"");
  auto many = lines(texts(100, 10));
  REQUIRE(many.size() == 64);
  CHECK(many[62] == "299 - \"0000000062\"");
  CHECK(many[63] == "299 - \"and 37 more warnings\"");
  // Characters, not bytes.
  std::vector<std::string> wide;
  for (size_t i = 0; i < 3; ++i) {
    std::string text = std::to_string(i);
    for (int j = 0; j < 1999; ++j) text += "ü";
    wide.push_back(text);
  }
  CHECK(lines({wide[0], wide[1]})[1].size() == 1 + 2 * 1999 + 8);
  CHECK(lines(wide)[2].size() == 1 + 2 * 255 + 8);
}
