// Which kinds to keep in a Cache to hear of everything.
#pragma once

#include <vector>

#include "kinds/object.h"

namespace slipway::cluster {

// Every kind that can be watched, once: in its group's preferred version. Events are left out: people read them, no
// controller does.
std::vector<kinds::GroupVersionKind> watched_kinds(const kinds::Catalog& catalog);

}  // namespace slipway::cluster
