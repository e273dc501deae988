#include "runtime/slow_hash.h"

#include "runtime/openssl.h"

namespace slipway::runtime {

Result<std::string> slow_hash(std::string_view secret, std::string_view salt) {
  constexpr uint64_t rounds = 1 << 14, block = 8, parallel = 1, memory_max = 64 << 20;
  std::string out(32, '\0');
  bool done = EVP_PBE_scrypt(secret.data(), secret.size(), reinterpret_cast<const unsigned char*>(salt.data()),
                             salt.size(), rounds, block, parallel, memory_max,
                             reinterpret_cast<unsigned char*>(out.data()), out.size()) == 1;
  if (!done) return openssl_error(ErrorKind::internal, "scrypt");
  return out;
}

}  // namespace slipway::runtime
