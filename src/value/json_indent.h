// Lines and indents for JSON text that is made piece by piece.
#pragma once

#include <string>
#include <string_view>

namespace slipway::value {

// Two spaces a level, as to_json_pretty() writes a Value.
class JsonIndenter {
 public:
  // The next piece of one JSON text, which may be cut anywhere, with lines and indents. White space between its tokens
  // is dropped.
  std::string next(std::string_view piece);

 private:
  size_t depth_ = 0;
  bool in_string_ = false, escaped_ = false;
  bool opened_ = false;  // a brace, and nothing after it yet
};

}  // namespace slipway::value
