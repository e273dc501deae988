// The simple transformers: each goes over all resources once.
#pragma once

#include <span>

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

// Error: invalid when no resource has that name, with the nearest.
Result<> set_replicas(ResourceSet& set, const Replica& replica, std::span<const FieldSpec> fields);

// In every containers and initContainers list, wherever it stands, then in `fields`.
Result<> set_image(ResourceSet& set, const Image& image, std::span<const FieldSpec> fields);

}  // namespace slipway::render::kustomize
