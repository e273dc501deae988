// A token is handed on when it is known whether it begins a key: whether a `:` follows what it begins on the same line.
// So the scanner looks ahead while the next token may still be one. go-yaml notes such tokens by number, and forgets a
// number also when a flow level ends at which nothing could have been a key: there the note still has the number of the
// bracket itself. Behind `{}` and `[]` it therefore looks no further: the bracket is handed on, and a `:` behind it
// comes too late and makes a key of what follows. Nor does it look at a key that its line has left behind before it
// must. Which error of a text is told, at which line, and that `{}: a` is a document, all follows from these two.
//
// With the rules of go-yaml v3 the scanner is two tokens ahead at least, and passes over comments with the blank lines
// and tabs between them.
#include "value/yaml_scanner.h"

#include <algorithm>

namespace slipway::value {

namespace {

constexpr size_t kSimpleKeyMax = 1024;  // characters
constexpr size_t kLevelsMax = 10'000;   // of flow and of blocks
constexpr size_t kPeekMax = 512;        // as far as v3 looks for a comment
constexpr size_t kBlock = 512;

// The character at `at`: its bytes, or what is wrong with it.
size_t good_character(std::string_view text, size_t at, YamlBadCharacter& bad) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
  bad.at = at;
  unsigned first = byte(0);
  auto refused = [&](const char* problem, int found) {
    bad.problem = problem;
    bad.found = found;
    return size_t{0};
  };
  if (first < 0x80) {
    bool good = (first >= 0x20 && first <= 0x7E) || first == '\t' || first == '\n' || first == '\r';
    return good ? 1 : refused("control characters are not allowed", static_cast<int>(first));
  }
  size_t bytes = (first & 0xE0) == 0xC0 ? 2 : (first & 0xF0) == 0xE0 ? 3 : (first & 0xF8) == 0xF0 ? 4 : 0;
  if (bytes == 0) return refused("invalid leading UTF-8 octet", static_cast<int>(first));
  if (bytes > text.size() - at) return refused("incomplete UTF-8 octet sequence", -1);
  char32_t rune = first & (0xFFu >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) {
      bad.at = at + i;
      return refused("invalid trailing UTF-8 octet", byte(i));
    }
    rune = (rune << 6) + (byte(i) & 0x3F);
  }
  if (rune < (bytes == 2 ? 0x80u : bytes == 3 ? 0x800u : 0x10000u))
    return refused("invalid length of a UTF-8 sequence", -1);
  if ((rune >= 0xD800 && rune <= 0xDFFF) || rune > 0x10FFFF)
    return refused("invalid Unicode character", static_cast<int>(rune));
  bool good = rune == 0x85 || (rune >= 0xA0 && rune <= 0xFFFD) || rune >= 0x10000;
  return good ? bytes : refused("control characters are not allowed", static_cast<int>(rune));
}

}  // namespace

std::optional<YamlBadCharacter> find_bad_character(std::string_view text) {
  YamlBadCharacter bad;
  size_t at = 0, block_end = std::min(kBlock, text.size());
  while (at < text.size()) {
    // A character that its block cuts begins the next one.
    if (at >= block_end) bad.block = at, block_end = std::min(at + kBlock, text.size());
    auto c = static_cast<unsigned char>(text[at]);
    if (c >= 0x20 && c < 0x7F) {
      ++at;
      continue;
    }
    size_t bytes = good_character(text, at, bad);
    if (bytes == 0) return bad;
    if (at + bytes > block_end) bad.block = at, block_end = std::min(at + kBlock, text.size());
    at += bytes;
  }
  return std::nullopt;
}

YamlScanner::YamlScanner(std::string_view text, YamlRules rules) : text_(text), rules_(rules) {
  bad_ = find_bad_character(text_);
  if (bad_) text_ = text_.substr(0, bad_->block);
}

// ---- how far to look ahead ----

