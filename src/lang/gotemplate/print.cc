// Expressions as Go writes them again in its errors.
#include "lang/gotemplate/format.h"
#include "lang/gotemplate/syntax.h"

namespace slipway::lang::gotemplate {

std::string Parsed::print(NodeId id) const {
  const Expr& e = nodes[id];
  std::string out;
  auto literal = [&] { return std::string_view(text).substr(e.position, e.length); };
  auto dotted = [&](uint32_t from) {
    for (uint32_t i = from; i < e.count; ++i) {
      out += '.';
      out += keys[e.first + i].view();
    }
  };
  switch (e.type) {
    case Expr::Type::dot:
      return ".";
    case Expr::Type::nil:
      return "nil";
    case Expr::Type::boolean:
      return e.index != 0 ? "true" : "false";
    case Expr::Type::number:
    case Expr::Type::string:
      return std::string(literal());
    case Expr::Type::field:
      dotted(0);
      return out;
    case Expr::Type::variable:
      out = keys[e.first].str();
      dotted(1);
      return out;
    case Expr::Type::chain:
      out = nodes[e.index].type == Expr::Type::pipe ? "(" + print(e.index) + ")" : print(e.index);
      dotted(0);
      return out;
    case Expr::Type::identifier:
      return functions[e.index]->name;
    case Expr::Type::command:
      for (uint32_t i = 0; i < e.count; ++i) {
        if (i > 0) out += ' ';
        NodeId child = children[e.first + i];
        out += nodes[child].type == Expr::Type::pipe ? "(" + print(child) + ")" : print(child);
      }
      return out;
    case Expr::Type::pipe:
      for (uint32_t i = 0; i < e.count; ++i) {
        if (i == e.declared && i > 0) out += e.assigns ? " = " : " := ";
        if (i > 0 && i != e.declared) out += i < e.declared ? ", " : " | ";
        out += print(children[e.first + i]);
      }
      return out;
    case Expr::Type::template_:
      out = "{{template " + quote(constants[e.index].text());
      if (e.count > 0) out += " " + print(children[e.first]);
      return out + "}}";
    case Expr::Type::text:
      return quote(literal());
  }
  return out;
}

}  // namespace slipway::lang::gotemplate
