#include "render/kustomize/crds.h"

#include <algorithm>

#include "base/text.h"
#include "render/kustomize/first_document.h"
#include "render/words.h"
#include "value/json.h"

namespace slipway::render::kustomize {
namespace {

constexpr int kCrdDepthMax = 50;  // definitions that refer to one another

// What Go's Swagger types take for a field of a schema.
enum class Shape {
  text,
  texts,
  text_or_texts,
  flag,
  number,
  whole,
  list,
  schema,
  schemas,
  by_name,
  schema_or_list,
  schema_or_flag
};
struct SchemaField {
  std::string_view name;
  Shape shape;
};
constexpr SchemaField schema_fields[] = {{"id", Shape::text},
                                         {"description", Shape::text},
                                         {"$ref", Shape::text},
                                         {"title", Shape::text},
                                         {"format", Shape::text},
                                         {"pattern", Shape::text},
                                         {"type", Shape::text_or_texts},
                                         {"required", Shape::texts},
                                         {"nullable", Shape::flag},
                                         {"uniqueItems", Shape::flag},
                                         {"exclusiveMaximum", Shape::flag},
                                         {"exclusiveMinimum", Shape::flag},
                                         {"readOnly", Shape::flag},
                                         {"maximum", Shape::number},
                                         {"minimum", Shape::number},
                                         {"multipleOf", Shape::number},
                                         {"maxLength", Shape::whole},
                                         {"minLength", Shape::whole},
                                         {"maxItems", Shape::whole},
                                         {"minItems", Shape::whole},
                                         {"maxProperties", Shape::whole},
                                         {"minProperties", Shape::whole},
                                         {"enum", Shape::list},
                                         {"not", Shape::schema},
                                         {"allOf", Shape::schemas},
                                         {"oneOf", Shape::schemas},
                                         {"anyOf", Shape::schemas},
                                         {"properties", Shape::by_name},
                                         {"patternProperties", Shape::by_name},
                                         {"definitions", Shape::by_name},
                                         {"items", Shape::schema_or_list},
                                         {"additionalProperties", Shape::schema_or_flag},
                                         {"additionalItems", Shape::schema_or_flag}};

struct Fault {
  std::string pointer, message;
};
using Checked = std::optional<Fault>;

Checked expected(std::string_view what, const Value& found, const std::string& pointer) {
  return Fault{pointer, fmt::format("expected {}, found {}", what, words(found.type()))};
}

Checked check_schema(const Value& schema, const std::string& pointer);

Checked check_schemas(const Value& list, const std::string& pointer) {
  for (size_t i = 0; i < list.size(); ++i)
    if (auto fault = check_schema(list[i], fmt::format("{}/{}", pointer, i))) return fault;
  return {};
}

Checked check_texts(const Value& list, const std::string& pointer) {
  for (const Value& item : list.items())
    if (!item.is_string() && !item.is_null()) return expected("a text", item, pointer);
  return {};
}

Checked check_field(const Value& v, Shape shape, const std::string& pointer) {
  switch (shape) {
    case Shape::text:
      return v.is_string() ? Checked() : expected("a text", v, pointer);
    case Shape::text_or_texts:
      if (v.is_string()) return {};
      [[fallthrough]];
    case Shape::texts:
      return v.is_array() ? check_texts(v, pointer) : expected("a list of texts", v, pointer);
    case Shape::flag:
      return v.is_bool() ? Checked() : expected("true or false", v, pointer);
    case Shape::number:
      return v.is_number() ? Checked() : expected("a number", v, pointer);
    case Shape::whole:
      return v.is_int() ? Checked() : expected("a whole number", v, pointer);
    case Shape::list:
      return v.is_array() ? Checked() : expected("a list", v, pointer);
    case Shape::schema:
      return check_schema(v, pointer);
    case Shape::schema_or_flag:
      return v.is_bool() ? Checked() : check_schema(v, pointer);
    case Shape::schema_or_list:
      return v.is_array() ? check_schemas(v, pointer) : check_schema(v, pointer);
    case Shape::schemas:
      return v.is_array() ? check_schemas(v, pointer) : expected("a list of schemas", v, pointer);
    case Shape::by_name:
      if (!v.is_object()) return expected("a mapping of schemas", v, pointer);
      for (const auto& [key, below] : v.members())
        if (auto fault = check_schema(below, fmt::format("{}/{}", pointer, value::pointer_escape(key)))) return fault;
      return {};
  }
  return {};
}

Checked check_schema(const Value& schema, const std::string& pointer) {
  if (schema.is_null()) return {};
  if (!schema.is_object()) return expected("a schema", schema, pointer);
  for (const SchemaField& field : schema_fields)
    if (const Value& v = schema[field.name]; !v.is_null())
      if (auto fault = check_field(v, field.shape, fmt::format("{}/{}", pointer, field.name))) return fault;
  return {};
}

// Of a definition: Go finds these two whatever their case.
const Value& part(const Value& definition, std::string_view name) {
  static const Value none;
  for (const auto& [key, v] : definition.members())
    if (base::to_lower(key.view()) == name) return v;
  return none;
}
const Value& properties_of(const Value& definition) {
  return part(definition, "schema")["properties"];
}

Checked check(const Value& document) {
  std::string_view type = "accumulator.nameToApiMap";
  auto wrong = [&](const Value& v, const std::string& pointer, std::string_view more) {
    std::string_view found = v.is_array() ? "array" : v.is_bool() ? "bool" : v.is_number() ? "number" : "string";
    return Fault{pointer, fmt::format("json: cannot unmarshal {} into Go value of type {}{}", found, type, more)};
  };
  if (document.is_null()) return {};
  if (!document.is_object()) return wrong(document, "", "");
  type = "accumulator.OpenAPIDefinition";
  bool manifest = document["kind"].as_string() == "CustomResourceDefinition";
  for (const auto& [name, definition] : document.members()) {
    std::string pointer = fmt::format("/{}", value::pointer_escape(name));
    if (definition.is_null()) continue;
    if (!definition.is_object())
      return wrong(definition, pointer,
                   manifest ? " (a CustomResourceDefinition as it is applied belongs under resources; here stand "
                              "OpenAPI definitions by name, and how lists merge is said by openapi.path)"
                            : "");
    if (auto fault = check_schema(part(definition, "schema"), pointer + "/Schema")) return fault;
    const Value& others = part(definition, "dependencies");
    if (!others.is_null())
      if (auto fault = check_field(others, Shape::texts, pointer + "/Dependencies")) return fault;
  }
  return {};
}

FieldSpec field_of(const std::string& kind, const std::vector<std::string>& path) {
  FieldSpec field = FieldSpec::of_path(base::join(path, "/"));
  field.kinds.push_back(kind);
  return field;
}

void read_definition(const Value& definitions, const std::string& name, const std::string& kind,
                     std::vector<std::string>& path, Configuration& c, std::vector<NameReference>& references) {
  if (path.size() > kCrdDepthMax) return;
  for (const auto& [key, property] : properties_of(definitions[name]).members()) {
    auto says = [&](const char* word) { return property[word].is_string(); };
    path.push_back(key.str());
    if (says("x-kubernetes-annotation")) c.annotations.push_back(field_of(kind, path));
    if (says("x-kubernetes-label-selector")) c.common_labels.push_back(field_of(kind, path));
    if (says("x-kubernetes-identity")) c.name_prefix.push_back(field_of(kind, path));
    if (says("x-kubernetes-object-ref-api-version") && says("x-kubernetes-object-ref-kind")) {
      NameReference reference;
      reference.target.version = property["x-kubernetes-object-ref-api-version"].str();
      reference.target.kinds.push_back(property["x-kubernetes-object-ref-kind"].str());
      path.push_back(says("x-kubernetes-object-ref-name-key") ? property["x-kubernetes-object-ref-name-key"].str()
                                                              : "name");
      reference.fields.push_back(field_of(kind, path));
      path.pop_back();
      references.push_back(std::move(reference));
    }
    if (says("$ref")) read_definition(definitions, property["$ref"].str(), kind, path, c, references);
    path.pop_back();
  }
}

}  // namespace

Result<Configuration> read_crds(const Folder& folder, const Named& entry) {
  auto file = folder.read(entry.text);
  if (!file) return std::move(file).error().at(entry.spot.place());
  std::string words = fmt::format("unable to parse open API definition from '{}'", entry.text);
  auto read =
      file->text->starts_with('{') ? value::parse_json(*file->text) : read_first_document(*file->text, file->path);
  if (!read) return std::move(read).error().context(words).at({file->path});
  const Value& document = *read;
  if (auto fault = check(document)) {
    base::Place place = Spot{file->text, file->path, fault->pointer}.place();
    return fail(ErrorKind::invalid, "{}", fault->message).context(words).at(std::move(place));
  }
  Configuration c, one_by_one;  // the references, several maybe to one target
  for (const auto& [name, definition] : document.members()) {
    const Value& properties = properties_of(definition);
    if (!properties.has("kind") || !properties.has("apiVersion") || !properties.has("metadata")) continue;
    std::string kind = name.str().substr(name.str().rfind('.') + 1);
    std::vector<std::string> path;
    read_definition(document, name.str(), kind, path, c, one_by_one.name_references);
  }
  SLIPWAY_CHECK(c.merge(one_by_one).has_value());
  return c;
}

}  // namespace slipway::render::kustomize
