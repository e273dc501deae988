// What is known of kinds: which are cluster-scoped, and which of their lists a strategic merge merges, by which keys.
// It comes from Kubernetes 1.21, as in kustomize, or from a schema that a kustomization names (`openapi: {path}`).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kinds/kind.h"
#include "kinds/merge_outline.h"

namespace slipway::render::kustomize {

using kinds::GroupVersionKind;

// A schema of one's own: an OpenAPI (v2) document, definitions by group, version and kind, scopes by paths.
class OpenApi {
 public:
  // JSON, or YAML. Errors: bad_request (neither), invalid (not of that shape), with the file.
  static Result<std::shared_ptr<const OpenApi>> read(const std::string& text, const std::string& file);
  const Value* definition_of(const GroupVersionKind& id) const;  // null: none
  std::optional<bool> is_cluster_scoped(const GroupVersionKind& id) const;
  // What a schema's $ref leads to in the end, or itself. Null: nowhere, or in a circle.
  const Value* resolved(const Value& schema) const;

 private:
  Value document_;
  std::map<GroupVersionKind, std::string> definitions_;
  std::map<GroupVersionKind, bool> cluster_scoped_;
};

class KnownKinds;

// A place in an object, as a strategic merge sees it.
struct Slot {
  bool known = false;                  // there is a schema, if only of "anything"
  bool merges = false;                 // a list whose elements are merged
  std::vector<std::string> keys;       // by these; none: a list of scalars
  kinds::MergeOutline::Place builtin;  // below this place; of a list: below its elements
  const OpenApi* api = nullptr;        // when the schema is of this document,
  const Value* node = nullptr;         // this is it
  const KnownKinds* kinds = nullptr;
  Slot member(std::string_view name) const;
  Slot element() const;
  // Where nothing is known yet, an object that names its kind is known by that, wherever it stands.
  Slot by_kind_of(const Value* target, const Value* patch) const;
};

// kustomize keeps what it knows for the whole build: the first schema that is named stays, the root's before all, and
// whether the built-in one is known beside it depends on what had been looked up by then.
class KnownKinds {
 public:
  bool is_cluster_scoped(const GroupVersionKind& id) const;
  Slot schema_of(const GroupVersionKind& id) const;
  void add(std::shared_ptr<const OpenApi> schema);
  // Of a schema that cannot be read: this counts only once something is looked up in it.
  void add_unreadable(Error why);
  std::optional<Error> unreadable() const { return looked_up_ || asked_scope_ ? unreadable_ : std::nullopt; }
  int schemas() const { return schemas_; }     // how many were added: what was asked before may have another answer now
  const kinds::MergeOutline& outline() const;  // made when the first patch needs it

 private:
  Slot builtin_of(const GroupVersionKind& id) const;
  enum class Builtin { alone, below, above, absent };
  mutable std::unique_ptr<const kinds::MergeOutline> outline_;
  std::shared_ptr<const OpenApi> own_;
  std::optional<Error> unreadable_;
  int schemas_ = 0;
  Builtin builtin_ = Builtin::alone;
  mutable bool looked_up_ = false, asked_scope_ = false;
};

}  // namespace slipway::render::kustomize
