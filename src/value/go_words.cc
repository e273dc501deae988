#include "value/go_words.h"

#include <utility>

#include "value/number.h"

namespace slipway::value {

std::string_view json_word(const Value& v) {
  switch (v.type()) {
    case Type::null:
      return "null";
    case Type::boolean:
      return "bool";
    case Type::integer:
    case Type::real:
      return "number";
    case Type::string:
      return "string";
    case Type::array:
      return "array";
    case Type::object:
      return "object";
  }
  return "";
}

std::string_view go_type(const Value& v) {
  switch (v.type()) {
    case Type::null:
      return "<nil>";
    case Type::boolean:
      return "bool";
    case Type::integer:
      return "int64";
    case Type::real:
      return "float64";
    case Type::string:
      return "string";
    case Type::array:
      return "[]interface {}";
    case Type::object:
      return "map[string]interface {}";
  }
  return "";
}

namespace {

constexpr int kDepthMax = 1000;

void print(const Value& v, int depth, std::string& out) {
  switch (v.type()) {
    case Type::null:
      out += "<nil>";
      return;
    case Type::boolean:
      out += v.as_bool() ? "true" : "false";
      return;
    case Type::integer:
      out += std::to_string(v.as_int());
      return;
    case Type::real:
      out += go_format_g(v.as_double());
      return;
    case Type::string:
      out += v.as_string();
      return;
    case Type::array:
    case Type::object:
      break;
  }
  if (depth == kDepthMax) {
    out += "...";
    return;
  }
  out += v.is_array() ? "[" : "map[";
  bool first = true;
  for (const Value& item : v.items()) {
    if (!std::exchange(first, false)) out += ' ';
    print(item, depth + 1, out);
  }
  for (const Member& m : v.members()) {
    if (!std::exchange(first, false)) out += ' ';
    out += m.key.view();
    out += ':';
    print(m.value, depth + 1, out);
  }
  out += ']';
}

}  // namespace

std::string go_print(const Value& v) {
  std::string out;
  print(v, 0, out);
  return out;
}

std::string go_unsupported_number(std::string_view yaml_error) {
  size_t end = yaml_error.find(" has no JSON");
  if (end == yaml_error.npos) return {};
  std::string_view number = yaml_error.substr(0, end);
  bool nan = number.ends_with("n") || number.ends_with("N");
  if (nan) return "json: unsupported value: NaN";
  size_t start = number.rfind(' ');
  if (start != number.npos) number.remove_prefix(start + 1);
  return number.starts_with('-') ? "json: unsupported value: -Inf" : "json: unsupported value: +Inf";
}

std::string escaped_for_html(std::string json) {
  if (json.find_first_of("<>&") == json.npos) return json;
  std::string out;
  out.reserve(json.size() + 32);
  for (char c : json) {
    if (c == '<')
      out += "\\u003c";
    else if (c == '>')
      out += "\\u003e";
    else if (c == '&')
      out += "\\u0026";
    else
      out += c;
  }
  return out;
}

}  // namespace slipway::value
