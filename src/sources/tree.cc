#include "sources/tree.h"

#include <algorithm>
#include <deque>

#include "base/text.h"

namespace slipway::sources {
namespace {

constexpr int kLinksMax = 40;  // as Linux

// Pushes the parts of `path`, first part first, in front of `parts`.
void prepend(std::deque<std::string>& parts, std::string_view path) {
  auto pieces = base::split(path, '/');
  for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece)
    if (!piece->empty() && *piece != ".") parts.emplace_front(*piece);
}

std::string_view parent_of(std::string_view path) {
  size_t slash = path.rfind('/');
  return slash == path.npos ? std::string_view() : path.substr(0, slash);
}
std::string below(std::string_view directory, std::string_view name) {
  return directory.empty() ? std::string(name) : fmt::format("{}/{}", directory, name);
}

template <class T>
bool any_below(const std::map<std::string, T>& paths, const std::string& prefix) {
  auto first = paths.lower_bound(prefix);
  return first != paths.end() && first->first.starts_with(prefix);
}

// The first parts of the paths below `prefix`, each once.
template <class T>
void add_names(const std::map<std::string, T>& paths, const std::string& prefix, std::vector<std::string>& names) {
  for (auto at = paths.lower_bound(prefix); at != paths.end() && at->first.starts_with(prefix);) {
    std::string_view rest = std::string_view(at->first).substr(prefix.size());
    std::string name(rest.substr(0, rest.find('/')));
    if (name.size() == rest.size()) {
      ++at;
    } else {
      at = paths.lower_bound(prefix + name + '0');  // '0' follows '/': past everything below
    }
    if (!name.empty()) names.push_back(std::move(name));
  }
}

}  // namespace

const FileEntry* Tree::entry(std::string_view path) const {
  auto found = files_.find(std::string(path));
  return found == files_.end() ? nullptr : &found->second;
}

bool Tree::is_directory(std::string_view path) const {
  if (path.empty()) return true;
  std::string prefix = fmt::format("{}/", path);
  if (any_below(files_, prefix) || any_below(left_out_, prefix)) return true;
  return left_out_.contains(std::string(path)) && !entry(path);
}

Result<std::string> Tree::real_path(std::string_view path) const {
  std::deque<std::string> ahead;
  prepend(ahead, path);
  std::string at;
  for (int links = 0; !ahead.empty();) {
    std::string part = std::move(ahead.front());
    ahead.pop_front();
    if (part == "..") {
      if (at.empty()) return fail(ErrorKind::forbidden, "\"{}\" leads out of the repository", path);
      at = parent_of(at);
      continue;
    }
    std::string next = below(at, part);
    const FileEntry* found = entry(next);
    if (found && found->kind == FileEntry::Kind::symlink) {
      if (++links > kLinksMax)
        return fail(ErrorKind::forbidden, "\"{}\" goes through more than {} symlinks", path, kLinksMax);
      if (!found->bytes) return fail(ErrorKind::too_large, "the symlink \"{}\" is over the size limit", next);
      if (found->bytes->starts_with('/'))
        return fail(ErrorKind::forbidden, "the symlink \"{}\" leads to \"{}\", out of the repository", next,
                    *found->bytes);
      prepend(ahead, *found->bytes);
      continue;
    }
    if (!found && !is_directory(next)) return missing(path == next ? path : std::string_view(next));
    if (found && !ahead.empty() && found->kind == FileEntry::Kind::submodule)
      return fail(ErrorKind::bad_request, "no \"{}\": \"{}\" is a submodule; its files are in another repository", path,
                  next);
    if (found && !ahead.empty() && !is_directory(next))
      return fail(ErrorKind::not_found, "no \"{}\": \"{}\" is a file", path, next);
    at = std::move(next);
  }
  return at;
}