bool YamlScanner::fetch_more() {
  if (failed_) return false;
  size_t ahead = rules_ == YamlRules::kustomize ? 2 : 0;
  for (;;) {
    if (ended_ || tokens_.size() > head_ + ahead) {
      auto level = level_awaited(taken_);
      if (!level) break;
      std::optional<bool> possible = still_possible(keys_[*level]);
      if (!possible) return failed_ = true, false;
      if (!*possible || ended_) break;
    }
    bool fetched = fetch_next();
    if (bad_ && touched_end_) {
      fault_ = {YamlFault::Stage::reader, bad_->problem, "", {}, {.at = bad_->at}, bad_->found};
      fetched = false;
    }
    if (!fetched) return failed_ = true, false;
  }
  if (head_ >= tokens_.size()) {  // asked on behind the end
    tokens_.push_back({.kind = Kind::stream_end, .start = position_, .end = position_});
  }
  available_ = true;
  return true;
}

std::optional<size_t> YamlScanner::level_awaited(size_t token) {
  while (awaited_head_ < awaited_.size() && awaited_[awaited_head_].token < token) ++awaited_head_;
  if (awaited_head_ == awaited_.size()) {
    awaited_.clear();
    awaited_head_ = 0;
    return std::nullopt;
  }
  const Awaited& next = awaited_[awaited_head_];
  return next.token == token && next.level < keys_.size() ? std::optional(next.level) : std::nullopt;
}

void YamlScanner::forget(size_t token) {
  for (size_t i = awaited_.size(); i > awaited_head_ && awaited_[i - 1].token >= token; --i)
    if (awaited_[i - 1].token == token) awaited_.erase(awaited_.begin() + static_cast<std::ptrdiff_t>(i - 1));
}

// Nothing: it had to be a key and cannot become one.
std::optional<bool> YamlScanner::still_possible(SimpleKey& key) {
  if (!key.possible) return false;
  if (key.position.line < position_.line || key.position.character + kSimpleKeyMax < position_.character) {
    if (key.required) {
      wrong("while scanning a simple key", key.position, "could not find expected ':'");
      return std::nullopt;
    }
    key.possible = false;
  }
  return key.possible;
}

bool YamlScanner::save_simple_key() {
  if (!key_allowed_) return true;
  bool required = flow_level_ == 0 && indent_ == position_.column;
  SimpleKey key{true, required, taken_ + (tokens_.size() - head_), position_};
  if (!drop_simple_key()) return false;
  keys_.back() = key;
  forget(key.token);
  awaited_.push_back({key.token, keys_.size() - 1});
  return true;
}

bool YamlScanner::drop_simple_key() {
  SimpleKey& key = keys_.back();
  if (!key.possible) return true;
  if (key.required) return wrong("while scanning a simple key", key.position, "could not find expected ':'");
  key.possible = false;
  forget(key.token);
  return true;
}

// ---- tokens ----

bool YamlScanner::fetch_next() {
  if (!started_) {
    started_ = true;
    return push({.kind = Kind::stream_start});
  }
  if (!to_next_token()) return false;
  unroll_indent(position_.column);
  if (bad_) (void)at(3);  // go-yaml has four characters at hand here
  if (!fetch_known()) return false;
  if (rules_ == YamlRules::kustomize && tokens_.back().kind != Kind::block_entry) pass_line_comment();
  return true;
}

