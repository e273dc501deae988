#include "gitops/application/repository_patterns.h"

#include <algorithm>
#include <optional>

#include "render/glob.h"
#include "sources/repositories.h"
#include "sources/url.h"

namespace slipway::gitops {

namespace {

std::optional<render::Glob> glob_of(const std::string& text) {
  auto glob = render::Glob::create(text, render::Glob::Parts::by_slash);
  if (!glob) return std::nullopt;
  return std::move(*glob);
}

}  // namespace

struct RepositoryPatterns::Pattern {
  bool denies = false;
  bool everything = false;
  std::optional<render::Glob> name, place;

  bool is_against(std::string_view named, std::string_view led_to) const {
    return everything || (name && name->matches(named)) || (place && place->matches(led_to));
  }
};

RepositoryPatterns::RepositoryPatterns(const Value& patterns, const Value& own) {
  auto all = std::make_shared<std::vector<Pattern>>();
  for (const Value& entry : patterns.items()) {
    std::string_view text = entry.as_string();
    Pattern pattern{.denies = text.starts_with('!')};
    if (pattern.denies) text.remove_prefix(1);
    pattern.name = glob_of(sources::normalized_url(text));
    bool is_none = text.empty() || !pattern.name;
    pattern.everything = text == "*" || (pattern.denies && is_none);
    if (pattern.denies && !is_none) pattern.place = glob_of(sources::place_of(text, sources::Text::pattern));
    all->push_back(std::move(pattern));
  }
  patterns_ = std::move(all);
  for (const Value& url : own.items()) own_.push_back(sources::normalized_url(url.as_string()));
}

bool RepositoryPatterns::deny(std::string_view url) const {
  const std::string named = sources::normalized_url(url), led_to = sources::place_of(url);
  const bool is_devious = sources::is_devious(url);
  return std::ranges::any_of(*patterns_, [&](const Pattern& pattern) {
    return pattern.denies && (is_devious || pattern.is_against(named, led_to));
  });
}

bool RepositoryPatterns::permit(std::string_view url) const {
  if (deny(url)) return false;
  const std::string named = sources::normalized_url(url);
  const bool is_devious = sources::is_devious(url);
  auto allows = [&](const Pattern& pattern) {
    return pattern.denies || pattern.everything || (!is_devious && pattern.name && pattern.name->matches(named));
  };
  return std::ranges::any_of(*patterns_, allows) || (!is_devious && std::ranges::find(own_, named) != own_.end());
}

}  // namespace slipway::gitops
