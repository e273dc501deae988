#include "sim/files.h"

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "runtime/system_error.h"
#include "sim/platter.h"

namespace slipway::sim {
namespace {

using namespace runtime;

struct WatchState {
  std::vector<std::string> paths;
  Signal changed;
  bool dropped = false;
};

class Disk final : public SimFiles {
 public:
  Disk(Fate& fate, std::function<WallTime()> now, std::function<void(Duration)> spend)
      : fate_(fate), platter_(fate, std::move(now)), spend_(std::move(spend)) {}

  // ---- File ----

  Result<size_t> read_at(const NodePtr& node, const std::string& path, uint64_t offset, std::span<char> into) {
    OR_RETURN(look("read", path));
    if (offset >= node->data.size()) return size_t{0};
    size_t n = std::min<size_t>(into.size(), node->data.size() - offset);
    std::copy_n(node->data.begin() + static_cast<ptrdiff_t>(offset), n, into.begin());
    return n;
  }
  Result<> write_at(const NodePtr& node, const std::string& path, uint64_t offset, std::string_view bytes) {
    OR_RETURN(change("write", path));
    uint64_t end = offset + bytes.size();
    uint64_t more = end > node->data.size() ? end - node->data.size() : 0;
    if (no_room(more)) {
      // the system may have taken some of it
      if (!faults.full && more <= bytes.size()) bytes = bytes.substr(0, bytes.size() - more);
      if (!bytes.empty() && fate_.random.happens(0.5)) {
        bytes = bytes.substr(0, fate_.random.between(0, bytes.size()));
        if (!faults.full || offset + bytes.size() <= node->data.size())
          platter_.write(node, {false, offset, std::string(bytes)});
      }
      fate_.count("disk full");
      return system_error(ENOSPC, "write " + path);
    }
    platter_.write(node, {false, offset, std::string(bytes)});
    tell(path);
    return {};
  }
  Result<> sync(const NodePtr& node, const std::string& path) {
    OR_RETURN(fate_.step("sync", path));
    spend_(faults.sync_latency);
    if (faults.read_only) return {};
    auto failed = decided("sync", path);
    if (!failed && fate_.random.happens(faults.sync_error)) {
      fate_.count("sync error");
      failed = system_error(EIO, "sync " + path);
    }
    if (failed) {
      // the page cache calls the data clean now: a later sync that succeeds does not bring it back
      std::erase_if(node->unsynced, [&](const DataChange&) { return fate_.random.happens(0.5); });
      return *failed;
    }
    Platter::make_durable(*node);
    return {};
  }
  Result<> truncate(const NodePtr& node, const std::string& path, uint64_t size) {
    OR_RETURN(change("truncate", path));
    if (size > node->data.size() && no_room(size - node->data.size())) return system_error(ENOSPC, "truncate " + path);
    platter_.write(node, {true, size, {}});
    tell(path);
    return {};
  }
  Fate& fate() { return fate_; }
  uint64_t life() const { return life_; }

  // ---- Files ----

  Result<std::unique_ptr<File>> open(std::string path, OpenMode mode, uint32_t permissions) override;

  Result<std::string> read(std::string path, size_t limit) override {
    OR_RETURN(look("read", path));
    auto node = OR_RETURN(find("open", path, true));
    if (node->kind == FileStat::Kind::directory) return system_error(EISDIR, "read " + path);
    if (node->data.size() > limit) return fail(ErrorKind::too_large, "read {}: larger than {} bytes", path, limit);
    return node->data;
  }

  // The same steps as the real one takes, so that a crash may fall between any two of them.
  Result<> write_atomically(std::string path, std::string_view bytes, uint32_t permissions) override {
    std::string temporary = fmt::format("{}.{}.tmp", path, fate_.random.suffix(8));
    auto written = write_temporary(temporary, bytes, permissions);
    if (written) written = rename(temporary, path);
    if (!written) {
      if (!fate_.off) (void)remove(temporary).has_value();
      return written;
    }
    return sync_directory(directory_of(path));
  }

