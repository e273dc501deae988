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

}  // namespace slipway::kinds
