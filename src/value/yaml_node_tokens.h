// libyaml's tokens with go-yaml v3's comments. For yaml_node.cc.
#pragma once

#include <yaml.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::value {

struct YamlMark {
  size_t at = 0;  // byte
  int line = 0, column = 0;
};

struct YamlToken {
  yaml_token_type_t type = YAML_NO_TOKEN;
  YamlMark start, end;
  yaml_scalar_style_t style = YAML_PLAIN_SCALAR_STYLE;
  std::string text, suffix;  // scalar, anchor, alias; a tag's handle and suffix; a %TAG's handle and prefix
};

// go-yaml's scanner finds comments between tokens and says to which token each belongs; its parser collects those that
// belong to tokens up to the one it looks at. Which comment goes where hangs on how far the scanner is ahead of the
// parser, so that is done as there: never fewer than three tokens are scanned from the current one on.
class CommentedTokens {
 public:
  explicit CommentedTokens(std::string_view text);

  // The current token; its comments, and all before, are in `head`, `line` and `foot` then. Of type YAML_NO_TOKEN where
  // the text goes wrong.
  const YamlToken& peek();
  void skip() {
    ++current_;
    available_ = false;
  }

  std::string head, line, foot;  // whoever uses them empties them

 private:
  struct Comment {
    YamlMark scan, token, start, end;
    std::string head, line, foot;
  };
  struct SimpleKey {
    bool possible = false;
    size_t token = 0;
    YamlMark mark;
  };

  void read_tokens();
  std::optional<size_t> scan(std::string_view text);
  bool fetch();
  void to_next_token();
  void scan_comments(YamlMark scan);
  void scan_line_comment(YamlMark token);
  void unroll_indent(int column, YamlMark scan);
  void roll_indent(int column, size_t number, yaml_token_type_t type, YamlMark mark);
  void begin_key();
  void fetch_value();
  bool may_be_key(const SimpleKey& key) const;
  void move_behind(const YamlToken& token);
  void push(yaml_token_type_t type, YamlMark start, YamlMark end);

  char byte(size_t at) const { return at < text_.size() ? text_[at] : '\0'; }
  bool is_blank(size_t at) const { return byte(at) == ' ' || byte(at) == '\t'; }
  size_t break_length(size_t at) const;  // 0: none here
  bool is_end_of_line(size_t at) const { return at >= text_.size() || break_length(at) != 0; }
  void step();
  void step_line();
  std::string take_comment();

  std::string_view text_;
  std::vector<YamlToken> written_;  // as libyaml found them, without those that no character stands for
  size_t next_written_ = 0;
  bool broken_ = false, started_ = false, available_ = false;
  bool in_tag_ = false;  // what is wrong is within a tag

  std::vector<YamlToken> tokens_;
  size_t current_ = 0;
  std::vector<Comment> comments_;
  size_t next_comment_ = 0;
  YamlMark mark_;
  int newlines_ = 0;  // since the last character that is no blank
  int indent_ = -1, flow_level_ = 0;
  std::vector<int> indents_;
  bool key_allowed_ = true;
  std::vector<SimpleKey> keys_ = {SimpleKey()};  // one for each flow level
};

}  // namespace slipway::value
