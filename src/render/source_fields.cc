#include "render/source_fields.h"

#include <fmt/format.h>

#include "base/text.h"
#include "value/go_words.h"

namespace slipway::render {
namespace {

constexpr size_t kUnknownMax = 10;  // that are told

enum class Shape { text, flag, text_or_number, anything, fields, list, map };
// Of a list or a map the next line says what its elements are: its path with "[]" or "{}" behind.
struct Known {
  std::string_view path;
  Shape shape;
};
constexpr Known kFields[] = {{"helm", Shape::fields},
                             {"helm.releaseName", Shape::text},
                             {"helm.namespace", Shape::text},
                             {"helm.version", Shape::text},
                             {"helm.kubeVersion", Shape::text},
                             {"helm.apiVersions", Shape::list},
                             {"helm.apiVersions[]", Shape::text},
                             {"helm.values", Shape::text},
                             {"helm.valuesObject", Shape::map},
                             {"helm.valuesObject{}", Shape::anything},
                             {"helm.valueFiles", Shape::list},
                             {"helm.valueFiles[]", Shape::text},
                             {"helm.ignoreMissingValueFiles", Shape::flag},
                             {"helm.skipCrds", Shape::flag},
                             {"helm.skipTests", Shape::flag},
                             {"helm.skipSchemaValidation", Shape::flag},
                             {"helm.passCredentials", Shape::flag},
                             {"helm.parameters", Shape::list},
                             {"helm.parameters[]", Shape::fields},
                             {"helm.parameters[].name", Shape::text},
                             {"helm.parameters[].value", Shape::text},
                             {"helm.parameters[].forceString", Shape::flag},
                             {"helm.fileParameters", Shape::list},
                             {"helm.fileParameters[]", Shape::fields},
                             {"helm.fileParameters[].name", Shape::text},
                             {"helm.fileParameters[].path", Shape::text},
                             {"kustomize", Shape::fields},
                             {"kustomize.namePrefix", Shape::text},
                             {"kustomize.nameSuffix", Shape::text},
                             {"kustomize.namespace", Shape::text},
                             {"kustomize.version", Shape::text},
                             {"kustomize.kubeVersion", Shape::text},
                             {"kustomize.apiVersions", Shape::list},
                             {"kustomize.apiVersions[]", Shape::text},
                             {"kustomize.images", Shape::list},
                             {"kustomize.images[]", Shape::text},
                             {"kustomize.commonLabels", Shape::map},
                             {"kustomize.commonLabels{}", Shape::text},
                             {"kustomize.commonAnnotations", Shape::map},
                             {"kustomize.commonAnnotations{}", Shape::text},
                             {"kustomize.forceCommonLabels", Shape::flag},
                             {"kustomize.forceCommonAnnotations", Shape::flag},
                             {"kustomize.commonAnnotationsEnvsubst", Shape::flag},
                             {"kustomize.labelWithoutSelector", Shape::flag},
                             {"kustomize.labelIncludeTemplates", Shape::flag},
                             {"kustomize.ignoreMissingComponents", Shape::flag},
                             {"kustomize.components", Shape::list},
                             {"kustomize.components[]", Shape::text},
                             {"kustomize.replicas", Shape::list},
                             {"kustomize.replicas[]", Shape::fields},
                             {"kustomize.replicas[].name", Shape::text},
                             {"kustomize.replicas[].count", Shape::text_or_number},
                             {"kustomize.patches", Shape::list},
                             {"kustomize.patches[]", Shape::fields},
                             {"kustomize.patches[].path", Shape::text},
                             {"kustomize.patches[].patch", Shape::text},
                             {"kustomize.patches[].options", Shape::map},
                             {"kustomize.patches[].options{}", Shape::flag},
                             {"kustomize.patches[].target", Shape::fields},
                             {"kustomize.patches[].target.group", Shape::text},
                             {"kustomize.patches[].target.version", Shape::text},
                             {"kustomize.patches[].target.kind", Shape::text},
                             {"kustomize.patches[].target.name", Shape::text},
                             {"kustomize.patches[].target.namespace", Shape::text},
                             {"kustomize.patches[].target.annotationSelector", Shape::text},
                             {"kustomize.patches[].target.labelSelector", Shape::text},
                             {"directory", Shape::fields},
                             {"directory.recurse", Shape::flag},
                             {"directory.include", Shape::text},
                             {"directory.exclude", Shape::text},
                             {"directory.disableExtensionFilter", Shape::flag},
                             {"directory.jsonnet", Shape::fields},
                             {"directory.jsonnet.libs", Shape::list},
                             {"directory.jsonnet.libs[]", Shape::text},
                             {"directory.jsonnet.extVars", Shape::list},
                             {"directory.jsonnet.extVars[]", Shape::fields},
                             {"directory.jsonnet.extVars[].name", Shape::text},
                             {"directory.jsonnet.extVars[].value", Shape::text},
                             {"directory.jsonnet.extVars[].code", Shape::flag},
                             {"directory.jsonnet.tlas", Shape::list},
                             {"directory.jsonnet.tlas[]", Shape::fields},
                             {"directory.jsonnet.tlas[].name", Shape::text},
                             {"directory.jsonnet.tlas[].value", Shape::text},
                             {"directory.jsonnet.tlas[].code", Shape::flag}};

const Known* known_at(std::string_view path) {
  for (const Known& field : kFields)
    if (field.path == path) return &field;
  return nullptr;
}

// The field's own name where it stands among those below `path`; empty where it does not.
std::string_view name_below(std::string_view path, std::string_view field) {
  if (!path.empty()) {
    if (!field.starts_with(path) || field.size() <= path.size() || field[path.size()] != '.') return {};
    field.remove_prefix(path.size() + 1);
  }
  return field.find_first_of(".[{") == field.npos ? field : std::string_view();
}

class Reader {
 public:
  explicit Reader(SourceFields& out) : out_(out) {}
  std::optional<FieldFault> wrong;

