// The embedded Cluster: reads and writes of the store as Kubernetes 1.35 does them
// (reference/cluster.md 1.3, 1.5, 1.7). Everything runs on the loop; what is returned was durable before.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cluster/cluster.h"
#include "store/store.h"

namespace slipway::cluster {

// A step between defaulting and validation, in the order of the list: changes the object or refuses it.
class Admission {
 public:
  struct Request {
    const kinds::Kind& kind;
    const Write& write;   // verb, subresource, dry_run, ...
    const Value& before;  // what is stored; null on create
  };
  virtual ~Admission() = default;
  virtual std::string_view name() const = 0;
  // The object as it shall be stored; on removal `object` is null and the answer is ignored. An error ends the write.
  virtual Task<Result<Value>> admit(Request request, Value object, std::vector<std::string>* warnings) = 0;
};

struct EmbeddedOptions {
  std::string service_cidr = "10.96.0.0/12";  // IPv4
  uint16_t node_port_first = 30000, node_port_last = 32767;
  std::vector<Admission*> admissions;  // not owned
  // Makes a service account token of its claims; absent: serviceaccounts/token is refused.
  std::function<Result<std::string>(const Value& claims)> sign_token;
};

// `store` and `catalog` must outlive it. Error: bad_request for a CIDR that is none.
Result<std::unique_ptr<Cluster>> make_embedded_cluster(World& world, store::Store& store, const kinds::Catalog& catalog,
                                                       EmbeddedOptions options = {});

// The autoscaling/v1 Scale of an object with that subresource: what GET and the answers to writes show.
Value scale_of(const kinds::Kind& kind, const Value& object);

// A list whose continue token is too old fails with `gone` and a cause of this reason; its message is the token that
// goes on from now. Not for the Status: it belongs into metadata.continue.
inline constexpr std::string_view continue_reason = "slipway.ContinueToken";

}  // namespace slipway::cluster
