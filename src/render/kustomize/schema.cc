#include "render/kustomize/schema.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "render/kustomize/cluster_kinds.h"
#include "render/kustomize/first_document.h"
#include "render/words.h"
#include "value/json.h"
#include "value/yaml.h"

namespace slipway::render::kustomize {
namespace {

constexpr int kRefsMax = 100;

std::optional<GroupVersionKind> id_in(const Value& entry) {
  if (!entry["version"].is_string() || !entry["kind"].is_string()) return std::nullopt;
  return GroupVersionKind{std::string(entry["group"].as_string()), entry["version"].str(), entry["kind"].str()};
}

// Lists that are merged by our kinds, which are newer than the schema that kustomize has.
bool came_later(std::string_view type, std::string_view field) {
  using Entry = std::pair<std::string_view, std::string_view>;
  static constexpr auto later = std::to_array<Entry>({
      {"ContainerStatus", "allocatedResourcesStatus"},
      {"ContainerStatus", "volumeMounts"},
      {"EphemeralContainer", "ports"},
      {"JSONSchemaProps", "x-kubernetes-validations"},
      {"MutatingWebhook", "matchConditions"},
      {"PodSpec", "resourceClaims"},
      {"PodSpec", "schedulingGates"},
      {"PodStatus", "hostIPs"},
      {"PodStatus", "resourceClaimStatuses"},
      {"ValidatingWebhook", "matchConditions"},
  });
  return std::ranges::find(later, Entry(type, field)) != later.end();
}

Slot of_node(const KnownKinds* kinds, const OpenApi* api, const Value* node) {
  Slot slot{.known = node != nullptr, .api = node ? api : nullptr, .node = node, .kinds = kinds};
  if (!node) return slot;
  for (std::string_view word : base::split((*node)["x-kubernetes-patch-strategy"].as_string(), ','))
    slot.merges = slot.merges || word == "merge";
  if (!slot.merges) return slot;
  if (const Value* keys = node->find("x-kubernetes-list-map-keys"))
    for (const Value& key : keys->items()) slot.keys.push_back(key.str());
  else if (const Value* key = node->find("x-kubernetes-patch-merge-key"))
    slot.keys = {key->str()};
  return slot;
}

}  // namespace

Slot Slot::member(std::string_view name) const {
  Slot slot{.kinds = kinds};
  if (api) {
    const Value* field = (*node)["properties"].find(name);
    if (!field && (*node)["additionalProperties"].is_object()) field = node->find("additionalProperties");
    return of_node(kinds, api, field ? api->resolved(*field) : nullptr);
  }
  if (!builtin.type && !builtin.is_map()) return slot;
  auto member = kinds->outline().member(builtin, name);
  slot.known = member.known;
  slot.builtin = member.below;
  slot.merges = member.merges && !came_later(builtin.type->name, name);
  if (slot.merges) slot.keys.assign(member.keys.begin(), member.keys.end());
  return slot;
}

Slot Slot::by_kind_of(const Value* target, const Value* patch) const {
  if (known || !kinds) return *this;
  for (const Value* v : {target, patch})
    if (v && v->has("kind") && v->has("apiVersion"))
      if (Slot slot = kinds->schema_of(GroupVersionKind::of(*v)); slot.known) return slot;
  return *this;
}

Slot Slot::element() const {
  if (!api) return {.known = known, .builtin = builtin, .kinds = kinds};
  const Value* items = node->find("items");
  const Value& type = (*node)["type"];
  bool is_list = (type.is_array() && type.size() == 1 ? type[0] : type).as_string() == "array";
  return of_node(kinds, api, items && is_list ? api->resolved(*items) : nullptr);
}

Result<std::shared_ptr<const OpenApi>> OpenApi::read(const std::string& text, const std::string& file) {
  auto api = std::make_shared<OpenApi>();
  auto read = text.starts_with('{') ? value::parse_json(text) : read_first_document(text, file);
  if (!read) return std::move(read).error().at({file}).context("the OpenAPI schema");
  api->document_ = std::move(*read);
  const Value& document = api->document_;
  for (const char* part : {"definitions", "paths"})
    if (const Value& v = document[part]; !document.is_object() || (!v.is_null() && !v.is_object()))
      return fail(ErrorKind::invalid, "an OpenAPI schema has a mapping of {}, found {}", part,
                  words(document.is_object() ? v.type() : document.type()))
          .at({file});
  for (const auto& [name, definition] : document["definitions"].members())
    for (const Value& entry : definition["x-kubernetes-group-version-kind"].items())
      if (auto id = id_in(entry)) api->definitions_.emplace(std::move(*id), name.str());
  for (const auto& [path, methods] : document["paths"].members()) {
    auto id = id_in(methods["get"]["x-kubernetes-group-version-kind"]);
    if (!id) continue;
    bool namespaced = path.view().find("namespaces/{namespace}") != std::string_view::npos;
    auto [at, fresh] = api->cluster_scoped_.emplace(std::move(*id), !namespaced);
    if (namespaced) at->second = false;
  }
  return std::shared_ptr<const OpenApi>(std::move(api));
}

const Value* OpenApi::definition_of(const GroupVersionKind& id) const {
  auto at = definitions_.find(id);
  return at == definitions_.end() ? nullptr : document_["definitions"].find(at->second);
}

std::optional<bool> OpenApi::is_cluster_scoped(const GroupVersionKind& id) const {
  auto at = cluster_scoped_.find(id);
  return at == cluster_scoped_.end() ? std::nullopt : std::optional(at->second);
}

const Value* OpenApi::resolved(const Value& schema) const {
  const Value* at = &schema;
  for (int i = 0; i < kRefsMax; ++i) {
    std::string_view ref = (*at)["$ref"].as_string();
    if (ref.empty()) return at;
    // Only what stands behind the # counts: there is no other document.
    size_t hash = ref.find('#');
    if (hash == ref.npos) return nullptr;
    at = &document_.at(ref.substr(hash + 1));
    if (!at->is_object()) return nullptr;
  }
  return nullptr;
}

void KnownKinds::add(std::shared_ptr<const OpenApi> schema) {
  own_ = std::move(schema);
  ++schemas_;
  builtin_ = looked_up_ ? Builtin::below : asked_scope_ ? Builtin::above : Builtin::absent;
}

void KnownKinds::add_unreadable(Error why) {
  add(nullptr);
  unreadable_ = std::move(why);
  looked_up_ = asked_scope_ = false;
}

bool KnownKinds::is_cluster_scoped(const GroupVersionKind& id) const {
  if (is_known_cluster_kind(id.api_version(), id.kind)) return true;
  if (has_builtin_schema(id.api_version(), id.kind)) return false;
  asked_scope_ = true;
  return own_ && own_->is_cluster_scoped(id).value_or(false);
}

Slot KnownKinds::builtin_of(const GroupVersionKind& id) const {
  Slot slot{.kinds = this};
  if (!has_builtin_schema(id.api_version(), id.kind)) return slot;
  slot.known = true;
  const kinds::MergeOutline::Type* type = outline().find(id);
  slot.builtin.type = type ? type : &outline().metadata_only();
  return slot;
}

const kinds::MergeOutline& KnownKinds::outline() const {
  if (!outline_) outline_ = std::make_unique<const kinds::MergeOutline>();
  return *outline_;
}

Slot KnownKinds::schema_of(const GroupVersionKind& id) const {
  looked_up_ = true;
  if (builtin_ == Builtin::alone || builtin_ == Builtin::above)
    if (Slot slot = builtin_of(id); slot.known) return slot;
  if (own_)
    if (const Value* definition = own_->definition_of(id)) return of_node(this, own_.get(), definition);
  return builtin_ == Builtin::below ? builtin_of(id) : Slot{.kinds = this};
}

}  // namespace slipway::render::kustomize
