// What a simulated disk holds, as the running system sees it and as it would be found after a power loss: the part of
// SimFiles that forgets. The head of files.h says what is modelled.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "sim/fate.h"

namespace slipway::sim {

// A write, or a truncation when `truncate`.
struct DataChange {
  bool truncate = false;
  uint64_t offset = 0;  // or the new size
  std::string bytes;
};

struct Node;
using NodePtr = std::shared_ptr<Node>;
using Entries = std::map<std::string, NodePtr>;

struct Node {
  runtime::FileStat::Kind kind = runtime::FileStat::Kind::file;
  uint32_t mode = 0, uid = 0, gid = 0;
  uint64_t inode = 0;
  WallTime modified{};
  std::string target;  // of a symlink
  // As the running system sees it, and as the disk has it.
  std::string data, durable_data;
  std::vector<DataChange> unsynced;
  Entries entries, durable_entries;
  Node* parent = nullptr;  // the directory that it was last put into
  bool locked = false;
};

// One atomic change of names: each name gets a node, or goes away (null).
struct NameChange {
  struct Set {
    NodePtr directory;
    std::string name;
    NodePtr node;
  };
  std::vector<Set> sets;
};

class Platter {
 public:
  Platter(Fate& fate, std::function<WallTime()> now);
  const NodePtr& root() const { return root_; }
  NodePtr make(runtime::FileStat::Kind kind, uint32_t permissions) const;
  uint64_t bytes_used() const;

  // Data: seen at once, durable after make_durable.
  void write(const NodePtr& node, DataChange change);
  static void make_durable(Node& node);

  // Names: seen at once, durable when the journal has been committed past them.
  void put(const NodePtr& directory, const std::string& name, NodePtr node);
  void change_names(NameChange change);
  // The names in this directory, and those that lead to it: the journal up to the last change of any of them.
  void make_names_durable(const NodePtr& directory);

  // The system's view becomes what the disk has, after chance had its part in what was not synced.
  void lose_power();
  void unlock_all();

 private:
  void commit(size_t count);
  void lose(Node& node);
  void tear(std::string& data, const DataChange& change);
  void restore(Node& node, std::unordered_set<Node*>& seen);

  Fate& fate_;
  std::function<WallTime()> now_;
  mutable uint64_t last_inode_ = 0;
  NodePtr root_;
  std::vector<NameChange> journal_;  // what is not durable, oldest first
};

}  // namespace slipway::sim
