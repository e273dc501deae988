// subPath: <pods>/<uid>/volume-subpaths/<volume>/<container>/<index>, as the kubelet names them.
#include "node/volumes/volumes.h"
#include "runtime/beneath.h"

namespace slipway::node::volumes {

Result<> bind_sub_path(World& world, const Mount& mount) {
  auto& files = world.files();
  if (!files.exists(mount.volume_path)) OR_RETURN(files.make_directories(mount.volume_path, 0755));  // a hostPath
  return runtime::bind_beneath(mount.volume_path, mount.sub_path, mount.host_path);
}

Result<> unbind_sub_paths(World& world, std::string directory) {
  auto& files = world.files();
  std::string root = directory + "/volume-subpaths";
  auto below = [&](const std::string& path) { return files.list(path).value_or(std::vector<std::string>()); };
  for (const std::string& volume : below(root))
    for (const std::string& container : below(root + "/" + volume))
      for (const std::string& index : below(root + "/" + volume + "/" + container)) {
        std::string target = root + "/" + volume + "/" + container + "/" + index;
        OR_RETURN(runtime::unbind(target));
        OR_RETURN(files.remove(target));  // never a tree: what is still mounted stays whole
      }
  return {};
}

}  // namespace slipway::node::volumes
