#include "lang/gotemplate/format.h"
#include "lang/gotemplate/literal.h"
#include "lang/gotemplate/tree_parser.h"

namespace slipway::lang::gotemplate {

namespace {

using T = Token::Type;

constexpr int kParenDepthMax = 10'000;  // Go's

}  // namespace

NodeId TreeParser::pipeline(std::string_view context, T end) {
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

NodeId TreeParser::command() {
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

NodeId TreeParser::operand() {
  NodeId id = term();
  if (id == kNoNode || !ok() || peek().type != T::field) return id;
  uint32_t position = peek().position;
  auto first = static_cast<uint32_t>(p_.keys.size());
  while (peek().type == T::field) p_.keys.emplace_back(next().text.substr(1));
  auto count = static_cast<uint32_t>(p_.keys.size()) - first;
  switch (p_.nodes[id].type) {
    case Expr::Type::field:
    case Expr::Type::variable: {
      // The same node with more keys, placed where the further ones begin: its own are the last before them.
      Expr& e = p_.nodes[id];
      e.position = position;
      e.count += count;
      return id;
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
      e.first = first;
      e.count = count;
      e.index = id;
      return node(e);
    }
  }
}

NodeId TreeParser::term() {
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

NodeId TreeParser::variable_node(uint32_t position, std::string_view name) {
  Expr e{.type = Expr::Type::variable, .position = position};
  e.index = kNoSlot;
  for (size_t i = slots_.size(); i-- > 0;)
    if (slots_[i].first == name) {
      e.index = slots_[i].second;
      break;
    }
  return with_key(e, name);
}

NodeId TreeParser::number_node(Expr e, const Token& t) {
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

}  // namespace slipway::lang::gotemplate
