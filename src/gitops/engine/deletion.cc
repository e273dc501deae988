// An Application that is being deleted takes its objects with it, when its finalizer says so
// (reference/gitops.md 4.11).
#include <algorithm>

#include "base/text.h"
#include "gitops/application/tracking.h"
#include "gitops/engine/reconciler.h"

namespace slipway::gitops {

using cluster::ObjectKey;
using reconcile::Outcome;

namespace {

struct Cascade {
  std::string finalizer;  // empty: the objects stay
  cluster::Propagation propagation = cluster::Propagation::foreground;
};

Cascade cascade_of(const Value& application) {
  for (const Value& finalizer : application["metadata"]["finalizers"].items()) {
    std::string text = finalizer.str();
    if (text == cascade_finalizer || text == std::string(cascade_finalizer) + "/foreground") return {text};
    if (text == std::string(cascade_finalizer) + "/background") return {text, cluster::Propagation::background};
  }
  return {};
}

bool stays(const Value& object, const Application& app, const ObjectKey& self) {
  ObjectKey key = ObjectKey::of(object);
  if (key == self || key.kind.kind == "CustomResourceDefinition") return true;
  auto tracking = TrackingId::of(object);
  if (!tracking || !tracking->names(object)) return true;
  if (app.options.has("Delete=false") || SyncOptions::from_annotation(object).has("Delete=false")) return true;
  return object["metadata"]["annotations"]["helm.sh/resource-policy"].as_string() == "keep";
}

}  // namespace

Task<Outcome> ApplicationReconciler::remove_all(Pass& pass) {
  Cascade cascade = cascade_of(pass.object);
  if (cascade.finalizer.empty()) co_return Outcome::done();
  auto listed = co_await live_.managed(pass.app.tracking_name, pass.object["status"]["resources"]);
  if (!listed) co_return Outcome::failed(listed.error());
  std::vector<Value> objects;
  bool going = false;
  int64_t wave = 0;
  for (Value& object : *listed) {
    if (stays(object, pass.app, pass.key)) continue;
    wave = objects.empty() ? wave_of(object) : std::max(wave, wave_of(object));
    going = going || !object["metadata"]["deletionTimestamp"].is_null();
    objects.push_back(std::move(object));
  }
  if (objects.empty()) {
    ArrayBuilder left;
    for (const Value& finalizer : pass.object["metadata"]["finalizers"].items()) {
      if (finalizer.as_string() != cascade.finalizer) left.push(finalizer);
    }
    Value metadata{{"finalizers", left.build()}, {"resourceVersion", pass.object["metadata"]["resourceVersion"]}};
    auto written = co_await cluster_.write(cluster::merge_patch(pass.key, Value{{"metadata", metadata}}));
    if (!written && !written.failed_with(ErrorKind::not_found)) co_return Outcome::failed(written.error());
    co_return Outcome::done();
  }
  if (going) co_return Outcome::done();  // their end wakes us

  std::vector<std::string> problems;
  for (const Value& object : objects) {
    if (wave_of(object) != wave) continue;
    ObjectKey key = ObjectKey::of(object);
    auto removed = co_await cluster_.write(cluster::remove(key, cascade.propagation));
    if (removed) {
      live_.wrote(key, removed->removed ? Value() : removed->object);
    } else if (!removed.failed_with(ErrorKind::not_found)) {
      problems.push_back(key.str() + ": " + removed.error().str());
    }
  }
  if (problems.empty()) co_return Outcome::again_after(0s);
  std::string text = base::join(problems, "; ");
  events_.record(pass.object, "Warning", "StatusRefreshed", "Unable to delete application resources: " + text);
  Value before = pass.object["status"].is_object() ? pass.object["status"] : Value::object();
  Value conditions = conditions_of(before["conditions"], {{"DeletionError", text}}, world_.now());
  auto told = co_await patch(pass, before.with_member("conditions", conditions), Value::object());
  if (!told) co_return Outcome::failed(told.error());
  co_return Outcome::failed(fail(ErrorKind::unavailable, "deleting what {} manages: {}", pass.key.str(), text));
}

}  // namespace slipway::gitops
