// Certificates for a cluster: P-256 keys, SHA-256 signatures, extensions built as values (never through OpenSSL's
// configuration language, in which a name could smuggle in further extensions).
#include <arpa/inet.h>
#include <openssl/pem.h>

#include "runtime/openssl.h"

namespace slipway::runtime {
namespace {

using NamePtr = std::unique_ptr<X509_NAME, OpensslFree<X509_NAME_free>>;

BioPtr reader(std::string_view text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string written(BIO* bio) {
  char* data = nullptr;
  long size = BIO_get_mem_data(bio, &data);
  return std::string(data, size > 0 ? static_cast<size_t>(size) : 0);
}

// No password is ever asked for: an encrypted key is an error, not a prompt on the terminal.
int no_password(char*, int, int, void*) {
  return -1;
}

bool add_name(X509_NAME* name, int nid, const std::string& value) {
  return X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(value.data()),
                                    static_cast<int>(value.size()), -1, 0) == 1;
}

std::string address_bytes(const std::string& text) {
  unsigned char raw[16];
  if (inet_pton(AF_INET, text.c_str(), raw) == 1) return std::string(reinterpret_cast<char*>(raw), 4);
  if (inet_pton(AF_INET6, text.c_str(), raw) == 1) return std::string(reinterpret_cast<char*>(raw), 16);
  return {};
}

Result<> add_subject_names(X509* certificate, const CertificateRequest& request) {
  if (request.dns_names.empty() && request.ip_addresses.empty()) return {};
  std::unique_ptr<GENERAL_NAMES, OpensslFree<GENERAL_NAMES_free>> names(GENERAL_NAMES_new());
  auto add = [&](int type, const std::string& bytes) {
    GENERAL_NAME* name = GENERAL_NAME_new();
    ASN1_STRING* value = type == GEN_DNS ? ASN1_IA5STRING_new() : ASN1_OCTET_STRING_new();
    ASN1_STRING_set(value, bytes.data(), static_cast<int>(bytes.size()));
    GENERAL_NAME_set0_value(name, type, value);
    sk_GENERAL_NAME_push(names.get(), name);
  };
  for (const auto& dns : request.dns_names) add(GEN_DNS, dns);
  for (const auto& ip : request.ip_addresses) {
    std::string bytes = address_bytes(ip);
    if (bytes.empty())
      return fail(ErrorKind::invalid, "certificate for {}: {:?} is no IP address", request.common_name, ip);
    add(GEN_IPADD, bytes);
  }
  if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) != 1)
    return openssl_error(ErrorKind::internal, "adding the subject's names");
  return {};
}

Result<> add_usage(X509* certificate, const CertificateRequest& request) {
  std::unique_ptr<BASIC_CONSTRAINTS, OpensslFree<BASIC_CONSTRAINTS_free>> basic(BASIC_CONSTRAINTS_new());
  basic->ca = request.ca ? 0xff : 0;
  std::unique_ptr<ASN1_BIT_STRING, OpensslFree<ASN1_BIT_STRING_free>> usage(ASN1_BIT_STRING_new());
  ASN1_BIT_STRING_set_bit(usage.get(), 0, 1);  // digitalSignature
  if (request.ca) {
    ASN1_BIT_STRING_set_bit(usage.get(), 5, 1);  // keyCertSign
    ASN1_BIT_STRING_set_bit(usage.get(), 6, 1);  // cRLSign
  }
  bool good = X509_add1_ext_i2d(certificate, NID_basic_constraints, basic.get(), 1, X509V3_ADD_DEFAULT) == 1 &&
              X509_add1_ext_i2d(certificate, NID_key_usage, usage.get(), 1, X509V3_ADD_DEFAULT) == 1;
  if (good && (request.server || request.client)) {
    std::unique_ptr<EXTENDED_KEY_USAGE, OpensslFree<EXTENDED_KEY_USAGE_free>> extended(EXTENDED_KEY_USAGE_new());
    if (request.server) sk_ASN1_OBJECT_push(extended.get(), OBJ_nid2obj(NID_server_auth));
    if (request.client) sk_ASN1_OBJECT_push(extended.get(), OBJ_nid2obj(NID_client_auth));
    good = X509_add1_ext_i2d(certificate, NID_ext_key_usage, extended.get(), 0, X509V3_ADD_DEFAULT) == 1;
  }
  if (!good) return openssl_error(ErrorKind::internal, "adding the key's usage");
  return {};
}

