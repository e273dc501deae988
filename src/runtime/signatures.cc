// ECDSA over P-256 with SHA-256 in the form that JSON Web Signatures use: r and s side by side, 32 bytes each (RFC 7518
// 3.4), where OpenSSL writes DER.
#include <openssl/ec.h>
#include <openssl/ecdsa.h>

#include "runtime/openssl.h"

namespace slipway::runtime {

namespace {

constexpr int half = 32;
using SignaturePtr = std::unique_ptr<ECDSA_SIG, OpensslFree<ECDSA_SIG_free>>;
using ContextPtr = std::unique_ptr<EVP_MD_CTX, OpensslFree<EVP_MD_CTX_free>>;

const unsigned char* raw(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

Result<std::string> sign_es256(std::string_view key_pem, std::string_view bytes) {
  KeyPtr key = OR_RETURN(read_private_key(key_pem));
  ContextPtr context(EVP_MD_CTX_new());
  size_t size = 0;
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, raw(bytes), bytes.size()) != 1)
    return openssl_error(ErrorKind::internal, "preparing a signature");
  std::vector<unsigned char> der(size);
  if (EVP_DigestSign(context.get(), der.data(), &size, raw(bytes), bytes.size()) != 1)
    return openssl_error(ErrorKind::internal, "signing");
  const unsigned char* at = der.data();
  SignaturePtr pair(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)));
  unsigned char out[2 * half];
  if (!pair || BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), out, half) != half ||
      BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), out + half, half) != half)
    return fail(ErrorKind::invalid, "signing: expected a P-256 key");
  return std::string(reinterpret_cast<char*>(out), sizeof out);
}

bool verify_es256(std::string_view certificate_pem, std::string_view bytes, std::string_view signature) {
  if (signature.size() != 2 * half) return false;
  auto certificates = read_certificates(certificate_pem);
  if (!certificates) return false;
  SignaturePtr pair(ECDSA_SIG_new());
  if (ECDSA_SIG_set0(pair.get(), BN_bin2bn(raw(signature), half, nullptr),
                     BN_bin2bn(raw(signature) + half, half, nullptr)) != 1)
    return false;
  unsigned char* der = nullptr;
  int size = i2d_ECDSA_SIG(pair.get(), &der);
  if (size <= 0) return false;
  ContextPtr context(EVP_MD_CTX_new());
  EVP_PKEY* key = X509_get0_pubkey(certificates->front().get());
  bool good = EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
              EVP_DigestVerify(context.get(), der, static_cast<size_t>(size), raw(bytes), bytes.size()) == 1;
  OPENSSL_free(der);
  ERR_clear_error();
  return good;
}

}  // namespace slipway::runtime