  // `path`: as in kFields; `shown`: as people write it; `pointer`: of `v`.
  Value read(const Value& v, const Known& as, const std::string& path, const std::string& shown,
             const std::string& pointer) {
    switch (as.shape) {
      case Shape::text:
        return v.is_string() ? v : refuse(v, "a text", shown, pointer);
      case Shape::flag:
        return v.is_bool() ? v : refuse(v, "true or false", shown, pointer);
      case Shape::text_or_number:
        return v.is_string() || v.is_int() ? v : refuse(v, "a number", shown, pointer);
      case Shape::anything:
        return v;
      case Shape::fields:
        return v.is_object() ? read_fields(v, path, shown, pointer) : refuse(v, "an object", shown, pointer);
      case Shape::list: {
        if (!v.is_array()) return refuse(v, "a list", shown, pointer);
        const Known& element = *known_at(path + "[]");
        ArrayBuilder items;
        for (size_t i = 0; i < v.size() && !wrong; ++i)
          items.push(
              read(v[i], element, path + "[]", fmt::format("{}[{}]", shown, i), fmt::format("{}/{}", pointer, i)));
        return items.build();
      }
      case Shape::map: {
        if (!v.is_object()) return refuse(v, "an object", shown, pointer);
        const Known& element = *known_at(path + "{}");
        for (const auto& [key, member] : v.members())
          if (!member.is_null())
            read(member, element, path + "{}", fmt::format("{}.{}", shown, key.view()),
                 pointer + "/" + value::pointer_escape(key.view()));
        return v;
      }
    }
    return v;
  }

  Value read_fields(const Value& v, const std::string& path, const std::string& shown, const std::string& pointer) {
    Value out = Value::object();
    for (const auto& [key, member] : v.members()) {
      if (wrong) break;
      const std::string within = shown.empty() ? key.str() : fmt::format("{}.{}", shown, key.view());
      const std::string at = pointer + "/" + value::pointer_escape(key.view());
      const std::string lower = base::to_lower(key.view());
      std::vector<std::string> names;
      const Known* field = nullptr;
      for (const Known& one : kFields) {
        std::string_view name = name_below(path, one.path);
        if (name.empty()) continue;
        names.emplace_back(name);
        if (base::to_lower(name) == lower) field = &one;
      }
      if (!field) {
        if (out_.unknown.size() == kUnknownMax) continue;
        auto near = base::nearest(key.view(), names);
        out_.unknown.push_back({at, fmt::format("unknown field \"{}\"{}", within,
                                                near ? fmt::format(" (did you mean \"{}\"?)", *near) : std::string())});
        continue;
      }
      std::string below(field->path);
      out = out.with_member(name_below(path, field->path),
                            member.is_null() ? Value() : read(member, *field, below, within, at));
    }
    return out;
  }

 private:
  Value refuse(const Value& found, std::string_view expected, const std::string& shown, const std::string& pointer) {
    bool is_scalar = !found.is_object() && !found.is_array();
    bool quotes = expected == "a text" && is_scalar && !found.is_null();
    if (!wrong)
      wrong = FieldFault{pointer, fmt::format("{}: expected {}, found {} {}{}", shown, expected, is_scalar ? "a" : "an",
                                              value::json_word(found), quotes ? ": put it in quotes" : "")};
    return {};
  }

  SourceFields& out_;
};

}  // namespace

std::optional<SourceFields> read_source_fields(const Value& said, FieldFault* wrong) {
  SourceFields out;
  Reader reader(out);
  out.value = reader.read_fields(said, "", "", "");
  if (!reader.wrong) return out;
  *wrong = std::move(*reader.wrong);
  return std::nullopt;
}

Result<> check_source_fields(const Value& said, std::string_view where) {
  FieldFault wrong;
  if (read_source_fields(said, &wrong)) return {};
  return fail(ErrorKind::invalid, "{}.{}", where, wrong.message);
}

}  // namespace slipway::render
