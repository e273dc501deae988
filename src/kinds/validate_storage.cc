// PersistentVolumeClaims and PersistentVolumes.
#include <algorithm>

#include "base/text.h"
#include "kinds/checks.h"
#include "kinds/object.h"

namespace slipway::kinds {

namespace {

void check_access_modes(Checks& c, const Value& modes, const Path& at) {
  static const std::vector<std::string> known = {"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"};
  bool one_pod = false, others = false;
  for (const Value& mode : modes.items()) {
    bool is_known = std::ranges::find(known, mode.as_string()) != known.end();
    if (!is_known) c.not_supported(at, mode, known);
    (mode.as_string() == "ReadWriteOncePod" ? one_pod : others) |= is_known;
  }
  if (one_pod && others) c.forbidden(at, "may not use ReadWriteOncePod with other access modes");
}

void check_class(Checks& c, const Value& name, const Path& at) {
  if (!name.as_string().empty()) c.invalid(at, name, dns_subdomain_problems(name.as_string()));
}

void check_positive(Checks& c, const Value& text, const Path& at) {
  if (auto amount = Quantity::parse(text.as_string()); amount && amount->nano <= 0)
    c.invalid(at, text, "must be greater than zero");
}

void check_data_source(Checks& c, const Value& source, const Path& at) {
  if (!source.is_object()) return;
  for (std::string_view name : {"name", "kind"})
    if (source[name].as_string().empty()) c.required(at / name);
  std::string group = source["apiGroup"].str(), kind = source["kind"].str();
  if (group.empty() && kind != "PersistentVolumeClaim")
    c.invalid(at, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
  if (!group.empty()) c.invalid(at / "apiGroup", group, dns_subdomain_problems(group));
}

void check_data_sources(Checks& c, const Value& spec, const Path& at) {
  const Value &source = spec["dataSource"], &reference = spec["dataSourceRef"];
  check_data_source(c, source, at / "dataSource");
  check_data_source(c, reference, at / "dataSourceRef");
  if (!source.is_object() || !reference.is_object()) return;
  bool same = true;
  for (std::string_view name : {"apiGroup", "kind", "name"})
    same = same && source[name].as_string() == reference[name].as_string();
  // Upstream shows a path where the value should be.
  if (!reference["namespace"].as_string().empty())
    c.invalid(at, Value::object(), "may not be specified when dataSourceRef.namespace is specified");
  else if (!same)
    c.invalid(at, Value::object(), "must match dataSourceRef");
}

// What a claim may still change: its volume and its class once, and when it is bound its size and attributes.
void check_claim_change(Checks& c, const Value& spec, const Value& before, const Path& at) {
  Value same = spec;
  auto take = [&](std::string_view name) {
    same = before.has(name) ? same.with_member(name, before[name]) : same.without_member(name);
  };
  for (std::string_view name : {"volumeName", "storageClassName"})
    if (before[name].is_null()) take(name);
  if (c.object["status"]["phase"].as_string() == "Bound") {
    take("volumeAttributesClassName");
    if (same["resources"]["requests"].is_object())
      same = same.with("/resources/requests/storage", before["resources"]["requests"]["storage"]);
  }
  if (same != before)
    c.forbidden(
        at,
        "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims");
  // A growth that failed may be taken back, but not below what is there.
  auto size = Quantity::parse(spec["resources"]["requests"]["storage"].as_string()),
       size_before = Quantity::parse(before["resources"]["requests"]["storage"].as_string()),
       there = Quantity::parse((*c.old)["status"]["capacity"]["storage"].as_string());
  if (size && size_before && size->nano < size_before->nano && size->nano <= (there ? there->nano : 0))
    c.forbidden(at / "resources" / "requests" / "storage", "field can not be less than status.capacity");
  c.unchanged(Path("volumeMode"), spec["volumeMode"], before["volumeMode"]);
  constexpr std::string_view attributes = "volumeAttributesClassName";
  if ((*c.old)["status"]["currentVolumeAttributesClassName"].is_null() || spec[attributes] == before[attributes])
    return;
  if (spec[attributes].as_string().empty())
    c.forbidden(at / attributes,
                fmt::format("update to {} is forbidden when status.currentVolumeAttributesClassName is not nil",
                            spec[attributes].is_null() ? "nil" : "empty string"));
}

}  // namespace

void check_claim_spec(Checks& c, const Value& spec, const Value* before, const Path& at) {
  if (spec["accessModes"].empty()) c.required(at / "accessModes", "at least 1 access mode is required");
  c.label_selector(at / "selector", spec["selector"]);
  check_access_modes(c, spec["accessModes"], at / "accessModes");
  const Value& storage = spec["resources"]["requests"]["storage"];
  Path storage_at = (at / "resources").key("storage");
  if (storage.is_null())
    c.required(storage_at);
  else
    check_positive(c, storage, storage_at);
  check_class(c, spec["storageClassName"], at / "storageClassName");
  if (const Value& mode = spec["volumeMode"];
      !mode.is_null() && mode.as_string() != "Block" && mode.as_string() != "Filesystem")
    c.not_supported(at / "volumeMode", mode, {"Block", "Filesystem"});
  check_data_sources(c, spec, at);
  check_class(c, spec["volumeAttributesClassName"], at / "volumeAttributesClassName");
  if (before && c.object["kind"].as_string() != "StatefulSet") check_claim_change(c, spec, *before, at);
}

void check_volume_spec(Checks& c, const Value& spec, const Value* before, const Path& at) {
  const Type& type = type_named("core.v1.PersistentVolumeSpec");
  c.fields(type, spec.without_member("accessModes").without_member("capacity"), before, at);
  if (before && *before == spec) return;
  if (spec["accessModes"].empty()) c.required(at / "accessModes");
  check_access_modes(c, spec["accessModes"], at / "accessModes");
  const Value& capacity = spec["capacity"];
  if (capacity.empty()) c.required(at / "capacity");
  if (capacity.size() != 1 || !capacity.has("storage")) c.not_supported(at / "capacity", capacity, {"storage"});
  for (const auto& [name, text] : capacity.members()) check_positive(c, text, (at / "capacity").key(name.view()));
  size_t sources = spec["hostPath"].is_null() ? 0 : 1;
  bool moved = false;
  for (const Field& source : type_named("core.v1.PersistentVolumeSource").fields) {
    moved = moved || (before && spec[source.name] != (*before)[source.name]);
    if (source.name == "hostPath" || spec[source.name].is_null()) continue;
    if (sources++ > 0) c.forbidden(at / source.name, "may not specify more than 1 volume type");
  }
  if (sources == 0) c.required(at, "must specify a volume type");
  if (!before) return;
  if (moved) c.forbidden(at / "persistentvolumesource", "spec.persistentvolumesource is immutable after creation");
  c.unchanged(Path("volumeMode"), spec["volumeMode"], (*before)["volumeMode"]);
}

}  // namespace slipway::kinds
