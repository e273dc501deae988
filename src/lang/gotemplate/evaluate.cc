// Expressions. The functions follow Go's eval* one by one: which node an error is blamed on is part of what must agree.
#include <new>

#include "lang/gotemplate/executor.h"
#include "lang/gotemplate/format.h"

namespace slipway::lang::gotemplate {

namespace {

bool can_be_nil(const Type& t) {
  return t.kind == Kind::interface_ || t.kind == Kind::map || t.kind == Kind::slice || t.kind == Kind::pointer ||
         t.kind == Kind::function;
}

Any zero(const Type& t) {
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
bool assignable(const Type& from, const Type& to) {
  if (&from == &to) return true;
  if (to.kind == Kind::interface_) return true;
  if (from.kind != to.kind || from.kind < Kind::slice) return false;
  const Type* a = from.underlying != nullptr ? from.underlying : &from;
  const Type* b = to.underlying != nullptr ? to.underlying : &to;
  return a == b && (from.underlying == nullptr || to.underlying == nullptr);
}

}  // namespace

Any Executor::pipeline(NodeId id) {
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

Any Executor::command(NodeId id, const Any* final) {
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

Any Executor::ideal(NodeId id) {
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

Any Executor::field(NodeId id, Words words, const Any* final) {
  at(id);
  const Expr& e = expr(id);
  return field_chain(dot_, id, e.first, e.count, words, final);
}

Any Executor::chain(NodeId id, Words words, const Any* final) {
  at(id);
  const Expr& e = expr(id);
  if (expr(e.index).type == Expr::Type::nil) return error("indirection through explicit nil in " + p_->print(id));
  Any receiver = argument(types::any, e.index, true);
  if (failed()) return Any();
  return field_chain(receiver, id, e.first, e.count, words, final);
}

Any Executor::variable(NodeId id, Words words, const Any* final) {
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

Any Executor::field_chain(const Any& receiver, NodeId id, uint32_t first, uint32_t count, Words words,
                          const Any* final) {
  if (count == 1) return member(p_->keys[first], id, words, final, receiver);
  Any v = member(p_->keys[first], id, {}, nullptr, receiver);
  for (uint32_t i = 1; i < count; ++i) {
    if (failed()) return Any();
    if (i + 1 == count) return member(p_->keys[first + i], id, words, final, v);
    v = member(p_->keys[first + i], id, {}, nullptr, v);
  }
  return v;
}

Any Executor::member(const value::Key& key, NodeId id, Words words, const Any* final, const Any& receiver) {
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
            return error(fmt::format("{} is an unexported field of struct type {}", key.view(), static_type(receiver)));
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

Any Executor::function(NodeId id, NodeId blamed, Words words, const Any* final) {
  at(id);
  const Function& f = *p_->functions[expr(id).index];
  return call(f.name, f.signature, &f, nullptr, nullptr, blamed, words, final);
}

Any Executor::call(std::string_view name, const Signature& sig, const Function* f, Any (*method)(Call&),
                   const Any* self, NodeId blamed, Words words, const Any* final) {
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

Any Executor::call_value(std::string_view name, NodeId blamed, const std::string& callee, const Any& f) {
  at(blamed);
  Failure failure;
  failure.text = failure.message =
      f.is_nil() ? "call of nil" : fmt::format("non-function {} of type {}", callee, f.type_name());
  return error_of(name, std::move(failure));
}

Any Executor::validate(Any v, const Type& type) {
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

Any Executor::argument(const Type& type, NodeId id, bool untyped) {
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

Any Executor::checked(Any v, const Type& type) {
  if (failed()) return Any();
  return validate(std::move(v), type);
}

Any Executor::literal(const Type& type, NodeId id) {
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

}  // namespace slipway::lang::gotemplate
