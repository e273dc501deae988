// What a value is, in the words of people who write YAML.
#pragma once

#include <string_view>

#include "value/value.h"

namespace slipway::render {

inline std::string_view words(value::Type type) {
  switch (type) {
    case value::Type::null:
      return "nothing";
    case value::Type::boolean:
      return "a boolean";
    case value::Type::integer:
    case value::Type::real:
      return "a number";
    case value::Type::string:
      return "a text";
    case value::Type::array:
      return "a list";
    case value::Type::object:
      return "a mapping";
  }
  return "";
}

}  // namespace slipway::render
