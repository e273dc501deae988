// For the .cc files of TLS and certificates only: OpenSSL's objects as owned values, its errors as ours.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "runtime/tls.h"

namespace slipway::runtime {

template <auto Free>
struct OpensslFree {
  void operator()(auto* p) const { Free(p); }
};
using BioPtr = std::unique_ptr<BIO, OpensslFree<BIO_free_all>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, OpensslFree<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, OpensslFree<X509_free>>;
using SslPtr = std::unique_ptr<SSL, OpensslFree<SSL_free>>;
using SslContextPtr = std::unique_ptr<SSL_CTX, OpensslFree<SSL_CTX_free>>;

// Empties OpenSSL's error queue into one error: "loading the key: no start line".
Error openssl_error(ErrorKind kind, std::string_view what);
// All certificates of a PEM text, in its order; invalid when there is none or one cannot be read.
Result<std::vector<X509Ptr>> read_certificates(std::string_view pem);
Result<KeyPtr> read_private_key(std::string_view pem);
CertificateFacts facts_of(X509* certificate);
// Why a client does not believe the server: "x509: certificate is valid for a, b, not c", as Go says it.
std::string why_untrusted(X509_STORE_CTX* chain);
// As openssl_error; what the other side refused in an alert is told as that: unauthorized, "TLS read: the other side
// refused: certificate required".
Error tls_error(std::string_view what);
// What the subject and the DER say; `verified` is left to the caller.
void fill_identity(X509* certificate, PeerIdentity& identity);
std::string certificate_fingerprint(X509* certificate);

}  // namespace slipway::runtime
