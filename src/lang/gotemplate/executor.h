// Runs a program that parse() made: for execute.cc (statements, errors, limits) and evaluate.cc (expressions) alone.
#pragma once

#include <fmt/format.h>

#include "lang/gotemplate/syntax.h"

namespace slipway::lang::gotemplate {

struct Run::Stacks {
  struct Return {  // where a {{template}} goes on
    const Template* template_;
    uint32_t pc;
    size_t base;  // of its variables
    NodeId node;
    Any dot;
  };
  struct Block {  // an open with or range
    Any dot;      // outside
    Any over;
    std::shared_ptr<const std::vector<Dict::Entry>> entries;  // of a map: as they were when the range began
    size_t at = 0, count = 0;
    NodeId pipe = kNoNode;
  };
  std::vector<Return> returns;
  std::vector<Block> blocks;
  std::vector<Any> variables;
};

class Executor {
 public:
  Executor(Run& run, const Set& set, std::string& out)
      : run_(run), s_(*run.stacks_), set_(set), out_(out), outer_(run.innermost_) {
    run.innermost_ = this;
  }
  ~Executor() { run_.innermost_ = outer_; }
  Executor(const Executor&) = delete;
  Outcome execute(const Template& entry, Any dot);
  // As Run::where().
  size_t where(std::span<char> into) const noexcept;

 private:
  // A step for every 256 bytes of a text, for every 16 elements.
  static uint64_t weight(const Any& v) { return v.is_string() || v.is_bytes() ? v.size() >> 8 : v.size() >> 4; }
  void enter(const Template& t, Any dot);
  bool walk(size_t returns);

  // ---- tracing
  static constexpr size_t kUntraced = SIZE_MAX;
  size_t begin_trace();
  void end_trace(size_t index);
  void note(size_t position, bool is_text) { pieces_->push_back({out_.size() - trace_begin_, p_, position, is_text}); }

  // ---- templates and ranges
  bool call_template(NodeId id);
  bool begin_range(const Op& op);
  bool advance();
  void end_range() {
    dot_ = std::move(s_.blocks.back().dot);
    s_.blocks.pop_back();
  }

  // ---- pipelines and commands
  const Expr& expr(NodeId id) const { return p_->nodes[id]; }
  NodeId child(const Expr& e, uint32_t i) const { return p_->children[e.first + i]; }
  void at(NodeId id) { node_ = id; }
  Any pipeline(NodeId id);
  // The words of a command: the first says what it is, the rest are its arguments.
  struct Words {
    const NodeId* words = nullptr;  // null: a bare operand, Go's nil args
    uint32_t count = 0;
    uint32_t arguments() const { return count > 0 ? count - 1 : 0; }
  };
  Any command(NodeId id, const Any* final);
  bool gives_arguments(Words words, const Any* final) {
    if (words.count <= 1 && final == nullptr) return false;
    error("can't give argument to non-function " + p_->print(words.words[0]));
    return true;
  }
  Any ideal(NodeId id);

  // ---- fields, variables, methods
  Any field(NodeId id, Words words, const Any* final);
  Any chain(NodeId id, Words words, const Any* final);
  Any variable(NodeId id, Words words, const Any* final);
  Any field_chain(const Any& receiver, NodeId id, uint32_t first, uint32_t count, Words words, const Any* final);
  static std::string_view static_type(const Any& v) { return v.held() ? types::any.name : v.type_name(); }
  Any member(const value::Key& key, NodeId id, Words words, const Any* final, const Any& receiver);

  // ---- calls
  Any function(NodeId id, NodeId blamed, Words words, const Any* final);
  Any call(std::string_view name, const Signature& sig, const Function* f, Any (*method)(Call&), const Any* self,
           NodeId blamed, Words words, const Any* final);
  // There are no function values in a template's data; `call` can only say so.
  Any call_value(std::string_view name, NodeId blamed, const std::string& callee, const Any& f);
  Any validate(Any v, const Type& type);
  // `untyped`: Go's evalArg without a type, for what stands before a chain.
  Any argument(const Type& type, NodeId id, bool untyped = false);
  Any checked(Any v, const Type& type);
  Any literal(const Type& type, NodeId id);

  // ---- errors and limits
  bool failed() const { return failure_ != nullptr; }
  Frame frame() const;
  // Always gives no value, to be returned.
  Any error(std::string message);
  Any error_of(std::string_view function, Failure inner);
  Any raise(Failure f, std::string_view calling);
  Any limit(std::string message, ErrorKind kind = ErrorKind::too_large);
  bool output_full();
  bool stack_used() {
    auto here = static_cast<const char*>(__builtin_frame_address(0));
    if (static_cast<size_t>(run_.stack_base_ - here) < run_.limits_.stack_bytes_max) return false;
    limit("templates include one another too deeply");
    return true;
  }
  bool check();

  Run& run_;
  Run::Stacks& s_;
  const Set& set_;
  std::string& out_;
  const Executor* outer_;     // whose function made this one
  std::string_view calling_;  // the function that runs now
  const Template* t_ = nullptr;
  const Parsed* p_ = nullptr;
  uint32_t pc_ = 0;
  size_t base_ = 0;
  NodeId node_ = kNoNode;
  Any dot_;
  std::unique_ptr<Failure> failure_;
  std::unique_ptr<std::vector<Trace::Piece>> pieces_;  // null: nobody asked
  size_t trace_begin_ = 0;
};

}  // namespace slipway::lang::gotemplate
