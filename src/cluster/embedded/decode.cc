#include <algorithm>

#include "base/text.h"
#include "cluster/embedded/embedded_cluster.h"
#include "kinds/go_errors.h"
#include "value/go_words.h"
#include "value/json.h"

namespace slipway::cluster {

namespace {

using kinds::FieldValidation;

// "/spec/ports/0/name" gives "spec.ports[0].name".
std::string field_of(std::string_view pointer, const Value& body) {
  std::string field;
  const Value* at = &body;
  for (const std::string& part : value::pointer_split(pointer)) {
    auto index = base::parse_int(part);
    if (at->is_array() && index) {
      field += "[" + part + "]";
      at = &(*at)[static_cast<size_t>(*index)];
    } else {
      field += (field.empty() ? "" : ".") + part;
      at = &(*at)[part];
    }
  }
  return field;
}

// A parser names a duplicate by its pointer (JSON) or in words of its own (YAML).
std::string duplicate_text(const std::string& found, const Value& body) {
  if (found.find(' ') != found.npos) return found;
  return fmt::format("duplicate field \"{}\"", found.starts_with('/') ? field_of(found, body) : found);
}

// Strict errors come in this order: duplicates, which the reader meets first, then unknown fields as they stand in the
// document's own order; ours knows no such order, so by name.
std::vector<std::string> all_problems(const Request& request, std::vector<std::string> unknown) {
  std::vector<std::string> problems;
  for (const std::string& found : request.write.duplicate_fields)
    problems.push_back(duplicate_text(found, request.write.body));
  std::sort(unknown.begin(), unknown.end());
  problems.insert(problems.end(), unknown.begin(), unknown.end());
  return problems;
}

// The body may leave apiVersion and kind to the address, but not contradict it.
Result<Value> with_kind(const Request& request, Value body) {
  const GroupVersionKind& id = request.kind.id;
  std::string api_version = body["apiVersion"].str(), kind = body["kind"].str();
  if (!api_version.empty() && api_version != id.api_version()) {
    return fail(ErrorKind::bad_request, "the API version in the data ({}) does not match the expected API version ({})",
                api_version, id.api_version());
  }
  if (!kind.empty() && kind != id.kind) {
    if (request.kind.builtin) {
      return fail(
          ErrorKind::bad_request,
          "{0} in version \"{1}\" cannot be handled as a {2}: converting ({1}.{0}) to ({3}.{2}): unknown conversion",
          kind, id.version, id.kind, id.group.empty() ? "core" : base::split(id.group, '.')[0]);
    }
    return kinds::invalid(
        request.kind, kinds::name_of(body),
        {{"FieldValueInvalid", fmt::format("Invalid value: \"{}\": must be {}", kind, id.kind), "kind"}});
  }
  if (api_version.empty()) body = body.with_member("apiVersion", id.api_version());
  if (kind.empty()) body = body.with_member("kind", id.kind);
  return body;
}

Error cannot_be_handled(const kinds::Kind& kind, std::string_view why) {
  return fail(ErrorKind::bad_request, "{0} in version \"{1}\" cannot be handled as a {0}: {2}", kind.id.kind,
              kind.id.version, why);
}

// Shows the object, as the API server does; but never a Secret.
Error patch_invalid(const Request& request, const Value& object, std::string_view why) {
  bool merged = request.write.patch_type != PatchType::strategic;
  bool secret = request.kind.id.kind == "Secret" && request.kind.id.group.empty();
  std::string shown = secret ? "(a Secret)" : merged ? value::to_json(object) : value::go_print(request.write.body);
  std::string message = fmt::format("Invalid value: {:?}: {}", shown, why);
  return fail(ErrorKind::invalid, " \"\" is invalid: patch: {}", message)
      .cause({"FieldValueInvalid", message, "patch"});
}

// Why an object of one kind cannot be taken for another, as the decoder finds it out.
std::string why_another_kind(const GroupVersionKind& id, const GroupVersionKind& other, const Value& object) {
  std::string_view version = object["apiVersion"].as_string();
  if (std::ranges::count(version, '/') > 1) return fmt::format("unexpected GroupVersion string: {}", version);
  const kinds::Kind* kind = kinds::builtin_catalog().find(other);
  if (!kind)
    return fmt::format("no kind \"{}\" is registered for version \"{}\" in scheme \"pkg/runtime/scheme.go:111\"",
                       other.kind, version);
  if (auto conformed = kinds::conform(*kind, object); !conformed) return conformed.error().message();
  return fmt::format("converting ({}.{}) to ({}.{}): unknown conversion", other.version, other.kind,
                     id.group.empty() ? "core" : base::split(id.group, '.')[0], id.kind);
}

// Members that no operation of a JSON patch has come before the unknown fields of what it leaves.
std::vector<std::string> patch_problems(const Write& write, std::vector<std::string> unknown) {
  std::vector<std::string> problems;
  if (write.patch_type == PatchType::json) {
    size_t index = 0;
    for (const Value& operation : write.body.items()) {
      for (const auto& [key, value] : operation.members())
        if (key.view() != "op" && key.view() != "path" && key.view() != "from" && key.view() != "value")
          problems.push_back(fmt::format("json patch unknown field \"[{}].{}\"", index, key.view()));
      ++index;
    }
  }
  problems.insert(problems.end(), unknown.begin(), unknown.end());
  return problems;
}

void warn(Request& request, const std::vector<std::string>& problems) {
  if (request.write.field_validation != FieldValidation::warn) return;
  for (const std::string& problem : problems) request.warnings.push_back(problem);
}

}  // namespace

Result<Value> decode(Request& request, const Value& stored) {
  const Value& body = request.write.body;
  if (!body.is_object()) {
    return cannot_be_handled(request.kind,
                             fmt::format("json: cannot unmarshal {} into Go value of type {}.{}",
                                         value::to_string(body.type()), request.kind.id.version, request.kind.id.kind));
  }
  Value object = OR_RETURN(with_kind(request, body));
  auto conformed = kinds::conform(request.kind, std::move(object), stored);
  if (!conformed) return cannot_be_handled(request.kind, conformed.error().message());
  std::vector<std::string> problems = all_problems(request, std::move(conformed->problems));
  if (request.write.field_validation == FieldValidation::strict && !problems.empty()) {
    return cannot_be_handled(request.kind, "strict decoding error: " + base::join(problems, ", "));
  }
  warn(request, problems);
  return std::move(conformed->object);
}

Result<Value> decode_patched(Request& request, Value object, const Value& stored) {
  if (!object.is_object()) return patch_invalid(request, object, "the patch leaves no object");
  // What is patched stays what it is: a strategic patch goes into a typed object, whose kind is no field; what the
  // others leave is read anew, by what it says of itself.
  const GroupVersionKind& id = request.kind.id;
  bool strategic = request.write.patch_type == PatchType::strategic;
  if (strategic || object["kind"].as_string().empty()) object = object.with_member("kind", id.kind);
  if (strategic || object["apiVersion"].as_string().empty())
    object = object.with_member("apiVersion", id.api_version());
  if (auto other = GroupVersionKind::of(object); other != id)
    return patch_invalid(request, object, why_another_kind(id, other, object));
  auto conformed = kinds::conform(request.kind, object, stored);
  if (!conformed) return patch_invalid(request, object, conformed.error().message());
  std::vector<std::string> problems = patch_problems(request.write, std::move(conformed->problems));
  if (request.write.field_validation == FieldValidation::strict && !problems.empty()) {
    return patch_invalid(request, object, "strict decoding error: " + base::join(problems, ", "));
  }
  warn(request, problems);
  return std::move(conformed->object);
}

Result<Value> agree(Request& request, Value object) {
  Write& write = request.write;
  std::string name(kinds::name_of(object)), ns(kinds::namespace_of(object));
  if (request.kind.namespaced) {
    if (!ns.empty() && !write.key.ns.empty() && ns != write.key.ns) {
      return Error(ErrorKind::bad_request,
                   "the namespace of the provided object does not match the namespace sent on the request");
    }
    if (write.key.ns.empty()) write.key.ns = ns;
    if (write.key.ns.empty()) return Error(ErrorKind::bad_request, "an empty namespace may not be set during creation");
    if (ns.empty()) object = object.with("/metadata/namespace", write.key.ns);
  } else {
    write.key.ns.clear();
    if (!ns.empty()) object = object.without("/metadata/namespace");
  }
  if (!name.empty() && !write.key.name.empty() && name != write.key.name) {
    return fail(ErrorKind::bad_request, "the name of the object ({}) does not match the name on the URL ({})", name,
                write.key.name);
  }
  if (name.empty() && (write.verb == Verb::update || write.verb == Verb::patch)) {
    return fail(ErrorKind::bad_request,
                "the name of the object ({} based on URL) was undeterminable: name must be provided", write.key.name);
  }
  if (write.key.name.empty()) write.key.name = name;
  if (name.empty() && !write.key.name.empty()) object = object.with("/metadata/name", write.key.name);
  return object;
}

}  // namespace slipway::cluster
