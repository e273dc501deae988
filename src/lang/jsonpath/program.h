// What compile() makes and evaluate() walks.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "value/value.h"

namespace slipway::lang::jsonpath {

struct Bound {
  int64_t value = 0;
  bool known = false;
  bool derived = false;  // the end that a single index implies
};

struct Node {
  enum class Kind {
    list,        // nodes, each on the results of the one before
    constant,    // text, a number or a boolean: `constant`
    field,       // the member `text` of each input
    array,       // elements by bounds: begin, end, step
    wildcard,    // all members or elements
    recursive,   // the input and everything below that has something below itself
    union_of,    // nodes (lists), each on the same input
    filter,      // elements for which nodes[0] `text` nodes[1] holds; text "exists": for which nodes[0] gives something
    identifier,  // range, end
  };
  Kind kind = Kind::list;
  std::string text;
  Value constant;
  std::array<Bound, 3> bounds = {};
  std::vector<Node> nodes = {};
};

struct Program {
  std::vector<Node> nodes;  // text between actions, and actions (lists)
};

}  // namespace slipway::lang::jsonpath
