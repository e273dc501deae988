#include "cli/connection.h"

#include <unistd.h>

#include <cstdlib>

#include "base/text.h"
#include "cli/paths.h"
#include "cluster/remote/remote.h"
#include "gitops/credentials.h"
#include "value/json.h"

namespace slipway::cli {

std::string kubeconfig_of(World& world, const std::string& data) {
  auto running = value::parse_json(world.files().read(data + "/running.json", 64 << 10).value_or(""));
  return running ? (*running)["kubeconfig"].str(data + "/kubeconfig") : data + "/kubeconfig";
}

std::vector<std::string> kubeconfigs_of_environment() {
  std::vector<std::string> out;
  const char* said = std::getenv("KUBECONFIG");
  for (std::string_view path : base::split(said ? said : "", ':'))
    if (!path.empty()) out.push_back(absolute_path(std::string(path)));
  return out;
}

Result<apiserver::Connection> find_connection(World& world, const Invocation& said) {
  std::string path = said.option("--kubeconfig");
  bool kept = path.empty() && said.has("--data");
  if (kept) path = kubeconfig_of(world, absolute_path(said.option("--data")));
  if (path.empty()) {
    if (auto paths = kubeconfigs_of_environment(); !paths.empty())
      return apiserver::connection_in(world, OR_RETURN(apiserver::load_kubeconfig(world, paths)));
  }
  bool guessed = path.empty();
  if (guessed) path = "/var/lib/slipway/kubeconfig";
  path = absolute_path(path);
  auto connection = apiserver::read_kubeconfig(world, path);
  if (!connection && guessed) {
    return fail(ErrorKind::not_found,
                "no cluster to talk to: {} cannot be read; start one with slipway up, or say --kubeconfig FILE", path);
  }
  if (!connection && kept) {
    return fail(ErrorKind::not_found, "no Slipway is kept in {0}: {1} cannot be read; slipway up --data {0} starts one",
                said.option("--data"), path);
  }
  return connection;
}

Task<Result<std::unique_ptr<cluster::Cluster>>> connect(World& world, Invocation said) {
  auto connection = find_connection(world, said);
  if (!connection) co_return connection.error();
  cluster::RemoteOptions options{.server = connection->server,
                                 .tls = connection->tls,
                                 .bearer_token = connection->bearer_token,
                                 .proxy_url = connection->proxy_url};
  co_return co_await cluster::connect_remote(world, std::move(options));
}

Invocation to_connect(World& world, Invocation said) {
  if (said.has("--data") && !world.files().exists(kubeconfig_of(world, absolute_path(said.option("--data")))))
    said.drop("--data");
  return said;
}

std::string clones_directory(const Invocation& said) {
  std::string data = "/var/lib/slipway";
  if (said.has("--data")) {
    data = said.option("--data");
  } else if (::geteuid() != 0) {
    const char *cache = std::getenv("XDG_CACHE_HOME"), *home = std::getenv("HOME");
    data = cache && *cache ? std::string(cache) + "/slipway"
                           : std::string(home && *home ? home : "/tmp") + "/.cache/slipway";
  }
  return absolute_path(data + "/repositories");
}

Task<std::unique_ptr<sources::Repositories>> repositories_of(World& world, Invocation said, cluster::Cluster& cluster) {
  sources::RepositoriesOptions options{.directory = clones_directory(said), .asker = sources::Asker::person};
  auto access = co_await gitops::read_access(cluster);
  if (access) {
    options.credentials = [access = std::move(*access)](std::string_view url, std::string_view project) {
      return gitops::credentials_for(access, url, project);
    };
  }
  co_return sources::Repositories::create(world, std::move(options));
}

Result<std::string> pod_named(const std::string& word) {
  size_t slash = word.find('/');
  if (slash == word.npos) return word;
  std::string kind = word.substr(0, slash);
  if (kind == "pod" || kind == "pods" || kind == "po") return word.substr(slash + 1);
  return fail(ErrorKind::bad_request, "{}: expected the name of a pod; slipway get pods -A lists them", word);
}

std::unique_ptr<runtime::HttpClient> http_client(World& world, const apiserver::Connection& connection) {
  return runtime::HttpClient::create(
      world, {.base_url = connection.server, .tls = connection.tls, .proxy_url = connection.proxy_url});
}

}  // namespace slipway::cli
