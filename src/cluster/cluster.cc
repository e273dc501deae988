#include "cluster/cluster.h"

namespace slipway::cluster {

std::string ObjectKey::str() const {
  std::string text = kind.kind;
  if (!kind.group.empty()) text += "." + kind.group;
  text += ' ';
  if (!ns.empty()) text += ns + "/";
  return text + name;
}

ObjectKey ObjectKey::of(const Value& object) {
  return {GroupVersionKind::of(object), std::string(kinds::namespace_of(object)), std::string(kinds::name_of(object))};
}

Write create(Value object) {
  Write write;
  write.verb = Verb::create;
  write.key = ObjectKey::of(object);
  write.body = std::move(object);
  return write;
}

Write update(Value object, std::string subresource) {
  Write write = create(std::move(object));
  write.verb = Verb::update;
  write.subresource = std::move(subresource);
  return write;
}

Write merge_patch(ObjectKey key, Value patch, std::string subresource) {
  Write write;
  write.verb = Verb::patch;
  write.key = std::move(key);
  write.body = std::move(patch);
  write.patch_type = PatchType::merge;
  write.subresource = std::move(subresource);
  return write;
}

Write remove(ObjectKey key, Propagation propagation) {
  Write write;
  write.verb = Verb::remove;
  write.key = std::move(key);
  write.propagation = propagation;
  return write;
}

}  // namespace slipway::cluster
