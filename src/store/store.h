// Store: every object of the cluster, in memory for reading and durable on disk, in one order of revisions.
// Reads are synchronous and lock-free on the loop's thread; a write returns when it is on the disk (group commit).
// Source of semantics: reference/cluster.md 1.3 (list and watch as Kubernetes 1.35 gives them).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/world.h"
#include "value/value.h"

namespace slipway::store {

using Revision = uint64_t;  // one counter for the whole store; 0: none

struct Key {
  std::string resource;  // "pods", "deployments.apps": Kind::group_resource()
  std::string ns;        // empty: cluster-scoped
  std::string name;
  bool operator==(const Key&) const = default;
  auto operator<=>(const Key&) const = default;
};

enum class Durability {
  disk,    // survives kill -9 and power loss
  memory,  // kube-node-lease leases: gone after a restart
  ring,    // Events: bounded, the oldest are dropped, written lazily
};

struct Change {
  Key key;
  std::optional<Value> object;       // absent: delete. The store writes metadata.resourceVersion into it
  std::optional<Revision> expected;  // revision that the stored one must have; 0: must not exist; absent: whatever
  Durability durability = Durability::disk;
};

enum class EventType { added, modified, deleted };
struct Event {
  EventType type;
  Key key;
  Value object;    // deleted: the last state, with the revision of the deletion
  Value previous;  // before the change; null when added
  Revision revision;
};

// Objects of one resource at one revision, in key order.
struct Listing {
  Revision revision;
  std::vector<Value> items;
  std::optional<std::string> next;  // key to continue after ("ns/name"), when the limit cut
  size_t remaining = 0;
};
struct ListQuery {
  std::string resource;
  std::string ns;     // empty: all namespaces
  Revision at = 0;    // 0: now. Older ones are kept for the history window (gone otherwise)
  std::string after;  // continue key
  size_t limit = 0;   // 0: no limit
  bool count = true;  // Listing::remaining; not counting, a page costs what it gives
  // Only this one, when it is there. As `controller`, of now, and costs what it gives.
  std::string name = {};
  // A uid: only what it controls, and what nobody controls (it may be adopted). Of now; `at`, `after` and `limit` do
  // not go with it. Costs what it gives, however much else there is.
  std::string controller = {};
};

// Events of one resource ("" all) after a revision, in order, none lost. A reader that falls too far behind gets
// `gone`.
class Subscription {
 public:
  virtual ~Subscription() = default;
  virtual Task<Result<Event>> next() = 0;       // gone: list again; canceled
  virtual std::optional<Event> try_next() = 0;  // what is already there
};

struct StoredObject {
  Key key;
  Revision revision;
  bool ring = false;
  Value object;
};
struct Snapshot {
  Revision given = 0;  // none above was given out
  std::vector<StoredObject> objects;
};
struct KeyRotation {
  std::string key;     // the id of the new one
  size_t objects = 0;  // that were sealed anew
};

struct WriteFailure {
  WallTime when;
  Error error;
};

class Store {
 public:
  virtual ~Store() = default;
  virtual Revision revision() const = 0;  // of the last visible write
  virtual std::optional<Value> get(const Key& key) const = 0;
  // The newest state including writes not yet durable: for preconditions of the next write.
  virtual std::optional<Value> latest(const Key& key) const = 0;
  virtual Result<Listing> list(const ListQuery& query) const = 0;
  virtual Result<std::unique_ptr<Subscription>> subscribe(std::string resource, Revision after) = 0;
  // All changes or none, durable when it returns; gives the objects as stored (deleted ones: the last state). Each
  // change has a revision of its own. Preconditions are judged before the first suspension, against latest(), so a
  // caller that awaits nothing between latest() and commit() cannot lose a race. A key may stand in one change only.
  // Errors: conflict (expected), already_exists, not_found, io (disk full, read-only: nothing was written, reads go on;
  // what was committed on top of a write that failed fails with it). Canceled: the write may still happen.
  virtual Task<Result<std::vector<Value>>> commit(std::vector<Change> changes) = 0;
  // Of the newest write to the disk; null: it did not fail.
  virtual const WriteFailure* write_failure() const = 0;
  virtual std::vector<std::string> resources() const = 0;  // those that have objects
  virtual size_t count(const std::string& resource) const = 0;
  // All that is on the disk (or on its way there), at one moment: for a backup. Cheap: objects are shared.
  virtual Snapshot snapshot() const = 0;
  // A new key: every Secret is sealed anew with it, and the older keys are forgotten. Other writes wait meanwhile.
  // Errors: unsupported (no key file); io: some key of the file opens every Secret then; call it again.
  virtual Task<Result<KeyRotation>> rotate_keys() = 0;
  // Waits for what is being written, writes the ring, ends all subscriptions. Call it before the store is destroyed; no
  // call after it.
  virtual Task<Result<>> close() = 0;
};

struct StoreOptions {
  std::string path;      // database file; empty: memory only
  std::string key_file;  // Secrets are sealed with its keys (made when missing); empty: nothing is sealed
  size_t event_ring_max = 5000;
  size_t history_events_max = 100'000;  // watch window, all resources together
  Duration history_time_max = 10min;
  size_t history_bytes_max = 32 << 20;  // of old object versions that only the window keeps alive
};
// Opens or creates. Secrets that an older Slipway wrote in clear are sealed, and wiped from the file, before it
// returns. Errors: io; a damaged database, or one whose keys are missing, is refused with the way out, never guessed
// around.
Task<Result<std::unique_ptr<Store>>> open_store(World& world, StoreOptions options);

}  // namespace slipway::store
