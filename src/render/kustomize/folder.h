// One kustomization's own folder and the files it may read: those in or below it, symlinks followed. Other
// kustomizations are opened from here, which is where cycles show.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "render/kustomize/remote.h"
#include "sources/tree.h"

namespace slipway::render::kustomize {

class Folder {
 public:
  // `root` is a path of the tree, as real_path() gives it.
  // `remotes`: what remote paths mean, and where those that it lacks are noted; null: they are refused.
  // `absolute`: absolute paths are the tree's.
  Folder(std::shared_ptr<const sources::Tree> tree, std::string root, bool unrestricted, RemoteBases* remotes = nullptr,
         bool absolute = false)
      : tree_(std::move(tree)),
        root_(std::move(root)),
        unrestricted_(unrestricted),
        absolute_(absolute),
        remotes_(remotes) {}
  const std::string& root() const { return root_; }
  std::string display() const { return tree_->shown(root_); }
  const sources::Tree& tree() const { return *tree_; }
  const std::shared_ptr<const sources::Tree>& shared_tree() const { return tree_; }

  struct File {
    std::string path;  // as the tree shows it
    std::shared_ptr<const std::string> text;
    const sources::Tree* tree = nullptr;  // that `path` is meant in; null: a URL
  };
  // Errors: not_found with the nearest name, forbidden when it is not in or below this folder, bad_request for a
  // folder, unsupported for a URL that nothing fetches.
  Result<File> read(std::string_view path) const;
  // Another kustomization's folder. Errors: not_found, invalid for a cycle, unsupported for a remote one that nothing
  // fetches, unavailable for one to be fetched. The result refers to this one, which must outlive it.
  Result<Folder> open(std::string_view path) const;
  bool is_folder(std::string_view path) const;
  // The error for what is not there: `path` as it was said, `resolved` in the tree; with the nearest name beside it.
  Error missing(std::string_view path, std::string_view resolved) const;
  // kustomization.yaml, kustomization.yml or Kustomization. Errors: not_found, invalid when there are several.
  Result<File> kustomization() const;
  // A chart of a repository or registry, its files below Remote::folder. Errors: as open() for remote ones.
  Result<Remote> chart(std::string_view repository, std::string_view name, std::string_view version) const;
  // Notes that this remote path will be asked for, so that it can be fetched along with others.
  void foresee(std::string_view path) const;

 private:
  Result<Remote> remote(std::string_view path) const;
  std::shared_ptr<const sources::Tree> tree_;
  std::string root_;
  bool unrestricted_, absolute_;
  RemoteBases* remotes_;
  const Folder* referrer_ = nullptr;
};

bool is_remote(std::string_view path);
inline constexpr const char* kustomization_names[] = {"kustomization.yaml", "kustomization.yml", "Kustomization"};

// "a file", or that it is a submodule: what stands where a folder was expected.
std::string_view words_for_no_folder(const sources::Tree& tree, std::string_view real_path);

}  // namespace slipway::render::kustomize
