// sourceRepos of an AppProject: which repositories its Applications may name. Pure. Source: Argo CD 3.x
// (reference/gitops.md 4.13).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "value/value.h"

namespace slipway::gitops {

// Read once. URLs are compared as Argo CD does (sources::normalized_url), and denials besides by where a URL leads
// (sources::place_of): they hold for every spelling of what they are against. A URL whose spelling hides where it leads
// (sources::is_devious) is permitted by "*" alone, where nothing is denied. What is no pattern permits nothing, and
// denies everything.
class RepositoryPatterns {
 public:
  // `own`: URLs that are permitted as if they stood there too; no patterns.
  explicit RepositoryPatterns(const Value& patterns, const Value& own = {});
  // One of them matches, and none with ! that is against it. A denial that is not against it is a match.
  bool permit(std::string_view url) const;
  bool deny(std::string_view url) const;

 private:
  struct Pattern;
  std::shared_ptr<const std::vector<Pattern>> patterns_;
  std::vector<std::string> own_;
};

}  // namespace slipway::gitops
