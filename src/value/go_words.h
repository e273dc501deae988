// How Go names and prints what a JSON or YAML document holds: the messages of kubectl, Helm and the API server are made
// of these words.
#pragma once

#include <string>
#include <string_view>

#include "value/value.h"

namespace slipway::value {

// "string", "number", "bool", "array", "object", "null": as encoding/json says what it met.
std::string_view json_word(const Value& v);
// The type of a decoded value: "map[string]interface {}", "[]interface {}", "float64", "int64", "<nil>".
std::string_view go_type(const Value& v);
// fmt's %v of it: "map[a:1 b:[x y]]", "<nil>". What is nested deeper than 1,000 levels shows as "...".
std::string go_print(const Value& v);
// JSON text as json.Marshal writes it, for HTML: <, > and & as \u003c, \u003e and \u0026.
std::string escaped_for_html(std::string json);

// "json: unsupported value: NaN" for what the YAML reader says of .nan and .inf; "" for its other errors.
std::string go_unsupported_number(std::string_view yaml_error);

}  // namespace slipway::value
