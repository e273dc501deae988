#include "value/yaml_repeats.h"

#include <doctest/doctest.h>

using namespace slipway::value;

TEST_CASE("keys said twice are told with the lines of their values, inner mappings first") {
  std::string said;
  for (const RepeatedKey& one :
       repeated_keys_of("a: 1\nb:\n- {x: 1, y: 2, x: 3}\n- x: 1\n\"a\":\n  c: 1\n  c: 2\n1: x\n\"1\": y\n"
                        "1: z\nl: &l [1]\nl: *l\n---\nd: 1\nd: 2\n"))
    said += one.key + "@" + std::to_string(one.line) + " ";
  CHECK(said == "\"x\"@3 \"c\"@7 \"a\"@6 1@10 \"l\"@12 ");
  CHECK(repeated_keys_of("a: [").empty());
  CHECK(repeated_keys_of("").empty());
}
