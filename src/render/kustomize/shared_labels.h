// Labels and annotations that one transformer wrote to several fields of a resource. In kustomize they are one node
// from then on: whoever changes it in one place changes it in all (a base's label in selectors follows an overlay that
// only means metadata). Clusters hold immutable selectors that came about so.
#pragma once

#include <span>

#include "render/kustomize/fields.h"
#include "render/kustomize/resource.h"

namespace slipway::render::kustomize {

// A mapping of labels or annotations that a transformer wrote to.
struct WrittenField {
  std::vector<std::string> path;
  std::vector<bool> had;  // which of the keys it had before
};
// Notes what became one, and lets what was one follow.
void share_labels(Resource& r, const Pairs& pairs, const std::vector<WrittenField>& written);

// After something else wrote into `r`, which was `before`: what changed in one place of several changes in all.
void follow_shared_labels(Resource& r, const Value& before);

// A copy was put in the place of what the names lead to, of some elements `in_lists`, with all labels below: they are
// nobody else's any more.
void part_replaced_labels(Resource& r, const Value& before, std::span<const std::string> names, bool in_lists);

// The annotations of the resource itself were written anew, as kustomize does when it notes what changed them.
void part_shared_annotations(Resource& r);

}  // namespace slipway::render::kustomize
