// Rendered objects become what an application wants in the cluster: with a namespace, a tracking id and a known kind.
// Pure. Source: Argo CD 3.2 (reference/gitops.md 4.1).
#pragma once

#include <vector>

#include "gitops/application/application.h"
#include "gitops/sync/hooks.h"
#include "render/render.h"

namespace slipway::gitops {

struct Target {
  Value object;  // as it will be applied
  cluster::ObjectKey key;
  const kinds::Kind* kind = nullptr;  // null: the cluster does not know it
  Hook hook;
  base::Place origin;
};
// The state of one Application is one object: with more it would be tens of megabytes, written at every step.
inline constexpr size_t objects_max = 20'000;
struct Targets {
  std::vector<Target> list;
  std::vector<Condition> conditions;  // a ComparisonError among them: the state must not be applied
};
// What one source gave. `tree`: to say in which line an unknown field stands; may be null.
struct SourceObjects {
  std::vector<render::RenderedObject> objects;
  std::shared_ptr<const sources::Tree> tree;
};
Targets make_targets(const Application& app, const std::vector<SourceObjects>& sources, const kinds::Catalog& catalog);

// Where the field ("spec.containers[0].image") stands in the file that the object came from; the object's own place
// when that cannot be told.
base::Place place_of(const base::Place& origin, std::string_view field, const sources::Tree* tree);
// ` (did you mean "replicas"?)` for "spec.replica"; empty when no field of the kind is near.
std::string nearest_field(const kinds::Kind& kind, std::string_view path);

// Two keys name one object: the version is not part of it.
bool same_object(const cluster::ObjectKey& a, const cluster::ObjectKey& b);

// Kinds that are never managed: Events and Leases come and go by themselves.
bool is_excluded(const cluster::GroupVersionKind& id);

}  // namespace slipway::gitops
