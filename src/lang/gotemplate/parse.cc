// Go's template parser, giving a program instead of a tree of statements. The names of functions and the order in
// which words are looked at follow Go's, because its error messages depend on both.
//
// Variables become slots here. A declaration is visible to what comes after its pipeline, in its block; a name that was
// declared twice means the latest. (Go looks names up while running; the two agree but for a declaration inside
// parentheses that and/or never reached.)
#include "lang/gotemplate/format.h"
#include "lang/gotemplate/literal.h"
#include "lang/gotemplate/tree_parser.h"
#include "lang/gotemplate/unicode.h"
#include "value/utf8.h"

namespace slipway::lang::gotemplate {

namespace {

using T = Token::Type;

constexpr size_t kTextMax = 1 << 30;

bool is_blank_text(std::string_view s) {
  while (!s.empty()) {
    value::Rune r = value::decode_rune(s);
    if (!is_space(r.code)) return false;
    s.remove_prefix(static_cast<size_t>(r.length));
  }
  return true;
}

std::string shown(const Token& t) {  // a word as messages show it
  if (t.type == T::eof) return "EOF";
  if (t.type == T::error) return std::string(t.text);
  if (t.is_keyword()) return fmt::format("<{}>", t.text);
  if (t.text.size() > 10) return quote(t.text.substr(0, 10)) + "...";
  return quote(t.text);
}

// What grows while a text is parsed grows in memory that the thread's texts before it grew in, and is kept in as much
// as it came to: pages that are touched for the first time are a tenth of what small charts cost.
class Workbench {
 public:
  explicit Workbench(Parsed& parsed) : parsed_(parsed) { exchange(); }
  ~Workbench() {
    exchange();
    clear(mine().nodes, parsed_.nodes);
    clear(mine().children, parsed_.children);
    clear(mine().keys, parsed_.keys);
  }
  Workbench(const Workbench&) = delete;

 private:
  static constexpr size_t kKeptMax = 1 << 20;  // bytes, behind a text that was larger than others
  struct Vectors {
    std::vector<Expr> nodes;
    std::vector<NodeId> children;
    std::vector<value::Key> keys;
  };
  static Vectors& mine() {
    thread_local Vectors vectors;
    return vectors;
  }
  void exchange() {
    parsed_.nodes.swap(mine().nodes);
    parsed_.children.swap(mine().children);
    parsed_.keys.swap(mine().keys);
  }
  template <class T>
  static void clear(std::vector<T>& used, std::vector<T>& kept) {
    kept.assign(used.begin(), used.end());
    used.clear();
    if (used.capacity() * sizeof(T) > kKeptMax) std::vector<T>().swap(used);
  }