  Result<> make_directories(std::string path, uint32_t permissions) override {
    for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
      std::string part = path.substr(0, end);
      if (!part.empty() && part != "/") {
        auto there = find("make directory", part, true);
        if (!there) {
          auto [parent, name] = OR_RETURN(find_parent("make directory", part));
          OR_RETURN(change("make directory", part));
          if (no_room(1)) return full("make directory", part);
          platter_.put(parent, name, platter_.make(FileStat::Kind::directory, permissions));
          tell(part);
        } else if ((*there)->kind != FileStat::Kind::directory) {
          return fail(ErrorKind::already_exists, "make directory {}: {} is not a directory", path, part);
        }
      }
      if (end == std::string::npos) return {};
    }
  }

  Result<> remove(std::string path) override {
    auto [parent, name] = OR_RETURN(find_parent("remove", path));
    auto node = OR_RETURN(find("remove", path, false));
    if (!node->entries.empty()) return system_error(ENOTEMPTY, "remove " + path);
    OR_RETURN(change("remove", path));
    platter_.change_names({{{parent, name, nullptr}}});
    tell(path);
    return {};
  }
  Result<> remove_tree(std::string path) override {
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    auto node = find("remove", path, false);
    if (!node) {
      if (node.failed_with(ErrorKind::not_found)) return {};
      return std::move(node).error();
    }
    auto below = (*node)->entries;
    for (const auto& [name, inner] : below) OR_RETURN(remove_tree(fmt::format("{}/{}", path, name)));
    return remove(path);
  }

  Result<> rename(std::string from, std::string to) override {
    const std::string both = fmt::format("{} to {}", from, to);
    const std::string what = "rename " + both;
    auto [from_parent, from_name] = OR_RETURN(find_parent("rename", from, both));
    auto node = OR_RETURN(find("rename", from, false, both));
    auto [to_parent, to_name] = OR_RETURN(find_parent("rename", to, both));
    auto there = to_parent->entries.find(to_name);
    if (there != to_parent->entries.end()) {
      bool from_directory = node->kind == FileStat::Kind::directory;
      bool to_directory = there->second->kind == FileStat::Kind::directory;
      if (to_directory && !from_directory) return system_error(EISDIR, what);
      if (from_directory && !to_directory) return system_error(ENOTDIR, what);
      if (!there->second->entries.empty()) return system_error(ENOTEMPTY, what);
    }
    for (Node* up = to_parent.get(); up; up = up->parent)
      if (up == node.get()) return system_error(EINVAL, what);
    OR_RETURN(change("rename", both));
    if (from_parent != to_parent || from_name != to_name)
      platter_.change_names({{{from_parent, from_name, nullptr}, {to_parent, to_name, node}}});
    tell(from);
    tell(to);
    return {};
  }

  Result<> symlink(std::string target, std::string path) override {
    auto [parent, name] = OR_RETURN(find_parent("link", path));
    if (parent->entries.contains(name)) return system_error(EEXIST, "link " + path);
    OR_RETURN(change("link", path));
    if (no_room(1)) return full("link", path);
    auto node = platter_.make(FileStat::Kind::symlink, 0777);
    node->target = std::move(target);
    platter_.put(parent, name, node);
    tell(path);
    return {};
  }
  Result<std::string> read_link(std::string path) override {
    OR_RETURN(look("read link", path));
    auto node = OR_RETURN(find("read link", path, false));
    if (node->kind != FileStat::Kind::symlink) return system_error(EINVAL, "read link " + path);
    return node->target;
  }
  Result<std::vector<std::string>> list(std::string path) override {
    OR_RETURN(look("list", path));
    auto node = OR_RETURN(find("list", path, true));
    if (node->kind != FileStat::Kind::directory) return system_error(ENOTDIR, "list " + path);
    std::vector<std::string> names;
    for (const auto& [name, inner] : node->entries) names.push_back(name);
    return names;
  }
  Result<FileStat> stat(std::string path) override {
    OR_RETURN(fate_.reading());
    auto node = OR_RETURN(find("stat", path, false));
    uint64_t size = node->kind == FileStat::Kind::symlink ? node->target.size() : node->data.size();
    return FileStat{node->kind, size, node->mode, node->uid, node->gid, node->inode, node->modified};
  }
  Result<> set_mode(std::string path, uint32_t permissions) override {
    auto node = OR_RETURN(find("set mode of", path, true));
    OR_RETURN(change("set mode of", path));
    node->mode = permissions;
    return {};
  }
  Result<> set_owner(std::string path, uint32_t uid, uint32_t gid) override {
    auto node = OR_RETURN(find("set owner of", path, false));
    OR_RETURN(change("set owner of", path));
    if (uid != ~0u) node->uid = uid;
    if (gid != ~0u) node->gid = gid;
    return {};
  }
  Result<> sync_directory(std::string path) override {
    auto node = OR_RETURN(find("sync", path, true));
    if (node->kind != FileStat::Kind::directory) return system_error(ENOTDIR, "sync " + path);
    OR_RETURN(fate_.step("sync directory", path));
    spend_(faults.sync_latency);
    if (auto failed = decided("sync directory", path)) return *failed;
    if (fate_.random.happens(faults.sync_error)) {
      fate_.count("sync error");
      return system_error(EIO, "sync " + path);
    }
    platter_.make_names_durable(node);
    return {};
  }

