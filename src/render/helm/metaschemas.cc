#include "render/helm/metaschemas.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "render/helm/formats.h"
#include "value/json.h"

namespace slipway::render::helm {

namespace {

constexpr std::string_view kDraft4 = R"({
"$schema": "http://json-schema.org/draft-04/schema#", "id": "http://json-schema.org/draft-04/schema#",
"type": "object", "default": {},
"dependencies": {"exclusiveMaximum": ["maximum"], "exclusiveMinimum": ["minimum"]},
"definitions": {
  "schemaArray": {"type": "array", "minItems": 1, "items": {"$ref": "#"}},
  "positiveInteger": {"type": "integer", "minimum": 0},
  "positiveIntegerDefault0": {"allOf": [{"$ref": "#/definitions/positiveInteger"}, {"default": 0}]},
  "simpleTypes": {"enum": ["array", "boolean", "integer", "null", "number", "object", "string"]},
  "stringArray": {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": true}},
"properties": {
  "id": {"type": "string", "format": "uri-reference"}, "$schema": {"type": "string", "format": "uri"},
  "$ref": {"type": "string", "format": "uri-reference"},
  "title": {"type": "string"}, "description": {"type": "string"}, "default": {}, "format": {"type": "string"},
  "multipleOf": {"type": "number", "minimum": 0, "exclusiveMinimum": true},
  "maximum": {"type": "number"}, "exclusiveMaximum": {"type": "boolean"},
  "minimum": {"type": "number"}, "exclusiveMinimum": {"type": "boolean"},
  "maxLength": {"$ref": "#/definitions/positiveInteger"},
    "minLength": {"$ref": "#/definitions/positiveIntegerDefault0"},
  "pattern": {"type": "string", "format": "regex"},
  "additionalItems": {"anyOf": [{"type": "boolean"}, {"$ref": "#"}], "default": {}},
  "items": {"anyOf": [{"$ref": "#"}, {"$ref": "#/definitions/schemaArray"}], "default": {}},
  "maxItems": {"$ref": "#/definitions/positiveInteger"},
    "minItems": {"$ref": "#/definitions/positiveIntegerDefault0"},
  "uniqueItems": {"type": "boolean", "default": false},
  "maxProperties": {"$ref": "#/definitions/positiveInteger"},
    "minProperties": {"$ref": "#/definitions/positiveIntegerDefault0"},
  "required": {"$ref": "#/definitions/stringArray"},
  "additionalProperties": {"anyOf": [{"type": "boolean"}, {"$ref": "#"}], "default": {}},
  "definitions": {"type": "object", "additionalProperties": {"$ref": "#"}, "default": {}},
  "properties": {"type": "object", "additionalProperties": {"$ref": "#"}, "default": {}},
  "patternProperties": {"type": "object", "additionalProperties": {"$ref": "#"},
    "default": {}},
  "dependencies": {"type": "object",
    "additionalProperties": {"anyOf": [{"$ref": "#"}, {"$ref": "#/definitions/stringArray"}]}},
  "enum": {"type": "array", "minItems": 1, "uniqueItems": true},
  "type": {"anyOf": [{"$ref": "#/definitions/simpleTypes"},
    {"type": "array", "items": {"$ref": "#/definitions/simpleTypes"}, "minItems": 1, "uniqueItems": true}]},
  "allOf": {"$ref": "#/definitions/schemaArray"}, "anyOf": {"$ref": "#/definitions/schemaArray"},
  "oneOf": {"$ref": "#/definitions/schemaArray"}, "not": {"$ref": "#"}}})";

constexpr std::string_view kDraft6 = R"({
"$schema": "http://json-schema.org/draft-06/schema#", "$id": "http://json-schema.org/draft-06/schema#",
"type": ["object", "boolean"], "default": {},
"definitions": {
  "schemaArray": {"type": "array", "minItems": 1, "items": {"$ref": "#"}},
  "nonNegativeInteger": {"type": "integer", "minimum": 0},
  "nonNegativeIntegerDefault0": {"allOf": [{"$ref": "#/definitions/nonNegativeInteger"}, {"default": 0}]},
  "simpleTypes": {"enum": ["array", "boolean", "integer", "null", "number", "object", "string"]},
  "stringArray": {"type": "array", "items": {"type": "string"}, "uniqueItems": true, "default": []}},
"properties": {
  "$id": {"type": "string", "format": "uri-reference"}, "$schema": {"type": "string", "format": "uri"},
  "$ref": {"type": "string", "format": "uri-reference"},
  "title": {"type": "string"}, "description": {"type": "string"}, "default": {}, "format": {"type": "string"},
  "multipleOf": {"type": "number", "exclusiveMinimum": 0},
  "maximum": {"type": "number"}, "exclusiveMaximum": {"type": "number"},
  "minimum": {"type": "number"}, "exclusiveMinimum": {"type": "number"},
  "maxLength": {"$ref": "#/definitions/nonNegativeInteger"},
    "minLength": {"$ref": "#/definitions/nonNegativeIntegerDefault0"},
  "pattern": {"type": "string", "format": "regex"},
  "additionalItems": {"$ref": "#"},
  "items": {"anyOf": [{"$ref": "#"}, {"$ref": "#/definitions/schemaArray"}], "default": {}},
  "maxItems": {"$ref": "#/definitions/nonNegativeInteger"},
    "minItems": {"$ref": "#/definitions/nonNegativeIntegerDefault0"},
  "uniqueItems": {"type": "boolean", "default": false}, "contains": {"$ref": "#"},
  "maxProperties": {"$ref": "#/definitions/nonNegativeInteger"},
    "minProperties": {"$ref": "#/definitions/nonNegativeIntegerDefault0"},
  "required": {"$ref": "#/definitions/stringArray"}, "additionalProperties": {"$ref": "#"},
  "definitions": {"type": "object", "additionalProperties": {"$ref": "#"}, "default": {}},
  "properties": {"type": "object", "additionalProperties": {"$ref": "#"}, "default": {}},
  "patternProperties": {"type": "object", "additionalProperties": {"$ref": "#"},
    "default": {}},
  "dependencies": {"type": "object",
    "additionalProperties": {"anyOf": [{"$ref": "#"}, {"$ref": "#/definitions/stringArray"}]}},
  "propertyNames": {"$ref": "#"}, "const": {},
  "enum": {"type": "array", "minItems": 1, "uniqueItems": true},
  "type": {"anyOf": [{"$ref": "#/definitions/simpleTypes"},
    {"type": "array", "items": {"$ref": "#/definitions/simpleTypes"}, "minItems": 1, "uniqueItems": true}]},
  "allOf": {"$ref": "#/definitions/schemaArray"}, "anyOf": {"$ref": "#/definitions/schemaArray"},
  "oneOf": {"$ref": "#/definitions/schemaArray"}, "not": {"$ref": "#"}}})";

