// What a failed handshake is called: the words of Go's crypto/x509, which every program of this field prints.
#include "base/time.h"
#include "runtime/openssl.h"

namespace slipway::runtime {

namespace {

std::string wrong_time(X509_VERIFY_PARAM* param, const CertificateFacts& facts) {
  WallTime now = std::chrono::system_clock::from_time_t(X509_VERIFY_PARAM_get_time(param));
  bool early = now < facts.not_before;
  return fmt::format("x509: certificate has expired or is not yet valid: current time {} is {} {}",
                     base::format_rfc3339(now), early ? "before" : "after",
                     base::format_rfc3339(early ? facts.not_before : facts.not_after));
}

std::string wrong_address(X509_VERIFY_PARAM* param, const CertificateFacts& facts) {
  std::unique_ptr<char, decltype([](char* p) { OPENSSL_free(p); })> address(X509_VERIFY_PARAM_get1_ip_asc(param));
  if (facts.ip_addresses.empty())
    return fmt::format("x509: cannot validate certificate for {} because it doesn't contain any IP SANs",
                       address.get());
  return fmt::format("x509: certificate is valid for {}, not {}", base::join(facts.ip_addresses, ", "), address.get());
}

std::string wrong_name(X509_VERIFY_PARAM* param, const CertificateFacts& facts) {
  const char* name = X509_VERIFY_PARAM_get0_host(param, 0);
  if (facts.dns_names.empty())
    return fmt::format("x509: certificate is not valid for any names, but wanted to match {}", name);
  return fmt::format("x509: certificate is valid for {}, not {}", base::join(facts.dns_names, ", "), name);
}

}  // namespace

std::string why_untrusted(X509_STORE_CTX* chain) {
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(chain);
  X509* own = X509_STORE_CTX_get0_cert(chain);
  X509* met = X509_STORE_CTX_get_current_cert(chain);
  int verdict = X509_STORE_CTX_get_error(chain);
  switch (verdict) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return "x509: certificate signed by unknown authority";
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return wrong_time(param, facts_of(met ? met : own));
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return wrong_address(param, facts_of(own));
    case X509_V_ERR_HOSTNAME_MISMATCH:
      return wrong_name(param, facts_of(own));
    default:
      return X509_verify_cert_error_string(verdict);
  }
}

Error tls_error(std::string_view what) {
  unsigned long first = ERR_peek_error();
  const char* reason = ERR_GET_LIB(first) == ERR_LIB_SSL ? ERR_reason_error_string(first) : nullptr;
  constexpr std::string_view alert = " alert ";  // "tlsv13 alert certificate required"
  std::string_view text = reason ? reason : "";
  size_t at = text.find(alert);
  if (at == text.npos) return openssl_error(ErrorKind::io, what);
  ERR_clear_error();
  return fail(ErrorKind::unauthorized, "{}: the other side refused: {}", what, text.substr(at + alert.size()));
}

}  // namespace slipway::runtime
