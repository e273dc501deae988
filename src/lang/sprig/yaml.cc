// YAML as Helm's functions read and write it: through JSON, by sigs.k8s.io/yaml.
#include "value/yaml.h"

#include <algorithm>

#include "base/text.h"
#include "lang/sprig/families.h"
#include "lang/sprig/json_error.h"
#include "lang/sprig/sprig.h"
#include "value/go_words.h"
#include "value/json.h"
#include "value/utf8.h"

namespace slipway::lang::sprig {

namespace {

constexpr std::string_view kNextLine = "\xC2\x85";  // U+0085

// go-yaml refuses to read some characters back from the JSON text, and toYaml is "" then. U+0085 ends a line there, and
// a line may not begin as the end of a document does.
bool readable(std::string_view s) {
  if (std::all_of(s.begin(), s.end(), [](char c) { return (c & 0x80) == 0 && c != 0x7F; })) return true;
  while (!s.empty()) {
    value::Rune r = value::decode_rune(s);
    if (r.code == 0x7F || (r.code >= 0x80 && r.code < 0xA0 && r.code != 0x85) || r.code == 0xFFFE || r.code == 0xFFFF)
      return false;
    s.remove_prefix(static_cast<size_t>(r.length));
    bool marked = r.code == 0x85 && (s.starts_with("---") || s.starts_with("..."));
    if (marked && (s.substr(3).starts_with(' ') || s.substr(3).starts_with(kNextLine))) return false;
  }
  return true;
}

// A key stands on one line, and takes 1,024 characters at most as encoding/json writes it.
bool readable_key(std::string_view s) {
  if (!readable(s) || s.find(kNextLine) != s.npos) return false;
  size_t length = 2;
  while (!s.empty()) {
    value::Rune r = value::decode_rune(s);
    bool by_letter = r.code == '"' || r.code == '\\' || (r.code >= '\b' && r.code <= '\r' && r.code != '\v');
    bool by_number = !r.valid || r.code < ' ' || r.code == '<' || r.code == '>' || r.code == '&' || r.code == 0x2028 ||
                     r.code == 0x2029;
    length += by_letter ? 2 : by_number ? 6 : 1;
    s.remove_prefix(static_cast<size_t>(r.length));
  }
  return length <= 1024;
}

bool readable(const Value& v, int depth = 0) {
  if (depth > 1000) return false;
  if (v.is_string()) return readable(v.as_string());
  for (const Value& item : v.items())
    if (!readable(item, depth + 1)) return false;
  for (const value::Member& m : v.members())
    if (!readable_key(m.key.view()) || !readable(m.value, depth + 1)) return false;
  return true;
}

std::string without_newline(std::string s) {
  if (s.ends_with('\n')) s.pop_back();
  return s;
}

// The tree that go-yaml v3 sees: no JSON in between.
Value pretty_tree(const Any& v, int depth, bool& ok, size_t& nodes) {
  if (depth > 1000 || ++nodes > 10'000'000 || !ok) {
    ok = false;
    return {};
  }
  if (v.type() == &types::duration) return Value(gotemplate::printed(v));
  if (v.is_bytes()) {
    std::vector<Value> items;
    for (char c : v.bytes()) items.emplace_back(static_cast<int>(static_cast<unsigned char>(c)));
    return Value::array(std::move(items));
  }
  if (v.is_list() && v.node() != nullptr) {
    std::vector<Value> items;
    for (const Any& item : v.list()->items()) items.push_back(pretty_tree(item, depth + 1, ok, nodes));
    return Value::array(std::move(items));
  }
  if (v.is_list()) return Value::array();
  if (v.is_map()) {
    std::vector<value::Member> members;
    if (v.node() != nullptr)
      for (const Dict::Entry& e : v.dict()->entries())
        members.push_back({e.key, pretty_tree(e.value, depth + 1, ok, nodes)});
    return Value::object(std::move(members));
  }
  auto tree = gotemplate::to_value(v);
  if (!tree) ok = false;
  return tree ? *tree : Value();
}

bool is_time(const Any& v) {
  return v.type() != nullptr && v.type()->name == "time.Time";
}

// What a Value does not keep: the order of a struct's fields, and that a time needs no quotes.
bool is_ordered(const Any& v) {
  if (v.is_nil() || v.node() == nullptr) return false;
  if (v.is_list())
    return !v.is_bytes() && v.list()->untouched() == nullptr && std::ranges::any_of(v.list()->items(), is_ordered);
  if (v.is_map())
    return v.dict()->untouched() == nullptr &&
           std::ranges::any_of(v.dict()->entries(), [](const Dict::Entry& e) { return is_ordered(e.value); });
  return is_time(v) || holds_structures(v);
}

// go-yaml v3's text with structs in the order of their fields, which a Value does not keep.
class OrderedYaml {
 public:
  std::string text(const Any& v) {
    if (is_time(v)) return gotemplate::to_value(v)->str() + "\n";
    if (!is_ordered(v)) {
      Value tree = pretty_tree(v, 0, ok, nodes_);
      return ok ? value::to_yaml(tree, value::YamlStyle::go_yaml_v3) : std::string();
    }
    std::string out;
    if (v.is_list()) {
      for (const Any& item : v.list()->items()) out += "- " + indented(text(item));
    } else if (v.is_map()) {
      for (const Dict::Entry& e : v.dict()->entries()) out += member(e.key.view(), e.value);
    } else {
      for (const gotemplate::Field& field : v.type()->fields) {
        const Any& held = field.of(v);
        if (field.hidden || (field.yaml_tags && field.omit_empty && gotemplate::is_omitted(held))) continue;
        out += member(field.yaml_tags ? field.json_name() : base::to_lower(field.name), held);
      }
    }
    return out;
  }
  bool ok = true;

