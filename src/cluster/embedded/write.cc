#include "base/text.h"
#include "cluster/embedded/embedded_cluster.h"
#include "cluster/embedded/errors.h"
#include "cluster/embedded/patched.h"
#include "kinds/conversion.h"

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
      limits_(store),
      addresses_(std::move(addresses)) {
  // What is taken is written in the Services themselves.
  if (auto services = store_.list({.resource = "services"})) {
    for (const Value& service : services->items) addresses_.take(service);
  }
}

Task<Result<Written>> EmbeddedCluster::write(Write write) {
  const kinds::Kind* kind = catalog_.find(write.key.kind);
  if (!kind || !kind->served) co_return no_such_resource();
  if (const kinds::Conversion* conversion = kinds::conversion_of(kind->id))
    co_return co_await write_converted(*kind, *conversion, std::move(write));
  Request request{*kind, std::move(write), {}};
  Result<Written> written = co_await route(request);
  if (written) {
    for (std::string& warning : request.warnings) written->warnings.push_back(std::move(warning));
  }
  co_return written;
}

// A write in another form than the one that is kept is decoded in its own words, then a write of the kept form; a patch
// is applied to what its client sees.
Task<Result<Written>> EmbeddedCluster::write_converted(const kinds::Kind& kind, const kinds::Conversion& conversion,
                                                       Write asked) {
  for (int attempt = 1;; ++attempt) {
    Request request{kind, asked, {}};
    Write write = asked;
    bool names_revision = asked.uid || asked.resource_version;
    bool patches = asked.verb == Verb::patch && asked.patch_type != PatchType::apply;
    if (patches) {
      Value shown = OR_CO_RETURN(co_await get(asked.key));
      Value changed = OR_CO_RETURN(patched(kind, shown, asked));
      names_revision |= changed["metadata"]["resourceVersion"] != shown["metadata"]["resourceVersion"];
      write.body = OR_CO_RETURN(decode_patched(request, std::move(changed), {}));
      OR_CO_RETURN(check_uid_unchanged(kind, shown, write.body));
      write.verb = Verb::update;
      write.patch_type = PatchType::none;
    } else if (asked.verb == Verb::create || asked.verb == Verb::update) {
      write.body = OR_CO_RETURN(decode(request));
    }
    if (write.verb == Verb::create || write.verb == Verb::update) {
      write.body = conversion.to_kept(kinds::apply_defaults(kind, std::move(write.body)));
      write.duplicate_fields.clear();  // told already
    }
    write.key.kind = conversion.kept;
    auto written = co_await this->write(std::move(write));
    if (patches && written.failed_with(ErrorKind::conflict) && !names_revision && attempt < attempts_max) continue;
    if (written.failed_with(ErrorKind::not_found)) co_return no_such_object(kind, asked.key.name);
    if (!written) co_return written;
    if (!written->object.is_null()) written->object = kinds::converted(kind, std::move(written->object));
    written->warnings.insert(written->warnings.begin(), request.warnings.begin(), request.warnings.end());
    co_return written;
  }
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
  if (!object.is_null()) object = limits_.with_defaults(asked, std::move(object));
  object = OR_CO_RETURN(co_await pods_.admit(asked, std::move(object), &request.warnings));
  for (Admission* admission : options_.admissions) {
    object = OR_CO_RETURN(co_await admission->admit(asked, std::move(object), &request.warnings));
  }
  co_return object;
}

Result<> EmbeddedCluster::check_admitted(Request& request, const Value& before, const Value& object,
                                         std::string_view name) const {
  return limits_.check({request.kind, request.write, before}, object, name);
}

store::Durability durability_of(const kinds::Kind& kind, std::string_view ns) {
  if (kind.id.kind == "Lease" && ns == "kube-node-lease") return store::Durability::memory;
  if (kind.plural == "events" && (kind.id.group.empty() || kind.id.group == "events.k8s.io")) {
    return store::Durability::ring;
  }
  return store::Durability::disk;
}

Value stored_as(const kinds::Kind& kind, const std::optional<Value>& object) {
  return object && (*object)["apiVersion"].as_string() == kind.id.api_version() ? *object : Value();
}

}  // namespace slipway::cluster
