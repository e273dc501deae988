// TLS over any Stream (OpenSSL with memory BIOs, so that it runs over simulated streams too), and the certificates that
// a cluster needs. Keys never appear in errors or logs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/world.h"

namespace slipway::runtime {

struct CertifiedKey {
  std::string certificate_pem;  // may be a chain, leaf first
  std::string key_pem;
};

struct PeerIdentity {
  bool verified = false;  // a certificate was shown and its chain ends in the trusted CA
  std::string common_name;
  std::vector<std::string> organizations;
  std::string fingerprint_sha256;  // hex of the DER
  std::string alpn;                // "h2", "http/1.1" or empty
};

class TlsStream : public Stream {
 public:
  virtual const PeerIdentity& identity() const = 0;
};

// One for all connections of a server; the certificate may be exchanged while it runs. Certificates are judged by the
// World's time, here and in tls_connect.
class TlsServerContext {
 public:
  static Result<std::shared_ptr<TlsServerContext>> create(World& world, CertifiedKey own, std::string client_ca_pem,
                                                          std::vector<std::string> alpn = {"h2", "http/1.1"});
  virtual ~TlsServerContext() = default;
  virtual Result<> replace(CertifiedKey own) = 0;
  // A client certificate is asked for; one that does not verify ends in identity().verified == false.
  virtual Task<Result<std::unique_ptr<TlsStream>>> accept(std::unique_ptr<Stream> raw) = 0;
};

struct TlsClientOptions {
  std::string server_name;  // for SNI and verification
  std::string ca_pem;       // empty: the system's
  CertifiedKey own;         // empty: no client certificate
  bool verify = true;
  std::vector<std::string> alpn = {"http/1.1"};
};
Task<Result<std::unique_ptr<TlsStream>>> tls_connect(World& world, std::unique_ptr<Stream> raw,
                                                     TlsClientOptions options);

struct CertificateRequest {
  std::string common_name;
  std::vector<std::string> organizations;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  bool ca = false, server = false, client = false;
  WallTime not_before, not_after;
  std::string key_pem;  // the key that is certified; empty: a new one, P-256
};
// A key and its certificate; `issuer` null: self-signed. The serial comes from `random`.
Result<CertifiedKey> issue_certificate(const CertificateRequest& request, const CertifiedKey* issuer, Random& random);
// The key is the certificate's, and `issuer` signed it. Error: invalid, saying which does not hold.
Result<> check_certified(const CertifiedKey& pair, const CertifiedKey& issuer);
struct CertificateFacts {
  std::string common_name;
  std::vector<std::string> organizations, dns_names, ip_addresses;
  WallTime not_before, not_after;
};
Result<CertificateFacts> read_certificate(std::string_view pem);

// ECDSA with SHA-256 over P-256, 64 bytes (r, s) as JSON Web Signatures carry it. Error: invalid for another key.
Result<std::string> sign_es256(std::string_view key_pem, std::string_view bytes);
bool verify_es256(std::string_view certificate_pem, std::string_view bytes, std::string_view signature);

}  // namespace slipway::runtime
