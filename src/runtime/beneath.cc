// The path is resolved once, by the kernel, to a descriptor; /proc/self/fd/N then names that very file to mount(2).
#include "runtime/beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>

#include "base/text.h"
#include "runtime/fd.h"
#include "runtime/system_error.h"

namespace slipway::runtime {

namespace {

constexpr int kTries = 100;     // the kernel says EAGAIN when something was renamed during its walk
constexpr int kUnmounts = 100;  // one on another

Result<Fd> open_beneath(int root, const std::string& below) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int i = 0; i < kTries; ++i) {
    long number = ::syscall(SYS_openat2, root, below.c_str(), &how, sizeof how);
    if (number >= 0) return Fd(static_cast<int>(number));
    if (errno != EAGAIN && errno != EINTR) break;
  }
  if (errno == EXDEV || errno == ELOOP) return fail(ErrorKind::forbidden, "{} leads out of its volume", below);
  if (errno == ENOSYS) return fail(ErrorKind::unsupported, "subPath needs openat2, which Linux has since 5.6");
  return system_error(errno, "open " + below);
}

// Each directory is made in one that was opened, never by a path.
Result<Fd> make_beneath(int root, const std::string& below) {
  struct stat of_root;
  if (::fstat(root, &of_root) < 0) return system_error(errno, "stat the volume");
  std::string so_far = ".";
  Fd at = OR_RETURN(open_beneath(root, so_far));
  for (std::string_view step : base::split(below, '/')) {
    if (step.empty() || step == ".") continue;
    so_far += "/" + std::string(step);
    auto next = open_beneath(root, so_far);
    if (!next && next.error().is(ErrorKind::not_found)) {
      std::string name(step);
      if (::mkdirat(at.get(), name.c_str(), 0700) < 0) return system_error(errno, "make directory " + so_far);
      Fd made(::openat(at.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!made || ::fchmod(made.get(), of_root.st_mode & 07777) < 0) return system_error(errno, "open " + so_far);
      at = std::move(made);
      continue;
    }
    at = OR_RETURN(std::move(next));
  }
  return at;
}

// An empty file or directory, of the kind that can carry the mount.
Result<> make_target(const std::string& target, bool directory) {
  for (size_t slash = target.find('/', 1); slash != std::string::npos; slash = target.find('/', slash + 1))
    if (::mkdir(target.substr(0, slash).c_str(), 0750) < 0 && errno != EEXIST)
      return system_error(errno, "make directory " + target.substr(0, slash));
  struct stat there;
  if (::lstat(target.c_str(), &there) == 0) {
    if (directory ? S_ISDIR(there.st_mode) : S_ISREG(there.st_mode)) return {};
    if ((S_ISDIR(there.st_mode) ? ::rmdir(target.c_str()) : ::unlink(target.c_str())) < 0)
      return system_error(errno, "remove " + target);
  }
  if (directory) {
    if (::mkdir(target.c_str(), 0750) < 0) return system_error(errno, "make directory " + target);
  } else if (!Fd(::open(target.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0640))) {
    return system_error(errno, "create " + target);
  }
  return {};
}

}  // namespace

Result<> bind_beneath(std::string root, std::string below, std::string target) {
  Fd volume(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!volume) return system_error(errno, "open " + root);
  auto found = open_beneath(volume.get(), below);
  if (!found && found.error().is(ErrorKind::not_found)) found = make_beneath(volume.get(), below);
  if (!found) return std::move(found).error();
  struct stat wanted, mounted;
  if (::fstat(found->get(), &wanted) < 0) return system_error(errno, "stat " + below);
  OR_RETURN(unbind(target));
  OR_RETURN(make_target(target, S_ISDIR(wanted.st_mode)));
  std::string source = fmt::format("/proc/self/fd/{}", found->get());
  if (::mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) < 0)
    return system_error(errno, "mount at " + target);
  if (::stat(target.c_str(), &mounted) < 0 || mounted.st_dev != wanted.st_dev || mounted.st_ino != wanted.st_ino) {
    OR_RETURN(unbind(target));
    return fail(ErrorKind::io, "{} does not show what was mounted there", target);
  }
  return {};
}

Result<> unbind(std::string target) {
  for (int i = 0; i < kUnmounts; ++i) {
    if (::umount2(target.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) continue;
    if (errno == EINVAL || errno == ENOENT || errno == ENOTDIR) return {};
    // Who may not mount has mounted nothing.
    if (errno == EPERM && ::geteuid() != 0) return {};
    return system_error(errno, "unmount " + target);
  }
  return fail(ErrorKind::io, "unmount {}: there is always one more mount", target);
}

}  // namespace slipway::runtime