bool YamlScanner::fetch_known() {
  if (is_end()) return stream_end();
  char c = at();
  bool first = position_.column == 0;
  if (first && c == '%') return directive();
  if (first && (c == '-' || c == '.') && at_document_indicator())
    return document_indicator(c == '-' ? Kind::document_start : Kind::document_end);
  switch (c) {
    case '[':
      return flow_start(Kind::flow_sequence_start);
    case '{':
      return flow_start(Kind::flow_mapping_start);
    case ']':
      return flow_end(Kind::flow_sequence_end);
    case '}':
      return flow_end(Kind::flow_mapping_end);
    case ',':
      return flow_entry();
    case '-':
      if (is_blank_or_end(1)) return block_entry();
      break;
    case '?':
      if (flow_level_ > 0 || is_blank_or_end(1)) return key();
      break;
    case ':':
      if (flow_level_ > 0 || is_blank_or_end(1)) return value();
      break;
    case '*':
      return scalar(&YamlScanner::scan_alias, true);
    case '&':
      return scalar(&YamlScanner::scan_anchor, true);
    case '!':
      return scalar(&YamlScanner::scan_tag, true);
    case '|':
      if (flow_level_ == 0) return scalar(&YamlScanner::scan_literal, false);
      break;
    case '>':
      if (flow_level_ == 0) return scalar(&YamlScanner::scan_folded, false);
      break;
    case '\'':
      return scalar(&YamlScanner::scan_single_quoted, true);
    case '"':
      return scalar(&YamlScanner::scan_double_quoted, true);
    default:
      break;
  }
  // What is not handled above, but for these; a `-`, and outside of brackets a `?` or `:`, with something behind it.
  constexpr std::string_view reserved = "?:,[]{}#&*!|>'\"%@`";
  bool begins = !is_blank_or_end() && reserved.find(c) == reserved.npos;
  if (flow_level_ == 0 && (c == '?' || c == ':')) begins = true;
  if (begins) return scalar(&YamlScanner::scan_plain, true);
  return wrong("while scanning for the next token", position_, "found character that cannot start any token");
}

bool YamlScanner::to_next_token() {
  // A byte order mark may begin the text twice.
  if (position_.at == 0 && text_.starts_with("\xef\xbb\xbf")) step();
  for (;;) {
    while (at() == ' ' || (at() == '\t' && (flow_level_ > 0 || !key_allowed_))) step();
    if (at() == '#') {
      if (rules_ == YamlRules::kustomize)
        pass_comments();
      else
        pass_comment();
    }
    if (!is_break()) return true;
    step_line();
    if (flow_level_ == 0) key_allowed_ = true;
  }
}

// v3 collects comments that only blanks and empty lines part, of which it passes over as many as it looks at.
void YamlScanner::pass_comments() {
  for (size_t peek = 0; peek < kPeekMax; ++peek) {
    if (is_blank(peek) || is_break(peek)) continue;
    if (at(peek) != '#') return;
    for (size_t there = position_.at + peek; position_.at < there;) {
      if (is_break())
        step_line();
      else
        step();
    }
    pass_comment();
    peek = 0;  // the line's end is not looked at again
  }
}

// A comment behind a token on its line, even where tabs are before it.
void YamlScanner::pass_line_comment() {
  size_t before = position_.at;
  while (before > 0 && (text_[before - 1] == ' ' || text_[before - 1] == '\t')) --before;
  char last = before > 0 ? text_[before - 1] : 'x';
  if (last == '\n' || last == '\r') return;
  size_t n = 0;
  while (n < kPeekMax && is_blank(n)) ++n;
  if (n == kPeekMax || at(n) != '#') return;
  pass_blanks();
  pass_comment();
}

bool YamlScanner::push(ScannedToken token) {
  insert(-1, std::move(token));
  return true;
}

bool YamlScanner::push(Kind kind, size_t characters) {
  ScannedToken token{.kind = kind, .start = position_};
  step(characters);
  token.end = position_;
  return push(std::move(token));
}

// At a place counted from the next token on; behind all when that is gone.
void YamlScanner::insert(std::ptrdiff_t place, ScannedToken token) {
  if (head_ > 64 && head_ * 2 > tokens_.size()) {
    tokens_.erase(tokens_.begin(), tokens_.begin() + static_cast<std::ptrdiff_t>(head_));
    head_ = 0;
  }
  auto before = place < 0 ? tokens_.end() : tokens_.begin() + static_cast<std::ptrdiff_t>(head_) + place;
  tokens_.insert(before, std::move(token));
}

bool YamlScanner::stream_end() {
  if (position_.column != 0) {
    position_.column = 0;
    ++position_.line;
  }
  unroll_indent(-1);
  if (!drop_simple_key()) return false;
  key_allowed_ = false;
  ended_ = true;
  return push(Kind::stream_end, 0);
}

bool YamlScanner::document_indicator(Kind kind) {
  unroll_indent(-1);
  if (!drop_simple_key()) return false;
  key_allowed_ = false;
  return push(kind, 3);
}

