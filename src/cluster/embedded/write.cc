#include "base/text.h"
#include "cluster/embedded/embedded_cluster.h"
#include "cluster/embedded/errors.h"
#include "cluster/embedded/event_view.h"
#include "cluster/embedded/patched.h"

namespace slipway::cluster {

namespace {

bool offers(const kinds::Kind& kind, Verb verb) {
  std::string_view word = verb == Verb::create   ? "create"
                          : verb == Verb::update ? "update"
                          : verb == Verb::remove ? "delete"
                                                 : "patch";
  for (const std::string& offered : kind.verbs) {
    if (offered == word) return true;
  }
  return kind.verbs.empty();  // a table that names none offers all
}

bool has_subresource(const kinds::Kind& kind, std::string_view name) {
  for (const std::string& subresource : kind.subresources) {
    if (subresource == name) return true;
  }
  return false;
}

}  // namespace

Result<std::unique_ptr<Cluster>> make_embedded_cluster(World& world, store::Store& store, const kinds::Catalog& catalog,
                                                       EmbeddedOptions options) {
  auto addresses =
      OR_RETURN(ServiceAddresses::create(options.service_cidr, options.node_port_first, options.node_port_last));
  return std::unique_ptr<Cluster>(
      std::make_unique<EmbeddedCluster>(world, store, catalog, std::move(options), std::move(addresses)));
}

EmbeddedCluster::EmbeddedCluster(World& world, store::Store& store, const kinds::Catalog& catalog,
                                 EmbeddedOptions options, ServiceAddresses addresses)
    : world_(world),
      store_(store),
      catalog_(catalog),
      options_(std::move(options)),
      pods_(world, store),
      addresses_(std::move(addresses)) {
  // What is taken is written in the Services themselves.
  if (auto services = store_.list({.resource = "services"})) {
    for (const Value& service : services->items) addresses_.take(service);
  }
}

Task<Result<Written>> EmbeddedCluster::write(Write write) {
  const kinds::Kind* kind = catalog_.find(write.key.kind);
  if (!kind || !kind->served) co_return no_such_resource();
  if (is_event_view(kind->id)) co_return co_await write_event_view(*kind, std::move(write));
  Request request{*kind, std::move(write), {}};
  Result<Written> written = co_await route(request);
  if (written) {
    for (std::string& warning : request.warnings) written->warnings.push_back(std::move(warning));
  }
  co_return written;
}

// A write of the view is a write of the core Event; a patch is applied to what the view shows.
Task<Result<Written>> EmbeddedCluster::write_event_view(const kinds::Kind& kind, Write write) {
  bool patches = write.verb == Verb::patch;
  if (patches) {
    Value shown = OR_CO_RETURN(co_await get(write.key));
    write.body = OR_CO_RETURN(patched(kind, shown, write));
    write.verb = Verb::update;
    write.patch_type = PatchType::none;
  }
  if (write.verb == Verb::create || write.verb == Verb::update) {
    Request request{kind, write, {}};  // in the view's own words
    write.body = core_event_of(OR_CO_RETURN(decode(request)));
  }
  std::string name = write.key.name;
  write.key.kind = core_event;
  auto written = co_await this->write(std::move(write));
  if (written.failed_with(ErrorKind::not_found)) co_return no_such_object(kind, name);
  if (written) written->object = event_view_of(written->object);
  co_return written;
}

Task<Result<Written>> EmbeddedCluster::route(Request& request) {
  const Write& write = request.write;
  const std::string& subresource = write.subresource;
  if (write.verb == Verb::apply || write.patch_type == PatchType::apply) {
    co_return Error(ErrorKind::unsupported,
                    "server-side apply is not there yet in Slipway's embedded cluster; use client-side apply");
  }
  if (subresource.empty()) {
    if (!offers(request.kind, write.verb)) co_return no_such_method();
    switch (write.verb) {
      case Verb::create:
        co_return co_await create(request);
      case Verb::update:
        co_return co_await update(request);
      case Verb::patch:
      case Verb::apply:
        co_return co_await patch(request);
      case Verb::remove:
        co_return co_await remove(request);
    }
  }
  if (!has_subresource(request.kind, subresource)) co_return no_such_resource();
  bool changes = write.verb == Verb::update || write.verb == Verb::patch;
  if (subresource == "status" || subresource == "finalize" || subresource == "scale") {
    if (!changes) co_return no_such_method();
    if (subresource == "scale") co_return co_await scale(request);
    if (subresource == "finalize") co_return co_await finalize(request);
    if (write.verb == Verb::update) co_return co_await update(request);
    co_return co_await patch(request);
  }
  if (subresource == "binding" || subresource == "eviction") {
    if (write.verb != Verb::create) co_return no_such_method();
    if (subresource == "binding") co_return co_await bind(request);
    co_return co_await evict(request);
  }
  if (subresource == "token") {
    if (write.verb != Verb::create) co_return no_such_method();
    co_return co_await issue_token(request);
  }
  co_return fail(ErrorKind::unsupported, "writes to {}/{} are not there yet in Slipway's embedded cluster",
                 request.kind.plural, subresource);
}

Task<Result<Value>> EmbeddedCluster::admit(Request& request, const Value& before, Value object) {
  Admission::Request asked{request.kind, request.write, before};
  object = OR_CO_RETURN(co_await pods_.admit(asked, std::move(object), &request.warnings));
  for (Admission* admission : options_.admissions) {
    object = OR_CO_RETURN(co_await admission->admit(asked, std::move(object), &request.warnings));
  }
  co_return object;
}

store::Durability durability_of(const kinds::Kind& kind, std::string_view ns) {
  if (kind.id.kind == "Lease" && ns == "kube-node-lease") return store::Durability::memory;
  if (kind.plural == "events" && (kind.id.group.empty() || kind.id.group == "events.k8s.io")) {
    return store::Durability::ring;
  }
  return store::Durability::disk;
}

Value as_version(const kinds::Kind& kind, Value object) {
  if (object["apiVersion"].as_string() == kind.id.api_version()) return object;
  return object.with_member("apiVersion", kind.id.api_version());
}

Value stored_as(const kinds::Kind& kind, const std::optional<Value>& object) {
  return object && (*object)["apiVersion"].as_string() == kind.id.api_version() ? *object : Value();
}

}  // namespace slipway::cluster
