// EmbeddedCluster: the write path, one file for each concern.
//
//   write.cc              which way a write goes, and admission
//   create.cc             new objects, generateName
//   update.cc             PUT, and what all changes share
//   patch.cc              JSON, merge and strategic-merge patches
//   delete.cc             grace, finalizers, propagation
//   subresources.cc       scale, binding, eviction, finalize
//   token_request.cc      a ServiceAccount's tokens
//   decode.cc             body to object; fields that nobody knows
//   metadata.cc           what only the server may write
//   prepare.cc            what single kinds need beyond their tables
//   namespaces.cc         a namespace that is there and stays
//   service_addresses.cc  ClusterIPs and node ports
//   list.cc, watch.cc     reads
#pragma once

#include "cluster/embedded/admission/limits.h"
#include "cluster/embedded/admission/pods.h"
#include "cluster/embedded/embedded.h"
#include "cluster/embedded/service_addresses.h"
#include "kinds/conversion.h"

namespace slipway::cluster {

// Which part of an object a write may change.
enum class Part { main, status, everything };

// One write on its way. Lives in the frame of write().
struct Request {
  const kinds::Kind& kind;
  Write write;
  std::vector<std::string> warnings;

  bool dry_run() const { return write.dry_run; }
  store::Key key(std::string_view name) const { return {kind.group_resource(), write.key.ns, std::string(name)}; }
  store::Key key() const { return key(write.key.name); }
};

class EmbeddedCluster final : public Cluster {
 public:
  EmbeddedCluster(World& world, store::Store& store, const kinds::Catalog& catalog, EmbeddedOptions options,
                  ServiceAddresses addresses);

  Task<Result<Value>> get(ObjectKey key) override;
  Task<Result<List>> list(GroupVersionKind kind, ListOptions options) override;
  Task<Result<std::unique_ptr<Watch>>> watch(GroupVersionKind kind, WatchOptions options) override;
  Task<Result<Written>> write(Write write) override;
  const kinds::Catalog& catalog() const override { return catalog_; }

 private:
  Task<Result<Written>> route(Request& request);

  Task<Result<Written>> write_converted(const kinds::Kind& kind, const kinds::Conversion& conversion, Write asked);

  Task<Result<Written>> create(Request& request);
  Task<Result<Written>> update(Request& request);
  Task<Result<Written>> patch(Request& request);
  Task<Result<Written>> remove(Request& request);
  Task<Result<Written>> scale(Request& request);
  Task<Result<Written>> bind(Request& request);
  Task<Result<Written>> evict(Request& request);
  Task<Result<>> book_disruption(Request& request, Value pod);
  Task<Result<Written>> finalize(Request& request);
  Task<Result<Written>> issue_token(Request& request);

  // Brings `wanted` (decoded, defaulted) in the place of `before` through the steps that all changes share. Error:
  // conflict with retryable() when the stored object changed meanwhile and the client did not name a revision.
  Task<Result<Written>> replace(Request& request, Value before, Value wanted, Part part);
  // The same for an object that the server itself changed: no decoding, no admission, no validation.
  Task<Result<Written>> put(Request& request, Value before, Value after);
  Task<Result<Written>> remove_now(Request& request, Value before, Value last);

  Task<Result<Value>> admit(Request& request, const Value& before, Value object);
  // What admission has to say of an object that is valid otherwise.
  Result<> check_admitted(Request& request, const Value& before, const Value& object, std::string_view name) const;
  Result<> check_namespace(const Request& request, std::string_view name) const;
  Task<Result<uint64_t>> wait_for_revision(uint64_t revision);

  World& world_;
  store::Store& store_;
  const kinds::Catalog& catalog_;
  const EmbeddedOptions options_;
  PodAdmission pods_;
  LimitAdmission limits_;
  ServiceAddresses addresses_;
};

// How often a write that lost a race against another one is tried again, when its client named no revision.
inline constexpr int attempts_max = 5;

store::Durability durability_of(const kinds::Kind& kind, std::string_view ns);
// What went through this very kind's steps before it was stored; null: nothing did, or those of another version.
Value stored_as(const kinds::Kind& kind, const std::optional<Value>& object);

// decode.cc
// The body as an object of the kind; unknown and duplicate fields are refused or become warnings.
// `stored`: what is there, or null; what the body shares with it is not looked at again.
Result<Value> decode(Request& request, const Value& stored = {});
// A patched object: the same, with the texts that a PATCH has.
Result<Value> decode_patched(Request& request, Value object, const Value& stored);
// Name and namespace of body and address must agree; fills in what only one of them says.
Result<Value> agree(Request& request, Value object);

// delete.cc: what a deletion or an eviction asks of the object.
Result<> check_delete_preconditions(const Request& request, const Value& object);

// metadata.cc
Value metadata_for_create(World& world, const kinds::Kind& kind, Value object, std::string_view ns,
                          std::string_view name);
Value metadata_for_update(const kinds::Kind& kind, const Value& before, Value after, Part part);
// Preconditions that the body or the write carries.
Result<> check_preconditions(const Request& request, const Value& before, const Value& wanted);
// A patched object is still the one that it was. Error: invalid.
Result<> check_uid_unchanged(const kinds::Kind& kind, const Value& before, const Value& wanted);
bool is_deleting(const Value& object);
// Marked for deletion and nothing holds it any more.
bool may_go(const kinds::Kind& kind, const Value& before, const Value& after);
Value mark_deleting(Value object, WallTime when, int64_t grace_s);

// prepare.cc
Value prepare_for_create(const kinds::Kind& kind, Value object, WallTime now);
// What follows from the name and the uid of a new object.
Value prepare_identified(const kinds::Kind& kind, Value object);
Value prepare_for_update(const kinds::Kind& kind, const Value& before, Value after, Part part);
// A pod with the class that follows from what its containers ask for.
Value with_quality(Value pod);

}  // namespace slipway::cluster
