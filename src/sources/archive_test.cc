#include "sources/archive.h"

#include <doctest/doctest.h>

#include <chrono>

using namespace slipway;
using namespace slipway::sources;

TEST_CASE("gunzip: members follow one another") {
  CHECK(*gunzip(gzip("one ") + gzip("") + gzip("two"), 7) == "one two");
  CHECK(gunzip(gzip("one ") + gzip("two"), 6).failed_with(ErrorKind::too_large));
  CHECK(gunzip(gzip("one").substr(0, 20), 7).failed_with(ErrorKind::invalid));
  std::string large(1 << 20, 'x');
  CHECK(*gunzip(gzip(large), large.size()) == large);
  CHECK(gunzip(gzip(large), large.size() - 1).failed_with(ErrorKind::too_large));
}

TEST_CASE("gunzip: what a member costs does not grow with those before it, and their number is bounded") {
  std::string bytes = gzip(std::string(100 << 20, '\0')), empty = gzip("");
  size_t first = bytes.size();
  for (int i = 0; i < 9'999; ++i) bytes += empty;
  auto start = std::chrono::steady_clock::now();
  auto text = gunzip(bytes, 200 << 20);
  REQUIRE(text.has_value());
  CHECK(text->size() == 100 << 20);
  for (int i = 0; i < 40'001; ++i) bytes += empty;
  CHECK(gunzip(bytes, 200 << 20).failed_with(ErrorKind::invalid));
  CHECK(gunzip(bytes.substr(first), 200 << 20).failed_with(ErrorKind::invalid));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}
