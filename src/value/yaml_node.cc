// Tokens become nodes as go-yaml v3's parser and its decoder make them: it reads token by token, and the comments that
// have come together go to the node whose token is looked at. No event is made in between.
#include "value/yaml_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "value/note.h"
#include "value/yaml.h"
#include "value/yaml_node_tokens.h"
#include "value/yaml_scalar.h"

namespace slipway::value {

namespace {

class NodeReader {
 public:
  explicit NodeReader(std::string_view text) : tokens_(text) {}

  Result<YamlNodes> document() {
    YamlNodes out;
    expect(YAML_STREAM_START_TOKEN);
    directives();
    bool written = type() == YAML_DOCUMENT_START_TOKEN;
    if (type() == YAML_STREAM_END_TOKEN) return fail(ErrorKind::bad_request, "the text is empty");
    if (written) {
      tokens_.skip();
      if (ends_document())
        out.root = nothing();
      else
        out.root = node(true, false);
    } else {
      out.head = document_head();
      out.root = node(true, false);
    }
    type();
    out.foot = tokens_.foot.empty() ? tokens_.head : tokens_.foot;
    if (too_deep_) return fail(ErrorKind::too_large, "the text nests deeper than {} levels", YamlLimits().depth_max);
    if (wrong_ || !ends_document()) return fail(ErrorKind::bad_request, "the text is no YAML");
    return out;
  }

 private:
  yaml_token_type_t type() { return tokens_.peek().type; }
  bool is(std::initializer_list<yaml_token_type_t> types) {
    return std::find(types.begin(), types.end(), type()) != types.end();
  }
  bool ends_document() {
    return is({YAML_VERSION_DIRECTIVE_TOKEN, YAML_TAG_DIRECTIVE_TOKEN, YAML_DOCUMENT_START_TOKEN,
               YAML_DOCUMENT_END_TOKEN, YAML_STREAM_END_TOKEN});
  }
  void expect(yaml_token_type_t expected) {
    if (type() != expected) wrong_ = true;
    tokens_.skip();
  }

  void directives() {
    while (is({YAML_VERSION_DIRECTIVE_TOKEN, YAML_TAG_DIRECTIVE_TOKEN})) {
      const YamlToken& token = tokens_.peek();
      if (token.type == YAML_TAG_DIRECTIVE_TOKEN) handles_.push_back({token.text, token.suffix});
      tokens_.skip();
      if (ends_document() && !is({YAML_VERSION_DIRECTIVE_TOKEN, YAML_TAG_DIRECTIVE_TOKEN, YAML_DOCUMENT_START_TOKEN}))
        wrong_ = true;
    }
  }

  // What stands above the last empty line of the first comments is the document's.
  std::string document_head() {
    std::string& all = tokens_.head;
    for (size_t i = all.size(); i-- > 1;) {
      if (all[i] != '\n' || (i != all.size() - 1 && all[i - 1] != '\n')) continue;
      std::string head = all.substr(0, i == all.size() - 1 ? i : i - 1);
      all.erase(0, i + 1);
      return head;
    }
    return {};
  }

  void take_comments(YamlNode& n) {
    n.head = std::exchange(tokens_.head, {});
    n.line = std::exchange(tokens_.line, {});
    n.foot = std::exchange(tokens_.foot, {});
    stem_.clear();
  }
  // Those of a collection's end: a head there is lost.
  void take_end_comments(YamlNode& n) {
    YamlNode end;
    take_comments(end);
    n.line = std::move(end.line);
    n.foot = std::move(end.foot);
  }

  static YamlNode nothing() {
    YamlNode n;
    n.tag = "!!null";
    return n;
  }

