// Which Secret serves which URL.
#include "slipway/wiring/credentials.h"

#include <doctest/doctest.h>

#include "base/text.h"

using namespace slipway;

namespace {

class FixedCache final : public cluster::Cache {
 public:
  std::vector<Value> secrets;
  Value config_map;
  bool synced() const override { return true; }
  const Value* get(const cluster::ObjectKey& key) const override {
    return config_map["metadata"]["name"].as_string() == key.name ? &config_map : nullptr;
  }
  std::vector<Value> list(const kinds::GroupVersionKind&, std::string_view) const override { return secrets; }
  void on_change(const kinds::GroupVersionKind&, Listener) override {}
  Task<void> run() override { co_return; }
  Task<Result<>> wait_synced() override { co_return Result<>(); }
};

Value secret(const char* name, const char* type, const char* url, const char* password, bool insecure = false) {
  Value metadata{{"name", name}, {"labels", Value{{"argocd.argoproj.io/secret-type", type}}}};
  Value data{{"url", base::base64_encode(url)}, {"password", base::base64_encode(password)}};
  if (insecure) data = data.with_member("insecure", base::base64_encode("true"));
  return Value{{"metadata", metadata}, {"data", data}};
}

void check(const char* url, const std::string& expected) {
  FixedCache cache;
  cache.secrets = {
      secret("https", "repository", "https://h/o/r.git", "p"),    secret("ssh", "repository", "git@h:o/r", "p"),
      secret("bare", "repository", "https://h/o/bare", "", true), secret("host", "repo-creds", "https://h", "p"),
      secret("org", "repo-creds", "https://h/org", "p"),          secret("other", "cluster", "https://x/o/r", "p")};
  auto found = wiring::credentials_for(cache, url);
  CHECK_MESSAGE((found ? found->origin + (found->insecure ? " insecure" : "") : "none") == expected, url);
}

}  // namespace

TEST_CASE("the repository's own Secret, else the longest prefix, of the same way") {
  check("https://H/o/r", "Secret argocd/https");
  check("https://user@h:443/o/r.git/", "Secret argocd/https");
  check("git@h:o/r.git", "Secret argocd/ssh");
  check("ssh://git@h:22/o/r", "Secret argocd/ssh");
  check("http://h/o/r", "none");  // a password for https is not sent in the clear
  check("https://h/o/else", "Secret argocd/host");
  check("https://h/org/r", "Secret argocd/org");
  check("https://h:8443/o/r", "Secret argocd/host");
  check("https://h.elsewhere/o/r", "none");
  check("https://h/o/bare", "Secret argocd/host insecure");  // what the repository's own leaves open
  check("https://x/o/r", "none");
}

TEST_CASE("known hosts and certificates come from their ConfigMaps") {
  FixedCache cache;
  cache.config_map = Value{{"metadata", Value{{"name", "argocd-tls-certs-cm"}}}, {"data", Value{{"h", "PEM"}}}};
  CHECK(wiring::credentials_for(cache, "https://ann@h:8443/r")->ca_certificates == "PEM");
  CHECK(!wiring::credentials_for(cache, "https://i/r"));
  cache.config_map = Value{{"metadata", Value{{"name", "argocd-ssh-known-hosts-cm"}}},
                           {"data", Value{{"ssh_known_hosts", "h ssh-ed25519 A"}}}};
  CHECK(wiring::credentials_for(cache, "git@h:r")->known_hosts == "h ssh-ed25519 A");
}
