// What parse() makes and the executor walks: the expressions as nodes, the statements as a short program for each
// named template. Positions are byte offsets into the text, which is kept for texts between actions and for errors.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lang/gotemplate/any.h"
#include "lang/gotemplate/template.h"

namespace slipway::lang::gotemplate {

using NodeId = uint32_t;
constexpr NodeId kNoNode = UINT32_MAX;
constexpr uint32_t kNoSlot = UINT32_MAX;

struct Expr {
  enum class Type : uint8_t {
    dot,
    nil,
    boolean,     // `index`: 0 or 1
    number,      // `index` into numbers
    string,      // `index` into constants
    field,       // .a.b: keys
    variable,    // $x.a.b: keys, the first is "$x"; `index` is its slot
    chain,       // (...).a.b, f.a: keys; `index` is the node before them
    identifier,  // a function: `index` into functions
    command,     // children
    pipe,        // children: `declared` variables, then commands
    template_,   // {{template}}: `index` into constants (the name), child: the pipe, or none
    text,        // for positions only
  };
  Type type = Type::dot;
  bool assigns = false;           // pipe: = instead of :=
  uint8_t declared = 0;           // pipe
  uint32_t position = 0;          // in the text
  uint32_t length = 0;            // of a literal in the text
  uint32_t first = 0, count = 0;  // children or keys
  uint32_t index = 0;
};

struct Number {
  bool is_int = false, is_uint = false, is_float = false, is_complex = false;
  int64_t int_value = 0;
  uint64_t uint_value = 0;
  double float_value = 0, imaginary = 0;
  enum class Ideal : uint8_t { int_, float_, complex, overflow, none } ideal = Ideal::none;  // its type without context
};

struct Op {
  enum class Code : uint8_t {
    text,    // a: offset, b: length
    action,  // node: pipe
    if_,     // node: pipe; false: go to a
    with,    // node: pipe; false: go to a
    end_with,
    range,      // node: pipe; nothing to do: go to a
    next,       // to a while there is more
    jump,       // to a
    leave,      // break, continue: end b withs, go to a; `flag`: end the range too
    template_,  // node: template_
    end,
  };
  Code code;
  bool flag = false;
  NodeId node = kNoNode;
  uint32_t a = 0, b = 0;
};

struct Template {
  std::string name;
  const Parsed* in = nullptr;
  std::vector<Op> code;
  uint32_t slots = 1;  // variables alive at once, $ among them
  bool empty = true;   // nothing but blanks and comments
};

struct Parsed {
  std::string name;
  std::shared_ptr<const std::string> whole;
  std::string_view text;  // of `whole`
  std::vector<Expr> nodes;
  std::vector<NodeId> children;
  std::vector<value::Key> keys;
  std::vector<Any> constants;
  std::vector<Number> numbers;
  std::vector<std::shared_ptr<const Function>> functions;
  std::vector<std::unique_ptr<Template>> templates;  // the first is the text's own

  std::string print(NodeId id) const;  // the expression as Go writes it in errors
};

// Errors as Go's parser gives them: "template: a.yaml:3: unexpected EOF".
tl::expected<std::shared_ptr<const Parsed>, Failure> parse_text(std::string_view name,
                                                                std::shared_ptr<const std::string> text,
                                                                const Functions& functions);

// What is said when Limits::steps_max is reached.
std::string too_many_steps(uint64_t most);

}  // namespace slipway::lang::gotemplate
