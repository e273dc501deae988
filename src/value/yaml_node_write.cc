// Nodes to text as go-yaml v3's emitter writes them, step by step. It keeps comments that wait to be written, and each
// step writes those it is meant for: which ones wait is state, and so it is here. That is why a collection is begun
// (begin()) before the comments behind it are written, and its content (content()) only then.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "value/note.h"
#include "value/utf8.h"
#include "value/yaml_characters.h"
#include "value/yaml_node.h"

namespace slipway::value {

namespace {

using Kind = YamlNode::Kind;
using Style = YamlNode::Style;

constexpr size_t kSimpleKeyMax = 128;

class NodeWriter {
 public:
  explicit NodeWriter(std::string& out) : out_(out) {}

  void document(const YamlNode& root, const std::string& head, const std::string& foot) {
    wait(head_, head);
    if (!head_.empty()) {
      write_head();
      put_break();
    }
    meet(root);
    write_head();
    begin(root, false, false);
    write_line();
    write_foot();
    content(root);
    wait(foot_, foot);
    foot_indent_ = 0;
    write_foot();
    foot_indent_ = -1;
    write_indent();
  }

 private:
  // ---- comments ----

  static void wait(std::string& slot, const std::string& comment) {
    if (!comment.empty()) slot = comment;
  }
  // The comments that come with a node. `tail`: what stands below the value before it. A key's own foot waits until its
  // value is written.
  void meet(const YamlNode& n, bool is_key = false, const std::string& tail = {}) {
    wait(head_, n.head);
    if (n.kind == Kind::scalar || n.kind == Kind::alias) {
      wait(line_, n.line);
      if (!is_key) wait(foot_, n.foot);
    }
    if (n.kind == Kind::scalar || n.kind == Kind::mapping) wait(tail_, tail);
  }
  void meet_end(const YamlNode& n, const std::string& tail = {}) {
    wait(tail_, tail);
    wait(line_, n.line);
    wait(foot_, n.foot);
  }
  bool comments_follow() const { return !line_.empty() || !foot_.empty() || !tail_.empty(); }

  void write_head() {
    if (!tail_.empty()) {
      write_indent();
      comment(std::exchange(tail_, {}));
      foot_indent_ = std::max(indent_, 0);
    }
    if (head_.empty()) return;
    write_indent();
    comment(std::exchange(head_, {}));
  }
  void write_line() {
    if (line_.empty()) return;
    if (!whitespace_) put(' ');
    comment(std::exchange(line_, {}));
  }
  void write_foot() {
    if (foot_.empty()) return;
    write_indent();
    comment(std::exchange(foot_, {}));
    foot_indent_ = std::max(indent_, 0);
  }
  void comment(const std::string& text) {
    std::string_view s = text;
    bool breaks = false, begun = false;
    for (size_t i = 0; i < s.size();) {
      if (is_break(decode_rune(s.substr(i)).code)) {
        i += write_break(s.substr(i));
        breaks = true;
        begun = false;
        continue;
      }
      if (breaks) write_indent();
      if (!begun && s[i] != '#') {
        put('#');
        put(' ');
      }
      begun = true;
      i += put_rune(s.substr(i));
      indention_ = breaks = false;
    }
    if (!breaks) put_break();
    whitespace_ = true;
  }

  // ---- nodes ----

  void begin(const YamlNode& n, bool in_mapping, bool simple_key) {
    in_mapping_ = in_mapping;
    if (n.kind == Kind::alias) {
      indicator("*", true, false, false);
      word(n.text);
      return;
    }
    Analysis a;
    Style style = n.style;
    bool quotes_forced = false;
    std::string_view tag = written_tag(n, quotes_forced);
    if (n.kind == Kind::scalar) {
      if (style == Style::plain && n.text.find('\n') != n.text.npos)
        style = Style::literal;
      else if (style == Style::plain && quotes_forced)
        style = Style::double_quoted;
      a = analyze(n.text, YamlStyle::go_yaml_v3);
      style = possible_style(n, a, style, simple_key);
    }
    if (!n.anchor.empty()) {
      indicator("&", true, false, false);
      word(n.anchor);
    }
    write_tag(tag);
    if (n.kind != Kind::scalar) return;
    int before = indent_;
    indent_ = indent_ < 0 ? 2 : indent_ + 2;
    write_scalar(n.text, style);
    indent_ = before;
  }

