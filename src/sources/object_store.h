// Reads commits and trees out of a repository's object store, in place. Nothing there is written.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "sources/git.h"
#include "sources/outline.h"

namespace slipway::sources {

class ObjectStore {
 public:
  ObjectStore(World& world, Git& git, std::string directory, SourceLimits limits)
      : world_(world), git_(git), directory_(std::move(directory)), limits_(limits) {}
  // The first of `names` ("refs/heads/main", a SHA or a prefix) that is a commit, with author, date and subject; an
  // empty sha when none is. Error: conflict when a prefix is ambiguous.
  Task<Result<Commit>> find_commit(std::string git_dir, std::vector<std::string> names);
  // Kept: the same Tree while somebody holds it, the same bytes of a blob across trees, and the last few trees.
  // `objects` is the repository's objects directory.
  Task<Result<std::shared_ptr<const Tree>>> tree(std::string objects, std::string sha, std::string path);

 private:
  Task<Result<std::shared_ptr<const Tree>>> read_tree(std::string objects, std::string sha, std::string path);
  Task<Result<Outline>> list_files(GitCall reading, std::string sha, std::string path);
  struct Walk {
    explicit Walk(runtime::Executor& executor) : task(executor) {}
    Result<std::string> text = Error(ErrorKind::canceled, "canceled");
    std::optional<Outline> outline;  // of what it may take in of too much; it was ended
    TaskGroup task;
  };
  Task<void> walk_all(GitCall call, Walk* walk);
  Task<void> doubt(GitCall reading, std::string sha, std::string path, Walk* walk);
  Task<Result<std::optional<Outline>>> outline_of(GitCall reading, std::string sha, std::string path);
  Task<Result<Outline>> with_sizes(GitCall reading, Outline outline);
  bool may_be_held(const TreeLine& line) const;
  uint64_t largest_held(const std::vector<TreeLine>& lines) const;
  Error too_much(const TreeLine& line) const;
  using Bytes = std::shared_ptr<const std::string>;
  Result<GitCall> reading_from(const std::string& objects, const std::string& sha);
  Task<Result<>> read_blobs(GitCall reading, std::vector<std::string> ids,
                            std::unordered_map<std::string, Bytes>* into);
  Bytes known_blob(std::string_view id) const;
  void remember(const std::string& id, const Bytes& bytes);

  World& world_;
  Git& git_;
  std::string directory_;
  SourceLimits limits_;
  std::map<std::string, std::weak_ptr<const Tree>> trees_;
  std::list<std::shared_ptr<const Tree>> recent_;  // latest first
  std::unordered_map<std::string, std::weak_ptr<const std::string>> blobs_;
  size_t blobs_to_sweep_ = 4096;
};

}  // namespace slipway::sources
