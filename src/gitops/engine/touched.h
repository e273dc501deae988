// Which directories a commit touches: who lies in one of them has something to do, and comes before the many who only
// note that the commit is a newer one.
#pragma once

#include <set>
#include <string>

#include "sources/tree.h"

namespace slipway::gitops {

// All directories with a file below them that came, went or changed; "" is the root.
std::set<std::string> touched_directories(const sources::Tree& before, const sources::Tree& after);

}  // namespace slipway::gitops
