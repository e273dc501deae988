#include "gitops/compare/ignore_rules.h"

#include <string>

#include "kinds/object.h"
#include "render/glob.h"

namespace slipway::gitops {

struct IgnoreRules::Rule {
  std::string name, ns;
  render::Glob kind, group;
  std::vector<std::string> pointers;
};

IgnoreRules::IgnoreRules(Value said) : said_(std::move(said)) {
  auto rules = std::make_shared<std::vector<Rule>>();
  for (const Value& one : said_.items()) {
    auto kind = render::Glob::create(one["kind"].as_string(), render::Glob::Parts::none);
    auto group = render::Glob::create(one["group"].as_string(), render::Glob::Parts::none);
    if (!kind || !group) continue;
    Rule rule{one["name"].str(), one["namespace"].str(), std::move(*kind), std::move(*group), {}};
    for (const Value& pointer : one["jsonPointers"].items()) rule.pointers.push_back(pointer.str());
    if (!rule.pointers.empty()) rules->push_back(std::move(rule));
  }
  rules_ = std::move(rules);
}

Value IgnoreRules::apply(Value object) const {
  if (!rules_ || rules_->empty()) return object;
  auto id = kinds::GroupVersionKind::of(object);
  for (const Rule& rule : *rules_) {
    bool concerns = (rule.name.empty() || rule.name == kinds::name_of(object)) &&
                    (rule.ns.empty() || rule.ns == kinds::namespace_of(object)) && rule.kind.matches(id.kind) &&
                    rule.group.matches(id.group);
    if (!concerns) continue;
    for (const std::string& pointer : rule.pointers) object = object.without(pointer);
  }
  return object;
}

}  // namespace slipway::gitops
