// How a number of a schema is written in its text: Value holds what it means. For schema.
#pragma once

#include <string_view>

#include "value/value.h"

namespace slipway::render::helm {

// The word in `text`, which is JSON and was read to `root`, that `number`, a place within `root`, stands for; "" where
// it is none of them.
std::string_view number_spelling(std::string_view text, const Value& root, const Value* number);

}  // namespace slipway::render::helm
