#include "sim/platter.h"

#include <algorithm>
#include <set>
#include <unordered_set>

namespace slipway::sim {

namespace {

constexpr uint64_t kSector = 512;

void replay(std::string& data, const DataChange& change) {
  if (change.truncate) {
    data.resize(change.offset);
    return;
  }
  uint64_t end = change.offset + change.bytes.size();
  if (data.size() < end) data.resize(end);
  std::copy(change.bytes.begin(), change.bytes.end(), data.begin() + static_cast<ptrdiff_t>(change.offset));
}

uint64_t used(const Node& node) {
  uint64_t sum = node.data.size();
  for (const auto& [name, inner] : node.entries) sum += used(*inner);
  return sum;
}

void unlock(Node& node, std::unordered_set<Node*>& seen) {
  if (!seen.insert(&node).second) return;
  node.locked = false;
  for (auto& [name, inner] : node.entries) unlock(*inner, seen);
}

}  // namespace

Platter::Platter(Fate& fate, std::function<WallTime()> now) : fate_(fate), now_(std::move(now)) {
  root_ = make(runtime::FileStat::Kind::directory, 0755);
}

NodePtr Platter::make(runtime::FileStat::Kind kind, uint32_t permissions) const {
  auto node = std::make_shared<Node>();
  node->kind = kind;
  node->mode = permissions;
  node->inode = ++last_inode_;
  node->modified = now_();
  return node;
}

uint64_t Platter::bytes_used() const {
  return used(*root_);
}

void Platter::write(const NodePtr& node, DataChange change) {
  replay(node->data, change);
  node->modified = now_();
  node->unsynced.push_back(std::move(change));
}

void Platter::make_durable(Node& node) {
  for (const auto& change : node.unsynced) replay(node.durable_data, change);
  node.unsynced.clear();
}

void Platter::put(const NodePtr& directory, const std::string& name, NodePtr node) {
  change_names({{{directory, name, std::move(node)}}});
}

void Platter::change_names(NameChange change) {
  for (const auto& set : change.sets) {
    set.directory->modified = now_();
    if (set.node) {
      set.directory->entries[set.name] = set.node;
      set.node->parent = set.directory.get();
    } else {
      set.directory->entries.erase(set.name);
    }
  }
  journal_.push_back(std::move(change));
}

void Platter::make_names_durable(const NodePtr& directory) {
  std::set<Node*> on_the_way;
  for (Node* up = directory.get(); up; up = up->parent) on_the_way.insert(up);
  size_t last = 0;
  for (size_t i = 0; i < journal_.size(); ++i)
    for (const auto& set : journal_[i].sets)
      if (set.directory == directory || (set.node && on_the_way.contains(set.node.get()))) last = i + 1;
  commit(last);
}

void Platter::commit(size_t count) {
  for (size_t i = 0; i < count; ++i)
    for (const auto& set : journal_[i].sets) {
      if (set.node)
        set.directory->durable_entries[set.name] = set.node;
      else
        set.directory->durable_entries.erase(set.name);
    }
  journal_.erase(journal_.begin(), journal_.begin() + static_cast<ptrdiff_t>(count));
}

void Platter::lose_power() {
  // names: some beginning of the journal
  size_t kept = fate_.random.between(0, journal_.size());
  if (kept < journal_.size()) fate_.count("lost name change");
  commit(kept);
  journal_.clear();
  std::unordered_set<Node*> seen;
  restore(*root_, seen);
}

void Platter::restore(Node& node, std::unordered_set<Node*>& seen) {
  if (!seen.insert(&node).second) return;
  lose(node);
  node.data = node.durable_data;
  node.entries = node.durable_entries;
  for (auto& [name, inner] : node.entries) {
    inner->parent = &node;
    restore(*inner, seen);
  }
}

void Platter::lose(Node& node) {
  if (node.unsynced.empty()) return;
  auto& random = fate_.random;
  const size_t count = node.unsynced.size();
  // often nothing or everything is there, else a beginning whose end may be torn, else each change by itself
  enum { nothing, everything, beginning, any } way = static_cast<decltype(way)>(random.below(4));
  const size_t whole = way == nothing ? 0 : way == beginning ? random.below(count) : count;
  bool lost = false;
  for (size_t i = 0; i < count; ++i) {
    const DataChange& change = node.unsynced[i];
    enum { keep, tear_it, drop } fate = i < whole ? keep : drop;
    if (way == any || (way == beginning && i == whole)) fate = static_cast<decltype(fate)>(random.below(3));
    if (fate == tear_it && change.truncate) fate = drop;
    if (fate == keep) replay(node.durable_data, change);
    if (fate == tear_it) tear(node.durable_data, change);
    if (fate == drop) lost = true;
  }
  if (lost) fate_.count("lost write");
  node.unsynced.clear();
}

// Each sector of the write by itself.
void Platter::tear(std::string& data, const DataChange& change) {
  bool torn = false;
  for (uint64_t at = change.offset, end = change.offset + change.bytes.size(); at < end;) {
    uint64_t next = std::min(end, (at / kSector + 1) * kSector);
    if (fate_.random.happens(0.5))
      replay(data, {false, at, change.bytes.substr(at - change.offset, next - at)});
    else
      torn = true;
    at = next;
  }
  if (torn) fate_.count("torn write");
}

void Platter::unlock_all() {
  std::unordered_set<Node*> seen;
  unlock(*root_, seen);
}

}  // namespace slipway::sim