  YamlNode node(bool in_block, bool may_be_indentless) {
    YamlNode n;
    if (depth_ == YamlLimits().depth_max) too_deep_ = true;
    if (too_deep_ || wrong_) return n;
    if (type() == YAML_ALIAS_TOKEN) {
      n.kind = YamlNode::Kind::alias;
      n.text = tokens_.peek().text;
      if (std::find(anchors_.begin(), anchors_.end(), n.text) == anchors_.end()) wrong_ = true;
      take_comments(n);
      tokens_.skip();
      return n;
    }
    std::string tag;
    bool marked = is({YAML_ANCHOR_TOKEN, YAML_TAG_TOKEN});
    for (int i = 0; i < 2 && is({YAML_ANCHOR_TOKEN, YAML_TAG_TOKEN}); ++i) {
      const YamlToken& token = tokens_.peek();
      std::string& to = token.type == YAML_ANCHOR_TOKEN ? n.anchor : tag;
      if (!to.empty()) break;
      to = token.type == YAML_ANCHOR_TOKEN ? token.text : long_tag(token);
      tokens_.skip();
    }
    if (!n.anchor.empty()) anchors_.push_back(n.anchor);
    const YamlToken& token = tokens_.peek();
    ++depth_;
    switch (token.type) {
      case YAML_BLOCK_ENTRY_TOKEN:
        if (!may_be_indentless) break;
        collection(n, YamlNode::Kind::list, tag);
        indentless_list(n);
        --depth_;
        return n;
      case YAML_SCALAR_TOKEN:
        scalar(n, token, tag);
        --depth_;
        return n;
      case YAML_FLOW_SEQUENCE_START_TOKEN:
      case YAML_FLOW_MAPPING_START_TOKEN: {
        bool list = token.type == YAML_FLOW_SEQUENCE_START_TOKEN;
        collection(n, list ? YamlNode::Kind::list : YamlNode::Kind::mapping, tag);
        n.style = YamlNode::Style::flow;
        take_comments(n);
        tokens_.skip();
        list ? flow_list(n) : flow_mapping(n);
        --depth_;
        return n;
      }
      case YAML_BLOCK_SEQUENCE_START_TOKEN:
      case YAML_BLOCK_MAPPING_START_TOKEN: {
        if (!in_block) break;
        bool list = token.type == YAML_BLOCK_SEQUENCE_START_TOKEN;
        collection(n, list ? YamlNode::Kind::list : YamlNode::Kind::mapping, tag);
        n.head = std::exchange(stem_, {});
        tokens_.skip();
        list ? block_list(n) : block_mapping(n);
        --depth_;
        return n;
      }
      default:
        break;
    }
    --depth_;
    if (!marked) wrong_ = true;
    tagged(n, tag, tag.empty() || tag == "!" ? "!!null" : "");
    return n;
  }

  std::string long_tag(const YamlToken& token) {
    if (token.text.empty()) return token.suffix;
    for (const auto& [handle, prefix] : handles_)
      if (handle == token.text) return prefix + token.suffix;
    if (token.text == "!") return "!" + token.suffix;
    if (token.text == "!!") return std::string(kLongTagPrefix) + token.suffix;
    wrong_ = true;
    return {};
  }

  static void tagged(YamlNode& n, const std::string& tag, std::string_view understood) {
    n.tag_written = !tag.empty() && tag != "!";
    if (!n.tag_written)
      n.tag = understood;
    else
      n.tag = tag.starts_with(kLongTagPrefix) ? "!!" + tag.substr(kLongTagPrefix.size()) : tag;
  }
  static void collection(YamlNode& n, YamlNode::Kind kind, const std::string& tag) {
    n.kind = kind;
    tagged(n, tag, kind == YamlNode::Kind::list ? "!!seq" : "!!map");
  }

  void scalar(YamlNode& n, const YamlToken& token, const std::string& tag) {
    n.text = token.text;
    switch (token.style) {
      case YAML_SINGLE_QUOTED_SCALAR_STYLE:
        n.style = YamlNode::Style::single_quoted;
        break;
      case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
        n.style = YamlNode::Style::double_quoted;
        break;
      case YAML_LITERAL_SCALAR_STYLE:
        n.style = YamlNode::Style::literal;
        break;
      case YAML_FOLDED_SCALAR_STYLE:
        n.style = YamlNode::Style::folded;
        break;
      default:
        break;
    }
    bool plain = n.style == YamlNode::Style::plain;
    tagged(n, tag, plain ? fmt::format("!!{}", plain_tag(n.text)) : "!!str");
    take_comments(n);
    tokens_.skip();
  }

  void block_list(YamlNode& n) {
    while (type() == YAML_BLOCK_ENTRY_TOKEN) {
      skip_dash();
      bool empty = is({YAML_BLOCK_ENTRY_TOKEN, YAML_BLOCK_END_TOKEN});
      n.items.push_back(empty ? nothing() : node(true, false));
    }
    n.line.clear();
    n.foot.clear();
    expect(YAML_BLOCK_END_TOKEN);
  }

  void indentless_list(YamlNode& n) {
    while (type() == YAML_BLOCK_ENTRY_TOKEN) {
      skip_dash();
      bool empty = is({YAML_BLOCK_ENTRY_TOKEN, YAML_KEY_TOKEN, YAML_VALUE_TOKEN, YAML_BLOCK_END_TOKEN});
      n.items.push_back(empty ? nothing() : node(true, false));
    }
  }

  // A comment above "- a: 1" is the mapping's, not its first key's.
  void skip_dash() {
    size_t before = tokens_.head.size();
    tokens_.skip();
    if (before == 0 || !is({YAML_BLOCK_SEQUENCE_START_TOKEN, YAML_BLOCK_MAPPING_START_TOKEN})) return;
    stem_ = tokens_.head.substr(0, before);
    tokens_.head.erase(0, tokens_.head.size() == before ? before : before + 1);
  }

