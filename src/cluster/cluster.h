// Cluster: the only way to a cluster's objects, embedded (a function call into the store) or remote (a kubeconfig). The
// GitOps engine and the platform controllers cannot tell which one they hold.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kinds/object.h"
#include "runtime/world.h"
#include "value/value.h"

namespace slipway::cluster {

using kinds::GroupVersionKind;

// Of the API that the embedded cluster serves.
inline constexpr std::string_view kubernetes_version = "v1.35.4+slipway";

struct ObjectKey {
  GroupVersionKind kind;
  std::string ns;  // empty: cluster-scoped
  std::string name;
  std::string str() const;  // "Deployment.apps shop/web"
  static ObjectKey of(const Value& object);
  bool operator==(const ObjectKey&) const = default;
  auto operator<=>(const ObjectKey&) const = default;
};

struct ListOptions {
  std::string ns;  // empty: all
  std::string label_selector, field_selector;
  std::optional<uint64_t> resource_version;
  std::string resource_version_match;  // "", "Exact", "NotOlderThan"
  size_t limit = 0;
  std::string continue_token;
  // A uid, for its controller: only what it controls and what nobody controls (which it may adopt). A cluster that
  // cannot tell gives more; so whoever asks still judges each. Not together with versions, limits and tokens.
  std::string controller = {};
};
struct List {
  std::vector<Value> items;  // each with apiVersion and kind
  uint64_t revision = 0;
  std::string continue_token;
  std::optional<size_t> remaining;
};

struct WatchOptions {
  std::string ns;
  std::string label_selector, field_selector;
  // absent: what is there as ADDED, then live; N: exactly what comes after N
  std::optional<uint64_t> resource_version;
  bool bookmarks = false;
  bool send_initial_events = false;  // then a bookmark with k8s.io/initial-events-end
  bool whole_previous = false;
};
enum class WatchType { added, modified, deleted, bookmark };
struct WatchEvent {
  WatchType type;
  Value object;
};
class Watch {
 public:
  virtual ~Watch() = default;
  virtual Task<Result<WatchEvent>> next() = 0;  // gone: list again; unavailable: watch again; canceled
};

enum class Verb { create, update, patch, apply, remove };
enum class PatchType { none, json, merge, strategic, apply };
enum class Propagation { unset, background, foreground, orphan };

struct Write {
  Verb verb = Verb::create;
  ObjectKey key;  // create: the name may be empty (generateName)
  Value body;     // object, or patch
  PatchType patch_type = PatchType::none;
  std::string subresource;  // "", "status", "scale", "binding", "eviction", ...
  std::string field_manager = "slipway";
  kinds::FieldValidation field_validation = kinds::FieldValidation::warn;
  bool dry_run = false, force = false;
  // preconditions (update: the body's own resourceVersion counts too)
  std::optional<std::string> uid;
  std::optional<uint64_t> resource_version;
  // remove
  Propagation propagation = Propagation::unset;
  std::optional<int64_t> grace_period_s;
  std::vector<std::string> duplicate_fields;  // found while parsing the body
};
struct Written {
  Value object;                           // as stored; removed at once: the last state
  bool created = false, removed = false;  // removed: gone at once; else it may be terminating
  std::vector<std::string> warnings;
};

class Cluster {
 public:
  virtual ~Cluster() = default;
  virtual Task<Result<Value>> get(ObjectKey key) = 0;
  virtual Task<Result<List>> list(GroupVersionKind kind, ListOptions options) = 0;
  virtual Task<Result<std::unique_ptr<Watch>>> watch(GroupVersionKind kind, WatchOptions options) = 0;
  virtual Task<Result<Written>> write(Write write) = 0;
  virtual const kinds::Catalog& catalog() const = 0;
  // "v1.35.4+k3s1": of its API server, as the kinds were last asked for; "" when it could not be told.
  virtual std::string version() const { return std::string(kubernetes_version); }
};

// Short forms for the common writes.
Write create(Value object);
Write update(Value object, std::string subresource = "");
Write merge_patch(ObjectKey key, Value patch, std::string subresource = "");
Write remove(ObjectKey key, Propagation propagation = Propagation::background);

// A live copy of all objects of some kinds, kept by list and watch; reads are synchronous. Embedded or remote alike.
class Cache {
 public:
  virtual ~Cache() = default;
  virtual bool synced() const = 0;
  virtual const Value* get(const ObjectKey& key) const = 0;
  virtual std::vector<Value> list(const GroupVersionKind& kind, std::string_view ns = {}) const = 0;
  // Those that name this uid among their owners, of all kinds that are held.
  virtual const std::set<ObjectKey>& dependents(std::string_view uid) const = 0;
  // Called on the loop for each change, with the object before (null: added) and after (null: deleted).
  using Listener = std::function<void(const Value& before, const Value& after)>;
  virtual void on_change(const GroupVersionKind& kind, Listener listener) = 0;
  // Lists, then watches the kinds until canceled; lists again after `gone`.
  virtual Task<void> run() = 0;
  virtual Task<Result<>> wait_synced() = 0;
};
std::unique_ptr<Cache> make_cache(World& world, Cluster& cluster, std::vector<GroupVersionKind> kinds);

}  // namespace slipway::cluster
