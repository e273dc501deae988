#include "check/objects.h"

#include "base/text.h"
#include "kinds/object.h"

namespace slipway::check {

constexpr size_t kComparedMax = 1'000'000;  // names, for a hint

Objects::Objects(const render::Rendered& rendered) {
  for (const render::RenderedObject& one : rendered.objects) {
    const Value& o = one.object;
    std::string kind(kinds::kind_of(o));
    if (kind == "CustomResourceDefinition")
      defined_.emplace(o["spec"]["group"].str(), o["spec"]["names"]["kind"].str());
    by_kind_[{std::move(kind), std::string(kinds::namespace_of(o))}].try_emplace(std::string(kinds::name_of(o)), &one);
  }
}

const Objects::Named* Objects::of(std::string_view kind, std::string_view ns) const {
  auto named = by_kind_.find({std::string(kind), std::string(ns)});
  return named == by_kind_.end() ? nullptr : &named->second;
}

const render::RenderedObject* Objects::find(std::string_view kind, std::string_view ns, std::string_view name) const {
  const Named* named = of(kind, ns);
  if (!named) return nullptr;
  auto there = named->find(name);
  return there == named->end() ? nullptr : there->second;
}

bool Objects::define(std::string_view group, std::string_view kind) const {
  return defined_.contains({std::string(group), std::string(kind)});
}

std::optional<std::string> Objects::nearest_name(std::string_view kind, std::string_view ns,
                                                 std::string_view name) const {
  const Named* named = of(kind, ns);
  if (!named || compared_ > kComparedMax) return std::nullopt;
  compared_ += named->size();
  std::vector<std::string> names;
  for (const auto& [other, object] : *named) names.push_back(other);
  return base::nearest(name, names);
}

}  // namespace slipway::check
