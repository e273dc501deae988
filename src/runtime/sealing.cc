#include "runtime/sealing.h"

#include "runtime/openssl.h"

namespace slipway::runtime {

namespace {

using CipherPtr = std::unique_ptr<EVP_CIPHER_CTX, OpensslFree<EVP_CIPHER_CTX_free>>;

const unsigned char* raw(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* raw(std::string& bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

Result<> check_sizes(std::string_view key, std::string_view nonce) {
  if (key.size() == seal_key_bytes && nonce.size() == seal_nonce_bytes) return {};
  return fail(ErrorKind::internal, "sealing: expected a key of {} bytes and a nonce of {}", seal_key_bytes,
              seal_nonce_bytes);
}

}  // namespace

Result<std::string> seal(std::string_view key, std::string_view nonce, std::string_view plain, std::string_view bound) {
  OR_RETURN(check_sizes(key, nonce));
  CipherPtr cipher(EVP_CIPHER_CTX_new());
  std::string out(plain.size() + seal_tag_bytes, '\0');
  int size = 0, last = 0;
  bool done = EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, raw(key), raw(nonce)) == 1 &&
              EVP_EncryptUpdate(cipher.get(), nullptr, &size, raw(bound), static_cast<int>(bound.size())) == 1 &&
              EVP_EncryptUpdate(cipher.get(), raw(out), &size, raw(plain), static_cast<int>(plain.size())) == 1 &&
              EVP_EncryptFinal_ex(cipher.get(), raw(out) + size, &last) == 1 &&
              EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, seal_tag_bytes, raw(out) + plain.size()) == 1;
  if (!done) return openssl_error(ErrorKind::internal, "sealing");
  return out;
}

Result<std::string> open_sealed(std::string_view key, std::string_view nonce, std::string_view sealed,
                                std::string_view bound) {
  OR_RETURN(check_sizes(key, nonce));
  if (sealed.size() < seal_tag_bytes) return fail(ErrorKind::invalid, "shorter than its seal");
  std::string tag(sealed.substr(sealed.size() - seal_tag_bytes));
  sealed.remove_suffix(seal_tag_bytes);
  CipherPtr cipher(EVP_CIPHER_CTX_new());
  std::string out(sealed.size(), '\0');
  int size = 0, last = 0;
  bool done = EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, raw(key), raw(nonce)) == 1 &&
              EVP_DecryptUpdate(cipher.get(), nullptr, &size, raw(bound), static_cast<int>(bound.size())) == 1 &&
              EVP_DecryptUpdate(cipher.get(), raw(out), &size, raw(sealed), static_cast<int>(sealed.size())) == 1 &&
              EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, seal_tag_bytes, raw(tag)) == 1 &&
              EVP_DecryptFinal_ex(cipher.get(), raw(out) + size, &last) == 1;
  if (done) return out;
  ERR_clear_error();
  return fail(ErrorKind::invalid, "the seal does not hold");
}

}  // namespace slipway::runtime
