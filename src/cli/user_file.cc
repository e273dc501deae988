#include "cli/user_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "runtime/system_error.h"

namespace slipway::cli {

namespace {

Result<> write_through(const std::string& path, std::string_view text) {
  std::ofstream out(path, std::ios::binary);
  if (out) out << text << std::flush;
  if (out) return {};
  int number = errno;
  return runtime::system_error(number, "write " + path);
}

uint32_t less_umask(uint32_t mode) {
  mode_t mask = ::umask(0);
  ::umask(mask);
  return mode & ~mask;
}

// Whether a new file in its place could have its owner and group.
bool could_be_remade(const struct stat& file) {
  return ::geteuid() == 0 || (file.st_uid == ::geteuid() && file.st_gid == ::getegid());
}

}  // namespace

Result<> write_user_file(runtime::Files& files, const std::string& path, std::string_view text, uint32_t mode) {
  struct stat there, here;
  if (::stat(path.c_str(), &there) != 0) {
    bool leads_nowhere = ::lstat(path.c_str(), &there) == 0;
    return leads_nowhere ? write_through(path, text) : files.write_atomically(path, text, less_umask(mode));
  }
  if (!S_ISREG(there.st_mode)) return write_through(path, text);
  std::error_code failed;
  std::string target = std::filesystem::canonical(path, failed).string();
  if (failed) return runtime::system_error(failed.value(), "open " + path);
  if (::euidaccess(target.c_str(), W_OK) != 0) {
    int number = errno;
    return runtime::system_error(number, "open " + path);
  }
  if (!could_be_remade(there)) return write_through(target, text);
  if (auto written = files.write_atomically(target, text, there.st_mode & 07777); !written)
    return written.failed_with(ErrorKind::forbidden) ? write_through(target, text) : std::move(written);
  bool owned = ::stat(target.c_str(), &here) != 0 || (here.st_uid == there.st_uid && here.st_gid == there.st_gid);
  if (!owned && ::chown(target.c_str(), there.st_uid, there.st_gid) != 0) {
    int number = errno;
    return runtime::system_error(number, "chown " + path);
  }
  return {};
}

}  // namespace slipway::cli