// Subject key id = SHA-1 of the public key (RFC 5280 4.2.1.2, method 1): chains are found by it when a CA is renewed.
Result<> add_key_ids(X509* certificate, X509* issuer) {
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (X509_pubkey_digest(certificate, EVP_sha1(), hash, &size) != 1)
    return openssl_error(ErrorKind::internal, "hashing the public key");
  std::unique_ptr<ASN1_OCTET_STRING, OpensslFree<ASN1_OCTET_STRING_free>> own(ASN1_OCTET_STRING_new());
  ASN1_OCTET_STRING_set(own.get(), hash, static_cast<int>(size));
  bool good = X509_add1_ext_i2d(certificate, NID_subject_key_identifier, own.get(), 0, X509V3_ADD_DEFAULT) == 1;
  const ASN1_OCTET_STRING* above = issuer ? X509_get0_subject_key_id(issuer) : own.get();
  if (good && above) {
    std::unique_ptr<AUTHORITY_KEYID, OpensslFree<AUTHORITY_KEYID_free>> authority(AUTHORITY_KEYID_new());
    authority->keyid = ASN1_OCTET_STRING_dup(above);
    good = X509_add1_ext_i2d(certificate, NID_authority_key_identifier, authority.get(), 0, X509V3_ADD_DEFAULT) == 1;
  }
  if (!good) return openssl_error(ErrorKind::internal, "adding the key ids");
  return {};
}

std::vector<std::string> name_entries(X509_NAME* name, int nid) {
  std::vector<std::string> out;
  for (int at = X509_NAME_get_index_by_NID(name, nid, -1); at >= 0; at = X509_NAME_get_index_by_NID(name, nid, at)) {
    unsigned char* utf8 = nullptr;
    int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (size >= 0) out.emplace_back(reinterpret_cast<char*>(utf8), static_cast<size_t>(size));
    OPENSSL_free(utf8);
  }
  return out;
}

WallTime wall_time(const ASN1_TIME* time) {
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return WallTime(std::chrono::seconds(timegm(&parts)));
}

time_t seconds(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

Result<CertifiedKey> issue_certificate(const CertificateRequest& request, const CertifiedKey* issuer, Random& random) {
  KeyPtr key;
  if (request.key_pem.empty())
    key.reset(EVP_EC_gen("P-256"));
  else
    key = OR_RETURN(read_private_key(request.key_pem).context("the key to certify"));
  X509Ptr certificate(X509_new());
  if (!key || !certificate) return openssl_error(ErrorKind::internal, "making a key");
  std::vector<X509Ptr> above;
  KeyPtr above_key;
  if (issuer) {
    above = OR_RETURN(read_certificates(issuer->certificate_pem).context("the issuer's certificate"));
    above_key = OR_RETURN(read_private_key(issuer->key_pem).context("the issuer's key"));
    if (X509_check_private_key(above[0].get(), above_key.get()) != 1)
      return openssl_error(ErrorKind::invalid, "the issuer's key does not belong to its certificate");
  }

  // 127 bits, positive and not zero: RFC 5280 wants at most 20 bytes, browsers at least 64 random bits.
  std::string serial = random.bytes(16);
  serial[0] = static_cast<char>((serial[0] & 0x3f) | 0x40);
  std::unique_ptr<BIGNUM, OpensslFree<BN_free>> number(
      BN_bin2bn(reinterpret_cast<const unsigned char*>(serial.data()), static_cast<int>(serial.size()), nullptr));
  NamePtr subject(X509_NAME_new());
  bool good = number && subject;
  for (const auto& organization : request.organizations)
    good = good && add_name(subject.get(), NID_organizationName, organization);
  good = good && (request.common_name.empty() || add_name(subject.get(), NID_commonName, request.common_name)) &&
         X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get())) &&
         X509_set_subject_name(certificate.get(), subject.get()) == 1 &&
         X509_set_issuer_name(certificate.get(), issuer ? X509_get_subject_name(above[0].get()) : subject.get()) == 1 &&
         ASN1_TIME_set(X509_getm_notBefore(certificate.get()), seconds(request.not_before)) &&
         ASN1_TIME_set(X509_getm_notAfter(certificate.get()), seconds(request.not_after)) &&
         X509_set_pubkey(certificate.get(), key.get()) == 1;
  if (!good) return openssl_error(ErrorKind::invalid, fmt::format("certificate for {:?}", request.common_name));
  OR_RETURN(add_usage(certificate.get(), request));
  OR_RETURN(add_subject_names(certificate.get(), request));
  OR_RETURN(add_key_ids(certificate.get(), issuer ? above[0].get() : nullptr));
  if (X509_sign(certificate.get(), issuer ? above_key.get() : key.get(), EVP_sha256()) == 0)
    return openssl_error(ErrorKind::internal, "signing the certificate");

  BioPtr certificate_text(BIO_new(BIO_s_mem())), key_text(BIO_new(BIO_s_secmem()));
  if (PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1 ||
      PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return openssl_error(ErrorKind::internal, "writing the certificate");
  return CertifiedKey{written(certificate_text.get()), written(key_text.get())};
}

