// A Tree that remembers what was asked of it, so that another one can be asked the same: where all answers are as
// before, whatever was made of them would come out as before.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sources/tree.h"

namespace slipway::sources {

// What was asked, with the answers; of a file's bytes their digest. Nothing of the tree is held.
class Answers {
 public:
  // Would `tree` give the same ones? No, when that cannot be told: something could not be read, or was asked too much.
  bool are_of(const Tree& tree) const;

 private:
  friend class AskedTree;
  struct File {
    FileEntry::Kind kind = FileEntry::Kind::file;
    uint64_t size = 0;
    std::string digest;  // "": without bytes
    bool operator==(const File&) const = default;
  };
  static std::optional<File> file_of(const FileEntry* entry);

  std::map<std::string, std::optional<File>, std::less<>> entries_;
  std::map<std::string, bool, std::less<>> directories_;
  std::map<std::string, std::vector<std::string>, std::less<>> lists_, below_;
  bool untold_ = false;
};

// One thread at a time.
class AskedTree : public Tree {
 public:
  explicit AskedTree(std::shared_ptr<const Tree> tree)
      : Tree({}), tree_(std::move(tree)), answers_(std::make_shared<Answers>()) {}
  std::shared_ptr<const Answers> answers() const { return answers_; }  // they grow while it is asked

  const FileEntry* entry(std::string_view path) const override;
  bool is_directory(std::string_view path) const override;
  std::vector<std::string> list(std::string_view directory) const override;
  Result<std::vector<std::string>> files_below(std::string_view directory) const override;
  const Error* unreadable(std::string_view path) const override;
  std::string shown(std::string_view path) const override { return tree_->shown(path); }

 private:
  bool may_note() const;

  std::shared_ptr<const Tree> tree_;
  std::shared_ptr<Answers> answers_;
};

}  // namespace slipway::sources
