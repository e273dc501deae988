// Walked only when a text was refused.
#include "value/json_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace slipway::value {

namespace {

std::string quoted_character(char c) {
  if (c == '\'') return R"('\'')";
  if (c == '\\') return R"('\\')";
  auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x07 && byte <= 0x0d) return fmt::format("'\\{}'", "abtnvfr"[byte - 0x07]);
  if (byte == 0x7f || byte < 0x20) return fmt::format("'\\x{:02x}'", byte);
  if (byte < 0x80) return fmt::format("'{}'", c);
  // Go looks at one byte and prints the character of that number.
  if (byte < 0xa0 || byte == 0xad) return fmt::format("'\\u{:04x}'", byte);
  return fmt::format("'{}{}'", static_cast<char>(0xc0 | byte >> 6), static_cast<char>(0x80 | (byte & 0x3f)));
}

// A recursive reading would nest as deep as the text: the open brackets stand on a stack, as they do in Go.
class JsonScanner {
 public:
  explicit JsonScanner(std::string_view text, bool prefix = false) : text_(text), prefix_(prefix) {}

  bool at_end() const { return end(); }
  size_t offset() const { return std::min(at_ + 1, text_.size()); }

  std::optional<std::string> error() {
    std::string open;
    bool need_value = true;
    while (true) {
      space();
      if (need_value) {
        if (end()) return cut();
        char c = text_[at_];
        if (c == '{' || c == '[') {
          if (open.size() >= depth_max) return invalid("exceeded max depth");
          ++at_;
          open += c;
          space();
          if (end()) return cut();
          if (text_[at_] == (c == '{' ? '}' : ']')) {
            need_value = false;
          } else if (c == '{') {
            if (auto wrong = key("looking for beginning of object key string")) return wrong;
          }
          continue;
        }
        if (auto wrong = scalar()) return wrong;
        need_value = false;
        continue;
      }
      if (open.empty()) {
        if (end() || prefix_) return std::nullopt;
        return invalid("after top-level value");
      }
      if (end()) return cut();
      bool object = open.back() == '{';
      if (text_[at_] == (object ? '}' : ']')) {
        ++at_;
        open.pop_back();
      } else if (text_[at_] == ',') {
        ++at_;
        if (object) {
          if (auto wrong = key("looking for beginning of object key string")) return wrong;
        }
        need_value = true;
      } else {
        return invalid(object ? "after object key:value pair" : "after array element");
      }
    }
  }

 private:
  static constexpr size_t depth_max = 10'000;
  bool end() const { return at_ >= text_.size(); }
  void space() {
    while (!end() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r' || text_[at_] == '\n')) ++at_;
  }
  static std::string cut() { return "unexpected end of JSON input"; }
  // Within a word or a number Go finds a space at the end.
  std::string invalid(std::string_view where) const {
    return fmt::format("invalid character {} {}", end() ? "' '" : quoted_character(text_[at_]), where);
  }
  std::optional<std::string> key(std::string_view otherwise) {
    space();
    if (end()) return cut();
    if (text_[at_] != '"') return invalid(otherwise);
    if (auto wrong = string()) return wrong;
    space();
    if (end()) return cut();
    if (text_[at_] != ':') return invalid("after object key");
    ++at_;
    return std::nullopt;
  }
  std::optional<std::string> string() {
    for (++at_; !end(); ++at_) {
      char c = text_[at_];
      if (c == '"') {
        ++at_;
        return std::nullopt;
      }
      if (static_cast<unsigned char>(c) < 0x20) return invalid("in string literal");
      if (c != '\\') continue;
      ++at_;
      if (!end() && text_[at_] == 'u') {
        for (int i = 0; i < 4; ++i) {
          ++at_;
          if (end() || !std::isxdigit(static_cast<unsigned char>(text_[at_])))
            return invalid("in \\u hexadecimal character escape");
        }
      } else if (end() || std::string_view("\"\\/bfnrt").find(text_[at_]) == std::string_view::npos) {
        return invalid("in string escape code");
      }
    }
    return cut();
  }
  std::optional<std::string> digits(std::string_view where) {
    if (end() || !std::isdigit(static_cast<unsigned char>(text_[at_]))) return invalid(where);
    while (!end() && std::isdigit(static_cast<unsigned char>(text_[at_]))) ++at_;
    return std::nullopt;
  }
  std::optional<std::string> scalar() {
    char c = text_[at_];
    if (c == '"') return string();
    for (std::string_view word : {"true", "false", "null"}) {
      if (c != word[0]) continue;
      for (size_t i = 1; i < word.size(); ++i) {
        ++at_;
        if (end() || text_[at_] != word[i])
          return invalid(fmt::format("in literal {} (expecting '{}')", word, word[i]));
      }
      ++at_;
      return std::nullopt;
    }
    if (c != '-' && !std::isdigit(static_cast<unsigned char>(c))) return invalid("looking for beginning of value");
    if (c == '-') ++at_;
    if (!end() && text_[at_] == '0') {
      ++at_;
    } else if (auto wrong = digits("in numeric literal")) {
      return wrong;
    }
    if (!end() && text_[at_] == '.') {
      ++at_;
      if (auto wrong = digits("after decimal point in numeric literal")) return wrong;
    }
    if (!end() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      ++at_;
      if (!end() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
      if (auto wrong = digits("in exponent of numeric literal")) return wrong;
    }
    return std::nullopt;
  }

  std::string_view text_;
  size_t at_ = 0;
  bool prefix_;  // what follows the first value is not judged
};

}  // namespace

std::optional<std::string> go_json_error(std::string_view text) {
  return JsonScanner(text).error();
}

std::optional<GoJsonFault> go_json_prefix_error(std::string_view text) {
  JsonScanner scanner(text, true);
  auto words = scanner.error();
  if (!words) return std::nullopt;
  bool cut = scanner.at_end();
  return GoJsonFault{cut ? "unexpected EOF" : *std::move(words), scanner.offset(), cut};
}

}  // namespace slipway::value
