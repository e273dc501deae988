#include "runtime/slow_hash.h"

#include <doctest/doctest.h>

#include "base/text.h"

using slipway::base::hex_encode;
using slipway::runtime::slow_hash;

TEST_CASE("scrypt, with a cost that guessing has to pay") {
  // hashlib.scrypt(b"pleaseletmein", salt=b"SodiumChloride", n=16384, r=8, p=1, dklen=32), as in RFC 7914
  CHECK(hex_encode(slow_hash("pleaseletmein", "SodiumChloride").value()) ==
        "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2");
  CHECK(slow_hash("pleaseletmein", "other salt").value() != slow_hash("pleaseletmein", "SodiumChloride").value());
}
