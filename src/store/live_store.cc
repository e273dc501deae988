#include "store/live_store.h"

#include "base/text.h"
#include "runtime/sealing.h"
#include "store/share.h"

namespace slipway::store {

namespace {

constexpr Revision reservation = 10'000;  // revisions reserved on the disk at a time
constexpr size_t batch_commits_max = 512;
constexpr Duration ring_write_delay = 30s;

bool ready_without_disk(Durability durability) {
  return durability != Durability::disk;
}

}  // namespace

LiveStore::LiveStore(World& world, StoreOptions options, std::unique_ptr<Database> database, Loaded loaded,
                     Keyring keys)
    : world_(world),
      options_(std::move(options)),
      // A restart begins a revision of its own: whoever watched before it lists again, since leases in memory are gone.
      history_(std::make_shared<History>(
          HistoryLimits{options_.history_events_max, options_.history_time_max, options_.history_bytes_max},
          loaded.reserved + 1)),
      visible_(loaded.reserved + 1),
      given_(loaded.reserved + 1),
      reserved_(database ? loaded.reserved : ~Revision{0}),
      keys_(std::move(keys)),
      database_(std::move(database)),
      group_(world.executor()) {
  for (Row& row : loaded.rows) {
    last_row_ = std::max(last_row_, row.id);
    if (row.ring) ring_.emplace(row.revision, row.key);
    index_.put(row.key, {std::move(row.object), row.revision, row.id, row.ring ? Durability::ring : Durability::disk});
  }
}

LiveStore::~LiveStore() {
  if (ring_timer_) world_.executor().forget_call(*ring_timer_);
  history_->close();
}

std::optional<Value> LiveStore::get(const Key& key) const {
  const Entry* entry = index_.find(key);
  return entry ? std::optional(entry->object) : std::nullopt;
}

std::optional<Value> LiveStore::latest(const Key& key) const {
  const Entry* entry = newest(key);
  return entry ? std::optional(entry->object) : std::nullopt;
}

const Entry* LiveStore::newest(const Key& key) const {
  auto pending = overlay_.find(key);
  if (pending == overlay_.end()) return index_.find(key);
  return pending->second.removed ? nullptr : &pending->second.entry;
}

Result<std::unique_ptr<Subscription>> LiveStore::subscribe(std::string resource, Revision after) {
  return history_->subscribe(resource, after);
}

Task<Result<std::vector<Value>>> LiveStore::commit(std::vector<Change> changes) {
  if (closed_) co_return Error(ErrorKind::unavailable, "the store is closed");
  Commit commit = OR_CO_RETURN(judge(std::move(changes)));
  if (passes_at_once(commit)) {
    std::vector<Value> stored;
    for (const Step& step : commit.steps) stored.push_back(step.entry.object);
    apply(commit);
    bound_ring();
    co_return stored;
  }
  auto done = runtime::OneShot<std::vector<Value>>::create();
  commit.done = done;
  enqueue(std::move(commit));
  co_return co_await done->wait();
}

Result<LiveStore::Commit> LiveStore::judge(std::vector<Change> changes) {
  Commit commit;
  std::set<Key> keys;
  for (const Change& change : changes) {
    if (!keys.insert(change.key).second) {
      return base::fail(ErrorKind::internal, "two changes of {} {} in one commit", change.key.resource,
                        place_of(change.key));
    }
    const Entry* before = newest(change.key);
    auto named = [&] { return change.key.resource + " " + place_of(change.key); };
    if (change.expected == Revision{0} && before) {
      return base::fail(ErrorKind::already_exists, "{} already exists", named());
    }
    if (!before && (!change.object || change.expected.value_or(0) != 0)) {
      return base::fail(ErrorKind::not_found, "{} not found", named());
    }
    if (before && change.expected && before->revision != *change.expected) {
      return base::fail(ErrorKind::conflict, "{}: expected revision {}, found {}", named(), *change.expected,
                        before->revision);
    }
  }
  // From here on nothing fails: revisions are given out.
  for (Change& change : changes) {
    const Entry* before = newest(change.key);
    Step step{std::move(change.key), {}, !change.object.has_value()};
    Revision revision = ++given_;
    if (before) {
      step.entry = *before;
    } else {
      step.entry.row = ++last_row_;
      step.entry.durability = change.durability;
    }
    step.entry.revision = revision;
    if (change.object) {
      Value object = change.object->with("/metadata/resourceVersion", std::to_string(revision));
      Shared shared = share(before ? before->object : Value(), object);
      step.entry.object = std::move(shared.value);
      step.replaced_bytes = before ? shared.replaced_bytes : 0;
    } else {
      step.replaced_bytes = before->object.memory_bytes();
    }
    if (!ready_without_disk(step.entry.durability)) commit.disk = true;
    commit.steps.push_back(std::move(step));
  }
  if (!database_) commit.disk = false;
  return commit;
}

bool LiveStore::passes_at_once(const Commit& commit) const {
  return !commit.disk && !draining_ && queue_.empty() && given_ <= reserved_;
}

void LiveStore::enqueue(Commit commit) {
  remember(commit);
  queue_.push_back(std::move(commit));
  if (draining_) return;
  draining_ = true;
  group_.spawn(drain());
}

void LiveStore::remember(const Commit& commit) {
  for (const Step& step : commit.steps) overlay_.insert_or_assign(step.key, Pending{step.entry, step.removed});
}

Task<void> LiveStore::drain() {
  while (!queue_.empty() || !rotations_.empty()) {
    if (!rotations_.empty()) {
      co_await rotate();
      continue;
    }
    // Whatever is at hand by now goes along: a transaction costs as much for one as for thirty.
    (void)(co_await runtime::sleep(Duration(0))).has_value();
    std::deque<Commit> batch = take_batch();
    if (needs_disk(batch)) {
      Batch rows = encode(batch);
      Database* database = database_.get();
      Result<> written = co_await world_.on_pool([database, &rows] { return database->write(rows); });
      if (!written) {
        world_.log().write(runtime::LogLevel::error, "store: " + written.error().str());
        for (const auto& [id, key] : ring_writing_) ring_unwritten_.emplace(id, key);
        if (!ring_unwritten_.empty()) flush_ring_later();
        write_failure_ = {world_.now(), written.error()};
        fail(std::move(batch), written.error());
        continue;
      }
      write_failure_.reset();
      if (rows.reserve) reserved_ = *rows.reserve;
    }
    for (Commit& commit : batch) apply(commit);
    bound_ring();
    if (database_ && database_->wants_tidying()) {
      Database* database = database_.get();
      Result<> tidied = co_await world_.on_pool([database] { return database->tidy(); });
      if (!tidied) world_.log().write(runtime::LogLevel::warning, "store: tidying up: " + tidied.error().str());
    }
  }
  draining_ = false;
}

std::deque<LiveStore::Commit> LiveStore::take_batch() {
  if (queue_.size() <= batch_commits_max) return std::exchange(queue_, {});
  std::deque<Commit> batch;
  for (size_t i = 0; i < batch_commits_max; ++i) {
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return batch;
}

bool LiveStore::needs_disk(const std::deque<Commit>& batch) const {
  if (!database_) return false;
  if (flush_ring_) return true;
  for (const Commit& commit : batch) {
    if (commit.disk) return true;
    if (!commit.steps.empty() && commit.steps.back().entry.revision > reserved_) return true;
  }
  return false;
}

Batch LiveStore::encode(const std::deque<Commit>& batch) {
  std::map<int64_t, const Step*> last;  // several changes of one object are one row
  for (const Commit& commit : batch) {
    for (const Step& step : commit.steps) {
      if (step.entry.durability == Durability::disk) last[step.entry.row] = &step;
    }
  }
  Batch rows;
  for (const auto& [id, step] : last) {
    if (step->removed) {
      rows.remove.push_back(id);
    } else {
      rows.put.push_back({id, step->key, step->entry.revision, false, step->entry.object, nonce_for(step->key)});
    }
  }
  ring_writing_.clear();
  if (std::exchange(flush_ring_, false)) {
    ring_writing_ = std::exchange(ring_unwritten_, {});
    for (const auto& [id, key] : ring_writing_) {
      const Entry* entry = index_.find(key);
      if (entry && entry->row == id) {
        rows.put.push_back({id, key, entry->revision, true, entry->object, nonce_for(key)});
      } else {
        rows.remove.push_back(id);
      }
    }
  }
  // Half a reservation ahead, so that changes without a disk seldom wait for one.
  if (given_ + reservation / 2 > reserved_) rows.reserve = given_ + reservation;
  return rows;
}

void LiveStore::apply(Commit& commit) {
  std::vector<Value> stored;
  for (Step& step : commit.steps) {
    if (commit.done) stored.push_back(step.entry.object);
    apply(step);
  }
  if (commit.done) commit.done->resolve(std::move(stored));
}

void LiveStore::apply(Step& step) {
  auto pending = overlay_.find(step.key);
  if (pending != overlay_.end() && pending->second.entry.revision == step.entry.revision) overlay_.erase(pending);

  const Entry* before = index_.find(step.key);
  Event event{before ? EventType::modified : EventType::added, step.key, step.entry.object,
              before ? before->object : Value(), step.entry.revision};
  if (step.removed) {
    event.type = EventType::deleted;
    event.object = step.entry.object.with("/metadata/resourceVersion", std::to_string(step.entry.revision));
  }
  if (step.entry.durability == Durability::ring) {
    if (before) ring_.erase(before->revision);
    if (!step.removed) ring_.emplace(step.entry.revision, step.key);
    ring_unwritten_.insert_or_assign(step.entry.row, step.key);
    flush_ring_later();
  }
  visible_ = step.entry.revision;
  if (step.removed) {
    index_.erase(step.key);
  } else {
    index_.put(step.key, std::move(step.entry));
  }
  history_->append(std::move(event), world_.steady_now(), step.replaced_bytes);
}

// Commits of the batch that needed no disk, and queued ones, live on unless they changed something that a failed one
// had changed before.
void LiveStore::fail(std::deque<Commit> batch, const Error& error) {
  std::set<Key> lost;
  auto falls = [&](const Commit& commit) {
    bool needs = commit.disk || (!commit.steps.empty() && commit.steps.back().entry.revision > reserved_);
    for (const Step& step : commit.steps) needs = needs || lost.contains(step.key);
    return needs;
  };
  auto stands_on_lost = [&](const Commit& commit) {
    for (const Step& step : commit.steps) {
      if (lost.contains(step.key)) return true;
    }
    return false;
  };
  auto drop = [&](Commit& commit) {
    for (const Step& step : commit.steps) lost.insert(step.key);
    if (commit.done) commit.done->resolve(Error(error));
  };
  std::deque<Commit> kept, waiting;
  for (Commit& commit : batch) {
    if (falls(commit)) {
      drop(commit);
    } else {
      kept.push_back(std::move(commit));
    }
  }
  for (Commit& commit : queue_) {
    if (stands_on_lost(commit)) {
      drop(commit);
    } else {
      waiting.push_back(std::move(commit));
    }
  }
  queue_ = std::move(waiting);
  overlay_.clear();
  for (const Commit& commit : queue_) remember(commit);
  for (Commit& commit : kept) apply(commit);
}

// The ring's oldest members leave by a commit of their own, which watchers see as deletions.
void LiveStore::bound_ring() {
  if (ring_.size() <= options_.event_ring_max) return;
  size_t surplus = ring_.size() - options_.event_ring_max;
  std::vector<Change> changes;
  for (auto member = ring_.begin(); member != ring_.end() && surplus > 0; ++member, --surplus) {
    if (!overlay_.contains(member->second)) changes.push_back({member->second, std::nullopt, member->first});
  }
  if (changes.empty()) return;
  auto commit = judge(std::move(changes));
  SLIPWAY_CHECK(commit.has_value());
  enqueue(std::move(*commit));
}

void LiveStore::flush_ring_later() {
  if (!database_ || ring_timer_ || closed_) return;
  ring_timer_ = world_.executor().call_at(world_.steady_now() + ring_write_delay, [this] {
    ring_timer_.reset();
    flush_ring_ = true;
    enqueue({});
  });
}

std::string LiveStore::nonce_for(const Key& key) {
  return must_be_sealed(key) && !keys_.empty() ? world_.random().bytes(runtime::seal_nonce_bytes) : "";
}

Snapshot LiveStore::snapshot() const {
  Snapshot snapshot{given_, {}};
  for (const std::string& resource : index_.resources()) {
    for (const auto& [place, entry] : index_.objects(resource)) {
      if (entry.durability == Durability::memory) continue;
      snapshot.objects.push_back(
          {key_of(resource, place), entry.revision, entry.durability == Durability::ring, entry.object});
    }
  }
  return snapshot;
}

Task<Result<KeyRotation>> LiveStore::rotate_keys() {
  if (closed_) co_return Error(ErrorKind::unavailable, "the store is closed");
  if (!database_ || keys_.empty()) co_return Error(ErrorKind::unsupported, "nothing is sealed here: no file of keys");
  auto done = runtime::OneShot<KeyRotation>::create();
  rotations_.push_back(done);
  if (!draining_) {
    draining_ = true;
    group_.spawn(drain());
  }
  co_return co_await done->wait();
}

// Between two batches, so the index is what is on the disk. The file of keys has, at every moment, all keys that rows
// are sealed with: the new one is in it before the first row, the old ones until after the last.
Task<void> LiveStore::rotate() {
  auto asked = std::exchange(rotations_, {});
  Keyring both = keys_;
  both.add(world_.random().bytes(runtime::seal_key_bytes), world_.now());
  Keyring fresh = both;
  fresh.forget_older();
  Batch rows;
  for (const std::string& resource : index_.resources()) {
    for (const auto& [place, entry] : index_.objects(resource)) {
      Key key = key_of(resource, place);
      if (entry.durability != Durability::disk || !must_be_sealed(key)) continue;
      std::string nonce = nonce_for(key);
      rows.put.push_back({entry.row, std::move(key), entry.revision, false, entry.object, std::move(nonce)});
    }
  }
  auto write_keys = [this](const Keyring& keys) {
    return world_.files().write_atomically(options_.key_file, keys.text(), 0600);
  };
  Keyring now = keys_;  // in use on the disk; ours are the loop's, and looked at meanwhile
  auto work = [&]() -> Result<> {
    OR_RETURN(write_keys(both));
    database_->use(both);
    now = both;
    OR_RETURN(database_->write(rows));
    OR_RETURN(database_->scrub());
    OR_RETURN(write_keys(fresh));
    database_->use(fresh);
    now = fresh;
    return {};
  };
  Result<> done = co_await world_.on_pool(work);
  keys_ = now;
  for (auto& one : asked) {
    if (done) {
      one->resolve(KeyRotation{keys_.current(), rows.put.size()});
    } else {
      one->resolve(Error(done.error()).context("rotating the keys"));
    }
  }
}

Task<Result<>> LiveStore::close() {
  closed_ = true;
  if (ring_timer_) world_.executor().forget_call(*ring_timer_);
  ring_timer_.reset();
  if (!ring_unwritten_.empty()) {
    flush_ring_ = true;
    enqueue({});
  }
  co_await group_.join();
  history_->close();
  if (!database_) co_return Result<>();
  Database* database = database_.get();
  Result<> closed = co_await world_.on_pool([database] { return database->close(); });
  co_return closed;
}

}  // namespace slipway::store
