// Keys and certificates by OpenSSL, which draws their chance itself. Shapes as Go's crypto/x509 makes them: version 3,
// a random serial number, key usages, names.
#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <memory>

#include "base/text.h"
#include "lang/sprig/families.h"

namespace slipway::lang::sprig {

namespace {

using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
using Certificate = std::unique_ptr<X509, void (*)(X509*)>;
using Bio = std::unique_ptr<BIO, long (*)(BIO*)>;

long free_bio(BIO* b) {
  return BIO_free(b);
}
Bio memory() {
  return {BIO_new(BIO_s_mem()), free_bio};
}
std::string content(const Bio& b) {
  char* data = nullptr;
  long n = BIO_get_mem_data(b.get(), &data);
  return {data, static_cast<size_t>(n)};
}
Bio reading(std::string_view s) {
  return {BIO_new_mem_buf(s.data(), static_cast<int>(s.size())), free_bio};
}

const Type& certificate_type() {
  static const Type t = [] {
    Type c;
    c.name = "sprig.certificate";
    c.kind = Kind::structure;
    c.fields = {"Cert", "Key"};
    return c;
  }();
  return t;
}

Any certificate(Call& c, const std::string& cert, const std::string& key) {
  return c.heap().structure(certificate_type(),
                            {{value::Key("Cert"), Any::of(cert)}, {value::Key("Key"), Any::of(key)}});
}

// In steps, what they take of a CPU's time: searching primes takes long.
uint64_t cost_of(std::string_view kind, int bits) {
  if (kind == "dsa" || (kind == "rsa" && bits > 2048)) return 5'000'000;
  return kind == "rsa" ? 1'000'000 : 5'000;
}
constexpr uint64_t kSigning = 10'000;

Key make_key(Call& c, std::string_view kind, int bits) {
  if (!c.spend(cost_of(kind, bits))) return {nullptr, EVP_PKEY_free};
  // The library has chance of its own; who watches whether templates ask for any hears of it here.
  std::byte unused;
  if (c.environment().random) c.environment().random({&unused, 1});
  if (kind == "rsa") return {EVP_RSA_gen(static_cast<unsigned>(bits)), EVP_PKEY_free};
  if (kind == "ecdsa") return {EVP_EC_gen("P-256"), EVP_PKEY_free};
  if (kind == "ed25519") return {EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free};
  // dsa: parameters first
  EVP_PKEY *parameters = nullptr, *key = nullptr;
  EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "DSA", nullptr);
  EVP_PKEY_paramgen_init(context);
  EVP_PKEY_CTX_set_dsa_paramgen_bits(context, 2048);
  EVP_PKEY_CTX_set_dsa_paramgen_q_bits(context, 256);
  EVP_PKEY_paramgen(context, &parameters);
  EVP_PKEY_CTX_free(context);
  if (parameters == nullptr) return {nullptr, EVP_PKEY_free};
  context = EVP_PKEY_CTX_new_from_pkey(nullptr, parameters, nullptr);
  EVP_PKEY_keygen_init(context);
  EVP_PKEY_keygen(context, &key);
  EVP_PKEY_CTX_free(context);
  EVP_PKEY_free(parameters);
  return {key, EVP_PKEY_free};
}

// "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY"; other kinds as PKCS#8.
std::string key_pem(EVP_PKEY* key) {
  Bio out = memory();
  if (EVP_PKEY_is_a(key, "RSA") != 0 || EVP_PKEY_is_a(key, "EC") != 0 || EVP_PKEY_is_a(key, "DSA") != 0)
    PEM_write_bio_PrivateKey_traditional(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  else
    PEM_write_bio_PKCS8PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return content(out);
}

// Null: `error` as sprig says it.
Key read_key(std::string_view pem, std::string& error) {
  Key none(nullptr, EVP_PKEY_free);
  size_t begin = pem.find("-----BEGIN ");
  size_t end = begin == pem.npos ? begin : pem.find("-----", begin + 11);
  if (end == pem.npos || pem.find("-----END ", end) == pem.npos) {
    error = "no PEM data in input";
    return none;
  }
  std::string_view type = pem.substr(begin + 11, end - begin - 11);
  if (type != "PRIVATE KEY" && !type.ends_with(" PRIVATE KEY")) {
    error = fmt::format("no private key data in PEM block of type {}", type);
    return none;
  }
  if (type != "PRIVATE KEY" && type != "RSA PRIVATE KEY" && type != "EC PRIVATE KEY" && type != "DSA PRIVATE KEY") {
    error = fmt::format("invalid private key type {}", type.substr(0, type.size() - 12));
    return none;
  }
  Bio in = reading(pem);
  Key key(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  if (!key) {
    error = type == "PRIVATE KEY" ? "decoding PEM as PKCS#8: asn1: structure error"
                                  : fmt::format("parsing {} private key from PEM: asn1: structure error",
                                                type.substr(0, type.size() - 12));
  }
  return key;
}

struct Request {
  std::string common_name;
  int64_t days = 0;
  bool is_ca = false;
  std::vector<std::string> names;  // for OpenSSL: "DNS:a", "IP:1.2.3.4"
};

bool addresses(Call& c, const Any& ips, const Any& names, Request& r) {
  if (ips.node() != nullptr)
    for (const Any& ip : ips.list()->items()) {
      if (ip.type() != &types::string) {
        c.fail(fmt::format("error parsing ip: {} is not a string", gotemplate::printed(ip)));
        return false;
      }
      std::string text(ip.text());
      unsigned char buffer[16];
      if (inet_pton(AF_INET, text.c_str(), buffer) != 1 && inet_pton(AF_INET6, text.c_str(), buffer) != 1) {
        c.fail("error parsing ip: " + text);
        return false;
      }
      r.names.push_back("IP:" + text);
    }
  if (names.node() != nullptr)
    for (const Any& name : names.list()->items()) {
      if (name.type() != &types::string) {
        c.fail(fmt::format("error processing alternate dns name: {} is not a string", gotemplate::printed(name)));
        return false;
      }
      r.names.insert(r.names.begin(), "DNS:" + std::string(name.text()));
    }
  return true;
}

void extend(X509* cert, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, cert, nullptr, nullptr, 0);
  if (X509_EXTENSION* e = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str())) {
    X509_add_ext(cert, e, -1);
    X509_EXTENSION_free(e);
  }
}

void add_names(X509* cert, const std::vector<std::string>& names) {
  GENERAL_NAMES* all = GENERAL_NAMES_new();
  for (const std::string& n : names) {
    GENERAL_NAME* g = a2i_GENERAL_NAME(nullptr, nullptr, nullptr, n.starts_with("IP:") ? GEN_IPADD : GEN_DNS,
                                       n.substr(n.find(':') + 1).c_str(), 0);
    if (g != nullptr) sk_GENERAL_NAME_push(all, g);
  }
  X509_add1_ext_i2d(cert, NID_subject_alt_name, all, 0, 0);
  GENERAL_NAMES_free(all);
}

// Signs; without an issuer, itself.
std::string issue(Call& c, const Request& r, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
  if (!c.spend(kSigning)) return "";
  Certificate cert(X509_new(), X509_free);
  X509_set_version(cert.get(), 2);
  std::unique_ptr<BIGNUM, void (*)(BIGNUM*)> serial(BN_new(), BN_free);
  BN_rand(serial.get(), 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY);
  BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(cert.get()));
  X509_NAME* name = X509_get_subject_name(cert.get());
  if (!r.common_name.empty())
    X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(r.common_name.data()),
                               static_cast<int>(r.common_name.size()), -1, 0);
  X509_set_issuer_name(cert.get(), issuer != nullptr ? X509_get_subject_name(issuer) : name);
  time_t now = c.environment().now ? std::chrono::system_clock::to_time_t(c.environment().now()) : 0;
  int64_t days = std::clamp<int64_t>(r.days, -365'000, 2'000'000);
  ASN1_TIME_set(X509_getm_notBefore(cert.get()), now);
  ASN1_TIME_adj(X509_getm_notAfter(cert.get()), now, static_cast<int>(days), 0);
  X509_set_pubkey(cert.get(), key);
  extend(cert.get(), cert.get(), NID_key_usage,
         std::string("critical,digitalSignature,keyEncipherment") + (r.is_ca ? ",keyCertSign" : ""));
  extend(cert.get(), cert.get(), NID_ext_key_usage, "serverAuth,clientAuth");
  extend(cert.get(), cert.get(), NID_basic_constraints, r.is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (r.is_ca) extend(cert.get(), cert.get(), NID_subject_key_identifier, "hash");
  if (issuer != nullptr) extend(cert.get(), issuer, NID_authority_key_identifier, "keyid");
  if (!r.names.empty()) add_names(cert.get(), r.names);
  EVP_PKEY* signer = issuer_key != nullptr ? issuer_key : key;
  const EVP_MD* digest = EVP_PKEY_is_a(signer, "ED25519") != 0 ? nullptr : EVP_sha256();
  if (X509_sign(cert.get(), signer, digest) == 0) {
    c.fail("error creating certificate: it cannot be signed with this key");
    return "";
  }
  Bio out = memory();
  PEM_write_bio_X509(out.get(), cert.get());
  return content(out);
}

Any signed_by_itself(Call& c, const Request& r, Key key) {
  if (!key) return c.fail("error generating rsa key: out of memory");
  std::string cert = issue(c, r, key.get(), nullptr, nullptr);
  return c.failed() ? Any() : certificate(c, cert, key_pem(key.get()));
}

// The key that a template gives as PEM, or a new one.
Key key_for(Call& c, size_t argument) {
  if (argument >= c.size()) return make_key(c, "rsa", 2048);
  std::string error;
  Key key = read_key(c.text(argument), error);
  if (!key) c.fail("parsing private key: " + error);
  return key;
}

Any gen_ca(Call& c) {
  Key key = key_for(c, 2);
  if (c.failed()) return Any();
  return signed_by_itself(c, {std::string(c.text(0)), c.integer(1), true, {}}, std::move(key));
}

Any gen_self_signed(Call& c) {
  Request r{std::string(c.text(0)), c.integer(3), false, {}};
  Key key = key_for(c, 4);
  if (c.failed() || !addresses(c, c[1], c[2], r)) return Any();
  return signed_by_itself(c, r, std::move(key));
}

Any gen_signed(Call& c) {
  Key key = key_for(c, 5);
  if (c.failed()) return Any();
  const Dict* ca = c[4].dict();
  auto field = [ca](std::string_view name) {
    const Any* v = ca != nullptr ? ca->find(name) : nullptr;
    return v != nullptr && v->is_string() ? std::string(v->text()) : std::string();
  };
  std::string pem = field("Cert");
  if (pem.find("-----BEGIN ") == pem.npos) return c.fail("unable to decode certificate");
  Bio in = reading(pem);
  Certificate issuer(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr), X509_free);
  if (!issuer) return c.fail("error parsing certificate: decodedSignerCert.Bytes: x509: malformed certificate");
  std::string error;
  Key issuer_key = read_key(field("Key"), error);
  if (!issuer_key) return c.fail("error parsing private key: " + error);
  Request r{std::string(c.text(0)), c.integer(3), false, {}};
  if (!addresses(c, c[1], c[2], r)) return Any();
  std::string cert = issue(c, r, key.get(), issuer.get(), issuer_key.get());
  return c.failed() ? Any() : certificate(c, cert, key_pem(key.get()));
}

