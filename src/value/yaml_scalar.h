// What a plain YAML scalar means: the one place that knows, for reading and for deciding what must be quoted in
// writing. For the YAML reader and writer of this room.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "value/yaml.h"

namespace slipway::value {

struct Scalar {
  enum class Kind { null, boolean, integer, large, real, timestamp, merge, string };
  Kind kind = Kind::string;
  bool boolean = false;
  int64_t integer = 0;
  uint64_t large = 0;  // an integer above int64
  double real = 0;     // may be infinite or NaN: ".inf", ".nan"
};

// What "!!" stands for.
inline constexpr std::string_view kLongTagPrefix = "tag:yaml.org,2002:";

std::string_view tag_name(Scalar::Kind kind);  // "null", "bool", "int", "float", "timestamp", "merge" or "str"

// Resolves a plain scalar as go-yaml v2 (YAML 1.1: yes, no, on, off, y, n are booleans) or, by `rules`, as v3 does.
Scalar resolve_plain(std::string_view text, YamlRules rules);

// Whether go-yaml reads this as a date or time; `rfc3339`, when given, receives it as Go's time.Time writes itself to
// JSON.
bool is_timestamp(std::string_view text, std::string* rfc3339 = nullptr);

// Whether writing it plain would make another reader see something else than a string.
bool plain_is_no_string(std::string_view text);

}  // namespace slipway::value
