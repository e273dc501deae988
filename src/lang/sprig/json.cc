// JSON, in and out, with encoding/json's words for what is wrong with a text.
#include "value/json.h"
#include "value/json_error.h"

#include <algorithm>

#include "lang/sprig/families.h"
#include "lang/sprig/json_error.h"
#include "value/go_words.h"

namespace slipway::lang::sprig {

namespace {

// Structs in the order of their fields, which a Value does not keep. What holds none is a Value's JSON. `indent`: how
// deep the text stands, negative for all in one line.
class OrderedWriter {
 public:
  Result<> write(const Any& v, int indent) {
    if (!holds_structures(v)) {
      Value tree = OR_RETURN(gotemplate::to_value(v));
      for (char c : indent < 0 ? value::to_json(tree) : value::to_json_pretty(tree, 2)) {
        out += c;
        if (c == '\n') out.append(static_cast<size_t>(indent) * 2, ' ');
      }
      return {};
    }
    const int inner = indent < 0 ? indent : indent + 1;
    bool first = true;
    out += v.is_list() ? '[' : '{';
    if (v.is_list()) {
      for (const Any& item : v.list()->items()) {
        between(first, inner);
        OR_RETURN(write(item, inner));
      }
    } else if (v.is_map()) {
      for (const Dict::Entry& e : v.dict()->entries()) OR_RETURN(member(e.key.view(), e.value, first, inner));
    } else {
      OR_RETURN(fields(v, first, inner));
    }
    if (!first && indent >= 0) line(indent);
    out += v.is_list() ? ']' : '}';
    return {};
  }
  std::string out;

 private:
  Result<> fields(const Any& v, bool& first, int indent) {
    for (const gotemplate::Field& field : v.type()->fields) {
      const Any& held = field.of(v);
      if (field.hidden || (field.omit_empty && gotemplate::is_omitted(held))) continue;
      OR_RETURN(field.embedded ? fields(held, first, indent) : member(field.json_name(), held, first, indent));
    }
    return {};
  }
  Result<> member(std::string_view key, const Any& v, bool& first, int indent) {
    between(first, indent);
    out += value::to_json(Value(key)) + (indent < 0 ? ":" : ": ");
    return write(v, indent);
  }
  void between(bool& first, int indent) {
    if (!std::exchange(first, false)) out += ',';
    if (indent >= 0) line(indent);
  }
  void line(int indent) {
    out += '\n';
    out.append(static_cast<size_t>(indent) * 2, ' ');
  }
};

Result<std::string> json_of(const Any& v, bool pretty) {
  Value tree = OR_RETURN(gotemplate::to_value(v));  // what cannot be written fails here, too deep nesting as well
  if (!holds_structures(v)) return pretty ? value::to_json_pretty(tree, 2) : value::to_json(tree);
  OrderedWriter writer;
  OR_RETURN(writer.write(v, pretty ? 0 : -1));
  return std::move(writer.out);
}

Any out(Call& c, bool pretty, bool escape, bool must) {
  auto json = json_of(c[0], pretty);
  if (!json) return must || json.error().is(ErrorKind::too_large) ? c.fail(json.error().message()) : Any::of("");
  return counted(c, escape ? value::escaped_for_html(std::move(*json)) : std::move(*json));
}

}  // namespace

bool holds_structures(const Any& v) {
  if (v.is_nil() || v.node() == nullptr || v.type()->json != nullptr) return false;
  switch (v.kind()) {
    case Kind::structure:
    case Kind::pointer:
      return !v.type()->fields.empty();
    case Kind::slice:
      return !v.is_bytes() && v.list()->untouched() == nullptr &&
             std::ranges::any_of(v.list()->items(), holds_structures);
    case Kind::map:
      return v.dict()->untouched() == nullptr &&
             std::ranges::any_of(v.dict()->entries(), [](const Dict::Entry& e) { return holds_structures(e.value); });
    default:
      return false;
  }
}

bool decode_json(std::string_view text, Value& out, std::string& error) {
  auto v = value::parse_json(text, {.reals = true});
  if (!v) {
    error = value::go_json_error(text).value_or(v.error().message());
    return false;
  }
  out = *std::move(v);
  return true;
}

std::string wrong_go_type(const Value& v, std::string_view wanted) {
  return fmt::format("json: cannot unmarshal {} into Go value of type {}", value::json_word(v), wanted);
}

std::string to_json(const Any& v) {
  auto json = json_of(v, false);
  return json ? value::escaped_for_html(std::move(*json)) : "";
}

void add_json(Functions& f) {
  f.add("toJson", "(any) string", [](Call& c) { return out(c, false, true, false); });
  f.add("mustToJson", "(any) string", [](Call& c) { return out(c, false, true, true); });
  f.add("toPrettyJson", "(any) string", [](Call& c) { return out(c, true, true, false); });
  f.add("mustToPrettyJson", "(any) string", [](Call& c) { return out(c, true, true, true); });
  f.add("toRawJson", "(any) string", [](Call& c) { return out(c, false, false, true); });
  f.add("mustToRawJson", "(any) string", [](Call& c) { return out(c, false, false, true); });
  f.add("mustFromJson", "(string) any", [](Call& c) {
    Value v;
    std::string error;
    if (!c.charge(c.text(0).size() * 2)) return Any();
    if (!decode_json(c.text(0), v, error)) return c.fail(error);
    return c.heap().of(v);
  });
  f.add("fromJson", "(string) map[string]any", [](Call& c) {
    Value v;
    std::string error;
    if (!c.charge(c.text(0).size() * 2)) return Any();
    if (decode_json(c.text(0), v, error)) {
      if (v.is_object()) return c.heap().of(v);
      if (v.is_null()) return Any(types::any_map, static_cast<gotemplate::Node*>(nullptr));
      error = wrong_go_type(v, types::any_map.name);
    }
    return c.heap().map(types::any_map, Value{{"Error", error}});
  });
  f.add("fromJsonArray", "(string) []any", [](Call& c) {
    Value v;
    std::string error;
    if (!c.charge(c.text(0).size() * 2)) return Any();
    if (decode_json(c.text(0), v, error)) {
      if (v.is_array()) return c.heap().of(v);
      if (v.is_null()) return nil_list();
      error = wrong_go_type(v, types::any_list.name);
    }
    return c.heap().list({Any::of(error)});
  });
}

}  // namespace slipway::lang::sprig
