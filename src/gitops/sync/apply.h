// One object into the cluster, as kubectl apply, create and replace do it.
#pragma once

#include "gitops/application/application.h"

namespace slipway::gitops {

struct Applied {
  Value object;          // as the cluster has it now
  std::string message;   // "deployment.apps/web configured"
  bool changed = false;  // something was written
};
struct ApplyHow {
  bool replace = false;  // put instead of patch
  bool force = false;    // delete and create again where it cannot be changed
  bool dry_run = false;  // on the server: all checks, no change
  bool validate = true;  // unknown fields are refused
  std::string field_manager = "argocd-controller";
};
// `live`: what is there, null when nothing (as far as the caller knows: it is looked up again before a change).
// Errors: those of Cluster::write.
Task<Result<Applied>> apply_object(cluster::Cluster& cluster, const kinds::Kind* kind, Value target, Value live,
                                   ApplyHow how);

// "deployment.apps/web"
std::string resource_name(const kinds::Kind* kind, const cluster::ObjectKey& key);

// What the server would refuse without asking it: types, rules, what may not be changed. Pure.
Result<> check_object(const kinds::Kind* kind, const Value& target, const Value& live);

}  // namespace slipway::gitops