Any build_custom(Call& c) {
  auto cert = base::base64_decode(c.text(0));
  if (!cert) return c.fail("unable to decode base64 certificate");
  auto key = base::base64_decode(c.text(1));
  if (!key) return c.fail("unable to decode base64 private key");
  if (cert->find("-----BEGIN ") == cert->npos) return c.fail("unable to decode certificate");
  Bio in = reading(*cert);
  Certificate parsed(PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr), X509_free);
  if (!parsed) return c.fail("error parsing certificate: decodedCert.Bytes: x509: malformed certificate");
  std::string error;
  if (!read_key(*key, error)) return c.fail("error parsing private key: " + error);
  return certificate(c, *cert, *key);
}

}  // namespace

void add_certificates(Functions& f) {
  const Type* more[] = {&certificate_type()};
  f.add("genPrivateKey", "(string) string", [](Call& c) {
    std::string_view kind = c.text(0).empty() ? "rsa" : c.text(0);
    if (kind != "rsa" && kind != "dsa" && kind != "ecdsa" && kind != "ed25519")
      return Any::of(fmt::format("Unknown type {}", kind));
    Key key = make_key(c, kind, 4096);
    return Any::of(key ? key_pem(key.get()) : "failed to generate private key: out of memory");
  });
  f.add("buildCustomCert", "(string, string) sprig.certificate", build_custom, more);
  f.add("genCA", "(string, int) sprig.certificate", gen_ca, more);
  f.add("genCAWithKey", "(string, int, string) sprig.certificate", gen_ca, more);
  f.add("genSelfSignedCert", "(string, []any, []any, int) sprig.certificate", gen_self_signed, more);
  f.add("genSelfSignedCertWithKey", "(string, []any, []any, int, string) sprig.certificate", gen_self_signed, more);
  f.add("genSignedCert", "(string, []any, []any, int, sprig.certificate) sprig.certificate", gen_signed, more);
  f.add("genSignedCertWithKey", "(string, []any, []any, int, sprig.certificate, string) sprig.certificate", gen_signed,
        more);
}

}  // namespace slipway::lang::sprig
