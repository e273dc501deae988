// Hashes of bytes.
#pragma once

#include <string>
#include <string_view>

namespace slipway::runtime {

std::string sha256(std::string_view bytes);  // 32 raw bytes
std::string sha256_hex(std::string_view bytes);
std::string sha512(std::string_view bytes);  // 64 raw bytes

}  // namespace slipway::runtime