// Draft 7 is draft 6, and this.
constexpr std::string_view kMoreOfDraft7 = R"({
  "$comment": {"type": "string"}, "readOnly": {"type": "boolean", "default": false},
  "writeOnly": {"type": "boolean", "default": false},
  "examples": {"type": "array", "items": true}, "contentMediaType": {"type": "string"},
  "contentEncoding": {"type": "string"}, "if": {"$ref": "#"}, "then": {"$ref": "#"}, "else": {"$ref": "#"},
  "patternProperties": {"type": "object", "additionalProperties": {"$ref": "#"},
    "propertyNames": {"format": "regex"}, "default": {}}})";

constexpr std::string_view k2019 = R"([{
"$id": "https://json-schema.org/draft/2019-09/schema", "$recursiveAnchor": true, "type": ["object", "boolean"],
"allOf": [{"$ref": "meta/core"}, {"$ref": "meta/applicator"}, {"$ref": "meta/validation"}, {"$ref": "meta/meta-data"},
  {"$ref": "meta/format"}, {"$ref": "meta/content"}],
"properties": {
  "definitions": {"type": "object", "additionalProperties": {"$recursiveRef": "#"}, "default": {}},
  "dependencies": {"type": "object",
    "additionalProperties": {"anyOf": [{"$recursiveRef": "#"}, {"$ref": "meta/validation#/$defs/stringArray"}]}}}
}, {
"$id": "https://json-schema.org/draft/2019-09/meta/core", "$recursiveAnchor": true, "type": ["object", "boolean"],
"properties": {
  "$id": {"type": "string", "format": "uri-reference", "pattern": "^[^#]*#?$"},
  "$schema": {"type": "string", "format": "uri"},
  "$anchor": {"type": "string", "pattern": "^[A-Za-z][-A-Za-z0-9.:_]*$"},
  "$ref": {"type": "string", "format": "uri-reference"}, "$recursiveRef": {"type": "string",
    "format": "uri-reference"},
  "$recursiveAnchor": {"type": "boolean", "default": false},
  "$vocabulary": {"type": "object", "propertyNames": {"type": "string", "format": "uri"},
    "additionalProperties": {"type": "boolean"}},
  "$comment": {"type": "string"},
  "$defs": {"type": "object", "additionalProperties": {"$recursiveRef": "#"}, "default": {}}}
}, {
"$id": "https://json-schema.org/draft/2019-09/meta/applicator", "$recursiveAnchor": true,
"type": ["object", "boolean"],
"properties": {
  "additionalItems": {"$recursiveRef": "#"}, "unevaluatedItems": {"$recursiveRef": "#"},
  "items": {"anyOf": [{"$recursiveRef": "#"}, {"$ref": "#/$defs/schemaArray"}]}, "contains": {"$recursiveRef": "#"},
  "additionalProperties": {"$recursiveRef": "#"}, "unevaluatedProperties": {"$recursiveRef": "#"},
  "properties": {"type": "object", "additionalProperties": {"$recursiveRef": "#"}, "default": {}},
  "patternProperties": {"type": "object", "additionalProperties": {"$recursiveRef": "#"},
    "propertyNames": {"format": "regex"}, "default": {}},
  "dependentSchemas": {"type": "object", "additionalProperties": {"$recursiveRef": "#"}},
  "propertyNames": {"$recursiveRef": "#"}, "if": {"$recursiveRef": "#"}, "then": {"$recursiveRef": "#"},
  "else": {"$recursiveRef": "#"}, "allOf": {"$ref": "#/$defs/schemaArray"}, "anyOf": {"$ref": "#/$defs/schemaArray"},
  "oneOf": {"$ref": "#/$defs/schemaArray"}, "not": {"$recursiveRef": "#"}},
"$defs": {"schemaArray": {"type": "array", "minItems": 1, "items": {"$recursiveRef": "#"}}}
}, {
"$id": "https://json-schema.org/draft/2019-09/meta/validation", "$recursiveAnchor": true,
"type": ["object", "boolean"],
"properties": {
  "multipleOf": {"type": "number", "exclusiveMinimum": 0}, "maximum": {"type": "number"},
  "exclusiveMaximum": {"type": "number"}, "minimum": {"type": "number"}, "exclusiveMinimum": {"type": "number"},
  "maxLength": {"$ref": "#/$defs/nonNegativeInteger"}, "minLength": {"$ref": "#/$defs/nonNegativeIntegerDefault0"},
  "pattern": {"type": "string", "format": "regex"}, "maxItems": {"$ref": "#/$defs/nonNegativeInteger"},
  "minItems": {"$ref": "#/$defs/nonNegativeIntegerDefault0"}, "uniqueItems": {"type": "boolean", "default": false},
  "maxContains": {"$ref": "#/$defs/nonNegativeInteger"}, "minContains": {"$ref": "#/$defs/nonNegativeInteger",
    "default": 1},
  "maxProperties": {"$ref": "#/$defs/nonNegativeInteger"},
    "minProperties": {"$ref": "#/$defs/nonNegativeIntegerDefault0"},
  "required": {"$ref": "#/$defs/stringArray"},
  "dependentRequired": {"type": "object", "additionalProperties": {"$ref": "#/$defs/stringArray"}},
  "const": true, "enum": {"type": "array", "items": true},
  "type": {"anyOf": [{"$ref": "#/$defs/simpleTypes"},
    {"type": "array", "items": {"$ref": "#/$defs/simpleTypes"}, "minItems": 1, "uniqueItems": true}]}},
"$defs": {"nonNegativeInteger": {"type": "integer", "minimum": 0},
    "nonNegativeIntegerDefault0": {"$ref": "#/$defs/nonNegativeInteger", "default": 0},
  "simpleTypes": {"enum": ["array", "boolean", "integer", "null", "number", "object", "string"]},
  "stringArray": {"type": "array", "items": {"type": "string"}, "uniqueItems": true, "default": []}}
}, {
"$id": "https://json-schema.org/draft/2019-09/meta/meta-data", "$recursiveAnchor": true, "type": ["object",
    "boolean"],
"properties": {"title": {"type": "string"}, "description": {"type": "string"}, "default": true,
  "deprecated": {"type": "boolean", "default": false}, "readOnly": {"type": "boolean", "default": false},
  "writeOnly": {"type": "boolean", "default": false}, "examples": {"type": "array", "items": true}}
}, {
"$id": "https://json-schema.org/draft/2019-09/meta/format", "$recursiveAnchor": true, "type": ["object", "boolean"],
"properties": {"format": {"type": "string"}}
}, {
"$id": "https://json-schema.org/draft/2019-09/meta/content", "$recursiveAnchor": true, "type": ["object", "boolean"],
"properties": {"contentMediaType": {"type": "string"}, "contentEncoding": {"type": "string"},
  "contentSchema": {"$recursiveRef": "#"}}
}])";

