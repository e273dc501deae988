// Which Secret serves which URL.
#include "gitops/credentials.h"

#include <doctest/doctest.h>

#include "base/text.h"

using namespace slipway;

namespace {

Value secret(const char* name, const char* type, const char* url, const char* password, bool insecure = false) {
  Value metadata{{"name", name}, {"labels", Value{{"argocd.argoproj.io/secret-type", type}}}};
  Value data{{"url", base::base64_encode(url)}, {"password", base::base64_encode(password)}};
  if (insecure) data = data.with_member("insecure", base::base64_encode("true"));
  return Value{{"metadata", metadata}, {"data", data}};
}

void check(const char* url, const std::string& expected) {
  gitops::RepositoryAccess access;
  access.secrets = {
      secret("https", "repository", "https://h/o/r.git", "p"),    secret("ssh", "repository", "git@h:o/r", "p"),
      secret("bare", "repository", "https://h/o/bare", "", true), secret("host", "repo-creds", "https://h", "p"),
      secret("org", "repo-creds", "https://h/org", "p"),          secret("other", "cluster", "https://x/o/r", "p")};
  auto found = gitops::credentials_for(access, url);
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

TEST_CASE("registries of charts") {
  gitops::RepositoryAccess access;
  Value charts = secret("charts", "repository", "r.example.org/charts", "p");
  Value data = charts["data"].with_member("enableOCI", base::base64_encode("true"));
  data = data.with_member("insecureOCIForceHttp", base::base64_encode("true"));
  access.secrets = {charts.with_member("data", data), secret("git", "repository", "r.example.org/git", "p")};
  auto found = gitops::credentials_for(access, "oci://r.example.org/charts");
  REQUIRE(found);
  CHECK(found->origin == "Secret argocd/charts");
  CHECK(found->plain_http);
  CHECK(!gitops::credentials_for(access, "oci://r.example.org/git"));
  CHECK(!gitops::credentials_for(access, "https://r.example.org/charts"));
}

TEST_CASE("known hosts and certificates come from their ConfigMaps") {
  gitops::RepositoryAccess access;
  access.certificates = Value{{"data", Value{{"h", "PEM"}}}};
  CHECK(gitops::credentials_for(access, "https://ann@h:8443/r")->ca_certificates == "PEM");
  CHECK(!gitops::credentials_for(access, "https://i/r"));
  access.known_hosts = Value{{"data", Value{{"ssh_known_hosts", "h ssh-ed25519 A"}}}};
  CHECK(gitops::credentials_for(access, "git@h:r")->known_hosts == "h ssh-ed25519 A");
}
