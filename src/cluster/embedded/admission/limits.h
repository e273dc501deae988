// LimitRanges: what containers get that say nothing of a resource, and what pods and claims may ask for.
#pragma once

#include "cluster/embedded/embedded.h"

namespace slipway::cluster {

// A new pod with the defaults of a LimitRange, and the annotation that says which.
Value with_limit_defaults(const Value& limit_range, const Value& pod);
// What of a Pod or a PersistentVolumeClaim breaks the LimitRange, in Kubernetes' words, sorted by resource.
std::vector<std::string> limit_problems(const Value& limit_range, const Value& object);

class LimitAdmission {
 public:
  explicit LimitAdmission(store::Store& store) : store_(store) {}
  Value with_defaults(const Admission::Request& request, Value object) const;
  // For an object that is valid otherwise. Error: forbidden.
  Result<> check(const Admission::Request& request, const Value& object, std::string_view name) const;

 private:
  std::vector<Value> limit_ranges(const std::string& ns) const;
  store::Store& store_;
};

}  // namespace slipway::cluster
