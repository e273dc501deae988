// What `slipway helm template` asks of a cluster: the objects that `lookup` wants (--dry-run=server), what the server
// can do and whether it knows what was rendered (--validate). Source: Helm 3.22's action package.
#pragma once

#include <map>
#include <memory>

#include "apiserver/kubeconfig.h"
#include "cli/helm/flags.h"
#include "render/helm/release.h"
#include "runtime/http.h"

namespace slipway::cli::helm {

class ClusterSide {
 public:
  // --kubeconfig, $KUBECONFIG, ~/.kube/config, the Slipway of this machine; --kube-context. Nothing is asked yet.
  // Errors: not_found, bad_request, unsupported.
  static Result<std::unique_ptr<ClusterSide>> open(World& world, const Flags& flags);

  // Version, and every group/version and group/version/Kind that the server offers. Error: unavailable, in Helm's
  // words.
  Task<Result<render::helm::Capabilities>> capabilities();
  // An object, a list when `name` is empty, null when there is none, or no such kind. Errors: a version that the server
  // lacks, and others of the server.
  Task<Result<Value>> find(std::string api_version, std::string kind, std::string ns, std::string name);
  // For templates that run on the pool: blocks there until this loop has asked, in tasks of `group`.
  render::helm::Lookup lookup(TaskGroup& group);
  // That the server knows every kind, and that nothing is there which is not this release's. Error: invalid.
  Task<Result<>> validate(const render::helm::Release* release, std::string name, std::string ns, bool upgrade,
                          render::helm::Compat compat);
  Task<void> close();

 private:
  ClusterSide(World& world, apiserver::Connection connection);
  struct Resource {
    std::string plural;
    bool namespaced = false;
  };
  Task<Result<Value>> get(std::string path);
  // Null: the server has the version, but no such kind.
  Task<Result<std::optional<Resource>>> resource_of(std::string api_version, std::string kind);
  static std::string path_of(const std::string& api_version, const Resource& resource, const std::string& ns,
                             const std::string& name);

  World& world_;
  apiserver::Connection connection_;
  std::string user_;  // whom to act for
  std::vector<std::string> groups_;
  std::unique_ptr<runtime::HttpClient> client_;
  std::map<std::string, Value> resources_;  // APIResourceLists by version
};

}  // namespace slipway::cli::helm
