#include "runtime/digest.h"

#include <doctest/doctest.h>

#include "base/text.h"

namespace slipway::runtime {

TEST_CASE("hashes") {
  CHECK(base::hex_encode(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_hex("abc") == base::hex_encode(sha256("abc")));
  CHECK(base::hex_encode(sha512("")).starts_with("cf83e1357eefb8bd"));
}

}  // namespace slipway::runtime
