#include "render/helm/read_walk.h"

#include "base/text.h"
#include "render/helm/engine.h"

namespace slipway::render::helm {

using namespace lang::gotemplate;

namespace {

constexpr size_t kContextsMax = 400;  // of one template; what comes after them shares one
constexpr int kDepthMax = 400;        // of expressions in expressions
constexpr size_t kFileTextMax = 1 << 20;
constexpr size_t kTextsMax = 2000;

// An include of this name stands for the texts in values, where a text is put together around them.
constexpr std::string_view kValueTexts = "\x01texts of values";

}  // namespace

// Where a walk over one template stands.
struct ReadWalk::Frame {
  Walked& walked;
  const Parsed& in;
  std::vector<Things> dots;
  std::vector<std::pair<NodeId, int>> slots;  // where what is in each was declared
};

bool walk_templates(const ChartUse& root, const std::vector<const Value*>& said, uint64_t work_max, bool& runs_texts) {
  ReadWalk walk(work_max);
  bool done = walk.run(root, said);
  runs_texts = walk.runs_texts;
  return done;
}

ReadWalk::ReadWalk(uint64_t work_max) : functions_(template_functions(Compat::helm4)), work_max_(work_max) {}

bool ReadWalk::run(const ChartUse& root, const std::vector<const Value*>& said) {
  if (!add_templates(root)) return false;
  for (const Value* v : said) add_texts(*v);
  scope_of(root);
  // Those that learnt something are walked again, and all of them once those are done: until nobody learns anything.
  std::vector<size_t> again;
  size_t begun = 0;
  for (bool all = true;;) {
    std::vector<size_t> learnt;
    auto walk_one = [&](size_t i) {
      things_.grew = false;
      walk(i);
      if (things_.grew) learnt.push_back(i);
    };
    if (all) begun = 0;
    for (size_t i : again) walk_one(i);
    for (; begun < walked_.size(); ++begun) walk_one(begun);
    if (things_.work > work_max_) return false;
    if (learnt.empty() && all) break;
    all = learnt.empty();
    again = std::move(learnt);
  }
  return true;
}

bool ReadWalk::add_templates(const ChartUse& use) {
  auto number = static_cast<uint32_t>(file_texts_.size());
  if (chart_numbers_.try_emplace(use.chart, number).second) {
    auto& own = own_[use.chart];
    for (const ChartFile& file : use.chart->templates) {
      const Template* t = parse(use.path + "/" + file.name, *file.data);
      if (!t) return false;
      own.emplace_back(file.name, t);
    }
    add_texts(use.chart->values);
    std::vector<const Template*> texts;
    for (const ChartFile& file : use.chart->files)
      if (file.data->size() <= kFileTextMax && file.data->find("{{") != std::string::npos)
        if (const Template* t = parse(file.name, *file.data)) texts.push_back(t);
    file_texts_.push_back(std::move(texts));
  }
  for (const auto& [name, t] : own_[use.chart]) templates_.emplace(use.path + "/" + name, t);
  for (const auto& child : use.below)
    if (!add_templates(*child)) return false;
  return true;
}

const Template* ReadWalk::parse(std::string_view name, std::string_view text) {
  auto parsed = parse_text(name, std::make_shared<const std::string>(text), *functions_);
  if (!parsed) return nullptr;
  parsed_.push_back(*parsed);
  const Template* own = nullptr;
  for (const auto& t : (*parsed)->templates) {
    if (t->name == name)
      own = t.get();
    else
      templates_.emplace(t->name, t.get());
  }
  return own;
}

// Texts that tpl may run, in keys too.
void ReadWalk::add_texts(const Value& v) {
  auto add_one = [&](std::string_view text) {
    if (text.find("{{") == text.npos || seen_texts_.size() >= kTextsMax) return;
    if (!seen_texts_.emplace(text).second) return;
    if (const Template* t = parse("gotpl", text))
      value_texts_.push_back(t);
    else if (text.find("Values") != text.npos)
      strange_text_ = true;
  };
  if (v.is_string()) add_one(v.as_string());
  for (const Value& item : v.items()) add_texts(item);
  for (const value::Member& m : v.members()) {
    add_one(m.key.view());
    add_texts(m.value);
  }
}

// The chart's own dot; its templates are called with it.
Things ReadWalk::scope_of(const ChartUse& use) {
  auto table = [&](uint64_t which) { return Things{things_.made(&use, which)}; };
  Things scope = table(0), about = table(1), below = table(2), running = table(3);
  auto put = [&](const Things& into, const char* name, const Things& what) {
    things_.put(into, {things_.text(name)}, what);
  };
  ThingId values = things_.place(*use.values);
  things_[values].is_root = true;
  put(about, "Name", {things_.text(use.name)});
  put(about, "Version", {things_.text(use.chart->metadata.version)});
  for (const char* name : {"AppVersion", "Type", "Annotations", "Dependencies", "Description", "KubeVersion", "Home",
                           "Icon", "Keywords", "Sources", "Maintainers", "APIVersion"})
    put(about, name, {things_.other()});
  put(running, "BasePath", {things_.text(use.path + "/templates")});
  put(running, "Name", {things_.other()});
  put(scope, "Chart", about);
  put(scope, "Files", {things_.files(chart_numbers_[use.chart])});
  put(scope, "Release", {things_.other()});
  put(scope, "Capabilities", {things_.other()});
  put(scope, "Values", {values});
  put(scope, "Template", running);
  put(scope, "Subcharts", below);
  for (const auto& child : use.below) put(below, child->name.c_str(), scope_of(*child));
  for (const auto& [name, t] : own_[use.chart]) {
    std::string_view base = std::string_view(name).substr(name.rfind('/') + 1);
    if (!base.starts_with('_') && !use.chart->is_library()) walked(*t, scope, scope);
  }
  return scope;
}

Walked& ReadWalk::walked(const Template& t, const Things& dot, const Things& root) {
  auto [at, fresh] = walked_by_.try_emplace({&t, dot, root}, walked_.size());
  if (!fresh) return walked_[at->second];
  size_t& contexts = contexts_[&t];
  if (++contexts <= kContextsMax) {
    things_.grew = true;
    return walked_.emplace_back(Walked{&t, dot, root, {}, {}});
  }
  auto [shared, first] = walked_by_.try_emplace({&t, {}, {}}, walked_.size());
  if (first) walked_.emplace_back(Walked{&t, {}, {}, {}, {}});
  at->second = shared->second;
  Walked& all = walked_[shared->second];
  things_.keep(all.dot, dot);
  things_.keep(all.root, root);
  things_.grew = true;
  return all;
}

void ReadWalk::walk(size_t number) {
  now_ = number;
  Walked& walked = walked_[number];
  Frame f{walked, *walked.of->in, {walked.dot}, {}};
  f.slots.assign(walked.of->slots, {kNoNode, -1});
  things_.keep(walked.variables[{kNoNode, -1}], walked.root);  // $
  for (const Op& op : walked.of->code) {
    if (++things_.work > work_max_) return;
    switch (op.code) {
      case Op::Code::action: {
        Things value = pipeline(f, op.node);
        if (f.in.nodes[op.node].declared == 0) things_.keep(walked.output, things_.whole(value));
        break;
      }
      case Op::Code::if_:
        things_.test(pipeline(f, op.node));
        break;
      case Op::Code::with:
        f.dots.push_back(pipeline(f, op.node));
        things_.test(f.dots.back());
        break;
      case Op::Code::range:
        loop_head(f, op.node);
        break;
      case Op::Code::end_with:
      case Op::Code::next:
        if (f.dots.size() > 1) f.dots.pop_back();
        break;
      case Op::Code::template_:
        template_call(f, f.in.nodes[op.node]);
        break;
      case Op::Code::text:
      case Op::Code::jump:
      case Op::Code::leave:
      case Op::Code::end:
        break;
    }
  }
}

void ReadWalk::loop_head(Frame& f, NodeId id) {
  const Expr& pipe = f.in.nodes[id];
  Things all = pipeline(f, id, false);
  Things one = things_.elements(all);
  if (pipe.declared == 2) declare(f, id, 0, things_.keys_of(all));
  if (pipe.declared > 0) declare(f, id, pipe.declared - 1, one);
  f.dots.push_back(std::move(one));
}

void ReadWalk::declare(Frame& f, NodeId id, int which, const Things& value) {
  const Expr& pipe = f.in.nodes[id];
  uint32_t slot = f.in.nodes[f.in.children[pipe.first + static_cast<uint32_t>(which)]].index;
  if (slot >= f.slots.size()) return;
  if (!pipe.assigns) f.slots[slot] = {id, which};
  things_.keep(f.walked.variables[f.slots[slot]], value);
}

Things ReadWalk::pipeline(Frame& f, NodeId id, bool declares) {
  const Expr& pipe = f.in.nodes[id];
  Things value;
  if (++depth_ > kDepthMax) things_.work = work_max_ + 1;
  for (uint32_t i = pipe.declared; i < pipe.count && things_.work <= work_max_; ++i) {
    Things next = command(f, f.in.children[pipe.first + i], i == pipe.declared ? nullptr : &value);
    value = std::move(next);
  }
  --depth_;
  if (declares)
    for (int i = 0; i < pipe.declared; ++i) declare(f, id, i, value);
  return value;
}

Things ReadWalk::command(Frame& f, NodeId id, const Things* last) {
  ++things_.work;
  const Expr& e = f.in.nodes[id];
  NodeId first = f.in.children[e.first];
  std::vector<Things> arguments;
  for (uint32_t i = 1; i < e.count; ++i) arguments.push_back(operand(f, f.in.children[e.first + i]));
  if (last) arguments.push_back(*last);
  if (f.in.nodes[first].type == Expr::Type::identifier)
    return call(f, id, f.in.functions[f.in.nodes[first].index]->name, arguments);
  // A method's arguments, or none.
  for (const Things& one : arguments) things_.whole(one);
  return operand(f, first);
}

Things ReadWalk::operand(Frame& f, NodeId id) {
  const Expr& e = f.in.nodes[id];
  switch (e.type) {
    case Expr::Type::dot:
      return f.dots.back();
    case Expr::Type::nil:
      return {things_.other()};
    case Expr::Type::boolean:
      return {things_.text(e.index ? "true" : "false")};
    case Expr::Type::number: {
      const Number& n = f.in.numbers[e.index];
      return {n.is_int ? things_.text(std::to_string(n.int_value)) : things_.other()};
    }
    case Expr::Type::string:
      return {things_.text(f.in.constants[e.index].text())};
    case Expr::Type::field:
      return fields(f, f.dots.back(), e, 0);
    case Expr::Type::variable: {
      if (e.index >= f.slots.size()) return {things_.other()};
      auto found = f.walked.variables.find(f.slots[e.index]);
      return found == f.walked.variables.end() ? Things() : fields(f, found->second, e, 1);
    }
    case Expr::Type::chain:
      return fields(f, operand(f, e.index), e, 0);
    case Expr::Type::identifier:
      return call(f, id, f.in.functions[e.index]->name, {});
    case Expr::Type::command:
      return command(f, id, nullptr);
    case Expr::Type::pipe:
      return pipeline(f, id);
    case Expr::Type::template_:
    case Expr::Type::text:
      return {};
  }
  return {};
}

Things ReadWalk::fields(const Frame& f, Things of, const Expr& e, uint32_t from) {
  for (uint32_t i = from; i < e.count; ++i) of = things_.field(of, f.in.keys[e.first + i].view());
  return of;
}

void ReadWalk::template_call(Frame& f, const Expr& e) {
  std::string_view name = f.in.constants[e.index].text();
  Things dot = e.count == 0 ? Things() : pipeline(f, f.in.children[e.first]);
  Things out;
  runs_texts = runs_texts || name == kValueTexts;
  if (name == kValueTexts)
    run_all(value_texts_, dot, f.walked.root, out);
  else
    out = include({things_.text(name)}, dot);
  things_.keep(f.walked.output, out);
}

void ReadWalk::run_all(const std::vector<const Template*>& texts, const Things& dot, const Things& root, Things& out) {
  for (const Template* t : texts) add(out, walked(*t, dot, root).output);
}

void ReadWalk::run_text(const std::string& text, const Things& dot, Things& out) {
  auto found = run_texts_.find(text);
  if (found == run_texts_.end()) {
    std::string whole =
        base::replace_all(text, std::string(1, kUnknownPart), fmt::format("{{{{ template \"{}\" . }}}}", kValueTexts));
    found = run_texts_.emplace(text, parse("gotpl", whole)).first;
    if (found->second) things_.grew = true;
  }
  if (found->second)
    add(out, walked(*found->second, dot, dot).output);
  else
    things_.whole(dot);
}

// What comes of calling tpl. A text that is not known is one of those in values.
Things ReadWalk::tpl(const Things& text, const Things& dot) {
  Things out = {things_.other()};
  add(out, things_.whole(text));
  bool unknown = text.empty();
  for (ThingId id : text) {
    const Thing& one = things_[id];
    if (one.kind == Thing::Kind::files) {
      run_all(file_texts_[one.files_of], dot, dot, out);
    } else if (one.kind != Thing::Kind::text) {
      unknown = true;
    } else if (one.text.find("{{") != std::string::npos) {
      run_text(std::string(one.text), dot, out);
    } else if (one.text.find(kUnknownPart) != std::string::npos) {
      unknown = true;
    }
  }
  runs_texts = runs_texts || unknown;
  if (unknown) run_all(value_texts_, dot, dot, out);
  if (unknown && strange_text_) things_.whole(dot);
  return out;
}

namespace {

// `pattern`: parts that are not known may be anything.
bool matches(std::string_view pattern, std::string_view name) {
  size_t unknown = pattern.find(kUnknownPart);
  if (unknown == pattern.npos) return pattern == name;
  if (!name.starts_with(pattern.substr(0, unknown))) return false;
  name.remove_prefix(unknown);
  auto parts = base::split(pattern.substr(unknown + 1), kUnknownPart);
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i + 1 == parts.size()) return name.ends_with(parts[i]);
    size_t at = name.find(parts[i]);
    if (at == name.npos) return false;
    name.remove_prefix(at + parts[i].size());
  }
  return true;
}

}  // namespace

Things ReadWalk::include(const Things& name, const Things& dot) {
  Things out = {things_.other()};
  bool unknown = name.empty();
  for (ThingId id : name) {
    if (things_[id].kind != Thing::Kind::text) {
      unknown = true;
      continue;
    }
    std::string wanted = things_[id].text;
    size_t part = wanted.find(kUnknownPart);
    if (part == std::string::npos) {
      auto [from, to] = templates_.equal_range(wanted);
      for (auto at = from; at != to; ++at) add(out, walked(*at->second, dot, dot).output);
      continue;
    }
    for (auto at = templates_.lower_bound(wanted.substr(0, part)); at != templates_.end(); ++at) {
      if (!at->first.starts_with(wanted.substr(0, part))) break;
      if (matches(wanted, at->first)) add(out, walked(*at->second, dot, dot).output);
    }
  }
  if (unknown) things_.whole(dot);
  return out;
}

}  // namespace slipway::render::helm
