// Go's template parser, giving a program instead of a tree of statements. The names of functions and the order in
// which words are looked at follow Go's, because its error messages depend on both.
//
// Variables become slots here. A declaration is visible to what comes after its pipeline, in its block; a name that was
// declared twice means the latest. (Go looks names up while running; the two agree but for a declaration inside
// parentheses that and/or never reached.)
#include <fmt/format.h>

#include <optional>

#include "lang/gotemplate/format.h"
#include "lang/gotemplate/lex.h"
#include "lang/gotemplate/literal.h"
#include "lang/gotemplate/syntax.h"
#include "lang/gotemplate/unicode.h"
#include "value/utf8.h"

namespace slipway::lang::gotemplate {

namespace {

using T = Token::Type;

constexpr int kParenDepthMax = 10'000;  // Go's
constexpr size_t kStackMax = 3 << 20;   // of our own, for blocks in blocks
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

  void parse() {
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

 private:
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
      if (t.type != T::space) return t;
    }
  }
  const Token& peek_non_space() {
    next_non_space();
    backup();
    return tokens_[peeked_ - 1];
  }

  // ---- complaints

  void error(std::string message) {
    if (!ok()) return;
    int line = tokens_[0].line;
    Failure f;
    f.kind = ErrorKind::bad_request;
    f.text = fmt::format("template: {}:{}: {}", p_.name, line, message);
    f.message = std::move(message);
    f.frames.push_back({p_.name, line, 0, {}, {}, {}});
    s_.failure = std::move(f);
  }
  void unexpected(const Token& t, std::string_view context) {
    if (t.type != T::error) return error(fmt::format("unexpected {} in {}", shown(t), context));
    std::string extra;
    if (action_line_ != 0 && action_line_ != t.line) {
      extra = fmt::format(" in action started at {}:{}", p_.name, action_line_);
      if (t.text.ends_with(" action")) extra = extra.substr(std::string_view(" in action").size());
    }
    error(std::string(t.text) + extra);
  }
  Token expect(T type, std::string_view context) {
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

  void parse_definition() {
    Token name = next_non_space();
    if (name.type != T::string && name.type != T::raw_string) return unexpected(name, "define clause");
    if (!unquote(name.text, template_->name)) return error("invalid syntax");
    expect(T::right_delimiter, "define clause");
    finish("define clause");
  }
  void finish(std::string_view context) {
    if (!ok()) return;
    Ending e = item_list();
    if (ok() && e != Ending::end) error(fmt::format("unexpected {{{{else}}}} in {}", context));
    add();
  }

  void add() {
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

  Ending item_list() {
    while (ok() && peek_non_space().type != T::eof) {
      Ending e = text_or_action();
      if (e != Ending::none) return e;
    }
    error("unexpected EOF");
    return Ending::end;
  }

  Ending text_or_action() {
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

  Ending action() {
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

  void leave_control(bool is_break) {
    std::string_view name = is_break ? "{{break}}" : "{{continue}}";
    Token t = next_non_space();
    if (t.type != T::right_delimiter) return unexpected(t, name);
    if (ranges_.empty()) return error(fmt::format("{} outside {{{{range}}}}", name));
    Op& op = emit(Op::Code::leave);
    op.flag = is_break;
    op.b = ranges_.back().withs;
    (is_break ? ranges_.back().breaks : ranges_.back().continues).push_back(template_->code.size() - 1);
  }

  // if, with and range; `else if` and `else with` are blocks in the else part that share its end.
  void control(std::string_view context) {
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

  void block_control() {
    Token name_token = next_non_space();
    std::string name;
    if (!template_name(name_token, "block clause", name)) return;
    NodeId pipe = pipeline("block clause", T::right_delimiter);
    if (!ok()) return;
    TreeParser block(s_, name);
    block.finish("block clause");
    emit_template(name_token, name, pipe);
  }

  void template_control() {
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

  bool template_name(const Token& t, std::string_view context, std::string& name) {
    if (t.type != T::string && t.type != T::raw_string) {
      unexpected(t, context);
      return false;
    }
    if (!unquote(t.text, name)) error("invalid syntax");
    return ok();
  }

  void emit_template(const Token& token, const std::string& name, NodeId pipe) {
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

  // ---- expressions

  NodeId pipeline(std::string_view context, T end) {
    Token token = peek_non_space();
    Expr pipe{.type = Expr::Type::pipe, .position = token.position};
    Parts parts(s_.scratch);
    std::vector<std::string_view> declared;
    for (bool more = true; more && ok();) {
      more = false;
      Token v = peek_non_space();
      if (v.type != T::variable) break;
      next();
      Token after = peek();
      Token following = peek_non_space();
      if (following.type == T::assign || following.type == T::declare) {
        pipe.assigns = following.type == T::assign;
        next_non_space();
        parts.push_back(variable_node(v.position, v.text));
        declared.push_back(v.text);
        names_.push_back(v.text);
      } else if (following.type == T::character && following.text == ",") {
        next_non_space();
        parts.push_back(variable_node(v.position, v.text));
        declared.push_back(v.text);
        names_.push_back(v.text);
        if (context == "range" && declared.size() < 2) {
          T n = peek_non_space().type;
          if (n != T::variable && n != T::right_delimiter && n != T::right_paren)
            error("range can only initialize variables");
          more = true;
          continue;
        }
        error(fmt::format("too many declarations in {}", context));
      } else if (after.type == T::space) {
        backup3(v, after);
      } else {
        backup2(v);
      }
    }
    pipe.declared = static_cast<uint8_t>(declared.size());
    int stage = 0;
    while (ok()) {
      Token t = next_non_space();
      if (t.type == end) {
        if (stage == 0) error(fmt::format("missing value for {}", context));
        break;
      }
      switch (t.type) {
        case T::boolean:
        case T::character_constant:
        case T::complex:
        case T::dot:
        case T::field:
        case T::identifier:
        case T::number:
        case T::nil:
        case T::raw_string:
        case T::string:
        case T::variable:
        case T::left_paren:
          backup();
          parts.push_back(command());
          ++stage;
          break;
        default:
          unexpected(t, context);
      }
    }
    // Go checks this when the pipeline is complete.
    for (size_t i = declared.size() + 1; i < parts.size() && ok(); ++i) {
      switch (p_.nodes[p_.children[p_.nodes[parts[i]].first]].type) {
        case Expr::Type::boolean:
        case Expr::Type::dot:
        case Expr::Type::nil:
        case Expr::Type::number:
        case Expr::Type::string:
          error(fmt::format("non executable command in pipeline stage {}", i - declared.size() + 1));
          break;
        default:
          break;
      }
    }
    if (!pipe.assigns)
      for (size_t i = 0; i < declared.size(); ++i) {
        auto slot = static_cast<uint32_t>(slots_.size());
        slots_.push_back({declared[i], slot});
        template_->slots = std::max(template_->slots, slot + 1);
        p_.nodes[parts[i]].index = slot;
      }
    return with_children(pipe, parts);
  }

  NodeId command() {
    Expr command{.type = Expr::Type::command, .position = peek_non_space().position};
    Parts parts(s_.scratch);
    while (ok()) {
      peek_non_space();
      NodeId id = operand();
      if (id != kNoNode) parts.push_back(id);
      Token t = next();
      if (t.type == T::space) continue;
      if (t.type == T::right_delimiter || t.type == T::right_paren)
        backup();
      else if (t.type != T::pipe)
        unexpected(t, "operand");
      break;
    }
    if (parts.empty()) {
      error("empty command");
      parts.push_back(node({.type = Expr::Type::nil}));
    }
    return with_children(command, parts);
  }

  NodeId operand() {
    NodeId id = term();
    if (id == kNoNode || !ok() || peek().type != T::field) return id;
    uint32_t position = peek().position;
    std::vector<value::Key> fields;
    while (peek().type == T::field) fields.emplace_back(next().text.substr(1));
    Expr::Type type = p_.nodes[id].type;
    switch (type) {
      case Expr::Type::field:
      case Expr::Type::variable: {
        // The same node with more keys, placed where the further ones begin.
        Expr e = p_.nodes[id];
        std::vector<value::Key> all(p_.keys.begin() + e.first, p_.keys.begin() + e.first + e.count);
        all.insert(all.end(), fields.begin(), fields.end());
        e.position = position;
        return with_keys(e, std::move(all));
      }
      case Expr::Type::boolean:
      case Expr::Type::string:
      case Expr::Type::number:
      case Expr::Type::nil:
      case Expr::Type::dot:
        error("unexpected . after term " + quote(p_.print(id)));
        return id;
      default: {
        Expr e{.type = Expr::Type::chain, .position = position};
        e.index = id;
        return with_keys(e, std::move(fields));
      }
    }
  }

  NodeId term() {
    Token t = next_non_space();
    Expr e{.position = t.position, .length = static_cast<uint32_t>(t.text.size())};
    switch (t.type) {
      case T::identifier: {
        auto f = s_.functions.share(t.text);
        if (f == nullptr) {
          error(fmt::format("function {} not defined", quote(t.text)));
          return kNoNode;
        }
        e.type = Expr::Type::identifier;
        e.index = static_cast<uint32_t>(p_.functions.size());
        p_.functions.push_back(std::move(f));
        return node(e);
      }
      case T::dot:
        return node(e);
      case T::nil:
        e.type = Expr::Type::nil;
        return node(e);
      case T::variable: {
        for (std::string_view name : names_)
          if (name == t.text) return variable_node(t.position, t.text);
        error("undefined variable " + quote(t.text));
        return kNoNode;
      }
      case T::field:
        e.type = Expr::Type::field;
        return with_key(e, t.text.substr(1));
      case T::boolean:
        e.type = Expr::Type::boolean;
        e.index = t.text == "true" ? 1 : 0;
        return node(e);
      case T::character_constant:
      case T::complex:
      case T::number:
        return number_node(e, t);
      case T::left_paren: {
        if (paren_depth_ >= kParenDepthMax) {
          error("max expression depth exceeded");
          return kNoNode;
        }
        if (too_deep()) return kNoNode;
        ++paren_depth_;
        NodeId id = pipeline("parenthesized pipeline", T::right_paren);
        --paren_depth_;
        return id;
      }
      case T::string:
      case T::raw_string: {
        std::string text;
        if (!unquote(t.text, text)) {
          error("invalid syntax");
          return kNoNode;
        }
        e.type = Expr::Type::string;
        e.index = static_cast<uint32_t>(p_.constants.size());
        p_.constants.push_back(Any::of(text));
        return node(e);
      }
      default:
        backup();
        return kNoNode;
    }
  }

  NodeId variable_node(uint32_t position, std::string_view name) {
    Expr e{.type = Expr::Type::variable, .position = position};
    e.index = kNoSlot;
    for (size_t i = slots_.size(); i-- > 0;)
      if (slots_[i].first == name) {
        e.index = slots_[i].second;
        break;
      }
    return with_key(e, name);
  }

  NodeId number_node(Expr e, const Token& t) {
    Number n;
    std::string wrong = read_number(n, t);
    if (!wrong.empty()) {
      error(wrong);
      return kNoNode;
    }
    e.type = Expr::Type::number;
    e.index = static_cast<uint32_t>(p_.numbers.size());
    p_.numbers.push_back(n);
    return node(e);
  }

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
  NodeId with_keys(Expr e, std::vector<value::Key> keys) {
    e.first = static_cast<uint32_t>(p_.keys.size());
    e.count = static_cast<uint32_t>(keys.size());
    for (value::Key& k : keys) p_.keys.push_back(std::move(k));
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

}  // namespace

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
  Source source{
      *parsed, functions, Lexer(parsed->text), std::nullopt, static_cast<const char*>(__builtin_frame_address(0)), {}};
  source.lexer.break_is_word = functions.find("break") == nullptr;
  source.lexer.continue_is_word = functions.find("continue") == nullptr;
  TreeParser(source, parsed->name).parse();
  if (source.failure) return tl::unexpected(std::move(*source.failure));
  return parsed;
}

}  // namespace slipway::lang::gotemplate
