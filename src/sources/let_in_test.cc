#include "sources/let_in.h"

#include <doctest/doctest.h>

using slipway::sources::LetIn;

TEST_CASE("who was let in is remembered, and no more of them than fit: the first are forgotten") {
  LetIn known;
  CHECK_FALSE(known.has("a", "0"));
  for (size_t i = 0; i < LetIn::kMost; ++i) known.add("a", std::to_string(i));
  known.add("a", "0");  // twice is once
  CHECK(known.has("a", "0"));
  CHECK(known.size() == LetIn::kMost);
  for (size_t i = 0; i < 100; ++i) known.add("b", "later " + std::to_string(i));
  CHECK(known.size() == LetIn::kMost);
  CHECK_FALSE(known.has("a", "99"));
  CHECK(known.has("a", "100"));
  CHECK(known.has("b", "later 99"));
}

TEST_CASE("who is turned away is forgotten, and nobody else") {
  LetIn known;
  for (const char* who : {"a", "b", "c"})
    for (const char* what : {"1", "2"}) known.add(who, what);
  known.forget("b");
  known.forget("x");
  CHECK_FALSE(known.has("b", "1"));
  CHECK_FALSE(known.has("b", "2"));
  CHECK(known.has("a", "2"));
  CHECK(known.has("c", "1"));
  known.add("b", "1");
  CHECK(known.has("b", "1"));
}
