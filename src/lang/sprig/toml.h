// For this room: toml.cc writes, toml_read.cc reads.
#pragma once

#include "lang/sprig/families.h"

namespace slipway::lang::sprig {

// A character of a bare key.
inline bool is_bare(char c) {
  return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

// The zones of dates and times that say none.
constexpr const char *kLocalDateTime = "datetime-local", *kLocalDate = "date-local", *kLocalTime = "time-local";

Any read_toml(Call& call);  // fromToml: what is wrong stands under "Error"

}  // namespace slipway::lang::sprig
