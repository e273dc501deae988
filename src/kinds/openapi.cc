// OpenAPI from the tables. Version 2 is one document, version 3 one for each group and version; both are what kubectl
// and Argo CD read of them: schemas with merge keys and list types, and paths with their kinds and the parameters that
// kubectl probes for (fieldValidation, dryRun) before it relies on the server's validation.
#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "kinds/object.h"

namespace slipway::kinds {
namespace {

constexpr std::string_view meta = "io.k8s.apimachinery.pkg.apis.meta.v1.";

class Document {
 public:
  Document(int version, std::string_view server_version) : version_(version), server_version_(server_version) {}

  void add(const Kind& kind);
  Value finish();

 private:
  Value ref(std::string_view type) {
    return Value{{"$ref", (version_ == 2 ? "#/definitions/" : "#/components/schemas/") + std::string(type)}};
  }
  Value schema(const FieldType& type, bool element);
  Value field_schema(const Field& field);
  void define(const Type& type);
  void add_list(const Kind& kind, const std::string& type_name);
  void add_paths(const Kind& kind, const std::string& type_name);
  Value gvk(const GroupVersionKind& id) {
    return Value{{"group", id.group}, {"version", id.version}, {"kind", id.kind}};
  }
  Value parameter(std::string_view in, std::string_view name, std::string_view type, bool required);
  Value operation(std::string_view action, const GroupVersionKind& id, const std::string& operation_id,
                  std::string_view type_name, bool body, Value parameters);

