#include "kinds/conversion.h"

namespace slipway::kinds {

namespace {

const Conversion table[] = {
    {{"events.k8s.io", "v1", "Event"}, {"", "v1", "Event"}, event_to_core, event_from_core, event_fields_of_core},
    {{"autoscaling", "v1", "HorizontalPodAutoscaler"},
     {"autoscaling", "v2", "HorizontalPodAutoscaler"},
     autoscaler_to_v2,
     autoscaler_to_v1},
};

}  // namespace

const Conversion* conversion_of(const GroupVersionKind& shown) {
  for (const Conversion& row : table)
    if (row.shown == shown) return &row;
  return nullptr;
}

Value converted(const Kind& kind, Value object) {
  if (object["apiVersion"].as_string() == kind.id.api_version()) return object;
  if (const Conversion* row = conversion_of(GroupVersionKind::of(object))) object = row->to_kept(object);
  if (const Conversion* row = conversion_of(kind.id)) return row->to_shown(object);
  return object.with_member("apiVersion", kind.id.api_version());
}

Value kept_form(const Kind& kind, Value object) {
  const Conversion* row = conversion_of(kind.id);
  return row ? row->to_kept(object) : object;
}

}  // namespace slipway::kinds
