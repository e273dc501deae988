// conform(): one object through the eyes of the typed API server. Decoding into Go structs and encoding again does
// three things to a JSON tree, and here they are one walk along the table: wrong types are refused, unknown members
// fall away (and are named), and what is zero is left out or written out as the field's omitempty says. Members and
// fields are both sorted by name, so a struct is one merge; a tree that is already as it should be comes back shared,
// not copied.
#include <fmt/format.h>

#include "base/text.h"
#include "base/timestamp.h"
#include "kinds/go_errors.h"
#include "kinds/object.h"
#include "value/go_words.h"
#include "value/json.h"

namespace slipway::kinds {
namespace {

// "v1.Container" for "io.k8s.api.core.v1.Container": how Go prints a type.
std::string_view go_name(std::string_view type) {
  size_t dot = type.rfind('.');
  if (dot == type.npos || dot == 0) return type;
  size_t before = type.rfind('.', dot - 1);
  return before == type.npos ? type : type.substr(before + 1);
}
std::string_view bare_name(std::string_view type) {
  return type.substr(type.rfind('.') + 1);
}

std::string go_type(const FieldType& type) {
  switch (type.shape) {
    case Shape::string:
      return type.named ? type.named->name : "string";
    case Shape::boolean:
      return "bool";
    case Shape::int32:
      return "int32";
    case Shape::int64:
      return "int64";
    case Shape::number:
      return "float64";
    case Shape::bytes:
      return "[]uint8";
    case Shape::quantity:
      return "resource.Quantity";
    case Shape::time:
      return "v1.Time";
    case Shape::micro_time:
      return "v1.MicroTime";
    case Shape::int_or_string:
      return "intstr.IntOrString";
    case Shape::duration:
      return "v1.Duration";
    case Shape::any:
      return "interface {}";
    case Shape::object:
      return std::string(go_name(type.type->name));
    case Shape::list:
      return "[]" + go_type(*type.element);
    case Shape::map:
      return "map[string]" + go_type(*type.element);
  }
  return {};
}

std::string met(const Value& v) {
  return std::string(value::json_word(v));
}

// A text of the right shape that is no time of ours. Kubernetes accepts an offset that leads out of the four-digit
// years, and can then not read what it wrote; that we refuse.
std::string no_such_time(std::string_view text) {
  std::string here(text.substr(0, text.size() - (text.ends_with('Z') ? 1 : 6)));
  return fmt::format("parsing time \"{}\": {} out of range", text, base::parse_timestamp(here + "Z") ? "year" : "day");
}

bool is_stored(const Value& v, const Value& was) {
  return !v.is_null() && v.same_node(was);
}

class Conformer {
 public:
  explicit Conformer(std::vector<std::string>& problems) : problems_(problems) {}

  // `was`: what stood in this place in the stored object; null: nothing, or not known.
  Value struct_of(const Type& type, const Value& v, const Value& was);
  std::optional<Error>& error() { return error_; }

 private:
  // Where we are: `field` as Go's errors print it (no indexes), `path` as strict errors do (with them).
  struct Frame {
    const Frame* above;
    std::string_view key;
    int index = -1;  // an element rather than a member
    bool map_key = false;
  };

  Value value_of(const FieldType& type, const Value& v, const Value& was);
  // What Go writes for a field that was never set; nullopt: nothing.
  std::optional<Value> zero_of(const Field& field);
  Value zero_value(const FieldType& type);
  bool is_zero(const Field& field, const Value& v) const;

  Value fail_type(const FieldType& type, std::string_view what) {
    if (error_) return {};
    std::string field = field_path();
    if (field.empty())
      error_ = fail(ErrorKind::bad_request, "json: cannot unmarshal {} into Go value of type {}", what, go_type(type));
    else
      error_ = fail(ErrorKind::bad_request, "json: cannot unmarshal {} into Go struct field {}.{} of type {}", what,
                    bare_name(struct_->name), field, go_type(type));
    return {};
  }
  // Errors of a type's own UnmarshalJSON carry no path.
  Value fail_plain(std::string message) {
    if (!error_) error_ = Error(ErrorKind::bad_request, std::move(message));
    return {};
  }

  std::string field_path() const {
    std::vector<std::string> keys;
    for (const Frame* f = frame_; f; f = f->above)
      if (f->index < 0 && !f->map_key) keys.emplace_back(f->key);
    return base::join({keys.rbegin(), keys.rend()}, ".");
  }
  std::string strict_path(std::string_view last) const {
    std::string out;
    std::vector<const Frame*> frames;
    for (const Frame* f = frame_; f; f = f->above) frames.push_back(f);
    for (auto f = frames.rbegin(); f != frames.rend(); ++f) {
      if ((*f)->index >= 0)
        out += fmt::format("[{}]", (*f)->index);
      else
        out += (out.empty() ? "" : ".") + std::string((*f)->key);
    }
    return out + (out.empty() ? "" : ".") + std::string(last);
  }

