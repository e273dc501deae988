#include "render/kustomize/vars.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "base/text.h"
#include "render/kustomize/notes.h"
#include "render/kustomize/replacement.h"
#include "value/go_words.h"
#include "value/note.h"
#include "value/number.h"

namespace slipway::render::kustomize {
namespace {

std::string describe(const Var& var) {
  Id id{var.kind, "", ""};
  std::string kind = id.str().substr(0, id.str().find('/'));
  return fmt::format("'{}' ({} {}, field {})", var.name, kind, var.object_name, var.path);
}

bool is_meant(const Var& var, const Id& id) {
  if (id.name != var.object_name || !(id.gvk == var.kind)) return false;
  return var.ns.empty() || id.scope == "_" || id.scope == var.ns;
}

}  // namespace

Result<> merge_vars(std::vector<Var>& vars, std::span<const Var> added, ResourceSet& set) {
  for (const Var& var : added) {
    std::vector<Resource*> matches;
    for (size_t i : set.with_any_name(var.object_name)) {
      Resource& r = set.all()[i];
      bool meant = is_meant(var, r.id());
      for (size_t p = 0; p < r.previous_count() && !meant; ++p) meant = is_meant(var, r.previous(p));
      if (meant) matches.push_back(&r);
    }
    if (matches.size() > 1)
      return fail(ErrorKind::invalid, "found {} resId matches for var {} (unable to disambiguate)", matches.size(),
                  describe(var))
          .at(var.spot.place());
    if (auto there = std::ranges::find(vars, var.name, &Var::name); there != vars.end())
      return fail(ErrorKind::invalid, "var '{}' already encountered (the other one stands in {})", var.name,
                  there->spot.place().str())
          .at(var.spot.place());
    if (matches.size() == 1) matches[0]->vars.push_back(var.name);
    vars.push_back(var);
  }
  return {};
}

namespace {

using Values = std::map<std::string, Value>;

// "spec.ports[0].port": an index may stand in brackets behind a name.
std::optional<Value> value_of(const Value& object, const std::string& path) {
  std::vector<std::string> parts;
  for (std::string& part : split_field_path(path)) {
    size_t open = part.find_last_of('[');
    std::string_view index = part;
    if (open == part.npos || !part.ends_with(']')) {
      parts.push_back(std::move(part));
      continue;
    }
    index = index.substr(open + 1, part.size() - open - 2);
    if (index.empty() || index.find_first_not_of("0123456789") != index.npos) {
      parts.push_back(std::move(part));
      continue;
    }
    if (open > 0) parts.push_back(part.substr(0, open));
    parts.emplace_back(index);
  }
  return field_at(object, parts);
}

// As kyaml's GetFieldValue() reads a scalar for a var: by its tag, with Go's functions for each. None where they fail.
std::optional<Value> read_for_var(const Value& field) {
  if (field.is_object() || field.is_array() || value::note_of(field) == value::Note::quoted) return field;
  if (field.is_null()) return Value("null");
  std::string text = scalar_text(field);
  std::string_view tag = value::plain_tag(text);
  if (tag == "int") {
    auto whole = value::go_atoi(text);
    return whole ? std::optional(Value(*whole)) : std::nullopt;
  }
  if (tag == "bool") return Value(base::to_lower(text) == "true");
  if (tag == "float") return value::plain_meaning(field);
  return tag == "timestamp" ? value::noted(Value(text), value::Note::quoted) : field;
}

// "<<" that a JSON patch left without quotes is no text.
bool is_merge_key(const Value& v) {
  return value::note_of(v) == value::Note::spelled && v.as_string() == "<<";
}

class Replacer {
 public:
  Replacer(const Values& values, const ResourceSet& set) : values_(values), set_(set) {}
  std::set<std::string> used;

