// events.k8s.io/v1 Events are core/v1 Events under other field names: one store, two views, as upstream has it
// (pkg/apis/core, conversion of events.k8s.io). Everything is kept in core's form.
#pragma once

#include "cluster/cluster.h"

namespace slipway::cluster {

inline const GroupVersionKind core_event{"", "v1", "Event"};

bool is_event_view(const GroupVersionKind& kind);
Value event_view_of(const Value& core);  // core/v1 to events.k8s.io/v1
Value core_event_of(const Value& view);
// "regarding.kind=Pod" becomes "involvedObject.kind=Pod".
std::string core_fields_of(std::string selector);

// The events of `watch` as the view shows them.
std::unique_ptr<Watch> watch_event_view(std::unique_ptr<Watch> watch);

}  // namespace slipway::cluster