  std::vector<std::string>& problems_;
  std::optional<Error> error_;
  const Frame* frame_ = nullptr;
  const Type* struct_ = nullptr;  // the innermost struct whose field is being read
};

Value Conformer::struct_of(const Type& type, const Value& v, const Value& was) {
  auto members = v.members();
  const auto& fields = type.sorted();
  std::vector<value::Member> out;
  out.reserve(members.size() + 4);
  bool changed = false;
  size_t m = 0, f = 0;
  const Type* outer = struct_;
  while (m < members.size() || f < fields.size()) {
    int order = m == members.size() ? 1 : f == fields.size() ? -1 : members[m].key.view().compare(fields[f]->name);
    if (order > 0) {
      if (auto zero = zero_of(*fields[f])) {
        out.push_back({value::Key(fields[f]->name), std::move(*zero)});
        changed = true;
      }
      ++f;
    } else if (order < 0) {
      const value::Member& member = members[m++];
      if (type.preserve_unknown) {
        out.push_back(member);
      } else {
        if (problems_.size() < 100)
          problems_.push_back(fmt::format("unknown field \"{}\"", strict_path(member.key.view())));
        changed = true;
      }
    } else {
      const Field& field = *fields[f++];
      const value::Member& member = members[m++];
      const Value& before = was[field.name];
      if (is_stored(member.value, before)) {
        out.push_back(member);
        continue;
      }
      Frame frame{frame_, field.name};
      frame_ = &frame;
      struct_ = &type;
      Value next = member.value.is_null() && !field.nullable ? Value() : value_of(field.type, member.value, before);
      frame_ = frame.above;
      struct_ = outer;
      if (error_) return {};
      if (next.is_null() && !(field.nullable && member.value.is_null())) {
        auto zero = zero_of(field);
        if (!zero) {
          changed = true;
          continue;
        }
        next = std::move(*zero);
      } else if (is_zero(field, next)) {
        changed = true;
        continue;
      }
      changed = changed || !next.same_node(member.value);
      out.push_back({member.key, std::move(next)});
    }
  }
  return changed ? Value::object(std::move(out)) : v;
}

Value Conformer::value_of(const FieldType& type, const Value& v, const Value& was) {
  switch (type.shape) {
    case Shape::string:
      return v.is_string() ? v : fail_type(type, met(v));
    case Shape::boolean:
      return v.is_bool() ? v : fail_type(type, met(v));
    case Shape::int32:
      if (v.is_int() && v.as_int() >= INT32_MIN && v.as_int() <= INT32_MAX) return v;
      return fail_type(type, v.is_number() ? "number " + value::to_json(v) : met(v));
    case Shape::int64:
      if (v.is_int()) return v;
      return fail_type(type, v.is_number() ? "number " + value::to_json(v) : met(v));
    case Shape::number:
      return v.is_number() ? v : fail_type(type, met(v));
    case Shape::bytes: {
      if (!v.is_string()) return fail_type(type, met(v));
      std::string_view text = v.as_string();
      if (auto bad = bad_base64_at(text)) return fail_plain(fmt::format("illegal base64 data at input byte {}", *bad));
      if (text.find_first_of("\r\n") == text.npos) return v;
      return Value(base::replace_all(base::replace_all(std::string(text), "\r", ""), "\n", ""));
    }
    case Shape::quantity: {
      std::string number;
      if (v.is_number()) number = value::to_json(v);
      if (!v.is_number() && !v.is_string()) return fail_plain(std::string(quantity_format_text));
      std::string_view text = v.is_number() ? std::string_view(number) : base::trim(v.as_string());
      auto quantity = Quantity::parse(text);
      if (!quantity) return fail_plain(std::string(quantity_error(text)));
      std::string canonical = quantity->canonical();
      return v.is_string() && v.as_string() == canonical ? v : Value(canonical);
    }
    case Shape::time:
    case Shape::micro_time: {
      bool micro = type.shape == Shape::micro_time;
      if (!v.is_string())
        return fail_plain(fmt::format("json: cannot unmarshal {} into Go value of type string", value::json_word(v)));
      if (auto wrong = go_time_error(v.as_string(), micro)) return fail_plain(std::move(*wrong));
      auto time = base::parse_timestamp(v.as_string());
      if (!time) return fail_plain(no_such_time(v.as_string()));
      // Go's zero time is null, also where what is written of it cannot be told from it.
      if (time->seconds == base::Timestamp::never && (!micro || time->nanos < 1000)) return {};
      std::string text = micro ? base::format_rfc3339_micro(*time) : base::format_rfc3339(*time);
      return v.as_string() == text ? v : Value(text);
    }
    case Shape::duration: {
      if (!v.is_string())
        return fail_plain(fmt::format("json: cannot unmarshal {} into Go value of type string", value::json_word(v)));
      if (!base::parse_go_duration(v.as_string()))
        return fail_plain(fmt::format("time: invalid duration \"{}\"", v.as_string()));
      return v;
    }
    case Shape::int_or_string:
      if (v.is_string()) return v;
      if (v.is_int() && v.as_int() >= INT32_MIN && v.as_int() <= INT32_MAX) return v;
      return fail_plain(fmt::format("json: cannot unmarshal {} into Go value of type int32",
                                    v.is_number() ? "number " + value::to_json(v) : met(v)));
    case Shape::any:
      return v;
    case Shape::object:
      return v.is_object() ? struct_of(*type.type, v, was) : fail_type(type, met(v));
    case Shape::list: {
      if (!v.is_array()) return fail_type(type, met(v));
      std::vector<Value> out;
      out.reserve(v.size());
      bool changed = false;
      int index = 0;
      for (const Value& item : v.items()) {
        const Value& before = was[index];
        Frame frame{frame_, {}, index++};
        if (is_stored(item, before)) {
          out.push_back(item);
          continue;
        }
        frame_ = &frame;
        Value next = item.is_null() ? zero_value(*type.element) : value_of(*type.element, item, before);
        frame_ = frame.above;
        if (error_) return {};
        changed = changed || !next.same_node(item);
        out.push_back(std::move(next));
      }
      return changed ? Value::array(std::move(out)) : v;
    }
    case Shape::map: {
      if (!v.is_object()) return fail_type(type, met(v));
      std::vector<value::Member> out;
      out.reserve(v.size());
      bool changed = false;
      for (const value::Member& member : v.members()) {
        Frame frame{frame_, member.key.view(), -1, true};
        frame_ = &frame;
        Value next = member.value.is_null() ? zero_value(*type.element) : value_of(*type.element, member.value, {});
        frame_ = frame.above;
        if (error_) return {};
        changed = changed || !next.same_node(member.value);
        out.push_back({member.key, std::move(next)});
      }
      return changed ? Value::object(std::move(out)) : v;
    }
  }
  return {};
}

bool Conformer::is_zero(const Field& field, const Value& v) const {
  if (field.pointer || field.always) return field.pointer && field.omit_zero && v.is_object() && v.empty();
  switch (field.type.shape) {
    case Shape::string:
    case Shape::bytes:
      return v.as_string().empty();
    case Shape::boolean:
      return !v.as_bool();
    case Shape::int32:
    case Shape::int64:
      return v.as_int() == 0;
    case Shape::number:
      return v.as_double() == 0;
    case Shape::list:  // one that must not be empty is wrong then, not absent
      return v.empty() && std::ranges::find(field.rules, "non-empty") == field.rules.end();
    case Shape::map:
      return v.empty();
    case Shape::object:
      return field.omit_zero && v.empty();
    default:
      return false;
  }
}

std::optional<Value> Conformer::zero_of(const Field& field) {
  if (field.pointer) return field.always && !field.omit_zero ? std::optional<Value>(Value()) : std::nullopt;
  switch (field.type.shape) {
    case Shape::string:
    case Shape::boolean:
    case Shape::int32:
    case Shape::int64:
    case Shape::number:
    case Shape::list:
    case Shape::map:
    case Shape::bytes:
      if (!field.always) return std::nullopt;
      break;
    default:
      if (field.omit_zero) return std::nullopt;
  }
  return zero_value(field.type);
}

Value Conformer::zero_value(const FieldType& type) {
  switch (type.shape) {
    case Shape::string:
      return "";
    case Shape::boolean:
      return false;
    case Shape::int32:
    case Shape::int64:
    case Shape::number:
    case Shape::int_or_string:
      return 0;
    case Shape::quantity:
      return "0";
    case Shape::duration:
      return "0s";
    case Shape::object:
      return struct_of(*type.type, Value::object(), {});
    case Shape::bytes:
    case Shape::time:
    case Shape::micro_time:
    case Shape::any:
    case Shape::list:
    case Shape::map:
      return nullptr;
  }
  return nullptr;
}

}  // namespace

Result<Conformed> conform(const Kind& kind, Value object, const Value& stored) {
  Conformed out;
  if (!object.is_object())
    return fail(ErrorKind::bad_request, "json: cannot unmarshal {} into Go value of type {}", value::json_word(object),
                kind.type ? go_name(kind.type->name) : std::string_view(kind.id.kind));
  if (!kind.type) {
    out.object = std::move(object);
    return out;
  }
  Conformer conformer(out.problems);
  out.object = conformer.struct_of(*kind.type, object, stored);
  if (conformer.error()) return std::move(*conformer.error());
  return out;
}

}  // namespace slipway::kinds
