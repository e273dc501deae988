// YAML text as tokens, in go-yaml's order and with its words. For yaml_parser.cc.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "value/yaml.h"

namespace slipway::value {

struct YamlPosition {
  size_t at = 0;         // byte
  size_t character = 0;  // the same, counted in characters
  int line = 0, column = 0;
};

enum class YamlScalarStyle : uint8_t { plain, single_quoted, double_quoted, literal, folded };

struct ScannedToken {
  enum class Kind : uint8_t {
    stream_start,
    stream_end,
    version_directive,
    tag_directive,
    document_start,
    document_end,
    block_sequence_start,
    block_mapping_start,
    block_end,
    flow_sequence_start,
    flow_sequence_end,
    flow_mapping_start,
    flow_mapping_end,
    block_entry,
    flow_entry,
    key,
    value,
    alias,
    anchor,
    tag,
    scalar,
  };
  Kind kind = Kind::stream_start;
  YamlScalarStyle style = YamlScalarStyle::plain;
  YamlPosition start, end;
  std::string text;    // scalar, anchor, alias; handle of a tag or a %TAG
  std::string suffix;  // of a tag; prefix of a %TAG
  int major = 0, minor = 0;
};

struct YamlFault {
  enum class Stage : uint8_t { reader, scanner, parser };
  Stage stage = Stage::scanner;
  const char* problem = "";
  const char* context = "";
  YamlPosition context_position, position;
  int found = -1;  // the reader's byte or character
};

// Where a text holds what no YAML may, found before it is scanned. go-yaml reads blocks of 512 bytes and hears of it
// when it comes to that block, so what is wrong before that is told first.
struct YamlBadCharacter {
  size_t block = 0;  // where its block begins
  size_t at = 0;
  const char* problem = "";
  int found = -1;
};
std::optional<YamlBadCharacter> find_bad_character(std::string_view text);

// One token at a time is asked for; how far ahead is looked for a `:` that makes a key of what came before, is
// go-yaml's way, and decides what of two errors is found and where: see yaml_scanner.cc. The text must outlive this.
class YamlScanner {
 public:
  YamlScanner(std::string_view text, YamlRules rules);

  // The next token, which stays the next one until skip(). Nothing: see fault().
  ScannedToken* peek() { return available_ || fetch_more() ? &tokens_[head_] : nullptr; }
  void skip() {
    available_ = false;
    ++taken_;
    ++head_;
  }
  const YamlFault& fault() const { return fault_; }

 private:
  using Kind = ScannedToken::Kind;
  struct SimpleKey {  // what may turn out to be one
    bool possible = false, required = false;
    size_t token = 0;  // its number
    YamlPosition position;
  };
  struct Awaited {  // a token that may be a key, and the flow level whose it is
    size_t token, level;
  };

  // yaml_scanner.cc
  bool fetch_more();
  bool fetch_next();
  bool fetch_known();
  bool to_next_token();
  bool push(Kind kind, size_t characters);
  bool push(ScannedToken token);
  void insert(std::ptrdiff_t place, ScannedToken token);
  bool stream_end();
  bool document_indicator(Kind kind);
  bool flow_start(Kind kind);
  bool flow_end(Kind kind);
  bool flow_entry();
  bool block_entry();
  bool key();
  bool value();
  bool scalar(bool (YamlScanner::*scan)(ScannedToken&), bool may_be_key);
  bool roll_indent(int column, std::optional<size_t> number, Kind kind, const YamlPosition& position);
  void unroll_indent(int column);
  std::optional<bool> still_possible(SimpleKey& key);
  bool save_simple_key();
  bool drop_simple_key();
  void forget(size_t token);
  std::optional<size_t> level_awaited(size_t token);
  void pass_comments();
  void pass_line_comment();

  // yaml_scanner_scalars.cc
  bool scan_literal(ScannedToken& token) { return block_scalar(token, true); }
  bool scan_folded(ScannedToken& token) { return block_scalar(token, false); }
  bool scan_single_quoted(ScannedToken& token) { return quoted(token, true); }
  bool scan_double_quoted(ScannedToken& token) { return quoted(token, false); }
  bool scan_plain(ScannedToken& token);
  bool block_scalar(ScannedToken& token, bool literal);
  bool block_scalar_breaks(int& indent, std::string& breaks, const YamlPosition& start, YamlPosition& end);
  bool quoted(ScannedToken& token, bool single);
  struct Between {
    std::string first, more, blanks;  // the first break and the others; blanks of one line
    bool line_begins = false;
    bool any() const { return line_begins || !blanks.empty(); }
    void join(std::string& text);
  };
  // Blanks and breaks. False: a tab stands where a plain text's line must be indented to `indent`.
  bool pass_between(Between& between, const YamlPosition& start, int indent);
  bool escape(std::string& text, const YamlPosition& start);
  bool at_document_indicator() const;

