#include "gitops/sync/apply.h"

#include "base/text.h"
#include "gitops/compare/three_way.h"

namespace slipway::gitops {

using cluster::Cluster;
using cluster::ObjectKey;
using cluster::Verb;
using cluster::Write;

namespace {

Write decorated(Write write, const ApplyHow& how) {
  write.field_manager = how.field_manager;
  write.dry_run = how.dry_run;
  write.field_validation = how.validate ? kinds::FieldValidation::strict : kinds::FieldValidation::ignore;
  return write;
}

Task<Result<Applied>> create_object(Cluster& cluster, const kinds::Kind* kind, Value target, ApplyHow how) {
  ObjectKey key = ObjectKey::of(target);
  Value body = how.replace ? target : with_last_applied(target);
  auto written = OR_CO_RETURN(co_await cluster.write(decorated(cluster::create(body), how)));
  co_return Applied{written.object, resource_name(kind, key) + " created", true};
}

Task<Result<Applied>> replace_object(Cluster& cluster, const kinds::Kind* kind, Value target, Value live,
                                     ApplyHow how) {
  ObjectKey key = ObjectKey::of(target);
  Value body = target.with("/metadata/resourceVersion", live["metadata"]["resourceVersion"]);
  auto written = OR_CO_RETURN(co_await cluster.write(decorated(cluster::update(body), how)));
  co_return Applied{written.object, resource_name(kind, key) + " replaced", true};
}

Task<Result<Applied>> patch_object(Cluster& cluster, const kinds::Kind* kind, Value target, Value live, ApplyHow how) {
  ObjectKey key = ObjectKey::of(target);
  Value before = last_applied(live);
  std::string warning;
  if (before.is_null() && kind) {
    warning = fmt::format(
        ". Warning: resource {}/{} is missing the {} annotation which is required by  apply.  apply should only be "
        "used on resources created declaratively by either  create --save-config or  apply. The missing annotation "
        "will be patched automatically.",
        kind->plural, key.name, last_applied_annotation);
  }
  auto patch = OR_CO_RETURN(three_way(kind, before, with_last_applied(target), live));
  if (patch.empty()) co_return Applied{live, resource_name(kind, key) + " unchanged", false};
  Write write = cluster::merge_patch(key, patch.body);
  write.patch_type = patch.type;
  auto written = co_await cluster.write(decorated(std::move(write), how));
  if (!written) co_return std::move(written).error();
  // "1000m" for "1": the server says that nothing changed.
  bool same = written->object["metadata"]["resourceVersion"] == live["metadata"]["resourceVersion"];
  co_return Applied{written->object,
                    fmt::format("{} {}{}", resource_name(kind, key), same ? "unchanged" : "configured", warning),
                    !same};
}

}  // namespace

Task<Result<Applied>> apply_object(Cluster& cluster, const kinds::Kind* kind, Value target, Value live, ApplyHow how) {
  ObjectKey key = ObjectKey::of(target);
  // Nothing to say to the cluster: most objects of most syncs.
  if (!live.is_null() && !how.replace && !last_applied(live).is_null()) {
    auto patch = OR_CO_RETURN(three_way(kind, last_applied(live), with_last_applied(target), live));
    if (patch.empty()) co_return Applied{live, resource_name(kind, key) + " unchanged", false};
  }
  if (live.is_null()) {
    auto created = co_await create_object(cluster, kind, target, how);
    if (!created.failed_with(ErrorKind::already_exists)) co_return created;
  }
  // What was seen may be old by now; a patch is made against what is there.
  auto there = co_await cluster.get(key);
  if (there.failed_with(ErrorKind::not_found)) co_return co_await create_object(cluster, kind, target, how);
  if (!there) co_return std::move(there).error();
  auto applied = how.replace ? co_await replace_object(cluster, kind, target, *there, how)
                             : co_await patch_object(cluster, kind, target, *there, how);
  bool impossible = applied.failed_with(ErrorKind::invalid) || applied.failed_with(ErrorKind::conflict);
  if (!how.force || how.dry_run || !impossible) co_return applied;
  OR_CO_RETURN(co_await cluster.write(decorated(cluster::remove(key, cluster::Propagation::background), how)));
  auto created = OR_CO_RETURN(co_await create_object(cluster, kind, target, how));
  created.message = resource_name(kind, key) + (how.replace ? " replaced" : " configured");
  co_return created;
}

std::string resource_name(const kinds::Kind* kind, const ObjectKey& key) {
  std::string name = kind && !kind->singular.empty() ? kind->singular : base::to_lower(key.kind.kind);
  if (!key.kind.group.empty()) name += "." + key.kind.group;
  return name + "/" + key.name;
}

Result<> check_object(const kinds::Kind* kind, const Value& target, const Value& live) {
  if (!kind || !kind->type) return {};
  Value object = target;
  if (!live.is_null()) {
    auto patch = OR_RETURN(three_way(kind, last_applied(live), with_last_applied(target), live));
    if (patch.empty()) return {};
    object = OR_RETURN(patched(kind, live, patch));
  }
  auto conformed = OR_RETURN(kinds::conform(*kind, object));
  Value whole = kinds::apply_defaults(*kind, std::move(conformed.object));
  auto causes = kinds::validate(*kind, whole, live.is_null() ? nullptr : &live);
  if (causes.empty()) return {};
  return kinds::invalid(*kind, kinds::name_of(target), std::move(causes));
}

}  // namespace slipway::gitops