Result<std::shared_ptr<const std::string>> Tree::read(std::string_view path) const {
  std::string real = OR_RETURN(real_path(path));
  const FileEntry* found = entry(real);
  if (!found) return fail(ErrorKind::bad_request, "\"{}\" is a directory, expected a file", path);
  if (found->kind == FileEntry::Kind::submodule)
    return fail(ErrorKind::not_found, "\"{}\" is a submodule; its files are in another repository", path);
  if (!found->bytes) {
    if (const Error* why = unreadable(real)) return *why;
    // Whose size nobody knows: a clone leaves large ones out, and a damaged repository has lost it.
    return fail(ErrorKind::too_large, "\"{}\" is over the size limit of a file{}", path,
                found->size == 0 ? ", or its object is missing or damaged in the repository (git fsck tells)" : "");
  }
  return found->bytes;
}

std::vector<std::string> Tree::list(std::string_view directory) const {
  std::vector<std::string> names;
  if (unreadable(directory)) return names;
  std::string prefix = directory.empty() ? "" : fmt::format("{}/", directory);
  add_names(files_, prefix, names);
  add_names(left_out_, prefix, names);
  std::ranges::sort(names);  // "a-b" stands before "a/x" among paths, and behind "a" among names
  names.erase(std::ranges::unique(names).begin(), names.end());
  return names;
}

Result<std::vector<std::string>> Tree::files_below(std::string_view directory) const {
  std::vector<std::string> paths;
  std::string prefix = directory.empty() ? "" : fmt::format("{}/", directory);
  auto is_folder = [&](const auto& left) { return !files_.contains(left.first); };
  if (auto own = left_out_.find(std::string(directory)); own != left_out_.end() && is_folder(*own))
    return own->second.why;
  for (auto at = left_out_.lower_bound(prefix); at != left_out_.end() && at->first.starts_with(prefix); ++at)
    if (is_folder(*at)) return at->second.why;
  for (auto at = files_.lower_bound(prefix); at != files_.end() && at->first.starts_with(prefix); ++at)
    paths.push_back(at->first);
  return paths;
}

const Error* Tree::unreadable(std::string_view path) const {
  if (left_out_.empty()) return nullptr;
  auto known = left_out_.find(std::string(path));
  if (known != left_out_.end()) return known->second.is_deeper ? nullptr : &known->second.why;
  if (entry(path) || is_directory(path)) return nullptr;
  std::string above(path);
  do above = parent_of(above);
  while (!is_directory(above));
  known = left_out_.find(above);
  return known == left_out_.end() || known->second.is_deeper ? nullptr : &known->second.why;
}

Error Tree::missing(std::string_view path) const {
  if (const Error* why = unreadable(path)) return *why;
  std::string directory(parent_of(path));
  while (!is_directory(directory)) directory = parent_of(directory);
  std::string_view rest = path.substr(directory.empty() ? 0 : directory.size() + 1);
  if (auto near = base::nearest(rest.substr(0, rest.find('/')), list(directory)))
    return fail(ErrorKind::not_found, "no such file or directory: \"{}\"; did you mean \"{}\"?", path,
                below(directory, *near));
  return fail(ErrorKind::not_found, "no such file or directory: \"{}\"", path);
}

Result<std::string> clean_path(std::string_view path) {
  if (path.starts_with('/')) return fail(ErrorKind::forbidden, "\"{}\" is absolute, expected a relative path", path);
  return join_path("", path);
}

Result<std::string> join_path(std::string_view directory, std::string_view path) {
  if (path.starts_with('/')) return fail(ErrorKind::forbidden, "\"{}\" is absolute, expected a relative path", path);
  std::vector<std::string_view> parts;
  for (std::string_view side : {directory, path}) {
    for (std::string_view part : base::split(side, '/')) {
      if (part.empty() || part == ".") continue;
      if (part != "..") {
        parts.push_back(part);
      } else if (!parts.empty()) {
        parts.pop_back();
      } else {
        return fail(ErrorKind::forbidden, "\"{}\" leads out of the repository", path);
      }
    }
  }
  std::string out;
  for (std::string_view part : parts) {
    if (!out.empty()) out += '/';
    out += part;
  }
  return out;
}

}  // namespace slipway::sources
