// Authenticated encryption: AES-256-GCM (NIST SP 800-38D). Keys and plain texts never appear in errors.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::runtime {

inline constexpr size_t seal_key_bytes = 32, seal_nonce_bytes = 12, seal_tag_bytes = 16;

// Cipher text and tag. `nonce` must never come twice with one key; `bound` is not encrypted, but open_sealed() needs
// the same. Error: internal for a key or nonce of another size.
Result<std::string> seal(std::string_view key, std::string_view nonce, std::string_view plain, std::string_view bound);
// Error: invalid when anything of it is not what seal() was given.
Result<std::string> open_sealed(std::string_view key, std::string_view nonce, std::string_view sealed,
                                std::string_view bound);

}  // namespace slipway::runtime
