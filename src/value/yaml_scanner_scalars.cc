// Texts of every style, and how their lines are joined.
#include <algorithm>

#include "value/utf8.h"
#include "value/yaml_scanner.h"

namespace slipway::value {

namespace {

constexpr const char* kInQuoted = "while parsing a quoted scalar";

// Characters that end no plain text, wherever they stand.
constexpr bool is_ordinary(char c) {
  auto u = static_cast<unsigned char>(c);
  return (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z') || (u >= '0' && u <= '9') || u == '-' || u == '_' ||
         u == '.' || u == '/' || u == '=' || u == '+' || u == '$' || u == '(' || u == ')';
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

// What stood between two words: the breaks, of which one alone is a blank and of several the first is none, or blanks.
void YamlScanner::Between::join(std::string& text) {
  if (!line_begins) {
    text += blanks;
  } else if (!first.empty() && first[0] == '\n') {
    text += more.empty() ? " " : more;
  } else {
    text += first;
    text += more;
  }
  *this = {};
}

bool YamlScanner::pass_between(Between& between, const YamlPosition& start, int indent) {
  while (is_blank() || is_break()) {
    if (is_blank()) {
      if (between.line_begins && position_.column < indent && at() == '\t')
        return wrong("while scanning a plain scalar", start, "found a tab character that violates indentation");
      if (between.line_begins)
        step();
      else
        take(between.blanks);
    } else if (!between.line_begins) {
      between.blanks.clear();
      take_line(between.first);
      between.line_begins = true;
    } else {
      take_line(between.more);
    }
  }
  return true;
}

bool YamlScanner::at_document_indicator() const {
  if (position_.column != 0) return false;
  std::string_view here = text_.substr(position_.at, 3);
  return (here == "---" || here == "...") && is_blank_or_end(3);
}

bool YamlScanner::scan_plain(ScannedToken& token) {
  token.end = position_;
  Between between;
  int indent = indent_ + 1;
  while (!at_document_indicator() && at() != '#') {
    while (!is_blank_or_end()) {
      char c = at();
      if (c == ':' && is_blank_or_end(1)) break;
      if (flow_level_ > 0 && std::string_view(",?[]{}").find(c) != std::string_view::npos) break;
      if (between.any()) between.join(token.text);
      if (is_ordinary(c)) {
        size_t n = 1;
        while (position_.at + n < text_.size() && is_ordinary(text_[position_.at + n])) ++n;
        token.text.append(text_, position_.at, n);
        position_.at += n;
        position_.character += n;
        position_.column += static_cast<int>(n);
      } else {
        take(token.text);
      }
      token.end = position_;
    }
    if (!is_blank() && !is_break()) break;
    if (!pass_between(between, token.start, indent)) return false;
    if (flow_level_ == 0 && position_.column < indent) break;
  }
  if (between.line_begins) key_allowed_ = true;
  return true;
}

bool YamlScanner::quoted(ScannedToken& token, bool single) {
  token.style = single ? YamlScalarStyle::single_quoted : YamlScalarStyle::double_quoted;
  step();
  for (;;) {
    if (at_document_indicator())
      return wrong("while scanning a quoted scalar", token.start, "found unexpected document indicator");
    if (is_end()) return wrong("while scanning a quoted scalar", token.start, "found unexpected end of stream");
    Between between;
    while (!is_blank_or_end()) {
      char c = at();
      if (single && c == '\'') {
        if (at(1) != '\'') break;
        token.text += '\'';
        step(2);
      } else if (!single && c == '"') {
        break;
      } else if (!single && c == '\\') {
        if (is_break(1)) {
          step();
          step_line();
          between.line_begins = true;
          break;
        }
        if (!escape(token.text, token.start)) return false;
      } else {
        take(token.text);
      }
    }
    if (at() == (single ? '\'' : '"')) break;
    pass_between(between, token.start, 0);
    between.join(token.text);
  }
  step();
  token.end = position_;
  return true;
}

bool YamlScanner::escape(std::string& text, const YamlPosition& start) {
  size_t digits = 0;
  switch (at(1)) {
    case '0':
      text += '\0';
      break;
    case 'a':
      text += '\x07';
      break;
    case 'b':
      text += '\x08';
      break;
    case 't':
    case '\t':
      text += '\t';
      break;
    case 'n':
      text += '\n';
      break;
    case 'v':
      text += '\x0B';
      break;
    case 'f':
      text += '\x0C';
      break;
    case 'r':
      text += '\r';
      break;
    case 'e':
      text += '\x1B';
      break;
    case ' ':
    case '"':
    case '\'':
    case '\\':
      text += at(1);
      break;
    case 'N':
      text += "\xC2\x85";
      break;
    case '_':
      text += "\xC2\xA0";
      break;
    case 'L':
      text += "\xE2\x80\xA8";
      break;
    case 'P':
      text += "\xE2\x80\xA9";
      break;
    case 'x':
      digits = 2;
      break;
    case 'u':
      digits = 4;
      break;
    case 'U':
      digits = 8;
      break;
    default:
      return wrong(kInQuoted, start, "found unknown escape character");
  }
  step(2);
  if (digits == 0) return true;
  char32_t rune = 0;
  for (size_t i = 0; i < digits; ++i) {
    int digit = hex_digit(at(i));
    if (digit < 0) return wrong(kInQuoted, start, "did not find expected hexdecimal number");
    rune = (rune << 4) + static_cast<char32_t>(digit);
  }
  if ((rune >= 0xD800 && rune <= 0xDFFF) || rune > 0x10FFFF)
    return wrong(kInQuoted, start, "found invalid Unicode character escape code");
  append_rune(text, rune);
  step(digits);
  return true;
}

bool YamlScanner::block_scalar(ScannedToken& token, bool literal) {
  constexpr const char* context = "while scanning a block scalar";
  token.style = literal ? YamlScalarStyle::literal : YamlScalarStyle::folded;
  step();
  char chomping = '\0';
  int increment = 0;
  for (bool sign_seen = false, digit_seen = false;;) {  // a sign and a digit, in either order
    if (!sign_seen && (at() == '+' || at() == '-')) {
      sign_seen = true;
      chomping = at();
    } else if (!digit_seen && is_digit()) {
      digit_seen = true;
      if (at() == '0') return wrong(context, token.start, "found an indentation indicator equal to 0");
      increment = at() - '0';
    } else {
      break;
    }
    step();
  }
  pass_blanks();
  pass_comment();
  if (!is_break_or_end()) return wrong(context, token.start, "did not find expected comment or line break");
  step_line();
  token.end = position_;

  int indent = increment == 0 ? 0 : indent_ >= 0 ? indent_ + increment : increment;
  std::string first, more;
  if (!block_scalar_breaks(indent, more, token.start, token.end)) return false;
  bool blank_begins = false;
  while (position_.column == indent && !is_end()) {
    bool blank = is_blank();
    if (!literal && !blank_begins && !blank && first.starts_with('\n')) {
      if (more.empty()) token.text += ' ';
    } else {
      token.text += first;
    }
    first.clear();
    token.text += more;
    more.clear();
    blank_begins = blank;
    while (!is_break_or_end()) take(token.text);
    take_line(first);
    if (!block_scalar_breaks(indent, more, token.start, token.end)) return false;
  }
  if (chomping != '-') token.text += first;
  if (chomping == '+') token.text += more;
  return true;
}

// Empty lines, and the blanks before the next one that is not. Finds the indent if that is 0.
bool YamlScanner::block_scalar_breaks(int& indent, std::string& breaks, const YamlPosition& start, YamlPosition& end) {
  end = position_;
  int widest = 0;
  for (;;) {
    while ((indent == 0 || position_.column < indent) && at() == ' ') step();
    widest = std::max(widest, position_.column);
    if ((indent == 0 || position_.column < indent) && at() == '\t')
      return wrong("while scanning a block scalar", start,
                   "found a tab character where an indentation space is expected");
    if (!is_break()) break;
    take_line(breaks);
    end = position_;
  }
  if (indent == 0) indent = std::max({widest, indent_ + 1, 1});
  return true;
}

}  // namespace slipway::value
