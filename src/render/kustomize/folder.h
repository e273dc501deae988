// One kustomization's own folder and the files it may read: those in or below it, symlinks followed. Other
// kustomizations are opened from here, which is where cycles show.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "sources/tree.h"

namespace slipway::render::kustomize {

class Folder {
 public:
  // `root` is a path of the tree, as real_path() gives it.
  Folder(std::shared_ptr<const sources::Tree> tree, std::string root, bool unrestricted)
      : tree_(std::move(tree)), root_(std::move(root)), unrestricted_(unrestricted) {}
  const std::string& root() const { return root_; }
  std::string display() const { return tree_->shown(root_); }
  const sources::Tree& tree() const { return *tree_; }

  struct File {
    std::string path;  // as the tree shows it
    std::shared_ptr<const std::string> text;
  };
  // Errors: not_found with the nearest name, forbidden when it is not in or below this folder, bad_request for a
  // folder, unsupported for a URL.
  Result<File> read(std::string_view path) const;
  // Another kustomization's folder. Errors: not_found, invalid for a cycle, unsupported for a remote one.
  // The result refers to this one, which must outlive it.
  Result<Folder> open(std::string_view path) const;
  bool is_folder(std::string_view path) const;
  // kustomization.yaml, kustomization.yml or Kustomization. Errors: not_found, invalid when there are several.
  Result<File> kustomization() const;

 private:
  Error missing(std::string_view path, std::string_view resolved) const;
  std::shared_ptr<const sources::Tree> tree_;
  std::string root_;
  bool unrestricted_;
  const Folder* referrer_ = nullptr;
};

bool is_remote(std::string_view path);
inline constexpr const char* kustomization_names[] = {"kustomization.yaml", "kustomization.yml", "Kustomization"};

}  // namespace slipway::render::kustomize
