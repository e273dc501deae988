// What a pod as a whole asks for and may use: the sum of its containers, or what one of its init containers needs while
// it runs (beside the sidecars that started before it), and what is said of the pod itself.
#pragma once

#include <map>
#include <string>

#include "kinds/object.h"

namespace slipway::kinds {

using Resources = std::map<std::string, Quantity, std::less<>>;

// `member`: "requests" or "limits".
Resources pod_resources(const Value& pod, std::string_view member);
// A ResourceList; amounts that cannot be read are left out.
Resources resources_of(const Value& list);
void add(Resources& to, const Resources& more);

// status.qosClass: Guaranteed where everybody's limits of CPU and memory are set and equal the requests (which are the
// limits where none are said), BestEffort where nothing is set at all, else Burstable. An amount of 0 is none.
std::string_view quality_of(const Value& pod);

}  // namespace slipway::kinds
