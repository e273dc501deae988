// Texts. Positions and widths count bytes wherever sprig's do.
#include <algorithm>

#include "base/text.h"
#include "lang/gotemplate/unicode.h"
#include "lang/sprig/families.h"
#include "lang/sprig/words.h"
#include "value/utf8.h"

namespace slipway::lang::sprig {

namespace {

using gotemplate::is_digit;
using gotemplate::is_letter;
using gotemplate::is_lower;
using gotemplate::is_space;
using gotemplate::is_title;
using gotemplate::is_upper;
using gotemplate::to_lower;
using gotemplate::to_title;
using gotemplate::to_upper;
using value::append_rune;
using value::decode_rune;
using value::Rune;

// Every character through `map`; wrong bytes become U+FFFD, as Go's strings.Map and []rune do.
template <class F>
std::string mapped(std::string_view s, F&& map) {
  std::string out;
  out.reserve(s.size());
  while (!s.empty()) {
    Rune r = decode_rune(s);
    append_rune(out, map(r.code));
    s.remove_prefix(static_cast<size_t>(r.length));
  }
  return out;
}

// strings.Trim: characters of `set` at both ends.
std::string_view trim_set(std::string_view s, std::string_view set) {
  auto in_set = [set](std::string_view c) {
    Rune r = decode_rune(c);
    for (std::string_view rest = set; !rest.empty();) {
      Rune q = decode_rune(rest);
      if (q.code == r.code) return true;
      rest.remove_prefix(static_cast<size_t>(q.length));
    }
    return false;
  };
  while (!s.empty() && in_set(s)) s.remove_prefix(static_cast<size_t>(decode_rune(s).length));
  while (!s.empty()) {
    size_t at = s.size() - 1;
    while (at > 0 && (s[at] & 0xC0) == 0x80 && s.size() - at < 4) --at;
    if (static_cast<size_t>(decode_rune(s.substr(at)).length) != s.size() - at) at = s.size() - 1;
    if (!in_set(s.substr(at))) break;
    s = s.substr(0, at);
  }
  return s;
}

// strings.Title: a letter after what is neither letter, digit, underscore nor blankless symbol.
std::string title(std::string_view s) {
  char32_t before = ' ';
  return mapped(s, [&before](char32_t c) {
    char32_t p = std::exchange(before, c);
    bool separator;
    if (p < 0x80)
      separator = !(is_letter(p) || is_digit(p) || p == '_');
    else
      separator = !is_letter(p) && !is_digit(p) && is_space(p);
    return separator ? to_title(c) : c;
  });
}

std::string untitle(std::string_view s) {
  bool next = true;
  return mapped(s, [&next](char32_t c) {
    if (is_space(c)) {
      next = true;
      return c;
    }
    return std::exchange(next, false) ? to_lower(c) : c;
  });
}

std::string swap_case(std::string_view s) {
  bool blank = true;
  return mapped(s, [&blank](char32_t c) {
    if (is_upper(c) || is_title(c)) {
      blank = false;
      return to_lower(c);
    }
    if (is_lower(c)) return std::exchange(blank, false) ? to_title(c) : to_upper(c);
    blank = is_space(c);
    return c;
  });
}

std::string initials(std::string_view s) {  // byte by byte, each byte a character
  std::string out;
  bool next = true;
  for (char ch : s) {
    auto c = static_cast<unsigned char>(ch);
    if (is_space(c))
      next = true;
    else if (std::exchange(next, false))
      append_rune(out, c);
  }
  return out;
}

std::string nospace(std::string_view s) {  // byte by byte, each byte a character
  std::string out;
  bool removed = false;
  for (char ch : s) {
    auto c = static_cast<unsigned char>(ch);
    if (is_space(c))
      removed = true;
    else
      append_rune(out, c);
  }
  return removed ? out : std::string(s);
}

std::string abbreviate(std::string_view s, int64_t offset, int64_t width) {
  auto n = static_cast<int64_t>(s.size());
  if (s.empty() || width < 4) return "";
  if (n <= width) return std::string(s);
  offset = std::min(offset, n);
  if (n - offset < width - 3) offset = n - (width - 3);
  auto cut = [s](int64_t from, int64_t to) {
    return std::string(s.substr(static_cast<size_t>(from), static_cast<size_t>(to - from)));
  };
  if (offset <= 4) return cut(0, width - 3) + "...";
  if (width < 7) return "";
  if (offset + width - 3 < n) return "..." + abbreviate(s.substr(static_cast<size_t>(offset)), 0, width - 3);
  return "..." + cut(n - (width - 3), n);
}

std::string wrap(std::string_view s, int64_t width, std::string_view newline, bool long_words) {
  if (s.empty()) return "";
  if (newline.empty()) newline = "\n";
  width = std::max<int64_t>(width, 1);
  auto n = static_cast<int64_t>(s.size());
  std::string out;
  int64_t at = 0;
  auto put = [&](int64_t to) {
    out += s.substr(static_cast<size_t>(at), static_cast<size_t>(to - at));
    out += newline;
  };
  while (n - at > width) {
    if (s[static_cast<size_t>(at)] == ' ') {
      ++at;
      continue;
    }
    size_t blank = s.substr(static_cast<size_t>(at), static_cast<size_t>(width) + 1).rfind(' ');
    if (blank != s.npos) {
      put(at + static_cast<int64_t>(blank));
      at += static_cast<int64_t>(blank) + 1;
    } else if (long_words) {
      put(at + width);
      at += width;
    } else {
      size_t next = s.find(' ', static_cast<size_t>(at + width));
      if (next == s.npos) {
        out += s.substr(static_cast<size_t>(at));
        at = n;
      } else {
        put(static_cast<int64_t>(next));
        at = static_cast<int64_t>(next) + 1;
      }
    }
  }
  return out + std::string(s.substr(static_cast<size_t>(at)));
}

Any repeat(Call& c, int64_t count, std::string_view s) {
  if (count < 0) return c.fail("strings: negative Repeat count");
  if (!s.empty() && static_cast<uint64_t>(count) > (uint64_t{1} << 40) / s.size()) count = int64_t{1} << 40;
  if (!c.charge(static_cast<size_t>(count) * s.size())) return Any();
  std::string out;
  out.reserve(static_cast<size_t>(count) * s.size());
  size_t whole = static_cast<size_t>(count) * s.size();
  if (whole > 0) out += s;
  while (out.size() < whole) out.append(out, 0, std::min(out.size(), whole - out.size()));
  return Any::of(out);
}

Any indent(Call& c, bool newline) {
  int64_t n = c.integer(0);
  std::string_view s = c.text(1);
  if (n < 0) return c.fail("strings: negative Repeat count");
  auto lines = static_cast<size_t>(std::count(s.begin(), s.end(), '\n'));
  if (n > (int64_t{1} << 40) || !c.charge(s.size() + (lines + 1) * static_cast<size_t>(n))) {
    c.charge(SIZE_MAX);
    return Any();
  }
  auto pad = static_cast<size_t>(n);
  std::string out;
  out.reserve(s.size() + (lines + 1) * pad + 1);
  if (newline) out += '\n';
  out.append(pad, ' ');
  for (;;) {
    size_t end = s.find('\n');
    if (end == s.npos) break;
    out += s.substr(0, end + 1);
    out.append(pad, ' ');
    s.remove_prefix(end + 1);
  }
  out += s;
  return Any::of(out);
}

Any trunc(Call& c) {
  int64_t n = c.integer(0);
  std::string_view s = c.text(1);
  auto size = static_cast<int64_t>(s.size());
  if (n < 0 && size + n > 0) return Any::of(s.substr(static_cast<size_t>(size + n)));
  if (n >= 0 && size > n) return Any::of(s.substr(0, static_cast<size_t>(n)));
  return c[1];
}

Any substr(Call& c) {
  int64_t start = c.integer(0), end = c.integer(1);
  std::string_view s = c.text(2);
  auto size = static_cast<int64_t>(s.size());
  if (start < 0) {
    if (end < 0) return c.fail(fmt::format("runtime error: slice bounds out of range [:{}]", end));
    if (end > size)
      return c.fail(fmt::format("runtime error: slice bounds out of range [:{}] with length {}", end, size));
    return Any::of(s.substr(0, static_cast<size_t>(end)));
  }
  if (end < 0 || end > size) {
    if (start > size) return c.fail(fmt::format("runtime error: slice bounds out of range [{}:{}]", start, size));
    return Any::of(s.substr(static_cast<size_t>(start)));
  }
  if (start > end) return c.fail(fmt::format("runtime error: slice bounds out of range [{}:{}]", start, end));
  return Any::of(s.substr(static_cast<size_t>(start), static_cast<size_t>(end - start)));
}

std::string replace(std::string_view s, std::string_view from, std::string_view to) {
  std::string out;
  if (from == to) return std::string(s);
  if (from.empty()) {  // before every character and at the end
    while (!s.empty()) {
      out += to;
      auto n = static_cast<size_t>(decode_rune(s).length);
      out += s.substr(0, n);
      s.remove_prefix(n);
    }
    return out += to;
  }
  for (;;) {
    size_t at = s.find(from);
    if (at == s.npos) break;
    out += s.substr(0, at);
    out += to;
    s.remove_prefix(at + from.size());
  }
  return out += s;
}

// strings.SplitN; n < 0: all.
std::vector<std::string_view> split(std::string_view s, std::string_view separator, int64_t n) {
  std::vector<std::string_view> out;
  if (n == 0) return out;
  if (separator.empty()) {
    while (!s.empty() && (n < 0 || static_cast<int64_t>(out.size()) + 1 < n)) {
      auto length = static_cast<size_t>(decode_rune(s).length);
      out.push_back(s.substr(0, length));
      s.remove_prefix(length);
    }
    if (!s.empty()) out.push_back(s);
    return out;
  }
  while (n < 0 || static_cast<int64_t>(out.size()) + 1 < n) {
    size_t at = s.find(separator);
    if (at == s.npos) break;
    out.push_back(s.substr(0, at));
    s.remove_prefix(at + separator.size());
  }
  out.push_back(s);
  return out;
}

Any numbered(Call& c, const std::vector<std::string_view>& parts) {
  if (!c.charge(parts.size() * 64)) return Any();
  Any map = c.heap().map(types::string_map);
  for (size_t i = 0; i < parts.size(); ++i) map.dict()->set(value::Key(fmt::format("_{}", i)), Any::of(parts[i]));
  return map;
}

Any quoted(Call& c, bool single) {
  std::string out;
  bool first = true;
  for (const Any& v : c.arguments()) {
    if (v.is_nil()) continue;
    if (!std::exchange(first, false)) out += ' ';
    out += single ? "'" + gotemplate::printed(v) + "'" : gotemplate::quote(to_text(v));
  }
  return counted(c, std::move(out));
}

Any cat(Call& c) {
  std::string out;
  bool first = true;
  for (const Any& v : c.arguments()) {
    if (v.is_nil()) continue;
    if (!std::exchange(first, false)) out += ' ';
    out += gotemplate::printed(v);
  }
  return counted(c, std::move(out));
}

}  // namespace

std::string_view trim_space(std::string_view s) {
  while (!s.empty()) {
    Rune r = decode_rune(s);
    if (!is_space(r.code)) break;
    s.remove_prefix(static_cast<size_t>(r.length));
  }
  while (!s.empty()) {
    size_t at = s.size() - 1;
    while (at > 0 && (s[at] & 0xC0) == 0x80 && s.size() - at < 4) --at;
    Rune r = decode_rune(s.substr(at));
    if (static_cast<size_t>(r.length) != s.size() - at) r = decode_rune(s.substr(at = s.size() - 1));
    if (!is_space(r.code)) break;
    s = s.substr(0, at);
  }
  return s;
}

void add_strings(Functions& f) {
  auto text = [&f](std::string_view name, std::string (*run)(std::string_view)) {
    f.add(name, "(string) string", [run](Call& c) { return counted(c, run(c.text(0))); });
  };
  f.add("hello", "() string", [](Call&) { return Any::of("Hello!"); });
  f.add("abbrev", "(int, string) string",
        [](Call& c) { return c.integer(0) < 4 ? c[1] : Any::of(abbreviate(c.text(1), 0, c.integer(0))); });
  f.add("abbrevboth", "(int, int, string) string", [](Call& c) {
    int64_t left = c.integer(0), right = c.integer(1);
    if (right < 4 || (left > 0 && right < 7)) return c[2];
    return Any::of(abbreviate(c.text(2), left, right));
  });
  f.add("trunc", "(int, string) string", trunc);
  text("trim", [](std::string_view s) { return std::string(trim_space(s)); });
  text("upper", [](std::string_view s) { return mapped(s, to_upper); });
  text("lower", [](std::string_view s) { return mapped(s, to_lower); });
  text("title", title);
  text("untitle", untitle);
  text("nospace", nospace);
  text("initials", initials);
  text("swapcase", swap_case);
  text("snakecase", [](std::string_view s) { return lower_with(s, '_'); });
  text("kebabcase", [](std::string_view s) { return lower_with(s, '-'); });
  text("camelcase", pascal_case);
  f.add("substr", "(int, int, string) string", substr);
  f.add("repeat", "(int, string) string", [](Call& c) { return repeat(c, c.integer(0), c.text(1)); });
  for (const char* name : {"trimall", "trimAll"})
    f.add(name, "(string, string) string", [](Call& c) { return Any::of(trim_set(c.text(1), c.text(0))); });
  f.add("trimSuffix", "(string, string) string", [](Call& c) {
    std::string_view s = c.text(1);
    if (s.ends_with(c.text(0))) s.remove_suffix(c.text(0).size());
    return Any::of(s);
  });
  f.add("trimPrefix", "(string, string) string", [](Call& c) {
    std::string_view s = c.text(1);
    if (s.starts_with(c.text(0))) s.remove_prefix(c.text(0).size());
    return Any::of(s);
  });
  f.add("wrap", "(int, string) string", [](Call& c) { return counted(c, wrap(c.text(1), c.integer(0), "", false)); });
  f.add("wrapWith", "(int, string, string) string", [](Call& c) {
    if (!c.charge(c.text(1).size() * c.text(2).size())) return Any();
    return counted(c, wrap(c.text(2), c.integer(0), c.text(1), true));
  });
  f.add("contains", "(string, string) bool",
        [](Call& c) { return Any::of(c.text(1).find(c.text(0)) != std::string_view::npos); });
  f.add("hasPrefix", "(string, string) bool", [](Call& c) { return Any::of(c.text(1).starts_with(c.text(0))); });
  f.add("hasSuffix", "(string, string) bool", [](Call& c) { return Any::of(c.text(1).ends_with(c.text(0))); });
  f.add("quote", "(...any) string", [](Call& c) { return quoted(c, false); });
  f.add("squote", "(...any) string", [](Call& c) { return quoted(c, true); });
  f.add("cat", "(...any) string", cat);
  f.add("indent", "(int, string) string", [](Call& c) { return indent(c, false); });
  f.add("nindent", "(int, string) string", [](Call& c) { return indent(c, true); });
  f.add("replace", "(string, string, string) string", [](Call& c) {
    std::string_view s = c.text(2);
    std::string_view from = c.text(0), to = c.text(1);
    if (to.size() > from.size() && (s.size() / std::max<size_t>(from.size(), 1) + 1) * to.size() > 1 << 20) {
      size_t found = from.empty() ? s.size() + 1 : 0;
      for (size_t at = s.find(from); !from.empty() && at != s.npos; at = s.find(from, at + from.size())) ++found;
      if (!c.charge(found * to.size())) return Any();
    }
    return counted(c, replace(s, c.text(0), c.text(1)));
  });
  f.add("plural", "(string, string, int) string", [](Call& c) { return c.integer(2) == 1 ? c[0] : c[1]; });
  f.add("toString", "(any) string", [](Call& c) { return counted(c, to_text(c[0])); });
  f.add("split", "(string, string) map[string]string",
        [](Call& c) { return numbered(c, split(c.text(1), c.text(0), -1)); });
  f.add("splitn", "(string, int, string) map[string]string",
        [](Call& c) { return numbered(c, split(c.text(2), c.text(0), c.integer(1))); });
  f.add("splitList", "(string, string) []string", [](Call& c) {
    std::vector<Any> items;
    std::vector<std::string_view> parts = split(c.text(1), c.text(0), -1);
    if (!c.charge(parts.size() * sizeof(Any) * 2)) return Any();
    for (std::string_view part : parts) items.push_back(Any::of(part));
    return c.heap().list(std::move(items), types::string_list);
  });
  f.add("join", "(string, any) string", [](Call& c) {
    std::vector<std::string> texts = text_list(c, c[1]);
    if (!c.charge(texts.size() * c.text(0).size())) return Any();
    return counted(c, base::join(texts, c.text(0)));
  });
  f.add("toStrings", "(any) []string", [](Call& c) {
    if (c[0].type() == &types::string_list) return c[0];
    return c.heap().strings(text_list(c, c[0]));
  });
  f.add("sortAlpha", "(any) []string", [](Call& c) {
    std::vector<std::string> all = c[0].is_nil() ? std::vector<std::string>{"<nil>"} : text_list(c, c[0]);
    std::sort(all.begin(), all.end());
    return c.heap().strings(all);
  });
}

}  // namespace slipway::lang::sprig