  int version_;
  std::string server_version_;
  std::map<std::string, Value> schemas_;
  std::map<std::string, std::vector<value::Member>> paths_;
  std::map<std::string, std::vector<Value>> gvks_;  // of a schema
  std::vector<Value> group_versions_;               // for DeleteOptions
};

// A scalar that has a definition of its own.
std::string_view named_scalar(Shape shape) {
  switch (shape) {
    case Shape::quantity:
      return "io.k8s.apimachinery.pkg.api.resource.Quantity";
    case Shape::time:
      return "io.k8s.apimachinery.pkg.apis.meta.v1.Time";
    case Shape::micro_time:
      return "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime";
    case Shape::int_or_string:
      return "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
    case Shape::duration:
      return "io.k8s.apimachinery.pkg.apis.meta.v1.Duration";
    case Shape::any:
      return "io.k8s.apimachinery.pkg.runtime.RawExtension";
    default:
      return {};
  }
}

Value scalar_definition(Shape shape, int version) {
  switch (shape) {
    case Shape::quantity:
      if (version == 3) return Value{{"oneOf", Value::array({Value{{"type", "string"}}, Value{{"type", "number"}}})}};
      return Value{{"type", "string"}};
    case Shape::time:
    case Shape::micro_time:
      return Value{{"type", "string"}, {"format", "date-time"}};
    case Shape::int_or_string:
      if (version == 3)
        return Value{{"format", "int-or-string"},
                     {"oneOf", Value::array({Value{{"type", "integer"}}, Value{{"type", "string"}}})}};
      return Value{{"type", "string"}, {"format", "int-or-string"}};
    case Shape::duration:
      return Value{{"type", "string"}};
    default:
      return Value{{"type", "object"}};
  }
}

Value Document::schema(const FieldType& type, bool element) {
  auto with_default = [&](Value v, Value zero) {
    return element && version_ == 3 ? v.with_member("default", std::move(zero)) : v;
  };
  if (auto name = named_scalar(type.shape); !name.empty()) {
    auto& definition = schemas_[std::string(name)];
    if (definition.is_null()) definition = scalar_definition(type.shape, version_);
    return ref(name);
  }
  switch (type.shape) {
    case Shape::string:
      return with_default(Value{{"type", "string"}}, "");
    case Shape::boolean:
      return with_default(Value{{"type", "boolean"}}, false);
    case Shape::int32:
      return with_default(Value{{"type", "integer"}, {"format", "int32"}}, 0);
    case Shape::int64:
      return with_default(Value{{"type", "integer"}, {"format", "int64"}}, 0);
    case Shape::number:
      return with_default(Value{{"type", "number"}, {"format", "double"}}, 0);
    case Shape::bytes:
      return Value{{"type", "string"}, {"format", "byte"}};
    case Shape::object:
      define(*type.type);
      if (version_ == 3 && element)
        return Value{{"allOf", Value::array({ref(type.type->name)})}, {"default", Value::object()}};
      return ref(type.type->name);
    case Shape::list:
      return Value{{"type", "array"}, {"items", schema(*type.element, true)}};
    case Shape::map:
      return Value{{"type", "object"}, {"additionalProperties", schema(*type.element, true)}};
    default:
      return Value::object();
  }
}

Value Document::field_schema(const Field& field) {
  Value s = field.name == "fieldsV1" ? ref(std::string(meta) + "FieldsV1") : schema(field.type, false);
  if (field.name == "fieldsV1") schemas_.try_emplace(std::string(meta) + "FieldsV1", Value{{"type", "object"}});
  bool is_ref = s.has("$ref");
  std::vector<value::Member> extra;
  if (!field.description.empty()) extra.push_back({"description", field.description});
  if (version_ == 3) {
    if (field.fallback_shown && !field.fallback.is_null())
      extra.push_back({"default", field.fallback});
    else if (field.type.shape == Shape::object && !field.pointer)
      extra.push_back({"default", Value::object()});
    else if ((field.fallback_shown || (field.always && (!field.pointer || !field.fallback.is_null()))) &&
             named_scalar(field.type.shape).empty()) {
      if (field.type.shape == Shape::string) extra.push_back({"default", ""});
      if (field.type.shape == Shape::boolean) extra.push_back({"default", false});
      if (field.type.shape == Shape::int32 || field.type.shape == Shape::int64) extra.push_back({"default", 0});
    }
  }
  if (field.list_marked) {
    constexpr std::string_view names[] = {"atomic", "set", "map"};
    extra.push_back({"x-kubernetes-list-type", names[static_cast<int>(field.list_kind)]});
  }
  if (!field.list_keys.empty()) {
    ArrayBuilder keys;
    for (const std::string& key : field.list_keys) keys.push(key);
    extra.push_back({"x-kubernetes-list-map-keys", keys.build()});
  }
  if (field.atomic_map) extra.push_back({"x-kubernetes-map-type", "atomic"});
  std::vector<std::string> strategies;
  if (field.merge) strategies.emplace_back("merge");
  if (field.retain_keys) strategies.emplace_back("retainKeys");
  if (std::ranges::find(field.rules, "patch-replace") != field.rules.end()) strategies.emplace_back("replace");
  if (!strategies.empty()) extra.push_back({"x-kubernetes-patch-strategy", base::join(strategies, ",")});
  if (!field.merge_key.empty()) extra.push_back({"x-kubernetes-patch-merge-key", field.merge_key});
  if (extra.empty()) return s;
  if (is_ref && version_ == 3) s = Value{{"allOf", Value::array({s})}};
  for (auto& member : extra) s = s.with_member(member.key.view(), std::move(member.value));
  return s;
}

void require(const Type& type, ArrayBuilder& names) {
  for (const Field& field : type.fields) {
    if (field.inlined && field.type.type)
      require(*field.type.type, names);
    else if (field.required)
      names.push(field.name);
  }
}

void Document::define(const Type& type) {
  if (!schemas_.try_emplace(type.name).second) return;  // done, or being done (types may hold themselves)
  ObjectBuilder properties;
  ArrayBuilder required;
  for (const Field* field : type.sorted()) {
    properties.set(field->name, field_schema(*field));
  }
  require(type, required);
  ObjectBuilder s;
  s.set("type", "object");
  if (!type.description.empty()) s.set("description", type.description);
  if (!properties.empty()) s.set("properties", properties.build());
  if (required.size() > 0) s.set("required", required.build());
  if (type.atomic) s.set("x-kubernetes-map-type", "atomic");
  if (type.preserve_unknown) s.set("x-kubernetes-preserve-unknown-fields", true);
  schemas_[type.name] = s.build();
}

void Document::add(const Kind& kind) {
  std::string type_name = kind.type ? kind.type->name : kind.id.group + "." + kind.id.version + "." + kind.id.kind;
  if (kind.type)
    define(*kind.type);
  else
    schemas_[type_name] = Value{{"type", "object"}, {"x-kubernetes-preserve-unknown-fields", true}};
  gvks_[type_name].push_back(gvk(kind.id));
  Value group_version = gvk({kind.id.group, kind.id.version, "DeleteOptions"});
  if (std::ranges::find(group_versions_, group_version) == group_versions_.end())
    group_versions_.push_back(group_version);
  add_list(kind, type_name);
  add_paths(kind, type_name);
}

void Document::add_list(const Kind& kind, const std::string& type_name) {
  if (std::ranges::find(kind.verbs, "list") == kind.verbs.end()) return;
  define(*builtin_type(std::string(meta) + "ListMeta"));
  std::string name = type_name + "List";
  Value items =
      version_ == 3 ? Value{{"allOf", Value::array({ref(type_name)})}, {"default", Value::object()}} : ref(type_name);
  Value list_meta = version_ == 3 ? Value{{"allOf", Value::array({ref(std::string(meta) + "ListMeta")})},
                                          {"default", Value::object()}}
                                  : ref(std::string(meta) + "ListMeta");
  schemas_[name] = Value{{"type", "object"},
                         {"required", Value::array({"items"})},
                         {"properties", Value{{"apiVersion", Value{{"type", "string"}}},
                                              {"kind", Value{{"type", "string"}}},
                                              {"metadata", list_meta},
                                              {"items", Value{{"type", "array"}, {"items", items}}}}}};
  gvks_[name].push_back(gvk({kind.id.group, kind.id.version, kind.id.kind + "List"}));
}

Value Document::parameter(std::string_view in, std::string_view name, std::string_view type, bool required) {
  ObjectBuilder p;
  p.set("in", Value(in)).set("name", Value(name));
  if (required) p.set("required", true);
  if (version_ == 2)
    p.set("type", Value(type)).set("uniqueItems", true);
  else
    p.set("schema", Value{{"type", Value(type)}, {"uniqueItems", true}});
  return p.build();
}

Value Document::operation(std::string_view action, const GroupVersionKind& id, const std::string& operation_id,
                          std::string_view type_name, bool body, Value parameters) {
  ObjectBuilder op;
  op.set("operationId", operation_id)
      .set("x-kubernetes-action", Value(action))
      .set("x-kubernetes-group-version-kind", gvk(id));
  std::string patch = std::string(meta) + "Patch";
  if (action == "patch") schemas_.try_emplace(patch, Value{{"type", "object"}});
  std::vector<std::string> types = {"application/json", "application/yaml", "application/vnd.kubernetes.protobuf"};
  std::vector<std::string> patch_types = {"application/json-patch+json", "application/merge-patch+json",
                                          "application/strategic-merge-patch+json", "application/apply-patch+yaml"};
  std::string_view body_type = action == "patch" ? std::string_view(patch) : type_name;
  if (version_ == 2) {
    if (body)
      parameters =
          parameters.appended(Value{{"in", "body"}, {"name", "body"}, {"required", true}, {"schema", ref(body_type)}});
    ArrayBuilder consumes, produces;
    for (const auto& t : action == "patch" ? patch_types : std::vector<std::string>{"*/*"}) consumes.push(t);
    for (const auto& t : types) produces.push(t);
    op.set("consumes", consumes.build()).set("produces", produces.build());
    op.set("responses", Value{{"200", Value{{"description", "OK"}, {"schema", ref(type_name)}}},
                              {"401", Value{{"description", "Unauthorized"}}}});
  } else {
    auto content = [&](const std::vector<std::string>& of, std::string_view type) {
      ObjectBuilder c;
      for (const auto& t : of) c.set(t, Value{{"schema", ref(type)}});
      return c.build();
    };
    if (body)
      op.set("requestBody",
             Value{{"required", true},
                   {"content", content(action == "patch" ? patch_types : std::vector<std::string>{"*/*"}, body_type)}});
    op.set("responses", Value{{"200", Value{{"description", "OK"}, {"content", content(types, type_name)}}},
                              {"401", Value{{"description", "Unauthorized"}}}});
  }
  op.set("parameters", std::move(parameters));
  return op.build();
}

void Document::add_paths(const Kind& kind, const std::string& type_name) {
  const auto& id = kind.id;
  std::string root = id.group.empty() ? "/api/" + id.version : "/apis/" + id.group + "/" + id.version;
  std::string collection = root + (kind.namespaced ? "/namespaces/{namespace}/" : "/") + kind.plural;
  std::string object = collection + "/{name}", camel;
  for (std::string_view part :
       base::split(id.group.empty() ? "core" : std::string_view(id.group).substr(0, id.group.find('.')), '-'))
    camel += static_cast<char>(std::toupper(static_cast<unsigned char>(part[0]))) + std::string(part.substr(1));
  camel += static_cast<char>(std::toupper(static_cast<unsigned char>(id.version[0]))) + id.version.substr(1) +
           (kind.namespaced ? "Namespaced" : "") + id.kind;
  auto may = [&](std::string_view verb) { return std::ranges::find(kind.verbs, verb) != kind.verbs.end(); };
  auto query = [&](std::initializer_list<std::string_view> names) {
    ArrayBuilder out;
    for (std::string_view name : names)
      out.push(parameter("query", name,
                         name == "force" || name == "watch"            ? "boolean"
                         : name == "limit" || name == "timeoutSeconds" ? "integer"
                                                                       : "string",
                         false));
    return out.build();
  };
  Value write = query({"dryRun", "fieldManager", "fieldValidation"}),
        patch = query({"dryRun", "fieldManager", "fieldValidation", "force"});
  Value list = query({"continue", "fieldSelector", "labelSelector", "limit", "resourceVersion", "resourceVersionMatch",
                      "timeoutSeconds", "watch"});
  std::string status_type = std::string(meta) + "Status", delete_options = std::string(meta) + "DeleteOptions";
  define(*builtin_type(status_type));
  define(*builtin_type(delete_options));
  ArrayBuilder of_collection, of_object;
  if (kind.namespaced)
    of_collection.push(parameter("path", "namespace", "string", true)),
        of_object.push(parameter("path", "namespace", "string", true));
  of_object.push(parameter("path", "name", "string", true));
  Value collection_parameters = of_collection.build(), object_parameters = of_object.build();

  auto& c = paths_[collection];
  c.push_back({"parameters", collection_parameters});
  if (may("list")) c.push_back({"get", operation("list", id, "list" + camel, type_name + "List", false, list)});
  if (may("create")) c.push_back({"post", operation("post", id, "create" + camel, type_name, true, write)});
  if (may("deletecollection"))
    c.push_back({"delete", operation("deletecollection", id, "deleteCollection" + camel, status_type, false, list)});
  if (kind.namespaced && may("list"))
    paths_[root + "/" + kind.plural].push_back(
        {"get", operation("list", id, "list" + camel + "ForAllNamespaces", type_name + "List", false, list)});
  if (may("get")) {
    auto& o = paths_[object];
    o.push_back({"parameters", object_parameters});
    o.push_back({"get", operation("get", id, "read" + camel, type_name, false, query({"pretty"}))});
    if (may("update")) o.push_back({"put", operation("put", id, "replace" + camel, type_name, true, write)});
    if (may("patch")) o.push_back({"patch", operation("patch", id, "patch" + camel, type_name, true, patch)});
    if (may("delete"))
      o.push_back({"delete", operation("delete", id, "delete" + camel, status_type, false,
                                       query({"dryRun", "gracePeriodSeconds", "propagationPolicy"}))});
  }
  for (const std::string& sub : kind.subresources) {
    if (sub != "status" && sub != "scale" && sub != "resize" && sub != "ephemeralcontainers" && sub != "approval")
      continue;
    GroupVersionKind sub_id = sub == "scale" ? GroupVersionKind{"autoscaling", "v1", "Scale"} : id;
    std::string sub_type = sub == "scale" ? "io.k8s.api.autoscaling.v1.Scale" : type_name;
    if (sub == "scale") {
      define(*builtin_type(sub_type));
      gvks_[sub_type] = {gvk(sub_id)};
    }
    std::string name = camel + static_cast<char>(std::toupper(static_cast<unsigned char>(sub[0]))) + sub.substr(1);
    auto& s = paths_[object + "/" + sub];
    s.push_back({"parameters", object_parameters});
    s.push_back({"get", operation("get", sub_id, "read" + name, sub_type, false, query({"pretty"}))});
    s.push_back({"put", operation("put", sub_id, "replace" + name, sub_type, true, write)});
    s.push_back({"patch", operation("patch", sub_id, "patch" + name, sub_type, true, patch)});
  }
}

Value Document::finish() {
  gvks_[std::string(meta) + "DeleteOptions"] = group_versions_;
  gvks_[std::string(meta) + "Status"] = {gvk({"", "v1", "Status"})};
  ObjectBuilder schemas, paths;
  for (auto& [name, s] : schemas_) {
    if (auto found = gvks_.find(name); found != gvks_.end())
      s = s.with_member("x-kubernetes-group-version-kind", Value::array(found->second));
    schemas.set(name, std::move(s));
  }
  for (auto& [path, item] : paths_) paths.set(path, Value::object(std::move(item)));
  Value info{{"title", "Kubernetes"}, {"version", server_version_}};
  if (version_ == 2)
    return Value{{"swagger", "2.0"}, {"info", info}, {"paths", paths.build()}, {"definitions", schemas.build()}};
  return Value{{"openapi", "3.0.0"},
               {"info", info},
               {"paths", paths.build()},
               {"components", Value{{"schemas", schemas.build()}}}};
}

}  // namespace

Value openapi_v2(const Catalog& catalog, std::string_view server_version) {
  Document document(2, server_version);
  for (const Kind* kind : catalog.all()) document.add(*kind);
  return document.finish();
}

Value openapi_v3(const Catalog& catalog, std::string_view group, std::string_view version,
                 std::string_view server_version) {
  Document document(3, server_version);
  for (const Kind* kind : catalog.all())
    if (kind->id.group == group && kind->id.version == version) document.add(*kind);
  return document.finish();
}

}  // namespace slipway::kinds
