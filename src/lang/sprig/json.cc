// JSON, in and out, with encoding/json's words for what is wrong with a text.
#include "value/json.h"
#include "value/json_error.h"

#include "lang/sprig/families.h"
#include "lang/sprig/json_error.h"
#include "value/go_words.h"

namespace slipway::lang::sprig {

namespace {

Any out(Call& c, bool pretty, bool escape, bool must) {
  auto v = gotemplate::to_value(c[0]);
  if (!v) return must || v.error().is(ErrorKind::too_large) ? c.fail(v.error().message()) : Any::of("");
  std::string json = pretty ? value::to_json_pretty(*v, 2) : value::to_json(*v);
  return counted(c, escape ? value::escaped_for_html(std::move(json)) : std::move(json));
}

}  // namespace

Value with_reals(const Value& v) {
  switch (v.type()) {
    case value::Type::integer:
      return Value(static_cast<double>(v.as_int()));
    case value::Type::array: {
      std::vector<Value> items;
      items.reserve(v.size());
      for (const Value& item : v.items()) items.push_back(with_reals(item));
      return Value::array(std::move(items));
    }
    case value::Type::object: {
      std::vector<value::Member> members;
      members.reserve(v.size());
      for (const value::Member& m : v.members()) members.push_back({m.key, with_reals(m.value)});
      return Value::object(std::move(members));
    }
    default:
      return v;
  }
}

bool decode_json(std::string_view text, Value& out, std::string& error) {
  auto v = value::parse_json(text);
  if (!v) {
    error = value::go_json_error(text).value_or(v.error().message());
    return false;
  }
  out = with_reals(*v);
  return true;
}

std::string wrong_go_type(const Value& v, std::string_view wanted) {
  return fmt::format("json: cannot unmarshal {} into Go value of type {}", value::json_word(v), wanted);
}

std::string to_json(const Any& v) {
  auto tree = gotemplate::to_value(v);
  return tree ? value::escaped_for_html(value::to_json(*tree)) : "";
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