bool YamlScanner::flow_start(Kind kind) {
  if (!save_simple_key()) return false;
  keys_.push_back({.token = taken_ + (tokens_.size() - head_), .position = position_});
  ++flow_level_;
  if (keys_.size() > kLevelsMax + 1)
    return wrong("while increasing flow level", keys_.back().position, "exceeded max depth of 10000");
  key_allowed_ = true;
  return push(kind, 1);
}

bool YamlScanner::flow_end(Kind kind) {
  if (!drop_simple_key()) return false;
  if (flow_level_ > 0) {
    --flow_level_;
    forget(keys_.back().token);  // the bracket's own, if nothing in it could have been a key
    keys_.pop_back();
  }
  key_allowed_ = false;
  return push(kind, 1);
}

bool YamlScanner::flow_entry() {
  if (!drop_simple_key()) return false;
  key_allowed_ = true;
  return push(Kind::flow_entry, 1);
}

bool YamlScanner::block_entry() {
  if (flow_level_ == 0) {  // within brackets the parser will complain
    if (!key_allowed_) return wrong("", position_, "block sequence entries are not allowed in this context");
    if (!roll_indent(position_.column, std::nullopt, Kind::block_sequence_start, position_)) return false;
  }
  if (!drop_simple_key()) return false;
  key_allowed_ = true;
  return push(Kind::block_entry, 1);
}

bool YamlScanner::key() {
  if (flow_level_ == 0) {
    if (!key_allowed_) return wrong("", position_, "mapping keys are not allowed in this context");
    if (!roll_indent(position_.column, std::nullopt, Kind::block_mapping_start, position_)) return false;
  }
  if (!drop_simple_key()) return false;
  key_allowed_ = flow_level_ == 0;
  return push(Kind::key, 1);
}

bool YamlScanner::value() {
  SimpleKey& key = keys_.back();
  std::optional<bool> found = still_possible(key);
  if (!found) return false;
  if (*found) {
    auto place = static_cast<std::ptrdiff_t>(key.token) - static_cast<std::ptrdiff_t>(taken_);
    insert(place, {.kind = Kind::key, .start = key.position, .end = key.position});
    if (!roll_indent(key.position.column, key.token, Kind::block_mapping_start, key.position)) return false;
    key.possible = false;
    forget(key.token);
    key_allowed_ = false;
  } else {  // behind a key with `?`, or none
    if (flow_level_ == 0) {
      if (!key_allowed_) return wrong("", position_, "mapping values are not allowed in this context");
      if (!roll_indent(position_.column, std::nullopt, Kind::block_mapping_start, position_)) return false;
    }
    key_allowed_ = flow_level_ == 0;
  }
  return push(Kind::value, 1);
}

// A tag, anchor, alias or scalar.
bool YamlScanner::scalar(bool (YamlScanner::*scan)(ScannedToken&), bool may_be_key) {
  if (may_be_key ? !save_simple_key() : !drop_simple_key()) return false;
  key_allowed_ = !may_be_key;
  ScannedToken token{.kind = Kind::scalar, .start = position_};
  return (this->*scan)(token) && push(std::move(token));
}

bool YamlScanner::roll_indent(int column, std::optional<size_t> number, Kind kind, const YamlPosition& position) {
  if (flow_level_ > 0 || indent_ >= column) return true;
  indents_.push_back(indent_);
  indent_ = column;
  if (indents_.size() > kLevelsMax)
    return wrong("while increasing indent level", keys_.back().position, "exceeded max depth of 10000");
  auto place = number ? static_cast<std::ptrdiff_t>(*number) - static_cast<std::ptrdiff_t>(taken_) : -1;
  insert(place, {.kind = kind, .start = position, .end = position});
  return true;
}

void YamlScanner::unroll_indent(int column) {
  if (flow_level_ > 0) return;
  for (; indent_ > column; indents_.pop_back()) {
    push(Kind::block_end, 0);
    indent_ = indents_.back();
  }
}

}  // namespace slipway::value
