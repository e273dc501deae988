// What is wrong with a text, as Go's time, base64 and resource packages say it.
#include "kinds/go_errors.h"

#include "base/text.h"

#include <fmt/format.h>

#include <array>
#include <cctype>

namespace slipway::kinds {

std::string_view quantity_error(std::string_view text) {
  size_t at = 0;
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
  size_t digits = 0, dots = 0;
  for (; at < text.size() && (std::isdigit(static_cast<unsigned char>(text[at])) || text[at] == '.'); ++at)
    text[at] == '.' ? ++dots : ++digits;
  size_t suffix = at;
  while (at < text.size() && std::string_view("eEinumkKMGTP").find(text[at]) != std::string_view::npos) ++at;
  if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
  while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at]))) ++at;
  if (at < text.size() || text.empty() || dots > 1) return quantity_format_text;
  if (digits == 0) return suffix == text.size() ? quantity_format_text : "unable to parse numeric part of quantity";
  return "unable to parse quantity's suffix";
}

std::optional<std::string> go_time_error(std::string_view text, bool micro) {
  std::string_view layout = micro ? "2006-01-02T15:04:05.000000Z07:00" : "2006-01-02T15:04:05Z07:00";
  struct Element {
    std::string_view layout;
    int digits;  // 0: literal
    int least, most;
    std::string_view range;
  };
  static constexpr std::array<Element, 11> elements{{{"2006", 4, 0, 9999, ""},
                                                     {"-", 0, 0, 0, ""},
                                                     {"01", 2, 1, 12, "month"},
                                                     {"-", 0, 0, 0, ""},
                                                     {"02", 2, 1, 31, "day"},
                                                     {"T", 0, 0, 0, ""},
                                                     {"15", 2, 0, 23, "hour"},
                                                     {":", 0, 0, 0, ""},
                                                     {"04", 2, 0, 59, "minute"},
                                                     {":", 0, 0, 0, ""},
                                                     {"05", 2, 0, 59, "second"}}};
  auto refuse = [&](std::string_view rest, std::string_view element) {
    return fmt::format("parsing time \"{}\" as \"{}\": cannot parse \"{}\" as \"{}\"", text, layout, rest, element);
  };
  std::string_view rest = text;
  auto all_digits = [](std::string_view s) {
    for (char c : s)
      if (!std::isdigit(static_cast<unsigned char>(c))) return false;
    return true;
  };
  for (const Element& e : elements) {
    if (e.digits == 0) {
      if (!rest.starts_with(e.layout)) return refuse(rest, e.layout);
      rest.remove_prefix(1);
      continue;
    }
    auto width = static_cast<size_t>(e.digits);
    if (rest.size() < width || !all_digits(rest.substr(0, width))) return refuse(rest, e.layout);
    int number = 0;
    for (char c : rest.substr(0, width)) number = number * 10 + (c - '0');
    if (number < e.least || number > e.most) return fmt::format("parsing time \"{}\": {} out of range", text, e.range);
    rest.remove_prefix(width);
  }
  if (micro) {
    if (rest.size() < 7 || rest[0] != '.' || !all_digits(rest.substr(1, 6))) return refuse(rest, ".000000");
    rest.remove_prefix(7);
  } else if (rest.size() >= 2 && (rest[0] == '.' || rest[0] == ',') && all_digits(rest.substr(1, 1))) {
    rest.remove_prefix(1);
    while (!rest.empty() && all_digits(rest.substr(0, 1))) rest.remove_prefix(1);
  }
  bool zone = rest.starts_with("Z");
  if (zone) {
    rest.remove_prefix(1);
  } else {
    if (rest.size() < 6 || (rest[0] != '+' && rest[0] != '-') || rest[3] != ':' || !all_digits(rest.substr(1, 2)) ||
        !all_digits(rest.substr(4, 2)))
      return refuse(rest, "Z07:00");
    if (rest.substr(1, 2) > "24") return fmt::format("parsing time \"{}\": time zone offset hour out of range", text);
    if (rest.substr(4, 2) > "60") return fmt::format("parsing time \"{}\": time zone offset minute out of range", text);
    rest.remove_prefix(6);
  }
  if (!rest.empty()) return fmt::format("parsing time \"{}\": extra text: \"{}\"", text, rest);
  return std::nullopt;
}

std::optional<size_t> bad_base64_at(std::string_view text) {
  size_t quantum = 0, padding = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    auto c = static_cast<unsigned char>(text[i]);
    if (c == '\r' || c == '\n') continue;
    if (padding > 0) {
      if (c != '=' || quantum + padding >= 4) return i;
      ++padding;
      continue;
    }
    if (c == '=') {
      if (quantum < 2) return i;
      padding = 1;
      continue;
    }
    if (!std::isalnum(c) && c != '+' && c != '/') return i;
    quantum = (quantum + 1) % 4;
  }
  if (padding ? quantum + padding != 4 : quantum != 0) return text.size() - (padding ? 0 : quantum);
  return std::nullopt;
}

namespace {

std::string quoted_character(char c) {
  if (c == '\'') return R"('\'')";
  if (c == '"') return R"('"')";
  auto byte = static_cast<unsigned char>(c);
  switch (c) {
    case '\n':
      return R"('\n')";
    case '\r':
      return R"('\r')";
    case '\t':
      return R"('\t')";
    default:
      break;
  }
  if (byte == 0x7f || byte < 0x20) return fmt::format("'\\x{:02x}'", byte);
  if (byte < 0x80) return fmt::format("'{}'", c);
  // Go looks at one byte and prints the character of that number.
  if (byte < 0xa0 || byte == 0xad) return fmt::format("'\\u{:04x}'", byte);
  return fmt::format("'{}{}'", static_cast<char>(0xc0 | byte >> 6), static_cast<char>(0x80 | (byte & 0x3f)));
}

// A recursive reading would nest as deep as the text: the open brackets stand on a stack, as they do in Go.
class JsonScanner {
 public:
  explicit JsonScanner(std::string_view text) : text_(text) {}

  std::optional<std::string> error() {
    std::string open;
    bool need_value = true;
    while (true) {
      space();
      if (need_value) {
        if (end()) return cut();
        char c = text_[at_];
        if (c == '{' || c == '[') {
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
        if (end()) return std::nullopt;
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
};

}  // namespace

std::optional<std::string> go_json_error(std::string_view text) {
  return JsonScanner(text).error();
}

std::string go_print(const Value& v) {
  switch (v.type()) {
    case value::Type::null:
      return "<nil>";
    case value::Type::boolean:
      return v.as_bool() ? "true" : "false";
    case value::Type::integer:
      return std::to_string(v.as_int());
    case value::Type::real:
      return fmt::format("{}", v.as_double());
    case value::Type::string:
      return v.str();
    case value::Type::array: {
      std::vector<std::string> items;
      for (const Value& item : v.items()) items.push_back(go_print(item));
      return "[" + base::join(items, " ") + "]";
    }
    case value::Type::object: {
      std::vector<std::string> members;
      for (const auto& member : v.members()) members.push_back(member.key.str() + ":" + go_print(member.value));
      return "map[" + base::join(members, " ") + "]";
    }
  }
  return {};
}

}  // namespace slipway::kinds