constexpr std::string_view k2020 = R"([{
"$id": "https://json-schema.org/draft/2020-12/schema", "$dynamicAnchor": "meta", "type": ["object", "boolean"],
"allOf": [{"$ref": "meta/core"}, {"$ref": "meta/applicator"}, {"$ref": "meta/unevaluated"},
    {"$ref": "meta/validation"},
  {"$ref": "meta/meta-data"}, {"$ref": "meta/format-annotation"}, {"$ref": "meta/content"}],
"properties": {
  "definitions": {"type": "object", "additionalProperties": {"$dynamicRef": "#meta"}, "default": {}},
  "dependencies": {"type": "object", "default": {},
    "additionalProperties": {"anyOf": [{"$dynamicRef": "#meta"}, {"$ref": "meta/validation#/$defs/stringArray"}]}},
  "$recursiveAnchor": {"$ref": "meta/core#/$defs/anchorString"},
    "$recursiveRef": {"$ref": "meta/core#/$defs/uriReferenceString"}}
}, {
"$id": "https://json-schema.org/draft/2020-12/meta/core", "$dynamicAnchor": "meta", "type": ["object", "boolean"],
"properties": {
  "$id": {"$ref": "#/$defs/uriReferenceString", "pattern": "^[^#]*#?$"}, "$schema": {"$ref": "#/$defs/uriString"},
  "$ref": {"$ref": "#/$defs/uriReferenceString"}, "$anchor": {"$ref": "#/$defs/anchorString"},
  "$dynamicRef": {"$ref": "#/$defs/uriReferenceString"}, "$dynamicAnchor": {"$ref": "#/$defs/anchorString"},
  "$vocabulary": {"type": "object", "propertyNames": {"$ref": "#/$defs/uriString"},
    "additionalProperties": {"type": "boolean"}},
  "$comment": {"type": "string"}, "$defs": {"type": "object", "additionalProperties": {"$dynamicRef": "#meta"}}},
"$defs": {"anchorString": {"type": "string", "pattern": "^[A-Za-z_][-A-Za-z0-9._]*$"},
  "uriString": {"type": "string", "format": "uri"}, "uriReferenceString": {"type": "string",
    "format": "uri-reference"}}
}, {
"$id": "https://json-schema.org/draft/2020-12/meta/applicator", "$dynamicAnchor": "meta",
"type": ["object", "boolean"],
"properties": {
  "prefixItems": {"$ref": "#/$defs/schemaArray"}, "items": {"$dynamicRef": "#meta"},
    "contains": {"$dynamicRef": "#meta"},
  "additionalProperties": {"$dynamicRef": "#meta"},
  "properties": {"type": "object", "additionalProperties": {"$dynamicRef": "#meta"}, "default": {}},
  "patternProperties": {"type": "object", "additionalProperties": {"$dynamicRef": "#meta"},
    "propertyNames": {"format": "regex"}, "default": {}},
  "dependentSchemas": {"type": "object", "additionalProperties": {"$dynamicRef": "#meta"}, "default": {}},
  "propertyNames": {"$dynamicRef": "#meta"}, "if": {"$dynamicRef": "#meta"}, "then": {"$dynamicRef": "#meta"},
  "else": {"$dynamicRef": "#meta"}, "allOf": {"$ref": "#/$defs/schemaArray"},
    "anyOf": {"$ref": "#/$defs/schemaArray"},
  "oneOf": {"$ref": "#/$defs/schemaArray"}, "not": {"$dynamicRef": "#meta"}},
"$defs": {"schemaArray": {"type": "array", "minItems": 1, "items": {"$dynamicRef": "#meta"}}}
}, {
"$id": "https://json-schema.org/draft/2020-12/meta/unevaluated", "$dynamicAnchor": "meta",
"type": ["object", "boolean"],
"properties": {"unevaluatedItems": {"$dynamicRef": "#meta"}, "unevaluatedProperties": {"$dynamicRef": "#meta"}}
}, {
"$id": "https://json-schema.org/draft/2020-12/meta/validation", "$dynamicAnchor": "meta",
"type": ["object", "boolean"],
"properties": {
  "type": {"anyOf": [{"$ref": "#/$defs/simpleTypes"},
    {"type": "array", "items": {"$ref": "#/$defs/simpleTypes"}, "minItems": 1, "uniqueItems": true}]},
  "const": true, "enum": {"type": "array", "items": true},
  "multipleOf": {"type": "number", "exclusiveMinimum": 0}, "maximum": {"type": "number"},
  "exclusiveMaximum": {"type": "number"}, "minimum": {"type": "number"}, "exclusiveMinimum": {"type": "number"},
  "maxLength": {"$ref": "#/$defs/nonNegativeInteger"}, "minLength": {"$ref": "#/$defs/nonNegativeIntegerDefault0"},
  "pattern": {"type": "string", "format": "regex"}, "maxItems": {"$ref": "#/$defs/nonNegativeInteger"},
  "minItems": {"$ref": "#/$defs/nonNegativeIntegerDefault0"}, "uniqueItems": {"type": "boolean", "default": false},
  "maxContains": {"$ref": "#/$defs/nonNegativeInteger"}, "minContains": {"$ref": "#/$defs/nonNegativeInteger",
    "default": 1},
  "maxProperties": {"$ref": "#/$defs/nonNegativeInteger"},
    "minProperties": {"$ref": "#/$defs/nonNegativeIntegerDefault0"},
  "required": {"$ref": "#/$defs/stringArray"},
  "dependentRequired": {"type": "object", "additionalProperties": {"$ref": "#/$defs/stringArray"}}},
"$defs": {"nonNegativeInteger": {"type": "integer", "minimum": 0},
    "nonNegativeIntegerDefault0": {"$ref": "#/$defs/nonNegativeInteger", "default": 0},
  "simpleTypes": {"enum": ["array", "boolean", "integer", "null", "number", "object", "string"]},
  "stringArray": {"type": "array", "items": {"type": "string"}, "uniqueItems": true, "default": []}}
}, {
"$id": "https://json-schema.org/draft/2020-12/meta/meta-data", "$dynamicAnchor": "meta", "type": ["object",
    "boolean"],
"properties": {"title": {"type": "string"}, "description": {"type": "string"}, "default": true,
  "deprecated": {"type": "boolean", "default": false}, "readOnly": {"type": "boolean", "default": false},
  "writeOnly": {"type": "boolean", "default": false}, "examples": {"type": "array", "items": true}}
}, {
"$id": "https://json-schema.org/draft/2020-12/meta/format-annotation", "$dynamicAnchor": "meta",
"type": ["object", "boolean"], "properties": {"format": {"type": "string"}}
}, {
"$id": "https://json-schema.org/draft/2020-12/meta/content", "$dynamicAnchor": "meta", "type": ["object", "boolean"],
"properties": {"contentEncoding": {"type": "string"}, "contentMediaType": {"type": "string"},
  "contentSchema": {"$dynamicRef": "#meta"}}
}])";

