// Tokens to events: what begins, what ends, and scalars, in the order of the text. For yaml_events.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "value/yaml_scanner.h"

namespace slipway::value {

struct YamlEvent {
  enum class Kind : uint8_t {
    none,
    stream_start,
    stream_end,
    document_start,
    document_end,
    alias,
    scalar,
    sequence_start,
    sequence_end,
    mapping_start,
    mapping_end,
  };
  Kind kind = Kind::none;
  bool implicit = false;  // a scalar: plain and without a tag, or with `!` alone
  bool flow = false;      // a collection: within brackets
  YamlScalarStyle style = YamlScalarStyle::plain;
  YamlPosition start, end;
  std::string anchor, tag;  // empty: none; an alias has its name in `anchor`
  std::string text;         // of a scalar
};

class YamlParser {
 public:
  YamlParser(std::string_view text, YamlRules rules) : scanner_(text, rules) {}

  // False on what is wrong: see fault().
  bool next(YamlEvent& event);
  const YamlFault& fault() const { return fault_; }

 private:
  using Token = ScannedToken::Kind;
  using Kind = YamlEvent::Kind;
  enum class State : uint8_t {
    stream_start,
    first_document,
    document_start,
    document_content,
    document_end,
    node,
    node_or_list,  // a list may stand at its key's column
    flow_node,
    block_list_begins,
    block_list,
    list_at_key,
    block_mapping_begins,
    block_key,
    block_value,
    flow_list_begins,
    flow_list,
    pair_key,  // of `[a: b]`
    pair_value,
    pair_end,
    flow_mapping_begins,
    flow_key,
    flow_value,
    flow_value_missing,
    end,
  };
  struct TagPrefix {
    std::string handle, prefix;
  };

  bool stream_start();
  bool document_start(bool first);
  bool document_content();
  bool document_end();
  bool directives();
  bool node(bool block, bool list_at_key);
  bool properties(bool& tagged, YamlPosition& tag_at);
  bool tag_of(std::string suffix, const YamlPosition& tag_at);
  bool begin(Kind kind, bool flow, State then, const YamlPosition& end);
  bool block_list(bool first);
  bool list_at_key();
  bool block_key(bool first);
  bool block_value();
  bool flow_list(bool first);
  bool pair_key();
  bool pair_value();
  bool pair_end();
  bool flow_key(bool first);
  bool flow_value(bool missing);
  bool flow_entry_between(const char* context, const char* problem);

  bool peek() {
    token_ = scanner_.peek();
    if (token_ == nullptr) fault_ = scanner_.fault();
    return token_ != nullptr;
  }
  bool skip_and_peek() {
    scanner_.skip();
    return peek();
  }
  bool is(std::initializer_list<Token> kinds) const;
  bool child(State then, bool block, bool list_at_key) {
    states_.push_back(then);
    return node(block, list_at_key);
  }
  bool nothing(State then, const YamlPosition& position);
  bool close(Kind kind);
  bool wrong(const char* context, const YamlPosition& start, const char* problem);
  void enter() {
    begun_.push_back(token_->start);
    scanner_.skip();
  }
  State pop() {
    State state = states_.back();
    states_.pop_back();
    return state;
  }

  YamlScanner scanner_;
  ScannedToken* token_ = nullptr;
  YamlEvent* event_ = nullptr;
  State state_ = State::stream_start;
  std::vector<State> states_;        // what goes on behind the open nodes
  std::vector<YamlPosition> begun_;  // where open collections begin
  std::vector<TagPrefix> tags_;
  bool failed_ = false;
  YamlFault fault_;
};

}  // namespace slipway::value