  Result<std::unique_ptr<FileLock>> lock(std::string path) override;
  Result<std::unique_ptr<PathWatch>> watch(std::vector<std::string> paths) override;

  // ---- SimFiles ----

  void crash(Loss loss) override {
    ++life_;
    if (loss == Loss::power) platter_.lose_power();
    platter_.unlock_all();
    for (auto& weak : watches_)
      if (auto state = weak.lock()) state->dropped = true, state->changed.notify();
    watches_.clear();
  }
  uint64_t bytes_used() const override { return platter_.bytes_used(); }
  Result<> damage(std::string path, uint64_t offset) override {
    auto node = OR_RETURN(find("damage", path, true));
    if (offset >= node->data.size()) return fail(ErrorKind::invalid, "damage {}: it has no byte {}", path, offset);
    Platter::make_durable(*node);
    node->data[offset] ^= 1;
    node->durable_data[offset] ^= 1;
    fate_.count("damaged bit");
    return {};
  }
  Result<std::string> read_durable(std::string path) override {
    NodePtr at = platter_.root();
    for (std::string_view part : base::split(path, '/')) {
      if (part.empty()) continue;
      auto next = at->durable_entries.find(std::string(part));
      if (next == at->durable_entries.end()) return system_error(ENOENT, "read durable " + path);
      at = next->second;
    }
    return at->durable_data;
  }

  void release(const NodePtr& node, uint64_t life) {
    if (life == life_) node->locked = false;
  }

 private:
  static std::string directory_of(const std::string& path) {
    size_t slash = path.find_last_of('/');
    return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
  }

  // ---- faults ----

  std::optional<Error> decided(std::string_view what, std::string_view path) {
    if (!faults.decide) return {};
    auto error = faults.decide(what, path);
    if (error) fate_.count("decided error");
    return error;
  }
  Result<> look(std::string_view what, const std::string& path) {
    OR_RETURN(fate_.reading());
    spend_(faults.latency);
    if (auto error = decided(what, path)) return *error;
    if (fate_.random.happens(faults.read_error)) {
      fate_.count("read error");
      return system_error(EIO, fmt::format("{} {}", what, path));
    }
    return {};
  }
  Result<> change(std::string_view what, const std::string& path) {
    OR_RETURN(fate_.step(what, path));
    spend_(faults.latency);
    if (auto error = decided(what, path)) return *error;
    if (faults.read_only) {
      fate_.count("read-only");
      return system_error(EROFS, fmt::format("{} {}", what, path));
    }
    if (fate_.random.happens(faults.write_error)) {
      fate_.count("write error");
      return system_error(EIO, fmt::format("{} {}", what, path));
    }
    return {};
  }
  bool no_room(uint64_t more) const {
    if (more == 0) return false;
    return faults.full || (faults.capacity_bytes != ~uint64_t{0} && bytes_used() + more > faults.capacity_bytes);
  }
  Error full(std::string_view what, const std::string& path) {
    fate_.count("disk full");
    return system_error(ENOSPC, fmt::format("{} {}", what, path));
  }

  // ---- paths ----

