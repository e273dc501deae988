#include "base/text.h"
#include "cluster/embedded/embedded_cluster.h"
#include "cluster/embedded/errors.h"

namespace slipway::cluster {

Result<> EmbeddedCluster::check_namespace(const Request& request, std::string_view name) const {
  if (!request.kind.namespaced) return {};
  const std::string& ns = request.write.key.ns;
  store::Key key{"namespaces", {}, ns};
  // It must be durable before anything is put into it; but a deletion counts from the moment it was asked for.
  auto durable = store_.get(key), newest = store_.latest(key);
  if (!durable || !newest) return fail(ErrorKind::not_found, "namespaces \"{}\" not found", ns);
  if (!is_deleting(*newest)) return {};
  return refused(request.kind, name,
                 fmt::format("unable to create new content in namespace {} because it is being terminated", ns))
      .cause({"NamespaceTerminating", fmt::format("namespace {} is being terminated", ns), "metadata.namespace"});
}

}  // namespace slipway::cluster
