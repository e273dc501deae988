#include "sources/let_in.h"

#include <doctest/doctest.h>

using slipway::sources::LetIn;

TEST_CASE("who was let in is remembered, and no more of them than fit: the first are forgotten") {
  LetIn known;
  CHECK_FALSE(known.has("0"));
  for (size_t i = 0; i < LetIn::kMost; ++i) known.add(std::to_string(i));
  known.add("0");  // twice is once
  CHECK(known.has("0"));
  CHECK(known.size() == LetIn::kMost);
  for (size_t i = 0; i < 100; ++i) known.add("later " + std::to_string(i));
  CHECK(known.size() == LetIn::kMost);
  CHECK_FALSE(known.has("99"));
  CHECK(known.has("100"));
  CHECK(known.has("later 99"));
}
