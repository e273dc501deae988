// The simple transformers: each goes over all resources once.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "render/kustomize/kustomization.h"
#include "render/kustomize/resource.h"

namespace slipway::render::kustomize {

enum class Subjects { default_only, service_accounts, none };
struct NamespaceChange {
  std::string name;
  bool unset_only = false;
  Subjects subjects = Subjects::default_only;  // of role bindings
  const Spot* spot = nullptr;                  // of who wants it, for errors; may be null
};
// metadata.namespace of everything not known as cluster-scoped, the name of a Namespace, and `fields`. Error: invalid
// when two resources become one.
Result<> change_namespace(ResourceSet& set, const NamespaceChange& change, std::span<const FieldSpec> fields);

// The same for one, whose earlier id is not kept.
Result<> set_namespace(Resource& resource, const NamespaceChange& change, std::span<const FieldSpec> fields);

// Kinds that keep their names: CustomResourceDefinition, APIService, Namespace.
Result<> add_prefix(ResourceSet& set, const std::string& prefix, std::span<const FieldSpec> fields);
Result<> add_suffix(ResourceSet& set, const std::string& suffix, std::span<const FieldSpec> fields);

// Labels or annotations, into every mapping at `fields`. What is written to several stays one: see shared_labels.h.
Result<> add_pairs(ResourceSet& set, const Pairs& pairs, std::span<const FieldSpec> fields);
// Several after another to the same fields, none of which is empty: at once, so that each mapping is copied once only.
// That needs pairs that can be joined, and no key twice.
Result<> add_joined_pairs(ResourceSet& set, std::span<const Pairs* const> steps, std::span<const FieldSpec> fields);
bool can_join(const Pairs& pairs, std::span<const FieldSpec> fields);

// Error: invalid when no resource has that name, with the nearest.
Result<> set_replicas(ResourceSet& set, const Replica& replica, std::span<const FieldSpec> fields);

// In every containers and initContainers list, wherever it stands, then in `fields`.
Result<> set_image(ResourceSet& set, const Image& image, std::span<const FieldSpec> fields);
// Entry after entry of `images`: with many, resources are found by the images that they have. Meanwhile nobody else
// changes the set, which outlives this as the fields do.
class ImageSetter {
 public:
  ImageSetter(ResourceSet& set, std::span<const FieldSpec> fields) : set_(set), fields_(fields) {}
  Result<> set(const Image& image);

 private:
  void note(size_t index);
  ResourceSet& set_;
  std::span<const FieldSpec> fields_;
  int entries_ = 0;
  size_t noted_ = 0;
  std::map<std::string, std::vector<size_t>, std::less<>> by_text_;  // some may be of the past
  std::vector<size_t> always_;
};

}  // namespace slipway::render::kustomize
