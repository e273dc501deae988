// One state per place in the grammar where a token is waited for; behind a node goes on what states_ has on top.
#include "value/yaml_parser.h"

#include <algorithm>

namespace slipway::value {

bool YamlParser::next(YamlEvent& event) {
  if (failed_) return false;
  event.kind = Kind::none;
  event.implicit = event.flow = false;
  event.style = YamlScalarStyle::plain;
  event.anchor.clear();
  event.tag.clear();
  event.text.clear();
  event_ = &event;
  auto step = [this] {
    switch (state_) {
      case State::stream_start:
        return stream_start();
      case State::first_document:
        return document_start(true);
      case State::document_start:
        return document_start(false);
      case State::document_content:
        return document_content();
      case State::document_end:
        return document_end();
      case State::node:
        return node(true, false);
      case State::node_or_list:
        return node(true, true);
      case State::flow_node:
        return node(false, false);
      case State::block_list_begins:
        return block_list(true);
      case State::block_list:
        return block_list(false);
      case State::list_at_key:
        return list_at_key();
      case State::block_mapping_begins:
        return block_key(true);
      case State::block_key:
        return block_key(false);
      case State::block_value:
        return block_value();
      case State::flow_list_begins:
        return flow_list(true);
      case State::flow_list:
        return flow_list(false);
      case State::pair_key:
        return pair_key();
      case State::pair_value:
        return pair_value();
      case State::pair_end:
        return pair_end();
      case State::flow_mapping_begins:
        return flow_key(true);
      case State::flow_key:
        return flow_key(false);
      case State::flow_value:
        return flow_value(false);
      case State::flow_value_missing:
        return flow_value(true);
      case State::end:
        event_->kind = Kind::stream_end;
        return true;
    }
    return false;
  };
  failed_ = !step();
  return !failed_;
}

bool YamlParser::is(std::initializer_list<Token> kinds) const {
  return std::find(kinds.begin(), kinds.end(), token_->kind) != kinds.end();
}

bool YamlParser::wrong(const char* context, const YamlPosition& start, const char* problem) {
  fault_ = {YamlFault::Stage::parser, problem, context, start, token_->start};
  return false;
}

bool YamlParser::nothing(State then, const YamlPosition& position) {
  state_ = then;
  event_->kind = Kind::scalar;
  event_->implicit = true;
  event_->start = event_->end = position;
  return true;
}

bool YamlParser::close(Kind kind) {
  state_ = pop();
  begun_.pop_back();
  event_->kind = kind;
  event_->start = token_->start;
  event_->end = token_->end;
  scanner_.skip();
  return true;
}

// ---- documents ----

bool YamlParser::stream_start() {
  if (!peek()) return false;
  state_ = State::first_document;
  event_->kind = Kind::stream_start;
  event_->start = event_->end = token_->start;
  scanner_.skip();
  return true;
}

bool YamlParser::document_start(bool first) {
  if (!peek()) return false;
  while (!first && token_->kind == Token::document_end)
    if (!skip_and_peek()) return false;
  event_->start = token_->start;
  event_->end = token_->end;
  if (token_->kind == Token::stream_end) {
    state_ = State::end;
    event_->kind = Kind::stream_end;
    scanner_.skip();
    return true;
  }
  bool bare = first && !is({Token::version_directive, Token::tag_directive, Token::document_start});
  if (!directives()) return false;
  if (!bare && token_->kind != Token::document_start) return wrong("", {}, "did not find expected <document start>");
  states_.push_back(State::document_end);
  state_ = bare ? State::node : State::document_content;
  event_->kind = Kind::document_start;
  if (bare) return true;
  event_->end = token_->end;
  scanner_.skip();
  return true;
}

bool YamlParser::directives() {
  bool version_seen = false;
  for (; is({Token::version_directive, Token::tag_directive});) {
    if (token_->kind == Token::version_directive) {
      if (version_seen) return wrong("", {}, "found duplicate %YAML directive");
      if (token_->major != 1 || token_->minor != 1) return wrong("", {}, "found incompatible YAML document");
      version_seen = true;
    } else {
      auto same = [&](const TagPrefix& tag) { return tag.handle == token_->text; };
      if (std::any_of(tags_.begin(), tags_.end(), same)) return wrong("", {}, "found duplicate %TAG directive");
      tags_.push_back({token_->text, token_->suffix});
    }
    if (!skip_and_peek()) return false;
  }
  for (auto [handle, prefix] : {std::pair("!", "!"), std::pair("!!", "tag:yaml.org,2002:")}) {
    auto same = [&](const TagPrefix& tag) { return tag.handle == handle; };
    if (std::none_of(tags_.begin(), tags_.end(), same)) tags_.push_back({handle, prefix});
  }
  return true;
}

bool YamlParser::document_content() {
  if (!peek()) return false;
  if (is({Token::version_directive, Token::tag_directive, Token::document_start, Token::document_end,
          Token::stream_end}))
    return nothing(pop(), token_->start);
  return node(true, false);
}

bool YamlParser::document_end() {
  if (!peek()) return false;
  event_->kind = Kind::document_end;
  event_->start = event_->end = token_->start;
  if (token_->kind == Token::document_end) {
    event_->end = token_->end;
    scanner_.skip();
  }
  tags_.clear();
  state_ = State::document_start;
  return true;
}

// ---- nodes ----

bool YamlParser::node(bool block, bool list_at_key) {
  if (!peek()) return false;
  YamlEvent& event = *event_;
  event.start = token_->start;
  event.end = token_->end;
  if (token_->kind == Token::alias) {
    state_ = pop();
    event.kind = Kind::alias;
    event.anchor = std::move(token_->text);
    scanner_.skip();
    return true;
  }
  bool tagged = false;
  YamlPosition tag_at, end = token_->start;
  if (!properties(tagged, tag_at)) return false;
  if (tagged || !event.anchor.empty()) end = event.end;
  switch (token_->kind) {
    case Token::block_entry:
      if (list_at_key) return begin(Kind::sequence_start, false, State::list_at_key, token_->end);
      break;
    case Token::scalar:
      state_ = pop();
      event.kind = Kind::scalar;
      event.end = token_->end;
      event.style = token_->style;
      event.implicit = event.tag == "!" || (event.tag.empty() && token_->style == YamlScalarStyle::plain);
      event.text = std::move(token_->text);
      scanner_.skip();
      return true;
    case Token::flow_sequence_start:
      return begin(Kind::sequence_start, true, State::flow_list_begins, token_->end);
    case Token::flow_mapping_start:
      return begin(Kind::mapping_start, true, State::flow_mapping_begins, token_->end);
    case Token::block_sequence_start:
      if (block) return begin(Kind::sequence_start, false, State::block_list_begins, token_->end);
      break;
    case Token::block_mapping_start:
      if (block) return begin(Kind::mapping_start, false, State::block_mapping_begins, token_->end);
      break;
    default:
      break;
  }
  if (!event.anchor.empty() || !event.tag.empty()) {
    state_ = pop();
    event.kind = Kind::scalar;
    event.implicit = event.tag.empty();
    event.end = end;
    return true;
  }
  return wrong(block ? "while parsing a block node" : "while parsing a flow node", event.start,
               "did not find expected node content");
}

// A tag and an anchor, in either order.
bool YamlParser::properties(bool& tagged, YamlPosition& tag_at) {
  bool anchored = false;
  std::string handle, suffix;
  while ((token_->kind == Token::anchor && !anchored) || (token_->kind == Token::tag && !tagged)) {
    event_->end = token_->end;
    if (token_->kind == Token::anchor) {
      anchored = true;
      event_->anchor = std::move(token_->text);
    } else {
      tagged = true;
      tag_at = token_->start;
      handle = std::move(token_->text);
      suffix = std::move(token_->suffix);
    }
    if (!skip_and_peek()) return false;
  }
  if (!tagged) return true;
  for (const TagPrefix& tag : tags_)
    if (tag.handle == handle) event_->tag = tag.prefix + suffix;
  if (handle.empty()) event_->tag = std::move(suffix);
  if (!event_->tag.empty()) return true;
  fault_ = {YamlFault::Stage::parser, "found undefined tag handle", "while parsing a node", event_->start, tag_at};
  return false;
}

bool YamlParser::begin(Kind kind, bool flow, State then, const YamlPosition& end) {
  state_ = then;
  event_->kind = kind;
  event_->flow = flow;
  event_->implicit = event_->tag.empty();
  event_->end = end;
  return true;
}

// ---- blocks ----

bool YamlParser::block_list(bool first) {
  if (first) enter();
  if (!peek()) return false;
  if (token_->kind == Token::block_entry) {
    YamlPosition behind = token_->end;
    if (!skip_and_peek()) return false;
    if (is({Token::block_entry, Token::block_end})) return nothing(State::block_list, behind);
    return child(State::block_list, true, false);
  }
  if (token_->kind == Token::block_end) return close(Kind::sequence_end);
  return wrong("while parsing a block collection", begun_.back(), "did not find expected '-' indicator");
}

bool YamlParser::list_at_key() {
  if (!peek()) return false;
  if (token_->kind == Token::block_entry) {
    YamlPosition behind = token_->end;
    if (!skip_and_peek()) return false;
    if (is({Token::block_entry, Token::key, Token::value, Token::block_end}))
      return nothing(State::list_at_key, behind);
    return child(State::list_at_key, true, false);
  }
  state_ = pop();
  event_->kind = Kind::sequence_end;
  event_->start = event_->end = token_->start;
  return true;
}

bool YamlParser::block_key(bool first) {
  if (first) enter();
  if (!peek()) return false;
  if (token_->kind == Token::key) {
    YamlPosition behind = token_->end;
    if (!skip_and_peek()) return false;
    if (is({Token::key, Token::value, Token::block_end})) return nothing(State::block_value, behind);
    return child(State::block_value, true, true);
  }
  if (token_->kind == Token::block_end) return close(Kind::mapping_end);
  return wrong("while parsing a block mapping", begun_.back(), "did not find expected key");
}

bool YamlParser::block_value() {
  if (!peek()) return false;
  if (token_->kind != Token::value) return nothing(State::block_key, token_->start);
  YamlPosition behind = token_->end;
  if (!skip_and_peek()) return false;
  if (is({Token::key, Token::value, Token::block_end})) return nothing(State::block_key, behind);
  return child(State::block_key, true, true);
}

// ---- within brackets ----

bool YamlParser::flow_entry_between(const char* context, const char* problem) {
  if (token_->kind != Token::flow_entry) return wrong(context, begun_.back(), problem);
  return skip_and_peek();
}

bool YamlParser::flow_list(bool first) {
  if (first) enter();
  if (!peek()) return false;
  if (token_->kind != Token::flow_sequence_end) {
    if (!first && !flow_entry_between("while parsing a flow sequence", "did not find expected ',' or ']'"))
      return false;
    if (token_->kind == Token::key) {
      YamlPosition end = token_->end;
      event_->start = token_->start;
      scanner_.skip();
      return begin(Kind::mapping_start, true, State::pair_key, end);
    }
    if (token_->kind != Token::flow_sequence_end) return child(State::flow_list, false, false);
  }
  return close(Kind::sequence_end);
}

bool YamlParser::pair_key() {
  if (!peek()) return false;
  if (!is({Token::value, Token::flow_entry, Token::flow_sequence_end})) return child(State::pair_value, false, false);
  YamlPosition behind = token_->end;
  scanner_.skip();  // as go-yaml does: of `[? : b]` only what follows is left
  return nothing(State::pair_value, behind);
}

bool YamlParser::pair_value() {
  if (!peek()) return false;
  if (token_->kind == Token::value) {
    YamlPosition at = token_->start;
    if (!skip_and_peek()) return false;
    if (!is({Token::flow_entry, Token::flow_sequence_end})) return child(State::pair_end, false, false);
    return nothing(State::pair_end, at);
  }
  return nothing(State::pair_end, token_->start);
}

bool YamlParser::pair_end() {
  if (!peek()) return false;
  state_ = State::flow_list;
  event_->kind = Kind::mapping_end;
  event_->start = event_->end = token_->start;
  return true;
}

bool YamlParser::flow_key(bool first) {
  if (first) enter();
  if (!peek()) return false;
  if (token_->kind != Token::flow_mapping_end) {
    if (!first && !flow_entry_between("while parsing a flow mapping", "did not find expected ',' or '}'")) return false;
    if (token_->kind == Token::key) {
      if (!skip_and_peek()) return false;
      if (is({Token::value, Token::flow_entry, Token::flow_mapping_end}))
        return nothing(State::flow_value, token_->start);
      return child(State::flow_value, false, false);
    }
    if (token_->kind != Token::flow_mapping_end) return child(State::flow_value_missing, false, false);
  }
  return close(Kind::mapping_end);
}

bool YamlParser::flow_value(bool missing) {
  if (!peek()) return false;
  if (!missing && token_->kind == Token::value) {
    if (!skip_and_peek()) return false;
    if (!is({Token::flow_entry, Token::flow_mapping_end})) return child(State::flow_key, false, false);
  }
  return nothing(State::flow_key, token_->start);
}

}  // namespace slipway::value
