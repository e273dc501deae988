#include "render/kustomize/folder.h"

#include <algorithm>

#include "base/text.h"
#include "sources/url.h"

namespace slipway::render::kustomize {
namespace {

bool is_within(std::string_view path, std::string_view folder) {
  return folder.empty() || path == folder || (path.starts_with(folder) && path[folder.size()] == '/');
}

// "../../base - ../../shared": two list entries that lost their line break.
bool is_ambiguous(std::string_view path) {
  for (std::string_view part : base::split(path, '/'))
    if (part != ".." && part.find("..") != part.npos) return true;
  return false;
}

Error ambiguous(std::string_view path) {
  return fail(ErrorKind::invalid,
              "path \"{}\" is ambiguous: check the indentation; two list entries may have become one", path);
}
}  // namespace

bool is_remote(std::string_view path) {
  if (path.starts_with("chart+")) return false;  // how charts are spelled within; no path that a person writes
  if (path.find("://") != path.npos || path.starts_with("git::") || path.starts_with("github.com/") ||
      path.starts_with("github.com:"))
    return true;
  size_t at = path.find('@'), colon = path.find(':');
  return at != path.npos && colon != path.npos && at < colon && path.find('/') > colon;
}

// The nearest name beside where it was looked for.
Error Folder::missing(std::string_view path, std::string_view resolved) const {
  if (is_ambiguous(path)) return ambiguous(path);
  size_t slash = resolved.rfind('/');
  std::string folder(slash == resolved.npos ? "" : resolved.substr(0, slash));
  std::string hint;
  std::string name(resolved.substr(slash + 1));
  auto beside = tree_->list(folder);
  if (std::erase(beside, name)) {
    bool readable = tree_->entry(resolved) != nullptr;
    hint = readable ? "; it is a symlink to what is not there" : "; it is a pipe, a socket or a device";
  } else if (auto near = base::nearest(name, beside)) {
    size_t own = path.rfind('/');
    hint = fmt::format("; did you mean \"{}{}\"?", own == path.npos ? "" : path.substr(0, own + 1), *near);
  } else if (!folder.empty() && !tree_->is_directory(folder)) {
    hint = fmt::format("; there is no folder \"{}\"", tree_->shown(folder));
  }
  return fail(ErrorKind::not_found, "\"{}\" is not there (looked for {}){}", path, tree_->shown(resolved), hint);
}

Result<Folder::File> Folder::read(std::string_view path) const {
  if (path.empty()) return fail(ErrorKind::invalid, "an empty path");
  if (is_remote(path)) {
    Remote found = OR_RETURN(remote(path));
    if (!found.text) return fail(ErrorKind::bad_request, "\"{}\" is a repository; a file was expected", path);
    return File{std::string(path), found.text};
  }
  if (path.starts_with('/') && !absolute_)
    return fail(ErrorKind::forbidden, "\"{}\" is an absolute path; only files in or below \"{}\" may be read", path,
                display());
  auto joined = sources::join_path(path.starts_with('/') ? "" : root_, path.substr(path.starts_with('/')));
  if (!joined) return fail(ErrorKind::forbidden, "security; file \"{}\" leads out of the repository", path);
  auto real = tree_->real_path(*joined);
  if (!real) return real.failed_with(ErrorKind::not_found) ? missing(path, *joined) : std::move(real).error();
  if (!unrestricted_ && !is_within(*real, root_))
    return fail(
        ErrorKind::forbidden,
        "security; file \"{}\" is not in or below \"{}\": move it there, or make its folder a base or component",
        tree_->shown(*real), display());
  if (tree_->is_directory(*real)) return fail(ErrorKind::bad_request, "\"{}\" is a folder; a file was expected", path);
  return File{tree_->shown(*real), OR_RETURN(tree_->read(*real)), tree_.get()};
}

Result<Remote> Folder::remote(std::string_view path) const {
  if (!remotes_)
    return fail(ErrorKind::unsupported, "\"{}\" lies elsewhere, and nothing is fetched here", sources::shown_url(path));
  if (auto found = remotes_->fetched.find(path); found != remotes_->fetched.end()) return found->second;
  if (std::ranges::find(remotes_->wanted, path) == remotes_->wanted.end()) remotes_->wanted.emplace_back(path);
  return fail(ErrorKind::unavailable, "\"{}\" is not fetched yet", sources::shown_url(path));
}

Result<Remote> Folder::chart(std::string_view repository, std::string_view name, std::string_view version) const {
  return remote(chart_path(repository, name, version));
}

void Folder::foresee(std::string_view path) const {
  if (remotes_ && !remotes_->fetched.contains(path)) remotes_->foreseen.emplace_back(path);
}

bool Folder::is_folder(std::string_view path) const {
  if (is_remote(path)) {
    auto found = remote(path);
    return found && found->tree;
  }
  auto joined = sources::join_path(root_, path);
  if (!joined) return false;
  auto real = tree_->real_path(*joined);
  return real && tree_->is_directory(*real);
}

std::string_view words_for_no_folder(const sources::Tree& tree, std::string_view real_path) {
  const sources::FileEntry* entry = tree.entry(real_path);
  bool submodule = entry && entry->kind == sources::FileEntry::Kind::submodule;
  return submodule ? "a submodule, whose files are in another repository" : "a file";
}

Result<Folder> Folder::open(std::string_view path) const {
  if (path.empty()) return fail(ErrorKind::invalid, "an empty path");
  if (is_remote(path)) {
    Remote found = OR_RETURN(remote(path));
    if (!found.tree)
      return fail(ErrorKind::bad_request, "\"{}\" is a file; a folder with a kustomization was expected", path);
    for (const Folder* f = this; f; f = f->referrer_)
      if (f->tree_ == found.tree && is_within(f->root_, found.folder))
        return fail(ErrorKind::invalid, "cycle detected: \"{}\" is being built", path);
    Folder opened(found.tree, found.folder, false, remotes_);
    opened.referrer_ = this;
    return opened;
  }
  if (path.starts_with('/')) return fail(ErrorKind::forbidden, "\"{}\" cannot be absolute", path);
  if (is_ambiguous(path)) return ambiguous(path);
  auto joined = sources::join_path(root_, path);
  if (!joined) return fail(ErrorKind::forbidden, "\"{}\" leads out of the repository", path);
  auto real = tree_->real_path(*joined);
  if (!real) return real.failed_with(ErrorKind::not_found) ? missing(path, *joined) : std::move(real).error();
  if (!tree_->is_directory(*real))
    return fail(ErrorKind::bad_request, "\"{}\" is {}; a folder with a kustomization was expected", path,
                words_for_no_folder(*tree_, *real));
  std::string way = tree_->shown(*real);
  for (const Folder* f = this; f; f = f->referrer_) {
    way = fmt::format("{} -> {}", f->display(), way);
    if (f->tree_ == tree_ && is_within(f->root_, *real))
      return fail(ErrorKind::invalid, "cycle detected: \"{}\" contains \"{}\", which is being built ({})",
                  tree_->shown(*real), f->display(), way);
  }
  Folder opened(tree_, *real, unrestricted_, remotes_, absolute_);
  opened.referrer_ = this;
  return opened;
}

Result<Folder::File> Folder::kustomization() const {
  std::vector<std::string> found;
  std::optional<Error> refused;
  for (const char* name : kustomization_names) {
    auto real = tree_->real_path(root_.empty() ? name : fmt::format("{}/{}", root_, name));
    if (real && !tree_->is_directory(*real)) found.emplace_back(name);
    if (!real && !real.failed_with(ErrorKind::not_found) && !refused) refused = std::move(real).error();
  }
  if (found.empty() && refused)
    return std::move(*refused).context(fmt::format("unable to read a kustomization in directory '{}'", display()));
  if (found.empty()) {
    auto names = tree_->list(root_);
    std::string hint;
    for (const char* name : kustomization_names)
      if (auto near = base::nearest(name, names); near && hint.empty())
        hint = fmt::format("; is \"{}\" misspelt?", *near);
    return fail(
        ErrorKind::not_found,
        "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '{}'{}",
        display(), hint);
  }
  if (found.size() > 1)
    return fail(ErrorKind::invalid, "Found multiple kustomization files under: {} ({})", display(),
                base::join(found, ", "));
  return read(found[0]);
}

}  // namespace slipway::render::kustomize
