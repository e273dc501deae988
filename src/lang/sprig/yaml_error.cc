// What go-yaml and sigs.k8s.io/yaml say of a text that parse_yaml_documents() refuses.
#include <algorithm>

#include "lang/gotemplate/format.h"
#include "lang/sprig/sprig.h"
#include "value/go_words.h"
#include "value/yaml.h"

namespace slipway::lang::sprig {

namespace {

// fmt's %#v of what go-yaml v2 makes of a node.
std::string go_syntax(const Value& v) {
  switch (v.type()) {
    case value::Type::null:
      return "interface {}(nil)";
    case value::Type::string:
      return gotemplate::quote(v.as_string());
    case value::Type::array: {
      std::string out = "[]interface {}{";
      for (const Value& item : v.items()) out += (out.ends_with('{') ? "" : ", ") + go_syntax(item);
      return out + "}";
    }
    case value::Type::object: {
      std::string out = "map[interface {}]interface {}{";
      for (const value::Member& m : v.members())
        out += (out.ends_with('{') ? "" : ", ") + gotemplate::quote(m.key.view()) + ":" + go_syntax(m.value);
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

// The value of a key, wherever it stands.
const Value* find_below(const Value& v, std::string_view key) {
  if (const Value* found = v.is_object() ? v.find(key) : nullptr) return found;
  for (const value::Member& m : v.members())
    if (const Value* found = find_below(m.value, key)) return found;
  for (const Value& item : v.items())
    if (const Value* found = find_below(item, key)) return found;
  return nullptr;
}

// What is said of the key `null`, which sigs.k8s.io/yaml meets behind go-yaml: it shows the value.
std::string null_key(std::string_view text, const base::Place& place) {
  constexpr std::string_view stand_in = "\"slipway: the null key\"";
  size_t at = 0;
  for (int line = 1; line < place.line && at < text.size(); ++line) at = std::min(text.size(), text.find('\n', at) + 1);
  at += static_cast<size_t>(std::max(place.column, 1) - 1);
  if (at > text.size()) return {};
  size_t end = at;
  while (end < text.size() && (std::isalpha(static_cast<unsigned char>(text[end])) || text[end] == '~')) ++end;
  std::string named = fmt::format("{}{}{}", text.substr(0, at), stand_in, text.substr(end));
  auto documents = value::parse_yaml_documents(named, {}, {.first_only = true}, value::DuplicateKeys::last_wins);
  const Value* found = documents && !documents->empty()
                           ? find_below((*documents)[0].value, stand_in.substr(1, stand_in.size() - 2))
                           : nullptr;
  std::string shown = !found ? "" : found->is_null() ? "<nil>" : go_syntax(*found);
  return found ? "unsupported map key of type: %!s(<nil>), key: <nil>, value: " + shown : std::string();
}

}  // namespace

std::string yaml_error(std::string_view text, const Error& error) {
  // These two are found where nodes become values, and go-yaml knows no line there.
  for (std::string_view words :
       {"document contains excessive aliasing", "map merge requires map or sequence of maps as the value"})
    if (error.message().starts_with(words)) return fmt::format("yaml: {}", words);
  if (error.is(ErrorKind::too_large)) return {};
  std::string words = value::go_yaml_error(text, true);
  if (words.empty() && error.message().starts_with("null cannot be a key")) words = null_key(text, error.place());
  if (size_t at = words.find("found unknown escape character"); at != words.npos)
    words.resize(at + std::string_view("found unknown escape character").size());  // ours goes on with advice
  if (words.empty() && error.message().find(" cannot be a key") != std::string::npos)
    words = invalid_key(text, error.place());
  return words.empty() ? value::go_unsupported_number(error.message()) : words;
}

}  // namespace slipway::lang::sprig
