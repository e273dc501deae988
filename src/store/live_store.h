// LiveStore: how a commit goes from the queue to the disk to everybody's sight.
//
//   commit()  judges the preconditions against the newest pending state, gives each change its revision, queues it
//   drain()   one task while there is work: takes what has queued up (group commit), writes it on the pool, then
//   apply()   makes it visible in order and wakes the watchers, or fail() takes it back with all that stood on it
//
// Changes that need no disk (leases in memory, Events in the ring) pass the same queue, so there is one order; when
// nothing is under way they are visible at once.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <set>

#include "store/database.h"
#include "store/history.h"
#include "store/index.h"
#include "store/store.h"

namespace slipway::store {

class LiveStore final : public Store {
 public:
  // `database`: null for memory only.
  LiveStore(World& world, StoreOptions options, std::unique_ptr<Database> database, Loaded loaded, Keyring keys);
  ~LiveStore() override;

  Revision revision() const override { return visible_; }
  std::optional<Value> get(const Key& key) const override;
  std::optional<Value> latest(const Key& key) const override;
  Result<Listing> list(const ListQuery& query) const override;
  Result<std::unique_ptr<Subscription>> subscribe(std::string resource, Revision after) override;
  Task<Result<std::vector<Value>>> commit(std::vector<Change> changes) override;
  const WriteFailure* write_failure() const override { return write_failure_ ? &*write_failure_ : nullptr; }
  std::vector<std::string> resources() const override { return index_.resources(); }
  size_t count(const std::string& resource) const override { return index_.objects(resource).size(); }
  Snapshot snapshot() const override;
  Task<Result<KeyRotation>> rotate_keys() override;
  Task<Result<>> close() override;

 private:
  struct Step {
    Key key;
    Entry entry;  // after it; removed: the last state, with the revision of the removal
    bool removed = false;
    size_t replaced_bytes = 0;  // of the state before that only the history will hold
  };
  struct Commit {
    std::vector<Step> steps;
    std::shared_ptr<runtime::OneShot<std::vector<Value>>> done;  // null: nobody waits
    bool disk = false;                                           // must be on the disk before it is visible
  };
  struct Pending {
    Entry entry;
    bool removed;
  };

  Listing one(const ListQuery& query) const;
  Listing family(const ListQuery& query) const;
  Result<Commit> judge(std::vector<Change> changes);
  const Entry* newest(const Key& key) const;
  void enqueue(Commit commit);
  bool passes_at_once(const Commit& commit) const;
  Task<void> drain();
  Task<void> rotate();
  std::string nonce_for(const Key& key);
  std::deque<Commit> take_batch();
  bool needs_disk(const std::deque<Commit>& batch) const;
  Batch encode(const std::deque<Commit>& batch);
  void apply(Commit& commit);
  void apply(Step& step);
  void fail(std::deque<Commit> batch, const Error& error);
  void remember(const Commit& commit);
  void bound_ring();
  void flush_ring_later();

  World& world_;
  const StoreOptions options_;
  const std::shared_ptr<History> history_;

  // Owned by the loop.
  Index index_;                     // visible: durable, or needing no disk
  std::map<Key, Pending> overlay_;  // newer than visible, by the commits under way and queued
  std::deque<Commit> queue_;
  Revision visible_ = 0;   // of the last visible write
  Revision given_ = 0;     // last one given out
  Revision reserved_ = 0;  // on the disk: none above was given out
  int64_t last_row_ = 0;
  std::map<Revision, Key> ring_;           // ring members, oldest first
  std::map<int64_t, Key> ring_unwritten_;  // rows of the ring whose state on the disk is old
  std::map<int64_t, Key> ring_writing_;    // those in the batch that is being written
  std::optional<uint64_t> ring_timer_;
  bool flush_ring_ = false;                                                // with the next batch
  std::vector<std::shared_ptr<runtime::OneShot<KeyRotation>>> rotations_;  // asked for
  Keyring keys_;
  bool draining_ = false;
  bool closed_ = false;

  // Used by one pool job at a time.
  std::unique_ptr<Database> database_;
  std::optional<WriteFailure> write_failure_;

  TaskGroup group_;
};

}  // namespace slipway::store
