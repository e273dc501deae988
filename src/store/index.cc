#include "store/index.h"

namespace slipway::store {

std::string place_of(const Key& key) {
  return key.ns.empty() ? key.name : key.ns + "/" + key.name;
}

Key key_of(std::string_view resource, std::string_view place) {
  size_t slash = place.find('/');
  if (slash == std::string_view::npos) return {std::string(resource), {}, std::string(place)};
  return {std::string(resource), std::string(place.substr(0, slash)), std::string(place.substr(slash + 1))};
}

const Entry* Index::find(const Key& key) const {
  const Objects& objects = this->objects(key.resource);
  auto at = objects.find(place_of(key));
  return at == objects.end() ? nullptr : &at->second;
}

void Index::put(const Key& key, Entry entry) {
  resources_[key.resource].insert_or_assign(place_of(key), std::move(entry));
}

void Index::erase(const Key& key) {
  auto resource = resources_.find(key.resource);
  if (resource == resources_.end()) return;
  resource->second.erase(place_of(key));
  if (resource->second.empty()) resources_.erase(resource);
}

const Index::Objects& Index::objects(std::string_view resource) const {
  static const Objects none;
  auto at = resources_.find(resource);
  return at == resources_.end() ? none : at->second;
}

std::vector<std::string> Index::resources() const {
  std::vector<std::string> names;
  for (const auto& [name, objects] : resources_) names.push_back(name);
  return names;
}

}  // namespace slipway::store
