// The objects that one folder renders to, found without a look at each.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "render/render.h"

namespace slipway::check {

class Objects {
 public:
  explicit Objects(const render::Rendered& rendered);
  // The first of that name; null: there is none.
  const render::RenderedObject* find(std::string_view kind, std::string_view ns, std::string_view name) const;
  // Whether a CustomResourceDefinition here makes this kind.
  bool define(std::string_view group, std::string_view kind) const;
  // The name in that kind and namespace which is spelt most alike; nothing too when very many were looked for already.
  std::optional<std::string> nearest_name(std::string_view kind, std::string_view ns, std::string_view name) const;

 private:
  using Named = std::map<std::string, const render::RenderedObject*, std::less<>>;
  const Named* of(std::string_view kind, std::string_view ns) const;
  std::map<std::pair<std::string, std::string>, Named> by_kind_;
  std::set<std::pair<std::string, std::string>> defined_;
  mutable size_t compared_ = 0;
};

}  // namespace slipway::check