Result<> check_certified(const CertifiedKey& pair, const CertifiedKey& issuer) {
  auto own = OR_RETURN(read_certificates(pair.certificate_pem).context("the certificate"));
  KeyPtr key = OR_RETURN(read_private_key(pair.key_pem).context("the key"));
  auto above = OR_RETURN(read_certificates(issuer.certificate_pem).context("the issuer's certificate"));
  if (X509_check_private_key(own[0].get(), key.get()) != 1)
    return openssl_error(ErrorKind::invalid, "the key does not belong to the certificate");
  if (X509_verify(own[0].get(), X509_get0_pubkey(above[0].get())) != 1)
    return openssl_error(ErrorKind::invalid, "another authority signed the certificate");
  return {};
}

Result<CertificateFacts> read_certificate(std::string_view pem) {
  std::vector<X509Ptr> all = OR_RETURN(read_certificates(pem));
  return facts_of(all[0].get());
}

CertificateFacts facts_of(X509* certificate) {
  CertificateFacts facts;
  auto names = name_entries(X509_get_subject_name(certificate), NID_commonName);
  if (!names.empty()) facts.common_name = names.front();
  facts.organizations = name_entries(X509_get_subject_name(certificate), NID_organizationName);
  facts.not_before = wall_time(X509_get0_notBefore(certificate));
  facts.not_after = wall_time(X509_get0_notAfter(certificate));
  std::unique_ptr<GENERAL_NAMES, OpensslFree<GENERAL_NAMES_free>> alternatives(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; alternatives && i < sk_GENERAL_NAME_num(alternatives.get()); ++i) {
    int type = 0;
    const auto* value =
        static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(alternatives.get(), i), &type));
    if (type != GEN_DNS && type != GEN_IPADD) continue;
    std::string_view bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                           static_cast<size_t>(ASN1_STRING_length(value)));
    if (type == GEN_DNS) {
      facts.dns_names.emplace_back(bytes);
    } else if (bytes.size() == 4 || bytes.size() == 16) {
      char text[INET6_ADDRSTRLEN];
      facts.ip_addresses.emplace_back(
          inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text, sizeof text));
    }
  }
  return facts;
}

Error openssl_error(ErrorKind kind, std::string_view what) {
  unsigned long first = ERR_get_error();
  ERR_clear_error();
  const char* reason = first ? ERR_reason_error_string(first) : nullptr;
  return fail(kind, "{}: {}", what, reason ? reason : "unknown reason");
}

Result<std::vector<X509Ptr>> read_certificates(std::string_view pem) {
  std::vector<X509Ptr> out;
  BioPtr bio = reader(pem);
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)) out.emplace_back(certificate);
  unsigned long why = ERR_peek_last_error();
  bool ended = ERR_GET_LIB(why) == ERR_LIB_PEM && ERR_GET_REASON(why) == PEM_R_NO_START_LINE;
  if (out.empty() || !ended) return openssl_error(ErrorKind::invalid, "not a PEM certificate");
  ERR_clear_error();
  return out;
}

Result<KeyPtr> read_private_key(std::string_view pem) {
  BioPtr bio = reader(pem);
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  if (!key) return openssl_error(ErrorKind::invalid, "not a PEM private key without a password");
  return key;
}

void fill_identity(X509* certificate, PeerIdentity& identity) {
  auto names = name_entries(X509_get_subject_name(certificate), NID_commonName);
  if (!names.empty()) identity.common_name = names.front();
  identity.organizations = name_entries(X509_get_subject_name(certificate), NID_organizationName);
}

std::string certificate_fingerprint(X509* certificate) {
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (X509_digest(certificate, EVP_sha256(), hash, &size) != 1) return {};
  return base::hex_encode(std::string_view(reinterpret_cast<char*>(hash), size));
}

}  // namespace slipway::runtime
