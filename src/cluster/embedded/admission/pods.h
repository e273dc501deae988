// What a pod gets that its author did not write: a service account with its token, a priority, tolerations.
#pragma once

#include "cluster/embedded/embedded.h"

namespace slipway::cluster {

inline constexpr std::string_view not_ready_taint = "node.kubernetes.io/not-ready";

class PodAdmission final : public Admission {
 public:
  PodAdmission(World& world, store::Store& store) : world_(world), store_(store) {}
  std::string_view name() const override { return "pods"; }
  Task<Result<Value>> admit(Request request, Value object, std::vector<std::string>* warnings) override;

 private:
  Result<Value> with_service_account(const Request& request, const Value& pod) const;
  Result<Value> with_priority(const Request& request, const Value& pod) const;

  World& world_;
  store::Store& store_;
};

}  // namespace slipway::cluster
