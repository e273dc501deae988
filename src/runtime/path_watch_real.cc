// inotify behind PathWatch. Every path is watched in its parent directory by name, so that a file replaced by rename
// and one that does not exist yet are noticed; a path that is a directory is watched with all directories below it, and
// those that appear later are added when their creation is reported. One inode has one watch, so the same directory may
// be there for some names and for everything.
#include <dirent.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <cerrno>
#include <set>
#include <unordered_map>

#include "base/text.h"
#include "runtime/files_real.h"
#include "runtime/system_error.h"

namespace slipway::runtime {
namespace {

constexpr uint32_t kChanges = IN_MODIFY | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                              IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
// Of directories further up: that the way to a path is moved or deleted, and back again.
constexpr uint32_t kMoves = IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_ONLYDIR;
constexpr size_t kDirectoriesMax = 8192;

class RealPathWatch final : public PathWatch {
 public:
  explicit RealPathWatch(std::shared_ptr<Descriptor> inotify) : state_(std::make_shared<State>(std::move(inotify))) {}
  ~RealPathWatch() override { state_->inotify->close(); }
  Result<> add(const std::string& path) { return state_->add(path); }
  Task<Result<>> changed() override { return wait(state_); }

 private:
  struct Watched {
    std::string directory;
    bool everything = false;
    std::set<std::string, std::less<>> names;
  };
  struct State {
    explicit State(std::shared_ptr<Descriptor> d) : inotify(std::move(d)) {}
    std::shared_ptr<Descriptor> inotify;
    std::vector<std::string> paths;
    std::unordered_map<int, Watched> watched;

    Result<> add(const std::string& path) {
      paths.push_back(path);
      return look(path);
    }
    Result<> look(const std::string& path) {
      // the nearest directory that exists, for the name that leads towards the path; those above it for moves alone
      std::string below = path;
      bool nearest = true;
      while (true) {
        size_t slash = below.find_last_of('/');
        if (slash == std::string::npos || below.size() <= 1) break;
        std::string parent = slash == 0 ? "/" : below.substr(0, slash);
        auto at = watch_directory(parent, nearest ? kChanges : kMoves);
        if (at) {
          watched[*at].names.insert(below.substr(slash + 1));
          nearest = false;
        } else if (!at.failed_with(ErrorKind::not_found)) {
          if (!nearest) break;  // not ours to look into
          return std::move(at).error();
        }
        below = parent;
      }
      auto all = watch_tree(path);
      if (!all && !all.failed_with(ErrorKind::not_found)) return all;
      return {};
    }
    Result<int> watch_directory(const std::string& directory, uint32_t events = kChanges) {
      int at = ::inotify_add_watch(inotify->fd(), directory.c_str(), events | IN_MASK_ADD);
      if (at < 0) {
        if (errno == ENOSPC)
          return fail(ErrorKind::io, "watch {}: no inotify watches left; raise fs.inotify.max_user_watches", directory);
        int number = errno;
        return system_error(number, fmt::format("watch {}", directory));
      }
      if (watched.size() > kDirectoriesMax)
        return fail(ErrorKind::too_large, "watch {}: more than {} directories", directory, kDirectoriesMax);
      watched[at].directory = directory;
      return at;
    }
    Result<> watch_tree(const std::string& directory) {
      int at = OR_RETURN(watch_directory(directory));  // before listing: what appears in between is then reported
      watched[at].everything = true;
      DIR* stream = ::opendir(directory.c_str());
      if (!stream) return {};
      std::vector<std::string> below;
      while (dirent* entry = ::readdir(stream)) {
        std::string_view name = entry->d_name;
        if (name == "." || name == ".." || (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)) continue;
        below.push_back(fmt::format("{}/{}", directory, name));
      }
      ::closedir(stream);
      for (const auto& inner : below) {
        struct stat st;
        if (::lstat(inner.c_str(), &st) < 0 || !S_ISDIR(st.st_mode)) continue;
        auto watching = watch_tree(inner);
        if (!watching && !watching.failed_with(ErrorKind::not_found)) return watching;
      }
      return {};
    }

    // True when something that we were asked for changed. Reads all that is there.
    Result<bool> drain() {
      alignas(inotify_event) char buffer[16384];
      bool ours = false;
      while (true) {
        ssize_t n = ::read(inotify->fd(), buffer, sizeof buffer);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return ours;
        if (n < 0) return system_error(errno, "read inotify");
        for (char* at = buffer; at < buffer + n;) {
          auto* event = reinterpret_cast<inotify_event*>(at);
          at += sizeof(inotify_event) + event->len;
          if (take(*event)) ours = true;
        }
      }
    }
    bool take(const inotify_event& event) {
      if (event.mask & IN_Q_OVERFLOW) {
        for (const auto& path : paths) (void)look(path).has_value();
        return true;
      }
      auto found = watched.find(event.wd);
      if (found == watched.end()) return false;
      if (event.mask & IN_IGNORED) {
        watched.erase(found);
        return false;
      }
      if (event.mask & (IN_DELETE_SELF | IN_MOVE_SELF)) {
        if (event.mask & IN_MOVE_SELF) ::inotify_rm_watch(inotify->fd(), event.wd);
        for (const auto& path : paths) (void)look(path).has_value();  // it, or what leads to it, may be there again
        return true;
      }
      std::string name = event.len ? event.name : "";
      bool ours = found->second.everything || found->second.names.contains(name);
      if (!ours) return false;
      if ((event.mask & IN_ISDIR) && (event.mask & (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE))) {
        if (found->second.everything && (event.mask & (IN_CREATE | IN_MOVED_TO)))
          (void)watch_tree(fmt::format("{}/{}", found->second.directory, name)).has_value();
        for (const auto& path : paths) (void)look(path).has_value();
      }
      return true;
    }
  };

  static Task<Result<>> wait(std::shared_ptr<State> state) {
    while (true) {
      OR_CO_RETURN(co_await state->inotify->readable());
      bool ours = OR_CO_RETURN(state->drain());
      if (ours) co_return Result<>();
    }
  }
  std::shared_ptr<State> state_;
};

}  // namespace

Result<std::unique_ptr<PathWatch>> create_path_watch(Loop& loop, std::vector<std::string> paths) {
  Fd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd) {
    if (errno == EMFILE)
      return Error(ErrorKind::io, "watch: no inotify instances left; raise fs.inotify.max_user_instances");
    return system_error(errno, "watch");
  }
  auto watch = std::make_unique<RealPathWatch>(OR_RETURN(loop.watch(std::move(fd))));
  for (auto& path : paths) {
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    OR_RETURN(watch->add(path));
  }
  return std::unique_ptr<PathWatch>(std::move(watch));
}

}  // namespace slipway::runtime
