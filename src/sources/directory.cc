// A directory on disk as a Tree. Links are kept as links: Tree follows them later, within itself only.
#include "base/text.h"
#include "runtime/heap.h"
#include "sources/repositories.h"

namespace slipway::sources {
namespace {

struct Reading {
  runtime::Files& files;
  std::string root;
  SourceLimits limits;
  std::map<std::string, FileEntry> found;
  uint64_t bytes = 0;
};

Result<> read_below(Reading& reading, const std::string& directory, int depth) {
  if (depth > 100) return fail(ErrorKind::too_large, "{}: directories nested more than 100 deep", directory);
  std::string on_disk = directory.empty() ? reading.root : fmt::format("{}/{}", reading.root, directory);
  for (const std::string& name : OR_RETURN(reading.files.list(on_disk))) {
    if (name == ".git") continue;
    std::string path = directory.empty() ? name : fmt::format("{}/{}", directory, name);
    std::string full = fmt::format("{}/{}", on_disk, name);
    auto stat = reading.files.stat(full);
    if (stat.failed_with(ErrorKind::not_found)) continue;  // it went away
    if (!stat) return std::move(stat).error();
    using Kind = runtime::FileStat::Kind;
    FileEntry entry{.size = stat->size};
    switch (stat->kind) {
      case Kind::other:
        continue;  // sockets, devices, pipes: nothing that Git could hold
      case Kind::directory:
        OR_RETURN(read_below(reading, path, depth + 1));
        continue;
      case Kind::symlink:
        entry.kind = FileEntry::Kind::symlink;
        entry.bytes = std::make_shared<const std::string>(OR_RETURN(reading.files.read_link(full)));
        break;
      case Kind::file:
        entry.kind = stat->mode & 0111 ? FileEntry::Kind::executable : FileEntry::Kind::file;
        if (entry.size > reading.limits.blob_bytes_max) break;
        runtime::prepare_heap(entry.size);
        entry.bytes =
            std::make_shared<const std::string>(OR_RETURN(reading.files.read(full, reading.limits.blob_bytes_max)));
        entry.size = entry.bytes->size();
        reading.bytes += entry.size;
        break;
    }
    if (reading.bytes > reading.limits.tree_bytes_max)
      return fail(ErrorKind::too_large, "{}: more than {} bytes", reading.root, reading.limits.tree_bytes_max);
    if (reading.found.size() >= reading.limits.files_max)
      return fail(ErrorKind::too_large, "{}: more than {} files", reading.root, reading.limits.files_max);
    reading.found.emplace(std::move(path), std::move(entry));
  }
  return {};
}

}  // namespace

Task<Result<std::shared_ptr<const Tree>>> read_directory(World& world, std::string path, SourceLimits limits) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  Reading reading{world.files(), std::move(path), limits, {}, 0};
  Result<> done = co_await world.on_pool([&reading] { return read_below(reading, "", 0); });
  OR_CO_RETURN(std::move(done));
  co_return std::make_shared<const Tree>(std::move(reading.found));
}

}  // namespace slipway::sources
