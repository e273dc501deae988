#include "runtime/tmpfs.h"

#include <sys/mount.h>

#include <cerrno>

#include "runtime/system_error.h"

namespace slipway::runtime {

Result<> mount_tmpfs(std::string target, std::string options) {
  if (::mount("tmpfs", target.c_str(), "tmpfs", 0, options.c_str()) < 0)
    return system_error(errno, "mount tmpfs at " + target);
  return {};
}

}  // namespace slipway::runtime
