// Source: kube-controller-manager 1.35, pkg/controller/namespace (conditions and their texts), serviceaccount,
// rootcacertpublisher.
#include "workloads/namespaces/namespaces.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cluster/watched_kinds.h"
#include "workloads/kinds.h"
#include "workloads/pods.h"

namespace slipway::workloads {

using cluster::ObjectKey;
using reconcile::Outcome;

constexpr Duration rest_first = 500ms, rest_max = 60s;

void NamespaceReconciler::watch(reconcile::Cache& cache, Enqueue enqueue) {
  reconcile::wake_self(cache, namespace_kind, enqueue);
  auto wake_namespace = [enqueue](const Value& before, const Value& after) {
    if (!after.is_null() && !before.is_null() && before["data"] == after["data"]) return;
    const Value& object = after.is_null() ? before : after;
    auto name = kinds::name_of(object);
    if (name == "default" || name == "kube-root-ca.crt") {
      enqueue({namespace_kind, "", std::string(kinds::namespace_of(object))});
    }
  };
  cache.on_change(service_account_kind, wake_namespace);
  cache.on_change(config_map_kind, wake_namespace);
  auto gone = [&cache, enqueue](const Value& before, const Value& after) {
    if (!after.is_null()) return;
    ObjectKey key{namespace_kind, "", std::string(kinds::namespace_of(before))};
    const Value* ns = cache.get(key);
    if (ns && is_terminating(*ns)) enqueue(key);
  };
  for (const auto& kind : cluster::watched_kinds(cluster_.catalog())) {
    if (cluster_.catalog().find(kind)->namespaced) cache.on_change(kind, gone);
  }
}

std::vector<cluster::GroupVersionKind> NamespaceReconciler::needs() const {
  return cluster::watched_kinds(cluster_.catalog());
}

Task<Outcome> NamespaceReconciler::reconcile(ObjectKey key) {
  auto found = co_await cluster_.get(key);
  if (found.failed_with(ErrorKind::not_found)) {
    waiting_.erase(key.name);
    co_return Outcome::done();
  }
  if (!found) co_return Outcome::failed(found.error());
  if (!is_terminating(*found)) {
    auto furnished = co_await furnish(key.name);
    if (!furnished) co_return Outcome::failed(furnished.error());
    co_return Outcome::done();
  }
  auto emptied = co_await empty(*found);
  if (!emptied) co_return Outcome::failed(emptied.error());
  // What is left waits for finalizers of others. Its end wakes us, unless the cache does not hold its kind: look again.
  if (!emptied->empty()) co_return Outcome::again_after(rest_of(key.name, *emptied));
  waiting_.erase(key.name);
  std::vector<Value> finalizers;
  for (const Value& finalizer : (*found)["spec"]["finalizers"].items()) {
    if (finalizer.as_string() != "kubernetes") finalizers.push_back(finalizer);
  }
  Value next = found->with("/spec/finalizers", finalizers.empty() ? Value() : Value::array(finalizers));
  auto written = co_await cluster_.write(cluster::update(next.without("/metadata/resourceVersion"), "finalize"));
  if (!written && !written.error().is(ErrorKind::not_found)) co_return Outcome::failed(written.error());
  co_return Outcome::done();
}

// Each look lists every kind: later and later while nothing moves.
Duration NamespaceReconciler::rest_of(const std::string& ns, const std::string& left) {
  Waiting& waiting = waiting_[ns];
  bool moved = waiting.left != left;
  waiting.rest = moved ? rest_first : std::min(waiting.rest * 2, rest_max);
  waiting.left = left;
  return waiting.rest;
}

Task<Result<>> NamespaceReconciler::furnish(std::string ns) {
  ObjectKey account{service_account_kind, ns, "default"};
  auto has_account = co_await cluster_.get(account);
  if (has_account.failed_with(ErrorKind::not_found)) {
    Value object{
        {"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"metadata", Value{{"name", "default"}, {"namespace", ns}}}};
    auto made = co_await cluster_.write(cluster::create(object));
    if (!made && !made.error().is(ErrorKind::already_exists)) co_return made.error();
  }
  Value wanted{{"ca.crt", ca_pem_}};
  auto has_ca = co_await cluster_.get({config_map_kind, ns, "kube-root-ca.crt"});
  if (has_ca.failed_with(ErrorKind::not_found)) {
    Value annotations{
        {"kubernetes.io/description",
         "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints "
         "such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across "
         "distributions of Kubernetes clusters."}};
    Value object{{"apiVersion", "v1"},
                 {"kind", "ConfigMap"},
                 {"metadata", Value{{"name", "kube-root-ca.crt"}, {"namespace", ns}, {"annotations", annotations}}},
                 {"data", wanted}};
    auto made = co_await cluster_.write(cluster::create(object));
    if (!made && !made.error().is(ErrorKind::already_exists)) co_return made.error();
  } else if (has_ca && !((*has_ca)["data"] == wanted)) {
    OR_CO_RETURN(co_await cluster_.write(cluster::update(has_ca->with_member("data", wanted))));
  }
  co_return Result<>();
}

Task<Result<std::string>> NamespaceReconciler::empty(Value object) {
  std::string ns(kinds::name_of(object));
  std::vector<const kinds::Kind*> namespaced;
  for (const kinds::Kind* kind : cluster_.catalog().all()) {
    bool deletable = std::find(kind->verbs.begin(), kind->verbs.end(), "delete") != kind->verbs.end();
    if (kind->namespaced && deletable && cluster_.catalog().find_kind(kind->id.group, kind->id.kind) == kind) {
      namespaced.push_back(kind);
    }
  }
  // Pods first: what they use (secrets, claims) must outlive them.
  auto pods =
      std::find_if(namespaced.begin(), namespaced.end(), [](const kinds::Kind* k) { return k->id == pod_kind; });
  if (pods != namespaced.end()) std::rotate(namespaced.begin(), pods, pods + 1);
  std::map<std::string, size_t> left, with_finalizers;
  for (const kinds::Kind* kind : namespaced) {
    auto list = co_await cluster_.list(kind->id, cluster::ListOptions{.ns = ns});
    if (!list) co_return list.error();
    for (const Value& item : list->items) {
      if (!is_terminating(item)) {
        auto removed = co_await cluster_.write(cluster::remove(ObjectKey::of(item)));
        if (removed && removed->removed) continue;
        if (removed.failed_with(ErrorKind::not_found)) continue;
        if (!removed) co_return removed.error();
      }
      ++left[fmt::format("{}.{}", kind->plural, kind->id.group)];
      for (const Value& finalizer : item["metadata"]["finalizers"].items()) ++with_finalizers[finalizer.str()];
    }
    if (kind->id == pod_kind && !left.empty()) break;
  }
  auto say = [](const std::map<std::string, size_t>& counts, std::string_view pattern) {
    std::string text;
    for (const auto& [name, count] : counts) {
      text += fmt::format("{}{}{}{} resource instances", text.empty() ? "" : ", ", name, pattern, count);
    }
    return text;
  };
  Value conditions = object["status"]["conditions"];
  WallTime now = world_.now();
  auto set = [&](const char* type, bool on, const char* reason, const std::string& message) {
    conditions = reconcile::set_condition(conditions, type, on ? "True" : "False", reason, message, now);
  };
  set("NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered", "All resources successfully discovered");
  set("NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions",
      "All legacy kube types successfully parsed");
  set("NamespaceDeletionContentFailure", false, "ContentDeleted",
      "All content successfully deleted, may be waiting on finalization");
  set("NamespaceContentRemaining", !left.empty(), left.empty() ? "ContentRemoved" : "SomeResourcesRemain",
      left.empty() ? "All content successfully removed" : "Some resources are remaining: " + say(left, " has "));
  set("NamespaceFinalizersRemaining", !with_finalizers.empty(),
      with_finalizers.empty() ? "ContentHasNoFinalizers" : "SomeFinalizersRemain",
      with_finalizers.empty()
          ? "All content-preserving finalizers finished"
          : "Some content in the namespace has finalizers remaining: " + say(with_finalizers, " in "));
  if (!left.empty() && !(conditions == object["status"]["conditions"])) {
    auto written = co_await cluster_.write(cluster::update(object.with("/status/conditions", conditions), "status"));
    if (!written && !written.error().is(ErrorKind::conflict)) co_return written.error();
  }
  co_return say(left, " has ");
}

}  // namespace slipway::workloads