  Result<Value> operator()(const Value& field) {
    if (is_merge_key(field)) return field;
    if (field.is_string()) return expand(field);
    if (field.is_array()) {
      std::vector<Value> items;
      for (const Value& item : field.items()) {
        if (!item.is_string() || is_merge_key(item))
          return fail(ErrorKind::invalid, "invalid value type expect a string");
        items.push_back(OR_RETURN(expand(item)));
      }
      return value::with_note_of(field, Value::array(std::move(items)));
    }
    if (!field.is_object()) return field;
    Value out = field;
    for (const auto& [key, item] : field.members())
      if (item.is_string()) {
        Value after = OR_RETURN(expand(item));
        if (!(after == item) || value::note_of(after) != value::note_of(item))
          out = out.with_member(key, std::move(after));
      }
    return out;
  }

 private:
  // A text that is one $(VAR) takes the value with its type; within a text it is printed.
  Result<Value> expand(const Value& field) {
    std::string_view text = field.as_string();
    // Whatever is looked at here counts as text from then on.
    if (text.find('$') == text.npos) return value::note_of(field) == value::Note::untagged ? Value(text) : field;
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '$' || i + 1 == text.size()) {
        out += text[i];
        continue;
      }
      char next = text[++i];
      if (next == '$') {
        out += '$';
        continue;
      }
      size_t close = next == '(' ? text.find(')', i) : text.npos;
      if (close == text.npos) {
        out += '$';
        out += next;
        continue;
      }
      std::string name(text.substr(i + 1, close - i - 1));
      auto value = values_.find(name);
      if (value == values_.end() || value->second.is_object() || value->second.is_array()) {
        out += fmt::format("$({})", name);
      } else {
        used.insert(name);
        if (text.size() == name.size() + 3) return value->second;
        std::string text_of_value = value->second.is_string() ? value->second.str() : value::go_print(value->second);
        OR_RETURN(set_.charge(text_of_value.size()));
        out += text_of_value;
      }
      i = close;
    }
    return Value(out);
  }

  const Values& values_;
  const ResourceSet& set_;
};

}  // namespace

Result<> resolve_vars(ResourceSet& set, std::span<const Var> vars, std::span<const FieldSpec> fields,
                      std::vector<std::string>& warnings) {
  if (vars.empty()) return {};
  std::map<std::string, const Resource*> objects;
  for (const Resource& r : set.all())
    if (!r.is_removed())
      for (const std::string& name : r.vars) objects.emplace(name, &r);
  Values values;
  for (const Var& var : vars) {
    auto object = objects.find(var.name);
    if (object == objects.end())
      return fail(ErrorKind::invalid, "var {} cannot be mapped to a field in the set of known resources", describe(var))
          .at(var.spot.place());
    // Notes of kustomize's own are annotations, too.
    const Resource& from = *object->second;
    auto field = value_of(var.path == "metadata.annotations" ? with_notes(from) : from.object(), var.path);
    if (field) field = read_for_var(*field);
    if (!field)
      return fail(ErrorKind::invalid, "field specified in var {} not found in corresponding resource", describe(var))
          .at(var.spot.place());
    values.emplace(var.name, *field);
  }
  Replacer replacer(values, set);
  for (Resource& r : set.all()) {
    if (r.is_removed()) continue;
    for (const FieldSpec& field : fields) OR_RETURN(change_fields(r, field, Missing::skip, std::ref(replacer)));
    // Earlier ids, prefixes, suffixes and who refers to it stand among the annotations there: a var in them counts as
    // replaced.
    const Resource::Earlier& was = r.earlier();
    for (const std::vector<std::string>* texts : std::initializer_list<const std::vector<std::string>*>{
             &was.names, &was.scopes, &was.kinds, &r.prefixes, &r.suffixes, &r.referrers_with_vars})
      for (const std::string& text : *texts)
        if (text.find('$') != text.npos) OR_RETURN(replacer(Value(text)));
  }
  std::vector<std::string> unused;
  for (const auto& [name, value] : values)
    if (!replacer.used.contains(name)) unused.push_back(name);
  if (!unused.empty())
    warnings.push_back(fmt::format("well-defined vars that were never replaced: {}", base::join(unused, ",")));
  return {};
}

}  // namespace slipway::render::kustomize