std::map<std::string, Value, std::less<>> read_all() {
  std::map<std::string, Value, std::less<>> all;
  auto read = [](std::string_view text) { return value::parse_json(text).value(); };
  all[std::string(metaschema_address(4))] = read(kDraft4);
  Value six = read(kDraft6), properties = six["properties"];
  all[std::string(metaschema_address(6))] = six;
  for (const value::Member& m : read(kMoreOfDraft7).members()) properties = properties.with_member(m.key, m.value);
  Value id = std::string(metaschema_address(7)) + "#";
  all[std::string(metaschema_address(7))] =
      six.with_member("properties", properties).with_member("$id", id).with_member("$schema", id);
  for (std::string_view text : {k2019, k2020})
    for (const Value& one : read(text).items()) all[one["$id"].str()] = one;
  return all;
}

}  // namespace

std::string_view metaschema_address(int draft) {
  switch (draft) {
    case 4:
      return "http://json-schema.org/draft-04/schema";
    case 6:
      return "http://json-schema.org/draft-06/schema";
    case 7:
      return "http://json-schema.org/draft-07/schema";
    case 2019:
      return "https://json-schema.org/draft/2019-09/schema";
    default:
      return "https://json-schema.org/draft/2020-12/schema";
  }
}

namespace {

std::string_view without_scheme(std::string_view address) {
  for (std::string_view scheme : {"http://", "https://"})
    if (address.starts_with(scheme)) return address.substr(scheme.size());
  return address;
}

}  // namespace

