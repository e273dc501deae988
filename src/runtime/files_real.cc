#include "runtime/files_real.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/text.h"
#include "runtime/system_error.h"

namespace slipway::runtime {
namespace {

Error failed(std::string_view doing, std::string_view path) {
  int number = errno;
  return system_error(number, fmt::format("{} {}", doing, path));
}

// Calls `f` until a signal no longer interrupts it.
template <class F>
auto again(F f) {
  while (true) {
    auto r = f();
    if (r >= 0 || errno != EINTR) return r;
  }
}

Result<> write_all(int fd, uint64_t offset, std::string_view bytes, std::string_view path) {
  while (!bytes.empty()) {
    ssize_t n = again([&] { return ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
    if (n < 0) return failed("write", path);
    bytes.remove_prefix(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  return {};
}

std::string directory_of(const std::string& path) {
  size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// What the shell passes on: `-f <(…)`, `< FILE`. Whoever names one of these says that they wait for the other side.
bool is_passed_on(std::string_view path) {
  return path == "/dev/stdin" || path.starts_with("/dev/fd/") || path.starts_with("/proc/self/fd/");
}

// A pipe that nobody writes to would be waited for without an end, already when it is opened, and a device has none.
Result<Fd> open_file(const std::string& path, int flags, uint32_t permissions, bool may_be_passed_on, struct stat& st) {
  Fd fd(again([&] { return ::open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, permissions); }));
  // a pipe to write to that has no reader, a socket
  if (!fd && errno == ENXIO) return fail(ErrorKind::io, "open {}: not a file", path);
  if (!fd) return failed("open", path);
  if (::fstat(fd.get(), &st) < 0) return failed("stat", path);
  bool is_null = S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);  // a usual name for an empty file
  if (S_ISREG(st.st_mode) || is_null) return fd;
  if (S_ISDIR(st.st_mode)) return system_error(EISDIR, "read " + path);
  if (!may_be_passed_on || !is_passed_on(path)) {
    return fail(ErrorKind::io, "open {}: {}, where a file is expected", path,
                S_ISFIFO(st.st_mode)   ? "a pipe"
                : S_ISSOCK(st.st_mode) ? "a socket"
                                       : "a device");
  }
  if (::fcntl(fd.get(), F_SETFL, flags) < 0) return failed("open", path);
  return fd;
}

// A File, or what is one and more.
template <class Interface>
class OpenFile : public Interface {
 public:
  OpenFile(Fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  Result<size_t> read_at(uint64_t offset, std::span<char> into) override {
    size_t done = 0;
    while (done < into.size()) {
      ssize_t n = again([&] {
        return ::pread(fd_.get(), into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
      });
      if (n < 0) return failed("read", path_);
      if (n == 0) break;
      done += static_cast<size_t>(n);
    }
    return done;
  }
  Result<> write_at(uint64_t offset, std::string_view bytes) override {
    return write_all(fd_.get(), offset, bytes, path_);
  }
  Result<> sync() override {
    if (again([&] { return ::fdatasync(fd_.get()); }) < 0) return failed("sync", path_);
    return {};
  }
  Result<> truncate(uint64_t size) override {
    if (again([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size)); }) < 0) return failed("truncate", path_);
    return {};
  }
  Result<uint64_t> size() override {
    struct stat st;
    if (::fstat(fd_.get(), &st) < 0) return failed("stat", path_);
    return static_cast<uint64_t>(st.st_size);
  }
  Result<uint64_t> inode() override {
    struct stat st;
    if (::fstat(fd_.get(), &st) < 0) return failed("stat", path_);
    return static_cast<uint64_t>(st.st_ino);
  }

 protected:
  Fd fd_;
  std::string path_;
};

using RealFile = OpenFile<File>;

class RealNamelessFile final : public OpenFile<NamelessFile> {
 public:
  using OpenFile::OpenFile;
  Result<> name(std::string path) override {
    if (::linkat(AT_FDCWD, alias().c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW) < 0)
      return failed("create", path);
    return {};
  }
  std::string alias() const override { return fmt::format("/proc/self/fd/{}", fd_.get()); }
};

class RealFileLock final : public FileLock {
 public:
  explicit RealFileLock(Fd fd) : fd_(std::move(fd)) {}

 private:
  Fd fd_;
};

bool has_open(int pid, const struct stat& file) {
  std::string directory = fmt::format("/proc/{}/fd", pid);
  std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(directory.c_str()), ::closedir);
  if (!stream) return false;
  while (dirent* entry = ::readdir(stream.get())) {
    struct stat st;
    if (::fstatat(::dirfd(stream.get()), entry->d_name, &st, 0) == 0 && st.st_ino == file.st_ino &&
        st.st_dev == file.st_dev)
      return true;
  }
  return false;
}

// The process that holds a flock on this file; 0 when it cannot be told. /proc/locks names files by number and by a
// device that need not be theirs (overlayfs, btrfs), so who is named must have the file open, too.
int holder_of(const struct stat& file) {
  std::string number = fmt::format(":{}", file.st_ino);
  std::unique_ptr<FILE, int (*)(FILE*)> locks(std::fopen("/proc/locks", "re"), std::fclose);
  if (!locks) return 0;
  char line[256];
  while (std::fgets(line, sizeof line, locks.get())) {
    char kind[32], inode[64];
    int pid = 0;
    if (std::sscanf(line, "%*s %31s %*s %*s %d %63s", kind, &pid, inode) != 3) continue;
    if (std::string_view(kind) == "FLOCK" && std::string_view(inode).ends_with(number) && pid > 0 &&
        has_open(pid, file))
      return pid;
  }
  return 0;
}

// Where a directory is mounted from: a bind mount may share its device with what surrounds it, but not this.
Result<uint64_t> mount_of(int at, const char* name, std::string_view path) {
  struct statx st;
  if (::statx(at, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, STATX_TYPE | STATX_MNT_ID, &st) < 0)
    return failed("stat", path);
  if (st.stx_mask & STATX_MNT_ID) return st.stx_mnt_id;
  return (uint64_t{st.stx_dev_major} << 32) | st.stx_dev_minor;
}

// Empties the directory open as `directory`; takes it over.
Result<> remove_contents(Fd directory, uint64_t mount, const std::string& path) {
  DIR* stream = ::fdopendir(directory.get());
  if (!stream) return failed("open", path);
  int at = directory.release();
  std::unique_ptr<DIR, int (*)(DIR*)> keep(stream, ::closedir);
  while (true) {
    errno = 0;
    dirent* entry = ::readdir(stream);
    if (!entry) {
      if (errno) return failed("read directory", path);
      return {};
    }
    std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    std::string below = fmt::format("{}/{}", path, name);
    if (::unlinkat(at, entry->d_name, 0) == 0 || errno == ENOENT) continue;
    if (errno != EISDIR && errno != EPERM) return failed("remove", below);
    Fd inner(::openat(at, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!inner) {
      if (errno == ENOENT) continue;
      return failed("open", below);
    }
    // a volume that is still mounted holds somebody else's data
    if (OR_RETURN(mount_of(inner.get(), "", below)) != mount)
      return fail(ErrorKind::conflict, "remove {}: something is mounted there; unmount it first", below);
    OR_RETURN(remove_contents(std::move(inner), mount, below));
    if (::unlinkat(at, entry->d_name, AT_REMOVEDIR) < 0 && errno != ENOENT) return failed("remove", below);
  }
}

class RealFiles final : public Files {
 public:
  RealFiles(Loop& loop, Random& random) : loop_(loop), random_(random) {}

  Result<std::unique_ptr<File>> open(std::string path, OpenMode mode, uint32_t permissions) override {
    int flags = 0;
    switch (mode) {
      case OpenMode::read:
        flags = O_RDONLY;
        break;
      case OpenMode::read_write:
        flags = O_RDWR;
        break;
      case OpenMode::create:
        flags = O_RDWR | O_CREAT;
        break;
      case OpenMode::create_new:
        flags = O_RDWR | O_CREAT | O_EXCL;
        break;
    }
    struct stat st;
    Fd fd = OR_RETURN(open_file(path, flags, permissions, false, st));
    return std::unique_ptr<File>(std::make_unique<RealFile>(std::move(fd), std::move(path)));
  }

  Result<std::unique_ptr<NamelessFile>> open_nameless(std::string directory) override {
    Fd fd(again([&] { return ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600); }));
    // EISDIR: a kernel or file system that has never heard of it
    if (!fd && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) return Files::open_nameless(directory);
    if (!fd) return failed("create a file in", directory);
    if (::access("/proc/self/fd", X_OK) < 0) return Files::open_nameless(directory);  // it could get no name
    return std::unique_ptr<NamelessFile>(std::make_unique<RealNamelessFile>(std::move(fd), std::move(directory)));
  }

  Result<std::string> read(std::string path, size_t limit) override {
    struct stat st;
    Fd fd = OR_RETURN(open_file(path, O_RDONLY, 0, true, st));
    std::string out;
    size_t size = st.st_size > 0 ? static_cast<size_t>(st.st_size) : 0;  // 0 under /proc
    size_t used = 0;
    for (size_t room = size + 1;; room = std::max<size_t>(used, 4096)) {
      if (used > limit || size > limit) return fail(ErrorKind::too_large, "read {}: larger than {} bytes", path, limit);
      ssize_t n = 0;
      out.resize_and_overwrite(used + room, [&](char* into, size_t) {
        n = again([&] { return ::read(fd.get(), into + used, room); });
        return used + static_cast<size_t>(std::max<ssize_t>(n, 0));
      });
      if (n < 0) return failed("read", path);
      used += static_cast<size_t>(n);
      bool is_all = n == 0 || (size > 0 && S_ISREG(st.st_mode) && static_cast<size_t>(n) < room);
      if (is_all && used <= limit) return out;
    }
  }

  Result<> write_atomically(std::string path, std::string_view bytes, uint32_t permissions) override {
    std::string temporary = fmt::format("{}.{}.tmp", path, random_.suffix(8));
    Fd fd(again([&] { return ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600); }));
    if (!fd) return failed("create", temporary);
    auto written = write_and_rename(fd.get(), temporary, path, bytes, permissions);
    if (!written) {
      ::unlink(temporary.c_str());
      return written;
    }
    return sync_directory(directory_of(path));
  }

  Result<> make_directories(std::string path, uint32_t permissions) override {
    for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
      std::string part = path.substr(0, end);
      if (!part.empty() && ::mkdir(part.c_str(), permissions) < 0) {
        int number = errno;
        struct stat st;
        // a directory that is there answers EEXIST, or EROFS or EACCES where we could not have made it
        if (::stat(part.c_str(), &st) < 0) return system_error(number, fmt::format("make directory {}", part));
        if (!S_ISDIR(st.st_mode))
          return fail(ErrorKind::already_exists, "make directory {}: {} is not a directory", path, part);
      }
      if (end == std::string::npos) return {};
    }
  }

  Result<> remove(std::string path) override {
    if (::unlink(path.c_str()) == 0) return {};
    if ((errno == EISDIR || errno == EPERM) && ::rmdir(path.c_str()) == 0) return {};
    return failed("remove", path);
  }

  Result<> remove_tree(std::string path) override {
    while (path.size() > 1 && path.back() == '/') path.pop_back();
    auto removed = remove(path);
    if (removed || removed.failed_with(ErrorKind::not_found)) return {};
    Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory) return removed;
    uint64_t mount = OR_RETURN(mount_of(directory.get(), "", path));
    if (OR_RETURN(mount_of(AT_FDCWD, directory_of(path).c_str(), path)) != mount)
      return fail(ErrorKind::conflict, "remove {}: something is mounted there; unmount it first", path);
    OR_RETURN(remove_contents(std::move(directory), mount, path));
    if (::rmdir(path.c_str()) < 0 && errno != ENOENT) return failed("remove", path);
    return {};
  }

