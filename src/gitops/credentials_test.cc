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
  auto found = gitops::credentials_for(access, url, "default");
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
  check("https://elsewhere#@h/o/r", "none");  // HTTP asks elsewhere
  check("https://elsewhere?@h/o/r", "none");
  check("https://h/o/bare", "Secret argocd/host insecure");  // what the repository's own leaves open
  check("https://x/o/r", "none");
}

TEST_CASE("a Secret that names a project is for that project alone, and stands before one that names none") {
  auto of = [](Value secret, const char* project) {
    return secret.with_member("data", secret["data"].with_member("project", base::base64_encode(project)));
  };
  Value everybody = secret("everybody", "repository", "https://h/o/r", "p");
  Value reds = of(secret("red", "repository", "https://h/o/r.git", "p"), "red");
  Value blues = of(secret("blue", "repository", "https://h/o/blue", "p"), "blue");
  Value creds = of(secret("creds", "repo-creds", "https://h/team", "p"), "red");  // for all, as there
  for (bool reds_first : {false, true}) {
    gitops::RepositoryAccess access;
    access.secrets = {everybody, reds, blues, creds};
    if (reds_first) access.secrets = {reds, creds, blues, everybody};
    auto origin = [&](const char* url, const char* project) {
      auto found = gitops::credentials_for(access, url, project);
      return found ? found->origin : "none";
    };
    CHECK(origin("https://h/o/r", "red") == "Secret argocd/red");
    CHECK(origin("https://h/o/r", "blue") == "Secret argocd/everybody");
    CHECK(origin("https://h/o/r", "") == "Secret argocd/everybody");
    CHECK(origin("https://h/o/blue", "blue") == "Secret argocd/blue");
    CHECK(origin("https://h/o/blue", "red") == "none");
    CHECK(origin("https://h/o/blue", "") == "none");
    CHECK(origin("https://h/team/r", "blue") == "Secret argocd/creds");
    CHECK(gitops::repositories_of_project(access.secrets, "red") == std::vector<std::string>{"https://h/o/r.git"});
    CHECK(gitops::repositories_of_project(access.secrets, "").empty());
  }
}

TEST_CASE("registries of charts") {
  gitops::RepositoryAccess access;
  Value charts = secret("charts", "repository", "r.example.org/charts", "p");
  Value data = charts["data"].with_member("enableOCI", base::base64_encode("true"));
  data = data.with_member("insecureOCIForceHttp", base::base64_encode("true"));
  access.secrets = {charts.with_member("data", data), secret("git", "repository", "r.example.org/git", "p")};
  auto found = gitops::credentials_for(access, "oci://r.example.org/charts", "default");
  REQUIRE(found);
  CHECK(found->origin == "Secret argocd/charts");
  CHECK(found->plain_http);
  data = data.with_member("url", base::base64_encode("r.example.org:5000/charts"));
  data = data.with_member("project", base::base64_encode("red"));
  CHECK(gitops::repositories_of_project({charts.with_member("data", data)}, "red") ==
        std::vector<std::string>{"r.example.org:5000/charts", "oci://r.example.org:5000/charts"});
  CHECK(!gitops::credentials_for(access, "oci://r.example.org/git", "default"));
  CHECK(!gitops::credentials_for(access, "https://r.example.org/charts", "default"));
}

TEST_CASE("known hosts and certificates come from their ConfigMaps") {
  gitops::RepositoryAccess access;
  access.certificates = Value{{"data", Value{{"h", "PEM"}}}};
  CHECK(gitops::credentials_for(access, "https://ann@h:8443/r", "default")->ca_certificates == "PEM");
  CHECK(!gitops::credentials_for(access, "https://i/r", "default"));
  access.known_hosts = Value{{"data", Value{{"ssh_known_hosts", "h ssh-ed25519 A"}}}};
  CHECK(gitops::credentials_for(access, "git@h:r", "default")->known_hosts == "h ssh-ed25519 A");
}
