// base64 and base32 as Go's strict decoders take them, and plain checksums.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <array>

#include "base/text.h"
#include "lang/sprig/families.h"

namespace slipway::lang::sprig {

namespace {

constexpr std::string_view k32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

std::string illegal(std::string_view base, size_t at) {
  return fmt::format("illegal {} data at input byte {}", base, at);
}

}  // namespace

std::string decode64(std::string_view s, bool& ok) {
  std::string out;
  ok = false;
  uint32_t bits = 0;
  size_t count = 0;
  size_t i = 0;
  auto value = [](char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
  };
  auto skip = [&] {
    while (i < s.size() && (s[i] == '\r' || s[i] == '\n')) ++i;
  };
  for (;;) {
    skip();
    if (i == s.size()) {
      if (count == 0) break;
      return illegal("base64", i - count);
    }
    char c = s[i++];
    int v = value(c);
    if (v >= 0) {
      bits = bits << 6 | static_cast<uint32_t>(v);
      if (++count == 4) {
        out += static_cast<char>(bits >> 16);
        out += static_cast<char>(bits >> 8);
        out += static_cast<char>(bits);
        bits = 0;
        count = 0;
      }
      continue;
    }
    if (c != '=') return illegal("base64", i - 1);
    if (count < 2) return illegal("base64", i - 1);
    if (count == 2) {
      skip();
      if (i == s.size()) return illegal("base64", s.size());
      if (s[i] != '=') return illegal("base64", i - 1);
      ++i;
    }
    skip();
    if (i < s.size()) return illegal("base64", i);
    if (count == 2) {
      out += static_cast<char>(bits >> 4);
    } else {
      out += static_cast<char>(bits >> 10);
      out += static_cast<char>(bits >> 2);
    }
    break;
  }
  ok = true;
  return out;
}

namespace {

std::string encode32(std::string_view s) {
  std::string out;
  for (size_t i = 0; i < s.size(); i += 5) {
    uint64_t bits = 0;
    size_t n = std::min<size_t>(5, s.size() - i);
    for (size_t j = 0; j < 5; ++j) bits = bits << 8 | (j < n ? static_cast<unsigned char>(s[i + j]) : 0u);
    static constexpr size_t digits[] = {0, 2, 4, 5, 7, 8};
    for (size_t j = 0; j < 8; ++j) out += j < digits[n] ? k32[bits >> (35 - 5 * j) & 31] : '=';
  }
  return out;
}

std::string decode32(std::string_view with_lines) {
  std::string s, out;
  for (char c : with_lines)
    if (c != '\r' && c != '\n') s += c;
  for (size_t at = 0; at < s.size();) {
    uint64_t bits = 0;
    size_t n = 0, end = 8;
    for (size_t j = 0; j < 8; ++j) {
      if (at + j >= s.size()) return illegal("base32", s.size() - j);
      char c = s[at + j];
      if (c == '=' && j >= 2) {
        // the rest of the group must be padding
        if (s.size() - at < 8) return illegal("base32", s.size());
        for (size_t k = j; k < 8; ++k)
          if (s[at + k] != '=') return illegal("base32", at + k - 1);
        if (j != 2 && j != 4 && j != 5 && j != 7) return illegal("base32", at + j);
        if (at + 8 < s.size()) return illegal("base32", at + 8);
        end = j;
        break;
      }
      size_t v = k32.find(c);
      if (v == k32.npos) return illegal("base32", at + j);
      bits |= static_cast<uint64_t>(v) << (35 - 5 * j);
      n = j + 1;
    }
    static constexpr size_t bytes[] = {0, 0, 1, 1, 2, 3, 3, 4, 5};
    for (size_t j = 0; j < bytes[std::min(n, end)]; ++j) out += static_cast<char>(bits >> (32 - 8 * j));
    at += 8;
  }
  return out;
}

// By the functions that just compute: OpenSSL's newer ones load its providers first, which takes longer than all else
// in rendering a small chart (whose only digest is that of a ConfigMap in an annotation).
template <size_t Bytes, class State>
Any digest(Call& c, int (*begin)(State*), int (*add)(State*, const void*, size_t), int (*end)(unsigned char*, State*)) {
  std::array<unsigned char, Bytes> sum;
  std::string_view s = c.text(0);
  State state;
  begin(&state);
  add(&state, s.data(), s.size());
  end(sum.data(), &state);
  return Any::of(base::hex_encode({reinterpret_cast<const char*>(sum.data()), sum.size()}));
}

}  // namespace

void add_encodings(Functions& f) {
  f.add("b64enc", "(string) string", [](Call& c) { return counted(c, base::base64_encode(c.text(0))); });
  f.add("b64dec", "(string) string", [](Call& c) {
    bool ok;
    return counted(c, decode64(c.text(0), ok));
  });
  f.add("b32enc", "(string) string", [](Call& c) { return counted(c, encode32(c.text(0))); });
  f.add("b32dec", "(string) string", [](Call& c) { return counted(c, decode32(c.text(0))); });
  f.add("sha1sum", "(string) string",
        [](Call& c) { return digest<SHA_DIGEST_LENGTH>(c, SHA1_Init, SHA1_Update, SHA1_Final); });
  f.add("sha256sum", "(string) string",
        [](Call& c) { return digest<SHA256_DIGEST_LENGTH>(c, SHA256_Init, SHA256_Update, SHA256_Final); });
  f.add("sha512sum", "(string) string",
        [](Call& c) { return digest<SHA512_DIGEST_LENGTH>(c, SHA512_Init, SHA512_Update, SHA512_Final); });
  f.add("adler32sum", "(string) string", [](Call& c) {
    uint32_t a = 1, b = 0;
    for (char ch : c.text(0)) {
      a = (a + static_cast<unsigned char>(ch)) % 65521;
      b = (b + a) % 65521;
    }
    return Any::of(std::to_string(b << 16 | a));
  });
}

}  // namespace slipway::lang::sprig