  Result<> rename(std::string from, std::string to) override {
    if (::rename(from.c_str(), to.c_str()) < 0) return failed(fmt::format("rename {} to", from), to);
    return {};
  }

  Result<> symlink(std::string target, std::string path) override {
    if (::symlink(target.c_str(), path.c_str()) < 0) return failed("link", path);
    return {};
  }

  Result<std::string> read_link(std::string path) override {
    std::string out(4096, '\0');
    ssize_t n = ::readlink(path.c_str(), out.data(), out.size());
    if (n < 0) return failed("read link", path);
    out.resize(static_cast<size_t>(n));
    return out;
  }

  Result<std::vector<std::string>> list(std::string path) override {
    Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return failed("list", path);
    DIR* stream = ::fdopendir(fd.get());
    if (!stream) return failed("list", path);
    fd.release();
    std::unique_ptr<DIR, int (*)(DIR*)> keep(stream, ::closedir);
    std::vector<std::string> names;
    errno = 0;
    while (dirent* entry = ::readdir(stream)) {
      std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
      errno = 0;
    }
    if (errno) return failed("list", path);
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<FileStat> stat(std::string path) override {
    struct stat st;
    if (::lstat(path.c_str(), &st) < 0) return failed("stat", path);
    FileStat out;
    out.kind = S_ISREG(st.st_mode)   ? FileStat::Kind::file
               : S_ISDIR(st.st_mode) ? FileStat::Kind::directory
               : S_ISLNK(st.st_mode) ? FileStat::Kind::symlink
                                     : FileStat::Kind::other;
    out.size = static_cast<uint64_t>(st.st_size);
    out.mode = st.st_mode & 07777;
    out.uid = st.st_uid;
    out.gid = st.st_gid;
    out.inode = static_cast<uint64_t>(st.st_ino);
    out.modified = WallTime(std::chrono::seconds(st.st_mtim.tv_sec) + Duration(st.st_mtim.tv_nsec));
    return out;
  }

  Result<> set_mode(std::string path, uint32_t permissions) override {
    if (::chmod(path.c_str(), permissions) < 0) return failed("set mode of", path);
    return {};
  }
  Result<> set_owner(std::string path, uint32_t uid, uint32_t gid) override {
    if (::lchown(path.c_str(), uid, gid) < 0) return failed("set owner of", path);
    return {};
  }
  Result<> sync_directory(std::string path) override {
    Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return failed("open", path);
    if (again([&] { return ::fsync(fd.get()); }) < 0) return failed("sync", path);
    return {};
  }

  Result<std::unique_ptr<FileLock>> lock(std::string path) override {
    Fd fd(again([&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600); }));
    if (!fd && errno == EISDIR)
      fd = Fd(again([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
    if (!fd) return failed("open", path);
    if (again([&] { return ::flock(fd.get(), LOCK_EX | LOCK_NB); }) < 0) {
      if (errno != EWOULDBLOCK) return failed("lock", path);
      int pid = lock_holder(path);
      if (pid > 0) return fail(ErrorKind::conflict, "lock {}: process {} holds it", path, pid);
      return fail(ErrorKind::conflict, "lock {}: another process holds it", path);
    }
    return std::unique_ptr<FileLock>(std::make_unique<RealFileLock>(std::move(fd)));
  }

  int lock_holder(std::string path) override {
    struct stat st;
    return ::stat(path.c_str(), &st) == 0 ? holder_of(st) : 0;
  }

  Result<std::unique_ptr<PathWatch>> watch(std::vector<std::string> paths) override {
    return create_path_watch(loop_, std::move(paths));
  }

 private:
  static Result<> write_and_rename(int fd, const std::string& temporary, const std::string& path,
                                   std::string_view bytes, uint32_t permissions) {
    OR_RETURN(write_all(fd, 0, bytes, temporary));
    if (::fchmod(fd, permissions) < 0) return failed("set mode of", temporary);
    if (again([&] { return ::fsync(fd); }) < 0) return failed("sync", temporary);
    if (::rename(temporary.c_str(), path.c_str()) < 0) return failed(fmt::format("rename {} to", temporary), path);
    return {};
  }

  Loop& loop_;
  Random& random_;
};

}  // namespace

std::unique_ptr<Files> create_real_files(Loop& loop, Random& random) {
  return std::make_unique<RealFiles>(loop, random);
}

}  // namespace slipway::runtime
