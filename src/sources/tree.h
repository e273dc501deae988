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

// What a tree has and did not take in, by the path of a folder, whose own files and folders are then not known, or of a
// file, which has no bytes.
struct LeftOut {
  Error why;
  bool is_deeper = false;  // the folder itself is known; not all of what is below it
};

class Tree {
 public:
  explicit Tree(std::map<std::string, FileEntry> files, std::map<std::string, LeftOut> left_out = {})
      : files_(std::move(files)), left_out_(std::move(left_out)) {}
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
  // Paths, sorted. Error: too_large, when a folder there was left out.
  virtual Result<std::vector<std::string>> files_below(std::string_view directory) const;
  // Why something that is there cannot be read, as a disk may refuse it, or why the list() of a directory that was just
  // asked for is empty; null: it can, or is not there. What would lie in a folder that was left out counts as there.
  virtual const Error* unreadable(std::string_view path) const;
  // A path as messages name it.
  virtual std::string shown(std::string_view path) const { return path.empty() ? "." : std::string(path); }
  const std::map<std::string, FileEntry>& files() const { return files_; }  // those in memory, by path
  size_t size() const { return files_.size(); }

 private:
  Error missing(std::string_view path) const;
  std::map<std::string, FileEntry> files_;
  std::map<std::string, LeftOut> left_out_;
};

// "a/./b/../c" gives "a/c". Error: forbidden when it leaves the root, or is absolute.
Result<std::string> clean_path(std::string_view path);
// `path` as seen from `directory`: join and clean.
Result<std::string> join_path(std::string_view directory, std::string_view path);

}  // namespace slipway::sources
