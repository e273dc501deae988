// Every rune against what the real Go says of it (testdata/unicode.txt, written by tests/peers/unicode).
#include "lang/gotemplate/unicode.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <sstream>
#include <string>

#include "lang/gotemplate/format.h"
#include "value/utf8.h"

namespace slipway::lang::gotemplate {

namespace {

class Fnv {
 public:
  void add(std::string_view text) {
    for (char c : text) sum_ = (sum_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  void add(uint32_t n) {
    for (int i = 0; i < 4; ++i, n >>= 8) sum_ = (sum_ ^ (n & 0xFF)) * 0x100000001b3;
  }
  std::string str() const { return fmt::format("{:016x}", sum_); }

 private:
  uint64_t sum_ = 0xcbf29ce484222325;
};

std::string digest(char32_t block) {
  static constexpr bool (*classes[])(char32_t) = {is_letter, is_digit, is_number, is_punctuation, is_upper,
                                                  is_lower,  is_title, is_space,  is_print};
  Fnv sum;
  for (char32_t c = block << 8; c < (block + 1) << 8; ++c) {
    uint32_t bits = 0;
    for (size_t i = 0; i < std::size(classes); ++i) bits |= static_cast<uint32_t>(classes[i](c)) << i;
    for (uint32_t n : {bits, to_upper(c) - c, to_lower(c) - c, to_title(c) - c}) sum.add(n);
  }
  return sum.str();
}

std::string printf_of(const char* format, const std::string& text) {
  Any v = Any::of(text);
  return sprintf(format, {&v, 1});
}

}  // namespace

TEST_CASE("every character is to us what it is to Go") {
  std::ifstream in("testdata/unicode.txt");
  REQUIRE(in);
  char32_t next = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    std::string blocks, sum;
    words >> blocks >> sum;
    if (blocks == "quoted") {
      Fnv quoted;
      for (char32_t block = 0; block < 0x1100; ++block) {
        std::string text;
        for (char32_t c = block << 8; c < (block + 1) << 8; ++c)
          value::append_rune(text, c >= 0xD800 && c < 0xE000 ? 0xFFFD : c);
        quoted.add(printf_of("%q", text) + " " + printf_of("%+q", text));
      }
      CHECK(quoted.str() == sum);
      continue;
    }
    char32_t first = static_cast<char32_t>(std::stoul(blocks, nullptr, 16));
    char32_t last = static_cast<char32_t>(std::stoul(blocks.substr(blocks.find('-') + 1), nullptr, 16));
    CHECK(first == next);
    for (char32_t block = first; block <= last; ++block) {
      CAPTURE(block);
      CHECK(digest(block) == sum);
    }
    next = last + 1;
  }
  CHECK(next == 0x1100);
}

TEST_CASE("what is no character is nothing") {
  for (char32_t c : {char32_t{0x110000}, char32_t{0x7FFFFFFF}, char32_t{0xFFFFFFFF}}) {
    CHECK_FALSE(is_letter(c));
    CHECK_FALSE(is_print(c));
    CHECK(to_upper(c) == c);
    CHECK(to_title(c) == c);
  }
}

}  // namespace slipway::lang::gotemplate
