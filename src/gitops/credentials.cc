#include "gitops/credentials.h"

#include "base/text.h"
#include "gitops/application/application.h"

namespace slipway::gitops {

namespace {

constexpr std::string_view argocd = "argocd";
constexpr std::string_view known_hosts_name = "argocd-ssh-known-hosts-cm";
constexpr std::string_view certificates_name = "argocd-tls-certs-cm";

std::string secret_text(const Value& secret, const char* key) {
  auto decoded = base::base64_decode(secret["data"][key].as_string());
  return decoded ? *decoded : std::string();
}

std::string_view secret_type(const Value& secret) {
  return secret["metadata"]["labels"]["argocd.argoproj.io/secret-type"].as_string();
}

// A password for https is of no use by ssh, and goes nowhere unencrypted.
std::string_view way_of(std::string_view url) {
  url = base::trim(url);
  if (base::to_lower(url.substr(0, 8)) == "https://") return "https";
  if (base::to_lower(url.substr(0, 7)) == "http://") return "http";
  if (base::to_lower(url.substr(0, 6)) == "oci://") return "oci";
  return "ssh";
}

// A repository's URL as its Secret says it: registries of charts stand there without a scheme.
std::string url_in(const Value& secret) {
  std::string url = secret_text(secret, "url");
  bool registry = secret_text(secret, "enableOCI") == "true" && url.find("://") == url.npos;
  return registry ? "oci://" + url : url;
}

// "https://host" is a prefix of "https://host/o/r" and not of "https://host.elsewhere/o/r".
bool is_prefix(std::string_view prefix, std::string_view url) {
  if (prefix.empty() || !url.starts_with(prefix)) return false;
  if (url.size() == prefix.size() || prefix.find('/') != prefix.npos) return true;
  return url[prefix.size()] == '/' || url[prefix.size()] == ':';
}

sources::Credentials read(const Value& secret) {
  sources::Credentials read;
  read.username = secret_text(secret, "username");
  read.password = secret_text(secret, "password");
  read.ssh_private_key = secret_text(secret, "sshPrivateKey");
  read.tls_client_certificate = secret_text(secret, "tlsClientCertData");
  read.tls_client_key = secret_text(secret, "tlsClientCertKey");
  read.insecure = secret_text(secret, "insecure") == "true" || secret_text(secret, "insecureIgnoreHostKey") == "true";
  read.plain_http = secret_text(secret, "insecureOCIForceHttp") == "true";
  read.origin = fmt::format("Secret {}/{}", argocd, secret["metadata"]["name"].as_string());
  return read;
}

bool has_any(const sources::Credentials& c) {
  return !c.username.empty() || !c.password.empty() || !c.ssh_private_key.empty() || !c.tls_client_certificate.empty();
}

// "host" of "https://user@host:443/path"; certificates are kept by it.
std::string host_of(std::string_view url) {
  size_t scheme = url.find("://");
  if (scheme == url.npos) return {};
  std::string_view host = url.substr(scheme + 3);
  host = host.substr(0, host.find_first_of("/?#"));  // as HTTP reads it
  if (size_t at = host.rfind('@'); at != host.npos) host.remove_prefix(at + 1);
  if (host.starts_with('[')) return std::string(host.substr(0, host.find(']') + 1));
  return std::string(host.substr(0, host.find(':')));
}

cluster::ObjectKey config_map(std::string_view name) {
  return {config_map_kind, std::string(argocd), std::string(name)};
}

}  // namespace

RepositoryAccess access_in(const cluster::Cache& cache) {
  auto known = [&](std::string_view name) {
    const Value* map = cache.get(config_map(name));
    return map ? *map : Value();
  };
  return {cache.list(secret_kind, argocd), known(known_hosts_name), known(certificates_name)};
}

Task<Result<RepositoryAccess>> read_access(cluster::Cluster& cluster) {
  RepositoryAccess access;
  auto secrets = OR_CO_RETURN(co_await cluster.list(
      secret_kind, {.ns = std::string(argocd), .label_selector = "argocd.argoproj.io/secret-type"}));
  access.secrets = std::move(secrets.items);
  for (auto [name, into] :
       {std::pair(known_hosts_name, &access.known_hosts), std::pair(certificates_name, &access.certificates)}) {
    auto map = co_await cluster.get(config_map(name));
    if (map)
      *into = std::move(*map);
    else if (!map.failed_with(ErrorKind::not_found))
      co_return std::move(map).error();
  }
  co_return std::move(access);
}

std::optional<sources::Credentials> credentials_for(const RepositoryAccess& access, std::string_view url,
                                                    std::string_view project) {
  std::string wanted = sources::normalized_url(url);
  std::optional<sources::Credentials> own, shared;
  bool is_scoped = false;  // own is the project's alone
  size_t longest = 0;
  for (const Value& secret : access.secrets) {
    std::string_view type = secret_type(secret);
    if (type != "repository" && type != "repo-creds") continue;
    std::string given = url_in(secret);
    if (way_of(given) != way_of(url)) continue;
    std::string of = sources::normalized_url(given);
    if (type == "repository" && of == wanted) {
      std::string scope = secret_text(secret, "project");
      bool scoped = !scope.empty() && scope == project;
      if (scoped ? !is_scoped : scope.empty() && !own) own = read(secret);
      is_scoped = is_scoped || scoped;
    }
    if (type != "repo-creds" || !is_prefix(of, wanted) || of.size() <= longest) continue;
    longest = of.size();
    shared = read(secret);
  }
  sources::Credentials found;
  if (own) found = *own;
  if (shared && !has_any(found)) {
    found = *shared;
    found.insecure = found.insecure || (own && own->insecure);
    found.plain_http = found.plain_http || (own && own->plain_http);
  }
  if (way_of(url) == "ssh") found.known_hosts = access.known_hosts["data"]["ssh_known_hosts"].as_string();
  if (way_of(url) == "https" || way_of(url) == "oci")
    found.ca_certificates = access.certificates["data"][host_of(url)].as_string();
  if (!own && !shared && found.known_hosts.empty() && found.ca_certificates.empty()) return std::nullopt;
  return found;
}

std::vector<std::string> repositories_of_project(const std::vector<Value>& secrets, std::string_view project) {
  std::vector<std::string> urls;
  for (const Value& secret : secrets) {
    if (secret_type(secret) != "repository" || project.empty() || secret_text(secret, "project") != project) continue;
    urls.push_back(secret_text(secret, "url"));
    // A registry stands with its scheme where a chart depends on it, and without where an Application names it.
    if (std::string with_scheme = url_in(secret); with_scheme != urls.back()) urls.push_back(std::move(with_scheme));
  }
  return urls;
}

bool is_about_access(const Value& object) {
  if (object.is_null() || object["metadata"]["namespace"].as_string() != argocd) return false;
  std::string_view name = object["metadata"]["name"].as_string(), type = secret_type(object);
  return type == "repository" || type == "repo-creds" || name == known_hosts_name || name == certificates_name;
}

}  // namespace slipway::gitops