int draft_of(std::string_view address) {
  address = without_scheme(address.substr(0, address.find('#')));
  if (address == "json-schema.org/schema") return 2020;
  for (int draft : {4, 6, 7, 2019, 2020})
    if (without_scheme(metaschema_address(draft)) == address) return draft;
  return 0;
}

const Value* metaschema(std::string_view address) {
  if (!without_scheme(address).starts_with("json-schema.org/")) return nullptr;  // without reading all of them
  static const auto all = read_all();
  if (int draft = draft_of(address)) address = metaschema_address(draft);
  auto found = all.find(address);
  return found == all.end() ? nullptr : &found->second;
}

namespace {

enum class Shape {
  anything,
  schema,
  schemas,
  members,
  items,
  text,
  reference,
  count,
  number,
  positive,
  boolean,
  texts,
  list,
  type,
  regex,
  choices,
  unsure,
};

// Keywords that are not here may hold anything, in every draft.
const std::unordered_map<std::string_view, Shape>& shapes() {
  static const std::unordered_map<std::string_view, Shape> all = {{"title", Shape::text},
                                                                  {"description", Shape::text},
                                                                  {"format", Shape::text},
                                                                  {"$comment", Shape::text},
                                                                  {"contentMediaType", Shape::text},
                                                                  {"contentEncoding", Shape::text},
                                                                  {"$ref", Shape::reference},
                                                                  {"$schema", Shape::unsure},
                                                                  {"id", Shape::unsure},
                                                                  {"$id", Shape::unsure},
                                                                  {"$anchor", Shape::unsure},
                                                                  {"$dynamicAnchor", Shape::unsure},
                                                                  {"$dynamicRef", Shape::unsure},
                                                                  {"$recursiveRef", Shape::unsure},
                                                                  {"$recursiveAnchor", Shape::unsure},
                                                                  {"$vocabulary", Shape::unsure},
                                                                  {"dependencies", Shape::unsure},
                                                                  {"dependentRequired", Shape::unsure},
                                                                  {"exclusiveMinimum", Shape::number},
                                                                  {"exclusiveMaximum", Shape::number},
                                                                  {"minimum", Shape::number},
                                                                  {"maximum", Shape::number},
                                                                  {"multipleOf", Shape::positive},
                                                                  {"maxLength", Shape::count},
                                                                  {"minLength", Shape::count},
                                                                  {"maxItems", Shape::count},
                                                                  {"minItems", Shape::count},
                                                                  {"maxContains", Shape::count},
                                                                  {"minContains", Shape::count},
                                                                  {"maxProperties", Shape::count},
                                                                  {"minProperties", Shape::count},
                                                                  {"uniqueItems", Shape::boolean},
                                                                  {"deprecated", Shape::boolean},
                                                                  {"readOnly", Shape::boolean},
                                                                  {"writeOnly", Shape::boolean},
                                                                  {"pattern", Shape::regex},
                                                                  {"required", Shape::texts},
                                                                  {"enum", Shape::choices},
                                                                  {"examples", Shape::list},
                                                                  {"type", Shape::type},
                                                                  {"allOf", Shape::schemas},
                                                                  {"anyOf", Shape::schemas},
                                                                  {"oneOf", Shape::schemas},
                                                                  {"prefixItems", Shape::schemas},
                                                                  {"not", Shape::schema},
                                                                  {"items", Shape::items},
                                                                  {"additionalItems", Shape::schema},
                                                                  {"contains", Shape::schema},
                                                                  {"additionalProperties", Shape::schema},
                                                                  {"propertyNames", Shape::schema},
                                                                  {"unevaluatedItems", Shape::schema},
                                                                  {"unevaluatedProperties", Shape::schema},
                                                                  {"contentSchema", Shape::schema},
                                                                  {"if", Shape::schema},
                                                                  {"then", Shape::schema},
                                                                  {"else", Shape::schema},
                                                                  {"definitions", Shape::members},
                                                                  {"$defs", Shape::members},
                                                                  {"properties", Shape::members},
                                                                  {"patternProperties", Shape::members},
                                                                  {"dependentSchemas", Shape::members}};
  return all;
}

bool is_type(const Value& v) {
  static constexpr std::string_view all[] = {"array", "boolean", "integer", "null", "number", "object", "string"};
  return v.is_string() && std::ranges::find(all, v.as_string()) != std::end(all);
}

bool all_differ(const Value& list) {
  if (list.size() > 64) return false;
  for (size_t i = 0; i < list.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (list[i] == list[j]) return false;
  return true;
}

bool is_surely(const Value& schema, int draft, int depth);

bool fits(const Value& v, Shape shape, int draft, int depth) {
  auto each = [&](const auto& items, auto of) {
    return std::ranges::all_of(items, [&](const auto& item) { return is_surely(of(item), draft, depth + 1); });
  };
  switch (shape) {
    case Shape::anything:
      return true;
    case Shape::schema:
      return is_surely(v, draft, depth + 1);
    case Shape::schemas:
      return v.is_array() && v.size() > 0 && each(v.items(), [](const Value& one) -> const Value& { return one; });
    case Shape::members:
      return v.is_object() && each(v.members(), [](const value::Member& m) -> const Value& { return m.value; });
    case Shape::items:
      return v.is_array() ? draft < 2020 && fits(v, Shape::schemas, draft, depth) : is_surely(v, draft, depth + 1);
    case Shape::text:
      return v.is_string();
    case Shape::reference:
      return v.is_string() && v.as_string().find_first_of("%: \t\n") == std::string_view::npos;
    case Shape::count:
      return v.is_int() && v.as_int() >= 0;
    case Shape::number:
      return v.is_number();
    case Shape::positive:
      return v.is_number() && v.as_double() > 0 && std::isfinite(v.as_double());
    case Shape::boolean:
      return v.is_bool();
    case Shape::texts:
      return v.is_array() && v.size() > 0 && all_differ(v) &&
             std::ranges::all_of(v.items(), [](const Value& one) { return one.is_string(); });
    case Shape::list:
      return v.is_array();
    case Shape::type:
      return is_type(v) || (v.is_array() && v.size() > 0 && all_differ(v) && std::ranges::all_of(v.items(), is_type));
    case Shape::regex:
      return v.is_string() && !format_fault("regex", v.as_string());
    case Shape::choices:
      return v.is_array() && v.size() > 0 && all_differ(v);
    case Shape::unsure:
      return false;
  }
  return false;
}

bool is_surely(const Value& schema, int draft, int depth) {
  if (depth > 100) return false;
  if (schema.is_bool()) return draft != 4;
  if (!schema.is_object()) return false;
  for (const value::Member& m : schema.members()) {
    std::string_view key = m.key.view();
    bool names_itself = key == "$schema" || key == (draft == 4 ? "id" : "$id");
    if (depth == 0 && names_itself && m.value.is_string() && !format_fault("uri", m.value.as_string()) &&
        (key == "$schema" || m.value.as_string().find('#') == std::string_view::npos))
      continue;
    auto shape = shapes().find(key);
    if (shape != shapes().end() && !fits(m.value, shape->second, draft, depth)) return false;
    if (draft == 4 && key.starts_with("exclusive")) return false;
    if (key == "patternProperties")
      for (const value::Member& one : m.value.members())
        if (format_fault("regex", one.key.view())) return false;
  }
  return true;
}

}  // namespace

bool is_surely_schema(const Value& schema, int draft) {
  return is_surely(schema, draft, 0);
}

}  // namespace slipway::render::helm