  void block_mapping(YamlNode& n) {
    while (type() == YAML_KEY_TOKEN && !wrong_) {
      tokens_.skip();
      auto is_empty = [this] { return is({YAML_KEY_TOKEN, YAML_VALUE_TOKEN, YAML_BLOCK_END_TOKEN}); };
      YamlNode key = is_empty() ? nothing() : node(true, true);
      if (!key.foot.empty() && n.items.size() >= 2)  // below the value before, and indented less
        n.items[n.items.size() - 2].foot = std::exchange(key.foot, {});
      YamlNode value;
      if (type() == YAML_VALUE_TOKEN) {
        tokens_.skip();
        value = is_empty() ? nothing() : node(true, true);
      } else {
        value = nothing();
      }
      add(n, std::move(key), std::move(value));
    }
    if (type() != YAML_BLOCK_END_TOKEN) wrong_ = true;
    take_end_comments(n);
    tokens_.skip();
    if (!n.foot.empty() && n.items.size() > 1) n.items[n.items.size() - 2].foot = std::exchange(n.foot, {});
  }

  // The foot of a value is written below the whole of it: as its key's.
  static void add(YamlNode& n, YamlNode key, YamlNode value) {
    if (key.foot.empty() && !value.foot.empty()) key.foot = std::exchange(value.foot, {});
    n.items.push_back(std::move(key));
    n.items.push_back(std::move(value));
  }

  void flow_list(YamlNode& n) {
    while (!wrong_ && type() != YAML_FLOW_SEQUENCE_END_TOKEN) {
      if (!n.items.empty()) {
        expect(YAML_FLOW_ENTRY_TOKEN);
        if (type() == YAML_FLOW_SEQUENCE_END_TOKEN) break;
      }
      n.items.push_back(type() == YAML_KEY_TOKEN ? pair() : node(false, false));
    }
    take_end_comments(n);
    tokens_.skip();
  }

  // [a: b]
  YamlNode pair() {
    YamlNode n;
    collection(n, YamlNode::Kind::mapping, {});
    n.style = YamlNode::Style::flow;
    tokens_.skip();
    YamlNode key, value;
    if (is({YAML_VALUE_TOKEN, YAML_FLOW_ENTRY_TOKEN, YAML_FLOW_SEQUENCE_END_TOKEN})) {
      key = nothing();
      tokens_.skip();
    } else {
      key = node(false, false);
    }
    value = flow_value(YAML_FLOW_SEQUENCE_END_TOKEN);
    add(n, std::move(key), std::move(value));
    type();
    return n;
  }

  YamlNode flow_value(yaml_token_type_t end) {
    if (type() != YAML_VALUE_TOKEN) return nothing();
    tokens_.skip();
    return is({YAML_FLOW_ENTRY_TOKEN, end}) ? nothing() : node(false, false);
  }

  void flow_mapping(YamlNode& n) {
    while (!wrong_ && type() != YAML_FLOW_MAPPING_END_TOKEN) {
      if (!n.items.empty()) {
        expect(YAML_FLOW_ENTRY_TOKEN);
        if (type() == YAML_FLOW_MAPPING_END_TOKEN) break;
      }
      YamlNode key, value;
      if (type() == YAML_KEY_TOKEN) {
        tokens_.skip();
        bool empty = is({YAML_VALUE_TOKEN, YAML_FLOW_ENTRY_TOKEN, YAML_FLOW_MAPPING_END_TOKEN});
        key = empty ? nothing() : node(false, false);
        value = flow_value(YAML_FLOW_MAPPING_END_TOKEN);
      } else {
        key = node(false, false);
        type();
        value = nothing();
      }
      add(n, std::move(key), std::move(value));
    }
    take_end_comments(n);
    tokens_.skip();
  }

  CommentedTokens tokens_;
  std::vector<std::pair<std::string, std::string>> handles_;  // of %TAG
  std::vector<std::string> anchors_;
  std::string stem_;
  int depth_ = 0;
  bool wrong_ = false, too_deep_ = false;
};

}  // namespace

YamlNode* YamlNode::find(std::string_view key) {
  if (kind != Kind::mapping) return nullptr;
  for (size_t i = 0; i + 1 < items.size(); i += 2)
    if (items[i].text == key) return &items[i + 1];
  return nullptr;
}

Result<YamlNodes> read_yaml_nodes(std::string_view text) {
  if (text.size() > YamlLimits().bytes_max)
    return fail(ErrorKind::too_large, "a text of {} bytes is over the limit of {} bytes", text.size(),
                YamlLimits().bytes_max);
  return NodeReader(text).document();
}

}  // namespace slipway::value
