#include "value/json_indent.h"

namespace slipway::value {

std::string JsonIndenter::next(std::string_view piece) {
  std::string out;
  out.reserve(piece.size() + piece.size() / 2);
  auto begin_line = [&] { out.append(1, '\n').append(2 * depth_, ' '); };
  for (char c : piece) {
    if (in_string_) {
      out += c;
      if (escaped_) {
        escaped_ = false;
      } else {
        escaped_ = c == '\\';
        in_string_ = c != '"';
      }
      continue;
    }
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r') continue;
    bool closes = c == '}' || c == ']';
    if (closes && depth_ > 0) --depth_;
    if (opened_ != closes) begin_line();  // "{}" and "[]" stay together
    opened_ = c == '{' || c == '[';
    if (opened_) ++depth_;
    out += c;
    if (c == ',') begin_line();
    if (c == ':') out += ' ';
    in_string_ = c == '"';
  }
  return out;
}

}  // namespace slipway::value
