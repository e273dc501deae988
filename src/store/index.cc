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

static std::string_view controller_of(const Value& object) {
  for (const Value& owner : object["metadata"]["ownerReferences"].items()) {
    if (owner["controller"].as_bool()) return owner["uid"].as_string();
  }
  return {};
}

const Entry* Index::find(const Key& key) const {
  const Objects& objects = this->objects(key.resource);
  auto at = objects.find(place_of(key));
  return at == objects.end() ? nullptr : &at->second;
}

void Index::put(const Key& key, Entry entry) {
  Resource& resource = resources_[key.resource];
  size_t before_it = resource.objects.size();
  auto at = resource.objects.try_emplace(resource.objects.end(), place_of(key));  // many come in order
  bool fresh = resource.objects.size() > before_it;
  std::string_view before = controller_of(at->second.object), after = controller_of(entry.object);
  if (!fresh && before != after) resource.leave(before, at->first);
  if (fresh || before != after) {
    Places& places = resource.by_controller[std::string(after)];
    places.insert(places.end(), at->first);
  }
  at->second = std::move(entry);
}

void Index::erase(const Key& key) {
  auto resource = resources_.find(key.resource);
  if (resource == resources_.end()) return;
  auto at = resource->second.objects.find(place_of(key));
  if (at == resource->second.objects.end()) return;
  resource->second.leave(controller_of(at->second.object), at->first);
  resource->second.objects.erase(at);
  if (resource->second.objects.empty()) resources_.erase(resource);
}

void Index::Resource::leave(std::string_view controller, std::string_view place) {
  auto places = by_controller.find(controller);
  places->second.erase(place);
  if (places->second.empty()) by_controller.erase(places);
}

const Index::Objects& Index::objects(std::string_view resource) const {
  static const Objects none;
  auto at = resources_.find(resource);
  return at == resources_.end() ? none : at->second.objects;
}

const Index::Places& Index::controlled_by(std::string_view resource, std::string_view uid) const {
  static const Places none;
  auto at = resources_.find(resource);
  if (at == resources_.end()) return none;
  auto places = at->second.by_controller.find(uid);
  return places == at->second.by_controller.end() ? none : places->second;
}

std::vector<std::string> Index::resources() const {
  std::vector<std::string> names;
  for (const auto& [name, resource] : resources_) names.push_back(name);
  return names;
}

}  // namespace slipway::store
