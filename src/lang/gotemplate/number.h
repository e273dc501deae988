// Numbers as Go's strconv reads them.
#pragma once

#include <cstdint>
#include <string_view>

namespace slipway::lang::gotemplate {

enum class ReadNumber { ok, syntax, range };  // range: the value is the nearest that fits

// strconv.ParseUint and ParseInt with 64 bits; base 0: by prefix (0x, 0o, 0b, 0), underscores between digits allowed.
ReadNumber read_uint(std::string_view s, int base, uint64_t& out);
ReadNumber read_int(std::string_view s, int base, int64_t& out);
// strconv.ParseFloat with 64 bits: also hexadecimal, "inf", "nan".
ReadNumber read_float(std::string_view s, double& out);
// Go's conversion of a float64 to int64 on amd64: what does not fit becomes the smallest.
int64_t float_to_int(double d);

}  // namespace slipway::lang::gotemplate
