// Patches: strategic merges and JSON patches, found by their own id or by a target selector.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <span>

#include "kinds/object.h"
#include "render/kustomize/folder.h"
#include "render/kustomize/kustomization.h"
#include "render/kustomize/resource.h"

namespace slipway::render::kustomize {

// A Selector ready to match. Group, version, kind, name and namespace are anchored regular expressions.
class Matcher {
 public:
  // Error: invalid for a broken expression or selector text.
  static Result<Matcher> create(const Selector& selector);
  bool matches_kind(const GroupVersionKind& id) const;
  bool matches_name(std::string_view name) const { return name_.matches(name); }
  bool matches_namespace(std::string_view ns) const { return ns_.matches(ns); }
  bool matches_labels(const Value& object) const;  // and annotations
  bool has_label_selectors() const { return by_labels_ || by_annotations_; }
  // By the name and namespace it has or had first, its kind, labels and annotations.
  bool matches(const Resource& resource) const;
  std::vector<size_t> select(ResourceSet& set) const;

 private:
  struct Pattern {
    std::string literal;              // when there is nothing to interpret in it
    std::shared_ptr<RE2> expression;  // null: the literal, or anything when that is empty
    bool matches(std::string_view text) const;
  };
  static Result<Pattern> compile(const std::string& text);
  Pattern group_, version_, kind_, name_, ns_;
  // Those that may match, when they are found without a look at each.
  std::optional<std::vector<size_t>> candidates(ResourceSet& set) const;
  bool by_labels_ = false, by_annotations_ = false;
  kinds::Selector labels_, annotations_;
};

// Bytes that kustomize's JSON patches pass over at the beginning of a pointer: "spec/x" is "/x" there.
size_t before_first_slash(std::string_view pointer);
// An operation of a JSON patch without them.
Value from_first_slash(Value operation);

// Errors: invalid (no target, several, a broken patch) with the place of the patch.
Result<> apply_patch(ResourceSet& set, const Patch& patch, const Folder& folder, const KnownKinds* known);
// patchesStrategicMerge: each a file, or the patch itself.
Result<> apply_strategic_patches(ResourceSet& set, std::span<const Named> patches, const Folder& folder,
                                 const KnownKinds* known);
// patchesJson6902: a target with a name is a must.
Result<> apply_json_patch(ResourceSet& set, const Patch& patch, const Folder& folder);

}  // namespace slipway::render::kustomize
