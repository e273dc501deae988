// Chance, passwords, AES. Random bytes come from the run's Environment.
#include <crypt.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstring>
#include <new>

#include "base/text.h"
#include "lang/sprig/families.h"
#include "value/utf8.h"

namespace slipway::lang::sprig {

namespace {

bool fill(Call& c, void* to, size_t n) {
  if (!c.environment().random) {
    c.fail("no source of randomness here");
    return false;
  }
  c.environment().random({static_cast<std::byte*>(to), n});
  return true;
}

// One of n, each as likely as the others.
size_t pick(Call& c, size_t n) {
  for (;;) {
    uint32_t r = 0;
    if (!fill(c, &r, sizeof r)) return 0;
    uint32_t limit = UINT32_MAX - UINT32_MAX % static_cast<uint32_t>(n);
    if (r < limit) return r % n;
  }
}

Any random_text(Call& c, std::string_view alphabet) {
  int64_t n = c.integer(0);
  if (n <= 0) return Any::of("");
  if (n > (int64_t{1} << 30) || !c.charge(static_cast<size_t>(n))) {
    c.charge(SIZE_MAX);
    return Any();
  }
  std::string out;
  for (int64_t i = 0; i < n && !c.failed(); ++i) out += alphabet[pick(c, alphabet.size())];
  return Any::of(out);
}

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kAlphaNumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
constexpr std::string_view kDigits = "0123456789";

Any random_ascii(Call& c) {
  static const std::string printable = [] {
    std::string s;
    for (char ch = 32; ch < 127; ++ch) s += ch;
    return s;
  }();
  return random_text(c, printable);
}

Any shuffle(Call& c) {
  std::vector<std::string_view> runes;
  for (std::string_view s = c.text(0); !s.empty();) {
    auto n = static_cast<size_t>(value::decode_rune(s).length);
    runes.push_back(s.substr(0, n));
    s.remove_prefix(n);
  }
  std::string out;
  for (size_t left = runes.size(); left > 0 && !c.failed(); --left) {
    size_t i = pick(c, left);
    out += runes[i];
    runes[i] = runes[left - 1];
  }
  return Any::of(out);
}

Any uuid(Call& c) {
  std::array<unsigned char, 16> b;
  if (!fill(c, b.data(), b.size())) return Any();
  b[6] = static_cast<unsigned char>((b[6] & 0x0F) | 0x40);
  b[8] = static_cast<unsigned char>((b[8] & 0x3F) | 0x80);
  std::string hex = base::hex_encode({reinterpret_cast<char*>(b.data()), b.size()});
  return Any::of(fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4),
                             hex.substr(20)));
}

Any random_bytes(Call& c) {
  int64_t n = c.integer(0);
  if (n < 0) return c.fail("runtime error: makeslice: len out of range");
  if (n > (int64_t{1} << 30) || !c.charge(static_cast<size_t>(n) * 3)) {
    c.charge(SIZE_MAX);
    return Any();
  }
  std::string bytes(static_cast<size_t>(n), '\0');
  if (!fill(c, bytes.data(), bytes.size())) return Any();
  return Any::of(base::base64_encode(bytes));
}

// In steps: what they take of a CPU's time (some 60 ms).
constexpr uint64_t kSlowHash = 500'000;

// bcrypt, cost 10, as Go writes it: $2a$.
std::string bcrypt(Call& c, std::string_view password) {
  if (password.size() > 72) return "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes";
  if (!c.spend(kSlowHash)) return "";
  std::array<char, 16> salt;
  if (!fill(c, salt.data(), salt.size())) return "";
  std::array<char, CRYPT_GENSALT_OUTPUT_SIZE> setting;
  if (crypt_gensalt_rn("$2a$", 10, salt.data(), salt.size(), setting.data(), static_cast<int>(setting.size())) ==
      nullptr)
    return "failed to encrypt string with bcrypt: no salt";
  auto data = std::make_unique<crypt_data>();
  std::memset(data.get(), 0, sizeof *data);
  const char* hash = crypt_r(std::string(password).c_str(), setting.data(), data.get());
  if (hash == nullptr || hash[0] == '*') return "failed to encrypt string with bcrypt: not supported here";
  return hash;
}

