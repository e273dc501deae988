// The tokens are libyaml's, as far as characters stand for them; those between (block starts and ends, simple keys) are
// made here once more, because a block's end moves to the comments that belong within it.
#include "value/yaml_node_tokens.h"

#include <algorithm>
#include <new>

#include "value/yaml.h"
#include "value/yaml_tab_lines.h"
#include "value/yaml_tag_end.h"

namespace slipway::value {

namespace {

constexpr size_t kPeekMax = 512;  // blanks and empty lines that are looked through for the next comment
constexpr int kSimpleKeyMax = 1024;
constexpr int kRepairsMax = 64;

std::string text_of(const yaml_char_t* s) {
  return s == nullptr ? "" : reinterpret_cast<const char*>(s);
}

}  // namespace

CommentedTokens::CommentedTokens(std::string_view text) : text_(text) {
  if (text_.starts_with("\xef\xbb\xbf")) text_.remove_prefix(3);
  read_tokens();
}

const YamlToken& CommentedTokens::peek() {
  static const YamlToken none;
  while (!available_) {
    if (current_ + 2 < tokens_.size()) {
      bool open = std::any_of(keys_.begin(), keys_.end(),
                              [this](const SimpleKey& key) { return key.token == current_ && may_be_key(key); });
      if (!open) available_ = true;
    }
    if (!available_ && !fetch()) return none;
  }
  const YamlToken& token = tokens_[current_];
  auto add = [](std::string& to, const std::string& comment) {
    if (!to.empty()) to += '\n';
    to += comment;
  };
  while (next_comment_ < comments_.size() && token.start.at >= comments_[next_comment_].token.at) {
    Comment& comment = comments_[next_comment_];
    if (!comment.head.empty()) {
      if (token.type == YAML_BLOCK_END_TOKEN) break;  // it waits for what follows
      add(head, comment.head);
    }
    if (!comment.foot.empty()) add(foot, comment.foot);
    if (!comment.line.empty()) add(line, comment.line);
    comment = Comment();
    ++next_comment_;
  }
  return token;
}

// ---- what libyaml finds ----

void CommentedTokens::read_tokens() {
  std::string repaired;
  std::optional<size_t> wrong = scan(text_);
  for (int i = 0; wrong && i < kRepairsMax; ++i) {
    std::string_view now = repaired.empty() ? text_ : repaired;
    auto text = in_tag_ ? with_tag_prolonged(now, *wrong) : with_tabs_between_comments_blank(now, *wrong);
    if (!text) break;
    repaired = std::move(*text);
    wrong = scan(repaired);
  }
  broken_ = broken_ || wrong;
}

// The byte where the scanner finds no token, if it ends so.
std::optional<size_t> CommentedTokens::scan(std::string_view text) {
  written_.clear();
  in_tag_ = false;
  std::optional<size_t> wrong;
  yaml_parser_t parser;
  if (yaml_parser_initialize(&parser) == 0) throw std::bad_alloc();
  yaml_parser_set_input_string(&parser, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  size_t byte = 0, character = 0;
  auto mark = [&](const yaml_mark_t& m) {  // libyaml counts characters
    while (character < m.index && byte < text.size()) {
      ++byte;
      while (byte < text.size() && (text[byte] & 0xC0) == 0x80) ++byte;
      ++character;
    }
    return YamlMark{byte, static_cast<int>(m.line), static_cast<int>(m.column)};
  };
  int flow_level = 0;
  for (bool more = true; more;) {
    yaml_token_t token;
    if (yaml_parser_scan(&parser, &token) == 0) {
      wrong = mark(parser.problem_mark).at;
      in_tag_ = parser.context != nullptr && std::string_view(parser.context) == "while scanning a tag";
      break;
    }
    more = token.type != YAML_STREAM_END_TOKEN && token.type != YAML_NO_TOKEN;
    if (token.end_mark.index > token.start_mark.index && more && token.type != YAML_STREAM_START_TOKEN) {
      YamlToken t{.type = token.type, .start = mark(token.start_mark), .end = mark(token.end_mark)};
      switch (token.type) {
        case YAML_FLOW_SEQUENCE_START_TOKEN:
        case YAML_FLOW_MAPPING_START_TOKEN:
          broken_ = ++flow_level > YamlLimits().depth_max;  // libyaml looks at every open one for every token
          break;
        case YAML_FLOW_SEQUENCE_END_TOKEN:
        case YAML_FLOW_MAPPING_END_TOKEN:
          --flow_level;
          break;
        case YAML_SCALAR_TOKEN:
          t.style = token.data.scalar.style;
          t.text.assign(reinterpret_cast<const char*>(token.data.scalar.value), token.data.scalar.length);
          // go-yaml ends a plain text there.
          if (flow_level > 0 && t.style == YAML_PLAIN_SCALAR_STYLE && t.text.find('?', 1) != t.text.npos)
            broken_ = true;
          break;
        case YAML_ALIAS_TOKEN:
          t.text = text_of(token.data.alias.value);
          break;
        case YAML_ANCHOR_TOKEN:
          t.text = text_of(token.data.anchor.value);
          break;
        case YAML_TAG_TOKEN:
          t.text = text_of(token.data.tag.handle);
          t.suffix = text_of(token.data.tag.suffix);
          if (text.substr(t.end.at).starts_with(',')) {
            wrong = t.end.at;
            in_tag_ = true;
          }
          // As it was before it was prolonged; further to the left there may be %21.
          for (size_t i = t.suffix.size(), at = t.end.at; i-- > 0 && text[--at] == t.suffix[i];)
            t.suffix[i] = text_[at];
          break;
        case YAML_TAG_DIRECTIVE_TOKEN:
          t.text = text_of(token.data.tag_directive.handle);
          t.suffix = text_of(token.data.tag_directive.prefix);
          break;
        default:
          break;
      }
      if (!broken_) written_.push_back(std::move(t));
    }
    yaml_token_delete(&token);
    if (broken_ || wrong) break;
  }
  yaml_parser_delete(&parser);
  return wrong;
}

// ---- the scanner, once more ----

bool CommentedTokens::fetch() {
  if (!started_) {
    started_ = true;
    push(YAML_STREAM_START_TOKEN, mark_, mark_);
    return true;
  }
  YamlMark scan = mark_;
  to_next_token();
  unroll_indent(mark_.column, scan);
  if (next_written_ == written_.size()) {
    if (broken_ || mark_.at < text_.size()) return false;
    if (mark_.column != 0) {
      mark_.column = 0;
      ++mark_.line;
    }
    unroll_indent(-1, mark_);
    keys_.back().possible = false;
    key_allowed_ = false;
    push(YAML_STREAM_END_TOKEN, mark_, mark_);
    return true;
  }
  const YamlToken token = std::move(written_[next_written_++]);
  if (token.start.at != mark_.at) return false;  // go-yaml would find another token here
  YamlMark comment_at = mark_;
  if ((flow_level_ == 0 && byte(mark_.at) == ':') || (flow_level_ > 0 && byte(mark_.at) == ','))
    comment_at = tokens_.back().start;
  bool has_line_comment = true;
  switch (token.type) {
    case YAML_VERSION_DIRECTIVE_TOKEN:
    case YAML_TAG_DIRECTIVE_TOKEN:
    case YAML_DOCUMENT_START_TOKEN:
    case YAML_DOCUMENT_END_TOKEN:
      unroll_indent(-1, mark_);
      keys_.back().possible = false;
      key_allowed_ = false;
      has_line_comment = false;
      break;
    case YAML_FLOW_SEQUENCE_START_TOKEN:
    case YAML_FLOW_MAPPING_START_TOKEN:
      begin_key();
      keys_.emplace_back();
      ++flow_level_;
      key_allowed_ = true;
      break;
    case YAML_FLOW_SEQUENCE_END_TOKEN:
    case YAML_FLOW_MAPPING_END_TOKEN:
      keys_.back().possible = false;
      if (flow_level_ > 0) {
        --flow_level_;
        keys_.pop_back();
      }
      key_allowed_ = false;
      break;
    case YAML_FLOW_ENTRY_TOKEN:
      keys_.back().possible = false;
      key_allowed_ = true;
      break;
    case YAML_BLOCK_ENTRY_TOKEN:
      roll_indent(mark_.column, tokens_.size(), YAML_BLOCK_SEQUENCE_START_TOKEN, mark_);
      keys_.back().possible = false;
      key_allowed_ = true;
      has_line_comment = false;  // it is for what follows
      break;
    case YAML_KEY_TOKEN:
      roll_indent(mark_.column, tokens_.size(), YAML_BLOCK_MAPPING_START_TOKEN, mark_);
      keys_.back().possible = false;
      key_allowed_ = flow_level_ == 0;
      break;
    case YAML_VALUE_TOKEN:
      fetch_value();
      break;
    case YAML_SCALAR_TOKEN:
      if (token.style == YAML_LITERAL_SCALAR_STYLE || token.style == YAML_FOLDED_SCALAR_STYLE) {
        keys_.back().possible = false;
        key_allowed_ = true;
        break;
      }
      begin_key();
      key_allowed_ = false;
      break;
    default:  // an alias, anchor or tag
      begin_key();
      key_allowed_ = false;
  }
  tokens_.push_back(token);
  move_behind(token);
  if (has_line_comment) scan_line_comment(comment_at);
  return true;
}

void CommentedTokens::to_next_token() {
  YamlMark scan = mark_;
  for (;;) {
    while (byte(mark_.at) == ' ' || ((flow_level_ > 0 || !key_allowed_) && byte(mark_.at) == '\t')) step();
    // Behind a key and above its list's first item: it is for the item.
    if (!comments_.empty() && tokens_.size() > 1 && !comments_.back().line.empty() && break_length(mark_.at) == 0 &&
        tokens_[tokens_.size() - 2].type == YAML_BLOCK_SEQUENCE_START_TOKEN &&
        tokens_.back().type == YAML_BLOCK_ENTRY_TOKEN) {
      Comment& comment = comments_.back();
      comment.head = std::move(comment.line);
      comment.line.clear();
      if (comment.start.line == mark_.line - 1) comment.token = mark_;
    }
    if (byte(mark_.at) == '#') scan_comments(scan);
    if (break_length(mark_.at) == 0) return;
    step_line();
    if (flow_level_ == 0) key_allowed_ = true;
  }
}

// From a '#' over all comments up to the next token. A comment right below the last token, with an empty line under it,
// is a foot; so is what is indented less than the block; else it is the head of what comes.
void CommentedTokens::scan_comments(YamlMark scan) {
  const YamlToken* token = &tokens_.back();
  if (token->type == YAML_FLOW_ENTRY_TOKEN && tokens_.size() > 1) token = &tokens_[tokens_.size() - 2];
  YamlMark token_mark = token->start, start_mark;
  const int indent = std::max(indent_, 0);
  bool recent_empty = false, first_empty = newlines_ <= 1;
  int line = mark_.line, column = mark_.column;
  std::string text;
  int foot_line = -1;
  if (scan.line > 0) {
    foot_line = mark_.line - newlines_ + 1;
    if (newlines_ == 0 && mark_.column > 1) ++foot_line;
  }
  size_t peek = 0;
  auto end_foot = [&] {
    YamlMark here{mark_.at + peek, line, column};
    comments_.push_back({scan, token_mark, start_mark, here, {}, {}, std::move(text)});
    scan = token_mark = here;
    text.clear();
  };
  for (; peek < kPeekMax; ++peek) {
    size_t at = mark_.at + peek;
    ++column;
    if (is_blank(at)) continue;
    bool closes = flow_level_ > 0 && (byte(at) == ']' || byte(at) == '}');
    if (closes || is_end_of_line(at)) {
      if (closes || !recent_empty) {
        bool below = start_mark.line == foot_line && token->type != YAML_VALUE_TOKEN;
        bool is_foot = closes || (first_empty && (below || start_mark.column - 1 < indent));
        if (is_foot && !text.empty()) {
          if (start_mark.column - 1 < indent) token_mark = start_mark;  // it has nothing to do with the token before
          end_foot();
        } else if (!is_foot && !text.empty() && at < text_.size()) {
          text += '\n';
        }
      }
      if (break_length(at) == 0) break;
      first_empty = false;
      recent_empty = true;
      column = 0;
      ++line;
      continue;
    }
    if (!text.empty() && (closes || (column - 1 < indent && column != start_mark.column))) end_foot();
    if (byte(at) != '#') break;
    if (text.empty())
      start_mark = {at, line, column};
    else
      text += '\n';
    recent_empty = false;
    while (mark_.at < at) {
      if (break_length(mark_.at) != 0)
        step_line();
      else
        step();
    }
    text += take_comment();
    peek = 0;  // and past the line's end
    column = 0;
    line = mark_.line;
  }
  if (!text.empty())
    comments_.push_back({scan, start_mark, start_mark, {mark_.at + peek - 1, line, column}, std::move(text), {}, {}});
}

void CommentedTokens::scan_line_comment(YamlMark token) {
  if (newlines_ > 0) return;
  size_t at = mark_.at;
  while (at < mark_.at + kPeekMax && is_blank(at)) ++at;
  if (at == mark_.at + kPeekMax || byte(at) != '#') return;
  while (mark_.at < at) step();
  YamlMark start = mark_;
  comments_.push_back({{}, token, start, {}, {}, take_comment(), {}});
}

// A block ends before the comments that are indented as it is.
void CommentedTokens::unroll_indent(int column, YamlMark scan) {
  if (flow_level_ > 0) return;
  YamlMark block = scan;
  auto before = [](size_t at) { return static_cast<int64_t>(at); };
  int64_t block_at = before(scan.at) - 1;
  while (indent_ > column) {
    int64_t stop = block_at;
    for (size_t i = comments_.size(); i-- > 0;) {
      const Comment& comment = comments_[i];
      if (before(comment.end.at) < stop) break;
      if (comment.start.column == indent_ + 1) {
        block = comment.start;
        block_at = before(block.at);
      }
      stop = before(comment.scan.at);
    }
    YamlMark end = block;
    end.at = static_cast<size_t>(std::max<int64_t>(block_at, 0));
    push(YAML_BLOCK_END_TOKEN, end, end);
    indent_ = indents_.back();
    indents_.pop_back();
  }
}

void CommentedTokens::roll_indent(int column, size_t number, yaml_token_type_t type, YamlMark mark) {
  if (flow_level_ > 0 || indent_ >= column) return;
  indents_.push_back(indent_);
  indent_ = column;
  tokens_.insert(tokens_.begin() + static_cast<std::ptrdiff_t>(number),
                 YamlToken{.type = type, .start = mark, .end = mark});
}

void CommentedTokens::begin_key() {
  if (key_allowed_) keys_.back() = {true, tokens_.size(), mark_};
}

bool CommentedTokens::may_be_key(const SimpleKey& key) const {
  return key.possible && key.mark.line == mark_.line && mark_.column <= key.mark.column + kSimpleKeyMax;
}

void CommentedTokens::fetch_value() {
  SimpleKey& key = keys_.back();
  if (may_be_key(key)) {
    tokens_.insert(tokens_.begin() + static_cast<std::ptrdiff_t>(key.token),
                   YamlToken{.type = YAML_KEY_TOKEN, .start = key.mark, .end = key.mark});
    roll_indent(key.mark.column, key.token, YAML_BLOCK_MAPPING_START_TOKEN, key.mark);
    key.possible = false;
    key_allowed_ = false;
  } else {
    roll_indent(mark_.column, tokens_.size(), YAML_BLOCK_MAPPING_START_TOKEN, mark_);
    key_allowed_ = flow_level_ == 0;
  }
}

// Where go-yaml's scanner stands after a token: behind a plain or block scalar it has eaten the blanks and empty lines.
void CommentedTokens::move_behind(const YamlToken& token) {
  mark_ = token.end;
  newlines_ = 0;
  bool plain = token.type == YAML_SCALAR_TOKEN && token.style == YAML_PLAIN_SCALAR_STYLE;
  bool block = token.type == YAML_SCALAR_TOKEN &&
               (token.style == YAML_LITERAL_SCALAR_STYLE || token.style == YAML_FOLDED_SCALAR_STYLE);
  if (plain) {
    while (is_blank(mark_.at) || break_length(mark_.at) != 0) {
      if (break_length(mark_.at) != 0)
        step_line();
      else
        step();
    }
    if (newlines_ > 0) key_allowed_ = true;
  } else if (block) {
    // A comment in the header line belongs to the scalar.
    size_t end = token.start.at;
    while (!is_end_of_line(end)) ++end;
    std::string_view header = text_.substr(token.start.at, end - token.start.at);
    if (size_t at = header.find('#'); at != header.npos) {
      YamlMark start = token.start;
      start.at += at;
      start.column += static_cast<int>(at);
      comments_.push_back({{}, token.start, start, {}, {}, std::string(header.substr(at)), {}});
    }
    while (byte(mark_.at) == ' ') step();
    for (size_t at = mark_.at; at-- > token.start.at && (is_blank(at) || byte(at) == '\n' || byte(at) == '\r');)
      newlines_ += byte(at) == '\n';
  } else if (token.type == YAML_VERSION_DIRECTIVE_TOKEN || token.type == YAML_TAG_DIRECTIVE_TOKEN) {
    while (!is_end_of_line(mark_.at)) step();
    if (break_length(mark_.at) != 0) step_line();
  }
}

void CommentedTokens::push(yaml_token_type_t type, YamlMark start, YamlMark end) {
  tokens_.push_back({.type = type, .start = start, .end = end});
}

// ---- characters ----

size_t CommentedTokens::break_length(size_t at) const {
  std::string_view rest = text_.substr(std::min(at, text_.size()));
  if (rest.starts_with("\r\n") || rest.starts_with("\xc2\x85")) return 2;
  if (rest.starts_with("\n") || rest.starts_with("\r")) return 1;
  return rest.starts_with("\xe2\x80\xa8") || rest.starts_with("\xe2\x80\xa9") ? 3 : 0;
}

void CommentedTokens::step() {
  if (!is_blank(mark_.at)) newlines_ = 0;
  ++mark_.at;
  while (mark_.at < text_.size() && (text_[mark_.at] & 0xC0) == 0x80) ++mark_.at;
  ++mark_.column;
}

void CommentedTokens::step_line() {
  mark_.at += break_length(mark_.at);
  mark_.column = 0;
  ++mark_.line;
  ++newlines_;
}

// Up to the end of the line.
std::string CommentedTokens::take_comment() {
  size_t from = mark_.at;
  while (!is_end_of_line(mark_.at)) step();
  return std::string(text_.substr(from, mark_.at - from));
}

}  // namespace slipway::value
