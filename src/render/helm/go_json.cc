#include "render/helm/go_json.h"

#include <cmath>

#include "base/text.h"
#include "lang/gotemplate/format.h"
#include "value/go_words.h"
#include "value/number.h"
#include "value/utf8.h"
#include "value/yaml.h"

namespace slipway::render::helm {

namespace {

// fmt's %#v of what go-yaml v2 makes of a node.
std::string go_syntax(const Value& v) {
  switch (v.type()) {
    case value::Type::null:
      return "interface {}(nil)";
    case value::Type::string:
      return go_quote(v.as_string());
    case value::Type::array: {
      std::string out = "[]interface {}{";
      for (const Value& item : v.items()) out += (out.ends_with('{') ? "" : ", ") + go_syntax(item);
      return out + "}";
    }
    case value::Type::object: {
      std::string out = "map[interface {}]interface {}{";
      for (const value::Member& m : v.members())
        out += (out.ends_with('{') ? "" : ", ") + go_quote(m.key.view()) + ":" + go_syntax(m.value);
      return out + "}";
    }
    default:
      return go_print(v);
  }
}

// "{{ .Values.x }}" that nobody rendered is a mapping with a mapping as key: go-yaml shows that key.
std::string invalid_key(std::string_view text, const base::Place& place) {
  for (int line = 1; line < place.line; ++line) text.remove_prefix(std::min(text.size(), text.find('\n') + 1));
  if (place.column < 1 || static_cast<size_t>(place.column) > text.size()) return {};
  text.remove_prefix(static_cast<size_t>(place.column) - 1);
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    depth += text[i] == '{' || text[i] == '[' ? 1 : text[i] == '}' || text[i] == ']' ? -1 : 0;
    if (depth > 0) continue;
    auto key = value::parse_yaml(text.substr(0, i + 1));
    return key ? "yaml: invalid map key: " + go_syntax(*key) : std::string();
  }
  return {};
}

// The error in go-yaml's own words.
std::string go_words(std::string_view text, const Error& error) {
  std::string words = value::go_yaml_error(text, true);
  if (words.empty() && error.message().find(" cannot be a key") != std::string::npos)
    words = invalid_key(text, error.place());
  if (words.empty()) words = value::go_unsupported_number(error.message());
  return words.empty() ? yaml_message(error) : words;
}

}  // namespace

Result<Value> read_yaml(std::string_view text) {
  value::YamlLimits limits;
  limits.reals = true;
  limits.first_only = true;
  auto documents = value::parse_yaml_documents(text, {}, limits, value::DuplicateKeys::last_wins);
  if (!documents) {
    if (documents.failed_with(ErrorKind::too_large)) return std::move(documents).error();
    std::string words = go_words(text, documents.error());
    int line = documents.error().place().line;
    return fail(ErrorKind::invalid, "error converting YAML to JSON: {}", words)
        .cause({"Line", std::to_string(line), {}});
  }
  return documents->empty() ? Value() : std::move((*documents)[0].value);
}

namespace {

Value merged(const Value& below, const Value& above) {
  Value out = below;
  for (const value::Member& m : above.members()) {
    const Value* there = out.find(m.key.view());
    bool both = m.value.is_object() && there && there->is_object();
    out = out.with_member(m.key.view(), both ? merged(*there, m.value) : m.value);
  }
  return out;
}

}  // namespace

Result<Value> read_yaml_mapping(std::string_view text, bool all_documents) {
  if (all_documents && text.find("\n---") != text.npos) {
    value::YamlLimits limits;
    limits.reals = true;
    auto documents = value::parse_yaml_documents(text, {}, limits, value::DuplicateKeys::last_wins);
    if (!documents)
      return fail(ErrorKind::invalid, "error converting YAML to JSON: {}", yaml_message(documents.error()));
    Value all = Value::object();
    for (const value::Document& document : *documents) {
      if (document.value.is_null()) continue;
      if (!document.value.is_object())
        return fail(
            ErrorKind::invalid,
            "cannot unmarshal yaml document: json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            json_word(document.value));
      all = merged(all, document.value);
    }
    return all;
  }
  Value v = OR_RETURN(read_yaml(text));
  if (v.is_null()) return Value::object();
  if (!v.is_object()) {
    return fail(ErrorKind::invalid,
                "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go value of type "
                "map[string]interface {{}}",
                json_word(v));
  }
  return v;
}

std::string yaml_message(const Error& error) {
  // go-yaml counts the line where the problem was noticed; libyaml's first line counts as none.
  int line = error.place().line;
  return line > 1 ? fmt::format("yaml: line {}: {}", line, error.message()) : fmt::format("yaml: {}", error.message());
}

std::string scalar_text(const Value& v) {
  switch (v.type()) {
    case value::Type::boolean:
      return v.as_bool() ? "true" : "false";
    case value::Type::integer:
      return std::to_string(v.as_int());
    case value::Type::real: {
      double d = v.as_double();
      // whole numbers were YAML integers, written as such
      if (d == std::trunc(d) && std::fabs(d) < 0x1p53) return std::to_string(static_cast<int64_t>(d));
      return value::go_format_g(d);
    }
    case value::Type::string:
      return v.str();
    default:
      return "";
  }
}

std::string go_quote(std::string_view text) {
  return lang::gotemplate::quote(text);
}

void for_each_rune(std::string_view text, const std::function<void(uint32_t rune, std::string_view bytes)>& visit) {
  while (!text.empty()) {
    value::Rune r = value::decode_rune(text);
    visit(r.code, text.substr(0, static_cast<size_t>(r.length)));
    text.remove_prefix(static_cast<size_t>(r.length));
  }
}

}  // namespace slipway::render::helm
