// The graph is the cache's index, owner uid -> keys of dependents. A key is judged anew each time its object changes or
// one of its owners goes; every decision reads the cluster, the index only says where to look.
#include "workloads/garbage/garbage.h"

#include <fmt/format.h>

#include <algorithm>

#include "workloads/pods.h"

namespace slipway::workloads {

using cluster::ObjectKey;
using reconcile::Outcome;

namespace {

constexpr const char* foreground = "foregroundDeletion";
constexpr const char* orphan = "orphan";

bool has_finalizer(const Value& object, std::string_view finalizer) {
  for (const Value& f : object["metadata"]["finalizers"].items()) {
    if (f.as_string() == finalizer) return true;
  }
  return false;
}

cluster::GroupVersionKind kind_of_reference(const Value& reference) {
  std::string version = reference["apiVersion"].str(), group;
  if (size_t slash = version.find('/'); slash != std::string::npos) {
    group = version.substr(0, slash);
    version = version.substr(slash + 1);
  }
  return {group, version, reference["kind"].str()};
}

}  // namespace

std::vector<cluster::GroupVersionKind> GarbageReconciler::needs() const {
  std::vector<cluster::GroupVersionKind> kinds;
  for (const kinds::Kind* kind : cluster_.catalog().all()) {
    auto can = [&](const char* verb) {
      return std::find(kind->verbs.begin(), kind->verbs.end(), verb) != kind->verbs.end();
    };
    bool preferred = cluster_.catalog().find_kind(kind->id.group, kind->id.kind) == kind;
    if (preferred && can("delete") && can("watch") && kind->id.kind != "Event") kinds.push_back(kind->id);
  }
  return kinds;
}

void GarbageReconciler::watch(reconcile::Cache& cache, Enqueue enqueue) {
  cache_ = &cache;
  for (const auto& kind : needs()) {
    cache.on_change(kind, [&cache, enqueue](const Value& before, const Value& after) {
      const Value& object = after.is_null() ? before : after;
      ObjectKey key = ObjectKey::of(object);
      const Value& owners = after["metadata"]["ownerReferences"];
      bool ending = is_terminating(after) && (has_finalizer(after, foreground) || has_finalizer(after, orphan));
      bool owners_changed = before.is_null() || !(before["metadata"]["ownerReferences"] == owners);
      if (!after.is_null() && (ending || (!owners.empty() && owners_changed))) enqueue(key);
      if (!after.is_null()) return;
      // Gone: its dependents may be garbage now, and its owner may be waiting for it.
      for (const ObjectKey& dependent : cache.dependents(kinds::uid_of(before))) enqueue(dependent);
      for (const Value& owner : before["metadata"]["ownerReferences"].items()) {
        enqueue({kind_of_reference(owner), key.ns, owner["name"].str()});
      }
    });
  }
}

Task<Outcome> GarbageReconciler::reconcile(ObjectKey key) {
  const kinds::Kind* kind = cluster_.catalog().find(key.kind);
  if (!kind) kind = cluster_.catalog().find_kind(key.kind.group, key.kind.kind);
  if (!kind) co_return Outcome::done();
  ObjectKey real{kind->id, kind->namespaced ? key.ns : "", key.name};
  auto found = co_await cluster_.get(real);
  if (found.failed_with(ErrorKind::not_found)) co_return Outcome::done();
  if (!found) co_return Outcome::failed(found.error());
  Value object = *found;
  Result<> did;
  if (is_terminating(object)) {
    if (has_finalizer(object, orphan)) {
      did = co_await finish_orphan(object);
    } else if (has_finalizer(object, foreground)) {
      did = co_await finish_foreground(object);
    }
  } else if (!object["metadata"]["ownerReferences"].empty()) {
    did = co_await judge_owners(object);
  }
  if (!did && !did.error().is(ErrorKind::not_found)) co_return Outcome::failed(did.error());
  co_return Outcome::done();
}

Task<Result<>> GarbageReconciler::finish_foreground(Value owner) {
  std::string uid(kinds::uid_of(owner));
  std::set<ObjectKey> dependents = cache_->dependents(uid);
  bool blocked = false;
  for (const ObjectKey& key : dependents) {
    auto dependent = co_await cluster_.get(key);
    if (!dependent) continue;
    bool ours = false, blocks = false;
    for (const Value& reference : (*dependent)["metadata"]["ownerReferences"].items()) {
      if (reference["uid"].as_string() != uid || is_unresolvable(*dependent, reference)) continue;
      ours = true;
      blocks = reference["blockOwnerDeletion"].as_bool();
    }
    if (!ours) continue;
    blocked |= blocks;
    if (is_terminating(*dependent)) continue;
    bool has_dependents = !cache_->dependents(kinds::uid_of(*dependent)).empty();
    auto how = blocks && has_dependents ? cluster::Propagation::foreground : cluster::Propagation::background;
    cluster::Write remove = cluster::remove(key, how);
    remove.uid = kinds::uid_of(*dependent);
    auto removed = co_await cluster_.write(std::move(remove));
    if (!removed && !removed.error().is(ErrorKind::not_found)) co_return removed.error();
    if (removed && removed->removed && blocks) blocked = true;  // its DELETED event looks again
  }
  if (blocked) co_return Result<>();
  co_return co_await drop_finalizer(owner, foreground);
}

Task<Result<>> GarbageReconciler::finish_orphan(Value owner) {
  std::string uid(kinds::uid_of(owner));
  std::set<ObjectKey> dependents = cache_->dependents(uid);
  for (const ObjectKey& key : dependents) {
    auto dependent = co_await cluster_.get(key);
    if (!dependent) continue;
    std::vector<Value> kept;
    for (const Value& reference : (*dependent)["metadata"]["ownerReferences"].items()) {
      if (reference["uid"].as_string() != uid) kept.push_back(reference);
    }
    Value patch{{"metadata", Value{{"ownerReferences", kept.empty() ? Value() : Value::array(kept)},
                                   {"uid", (*dependent)["metadata"]["uid"]}}}};
    auto patched = co_await cluster_.write(cluster::merge_patch(key, patch));
    if (!patched && !patched.error().is(ErrorKind::not_found)) co_return patched.error();
  }
  co_return co_await drop_finalizer(owner, orphan);
}

const kinds::Kind* GarbageReconciler::kind_of_owner(const Value& reference) const {
  auto id = kind_of_reference(reference);
  const kinds::Kind* kind = cluster_.catalog().find(id);
  return kind ? kind : cluster_.catalog().find_kind(id.group, id.kind);
}

bool GarbageReconciler::is_unresolvable(const Value& object, const Value& reference) const {
  const kinds::Kind* kind = kind_of_owner(reference);
  return kind && kind->namespaced && kinds::namespace_of(object).empty();
}

Task<Result<bool>> GarbageReconciler::owner_exists(std::string ns, Value reference) {
  const kinds::Kind* kind = kind_of_owner(reference);
  if (!kind) co_return true;  // a kind we do not know: never delete on a guess
  auto owner = co_await cluster_.get({kind->id, kind->namespaced ? ns : "", reference["name"].str()});
  if (owner.failed_with(ErrorKind::not_found)) co_return false;
  if (!owner) co_return owner.error();
  co_return kinds::uid_of(*owner) == reference["uid"].as_string();
}

Task<Result<>> GarbageReconciler::judge_owners(Value object) {
  std::string ns(kinds::namespace_of(object));
  for (const Value& reference : object["metadata"]["ownerReferences"].items()) {
    if (!is_unresolvable(object, reference)) continue;
    events_.record(object, "Warning", "OwnerRefInvalidNamespace",
                   fmt::format("ownerRef [{}/{}, namespace: {}, name: {}, uid: {}] does not exist in namespace \"{}\"",
                               reference["apiVersion"].as_string(), reference["kind"].as_string(), ns,
                               reference["name"].as_string(), reference["uid"].as_string(), ns));
    co_return Result<>();
  }
  std::vector<Value> kept;
  bool lost = false;
  for (const Value& reference : object["metadata"]["ownerReferences"].items()) {
    bool exists = OR_CO_RETURN(co_await owner_exists(ns, reference));
    if (exists) kept.push_back(reference);
    lost |= !exists;
  }
  if (!lost) co_return Result<>();
  if (!kept.empty()) {  // somebody still owns it: only forget the owners that are gone
    Value patch{{"metadata", Value{{"ownerReferences", Value::array(kept)}, {"uid", object["metadata"]["uid"]}}}};
    OR_CO_RETURN(co_await cluster_.write(cluster::merge_patch(ObjectKey::of(object), patch)));
    co_return Result<>();
  }
  bool in_foreground = has_finalizer(object, foreground);
  cluster::Write remove = cluster::remove(
      ObjectKey::of(object), in_foreground ? cluster::Propagation::foreground : cluster::Propagation::background);
  remove.uid = kinds::uid_of(object);
  OR_CO_RETURN(co_await cluster_.write(std::move(remove)));
  co_return Result<>();
}

Task<Result<>> GarbageReconciler::drop_finalizer(Value object, std::string finalizer) {
  std::vector<Value> kept;
  for (const Value& f : object["metadata"]["finalizers"].items()) {
    if (f.as_string() != finalizer) kept.push_back(f);
  }
  // With the resourceVersion: a finalizer that somebody adds meanwhile is not lost.
  Value patch{{"metadata", Value{{"finalizers", kept.empty() ? Value() : Value::array(kept)},
                                 {"resourceVersion", object["metadata"]["resourceVersion"]}}}};
  OR_CO_RETURN(co_await cluster_.write(cluster::merge_patch(ObjectKey::of(object), patch)));
  co_return Result<>();
}

}  // namespace slipway::workloads
