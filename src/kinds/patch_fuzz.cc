// [target, patch]: JSON patch, merge patch and strategic merge of it, and the patches that lead from one to the other.
#include <cstdlib>

#include "kinds/object.h"
#include "value/json.h"
#include "value/patch.h"

using namespace slipway;
using namespace slipway::kinds;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Type* types[] = {builtin_type("io.k8s.api.core.v1.Pod"), builtin_type("io.k8s.api.core.v1.Service"),
                                builtin_type("io.k8s.api.apps.v1.Deployment"), nullptr};
  if (size == 0) return 0;
  const Type* type = types[data[0] % 4];
  auto both = value::parse_json({reinterpret_cast<const char*>(data) + 1, size - 1});
  if (!both) return 0;
  const Value &target = (*both)[0], &patch = (*both)[1], &live = (*both)[2];
  auto changed = value::json_patch(target, patch);
  if (changed ? value::to_json(*changed).empty() : changed.error().str().empty()) std::abort();
  Value merged = value::merge_patch(target, patch);
  // A merge patch that was made leads where it should, as far as merge patches can: what is null they take out.
  Value there = value::merge_patch(target, value::merge_diff(target, merged));
  if (target.is_object() && merged.is_object() && !value::merge_diff(there, merged).empty()) std::abort();
  auto strategic = strategic_merge(type, target, patch);
  if (strategic ? value::to_json(*strategic).empty() : strategic.error().str().empty()) std::abort();
  auto three = three_way_patch(type, target, patch, live);
  if (!three) {
    if (three.error().str().empty()) std::abort();
    return 0;
  }
  auto applied = strategic_merge(type, live, *three);
  if (applied ? value::to_json(*applied).empty() : applied.error().str().empty()) std::abort();
  return 0;
}
