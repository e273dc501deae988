// time.Duration's arithmetic, in nanoseconds.
#pragma once

#include <cstdint>

namespace slipway::lang::gotemplate {

double duration_in(int64_t duration, int64_t unit);          // Hours() and the like: whole units and what is left
int64_t duration_truncated(int64_t duration, int64_t unit);  // Truncate(); `unit` of 0 or less: the same
int64_t duration_rounded(int64_t duration, int64_t unit);    // Round(); half of a unit goes away from zero

}  // namespace slipway::lang::gotemplate
