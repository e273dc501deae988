#include "workloads/endpoints/endpoints.h"

#include "workloads/kinds.h"
#include "workloads/pods.h"

namespace slipway::workloads {

using cluster::ObjectKey;
using reconcile::Outcome;

void EndpointsReconciler::watch(reconcile::Cache& cache, Enqueue enqueue) {
  reconcile::wake_self(cache, service_kind, enqueue);
  reconcile::wake_owner(cache, endpoint_slice_kind, service_kind, enqueue);
  cache.on_change(endpoints_kind, [enqueue](const Value& before, const Value& after) {
    const Value& object = after.is_null() ? before : after;
    enqueue({service_kind, std::string(kinds::namespace_of(object)), std::string(kinds::name_of(object))});
  });
  cache.on_change(pod_kind, [&cache, enqueue](const Value& before, const Value& after) {
    const Value& pod = after.is_null() ? before : after;
    for (const Value& service : cache.list(service_kind, kinds::namespace_of(pod))) {
      const Value& map = service["spec"]["selector"];
      if (map.empty()) continue;
      auto selector = kinds::Selector::from_map(map);
      if (selector.matches(before["metadata"]["labels"]) || selector.matches(after["metadata"]["labels"])) {
        enqueue(ObjectKey::of(service));
      }
    }
  });
}

std::vector<cluster::GroupVersionKind> EndpointsReconciler::needs() const {
  return {service_kind, pod_kind, endpoints_kind, endpoint_slice_kind};
}

Task<Outcome> EndpointsReconciler::reconcile(ObjectKey key) {
  auto service = co_await cluster_.get(key);
  if (service.failed_with(ErrorKind::not_found)) {
    ObjectKey endpoints{endpoints_kind, key.ns, key.name};
    auto there = co_await cluster_.get(endpoints);
    if (there && (*there)["metadata"]["labels"].has("endpoints.kubernetes.io/managed-by")) {
      auto removed = co_await cluster_.write(cluster::remove(endpoints));
      if (!removed && !removed.error().is(ErrorKind::not_found)) co_return Outcome::failed(removed.error());
    }
    co_return Outcome::done();  // the slices go with their owner
  }
  if (!service) co_return Outcome::failed(service.error());
  // Without a selector the endpoints are somebody else's to write.
  bool outside = (*service)["spec"]["type"].as_string() == "ExternalName";
  if (outside || (*service)["spec"]["selector"].empty() || is_terminating(*service)) co_return Outcome::done();
  auto pods = co_await cluster_.list(pod_kind, cluster::ListOptions{.ns = key.ns});
  if (!pods) co_return Outcome::failed(pods.error());
  auto selector = kinds::Selector::from_map((*service)["spec"]["selector"]);
  std::erase_if(pods->items, [&](const Value& pod) { return !selector.matches(pod["metadata"]["labels"]); });
  auto endpoints = co_await write_endpoints(*service, pods->items);
  if (!endpoints) co_return Outcome::failed(endpoints.error());
  auto slices = co_await write_slices(*service, std::move(pods->items));
  if (!slices) co_return Outcome::failed(slices.error());
  co_return Outcome::done();
}

Task<Result<>> EndpointsReconciler::write_endpoints(Value service, std::vector<Value> pods) {
  Value wanted = endpoints_for(service, pods);
  auto there = co_await cluster_.get(ObjectKey::of(wanted));
  if (there.failed_with(ErrorKind::not_found)) {
    auto made = co_await cluster_.write(cluster::create(with_trigger_time(service, pods, Value(), wanted)));
    if (!made && !made.error().is(ErrorKind::not_found)) co_return made.error();
    co_return Result<>();
  }
  if (!there) co_return there.error();
  if ((*there)["subsets"] == wanted["subsets"] && (*there)["metadata"]["labels"] == wanted["metadata"]["labels"]) {
    co_return Result<>();
  }
  Value next = there->with("/metadata/labels", wanted["metadata"]["labels"]).with_member("subsets", wanted["subsets"]);
  next = with_trigger_time(service, pods, *there, std::move(next));
  OR_CO_RETURN(co_await cluster_.write(cluster::update(next)));
  co_return Result<>();
}

Task<Result<>> EndpointsReconciler::write_slices(Value service, std::vector<Value> pods) {
  cluster::ListOptions options{.ns = std::string(kinds::namespace_of(service)),
                               .controller = std::string(kinds::uid_of(service))};
  options.label_selector = "kubernetes.io/service-name=" + std::string(kinds::name_of(service)) +
                           ",endpointslice.kubernetes.io/managed-by=endpointslice-controller.k8s.io";
  auto existing = co_await cluster_.list(endpoint_slice_kind, options);
  if (!existing) co_return existing.error();
  std::erase_if(existing->items, [&](const Value& slice) { return !is_controlled_by(slice, service); });
  std::vector<Value> wanted = slices_for(service, pods, existing->items);
  for (size_t i = 0; i < existing->items.size(); ++i) {
    const Value& there = existing->items[i];
    if (i >= wanted.size()) {
      auto removed = co_await cluster_.write(cluster::remove(ObjectKey::of(there)));
      if (!removed && !removed.error().is(ErrorKind::not_found)) co_return removed.error();
      continue;
    }
    bool same = there["endpoints"] == wanted[i]["endpoints"] && there["ports"] == wanted[i]["ports"] &&
                there["metadata"]["labels"] == wanted[i]["metadata"]["labels"];
    if (same || (there["endpoints"].empty() && wanted[i]["endpoints"].empty() && there["ports"].empty() &&
                 wanted[i]["ports"].empty())) {
      continue;
    }
    Value next = there.with("/metadata/labels", wanted[i]["metadata"]["labels"])
                     .with_member("endpoints", wanted[i]["endpoints"])
                     .with_member("ports", wanted[i]["ports"]);
    next = with_trigger_time(service, pods, there, std::move(next));
    OR_CO_RETURN(co_await cluster_.write(cluster::update(next)));
  }
  for (size_t i = existing->items.size(); i < wanted.size(); ++i) {
    auto made = co_await cluster_.write(cluster::create(with_trigger_time(service, pods, Value(), wanted[i])));
    if (!made && !made.error().is(ErrorKind::not_found)) co_return made.error();
  }
  co_return Result<>();
}

}  // namespace slipway::workloads
