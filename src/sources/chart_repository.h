// Charts from elsewhere: https repositories (index.yaml) and OCI registries. Source: reference/render.md 1.8.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/world.h"
#include "sources/repositories.h"
#include "value/value.h"

namespace slipway::sources {

// Who we are at a registry, as somebody logged in there before. All empty: nobody did.
struct RegistryPassword {  // never logged
  std::string username, password;
  std::string identity_token;  // given to the token server in place of a password
  std::string registry_token;  // given to the registry as it is
  bool empty() const {
    return username.empty() && password.empty() && identity_token.empty() && registry_token.empty();
  }
};

struct ChartAccess {  // never logged
  std::string username, password;
  std::string ca_certificates, client_certificate, client_key;  // PEM
  bool insecure = false;                                        // certificates are not checked
  bool plain_http = false;                                      // registries without TLS
  bool pass_credentials = false;                                // also to other hosts that an index names
  uint64_t bytes_max = 100 << 20;
  // Asked once a registry wants a password and none is said above. `host`: as the registry is named, with its port.
  std::function<Task<Result<RegistryPassword>>(std::string host)> stored_password;
};

struct ChartVersion {
  std::string name, version, app_version, description, digest;
  std::vector<std::string> urls;  // as the index has them
  Value entry;                    // the whole entry
  bool deprecated = false;
};

// An index.yaml, its versions in falling order. Entries without name or version, or with a wrong one, are left out.
class ChartIndex {
 public:
  static Result<ChartIndex> parse(std::string_view text);  // error: invalid
  // The highest version in `range` ("" any release; an exact version too). Errors: not_found, invalid, in Helm's words.
  Result<ChartVersion> find(const std::string& name, const std::string& range) const;
  // What there is in place of what was not found: "the newest there are 1.2.0, 1.1.0", "did you mean ...".
  std::string offers(const std::string& name) const;
  std::vector<std::string> names() const;
  const std::vector<ChartVersion>* versions(const std::string& name) const;  // null: no such chart

 private:
  std::vector<std::pair<std::string, std::vector<ChartVersion>>> entries_;  // sorted by name
};

struct FetchedChart {
  std::string name, version, url, digest;  // digest: sha256:... of the archive
  std::string archive;
  std::string file_name() const;  // as Helm saves it: that of the URL, NAME-VERSION.tgz from a registry
  std::string manifest_digest;    // of a registry's manifest; "" for a repository's chart
};

// A request that found no server, as Go says it: Get "http://...": dial tcp 127.0.0.1:1: connect: connection refused.
Error unreached(const Error& error, const std::string& method, const std::string& url);

// A body by GET, redirects followed. Errors, in the words of Helm and Go: not_found, unauthorized, unavailable,
// timeout, too_large.
Task<Result<std::string>> download(World& world, std::string url, ChartAccess access);

// Of up to 64 MB; read on the pool.
Task<Result<ChartIndex>> fetch_index(World& world, std::string repository, ChartAccess access);
// As ChartIndex::find, on the pool. Errors say what `repository` offers instead.
Task<Result<ChartVersion>> find_listed(World& world, std::shared_ptr<const ChartIndex> index, std::string repository,
                                       std::string name, std::string range);
// From a repository, or, when `repository` begins with oci://, from a registry (repository/name). The digest that the
// index or manifest names is checked. `range`: a version is taken as it is, "@sha256:..." is a registry's manifest.
// Errors: not_found, invalid (a wrong digest), unauthorized, unavailable.
Task<Result<FetchedChart>> fetch_chart(World& world, std::string repository, std::string name, std::string range,
                                       ChartAccess access);
// The archive of one version of an index.
Task<Result<FetchedChart>> fetch_listed(World& world, std::string repository, ChartVersion version, ChartAccess access);
// Which version that would be. Registries: the tags, "_" read as "+".
Task<Result<std::string>> resolve_chart(World& world, std::string repository, std::string name, std::string range,
                                        ChartAccess access);
// Whether a registry takes what `access` says. Errors: unauthorized, unavailable, in Helm's words.
Task<Result<>> log_in_to_registry(World& world, std::string host, ChartAccess access);
// "oci://host/path" + name:version. `config`: Chart.yaml as JSON. Gives the manifest's digest.
Task<Result<std::string>> push_chart(World& world, std::string repository, std::string name, std::string version,
                                     std::string config_json, std::string archive, ChartAccess access);

// Git repositories and charts behind one door: a url "chart+https://charts.example.org#web" or "chart+oci://...#web" is
// a chart, its revision a version or range, its tree the chart's files below "web/". Nobody else writes such a url: who
// takes one from people refuses it.
std::string chart_url(std::string_view repository, std::string_view chart);
bool is_chart_url(std::string_view url);
std::unique_ptr<Repositories> with_charts(World& world, std::unique_ptr<Repositories> git, CredentialsOf credentials);

}  // namespace slipway::sources
