// A world whose disk breaks its word. Tests of crashes must turn red on it: that is how they prove that they can.
#pragma once

#include <vector>

#include "runtime/world.h"

namespace slipway::store::testing {

enum class Disk {
  honest,
  never_syncs,     // says that it synced, and did not
  answers_before,  // says so before it has even written: whoever trusts it acknowledges before the commit
};

class DishonestFile final : public runtime::File {
 public:
  DishonestFile(std::unique_ptr<runtime::File> file, Disk disk) : file_(std::move(file)), disk_(disk) {}
  Result<size_t> read_at(uint64_t offset, std::span<char> into) override {
    catch_up();
    return file_->read_at(offset, into);
  }
  Result<> write_at(uint64_t offset, std::string_view bytes) override {
    if (disk_ != Disk::answers_before) return file_->write_at(offset, bytes);
    if (answered_) catch_up();
    held_.push_back({offset, std::string(bytes)});
    return {};
  }
  Result<> sync() override {
    if (disk_ == Disk::honest) return file_->sync();
    answered_ = true;
    return {};
  }
  Result<> truncate(uint64_t size) override {
    catch_up();
    return file_->truncate(size);
  }
  Result<uint64_t> size() override {
    catch_up();
    return file_->size();
  }
  Result<uint64_t> inode() override { return file_->inode(); }

 private:
  struct Held {
    uint64_t offset;
    std::string bytes;
  };
  void catch_up() {
    for (const Held& write : std::exchange(held_, {})) (void)file_->write_at(write.offset, write.bytes).has_value();
    if (disk_ == Disk::answers_before && std::exchange(answered_, false)) (void)file_->sync().has_value();
  }
  std::unique_ptr<runtime::File> file_;
  Disk disk_;
  std::vector<Held> held_;
  bool answered_ = false;
};

class DishonestFiles final : public runtime::Files {
 public:
  DishonestFiles(runtime::Files& files, Disk disk) : files_(files), disk_(disk) {}
  Result<std::unique_ptr<runtime::File>> open(std::string path, runtime::OpenMode mode, uint32_t permissions) override {
    auto file = OR_RETURN(files_.open(path, mode, permissions));
    return std::unique_ptr<runtime::File>(std::make_unique<DishonestFile>(std::move(file), disk_));
  }
  Result<std::string> read(std::string path, size_t limit) override { return files_.read(path, limit); }
  Result<> write_atomically(std::string path, std::string_view bytes, uint32_t permissions) override {
    return files_.write_atomically(path, bytes, permissions);
  }
  Result<> make_directories(std::string path, uint32_t permissions) override {
    return files_.make_directories(path, permissions);
  }
  Result<> remove(std::string path) override { return files_.remove(path); }
  Result<> remove_tree(std::string path) override { return files_.remove_tree(path); }
  Result<> rename(std::string from, std::string to) override { return files_.rename(from, to); }
  Result<> symlink(std::string target, std::string path) override { return files_.symlink(target, path); }
  Result<std::string> read_link(std::string path) override { return files_.read_link(path); }
  Result<std::vector<std::string>> list(std::string path) override { return files_.list(path); }
  Result<runtime::FileStat> stat(std::string path) override { return files_.stat(path); }
  Result<> set_mode(std::string path, uint32_t permissions) override { return files_.set_mode(path, permissions); }
  Result<> set_owner(std::string path, uint32_t uid, uint32_t gid) override { return files_.set_owner(path, uid, gid); }
  Result<> sync_directory(std::string path) override { return files_.sync_directory(path); }
  Result<std::unique_ptr<runtime::FileLock>> lock(std::string path) override { return files_.lock(path); }
  Result<std::unique_ptr<runtime::PathWatch>> watch(std::vector<std::string> paths) override {
    return files_.watch(paths);
  }

 private:
  runtime::Files& files_;
  Disk disk_;
};

class DishonestWorld final : public World {
 public:
  DishonestWorld(World& world, Disk disk) : world_(world), files_(world.files(), disk) {}
  runtime::Executor& executor() override { return world_.executor(); }
  WallTime now() override { return world_.now(); }
  runtime::Random& random() override { return world_.random(); }
  runtime::Files& files() override { return files_; }
  runtime::Network& network() override { return world_.network(); }
  runtime::Processes& processes() override { return world_.processes(); }
  runtime::Log& log() override { return world_.log(); }

 private:
  void pool_post(std::move_only_function<void()> work) override { work(); }
  World& world_;
  DishonestFiles files_;
};

}  // namespace slipway::store::testing
