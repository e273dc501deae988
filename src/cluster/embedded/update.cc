#include "base/text.h"
#include "cluster/embedded/embedded_cluster.h"
#include "cluster/embedded/errors.h"
#include "cluster/embedded/object_size.h"

namespace slipway::cluster {

namespace {

// The same as stored, so nothing is written and the revision stays.
bool changes_nothing(const Value& before, const Value& after) {
  return before == after;
}

bool names_revision(const Request& request) {
  std::string revision = request.write.body["metadata"]["resourceVersion"].str();
  return request.write.resource_version || (request.write.verb == Verb::update && !revision.empty() && revision != "0");
}

}  // namespace

Task<Result<Written>> EmbeddedCluster::update(Request& request) {
  // Our own parts change what they read: most of it is the stored object itself.
  Value stored = stored_as(request.kind, store_.latest(request.key()));
  Value wanted = OR_CO_RETURN(decode(request, stored));
  wanted = OR_CO_RETURN(agree(request, std::move(wanted)));
  Part part = request.write.subresource == "status" ? Part::status
              : request.kind.status_subresource()   ? Part::main
                                                    : Part::everything;
  wanted = kinds::apply_defaults(request.kind, std::move(wanted), stored);
  for (int attempt = 1;; ++attempt) {
    auto before = store_.latest(request.key());
    if (!before) {
      if (request.kind.create_on_update && part != Part::status) co_return co_await create(request);
      co_return no_such_object(request.kind, request.write.key.name);
    }
    auto written = co_await replace(request, kinds::converted(request.kind, *before), wanted, part);
    bool again = written.failed_with(ErrorKind::conflict) && !names_revision(request) && attempt < attempts_max;
    if (!again) co_return written;
  }
}

Task<Result<Written>> EmbeddedCluster::replace(Request& request, Value before, Value wanted, Part part) {
  const kinds::Kind& kind = request.kind;
  OR_CO_RETURN(check_preconditions(request, before, wanted));
  Value after = prepare_for_update(kind, before, std::move(wanted), part);
  after = metadata_for_update(kind, before, std::move(after), part);
  after = OR_CO_RETURN(co_await admit(request, before, std::move(after)));
  after = OR_CO_RETURN(addresses_.assign(kind, std::move(after), before, world_.random(), request.dry_run()));
  auto causes = kinds::validate(kind, after, &before);
  if (!causes.empty()) {
    if (!request.dry_run()) addresses_.release(after, before);
    co_return kinds::invalid(kind, kinds::name_of(before), std::move(causes));
  }
  if (auto admitted = check_admitted(request, before, after, kinds::name_of(before)); !admitted) {
    if (!request.dry_run()) addresses_.release(after, before);
    co_return std::move(admitted).error();
  }
  auto written = co_await put(request, before, after);
  if (request.dry_run()) co_return written;
  if (written) {
    addresses_.release(before, written->removed ? Value() : after);
  } else {
    addresses_.release(after, before);
  }
  co_return written;
}

Task<Result<Written>> EmbeddedCluster::put(Request& request, Value before, Value after) {
  if (changes_nothing(before, after)) co_return Written{.object = kinds::converted(request.kind, before)};
  if (may_go(request.kind, before, after)) co_return co_await remove_now(request, before, after);
  if (request.dry_run()) co_return Written{.object = kinds::converted(request.kind, after)};
  OR_CO_RETURN(check_size(request.kind, after, before));
  std::string name(kinds::name_of(before));
  std::vector<store::Change> changes;
  changes.push_back(
      {request.key(name), after, kinds::revision_of(before), durability_of(request.kind, request.write.key.ns)});
  auto stored = co_await store_.commit(std::move(changes));
  if (stored) co_return Written{.object = kinds::converted(request.kind, std::move(stored->front()))};
  if (stored.failed_with(ErrorKind::conflict)) co_return changed_meanwhile(request.kind, name);
  if (stored.failed_with(ErrorKind::not_found)) co_return no_such_object(request.kind, name);
  co_return std::move(stored).error();
}

// `last` is what the client sees: the state that let it go.
Task<Result<Written>> EmbeddedCluster::remove_now(Request& request, Value before, Value last) {
  Written written{.object = kinds::converted(request.kind, last), .removed = true};
  if (request.dry_run()) co_return written;
  std::string name(kinds::name_of(before));
  std::vector<store::Change> changes;
  changes.push_back({request.key(name), std::nullopt, kinds::revision_of(before)});
  auto stored = co_await store_.commit(std::move(changes));
  if (stored) {
    addresses_.release(before, Value());
    co_return written;
  }
  if (stored.failed_with(ErrorKind::conflict)) co_return changed_meanwhile(request.kind, name);
  if (stored.failed_with(ErrorKind::not_found)) co_return no_such_object(request.kind, name);
  co_return std::move(stored).error();
}

}  // namespace slipway::cluster
