// Kinds that clients know under more than one version or group: kept in one form, shown in each. The table of them is
// in conversion.cc; what a row needs beyond names stands in a file of its own (convert_events.cc, ...).
#pragma once

#include "kinds/kind.h"

namespace slipway::kinds {

struct Conversion {
  GroupVersionKind shown, kept;
  Value (*to_kept)(const Value& shown);
  Value (*to_shown)(const Value& kept);
  // A field selector in the kept form's words; null: both have the same.
  std::string (*kept_fields)(std::string selector) = nullptr;
};

// The row of this form; null: it is kept as it is shown.
const Conversion* conversion_of(const GroupVersionKind& shown);
// `object`, which may be in another form of the same kind, as `kind` shows it. Versions that no row names differ in
// apiVersion alone.
Value converted(const Kind& kind, Value object);

// `object` of `kind` in the form that is kept: what tables and metadata alone are made of, whatever was asked for.
Value kept_form(const Kind& kind, Value object);

// convert_events.cc: events.k8s.io/v1 Events are core/v1 Events under other field names.
Value event_to_core(const Value& event);
Value event_from_core(const Value& core);
std::string event_fields_of_core(std::string selector);  // "regarding.kind=Pod" becomes "involvedObject.kind=Pod"

// convert_autoscalers.cc: autoscaling/v1 has a CPU target only, and keeps what else v2 says in annotations.
Value autoscaler_to_v2(const Value& v1);
Value autoscaler_to_v1(const Value& v2);
Value without_v1_annotations(Value autoscaler);

}  // namespace slipway::kinds