 private:
  std::string member(std::string_view key, const Any& v) {
    if (is_ordered(v)) {
      std::string name = value::to_yaml(Value{{std::string(key), nullptr}}, value::YamlStyle::go_yaml_v3);
      name.resize(name.rfind(" null"));
      return name + (is_time(v) ? " " : "\n  ") + indented(text(v));
    }
    Value tree = pretty_tree(v, 0, ok, nodes_);
    return ok ? value::to_yaml(Value{{std::string(key), std::move(tree)}}, value::YamlStyle::go_yaml_v3)
              : std::string();
  }
  // The lines behind the first stand two columns further in.
  static std::string indented(std::string_view lines) {
    std::string out;
    for (char c : lines) {
      if (out.ends_with('\n') && c != '\n') out += "  ";
      out += c;
    }
    return out;
  }
  size_t nodes_ = 0;
};

bool decode_yaml(std::string_view text, Value& out, std::string& error) {
  value::YamlLimits limits;
  limits.reals = true;
  limits.first_only = true;
  auto documents = value::parse_yaml_documents(text, {}, limits, value::DuplicateKeys::last_wins);
  if (documents) {
    out = documents->empty() ? Value() : documents->front().value;
    return true;
  }
  error = yaml_error(text, documents.error());
  if (error.empty()) error = documents.error().message();
  error = "error converting YAML to JSON: " + error;
  return false;
}

Any to_yaml_function(Call& c) {
  auto tree = gotemplate::to_value(c[0]);
  if (!tree) return tree.error().is(ErrorKind::too_large) ? c.fail(tree.error().message()) : Any::of("");
  return readable(*tree) ? counted(c, without_newline(value::to_yaml(*tree))) : Any::of("");
}

Any to_yaml_pretty(Call& c) {
  if (gotemplate::holding_itself(c[0])) return c.fail("yaml: the value holds itself");  // Helm's stack overflows
  if (is_ordered(c[0])) {
    if (auto fits = gotemplate::to_value(c[0]); !fits) return Any::of("");
    OrderedYaml yaml;
    std::string text = yaml.text(c[0]);
    return yaml.ok ? counted(c, without_newline(std::move(text))) : Any::of("");
  }
  bool ok = true;
  size_t nodes = 0;
  Value tree = pretty_tree(c[0], 0, ok, nodes);
  return ok ? counted(c, without_newline(value::to_yaml(tree, value::YamlStyle::go_yaml_v3))) : Any::of("");
}

Any from_yaml(Call& c) {
  Value v;
  std::string error;
  if (!c.charge(c.text(0).size() * 2)) return Any();
  if (decode_yaml(c.text(0), v, error)) {
    if (v.is_object()) return c.heap().of(v);
    if (v.is_null()) return c.heap().map();
    error = "error unmarshaling JSON: while decoding JSON: " + wrong_go_type(v, types::any_map.name);
  }
  return c.heap().map(types::any_map, Value{{"Error", error}});
}

Any from_yaml_array(Call& c) {
  Value v;
  std::string error;
  if (!c.charge(c.text(0).size() * 2)) return Any();
  if (decode_yaml(c.text(0), v, error)) {
    if (v.is_array()) return c.heap().of(v);
    if (v.is_null()) return c.heap().list({});
    error = "error unmarshaling JSON: while decoding JSON: " + wrong_go_type(v, types::any_list.name);
  }
  return c.heap().list({Any::of(error)});
}

}  // namespace

Any must_to_yaml(Call& c) {
  auto tree = gotemplate::to_value(c[0]);
  if (!tree) return c.fail("error marshaling into JSON: " + tree.error().message());
  if (readable(*tree)) return counted(c, without_newline(value::to_yaml(*tree)));
  std::string words = value::go_yaml_error(value::escaped_for_html(value::to_json(*tree)), true);
  return c.fail(words.empty() ? "yaml: exceeded max depth of 10000" : words);
}

std::string to_yaml(const Any& v) {
  auto tree = gotemplate::to_value(v);
  if (!tree || !readable(*tree)) return "";
  return without_newline(value::to_yaml(*tree));
}

void add_yaml(Functions& f) {
  f.add("toYaml", "(any) string", to_yaml_function);
  f.add("toYamlPretty", "(any) string", to_yaml_pretty);
  f.add("fromYaml", "(string) map[string]any", from_yaml);
  f.add("fromYamlArray", "(string) []any", from_yaml_array);
}

}  // namespace slipway::lang::sprig
