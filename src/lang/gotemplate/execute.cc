// Runs a program that parse() made. Statements are a loop with stacks of its own on the heap, so that {{template}} may
// nest as deep as Go allows; expressions (evaluate.cc) recurse, as deep as they were written.
#include <algorithm>
#include <cstdio>

#include "lang/gotemplate/executor.h"
#include "lang/gotemplate/format.h"

namespace slipway::lang::gotemplate {

Outcome Executor::execute(const Template& entry, Any dot) {
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

size_t Executor::where(std::span<char> into) const noexcept {
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

void Executor::enter(const Template& t, Any dot) {
  t_ = &t;
  p_ = t.in;
  pc_ = 0;
  node_ = kNoNode;
  dot_ = std::move(dot);
  base_ = s_.variables.size();
  s_.variables.resize(base_ + t.slots);
  s_.variables[base_] = dot_;
}

bool Executor::walk(size_t returns) {
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

size_t Executor::begin_trace() {
  Trace* trace = run_.trace_;
  if (!trace || trace->outputs_.size() >= Trace::kOutputsMax || trace->bytes_ > Trace::kBytesMax) return kUntraced;
  trace->outputs_.emplace_back();
  pieces_ = std::make_unique<std::vector<Trace::Piece>>();
  trace_begin_ = out_.size();
  return trace->outputs_.size() - 1;
}

void Executor::end_trace(size_t index) {
  Trace::Output& output = run_.trace_->outputs_[index];
  output.text = out_.substr(trace_begin_);
  output.pieces = std::move(*pieces_);
  run_.trace_->bytes_ += output.text.size() + output.pieces.size() * sizeof(Trace::Piece);
}

bool Executor::call_template(NodeId id) {
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

bool Executor::begin_range(const Op& op) {
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

bool Executor::advance() {
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

Frame Executor::frame() const {
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

Any Executor::error(std::string message) {
  Failure f;
  f.message = std::move(message);
  f.text = f.message;
  return raise(std::move(f), {});
}

Any Executor::error_of(std::string_view function, Failure inner) {
  std::string text = fmt::format("error calling {}: {}", function, inner.text);
  inner.text = std::move(text);
  return raise(std::move(inner), function);
}

Any Executor::raise(Failure f, std::string_view calling) {
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

Any Executor::limit(std::string message, ErrorKind kind) {
  Failure f;
  f.kind = kind;
  f.message = std::move(message);
  f.text = f.message;
  return raise(std::move(f), {});
}

bool Executor::output_full() {
  limit(fmt::format("output grows past {} bytes", run_.limits_.output_bytes_max));
  return false;
}

bool Executor::check() {
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
