// One line of the table language, token by token. For those who read the tables.
#pragma once

#include <string_view>

#include "base/text.h"

namespace slipway::kinds {

// A token ends at white space outside quotes.
class TableLine {
 public:
  explicit TableLine(std::string_view text) : rest_(text) {}
  std::string_view next() {
    size_t at = 0;
    while (at < rest_.size() && rest_[at] == ' ') ++at;
    size_t end = at;
    bool quoted = false;
    while (end < rest_.size() && (quoted || rest_[end] != ' ')) {
      if (rest_[end] == '"') quoted = !quoted;
      ++end;
    }
    std::string_view token = rest_.substr(at, end - at);
    rest_.remove_prefix(end);
    return token;
  }
  std::string_view rest() const { return base::trim(rest_); }

 private:
  std::string_view rest_;
};

// Takes the first line off a table's text, without its line break.
inline std::string_view take_line(std::string_view& text) {
  size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == text.npos ? text.size() : end + 1);
  return line;
}

}  // namespace slipway::kinds