// The master password algorithm: scrypt, then a template of character classes.
std::string derive_password(uint32_t counter, std::string_view kind, std::string_view password, std::string_view user,
                            std::string_view site) {
  static const std::pair<std::string_view, std::vector<std::string_view>> templates[] = {
      {"maximum", {"anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"}},
      {"long",
       {"CvcvnoCvcvCvcv", "CvcvCvcvnoCvcv", "CvcvCvcvCvcvno", "CvccnoCvcvCvcv", "CvccCvcvnoCvcv", "CvccCvcvCvcvno",
        "CvcvnoCvccCvcv", "CvcvCvccnoCvcv", "CvcvCvccCvcvno", "CvcvnoCvcvCvcc", "CvcvCvcvnoCvcc", "CvcvCvcvCvccno",
        "CvccnoCvccCvcv", "CvccCvccnoCvcv", "CvccCvccCvcvno", "CvcvnoCvccCvcc", "CvcvCvccnoCvcc", "CvcvCvccCvccno",
        "CvccnoCvcvCvcc", "CvccCvcvnoCvcc", "CvccCvcvCvccno"}},
      {"medium", {"CvcnoCvc", "CvcCvcno"}},
      {"short", {"Cvcn"}},
      {"basic", {"aaanaaan", "aannaaan", "aaannaaa"}},
      {"pin", {"nnnn"}},
  };
  static constexpr std::pair<char, std::string_view> classes[] = {
      {'V', "AEIOU"},
      {'C', "BCDFGHJKLMNPQRSTVWXYZ"},
      {'v', "aeiou"},
      {'c', "bcdfghjklmnpqrstvwxyz"},
      {'A', "AEIOUBCDFGHJKLMNPQRSTVWXYZ"},
      {'a', "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"},
      {'n', "0123456789"},
      {'o', "@&%?,=[]_:-+*$#!'^~;()/."},
      {'x', "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()"},
  };
  const std::vector<std::string_view>* choice = nullptr;
  for (const auto& [name, list] : templates)
    if (name == kind) choice = &list;
  if (choice == nullptr) return fmt::format("cannot find password template {}", kind);
  auto be32 = [](uint32_t n) {
    return std::string{static_cast<char>(n >> 24), static_cast<char>(n >> 16), static_cast<char>(n >> 8),
                       static_cast<char>(n)};
  };
  constexpr std::string_view scope = "com.lyndir.masterpassword";
  std::string salt = std::string(scope) + be32(static_cast<uint32_t>(user.size())) + std::string(user);
  std::array<unsigned char, 64> key;
  if (EVP_PBE_scrypt(password.data(), password.size(), reinterpret_cast<const unsigned char*>(salt.data()), salt.size(),
                     32768, 8, 2, uint64_t{128} << 20, key.data(), key.size()) != 1)
    throw std::bad_alloc();  // nothing else can be wrong, and a text would be taken for the password
  std::string message =
      std::string(scope) + be32(static_cast<uint32_t>(site.size())) + std::string(site) + be32(counter);
  std::array<unsigned char, 32> seed;
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(message.data()),
       message.size(), seed.data(), &size);
  std::string out;
  std::string_view t = (*choice)[seed[0] % choice->size()];
  for (size_t i = 0; i < t.size(); ++i)
    for (auto [name, letters] : classes)
      if (name == t[i]) out += letters[seed[i + 1] % letters.size()];
  return out;
}

// AES-256-CBC; the key is the password, cut or filled with zeros to 32 bytes.
std::string aes(std::string_view password, std::string_view iv, std::string_view text, bool encrypt) {
  std::array<unsigned char, 32> key{};
  std::memcpy(key.data(), password.data(), std::min(password.size(), key.size()));
  std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)> context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  std::string out(text.size() + 16, '\0');
  int n = 0;
  EVP_CipherInit_ex(context.get(), EVP_aes_256_cbc(), nullptr, key.data(),
                    reinterpret_cast<const unsigned char*>(iv.data()), encrypt ? 1 : 0);
  EVP_CIPHER_CTX_set_padding(context.get(), 0);
  EVP_CipherUpdate(context.get(), reinterpret_cast<unsigned char*>(out.data()), &n,
                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  out.resize(static_cast<size_t>(n));
  return out;
}

Any encrypt_aes(Call& c) {
  std::string text(c.text(1));
  if (text.empty()) return Any::of("");
  size_t padding = 16 - text.size() % 16;
  text.append(padding, static_cast<char>(padding));
  std::string iv(16, '\0');
  if (!fill(c, iv.data(), iv.size())) return Any();
  return Any::of(base::base64_encode(iv + aes(c.text(0), iv, text, true)));
}

Any decrypt_aes(Call& c) {
  if (c.text(1).empty()) return Any::of("");
  bool well = false;
  std::string bytes = decode64(c.text(1), well);
  if (!well) return c.fail(bytes);
  if (bytes.size() < 16)
    return c.fail(
        fmt::format("runtime error: slice bounds out of range [:16] with capacity {}", c.text(1).size() / 4 * 3));
  std::string_view text = std::string_view(bytes).substr(16);
  if (text.size() % 16 != 0) return c.fail("crypto/cipher: input not full blocks");
  if (text.empty()) return c.fail("runtime error: index out of range [-1]");
  std::string plain = aes(c.text(0), std::string_view(bytes).substr(0, 16), text, false);
  auto padding = static_cast<int64_t>(static_cast<unsigned char>(plain.back()));
  auto size = static_cast<int64_t>(plain.size());
  if (padding > size) return c.fail(fmt::format("runtime error: slice bounds out of range [:{}]", size - padding));
  plain.resize(static_cast<size_t>(size - padding));
  return Any::of(plain);
}

}  // namespace

void add_crypto(Functions& f) {
  f.add("randAlphaNum", "(int) string", [](Call& c) { return random_text(c, kAlphaNumeric); });
  f.add("randAlpha", "(int) string", [](Call& c) { return random_text(c, kLetters); });
  f.add("randNumeric", "(int) string", [](Call& c) { return random_text(c, kDigits); });
  f.add("randAscii", "(int) string", random_ascii);
  f.add("randBytes", "(int) string", random_bytes);
  f.add("shuffle", "(string) string", shuffle);
  f.add("uuidv4", "() string", uuid);
  f.add("bcrypt", "(string) string", [](Call& c) { return Any::of(bcrypt(c, c.text(0))); });
  f.add("htpasswd", "(string, string) string", [](Call& c) {
    if (c.text(0).find(':') != std::string_view::npos) return Any::of(fmt::format("invalid username: {}", c.text(0)));
    return Any::of(fmt::format("{}:{}", c.text(0), bcrypt(c, c.text(1))));
  });
  f.add("derivePassword", "(uint32, string, string, string, string) string", [](Call& c) {
    if (!c.spend(kSlowHash)) return Any();
    return Any::of(derive_password(static_cast<uint32_t>(c.integer(0)), c.text(1), c.text(2), c.text(3), c.text(4)));
  });
  f.add("encryptAES", "(string, string) string", encrypt_aes);
  f.add("decryptAES", "(string, string) string", decrypt_aes);
}

}  // namespace slipway::lang::sprig
