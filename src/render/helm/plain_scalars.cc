#include "render/helm/plain_scalars.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "value/utf8.h"
#include "value/yaml_scalar.h"

namespace slipway::render::helm {

namespace {

using Kind = ScalarText::Kind;

enum : uint8_t { kInKey = 1, kInFlowWord = 2, kNotFirst = 4 };

constexpr std::array<uint8_t, 256> classes() {
  std::array<uint8_t, 256> all{};
  for (int c = 0; c < 128; ++c) {
    bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (word || c == '-' || c == '.' || c == '/' || c == '$') all[static_cast<size_t>(c)] |= kInKey | kInFlowWord;
  }
  for (char c : {'=', '+', '@', '*', '(', ')', '<', '>', '%', ';', '^', '~'})
    all[static_cast<unsigned char>(c)] |= kInFlowWord;
  // what a plain scalar cannot begin with, or what it would mean something else with
  for (char c : std::string_view("!&*|>'\"%@`#{}[],?:\t")) all[static_cast<unsigned char>(c)] |= kNotFirst;
  return all;
}
constexpr std::array<uint8_t, 256> kClass = classes();

bool is(char c, uint8_t what) {
  return (kClass[static_cast<unsigned char>(c)] & what) != 0;
}

bool starts_plain(std::string_view s) {
  char c = s[0], next = s.size() > 1 ? s[1] : ' ';
  if (is(c, kNotFirst)) return false;
  if (c == '-') return next != ' ' && next != '.';
  // .inf and .nan have no JSON; "..." and "<<" mean something else
  if (c == '+') return next != '.';
  if (c == '.') {
    auto lower = [&](size_t i) { return i < s.size() ? s[i] | 0x20 : 0; };
    bool no_number = (lower(1) == 'i' && lower(2) == 'n') || (lower(1) == 'n' && lower(2) == 'a');
    return next != '.' && !no_number;
  }
  if (c == '<') return next != '<';
  return true;
}

// What ends a plain scalar before the line does: a comment's place; npos: nothing. `colon`: a key begins instead.
size_t plain_end(std::string_view s, bool& colon) {
  colon = false;
  for (size_t at = s.find(':'); at != s.npos; at = s.find(':', at + 1))
    if (at + 1 == s.size() || s[at + 1] == ' ') {
      size_t comment = s.find(" #");
      colon = comment == s.npos || comment > at;
      return comment;
    }
  for (size_t at = s.find('#'); at != s.npos; at = s.find('#', at + 1))
    if (at > 0 && s[at - 1] == ' ') return at - 1;
  return s.npos;
}

std::string_view without_blanks(std::string_view s) {
  while (s.ends_with(' ')) s.remove_suffix(1);
  return s;
}

ScalarText plain(std::string_view line, Lines& more, int block_column) {
  if (!starts_plain(line)) return {};
  bool colon = false;
  size_t end = plain_end(line, colon);
  if (colon) return {};
  if (end != line.npos) return {Kind::plain, without_blanks(line.substr(0, end)), false};
  ScalarText out{Kind::plain, line, false};
  // deeper lines go on with it
  for (int column = more.next_column(); column > block_column; column = more.next_column()) {
    std::string_view next = more.next();
    while (blanks_before(next) == next.size()) next = more.next();
    next = without_blanks(next.substr(static_cast<size_t>(column)));
    if (next[0] == '#' || next[0] == '\t' || plain_end(next, colon) != next.npos || colon) return {};
    out = {Kind::plain, {}, true};
  }
  return out;
}

// Behind the closing quote or bracket: nothing, or a comment.
bool ends_here(std::string_view s) {
  if (s.empty()) return true;
  size_t at = blanks_before(s);
  return at > 0 && (at == s.size() || s[at] == '#');
}

// The place of the closing quote; npos: not on this line, or something that only the full reader knows: `sure` false.
size_t closing_quote(std::string_view s, size_t at, char quote, bool& sure) {
  sure = true;
  for (; at < s.size(); ++at) {
    if (s[at] == quote) {
      if (quote == '"' || at + 1 == s.size() || s[at + 1] != '\'') return at;
      ++at;
    } else if (s[at] == '\\' && quote == '"') {
      if (++at < s.size() && std::string_view("nrt\\\"/0 abefv_").find(s[at]) == std::string_view::npos) {
        sure = false;
        return s.npos;
      }
    }
  }
  return s.npos;
}

ScalarText quoted(std::string_view line, Lines& more, int block_column) {
  char quote = line[0];
  bool sure = false;
  size_t end = closing_quote(line, 1, quote, sure);
  if (end != line.npos)
    return ends_here(line.substr(end + 1)) ? ScalarText{Kind::quoted, line.substr(0, end + 1), false} : ScalarText{};
  while (sure && !more.at_end()) {
    std::string_view next = more.next();
    size_t column = blanks_before(next);
    if (column == next.size()) continue;
    if (static_cast<int>(column) <= block_column) return {};
    end = closing_quote(next, column, quote, sure);
    if (end != next.npos) return ends_here(next.substr(end + 1)) ? ScalarText{Kind::quoted, {}, true} : ScalarText{};
  }
  return {};
}

// [a, "b", {c: d}] on one line: how many bytes; 0: not sure. `depth` bounds the recursion.
size_t flow(std::string_view s, int depth) {
  if (depth > 20) return 0;
  bool map = s[0] == '{';
  char close = map ? '}' : ']';
  size_t at = 1;
  auto blanks = [&] {
    while (at < s.size() && s[at] == ' ') ++at;
    return at < s.size();
  };
  auto word = [&](bool key) {
    if (s[at] == '"' || s[at] == '\'') {
      bool sure = false;
      size_t end = closing_quote(s, at + 1, s[at], sure);
      if (end == s.npos || end - at > 200) return false;
      at = end + 1;
      return true;
    }
    if (!key && (s[at] == '[' || s[at] == '{')) {
      size_t n = flow(s.substr(at), depth + 1);
      at += n;
      return n > 0;
    }
    size_t begin = at;
    if (!is(s[at], kInKey) || s[at] == '-' || s[at] == '.') return false;
    while (at < s.size() && is(s[at], key ? kInKey : kInFlowWord)) ++at;
    std::string_view text = s.substr(begin, at - begin);
    return !key || value::resolve_plain(text, value::YamlRules::sigs).kind == value::Scalar::Kind::string;
  };
  for (;;) {
    if (!blanks()) return 0;
    if (s[at] == close) return at + 1;
    if (!word(map)) return 0;
    if (map) {
      if (at + 1 >= s.size() || s[at] != ':' || s[at + 1] != ' ') return 0;
      ++at;
      if (!blanks() || !word(false)) return 0;
    }
    if (!blanks()) return 0;
    if (s[at] == close) return at + 1;
    if (s[at] != ',') return 0;
    ++at;
  }
}

// Behind | or >: "-", "+", a digit, or two of them in either order.
ScalarText block(std::string_view head, Lines& more, int block_column) {
  int indent = -1, chomps = 0;
  for (char c : head.substr(1)) {
    if (c == '-' || c == '+') {
      if (++chomps > 1) return {};
      continue;
    }
    if (c < '1' || c > '9' || indent >= 0) return {};
    indent = block_column + (c - '0');
  }
  int widest = 0;  // of blank lines before the first line: it must not be less deep
  while (!more.at_end()) {
    std::string_view line = more.peek();
    size_t blanks = blanks_before(line);
    auto column = static_cast<int>(blanks);
    if (blanks < line.size()) {
      if (column <= block_column) break;
      if (indent < 0) indent = std::max(column, widest);
      if (column < indent || (column == indent && line[blanks] == '\t')) return {};
    } else {
      widest = std::max(widest, column);
    }
    more.next();
  }
  return {Kind::block, {}, true};
}

}  // namespace

std::string_view Lines::next() {
  size_t end = rest_.find('\n');
  std::string_view line = rest_.substr(0, end);
  rest_ = end == rest_.npos ? std::string_view() : rest_.substr(end + 1);
  return line;
}

int Lines::next_column() const {
  for (std::string_view rest = rest_; !rest.empty();) {
    size_t at = blanks_before(rest);
    if (at == rest.size()) return -1;
    if (rest[at] != '\n') return static_cast<int>(at);
    rest.remove_prefix(at + 1);
  }
  return -1;
}

size_t blanks_before(std::string_view line) {
  size_t at = 0;
  for (uint64_t eight; at + 8 <= line.size(); at += 8) {
    std::memcpy(&eight, line.data() + at, 8);
    if (eight != 0x2020202020202020) break;
  }
  while (at < line.size() && line[at] == ' ') ++at;
  return at;
}

ScalarText take_scalar(std::string_view line, Lines& more, int block_column) {
  switch (line[0]) {
    case '"':
    case '\'':
      return quoted(line, more, block_column);
    case '|':
    case '>':
      return block(line, more, block_column);
    case '[':
    case '{': {
      size_t n = flow(line, 0);
      return n > 0 && ends_here(line.substr(n)) ? ScalarText{Kind::flow, line.substr(0, n), false} : ScalarText{};
    }
    default:
      return plain(line, more, block_column);
  }
}

size_t key_length(std::string_view line) {
  auto ends = [&](size_t at) {
    return at < line.size() && line[at] == ':' && (at + 1 == line.size() || line[at + 1] == ' ');
  };
  if (line[0] == '"' || line[0] == '\'') {
    size_t close = line.find_first_of("\"'\\", 1);
    return close != line.npos && line[close] == line[0] && close < 200 && ends(close + 1) ? close + 1 : 0;
  }
  size_t n = 0;
  while (n < line.size() && is(line[n], kInKey)) ++n;
  if (n == 0 || n > 200 || !ends(n) || line[0] == '-' || line[0] == '.') return 0;
  // words that are no strings ("on", "null", numbers) are short, or do not begin with a letter
  bool letter = (line[0] | 0x20) >= 'a' && (line[0] | 0x20) <= 'z';
  if (letter && n > 5) return n;
  return value::resolve_plain(line.substr(0, n), value::YamlRules::sigs).kind == value::Scalar::Kind::string ? n : 0;
}

bool fine_bytes(std::string_view text, bool& tabs) {
  // bytes only, so that the compiler takes sixteen at a time
  uint8_t wrong = 0, high = 0, tab = 0;
  for (char byte : text) {
    auto c = static_cast<uint8_t>(byte);
    uint8_t is_tab = c == '\t', is_newline = c == '\n', is_control = c < 0x20, is_delete = c == 0x7F;
    wrong |= static_cast<uint8_t>((is_control ^ is_tab ^ is_newline) | is_delete);
    tab |= is_tab;
    high |= c;
  }
  tabs = tab != 0;
  if (wrong != 0) return false;
  if (high < 0x80) return true;
  for (size_t at = 0; at < text.size();) {
    uint64_t eight = 0;
    if (at + 8 <= text.size()) {
      std::memcpy(&eight, text.data() + at, 8);
      if ((eight & 0x8080808080808080) == 0) {
        at += 8;
        continue;
      }
    }
    if (static_cast<unsigned char>(text[at]) < 0x80) {
      ++at;
      continue;
    }
    value::Rune r = value::decode_rune(text.substr(at));
    bool breaks = r.code == 0x2028 || r.code == 0x2029;
    if (!r.valid || r.code < 0xA0 || breaks || r.code == 0xFEFF || r.code == 0xFFFE || r.code == 0xFFFF) return false;
    at += static_cast<size_t>(r.length);
  }
  return true;
}

}  // namespace slipway::render::helm