  // Nothing for scalars.
  void content(const YamlNode& n) {
    if (n.kind != Kind::list && n.kind != Kind::mapping) return;
    bool flow = flow_level_ > 0 || n.style == Style::flow || n.items.empty();
    int before = indent_;
    if (n.kind == Kind::list)
      flow ? flow_list(n) : block_list(n);
    else
      flow ? flow_mapping(n) : block_mapping(n);
    indent_ = before;
  }

  void block_list(const YamlNode& n) {
    bool at_key = in_mapping_ && (column_ == 0 || !indention_);
    indent_ = indent_ < 0 ? 0 : indent_ + (at_key ? 0 : 2);
    for (const YamlNode& item : n.items) {
      meet(item);
      write_head();
      write_indent();
      indicator("-", true, false, true);
      begin(item, false, false);
      write_line();
      write_foot();
      content(item);
    }
    meet_end(n);
  }

  void block_mapping(const YamlNode& n) {
    indent_ = indent_ < 0 ? 0 : indent_ + 2;
    std::string tail;
    for (size_t i = 0; i + 1 < n.items.size(); i += 2) {
      const YamlNode &key = n.items[i], &value = n.items[i + 1];
      meet(key, true, tail);
      tail = key.foot;
      write_head();
      write_indent();
      if (!line_.empty()) key_line_ = std::exchange(line_, {});
      bool simple = is_simple(key);
      if (!simple) indicator("?", true, false, true);
      begin(key, true, simple);
      content(key);
      meet(value);
      if (!simple) write_indent();
      indicator(":", !simple, false, !simple);
      write_key_line(value);
      begin(value, true, false);
      write_line();
      write_foot();
      content(value);
    }
    meet_end(n, tail);
    write_head();
  }

  // A comment behind a key goes behind its scalar, or stays behind the key of a block.
  void write_key_line(const YamlNode& value) {
    if (key_line_.empty()) return;
    if (value.kind == Kind::scalar) {
      if (line_.empty()) line_ = std::exchange(key_line_, {});
    } else if (value.kind != Kind::alias && value.style != Style::flow) {
      line_.swap(key_line_);
      write_line();
      line_.swap(key_line_);
    }
  }

  void flow_list(const YamlNode& n) {
    int outer = begin_flow("[");
    bool comma = false;
    for (const YamlNode& item : n.items) {
      meet(item);
      if (comma) indicator(",", false, false, false);
      write_head();
      if (column_ == 0) write_indent();
      comma = !comments_follow();
      begin(item, false, false);
      end_flow_item();
      content(item);
    }
    meet_end(n);
    --flow_level_;
    indent_ = outer;
    if (column_ == 0) write_indent();
    indicator("]", false, false, false);
    write_line();
    write_foot();
  }

  void flow_mapping(const YamlNode& n) {
    int outer = begin_flow("{");
    bool comma = false;
    std::string tail;
    for (size_t i = 0; i + 1 < n.items.size(); i += 2) {
      const YamlNode &key = n.items[i], &value = n.items[i + 1];
      meet(key, true, tail);
      tail = key.foot;
      if (comma) indicator(",", false, false, false);
      write_head();
      if (column_ == 0) write_indent();
      bool simple = is_simple(key);
      if (!simple) indicator("?", true, false, false);
      begin(key, true, simple);
      content(key);
      meet(value);
      indicator(":", !simple, false, false);
      comma = !comments_follow();
      begin(value, true, false);
      end_flow_item();
      content(value);
    }
    meet_end(n, tail);
    if (comma && (!head_.empty() || !foot_.empty() || !tail_.empty())) indicator(",", false, false, false);
    write_head();
    --flow_level_;
    indent_ = outer;
    indicator("}", false, false, false);
    write_line();
    write_foot();
  }

  // Gives the indent around it.
  int begin_flow(std::string_view bracket) {
    indicator(bracket, true, true, false);
    ++flow_level_;
    return std::exchange(indent_, indent_ < 0 ? 2 : indent_ + 2);
  }
  void end_flow_item() {
    if (comments_follow()) indicator(",", false, false, false);
    write_line();
    write_foot();
  }

  static bool is_simple(const YamlNode& key) {
    bool forced = false;
    size_t length = key.anchor.size() + (key.kind == Kind::alias ? key.text.size() : written_tag(key, forced).size());
    if (key.kind == Kind::scalar && analyze(key.text, YamlStyle::go_yaml_v3).multiline) return false;
    if (key.kind == Kind::scalar) length += key.text.size();
    return length <= kSimpleKeyMax && key.items.empty();
  }

