// Runs a program that parse() made. Statements are a loop with stacks of its own on the heap, so that {{template}} may
// nest as deep as Go allows; expressions recurse, as deep as they were written. evaluate_* follow Go's eval* one by
// one: which node an error is blamed on is part of what must agree.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <new>

#include "lang/gotemplate/format.h"
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

  Outcome execute(const Template& entry, Any dot) {
    size_t returns = s_.returns.size(), blocks = s_.blocks.size(), variables = s_.variables.size();
    enter(entry, std::move(dot));
    size_t traced = begin_trace();
    bool done = walk(returns);
    if (traced != kUntraced) end_trace(traced);
    s_.returns.resize(returns);
    s_.blocks.resize(blocks);
    s_.variables.resize(variables);
    if (done) return {};
    return tl::unexpected(std::move(*failure_));
  }

  // As Run::where().
  size_t where(std::span<char> into) const noexcept {
    if (p_ == nullptr || t_ == nullptr || into.empty()) return 0;
    std::string_view text = p_->text;
    size_t position = node_ < p_->nodes.size() ? std::min<size_t>(p_->nodes[node_].position, text.size()) : 0;
    size_t line = 1, begin = 0;
    for (size_t i = 0; i < position; ++i)
      if (text[i] == '\n') {
        ++line;
        begin = i + 1;
      }
    auto piece = [](std::string_view s) { return static_cast<int>(std::min<size_t>(s.size(), 200)); };
    int n = std::snprintf(into.data(), into.size(), "%.*s%s%.*s:%zu:%zu", piece(calling_), calling_.data(),
                          calling_.empty() ? "" : " at ", piece(p_->name), p_->name.data(), line, position - begin);
    return n < 0 ? 0 : std::min(static_cast<size_t>(n), into.size() - 1);
  }

 private:
  // A step for every 256 bytes of a text, for every 16 elements.
  static uint64_t weight(const Any& v) { return v.is_string() || v.is_bytes() ? v.size() >> 8 : v.size() >> 4; }

  void enter(const Template& t, Any dot) {
    t_ = &t;
    p_ = t.in;
    pc_ = 0;
    node_ = kNoNode;
    dot_ = std::move(dot);
    base_ = s_.variables.size();
    s_.variables.resize(base_ + t.slots);
    s_.variables[base_] = dot_;
  }

  bool walk(size_t returns) {
    for (;;) {
      if (++run_.steps_ >= run_.next_check_ && !check()) return false;
      const Op& op = t_->code[pc_++];
      switch (op.code) {
        case Op::Code::text:
          if (out_.size() + op.b > run_.limits_.output_bytes_max) return output_full();
          if (pieces_) [[unlikely]]
            note(op.a, true);
          out_.append(p_->text, op.a, op.b);
          run_.steps_ += op.b >> 8;
          break;
        case Op::Code::action: {
          const Expr& pipe = p_->nodes[op.node];
          Any v = pipeline(op.node);
          if (failed()) return false;
          if (pipe.declared == 0) {
            if (pieces_) [[unlikely]]
              note(pipe.position, false);
            size_t before = out_.size();
            if (!append_printed(out_, v)) {
              limit("nested too deeply to be printed");
              return false;
            }
            run_.steps_ += (out_.size() - before) >> 8;
            if (out_.size() > run_.limits_.output_bytes_max) return output_full();
          }
          break;
        }
        case Op::Code::if_: {
          Any v = pipeline(op.node);
          if (failed()) return false;
          if (!v.truth()) pc_ = op.a;
          break;
        }
        case Op::Code::with: {
          Any v = pipeline(op.node);
          if (failed()) return false;
          if (!v.truth()) {
            pc_ = op.a;
            break;
          }
          s_.blocks.emplace_back().dot = std::move(dot_);
          dot_ = std::move(v);
          break;
        }
        case Op::Code::end_with:
          dot_ = std::move(s_.blocks.back().dot);
          s_.blocks.pop_back();
          break;
        case Op::Code::range:
          if (!begin_range(op)) return false;
          break;
        case Op::Code::next: {
          if (advance())
            pc_ = op.a;
          else
            end_range();
          break;
        }
        case Op::Code::jump:
          pc_ = op.a;
          break;
        case Op::Code::leave:
          for (uint32_t i = 0; i < op.b; ++i) {
            dot_ = std::move(s_.blocks.back().dot);
            s_.blocks.pop_back();
          }
          if (op.flag) end_range();
          pc_ = op.a;
          break;
        case Op::Code::template_:
          if (!call_template(op.node)) return false;
          break;
        case Op::Code::end: {
          if (s_.returns.size() == returns) return true;
          s_.variables.resize(base_);
          Run::Stacks::Return& r = s_.returns.back();
          t_ = r.template_;
          p_ = t_->in;
          pc_ = r.pc;
          base_ = r.base;
          node_ = r.node;
          dot_ = std::move(r.dot);
          s_.returns.pop_back();
          break;
        }
      }
    }
  }

  // ---- tracing

  static constexpr size_t kUntraced = SIZE_MAX;

  size_t begin_trace() {
    Trace* trace = run_.trace_;
    if (!trace || trace->outputs_.size() >= Trace::kOutputsMax || trace->bytes_ > Trace::kBytesMax) return kUntraced;
    trace->outputs_.emplace_back();
    pieces_ = std::make_unique<std::vector<Trace::Piece>>();
    trace_begin_ = out_.size();
    return trace->outputs_.size() - 1;
  }
  void end_trace(size_t index) {
    Trace::Output& output = run_.trace_->outputs_[index];
    output.text = out_.substr(trace_begin_);
    output.pieces = std::move(*pieces_);
    run_.trace_->bytes_ += output.text.size() + output.pieces.size() * sizeof(Trace::Piece);
  }
  void note(size_t position, bool is_text) { pieces_->push_back({out_.size() - trace_begin_, p_, position, is_text}); }

  bool call_template(NodeId id) {
    at(id);
    const Expr& e = p_->nodes[id];
    std::string_view name = p_->constants[e.index].text();
    const Template* t = set_.find(name);
    if (t == nullptr) return error(fmt::format("template {} not defined", quote(name))), false;
    if (s_.returns.size() >= static_cast<size_t>(run_.limits_.template_depth_max))
      return error(fmt::format("exceeded maximum template depth ({})", run_.limits_.template_depth_max)), false;
    Any dot = e.count > 0 ? pipeline(p_->children[e.first]) : Any();
    if (failed()) return false;
    s_.returns.push_back({t_, pc_, base_, node_, std::move(dot_)});
    enter(*t, std::move(dot));
    return true;
  }

  // ---- range

  bool begin_range(const Op& op) {
    Any v = pipeline(op.node);
    if (failed()) return false;
    const Expr& pipe = p_->nodes[op.node];
    Run::Stacks::Block b;
    b.pipe = op.node;
    switch (v.kind()) {
      case Kind::invalid:
        break;
      case Kind::slice:
        b.count = v.size();
        break;
      case Kind::map:
        b.count = v.size();
        if (b.count > 0) {
          auto entries = v.dict()->entries();
          b.entries = std::make_shared<const std::vector<Dict::Entry>>(entries.begin(), entries.end());
          run_.steps_ += weight(v);
        }
        break;
      default:
        if (v.is_int() || v.is_uint()) {
          if (pipe.declared > 1) {
            error(fmt::format("can't use {} to iterate over more than one variable", printed(v)));
            return false;
          }
          b.count = v.is_int() && v.as_int() < 0 ? 0 : static_cast<size_t>(v.as_uint());
          break;
        }
        error("range can't iterate over " + printed(v));
        return false;
    }
    if (b.count == 0) {
      pc_ = op.a;
      return true;
    }
    b.over = std::move(v);
    b.dot = std::move(dot_);
    s_.blocks.push_back(std::move(b));
    advance();
    return true;
  }

  bool advance() {
    Run::Stacks::Block& b = s_.blocks.back();
    if (b.at >= b.count) return false;
    size_t i = b.at++;
    Any index, element;
    const Type* type = b.over.type();
    bool of_any = type->element == &types::any;
    if (b.entries) {
      const Dict::Entry& e = (*b.entries)[i];
      index = Any::of(e.key.view());
      element = e.value;
    } else if (type->kind == Kind::slice) {
      index = Any::of_int(static_cast<int64_t>(i));
      if (b.over.is_bytes())
        element = Any::number(types::uint8, static_cast<unsigned char>(b.over.bytes()[i]));
      else
        element = b.over.list()->items()[i];
    } else {
      element = Any::number(*type, static_cast<int64_t>(i));
    }
    if (of_any) element = std::move(element).as_held();
    const Expr& pipe = p_->nodes[b.pipe];
    if (pipe.declared > 0) {
      auto set = [&](uint32_t which, const Any& v) {
        uint32_t slot = p_->nodes[p_->children[pipe.first + which]].index;
        if (slot != kNoSlot) s_.variables[base_ + slot] = v;
      };
      if (pipe.declared > 1) {
        set(0, index);
        set(1, element);
      } else {
        set(0, element);
      }
    }
    dot_ = std::move(element);
    return true;
  }

  void end_range() {
    dot_ = std::move(s_.blocks.back().dot);
    s_.blocks.pop_back();
  }

  // ---- pipelines and commands

  const Expr& expr(NodeId id) const { return p_->nodes[id]; }
  NodeId child(const Expr& e, uint32_t i) const { return p_->children[e.first + i]; }
  void at(NodeId id) { node_ = id; }

  Any pipeline(NodeId id) {
    at(id);
    if (stack_used()) return Any();
    const Expr& pipe = expr(id);
    Any v;
    for (uint32_t i = pipe.declared; i < pipe.count; ++i) {
      if (i == pipe.declared) {
        v = command(child(pipe, i), nullptr);
      } else {
        Any final = std::move(v);
        v = command(child(pipe, i), &final);
      }
      if (failed()) return Any();
      if (v.held()) v = std::move(v).unheld();
    }
    for (uint32_t i = 0; i < pipe.declared; ++i) {
      const Expr& variable = expr(child(pipe, i));
      if (variable.index == kNoSlot) return error("undefined variable: " + p_->keys[variable.first].str());
      s_.variables[base_ + variable.index] = v;
    }
    return v;
  }

  // The words of a command: the first says what it is, the rest are its arguments.
  struct Words {
    const NodeId* words = nullptr;  // null: a bare operand, Go's nil args
    uint32_t count = 0;
    uint32_t arguments() const { return count > 0 ? count - 1 : 0; }
  };

  Any command(NodeId id, const Any* final) {
    const Expr& c = expr(id);
    Words words{&p_->children[c.first], c.count};
    NodeId first = words.words[0];
    const Expr& e = expr(first);
    switch (e.type) {
      case Expr::Type::field:
        return field(first, words, final);
      case Expr::Type::chain:
        return chain(first, words, final);
      case Expr::Type::identifier:
        return function(first, id, words, final);
      case Expr::Type::pipe:
        if (gives_arguments(words, final)) return Any();
        return pipeline(first);
      case Expr::Type::variable:
        return variable(first, words, final);
      default:
        break;
    }
    at(first);
    if (gives_arguments(words, final)) return Any();
    switch (e.type) {
      case Expr::Type::boolean:
        return Any::of(e.index != 0);
      case Expr::Type::dot:
        return dot_;
      case Expr::Type::nil:
        return error("nil is not a command");
      case Expr::Type::number:
        return ideal(first);
      case Expr::Type::string:
        return p_->constants[e.index];
      default:
        return error("can't evaluate command " + quote(p_->print(first)));
    }
  }

  bool gives_arguments(Words words, const Any* final) {
    if (words.count <= 1 && final == nullptr) return false;
    error("can't give argument to non-function " + p_->print(words.words[0]));
    return true;
  }

  Any ideal(NodeId id) {
    at(id);
    const Number& n = p_->numbers[expr(id).index];
    switch (n.ideal) {
      case Number::Ideal::complex:
        return Any::complex(n.float_value, n.imaginary);
      case Number::Ideal::float_:
        return Any::of(n.float_value);
      case Number::Ideal::int_:
        return Any::of_int(n.int_value);
      case Number::Ideal::overflow:
        return error(p_->print(id) + " overflows int");
      case Number::Ideal::none:
        return Any();
    }
    return Any();
  }

  // ---- fields, variables, methods

  Any field(NodeId id, Words words, const Any* final) {
    at(id);
    const Expr& e = expr(id);
    return field_chain(dot_, id, e.first, e.count, words, final);
  }

  Any chain(NodeId id, Words words, const Any* final) {
    at(id);
    const Expr& e = expr(id);
    if (expr(e.index).type == Expr::Type::nil) return error("indirection through explicit nil in " + p_->print(id));
    Any receiver = argument(types::any, e.index, true);
    if (failed()) return Any();
    return field_chain(receiver, id, e.first, e.count, words, final);
  }

  Any variable(NodeId id, Words words, const Any* final) {
    at(id);
    const Expr& e = expr(id);
    if (e.index == kNoSlot) return error("undefined variable: " + p_->keys[e.first].str());
    if (e.count == 1) {
      if (gives_arguments(words, final)) return Any();
      return s_.variables[base_ + e.index];
    }
    Any receiver = s_.variables[base_ + e.index];
    return field_chain(receiver, id, e.first + 1, e.count - 1, words, final);
  }

  Any field_chain(const Any& receiver, NodeId id, uint32_t first, uint32_t count, Words words, const Any* final) {
    if (count == 1) return member(p_->keys[first], id, words, final, receiver);
    Any v = member(p_->keys[first], id, {}, nullptr, receiver);
    for (uint32_t i = 1; i < count; ++i) {
      if (failed()) return Any();
      if (i + 1 == count) return member(p_->keys[first + i], id, words, final, v);
      v = member(p_->keys[first + i], id, {}, nullptr, v);
    }
    return v;
  }

  static std::string_view static_type(const Any& v) { return v.held() ? types::any.name : v.type_name(); }

  Any member(const value::Key& key, NodeId id, Words words, const Any* final, const Any& receiver) {
    if (!receiver.is_valid()) {
      if (set_.missing() == MissingKey::error) return error("nil data; no entry for key " + quote(key.view()));
      return Any();
    }
    const Type* type = receiver.type();
    if (type == nullptr) return error(fmt::format("nil pointer evaluating {}.{}", types::any.name, key.view()));
    for (const Method& m : type->methods)
      if (m.name == key.view() && !(m.of_pointer && !receiver.placed())) {
        if (!m.refusal.empty()) return error(m.refusal);
        Any self = receiver;
        return call(m.name, m.signature, nullptr, m.run, &self, id, words, final);
      }
    bool has_arguments = words.count > 1 || final != nullptr;
    switch (type->kind) {
      case Kind::structure:
      case Kind::pointer: {
        Dict* fields = receiver.dict();
        const Any* found = fields != nullptr ? fields->find(key) : nullptr;
        if (found == nullptr) {
          if (receiver.node() == nullptr)
            return error(fmt::format("nil pointer evaluating {}.{}", static_type(receiver), key.view()));
          for (const Field& field : type->fields)
            if (field.hidden && field.name == key.view())
              return error(
                  fmt::format("{} is an unexported field of struct type {}", key.view(), static_type(receiver)));
          break;
        }
        if (has_arguments) return error(fmt::format("{} has arguments but cannot be invoked as function", key.view()));
        return found->as_placed();
      }
      case Kind::map: {
        if (has_arguments) return error(fmt::format("{} is not a method but has arguments", key.view()));
        const Any* found = receiver.node() != nullptr ? receiver.dict()->find(key) : nullptr;
        if (found != nullptr) return type->element == &types::any ? found->as_held() : *found;
        switch (set_.missing()) {
          case MissingKey::invalid:
            return Any();
          case MissingKey::zero:
            return zero(*type->element);
          case MissingKey::error:
            return error("map has no entry for key " + quote(key.view()));
        }
        return Any();
      }
      default:
        break;
    }
    return error(fmt::format("can't evaluate field {} in type {}", key.view(), static_type(receiver)));
  }

  // ---- calls

  Any function(NodeId id, NodeId blamed, Words words, const Any* final) {
    at(id);
    const Function& f = *p_->functions[expr(id).index];
    return call(f.name, f.signature, &f, nullptr, nullptr, blamed, words, final);
  }

  Any call(std::string_view name, const Signature& sig, const Function* f, Any (*method)(Call&), const Any* self,
           NodeId blamed, Words words, const Any* final) {
    if (++run_.steps_ >= run_.next_check_ && !check()) return Any();
    uint32_t given = words.arguments();
    size_t in = given + (final != nullptr ? 1 : 0);
    size_t fixed = given;
    if (sig.variadic) {
      fixed = sig.in.size() - 1;
      if (in < fixed)
        return error(fmt::format("wrong number of args for {}: want at least {} got {}", name, fixed, given));
    } else if (in != sig.in.size()) {
      return error(fmt::format("wrong number of args for {}: want {} got {}", name, sig.in.size(), in));
    }
    const NodeId* arguments = words.count > 0 ? words.words + 1 : nullptr;
    using Builtin = Function::Builtin;
    if (f != nullptr && (f->builtin == Builtin::and_ || f->builtin == Builtin::or_)) {
      Any v;
      for (uint32_t i = 0; i < given; ++i) {
        v = argument(types::raw, arguments[i]);
        if (failed()) return Any();
        if (v.truth() == (f->builtin == Builtin::or_)) return v;
      }
      return final != nullptr ? *final : v;
    }

    constexpr size_t kFew = 6;
    Any few[kFew];
    std::vector<Any> many;
    Any* argv = few;
    if (in > kFew) {
      many.resize(in);
      argv = many.data();
    }
    for (uint32_t i = 0; i < given; ++i) {
      const Type& type = *(i < fixed && i < sig.in.size() ? sig.in[i] : sig.in.back());
      argv[i] = argument(type, arguments[i]);
      if (failed()) return Any();
      if (&type != &types::raw) argv[i].hand_over();
    }
    if (final != nullptr) {
      const Type& type = *(in - 1 < sig.in.size() ? sig.in[in - 1] : sig.in.back());
      argv[given] = validate(*final, type);
      if (failed()) return Any();
      if (&type != &types::raw) argv[given].hand_over();
    }
    if (f != nullptr && f->builtin == Builtin::call)
      return call_value(name, blamed, given == 0 ? printed(*final) : p_->print(arguments[0]), argv[0]);
    Call c;
    c.run_ = &run_;
    c.set_ = &set_;
    c.self_ = self;
    c.arguments_ = {argv, in};
    for (size_t i = 0; i < in; ++i) run_.steps_ += weight(argv[i]);
    std::string_view outside = std::exchange(calling_, name);
    Any result;
    try {
      result = method != nullptr ? method(c) : f->run(c);
    } catch (const std::bad_alloc&) {
      Failure none;
      none.kind = ErrorKind::too_large;
      none.text = none.message = "there is no memory left for it";
      c.fail(std::move(none));
    }
    calling_ = outside;
    run_.steps_ += weight(result);
    if (c.failure_) {
      at(blamed);
      return error_of(name, std::move(*c.failure_));
    }
    if (sig.out == &types::any) return std::move(result).as_held();
    return result;
  }

  // There are no function values in a template's data; `call` can only say so.
  Any call_value(std::string_view name, NodeId blamed, const std::string& callee, const Any& f) {
    at(blamed);
    Failure failure;
    failure.text = failure.message =
        f.is_nil() ? "call of nil" : fmt::format("non-function {} of type {}", callee, f.type_name());
    return error_of(name, std::move(failure));
  }

  // ---- arguments

  static bool can_be_nil(const Type& t) {
    return t.kind == Kind::interface_ || t.kind == Kind::map || t.kind == Kind::slice || t.kind == Kind::pointer ||
           t.kind == Kind::function;
  }

  static Any zero(const Type& t) {
    switch (t.kind) {
      case Kind::interface_:
        return &t == &types::raw ? Any() : Any::nil();
      case Kind::string:
        return Any(t, Value(""));
      case Kind::slice:
      case Kind::map:
      case Kind::pointer:
      case Kind::structure:
      case Kind::function:
        return Any(t, static_cast<Node*>(nullptr));
      case Kind::float32:
      case Kind::float64:
        return Any::real(t, 0);
      default:
        return Any::number(t, 0);
    }
  }

  // Go's AssignableTo: the same type, or the same make of which one has no name of its own.
  static bool assignable(const Type& from, const Type& to) {
    if (&from == &to) return true;
    if (to.kind == Kind::interface_) return true;
    if (from.kind != to.kind || from.kind < Kind::slice) return false;
    const Type* a = from.underlying != nullptr ? from.underlying : &from;
    const Type* b = to.underlying != nullptr ? to.underlying : &to;
    return a == b && (from.underlying == nullptr || to.underlying == nullptr);
  }

  Any validate(Any v, const Type& type) {
    if (!v.is_valid()) {
      if (can_be_nil(type)) return zero(type);
      return error("invalid value; expected " + type.name);
    }
    if (type.kind == Kind::interface_) return v;
    if (v.type() == nullptr)
      return error(fmt::format("wrong type for value; expected {}; got {}", type.name, types::any.name));
    if (assignable(*v.type(), type)) {
      if (v.type() != &type) return Any(type, v.node());  // the function sees its own type
      return std::move(v).unheld();
    }
    if (v.kind() == Kind::pointer && v.type()->element == &type) return v;
    return error(fmt::format("wrong type for value; expected {}; got {}", type.name, v.type_name()));
  }

  // `untyped`: Go's evalArg without a type, for what stands before a chain.
  Any argument(const Type& type, NodeId id, bool untyped = false) {
    at(id);
    const Expr& e = expr(id);
    switch (e.type) {
      case Expr::Type::dot:
        return checked(dot_, type);
      case Expr::Type::nil:
        if (can_be_nil(type)) return zero(type);
        return error("cannot assign nil to " + type.name);
      case Expr::Type::field:
        return checked(field(id, Words{&id, 1}, nullptr), type);
      case Expr::Type::variable:
        return checked(variable(id, {}, nullptr), type);
      case Expr::Type::pipe:
        return untyped ? pipeline(id) : checked(pipeline(id), type);
      case Expr::Type::identifier:
        return untyped ? function(id, id, {}, nullptr) : checked(function(id, id, {}, nullptr), type);
      case Expr::Type::chain:
        return untyped ? chain(id, {}, nullptr) : checked(chain(id, {}, nullptr), type);
      default:
        break;
    }
    return literal(type, id);
  }

  Any checked(Any v, const Type& type) {
    if (failed()) return Any();
    return validate(std::move(v), type);
  }

  Any literal(const Type& type, NodeId id) {
    const Expr& e = expr(id);
    const Number* n = e.type == Expr::Type::number ? &p_->numbers[e.index] : nullptr;
    auto expected = [&](std::string_view what) {
      return error(fmt::format("expected {}; found {}", what, p_->print(id)));
    };
    switch (type.kind) {
      case Kind::boolean:
        return e.type == Expr::Type::boolean ? Any::number(type, e.index) : expected("bool");
      case Kind::string:
        return e.type == Expr::Type::string ? Any(type, p_->constants[e.index].value()) : expected("string");
      case Kind::int_:
      case Kind::int8:
      case Kind::int16:
      case Kind::int32:
      case Kind::int64:
        return n != nullptr && n->is_int ? Any::number(type, n->int_value) : expected("integer");
      case Kind::uint:
      case Kind::uint8:
      case Kind::uint16:
      case Kind::uint32:
      case Kind::uint64:
        return n != nullptr && n->is_uint ? Any::number(type, static_cast<int64_t>(n->uint_value))
                                          : expected("unsigned integer");
      case Kind::float32:
      case Kind::float64:
        return n != nullptr && n->is_float ? Any::real(type, n->float_value) : expected("float");
      case Kind::complex128:
        return n != nullptr && n->is_complex ? Any::complex(n->float_value, n->imaginary) : expected("complex");
      case Kind::interface_:
        if (e.type == Expr::Type::boolean) return Any::of(e.index != 0);
        if (e.type == Expr::Type::number) return ideal(id);
        if (e.type == Expr::Type::string) return p_->constants[e.index];
        return error(fmt::format("can't handle assignment of {} to empty interface argument", p_->print(id)));
      default:
        return error(fmt::format("can't handle {} for arg of type {}", p_->print(id), type.name));
    }
  }

  // ---- errors and limits

  bool failed() const { return failure_ != nullptr; }

  Frame frame() const {
    Frame f;
    f.file = p_->name;
    f.executing = t_->name;
    if (node_ == kNoNode) return f;
    std::string_view before = p_->text.substr(0, expr(node_).position);
    size_t newline = before.rfind('\n');
    f.column = static_cast<int>(newline == before.npos ? before.size() : before.size() - newline - 1);
    f.line = 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
    f.node = p_->print(node_);
    return f;
  }

  // Always gives no value, to be returned.
  Any error(std::string message) {
    Failure f;
    f.message = std::move(message);
    f.text = f.message;
    return raise(std::move(f), {});
  }
  Any error_of(std::string_view function, Failure inner) {
    std::string text = fmt::format("error calling {}: {}", function, inner.text);
    inner.text = std::move(text);
    return raise(std::move(inner), function);
  }
  Any raise(Failure f, std::string_view calling) {
    if (failed()) return Any();
    Frame here = frame();
    here.calling = calling;
    f.text = node_ == kNoNode ? fmt::format("template: {}: {}", t_->name, f.text)
                              : fmt::format("template: {}:{}:{}: executing {} at <{}>: {}", here.file, here.line,
                                            here.column, quote(here.executing), here.node, f.text);
    f.is_template_error = true;
    f.frames.insert(f.frames.begin(), std::move(here));
    failure_ = std::make_unique<Failure>(std::move(f));
    return Any();
  }
  Any limit(std::string message, ErrorKind kind = ErrorKind::too_large) {
    Failure f;
    f.kind = kind;
    f.message = std::move(message);
    f.text = f.message;
    return raise(std::move(f), {});
  }
  bool output_full() {
    limit(fmt::format("output grows past {} bytes", run_.limits_.output_bytes_max));
    return false;
  }
  bool stack_used() {
    auto here = static_cast<const char*>(__builtin_frame_address(0));
    if (static_cast<size_t>(run_.stack_base_ - here) < run_.limits_.stack_bytes_max) return false;
    limit("templates include one another too deeply");
    return true;
  }
  bool check() {
    if (run_.steps_ > run_.limits_.steps_max) {
      limit(too_many_steps(run_.limits_.steps_max), ErrorKind::timeout);
      return false;
    }
    run_.next_check_ = std::min(run_.steps_ + 4096, run_.limits_.steps_max);
    if (run_.limits_.stop && run_.limits_.stop()) {
      limit("took too long", ErrorKind::timeout);
      return false;
    }
    return true;
  }

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

Run::Run(Limits limits, Environment environment, void* host)
    : limits_(std::move(limits)),
      environment_(std::move(environment)),
      host_(host),
      stacks_(std::make_unique<Stacks>()) {}

Run::~Run() = default;

size_t Run::where(std::span<char> into) const noexcept {
  return innermost_ != nullptr ? innermost_->where(into) : 0;
}

Outcome Run::execute(const Set& set, std::string_view name, Any data, std::string& out) {
  const Template* t = set.find(name);
  if (t == nullptr) {
    Failure f;
    f.message = fmt::format("no template {} associated with template {}", quote(name), quote(set.root_name()));
    f.text = "template: " + f.message;
    return tl::unexpected(std::move(f));
  }
  return execute(set, *t, std::move(data), out);
}

Outcome Run::execute(const Set& set, const Template& entry, Any data, std::string& out) {
  bool outermost = stack_base_ == nullptr;
  if (outermost) stack_base_ = static_cast<const char*>(__builtin_frame_address(0));
  Outcome done = Executor(*this, set, out).execute(entry, std::move(data).unheld());
  if (outermost) stack_base_ = nullptr;
  return done;
}

}  // namespace slipway::lang::gotemplate
