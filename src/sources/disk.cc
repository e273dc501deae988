// The disk as a Tree, read as it is asked for: `kustomize build` follows paths to wherever they lead, and reads nothing
// beside them.
#include <unordered_map>

#include "base/text.h"
#include "sources/repositories.h"

namespace slipway::sources {
namespace {

constexpr int kDepthMax = 100;  // of directories that are walked

class Disk : public Tree {
 public:
  Disk(runtime::Files& files, std::string from, SourceLimits limits)
      : Tree({}), files_(files), from_(std::move(from)), limits_(limits) {}

  const FileEntry* entry(std::string_view path) const override {
    const Found& found = look(path);
    return found.entry ? &*found.entry : nullptr;
  }
  bool is_directory(std::string_view path) const override { return path.empty() || look(path).directory; }

  std::vector<std::string> list(std::string_view directory) const override {
    auto names = files_.list(fmt::format("/{}", directory));
    if (names.failed_with(ErrorKind::forbidden)) {
      look(directory);
      found_[std::string(directory)].why = refused(directory, names.error());
    }
    return std::move(names).value_or(std::vector<std::string>());
  }
  Result<std::vector<std::string>> files_below(std::string_view directory) const override {
    std::vector<std::string> out;
    walk(std::string(directory), out, 0);
    return out;
  }

  const Error* unreadable(std::string_view path) const override {
    const Found& found = look(path);
    return found.why ? &*found.why : nullptr;
  }

  std::string shown(std::string_view path) const override {
    std::string whole = fmt::format("/{}", path);
    if (whole == from_) return ".";
    if (whole.starts_with(from_ + "/")) return whole.substr(from_.size() + 1);
    return whole;
  }

 private:
  struct Found {
    std::optional<FileEntry> entry;
    bool directory = false;
    std::optional<Error> why;  // it cannot be read
  };

  const Found& look(std::string_view path) const {
    auto [at, fresh] = found_.try_emplace(std::string(path));
    Found& found = at->second;
    if (!fresh) return found;
    std::string whole = fmt::format("/{}", path);
    auto stat = files_.stat(whole);
    if (!stat) {
      if (stat.failed_with(ErrorKind::forbidden)) found.why = refused(path, stat.error());
      return found;
    }
    using Kind = runtime::FileStat::Kind;
    FileEntry entry{.size = stat->size};
    switch (stat->kind) {
      case Kind::other:
        return found;
      case Kind::directory:
        found.directory = true;
        return found;
      case Kind::symlink: {
        auto target = files_.read_link(whole);
        if (!target) return found;
        entry.kind = FileEntry::Kind::symlink;
        entry.bytes = std::make_shared<const std::string>(relative(path, *target));
        break;
      }
      case Kind::file: {
        entry.kind = stat->mode & 0111 ? FileEntry::Kind::executable : FileEntry::Kind::file;
        if (entry.size > limits_.blob_bytes_max) break;
        auto text = files_.read(whole, limits_.blob_bytes_max);
        if (!text) {
          found.why = refused(path, text.error());
          return found;
        }
        entry.bytes = std::make_shared<const std::string>(std::move(*text));
        break;
      }
    }
    found.entry = std::move(entry);
    return found;
  }

  // "open base/map.yaml: Permission denied"
  Error refused(std::string_view path, const Error& error) const {
    std::string_view reason = error.message();
    if (size_t colon = reason.rfind(": "); colon != reason.npos) reason.remove_prefix(colon + 2);
    return fail(error.kind(), "open {}: {}", shown(path), reason);
  }

  // The tree's root is the disk's: an absolute link is one that climbs there first.
  static std::string relative(std::string_view link, const std::string& target) {
    if (!target.starts_with('/')) return target;
    std::string out;
    for (char c : link)
      if (c == '/') out += "../";
    return out + target.substr(1);
  }

  void walk(const std::string& directory, std::vector<std::string>& out, int depth) const {
    if (depth > kDepthMax || out.size() >= limits_.files_max) return;
    for (const std::string& name : list(directory)) {
      if (name == ".git") continue;
      std::string path = directory.empty() ? name : fmt::format("{}/{}", directory, name);
      if (is_directory(path))
        walk(path, out, depth + 1);
      else
        out.push_back(std::move(path));
    }
  }

  runtime::Files& files_;
  std::string from_;
  SourceLimits limits_;
  mutable std::unordered_map<std::string, Found> found_;  // pointers into it stay
};

}  // namespace

std::shared_ptr<const Tree> open_disk(runtime::Files& files, std::string from, SourceLimits limits) {
  return std::make_shared<const Disk>(files, std::move(from), limits);
}

}  // namespace slipway::sources