  // ---- scalars ----

  // A tag is left out where the text says the same without it. A text that would say something else is quoted.
  static std::string_view written_tag(const YamlNode& n, bool& quotes_forced) {
    if (n.tag.empty() || n.tag_written || n.kind == Kind::alias) return n.tag;
    if (n.kind != Kind::scalar) return n.tag == (n.kind == Kind::list ? "!!seq" : "!!map") ? std::string_view() : n.tag;
    if (n.tag == "!!str" && n.style != Style::plain) return "";
    if (std::string_view(n.tag).substr(2) == plain_tag(n.text)) return n.tag == "!!merge" ? n.tag : std::string_view();
    if (n.tag != "!!str") return n.tag;
    quotes_forced = true;
    return "";
  }

  Style possible_style(const YamlNode& n, const Analysis& a, Style style, bool simple_key) const {
    if (simple_key && a.multiline) style = Style::double_quoted;
    if (style == Style::plain) {
      bool allowed = flow_level_ > 0 ? a.flow_plain_allowed : a.plain_allowed;
      if (!allowed || (n.text.empty() && (flow_level_ > 0 || simple_key))) style = Style::single_quoted;
    }
    if (style == Style::single_quoted && !a.single_allowed) style = Style::double_quoted;
    bool block = style == Style::literal || style == Style::folded;
    return block && (!a.block_allowed || flow_level_ > 0 || simple_key) ? Style::double_quoted : style;
  }

  void write_tag(std::string_view tag) {
    if (tag.empty()) return;
    std::string handle, suffix(tag);
    if (tag.starts_with("!!")) {
      handle = "!!";
    } else if (tag.starts_with("!")) {
      handle = "!";
    }
    suffix.erase(0, handle.size());
    if (handle.empty())
      indicator("!<", true, false, false);
    else if (!whitespace_)
      put(' ');
    for (char c : handle) put(c);
    for (char c : suffix) {
      bool alpha = ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
      if (alpha || std::string_view(";/?:@&=+$,_.~*'()[]").find(c) != std::string_view::npos)
        put(c);
      else
        for (char d : fmt::format("%{:02X}", static_cast<unsigned char>(c))) put(d);
    }
    if (handle.empty()) indicator(">", false, false, false);
    whitespace_ = indention_ = false;
  }

  void write_scalar(std::string_view s, Style style) {
    switch (style) {
      case Style::plain:
      case Style::flow:
        return plain(s);
      case Style::single_quoted:
        return single_quoted(s);
      case Style::double_quoted:
        return double_quoted(s);
      case Style::literal:
        return literal(s);
      case Style::folded:
        return folded(s);
    }
  }

  // No line breaks in it, or it would not be plain.
  void plain(std::string_view s) {
    if (!s.empty() && !whitespace_) put(' ');
    for (size_t i = 0; i < s.size();) i += put_rune(s.substr(i));
    if (!s.empty()) whitespace_ = false;
    indention_ = false;
  }

  void single_quoted(std::string_view s) {
    indicator("'", true, false, false);
    bool breaks = false;
    for (size_t i = 0; i < s.size();) {
      if (is_break(decode_rune(s.substr(i)).code)) {
        if (!breaks && s[i] == '\n') put_break();
        i += write_break(s.substr(i));
        breaks = true;
        continue;
      }
      if (s[i] != ' ') {
        if (breaks) write_indent();
        if (s[i] == '\'') put('\'');
        indention_ = breaks = false;
      }
      i += put_rune(s.substr(i));
    }
    indicator("'", false, false, false);
    whitespace_ = indention_ = false;
  }

  void double_quoted(std::string_view s) {
    indicator("\"", true, false, false);
    bool all = s.starts_with("\xef\xbb\xbf");  // go-yaml looks for the mark at the start only, but for every character
    for (size_t i = 0; i < s.size();) {
      Rune r = decode_rune(s.substr(i));
      if (all || !is_printable(r.code) || is_break(r.code) || s[i] == '"' || s[i] == '\\') {
        size_t before = out_.size();
        append_escaped(out_, r.code);
        column_ += static_cast<int>(out_.size() - before);
        i += static_cast<size_t>(r.length);
      } else {
        i += put_rune(s.substr(i));
      }
    }
    indicator("\"", false, false, false);
    whitespace_ = indention_ = false;
  }

