// How a number of a schema is written in its text: Value holds what it means. For schema.
#pragma once

#include <string_view>
#include <unordered_map>

#include "value/value.h"

namespace slipway::render::helm {

using NumberSpellings = std::unordered_map<const Value*, std::string_view>;

// The word in `text`, which is JSON and was read to `root`, that each number within `root` stands for.
NumberSpellings number_spellings(std::string_view text, const Value& root);

}  // namespace slipway::render::helm
