// spec.ignoreDifferences of an Application: its patterns are read once, for all objects.
#pragma once

#include <memory>
#include <vector>

#include "value/value.h"

namespace slipway::gitops {

class IgnoreRules {
 public:
  IgnoreRules() = default;
  explicit IgnoreRules(Value said);
  const Value& said() const { return said_; }
  // The object without what the rules about it name. What is no pattern is about nothing, as in Argo CD.
  Value apply(Value object) const;

 private:
  struct Rule;
  Value said_;
  std::shared_ptr<const std::vector<Rule>> rules_;
};

}  // namespace slipway::gitops