  // Errors say "WHAT SHOWN: ..."; shown is the path unless given.
  Result<NodePtr> find(std::string_view what, const std::string& path, bool follow_last, std::string shown = {}) {
    int links = 0;
    return walk(what, shown.empty() ? path : shown, path, follow_last, links);
  }
  Result<NodePtr> walk(std::string_view what, const std::string& shown, std::string path, bool follow_last,
                       int& links) {
    if (!path.starts_with('/')) return fail(ErrorKind::invalid, "{} {}: expected an absolute path", what, shown);
    std::vector<NodePtr> trail = {platter_.root()};
    auto parts = base::split(path, '/');
    std::erase_if(parts, [](std::string_view part) { return part.empty() || part == "."; });
    for (size_t i = 0; i < parts.size(); ++i) {
      if (trail.back()->kind != FileStat::Kind::directory)
        return system_error(ENOTDIR, fmt::format("{} {}", what, shown));
      if (parts[i] == "..") {
        if (trail.size() > 1) trail.pop_back();
        continue;
      }
      auto next = trail.back()->entries.find(std::string(parts[i]));
      if (next == trail.back()->entries.end()) return system_error(ENOENT, fmt::format("{} {}", what, shown));
      bool last = i + 1 == parts.size();
      if (next->second->kind == FileStat::Kind::symlink && (!last || follow_last)) {
        if (++links > 40) return system_error(ELOOP, fmt::format("{} {}", what, shown));
        std::string target = next->second->target;
        if (!target.starts_with('/')) {
          std::string before;
          for (size_t k = 0; k < i; ++k) before += fmt::format("/{}", parts[k]);
          target = before + "/" + target;
        }
        for (size_t k = i + 1; k < parts.size(); ++k) target += fmt::format("/{}", parts[k]);
        return walk(what, shown, target, follow_last, links);
      }
      trail.push_back(next->second);
    }
    return trail.back();
  }
  struct Place {
    NodePtr parent;
    std::string name;
  };
  Result<Place> find_parent(std::string_view what, std::string path, std::string shown = {}) {
    OR_RETURN(fate_.reading());
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    if (shown.empty()) shown = path;
    size_t slash = path.find_last_of('/');
    if (slash == std::string::npos) return fail(ErrorKind::invalid, "{} {}: expected an absolute path", what, shown);
    int links = 0;
    auto parent = OR_RETURN(walk(what, shown, slash == 0 ? "/" : path.substr(0, slash), true, links));
    if (parent->kind != FileStat::Kind::directory) return system_error(ENOTDIR, fmt::format("{} {}", what, shown));
    return Place{parent, path.substr(slash + 1)};
  }

  Result<> write_temporary(const std::string& path, std::string_view bytes, uint32_t permissions);

  void tell(const std::string& path) {
    auto below = [](const std::string& a, const std::string& b) { return a == b || a.starts_with(b + "/"); };
    std::erase_if(watches_, [](const auto& weak) { return weak.expired(); });
    for (auto& weak : watches_) {
      auto state = weak.lock();
      for (const auto& watched : state->paths)
        if (below(path, watched) || below(watched, path)) {
          state->changed.notify();
          break;
        }
    }
  }

  Fate& fate_;
  Platter platter_;
  std::function<void(Duration)> spend_;
  std::vector<std::weak_ptr<WatchState>> watches_;
  uint64_t life_ = 0;
};

class OpenFile final : public File {
 public:
  OpenFile(Disk& disk, NodePtr node, std::string path, bool writable)
      : disk_(disk), life_(disk.life()), node_(std::move(node)), path_(std::move(path)), writable_(writable) {}
  Result<size_t> read_at(uint64_t offset, std::span<char> into) override {
    OR_RETURN(alive());
    return disk_.read_at(node_, path_, offset, into);
  }
  Result<> write_at(uint64_t offset, std::string_view bytes) override {
    OR_RETURN(alive());
    if (!writable_) return system_error(EBADF, "write " + path_);
    return disk_.write_at(node_, path_, offset, bytes);
  }
  Result<> sync() override {
    OR_RETURN(alive());
    return disk_.sync(node_, path_);
  }
  Result<> truncate(uint64_t size) override {
    OR_RETURN(alive());
    if (!writable_) return system_error(EINVAL, "truncate " + path_);
    return disk_.truncate(node_, path_, size);
  }
  Result<uint64_t> size() override {
    OR_RETURN(alive());
    return node_->data.size();
  }
  Result<uint64_t> inode() override {
    OR_RETURN(alive());
    return node_->inode;
  }

