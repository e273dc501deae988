#include "value/note.h"

#include <cmath>

#include "value/children.h"
#include "value/json.h"
#include "value/yaml_scalar.h"

namespace slipway::value {

std::string_view null_text(const Value& null) {
  switch (note_of(null)) {
    case Note::tilde:
      return "~";
    case Note::nothing:
    case Note::tag_alone:
    case Note::made:
      return "";
    case Note::title:
      return "Null";
    case Note::upper:
      return "NULL";
    case Note::none:
    case Note::quoted:
    case Note::spelled:
    case Note::misfit:
    case Note::untagged:
    case Note::unreadable:
    case Note::alias:
    case Note::braces:
      break;
  }
  return "null";
}

Value read_plain(std::string_view text) {
  Scalar s = resolve_plain(text, YamlRules::kustomize);
  switch (s.kind) {
    case Scalar::Kind::null:
      return nullptr;
    case Scalar::Kind::boolean:
      return s.boolean;
    case Scalar::Kind::integer:
      return s.integer;
    case Scalar::Kind::large:
      return s.large;
    case Scalar::Kind::real:
      if (s.real == std::trunc(s.real) && std::fabs(s.real) < 0x1p53) return static_cast<int64_t>(s.real);
      return s.real;
    case Scalar::Kind::timestamp: {
      std::string rfc3339;
      is_timestamp(text, &rfc3339);
      return rfc3339;
    }
    case Scalar::Kind::merge:
    case Scalar::Kind::string:
      break;
  }
  return text;
}

std::string_view plain_tag(std::string_view text) {
  return tag_name(resolve_plain(text, YamlRules::kustomize).kind);
}

Value with_spelling(const Value& v, std::string_view text) {
  if (v.is_null()) {
    Note note = text == "~" ? Note::tilde : text.empty() ? Note::nothing : text == "Null" ? Note::title : Note::upper;
    return text == "null" ? v : noted(v, note);
  }
  if (v.is_string() ? v.as_string() == text : to_json(v) == text) return v;
  return noted(Value(text), Note::spelled);
}

Value scalar_as_written(std::string_view text) {
  return with_spelling(read_plain(text), text);
}

Value made_text(std::string_view text) {
  if (text.empty() || text.find('\n') != text.npos) return text;
  bool other = resolve_plain(text, YamlRules::sigs).kind != Scalar::Kind::string;
  char first = text.front();
  bool is_plain = (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z') || (first >= '0' && first <= '9') ||
                  first == '/' || first == '.';
  for (std::string_view part : {": ", " #", "\t"}) is_plain = is_plain && text.find(part) == text.npos;
  if (!other && (!is_plain || text.ends_with(':') || text.starts_with("..."))) {  // "a: b", "[c]", "# d", "-"
    auto read = parse_yaml(text);
    other = read && !read->is_string();
  }
  return other ? noted(Value(text), Note::quoted) : Value(text);
}

Value plain_meaning(const Value& v) {
  if (v.is_string()) {
    if (note_of(v) != Note::spelled && note_of(v) != Note::untagged) return v;
    // Above 2^63 it is the digits: to_yaml() writes them as they are.
    Scalar s = resolve_plain(v.as_string(), YamlRules::kustomize);
    return s.kind == Scalar::Kind::large ? noted(Value(std::to_string(s.large)), Note::spelled)
                                         : read_plain(v.as_string());
  }
  return with_children(v, plain_meaning);
}

bool is_quoted_in_braces(const Value& scalar) {
  if (scalar.is_null()) return null_text(scalar).empty() && note_of(scalar) != Note::tag_alone;
  bool spelled = note_of(scalar) == Note::spelled || note_of(scalar) == Note::untagged;
  return spelled && scalar.as_string().find(':') != std::string_view::npos && is_timestamp(scalar.as_string());
}

namespace {

Value written_meaning(const Value& v, bool in_braces) {
  if (!v.is_array() && !v.is_object())
    return in_braces && is_quoted_in_braces(v) ? Value(v.as_string()) : plain_meaning(v);
  in_braces = in_braces || note_of(v) == Note::braces;
  return with_children(v, [in_braces](const Value& child) { return written_meaning(child, in_braces); });
}

}  // namespace

Value written_meaning(const Value& v) {
  return written_meaning(v, false);
}

}  // namespace slipway::value
