// Facts about pods and owners that several controllers ask for. Pure.
#pragma once

#include <string>
#include <vector>

#include "kinds/object.h"

namespace slipway::workloads {

bool is_terminating(const Value& object);  // has a deletionTimestamp
bool is_active(const Value& pod);          // neither Succeeded nor Failed nor terminating
bool is_ready(const Value& pod);           // condition Ready is True
// Ready for at least `min_ready_seconds`; when not yet, `wait` (if given) gets the time that is missing.
bool is_available(const Value& pod, int64_t min_ready_seconds, WallTime now, Duration* wait = nullptr);
bool is_controlled_by(const Value& object, const Value& owner);  // by uid
// An ownerReference that makes `owner` the controller, blocking its deletion.
Value controller_reference(const Value& owner);
// A merge patch that makes `owner` the controller of `object`, beside the owners that it has.
Value adopting_patch(const Value& object, const Value& owner);
int64_t restarts(const Value& pod);  // of the container that restarted most

}  // namespace slipway::workloads
