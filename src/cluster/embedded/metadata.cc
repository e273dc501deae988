// What only the server writes into metadata, and what it never lets a client change.
#include "base/text.h"
#include "cluster/embedded/embedded_cluster.h"
#include "cluster/embedded/errors.h"

namespace slipway::cluster {

namespace {

// Everything but metadata and status counts as the spec.
bool spec_changed(const Value& before, const Value& after) {
  auto without = [](const Value& object) { return object.without_member("metadata").without_member("status"); };
  return !(without(before) == without(after));
}

// A Deployment's annotations count as well; its controller writes them through /status, where they do not.
bool counts_annotations(const kinds::Kind& kind, Part part) {
  return part == Part::main && kind.id.group == "apps" && kind.id.kind == "Deployment";
}

Value carried_over(Value metadata, const Value& before, std::string_view member) {
  const Value* old = before.find(member);
  return old ? metadata.with_member(member, *old) : metadata.without_member(member);
}

}  // namespace

Value metadata_for_create(World& world, const kinds::Kind& kind, Value object, std::string_view ns,
                          std::string_view name) {
  Value metadata = object["metadata"];
  metadata = metadata.with_member("name", name);
  if (kind.namespaced) metadata = metadata.with_member("namespace", ns);
  metadata = metadata.with_member("uid", world.random().uuid());
  metadata = metadata.with_member("creationTimestamp", base::format_rfc3339(world.now()));
  for (auto member : {"deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "resourceVersion", "generation",
                      "managedFields"}) {
    metadata = metadata.without_member(member);
  }
  if (kind.has_generation) metadata = metadata.with_member("generation", 1);
  if (kind.id.kind == "Namespace" && kind.id.group.empty()) {
    metadata = metadata.with("/labels/kubernetes.io~1metadata.name", name);
  }
  return object.with_member("metadata", std::move(metadata));
}

Value metadata_for_update(const kinds::Kind& kind, const Value& before, Value after, Part part) {
  const Value& old = before["metadata"];
  Value metadata = after["metadata"];
  for (auto member : {"name", "namespace", "uid", "creationTimestamp", "deletionTimestamp",
                      "deletionGracePeriodSeconds", "generateName", "resourceVersion", "generation", "managedFields"}) {
    metadata = carried_over(std::move(metadata), old, member);
  }
  metadata = metadata.without_member("selfLink");
  bool annotated = counts_annotations(kind, part) && old["annotations"] != metadata["annotations"];
  if (kind.has_generation && (annotated || spec_changed(before, after))) {
    metadata = metadata.with_member("generation", old["generation"].as_int() + 1);
  }
  return after.with_member("metadata", std::move(metadata));
}

Result<> check_uid_unchanged(const kinds::Kind& kind, const Value& before, const Value& wanted) {
  std::string_view uid = kinds::uid_of(wanted);
  if (uid.empty() || uid == kinds::uid_of(before)) return {};
  base::Cause cause{"FieldValueInvalid", fmt::format("Invalid value: \"{}\": field is immutable", uid), "metadata.uid"};
  return kinds::invalid(kind, kinds::name_of(before), {cause, cause});  // upstream looks twice
}

Result<> check_preconditions(const Request& request, const Value& before, const Value& wanted) {
  std::string_view name = kinds::name_of(before);
  std::string_view uid = kinds::uid_of(before);
  std::string asked_uid = request.write.uid.value_or(std::string(kinds::uid_of(wanted)));
  // A patch is applied to the object that is there: a uid that it names is a change, not a condition.
  if (request.write.verb == Verb::patch && !request.write.uid)
    OR_RETURN(check_uid_unchanged(request.kind, before, wanted));
  if (!asked_uid.empty() && asked_uid != uid) {
    return cannot_be_fulfilled(
        request.kind, name,
        fmt::format("StorageError: invalid object, Code: 4, Key: /registry/{}/{}{}{}, ResourceVersion: 0, "
                    "AdditionalErrorMsg: Precondition failed: UID in precondition: {}, UID in object meta: {}",
                    request.kind.plural, request.write.key.ns, request.write.key.ns.empty() ? "" : "/", name, asked_uid,
                    uid));
  }
  uint64_t current = kinds::revision_of(before);
  if (request.write.resource_version && *request.write.resource_version != current) {
    return changed_meanwhile(request.kind, name);
  }
  std::string_view text = wanted["metadata"]["resourceVersion"].as_string();
  if (!text.empty() && text != "0") {
    auto number = base::parse_int(text);
    if (!number || *number < 0) {
      return kinds::invalid(
          request.kind, name,
          {{"FieldValueInvalid",
            fmt::format("Invalid value: \"{0}\": strconv.ParseUint: parsing \"{0}\": invalid syntax", text),
            "metadata.resourceVersion"}});
    }
    if (static_cast<uint64_t>(*number) != current) return changed_meanwhile(request.kind, name);
  } else if (!request.kind.unconditional_update && !request.write.resource_version) {
    constexpr std::string_view why = "Invalid value: 0: must be specified for an update";
    return fail(ErrorKind::invalid, "{} \"{}\" is invalid: metadata.resourceVersion: {}", request.kind.group_resource(),
                name, why)
        .cause({"FieldValueInvalid", std::string(why), "metadata.resourceVersion"});
  }
  return {};
}

bool is_deleting(const Value& object) {
  return !object["metadata"]["deletionTimestamp"].is_null();
}

bool may_go(const kinds::Kind& kind, const Value& before, const Value& after) {
  const Value& old = before["metadata"];
  if (!is_deleting(before) || after["metadata"]["finalizers"].size() > 0) return false;
  if (kind.id.kind == "Namespace" && kind.id.group.empty()) return after["spec"]["finalizers"].size() == 0;
  return old["deletionGracePeriodSeconds"].as_int() == 0;
}

Value mark_deleting(Value object, WallTime when, int64_t grace_s) {
  Value metadata = object["metadata"];
  metadata = metadata.with_member("deletionTimestamp", base::format_rfc3339(when));
  metadata = metadata.with_member("deletionGracePeriodSeconds", grace_s);
  if (int64_t generation = metadata["generation"].as_int(); generation > 0 && !is_deleting(object)) {
    metadata = metadata.with_member("generation", generation + 1);
  }
  return object.with_member("metadata", std::move(metadata));
}

}  // namespace slipway::cluster
