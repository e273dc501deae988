// autoscaling/v1 Scale of a workload, as its scale subresource answers.
#pragma once

#include "kinds/object.h"

namespace slipway::cluster {

Value scale_of(const Value& workload);

}  // namespace slipway::cluster
