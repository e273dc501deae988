// The parser's state: for parse.cc (words, statements) and parse_expressions.cc alone.
#pragma once

#include <fmt/format.h>

#include <optional>

#include "lang/gotemplate/lex.h"
#include "lang/gotemplate/syntax.h"

namespace slipway::lang::gotemplate {

// What all templates of one text share.
struct Source {
  Parsed& parsed;
  const Functions& functions;
  Lexer lexer;
  std::optional<Failure> failure;
  const char* stack = nullptr;
  std::vector<NodeId> scratch;  // of all Parts
};

// The children of a node that is being read; those of nodes inside it lie above, and are gone when it goes on.
class Parts {
 public:
  explicit Parts(std::vector<NodeId>& stack) : stack_(stack), from_(stack.size()) {}
  ~Parts() { stack_.resize(from_); }
  Parts(const Parts&) = delete;
  void push_back(NodeId id) { stack_.push_back(id); }
  size_t size() const { return stack_.size() - from_; }
  bool empty() const { return size() == 0; }
  NodeId operator[](size_t i) const { return stack_[from_ + i]; }

 private:
  std::vector<NodeId>& stack_;
  size_t from_;
};

class TreeParser {
 public:
  explicit TreeParser(Source& source, std::string name) : s_(source), p_(source.parsed) {
    template_ = std::make_unique<Template>();
    template_->name = std::move(name);
    template_->in = &p_;
    names_.push_back("$");
    slots_.push_back({"$", 0});
  }
  void parse();

 private:
  static constexpr size_t kStackMax = 3 << 20;  // of our own, for blocks in blocks
  enum class Ending { none, end, else_ };
  bool ok() const { return !s_.failure; }

  // ---- words
  const Token& next() {
    if (peeked_ > 0)
      --peeked_;
    else
      tokens_[0] = s_.lexer.next();
    return tokens_[peeked_];
  }
  void backup() { ++peeked_; }
  void backup2(Token t1) {
    tokens_[1] = t1;
    peeked_ = 2;
  }
  void backup3(Token t2, Token t1) {
    tokens_[1] = t1;
    tokens_[2] = t2;
    peeked_ = 3;
  }
  const Token& peek() {
    if (peeked_ > 0) return tokens_[peeked_ - 1];
    peeked_ = 1;
    tokens_[0] = s_.lexer.next();
    return tokens_[0];
  }
  const Token& next_non_space() {
    for (;;) {
      const Token& t = next();
      if (t.type != Token::Type::space) return t;
    }
  }
  const Token& peek_non_space() {
    next_non_space();
    backup();
    return tokens_[peeked_ - 1];
  }

  // ---- complaints
  void error(std::string message);
  void unexpected(const Token& t, std::string_view context);
  Token expect(Token::Type type, std::string_view context) {
    Token t = next_non_space();
    if (t.type != type) unexpected(t, context);
    return t;
  }
  bool too_deep() {
    auto here = static_cast<const char*>(__builtin_frame_address(0));
    if (static_cast<size_t>(s_.stack - here) < kStackMax) return false;
    error("max expression depth exceeded");
    return true;
  }

  // ---- statements
  void parse_definition();
  void finish(std::string_view context);
  void add();
  Ending item_list();
  Ending text_or_action();
  Ending action();
  void leave_control(bool is_break);
  // if, with and range; `else if` and `else with` are blocks in the else part that share its end.
  void control(std::string_view context);
  void block_control();
  void template_control();
  bool template_name(const Token& t, std::string_view context, std::string& name);
  void emit_template(const Token& token, const std::string& name, NodeId pipe);

  // ---- expressions
  NodeId pipeline(std::string_view context, Token::Type end);
  NodeId command();
  NodeId operand();
  NodeId term();
  NodeId variable_node(uint32_t position, std::string_view name);
  NodeId number_node(Expr e, const Token& t);

  // ---- building
  NodeId node(const Expr& e) {
    p_.nodes.push_back(e);
    return static_cast<NodeId>(p_.nodes.size() - 1);
  }
  NodeId with_children(Expr e, const Parts& parts) {
    e.first = static_cast<uint32_t>(p_.children.size());
    e.count = static_cast<uint32_t>(parts.size());
    for (size_t i = 0; i < parts.size(); ++i) p_.children.push_back(parts[i]);
    return node(e);
  }
  NodeId with_key(Expr e, std::string_view key) {
    e.first = static_cast<uint32_t>(p_.keys.size());
    e.count = 1;
    p_.keys.emplace_back(key);
    return node(e);
  }
  Op& emit(Op::Code code) { return template_->code.emplace_back(Op{.code = code}); }
  uint32_t here() const { return static_cast<uint32_t>(template_->code.size()); }

  struct Range {
    std::vector<size_t> breaks, continues;
    uint32_t withs = 0;  // open inside this range
  };

  Source& s_;
  Parsed& p_;
  std::unique_ptr<Template> template_;
  Token tokens_[3];
  int peeked_ = 0;
  int action_line_ = 0, paren_depth_ = 0;
  std::vector<std::string_view> names_;                       // what Go's parser takes for defined
  std::vector<std::pair<std::string_view, uint32_t>> slots_;  // what is, and where
  std::vector<Range> ranges_;
};

}  // namespace slipway::lang::gotemplate