  Parsed& parsed_;
};

}  // namespace

void TreeParser::parse() {
  while (ok() && peek().type != T::eof) {
    if (peek().type == T::left_delimiter) {
      Token delimiter = next();
      if (next_non_space().type == T::define) {
        TreeParser definition(s_, "definition");
        definition.parse_definition();
        continue;
      }
      backup2(delimiter);
    }
    Ending e = text_or_action();
    if (e != Ending::none) error(e == Ending::end ? "unexpected {{end}}" : "unexpected {{else}}");
  }
  add();
}

void TreeParser::error(std::string message) {
  if (!ok()) return;
  int line = tokens_[0].line;
  Failure f;
  f.kind = ErrorKind::bad_request;
  f.text = fmt::format("template: {}:{}: {}", p_.name, line, message);
  f.message = std::move(message);
  f.frames.push_back({p_.name, line, 0, {}, {}, {}});
  s_.failure = std::move(f);
}

void TreeParser::unexpected(const Token& t, std::string_view context) {
  if (t.type != T::error) return error(fmt::format("unexpected {} in {}", shown(t), context));
  std::string extra;
  if (action_line_ != 0 && action_line_ != t.line) {
    extra = fmt::format(" in action started at {}:{}", p_.name, action_line_);
    if (t.text.ends_with(" action")) extra = extra.substr(std::string_view(" in action").size());
  }
  error(std::string(t.text) + extra);
}

void TreeParser::parse_definition() {
  Token name = next_non_space();
  if (name.type != T::string && name.type != T::raw_string) return unexpected(name, "define clause");
  if (!unquote(name.text, template_->name)) return error("invalid syntax");
  expect(T::right_delimiter, "define clause");
  finish("define clause");
}

void TreeParser::finish(std::string_view context) {
  if (!ok()) return;
  Ending e = item_list();
  if (ok() && e != Ending::end) error(fmt::format("unexpected {{{{else}}}} in {}", context));
  add();
}

void TreeParser::add() {
  if (!ok()) return;
  emit(Op::Code::end);
  for (auto& other : p_.templates) {
    if (other->name != template_->name) continue;
    if (other->empty)
      other = std::move(template_);
    else if (!template_->empty)
      error("template: multiple definition of template " + quote(template_->name));
    return;
  }
  p_.templates.push_back(std::move(template_));
}

TreeParser::Ending TreeParser::item_list() {
  while (ok() && peek_non_space().type != T::eof) {
    Ending e = text_or_action();
    if (e != Ending::none) return e;
  }
  error("unexpected EOF");
  return Ending::end;
}

TreeParser::Ending TreeParser::text_or_action() {
  Token t = next_non_space();
  if (t.type == T::text) {
    if (template_->empty && !is_blank_text(t.text)) template_->empty = false;
    Op& op = emit(Op::Code::text);
    op.a = t.position;
    op.b = static_cast<uint32_t>(t.text.size());
    return Ending::none;
  }
  if (t.type == T::left_delimiter) {
    action_line_ = t.line;
    Ending e = action();
    action_line_ = 0;
    return e;
  }
  unexpected(t, "input");
  return Ending::none;
}

TreeParser::Ending TreeParser::action() {
  if (too_deep()) return Ending::none;
  Token t = next_non_space();
  switch (t.type) {
    case T::else_: {
      Token p = peek_non_space();
      if (p.type != T::if_ && p.type != T::with) expect(T::right_delimiter, "else");
      return Ending::else_;
    }
    case T::end:
      expect(T::right_delimiter, "end");
      return Ending::end;
    default:
      break;
  }
  template_->empty = false;
  switch (t.type) {
    case T::block:
      block_control();
      break;
    case T::break_:
    case T::continue_:
      leave_control(t.type == T::break_);
      break;
    case T::if_:
      control("if");
      break;
    case T::range:
      control("range");
      break;
    case T::with:
      control("with");
      break;
    case T::template_:
      template_control();
      break;
    default: {
      backup();
      peek();
      NodeId pipe = pipeline("command", T::right_delimiter);
      emit(Op::Code::action).node = pipe;
    }
  }
  return Ending::none;
}

void TreeParser::leave_control(bool is_break) {
  std::string_view name = is_break ? "{{break}}" : "{{continue}}";
  Token t = next_non_space();
  if (t.type != T::right_delimiter) return unexpected(t, name);
  if (ranges_.empty()) return error(fmt::format("{} outside {{{{range}}}}", name));
  Op& op = emit(Op::Code::leave);
  op.flag = is_break;
  op.b = ranges_.back().withs;
  (is_break ? ranges_.back().breaks : ranges_.back().continues).push_back(template_->code.size() - 1);
}

void TreeParser::control(std::string_view context) {
  size_t names = names_.size(), slots = slots_.size();
  NodeId pipe = pipeline(context, T::right_delimiter);
  bool is_range = context == "range", is_with = context == "with";
  size_t head = template_->code.size();
  emit(is_range ? Op::Code::range : is_with ? Op::Code::with : Op::Code::if_).node = pipe;
  if (is_range) ranges_.push_back({});
  if (is_with && !ranges_.empty()) ++ranges_.back().withs;
  Ending e = item_list();
  Range range;
  if (is_with) {
    emit(Op::Code::end_with);
    if (!ranges_.empty()) --ranges_.back().withs;
  }
  if (is_range) {
    range = std::move(ranges_.back());
    ranges_.pop_back();
    for (size_t at : range.continues) template_->code[at].a = here();
    emit(Op::Code::next).a = static_cast<uint32_t>(head + 1);
  }
  if (ok() && e == Ending::else_) {
    size_t jump = template_->code.size();
    emit(Op::Code::jump);
    template_->code[head].a = here();
    if (!is_range && peek().type == (is_with ? T::with : T::if_)) {
      next();
      if (!too_deep()) control(context);
    } else {
      e = item_list();
      if (ok() && e != Ending::end) error("expected end; found {{else}}");
    }
    template_->code[jump].a = here();
  } else {
    template_->code[head].a = here();
  }
  for (size_t at : range.breaks) template_->code[at].a = here();
  names_.resize(names);
  slots_.resize(slots);
}

void TreeParser::block_control() {
  Token name_token = next_non_space();
  std::string name;
  if (!template_name(name_token, "block clause", name)) return;
  NodeId pipe = pipeline("block clause", T::right_delimiter);
  if (!ok()) return;
  TreeParser block(s_, name);
  block.finish("block clause");
  emit_template(name_token, name, pipe);
}

void TreeParser::template_control() {
  Token name_token = next_non_space();
  std::string name;
  if (!template_name(name_token, "template clause", name)) return;
  NodeId pipe = kNoNode;
  if (next_non_space().type != T::right_delimiter) {
    backup();
    pipe = pipeline("template clause", T::right_delimiter);
  }
  emit_template(name_token, name, pipe);
}

bool TreeParser::template_name(const Token& t, std::string_view context, std::string& name) {
  if (t.type != T::string && t.type != T::raw_string) {
    unexpected(t, context);
    return false;
  }
  if (!unquote(t.text, name)) error("invalid syntax");
  return ok();
}

void TreeParser::emit_template(const Token& token, const std::string& name, NodeId pipe) {
  Expr e{.type = Expr::Type::template_, .position = token.position};
  e.index = static_cast<uint32_t>(p_.constants.size());
  p_.constants.push_back(Any::of(name));
  if (pipe != kNoNode) {
    e.first = static_cast<uint32_t>(p_.children.size());
    e.count = 1;
    p_.children.push_back(pipe);
  }
  NodeId id = node(e);
  emit(Op::Code::template_).node = id;
}

tl::expected<std::shared_ptr<const Parsed>, Failure> parse_text(std::string_view name,
                                                                std::shared_ptr<const std::string> text,
                                                                const Functions& functions) {
  auto parsed = std::make_shared<Parsed>();
  parsed->name = name;
  parsed->whole = std::move(text);
  parsed->text = *parsed->whole;
  if (parsed->text.size() > kTextMax) {
    Failure f;
    f.kind = ErrorKind::too_large;
    f.message = fmt::format("text of {} bytes: at most {} are read", parsed->text.size(), kTextMax);
    f.text = fmt::format("template: {}: {}", name, f.message);
    return tl::unexpected(std::move(f));
  }
  Workbench bench(*parsed);
  Source source{
      *parsed, functions, Lexer(parsed->text), std::nullopt, static_cast<const char*>(__builtin_frame_address(0)), {}};
  source.lexer.break_is_word = functions.find("break") == nullptr;
  source.lexer.continue_is_word = functions.find("continue") == nullptr;
  TreeParser(source, parsed->name).parse();
  if (source.failure) return tl::unexpected(std::move(*source.failure));
  return parsed;
}

}  // namespace slipway::lang::gotemplate
