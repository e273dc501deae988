#include "gitops/compare/normalize.h"

#include <map>

#include "base/text.h"
#include "gitops/compare/three_way.h"

namespace slipway::gitops {

namespace {

bool is_secret(const Value& object) {
  return object["kind"].as_string() == "Secret" && object["apiVersion"].as_string() == "v1";
}

}  // namespace

Value normalize_intent(Value object) {
  auto id = kinds::GroupVersionKind::of(object);
  if (is_secret(object) && object["stringData"].is_object()) {
    std::vector<value::Member> encoded;
    for (const auto& [key, text] : object["stringData"].members()) {
      encoded.push_back({key, base::base64_encode(text.as_string())});
    }
    Value data = object["data"].with_members(std::move(encoded));
    object = object.without_member("stringData").with_member("data", data);
  }
  if (id.group == "rbac.authorization.k8s.io" && id.kind == "ClusterRole" && object["aggregationRule"].is_object()) {
    object = object.without_member("rules");
  }
  if (id.group == "argoproj.io" && id.kind == "Application") {
    object = object.without_member("status").without_member("operation");
  }
  if (object["metadata"].has("creationTimestamp") && object["metadata"]["creationTimestamp"].is_null()) {
    object = object.without("/metadata/creationTimestamp");
  }
  return object;
}

Value normalize_state(const kinds::Kind* kind, Value object, const IgnoreRules& ignore) {
  object = normalize_intent(std::move(object));
  if (kind && kind->type) {
    if (auto conformed = kinds::conform(*kind, object)) object = conformed->object;
    object = kinds::apply_defaults(*kind, std::move(object));
  }
  object = object.without_member("status");
  for (const char* field : {"managedFields", "creationTimestamp", "resourceVersion", "generation", "uid", "selfLink"}) {
    object = object.without(std::string("/metadata/") + field);
  }
  Value annotations = object["metadata"]["annotations"].without_member(last_applied_annotation);
  if (object["metadata"]["annotations"].is_object()) {
    object = annotations.empty() ? object.without("/metadata/annotations")
                                 : object.with("/metadata/annotations", annotations);
  }
  return ignore.apply(std::move(object));
}

void mask_secrets(Value& live, Value& target) {
  if (!is_secret(live) && !is_secret(target)) return;
  std::map<std::string, std::map<std::string, std::string>> masks;  // by key and value
  for (Value* object : {&live, &target}) {
    const Value& data = (*object)["data"];
    std::vector<value::Member> masked;
    for (const auto& [key, text] : data.members()) {
      auto& known = masks[key.str()];
      auto at = known.try_emplace(text.str(), std::string(8 + 4 * known.size(), '+')).first;
      masked.push_back({key, at->second});
    }
    if (object->is_object()) {
      if (data.is_object()) *object = object->with_member("data", data.with_members(std::move(masked)));
      *object = object->without_member("stringData");
    }
  }
}

}  // namespace slipway::gitops