 private:
  Result<> alive() const {
    OR_RETURN(disk_.fate().reading());
    if (life_ != disk_.life()) return fail(ErrorKind::io, "{}: opened before the simulated machine crashed", path_);
    return {};
  }
  Disk& disk_;
  uint64_t life_;
  NodePtr node_;
  std::string path_;
  bool writable_;
};

Result<std::unique_ptr<File>> Disk::open(std::string path, OpenMode mode, uint32_t permissions) {
  OR_RETURN(fate_.reading());
  auto node = find("open", path, true);
  if (node && mode == OpenMode::create_new) return system_error(EEXIST, "open " + path);
  if (!node) {
    bool create = mode == OpenMode::create || mode == OpenMode::create_new;
    if (!create || !node.failed_with(ErrorKind::not_found)) return std::move(node).error();
    auto [parent, name] = OR_RETURN(find_parent("open", path));
    OR_RETURN(change("create", path));
    if (no_room(1)) return full("open", path);
    node = platter_.make(FileStat::Kind::file, permissions);
    platter_.put(parent, name, *node);
    tell(path);
  } else {
    OR_RETURN(look("open", path));
  }
  bool writable = mode != OpenMode::read;
  if ((*node)->kind == FileStat::Kind::directory && writable) return system_error(EISDIR, "open " + path);
  if (faults.read_only && writable) return system_error(EROFS, "open " + path);
  return std::unique_ptr<File>(std::make_unique<OpenFile>(*this, *node, std::move(path), writable));
}

Result<> Disk::write_temporary(const std::string& path, std::string_view bytes, uint32_t permissions) {
  auto file = OR_RETURN(open(path, OpenMode::create_new, permissions));
  OR_RETURN(file->write_at(0, bytes));
  return file->sync();
}

class HeldLock final : public FileLock {
 public:
  HeldLock(Disk& disk, NodePtr node) : disk_(disk), node_(std::move(node)), life_(disk.life()) {}
  ~HeldLock() override { disk_.release(node_, life_); }

 private:
  Disk& disk_;
  NodePtr node_;
  uint64_t life_;
};

Result<std::unique_ptr<FileLock>> Disk::lock(std::string path) {
  auto file = OR_RETURN(open(path, OpenMode::create, 0600));
  auto node = OR_RETURN(find("lock", path, true));
  if (node->locked) return fail(ErrorKind::conflict, "lock {}: another process holds it", path);
  node->locked = true;
  return std::unique_ptr<FileLock>(std::make_unique<HeldLock>(*this, node));
}

class SimPathWatch final : public PathWatch {
 public:
  explicit SimPathWatch(std::shared_ptr<WatchState> state) : state_(std::move(state)) {}
  ~SimPathWatch() override {
    state_->dropped = true;
    state_->changed.notify();
  }
  Task<Result<>> changed() override { return wait(state_); }

 private:
  static Task<Result<>> wait(std::shared_ptr<WatchState> state) {
    auto changed = co_await state->changed.wait();
    if (state->dropped) co_return Error(ErrorKind::canceled, "canceled");
    co_return changed;
  }
  std::shared_ptr<WatchState> state_;
};

Result<std::unique_ptr<PathWatch>> Disk::watch(std::vector<std::string> paths) {
  OR_RETURN(fate_.reading());
  auto state = std::make_shared<WatchState>();
  for (auto& path : paths)
    while (path.size() > 1 && path.back() == '/') path.pop_back();
  state->paths = std::move(paths);
  watches_.push_back(state);
  return std::unique_ptr<PathWatch>(std::make_unique<SimPathWatch>(state));
}

}  // namespace

std::unique_ptr<SimFiles> SimFiles::create(Fate& fate, std::function<WallTime()> now,
                                           std::function<void(Duration)> spend) {
  return std::make_unique<Disk>(fate, std::move(now), std::move(spend));
}

}  // namespace slipway::sim
