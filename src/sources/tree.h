// Tree: the files of one commit (or one directory), immutable and in memory. Nothing was ever checked out.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::sources {

struct FileEntry {
  enum class Kind { file, executable, symlink, submodule } kind = Kind::file;
  std::shared_ptr<const std::string> bytes;  // a symlink's target; null: over the blob limit, or a submodule
  uint64_t size = 0;
};

class Tree {
 public:
  explicit Tree(std::map<std::string, FileEntry> files) : files_(std::move(files)) {}
  virtual ~Tree() = default;
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;
  // Paths are relative, with single slashes and no "." or ".."; see clean_path().
  virtual const FileEntry* entry(std::string_view path) const;  // as it is: symlinks are not followed
  virtual bool is_directory(std::string_view path) const;       // "" is the root; nor are they here
  // Where the path leads, every symlink on the way followed inside the tree: a file or a directory that exists. Errors:
  // not_found (with the nearest name), forbidden (a link leaves the tree, or more than 40 of them), that of
  // unreadable().
  Result<std::string> real_path(std::string_view path) const;
  // The text of a file, symlinks followed inside the tree. Errors: not_found (with the nearest name), forbidden (the
  // link leaves the tree), too_large (over the blob limit), bad_request (a directory).
  Result<std::shared_ptr<const std::string>> read(std::string_view path) const;
  virtual std::vector<std::string> list(std::string_view directory) const;  // names of files and directories, sorted
  virtual std::vector<std::string> files_below(std::string_view directory) const;  // paths, sorted
  // Why something that is there cannot be read, as a disk may refuse it, or why the list() of a directory that was just
  // asked for is empty; null: it can, or is not there.
  virtual const Error* unreadable(std::string_view /*path*/) const { return nullptr; }
  // A path as messages name it.
  virtual std::string shown(std::string_view path) const { return path.empty() ? "." : std::string(path); }
  size_t size() const { return files_.size(); }

 private:
  Error missing(std::string_view path) const;
  std::map<std::string, FileEntry> files_;
};

// "a/./b/../c" gives "a/c". Error: forbidden when it leaves the root, or is absolute.
Result<std::string> clean_path(std::string_view path);
// `path` as seen from `directory`: join and clean.
Result<std::string> join_path(std::string_view directory, std::string_view path);

}  // namespace slipway::sources
