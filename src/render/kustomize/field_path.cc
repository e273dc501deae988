#include "render/kustomize/field_path.h"

#include <algorithm>

#include "base/text.h"
#include "render/words.h"
#include "value/note.h"

namespace slipway::render::kustomize {
namespace {

// What was made without a type may be given one and say the same.
bool is_unchanged(const Value& after, const Value& before) {
  return after.same_node(before) ||
         (!after.is_object() && !after.is_array() && after.type() == before.type() && after == before &&
          (value::note_of(before) != value::Note::untagged || value::note_of(after) == value::Note::untagged));
}

}  // namespace

bool FieldSpec::matches(const GroupVersionKind& id) const {
  return (kinds.empty() || std::ranges::find(kinds, id.kind) != kinds.end()) && (group.empty() || group == id.group) &&
         (version.empty() || version == id.version);
}

FieldSpec FieldSpec::parse(std::string_view line) {
  auto words = base::split(base::trim(line), ' ');
  SLIPWAY_CHECK(words.size() == 3 || (words.size() == 4 && words[3] == "create"));
  FieldSpec spec = of_path(words[2]);
  if (words[0] != "*")
    for (std::string_view kind : base::split(words[0], ',')) spec.kinds.emplace_back(kind);
  size_t slash = words[1].find('/');
  if (words[1].substr(0, slash) != "*") spec.group = words[1].substr(0, slash);
  if (words[1].substr(slash + 1) != "*") spec.version = words[1].substr(slash + 1);
  spec.create = words.size() == 4;
  return spec;
}

FieldSpec FieldSpec::of_path(std::string_view path) {
  FieldSpec spec;
  spec.path_text = path;
  if (path.starts_with('/')) path.remove_prefix(1);
  std::string part;
  for (size_t i = 0; i < path.size(); ++i) {
    if (path.substr(i).starts_with("\\/")) {
      part += '/';
      ++i;
    } else if (path[i] == '/') {
      spec.path.push_back(std::exchange(part, {}));
    } else {
      part += path[i];
    }
  }
  spec.path.push_back(part);
  return spec;
}

// kustomize's own reading: it is the narrower one that must be there for the wider one to be taken as known.
bool FieldSpec::covers(const FieldSpec& other) const {
  auto selects = [](const std::string& wanted, const std::string& is) { return wanted.empty() || wanted == is; };
  return path == other.path && selects(other.group, group) && selects(other.version, version) &&
         (other.kinds.empty() || (!kinds.empty() && std::ranges::all_of(other.kinds, [&](const std::string& kind) {
            return std::ranges::find(kinds, kind) != kinds.end();
          })));
}

Result<Value> change_fields(const Value& node, std::span<const std::string> path, Missing missing,
                            const Change& change) {
  if (path.empty()) return change(node);
  if (node.is_null()) return node;
  if (node.is_array()) {
    std::vector<Value> items;
    bool changed = false;
    items.reserve(node.size());
    for (const Value& item : node.items()) {
      items.push_back(OR_RETURN(change_fields(item, path, missing, change)));
      changed = changed || !is_unchanged(items.back(), item);
    }
    return changed ? value::with_note_of(node, Value::array(std::move(items))) : node;
  }
  if (!node.is_object())
    return fail(ErrorKind::invalid, "expected a mapping with \"{}\", found {}", path[0], words(node.type()));
  std::string_view name = path[0];
  bool wants_list = name.ends_with("[]");
  if (wants_list) name.remove_suffix(2);
  if (name.empty()) return fail(ErrorKind::invalid, "cannot set or create an empty field name");
  const Value* found = node.find(name);
  Value field = found ? *found : Value();
  if (field.is_null() && value::note_of(field) != value::Note::made) {
    if (wants_list) return found ? node.with_member(name, Value::array()) : node;
    if (missing == Missing::skip) return node;
    bool is_map = path.size() > 1 || missing == Missing::make_map;
    field = is_map ? Value::object() : value::noted(Value(), value::Note::made);
  }
  Value after = OR_RETURN(change_fields(field, path.subspan(1), missing, change));
  if (found && is_unchanged(after, *found)) return node;
  return node.with_member(name, std::move(after));
}

Result<> change_fields(Resource& resource, const FieldSpec& spec, Missing missing, const Change& change) {
  if (!spec.matches(resource.gvk())) return {};
  auto after = change_fields(resource.object(), spec.path, spec.create ? missing : Missing::skip, change);
  if (!after)
    return std::move(after)
        .error()
        .context(fmt::format("field '{}' of {}", spec.path_text, resource.id().str()))
        .at(resource.origin);
  resource.set_object(std::move(*after));
  return {};
}

}  // namespace slipway::render::kustomize