  // yaml_scanner_tags.cc
  bool scan_anchor(ScannedToken& token);
  bool scan_alias(ScannedToken& token);
  bool anchor_or_alias(ScannedToken& token, const char* context);
  bool scan_tag(ScannedToken& token);
  bool directive();
  bool version(ScannedToken& token, const YamlPosition& start);
  bool version_number(int& number, const YamlPosition& start);
  bool tag_directive(ScannedToken& token, const YamlPosition& start);
  bool tag_handle(bool directive, const YamlPosition& start, std::string& handle);
  bool tag_uri(bool directive, bool begun, const YamlPosition& start, std::string& uri);
  bool uri_escape(bool directive, const YamlPosition& start, std::string& uri);

  bool wrong(const char* context, const YamlPosition& start, const char* problem) {
    fault_ = {YamlFault::Stage::scanner, problem, context, start, position_};
    return false;
  }

  // ---- characters; behind the end stand zeros ----
  char at(size_t n = 0) const {
    size_t i = position_.at + n;
    if (i < text_.size()) return text_[i];
    touched_end_ = true;
    return '\0';
  }
  bool is_end() const { return at() == '\0'; }
  bool is_blank(size_t n = 0) const { return at(n) == ' ' || at(n) == '\t'; }
  size_t break_bytes(size_t n = 0) const {  // of one line break, \r\n too; 0: none
    char c = at(n);
    if (c == '\n') return 1;
    if (c == '\r') return at(n + 1) == '\n' ? 2 : 1;
    if (c == '\xC2') return at(n + 1) == '\x85' ? 2 : 0;
    if (c != '\xE2' || at(n + 1) != '\x80') return 0;
    return at(n + 2) == '\xA8' || at(n + 2) == '\xA9' ? 3 : 0;
  }
  bool is_break(size_t n = 0) const {
    auto c = static_cast<unsigned char>(at(n));
    return c < 0x80 ? c == '\n' || c == '\r' : break_bytes(n) != 0;
  }
  bool is_break_or_end(size_t n = 0) const { return at(n) == '\0' || is_break(n); }
  bool is_blank_or_end(size_t n = 0) const { return is_blank(n) || is_break_or_end(n); }
  bool is_name(size_t n = 0) const {
    char c = at(n);
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-';
  }
  bool is_digit() const { return at() >= '0' && at() <= '9'; }
  size_t bytes_here() const {
    auto c = static_cast<unsigned char>(at());
    return c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
  }
  void step() {
    position_.at += bytes_here();
    ++position_.character;
    ++position_.column;
  }
  void step(size_t characters) {
    while (characters-- > 0) step();
  }
  void step_line() {
    size_t bytes = break_bytes();
    if (bytes == 0) return;
    position_.character += bytes == 2 && at() == '\r' ? 2 : 1;
    position_.at += bytes;
    position_.column = 0;
    ++position_.line;
  }
  void take(std::string& to) {
    to.append(text_, position_.at, bytes_here());
    step();
  }
  void take_line(std::string& to) {
    size_t bytes = break_bytes();
    if (bytes == 3)
      to.append(text_, position_.at, bytes);
    else if (bytes > 0)
      to += '\n';
    step_line();
  }
  void pass_blanks() {
    while (is_blank()) step();
  }
  void pass_comment() {
    if (at() == '#')
      while (!is_break_or_end()) step();
  }

  std::string_view text_;  // as far as its characters are good
  const YamlRules rules_;
  std::optional<YamlBadCharacter> bad_;
  mutable bool touched_end_ = false;

  YamlPosition position_;
  std::vector<ScannedToken> tokens_;  // from head_ on
  size_t head_ = 0, taken_ = 0;
  bool available_ = false, started_ = false, ended_ = false, failed_ = false;
  bool key_allowed_ = true;
  int indent_ = -1, flow_level_ = 0;
  std::vector<int> indents_;
  std::vector<SimpleKey> keys_ = {SimpleKey()};  // one for each flow level
  std::vector<Awaited> awaited_;                 // by number
  size_t awaited_head_ = 0;
  YamlFault fault_;
};

}  // namespace slipway::value
