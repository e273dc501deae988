// By the functions that just compute: SHA256() and EVP load all of OpenSSL's providers first, a fifth of rendering a
// small chart.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "runtime/digest.h"

#include <openssl/sha.h>

#include "base/text.h"

namespace slipway::runtime {

std::string sha256(std::string_view bytes) {
  std::string out(SHA256_DIGEST_LENGTH, '\0');
  SHA256_CTX state;
  SHA256_Init(&state);
  SHA256_Update(&state, bytes.data(), bytes.size());
  SHA256_Final(reinterpret_cast<unsigned char*>(out.data()), &state);
  return out;
}

std::string sha256_hex(std::string_view bytes) {
  return base::hex_encode(sha256(bytes));
}

std::string sha512(std::string_view bytes) {
  std::string out(SHA512_DIGEST_LENGTH, '\0');
  SHA512_CTX state;
  SHA512_Init(&state);
  SHA512_Update(&state, bytes.data(), bytes.size());
  SHA512_Final(reinterpret_cast<unsigned char*>(out.data()), &state);
  return out;
}

}  // namespace slipway::runtime
