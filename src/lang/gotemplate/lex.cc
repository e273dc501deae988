// Follows Go's scanner state for state: what counts are the places and the words of its complaints.
#include "lang/gotemplate/lex.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "lang/gotemplate/format.h"
#include "lang/gotemplate/unicode.h"
#include "value/utf8.h"

namespace slipway::lang::gotemplate {

namespace {

constexpr char32_t kEof = UINT32_MAX;
constexpr std::string_view kBlanks = " \t\r\n";

bool is_blank(char32_t c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
bool is_alphanumeric(char32_t c) {
  return c != kEof && (c == '_' || is_letter(c) || is_digit(c));
}
constexpr std::array<bool, 256> kWord = [] {
  std::array<bool, 256> all{};
  for (int c = 0; c < 128; ++c)
    all[static_cast<size_t>(c)] =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  return all;
}();
bool has_left_trim(std::string_view s) {
  return s.size() >= 2 && s[0] == '-' && is_blank(static_cast<unsigned char>(s[1]));
}
bool has_right_trim(std::string_view s) {
  return s.size() >= 2 && is_blank(static_cast<unsigned char>(s[0])) && s[1] == '-';
}
int newlines(std::string_view s) {
  int all = 0;
  // so few at a time that a byte holds their number: then the compiler counts in sixteen bytes at once
  for (size_t at = 0; at < s.size(); at += 255) {
    uint8_t some = 0;
    for (char c : s.substr(at, 255)) some += c == '\n';
    all += some;
  }
  return all;
}
std::string unicode_point(char32_t c) {  // %#U
  if (c == kEof) return "U+FFFFFFFFFFFFFFFF";
  std::string out = fmt::format("U+{:04X}", static_cast<uint32_t>(c));
  if (is_print(c)) {
    out += " '";
    value::append_rune(out, c);
    out += "'";
  }
  return out;
}

}  // namespace

Token Lexer::next() {
  if (inside_) return inside();
  return text();
}

char32_t Lexer::take() {
  if (position_ >= input_.size()) {
    at_eof_ = true;
    return kEof;
  }
  auto c = static_cast<unsigned char>(input_[position_]);
  if (c < 0x80) {
    ++position_;
    if (c == '\n') ++line_;
    return c;
  }
  value::Rune r = value::decode_rune(rest());
  position_ += static_cast<size_t>(r.length);
  return r.code;
}

void Lexer::back() {
  if (at_eof_ || position_ == 0) return;
  size_t at = position_ - 1;  // the start of the last character
  bool ascii = (input_[at] & 0x80) == 0;
  for (size_t n = 2; n <= 4 && n <= position_ && !ascii; ++n) {
    value::Rune r = value::decode_rune(input_.substr(position_ - n));
    if (r.valid && static_cast<size_t>(r.length) == n) at = position_ - n;
  }
  position_ = at;
  if (input_[position_] == '\n') --line_;
}

char32_t Lexer::peek() {
  char32_t c = take();
  back();
  return c;
}

Token Lexer::item(Token::Type type) {
  Token t{type, static_cast<uint32_t>(start_), input_.substr(start_, position_ - start_), start_line_};
  start_ = position_;
  start_line_ = line_;
  return t;
}

void Lexer::ignore() {
  line_ += newlines(input_.substr(start_, position_ - start_));
  start_ = position_;
  start_line_ = line_;
}

bool Lexer::accept(std::string_view set) {
  char32_t c = take();
  if (c < 0x80 && set.find(static_cast<char>(c)) != set.npos) return true;
  back();
  return false;
}

void Lexer::accept_run(std::string_view set) {
  while (accept(set)) {
  }
}

Token Lexer::error(std::string message) {
  messages_.push_back(std::move(message));
  Token t{Token::Type::error, static_cast<uint32_t>(start_), messages_.back(), start_line_};
  start_ = position_ = 0;
  input_ = {};
  return t;
}

Token Lexer::text() {
  for (;;) {
    size_t x = rest().find("{{");
    if (x == std::string_view::npos) {
      position_ = input_.size();
      if (position_ > start_) {
        line_ += newlines(input_.substr(start_, position_ - start_));
        return item(Token::Type::text);
      }
      Token t = item(Token::Type::eof);
      t.text = "EOF";
      return t;
    }
    if (x > 0) {
      position_ += x;
      size_t trim = 0;
      if (has_left_trim(input_.substr(position_ + 2))) {
        std::string_view before = input_.substr(start_, position_ - start_);
        size_t last = before.find_last_not_of(kBlanks);
        trim = before.size() - (last == before.npos ? 0 : last + 1);
      }
      position_ -= trim;
      line_ += newlines(input_.substr(start_, position_ - start_));
      Token t = item(Token::Type::text);
      position_ += trim;
      ignore();
      if (!t.text.empty()) return t;
    }
    // The left delimiter, perhaps of a comment.
    position_ += 2;
    size_t marker = has_left_trim(rest()) ? 2 : 0;
    if (rest().substr(marker).starts_with("/*")) {
      position_ += marker;
      ignore();
      Token failed;
      if (!comment(failed)) return failed;
      continue;
    }
    Token t = item(Token::Type::left_delimiter);
    inside_ = true;
    position_ += marker;
    ignore();
    parens_ = 0;
    return t;
  }
}

bool Lexer::comment(Token& failed) {
  position_ += 2;
  size_t x = rest().find("*/");
  if (x == std::string_view::npos) {
    failed = error("unclosed comment");
    return false;
  }
  position_ += x + 2;
  bool trims = false;
  if (!at_right_delimiter(trims)) {
    failed = error("comment ends before closing delimiter");
    return false;
  }
  line_ += newlines(input_.substr(start_, position_ - start_));
  item(Token::Type::text);
  position_ += trims ? 4 : 2;
  if (trims) position_ = std::min(input_.find_first_not_of(kBlanks, position_), input_.size());
  ignore();
  return true;
}

bool Lexer::at_right_delimiter(bool& trims) const {
  std::string_view r = rest();
  trims = has_right_trim(r) && r.substr(2).starts_with("}}");
  return trims || r.starts_with("}}");
}

Token Lexer::right_delimiter() {
  bool trims = false;
  at_right_delimiter(trims);
  if (trims) {
    position_ += 2;
    ignore();
  }
  position_ += 2;
  Token t = item(Token::Type::right_delimiter);
  if (trims) {
    position_ = std::min(input_.find_first_not_of(kBlanks, position_), input_.size());
    ignore();
  }
  inside_ = false;
  return t;
}

Token Lexer::inside() {
  // What most tokens begin with, and nothing below would take for something else.
  if (position_ + 1 < input_.size()) {
    auto c = static_cast<unsigned char>(input_[position_]), after = static_cast<unsigned char>(input_[position_ + 1]);
    if (kWord[c] && (c < '0' || c > '9')) return identifier();
    if (is_blank(c) && after != '-') return space();
    if (c == '.' && (after < '0' || after > '9')) {
      ++position_;
      return field_or_variable(Token::Type::field);
    }
  }
  bool trims = false;
  if (at_right_delimiter(trims)) {
    if (parens_ == 0) return right_delimiter();
    return error("unclosed left paren");
  }
  char32_t c = take();
  if (c == kEof) return error("unclosed action");
  if (is_blank(c)) {
    back();
    return space();
  }
  switch (c) {
    case '=':
      return item(Token::Type::assign);
    case ':':
      if (take() != '=') return error("expected :=");
      return item(Token::Type::declare);
    case '|':
      return item(Token::Type::pipe);
    case '"':
      return quoted('"', Token::Type::string, "quoted string");
    case '`':
      return raw_quoted();
    case '$':
      if (at_terminator()) return item(Token::Type::variable);
      return field_or_variable(Token::Type::variable);
    case '\'':
      return quoted('\'', Token::Type::character_constant, "character constant");
    case '(':
      ++parens_;
      return item(Token::Type::left_paren);
    case ')':
      if (--parens_ < 0) return error("unexpected right paren");
      return item(Token::Type::right_paren);
    default:
      break;
  }
  if (c == '.' && position_ < input_.size() && (input_[position_] < '0' || input_[position_] > '9'))
    return field_or_variable(Token::Type::field);
  if (c == '.' || c == '+' || c == '-' || (c >= '0' && c <= '9')) {
    back();
    return number();
  }
  if (is_alphanumeric(c)) {
    back();
    return identifier();
  }
  if (c < 0x80 && is_print(c)) return item(Token::Type::character);
  return error("unrecognized character in action: " + unicode_point(c));
}

Token Lexer::space() {
  int blanks = 0;
  for (; position_ < input_.size() && is_blank(static_cast<unsigned char>(input_[position_])); ++position_, ++blanks)
    if (input_[position_] == '\n') ++line_;
  if (has_right_trim(input_.substr(position_ - 1)) && input_.substr(position_ + 1).starts_with("}}")) {
    back();
    if (blanks == 1) return right_delimiter();
  }
  return item(Token::Type::space);
}

Token Lexer::identifier() {
  static constexpr std::array<std::pair<std::string_view, Token::Type>, 12> words = {{
      {"block", Token::Type::block},
      {"break", Token::Type::break_},
      {"continue", Token::Type::continue_},
      {"define", Token::Type::define},
      {"else", Token::Type::else_},
      {"end", Token::Type::end},
      {"if", Token::Type::if_},
      {"nil", Token::Type::nil},
      {"range", Token::Type::range},
      {"template", Token::Type::template_},
      {"with", Token::Type::with},
      {".", Token::Type::dot},
  }};
  skip_word();
  std::string_view word = input_.substr(start_, position_ - start_);
  if (!at_terminator()) return error("bad character " + unicode_point(peek()));
  for (auto [text, type] : words) {
    if (text != word) continue;
    if ((type == Token::Type::break_ && !break_is_word) || (type == Token::Type::continue_ && !continue_is_word))
      return item(Token::Type::identifier);
    return item(type);
  }
  if (word == "true" || word == "false") return item(Token::Type::boolean);
  return item(Token::Type::identifier);
}

Token Lexer::field_or_variable(Token::Type type) {
  if (at_terminator()) return item(type == Token::Type::variable ? type : Token::Type::dot);
  skip_word();
  if (!at_terminator()) return error("bad character " + unicode_point(peek()));
  return item(type);
}

void Lexer::skip_word() {
  for (;;) {
    while (position_ < input_.size() && kWord[static_cast<unsigned char>(input_[position_])]) ++position_;
    if (position_ >= input_.size() || static_cast<unsigned char>(input_[position_]) < 0x80) return;
    value::Rune r = value::decode_rune(rest());
    if (!is_alphanumeric(r.code)) return;
    position_ += static_cast<size_t>(r.length);
  }
}

bool Lexer::at_terminator() const {
  if (position_ >= input_.size()) return true;
  auto c = static_cast<unsigned char>(input_[position_]);
  if (is_blank(c) || c == '.' || c == ',' || c == '|' || c == ':' || c == ')' || c == '(') return true;
  return rest().starts_with("}}");
}

Token Lexer::number() {
  auto bad = [this] { return error("bad number syntax: " + quote(input_.substr(start_, position_ - start_))); };
  if (!scan_number()) return bad();
  char32_t sign = peek();
  if (sign == '+' || sign == '-') {
    if (!scan_number() || input_[position_ - 1] != 'i') return bad();
    return item(Token::Type::complex);
  }
  return item(Token::Type::number);
}

bool Lexer::scan_number() {
  accept("+-");
  std::string_view digits = "0123456789_";
  if (accept("0")) {
    if (accept("xX"))
      digits = "0123456789abcdefABCDEF_";
    else if (accept("oO"))
      digits = "01234567_";
    else if (accept("bB"))
      digits = "01_";
  }
  accept_run(digits);
  if (accept(".")) accept_run(digits);
  if (digits.size() == 11 && accept("eE")) {
    accept("+-");
    accept_run("0123456789_");
  }
  if (digits.size() == 23 && accept("pP")) {
    accept("+-");
    accept_run("0123456789_");
  }
  accept("i");
  if (is_alphanumeric(peek())) {
    take();
    return false;
  }
  return true;
}

Token Lexer::quoted(char end, Token::Type type, const char* what) {
  for (;;) {
    char32_t c = take();
    if (c == '\\') {
      c = take();
      if (c != kEof && c != '\n') continue;
    }
    if (c == kEof || c == '\n') return error(std::string("unterminated ") + what);
    if (c == static_cast<char32_t>(end)) return item(type);
  }
}

Token Lexer::raw_quoted() {
  for (;;) {
    char32_t c = take();
    if (c == kEof) return error("unterminated raw quoted string");
    if (c == '`') return item(Token::Type::raw_string);
  }
}

}  // namespace slipway::lang::gotemplate
