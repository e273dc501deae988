#include "runtime/sealing.h"

#include <doctest/doctest.h>

#include "base/text.h"

using namespace slipway;
using namespace slipway::runtime;

TEST_CASE("AES-256-GCM gives what NIST's vectors say") {
  // gcmEncryptExtIV256: zero key and nonce, 16 zero bytes; McGrew and Viega's test case 14
  std::string zero_key(32, '\0'), zero_nonce(12, '\0');
  CHECK(base::hex_encode(*seal(zero_key, zero_nonce, std::string(16, '\0'), "")) ==
        "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
  CHECK(base::hex_encode(*seal(zero_key, zero_nonce, "", "")) == "530f8afbc74536b9a963b4f1c4cb738b");
}

TEST_CASE("what is sealed opens with the same key, nonce and binding only") {
  std::string key(32, 'k'), nonce(12, 'n');
  std::string sealed = *seal(key, nonce, "secret", "secrets/a");
  CHECK(sealed.find("secret") == sealed.npos);
  CHECK(*open_sealed(key, nonce, sealed, "secrets/a") == "secret");
  CHECK(open_sealed(std::string(32, 'x'), nonce, sealed, "secrets/a").failed_with(ErrorKind::invalid));
  CHECK(open_sealed(key, std::string(12, 'x'), sealed, "secrets/a").failed_with(ErrorKind::invalid));
  CHECK(open_sealed(key, nonce, sealed, "secrets/b").failed_with(ErrorKind::invalid));
  CHECK(open_sealed(key, nonce, "short", "secrets/a").failed_with(ErrorKind::invalid));
  CHECK(seal("short", nonce, "x", "").failed_with(ErrorKind::internal));
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string bent = sealed;
    bent[i] ^= 1;
    CHECK(open_sealed(key, nonce, bent, "secrets/a").failed_with(ErrorKind::invalid));
  }
}
