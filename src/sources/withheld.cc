// A path is judged by where it leads. The folders and what lies in them are known by inode too: a mount shows them
// under another name, to which no symlink leads. Between the look and git's reading somebody who may write beside the
// repository could change a link; such a one writes on this machine, and asks nobody to read for them.
#include "sources/withheld.h"

#include <algorithm>
#include <deque>

#include "base/text.h"

namespace slipway::sources {
namespace {

using runtime::Files;
using runtime::FileStat;

constexpr int kLinksMax = 40;       // as Linux
constexpr int kBorrowedMax = 5;     // as git: alternates of alternates
constexpr size_t kNamesMax = 1000;  // of alternates in one file

constexpr std::string_view kLent =
    "examples";  // in the data folder: script/up lays its repositories there, to be watched

// Each folder on the way, "/" first, the path itself last; links followed as the kernel follows them. What is not there
// is taken as it stands. "/proc" ends it: what its links lead to is not what they say.
Result<std::vector<std::string>> way_to(Files& files, std::string_view path) {
  std::deque<std::string> ahead;
  for (std::string_view part : base::split(path, '/')) ahead.emplace_back(part);
  std::vector<std::string> way = {"/"};
  int links = 0;
  while (!ahead.empty()) {
    std::string part = std::move(ahead.front());
    ahead.pop_front();
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (way.size() > 1) way.pop_back();
      continue;
    }
    std::string next = way.size() == 1 ? "/" + part : way.back() + "/" + part;
    if (next == "/proc") return fail(ErrorKind::forbidden, "it leads through /proc, which names no place of its own");
    auto stat = files.stat(next);
    if (!stat || stat->kind != FileStat::Kind::symlink) {
      way.push_back(std::move(next));
      continue;
    }
    if (++links > kLinksMax) return fail(ErrorKind::forbidden, "too many symlinks");
    std::string target = OR_RETURN(files.read_link(next));
    if (target.starts_with('/')) way.resize(1);
    auto parts = base::split(target, '/');
    for (auto it = parts.rbegin(); it != parts.rend(); ++it) ahead.emplace_front(*it);
  }
  return way;
}

// What runtime tells of a file names no file system: two folders of one inode differ in the rest.
bool is_same(const FileStat& a, const FileStat& b) {
  return a.inode == b.inode && a.modified == b.modified && a.mode == b.mode && a.uid == b.uid && a.gid == b.gid;
}

std::vector<FileStat> known_folders(Files& files, const std::string& folder) {
  std::vector<FileStat> known;
  for (const char* within : {"/repositories", "/repositories/clones", "/clones"}) {
    auto stat = files.stat(folder + within);
    if (stat && stat->kind == FileStat::Kind::directory) known.push_back(*stat);
  }
  return known;
}

Result<> check(Files& files, std::string_view path, const std::vector<std::string>& folders, std::string_view named) {
  auto refused = [&](std::string_view why) {
    return fail(ErrorKind::forbidden, "{} is no repository that may be named: {}", named, why);
  };
  auto way = way_to(files, path);
  if (!way) return refused(way.error().message());
  for (const std::string& folder : folders) {
    auto own = way_to(files, folder);
    if (!own) continue;  // then nothing is kept there
    auto root = files.stat(own->back());
    std::vector<FileStat> known = known_folders(files, own->back());
    for (size_t i = 0; i < way->size(); ++i) {
      const std::string& each = (*way)[i];
      auto stat = files.stat(each);
      bool is_root = each == own->back() || (stat && root && is_same(*root, *stat));
      bool is_lent = i + 1 < way->size() && (*way)[i + 1] == fmt::format("{}/{}", each, kLent);
      bool is_within = stat && std::ranges::any_of(known, [&](const FileStat& one) { return is_same(one, *stat); });
      if ((is_root && !is_lent) || is_within)
        return refused("it lies in Slipway's own data folder, whose clones are for those who were let in");
    }
  }
  return {};
}

}  // namespace

Result<> check_not_within(Files& files, std::string_view path, const std::vector<std::string>& folders) {
  return check(files, path, folders, path);
}

Result<> check_not_within(Files& files, const LocalRepository& repository, const std::vector<std::string>& folders) {
  const std::string& named = repository.git_dir;
  std::vector<std::string> stores = {repository.common_dir + "/objects"};
  for (const std::string& place : {repository.git_dir, repository.common_dir, repository.common_dir + "/refs"})
    OR_RETURN(check(files, place, folders, named));
  for (int depth = 0; depth <= kBorrowedMax && !stores.empty(); ++depth) {
    std::vector<std::string> borrowed;
    for (const std::string& store : stores) {
      for (const char* within : {"", "/pack"}) OR_RETURN(check(files, store + within, folders, named));
      auto text = files.read(store + "/info/alternates", 1 << 20);
      if (!text) continue;
      for (std::string_view line : base::split_lines(*text)) {
        if (line.empty() || line.starts_with('#')) continue;
        if (borrowed.size() >= kNamesMax) return fail(ErrorKind::too_large, "{} borrows from too many", named);
        // git reads such a name as one in C; none of ours is
        if (line.starts_with('"')) return fail(ErrorKind::forbidden, "{} borrows from a quoted path: {}", named, line);
        borrowed.push_back(line.starts_with('/') ? std::string(line) : fmt::format("{}/{}", store, line));
      }
    }
    stores = std::move(borrowed);
  }
  return {};
}

}  // namespace slipway::sources
