#include "render/kustomize/value_add.h"

#include <algorithm>

#include "base/text.h"
#include "render/kustomize/patch.h"
#include "render/kustomize/shared_labels.h"
#include "render/kustomize/transform.h"
#include "render/words.h"
#include "value/note.h"

namespace slipway::render::kustomize {
namespace {

// In a path that begins with a slash the first part stands behind it.
std::string with_part(std::string_view path, size_t position, const std::string& part) {
  bool absolute = path.starts_with('/');
  std::vector<std::string> parts;
  for (std::string_view piece : base::split(path, '/'))
    if (!piece.empty()) parts.emplace_back(piece);
  parts.insert(parts.begin() + static_cast<ptrdiff_t>(std::min(position, parts.size())), part);
  return (absolute ? "/" : "") + base::join(parts, "/");
}

Value untagged(const std::string& text) {
  return value::noted(Value(text), value::Note::untagged);
}
bool is_index(std::string_view part) {
  return base::parse_int(part).has_value();
}
bool is_match(std::string_view part) {
  return part.starts_with('[') && part.ends_with(']');
}

class Writer {
 public:
  Writer(const ValueAdd& add, const ValueAdd::Target& target) : add_(add), target_(target) {}

  Result<Value> write(const Value& node, std::span<const std::string> path) {
    if (path.empty()) return written(node);
    const std::string& part = path[0];
    auto rest = path.subspan(1);
    if (part == "*") return fail(ErrorKind::invalid, "wildcard is not supported in fieldPath");
    if (is_index(part) || part == "-") return write_index(node, part, rest);
    if (is_match(part)) return write_match(node, part, rest);
    if (!node.is_object())
      return fail(ErrorKind::invalid, "expected a mapping with \"{}\", found {}", part, words(node.type()));
    const Value* field = node.find(part);
    if (field && field->is_null()) return node;
    return node.with_member(part, OR_RETURN(write(field ? *field : made_for(rest), rest)));
  }

 private:
  static Value made_for(std::span<const std::string> rest) {
    if (rest.empty()) return Value("");
    return is_match(rest[0]) || is_index(rest[0]) ? Value::array() : Value::object();
  }
  Result<Value> written(const Value& node) {
    if (node.is_object() || node.is_array())
      return fail(ErrorKind::invalid, "expected a scalar, found {}", words(node.type()));
    std::string text = add_.value;
    if (target_.file_path_position > 0)
      text = with_part(scalar_text(node), static_cast<size_t>(target_.file_path_position - 1), text);
    return untyped_over(node, text);
  }
  Result<Value> write_index(const Value& node, const std::string& part, std::span<const std::string> rest) {
    if (!node.is_array()) return fail(ErrorKind::invalid, "expected a list, found {}", words(node.type()));
    int64_t index = part == "-" ? static_cast<int64_t>(node.size()) - 1 : *base::parse_int(part);
    if (index < 0 && part != "-") return fail(ErrorKind::invalid, "array index {} cannot be negative", index);
    if (index < 0 || static_cast<size_t>(index) >= node.size()) return node;
    auto at = static_cast<size_t>(index);
    return node.with_item(at, OR_RETURN(write(node[at], rest)));
  }
  Result<Value> write_match(const Value& node, const std::string& part, std::span<const std::string> rest) {
    if (!node.is_array()) return fail(ErrorKind::invalid, "{} is for lists, found {}", part, words(node.type()));
    size_t equals = part.find('=');
    if (equals == part.npos) return fail(ErrorKind::invalid, "list entry key=value pair expected in \"{}\"", part);
    std::string name = part.substr(1, equals - 1), wanted = part.substr(equals + 1, part.size() - equals - 2);
    for (size_t i = 0; i < node.size(); ++i)
      if (scalar_text(name.empty() ? node[i] : node[i][name]) == wanted)
        return node.with_item(i, OR_RETURN(write(node[i], rest)));
    Value text = untagged(wanted);
    return node.appended(OR_RETURN(write(name.empty() ? text : Value{{value::Key(name), text}}, rest)));
  }

  const ValueAdd& add_;
  const ValueAdd::Target& target_;
};

std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> out;
  for (const std::string& part : FieldSpec::of_path(path).path)
    if (std::string_view trimmed = base::trim(part); !trimmed.empty()) out.emplace_back(trimmed);
  return out;
}

Result<> add_to(ResourceSet& set, size_t index, const ValueAdd& add, const ValueAdd::Target& target) {
  Resource& r = set.all()[index];
  if (r.is_removed()) return {};
  if (target.field_path == "metadata/namespace") {
    OR_RETURN(set_namespace(r, {add.value}, {}));
  } else {
    Value before = r.object();
    auto after = Writer(add, target).write(r.object(), parts_of(target.field_path));
    if (!after)
      return std::move(after).error().context(fmt::format("field '{}' of {}", target.field_path, r.id().str()));
    r.set_object(std::move(*after));
    follow_shared_labels(r, before);
  }
  set.touched(index);
  return {};
}

}  // namespace

Result<> add_value(ResourceSet& set, const ValueAdd& add) {
  if (add.targets.empty()) return fail(ErrorKind::invalid, "must specify at least one target");
  for (const ValueAdd::Target& target : add.targets) {
    if (target.field_path.empty()) return fail(ErrorKind::invalid, "fieldPath cannot be empty");
    if (target.file_path_position < 0)
      return fail(ErrorKind::invalid, "value of FilePathPosition ({}) cannot be negative", target.file_path_position);
  }
  for (const ValueAdd::Target& target : add.targets) {
    std::vector<size_t> selected;
    if (target.selector) {
      Matcher matcher = OR_RETURN(Matcher::create(*target.selector));
      selected = matcher.select(set);
    } else {
      for (size_t i = 0; i < set.all().size(); ++i) selected.push_back(i);
    }
    for (size_t i : selected) OR_RETURN(add_to(set, i, add, target));
  }
  return {};
}

}  // namespace slipway::render::kustomize