  static size_t break_at(std::string_view s, size_t i) {
    if (i >= s.size()) return 0;
    Rune r = decode_rune(s.substr(i));
    return is_break(r.code) ? static_cast<size_t>(r.length) : 0;
  }

  // "|" or ">" with what follows it up to the line's end.
  void block_header(std::string_view s, std::string_view mark) {
    indicator(mark, true, false, false);
    if (s.starts_with(' ') || break_at(s, 0) != 0) indicator("2", false, false, false);
    auto last = [](std::string_view t) {  // where its last character begins
      size_t i = t.size() - 1;
      while (i > 0 && (t[i] & 0xC0) == 0x80) --i;
      return i;
    };
    size_t at = last(s);
    if (break_at(s, at) == 0)
      indicator("-", false, false, false);
    else if (at == 0 || break_at(s, last(s.substr(0, at))) != 0)
      indicator("+", false, false, false);
    if (line_.empty())
      put_break();
    else
      write_line();
    whitespace_ = true;
  }

  void literal(std::string_view s) {
    block_header(s, "|");
    bool breaks = true;
    for (size_t i = 0; i < s.size();) {
      if (break_at(s, i) != 0) {
        i += write_break(s.substr(i));
        breaks = true;
        continue;
      }
      if (breaks) write_indent();
      i += put_rune(s.substr(i));
      indention_ = breaks = false;
    }
  }

  void folded(std::string_view s) {
    block_header(s, ">");
    size_t first = 0;  // go-yaml looks at the first line where it means the next
    while (size_t n = break_at(s, first)) first += n;
    bool doubles = first < s.size() && s[first] != ' ' && s[first] != '\t';
    bool breaks = true, leading_spaces = true;
    for (size_t i = 0; i < s.size();) {
      if (break_at(s, i) != 0) {
        if (!breaks && !leading_spaces && s[i] == '\n' && doubles) put_break();
        i += write_break(s.substr(i));
        breaks = true;
        continue;
      }
      if (breaks) {
        write_indent();
        leading_spaces = s[i] == ' ' || s[i] == '\t';
      }
      i += put_rune(s.substr(i));
      indention_ = breaks = false;
    }
  }

  // ---- characters ----

  void write_indent() {
    int indent = std::max(indent_, 0);
    if (!indention_ || column_ > indent || (column_ == indent && !whitespace_)) put_break();
    if (foot_indent_ == indent) put_break();
    while (column_ < indent) put(' ');
    whitespace_ = true;
    foot_indent_ = -1;
  }
  void indicator(std::string_view text, bool needs_blank, bool is_blank, bool is_indention) {
    if (needs_blank && !whitespace_) put(' ');
    for (size_t i = 0; i < text.size();) i += put_rune(text.substr(i));
    whitespace_ = is_blank;
    indention_ = indention_ && is_indention;
  }
  void word(std::string_view text) {
    for (size_t i = 0; i < text.size();) i += put_rune(text.substr(i));
    whitespace_ = indention_ = false;
  }
  void put(char c) {
    out_ += c;
    ++column_;
  }
  size_t put_rune(std::string_view s) {
    size_t n = static_cast<size_t>(decode_rune(s).length);
    out_ += s.substr(0, n);
    ++column_;
    return n;
  }
  void put_break() {
    out_ += '\n';
    column_ = 0;
    indention_ = true;
  }
  size_t write_break(std::string_view s) {
    if (s[0] == '\n') {
      put_break();
      return 1;
    }
    size_t n = put_rune(s);
    column_ = 0;
    indention_ = true;
    return n;
  }

  std::string& out_;
  std::string head_, line_, foot_, tail_, key_line_;  // comments that wait
  int indent_ = -1, column_ = 0, flow_level_ = 0, foot_indent_ = -1;
  bool whitespace_ = true, indention_ = true, in_mapping_ = false;
};

}  // namespace

std::string write_yaml_nodes(const YamlNodes& document) {
  std::string out;
  NodeWriter(out).document(document.root, document.head, document.foot);
  return out;
}

std::string write_yaml_node(const YamlNode& node) {
  std::string out;
  NodeWriter(out).document(node, {}, {});
  return out;
}

}  // namespace slipway::value
