// Changes in place, for who holds a value alone and changes much in it one by one: a changed copy for each would cost,
// each time, all that stands beside.
#pragma once

#include "value/value.h"

namespace slipway::value {

// The member of this name, or the item of this index ("0", "17"), to be assigned to. What others hold as well is
// copied first, so that nobody else sees the change. Null when there is none.
Value* own_child(Value& v, std::string_view key);

}  // namespace slipway::value
