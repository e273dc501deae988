#include "node/strays.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "node/volumes/volumes.h"
#include "runtime/beneath.h"

namespace slipway::node {

namespace {

std::vector<int> process_ids(World& world) {
  std::vector<int> pids;
  for (const std::string& name : world.files().list("/proc").value_or(std::vector<std::string>()))
    if (auto pid = base::parse_int(name); pid && *pid > 1) pids.push_back(static_cast<int>(*pid));
  return pids;
}

// containerd-shim-runc-v2 -namespace k8s.io -id ID -address SOCKET
bool is_shim_of(World& world, int pid, const std::string& socket) {
  auto text = world.files().read(fmt::format("/proc/{}/cmdline", pid), 64 << 10);
  if (!text) return false;
  auto words = base::split(*text, '\0');
  if (words.empty() || words[0].substr(words[0].rfind('/') + 1).find("containerd-shim") != 0) return false;
  for (size_t i = 0; i + 1 < words.size(); ++i)
    if (words[i] == "-address" && words[i + 1] == socket) return true;
  return false;
}

int parent_of(World& world, int pid) {
  auto stat = world.files().read(fmt::format("/proc/{}/stat", pid), 64 << 10);
  size_t close = stat ? stat->rfind(')') : std::string::npos;  // the name before may hold anything
  if (close == std::string::npos || close + 2 >= stat->size()) return 0;
  auto fields = base::split(std::string_view(*stat).substr(close + 2), ' ');
  return fields.size() > 1 && fields[0] != "Z" ? static_cast<int>(base::parse_int(fields[1]).value_or(0)) : 0;
}

// A shim adopts what its containers leave behind, so all of them are below it.
std::vector<int> below(World& world, const std::set<int>& shims) {
  std::multimap<int, int> children;
  for (int pid : process_ids(world)) children.emplace(parent_of(world, pid), pid);
  std::vector<int> found(shims.begin(), shims.end());
  for (size_t i = 0; i < found.size(); ++i)
    for (auto [it, end] = children.equal_range(found[i]); it != end; ++it)
      if (std::ranges::find(found, it->second) == found.end()) found.push_back(it->second);
  found.erase(found.begin(), found.begin() + static_cast<ptrdiff_t>(shims.size()));
  return found;
}

std::set<int> shims_of(World& world, const std::string& socket) {
  std::set<int> shims;
  for (int pid : process_ids(world))
    if (is_shim_of(world, pid, socket)) shims.insert(pid);
  return shims;
}

}  // namespace

Task<Result<int>> end_strays(World& world, std::string containerd_directory) {
  std::string socket = containerd_directory + "/grpc.sock";
  std::set<int> shims = shims_of(world, socket);
  int count = static_cast<int>(shims.size());
  // Containers first, while their shim still holds them together.
  for (int i = 0; i < 100 && !shims.empty(); ++i) {
    std::vector<int> inside = below(world, shims);
    for (int pid : inside) (void)world.processes().send_signal(pid, SIGKILL);
    if (inside.empty() || i > 50)
      for (int pid : shims) (void)world.processes().send_signal(pid, SIGKILL);
    OR_CO_RETURN(co_await runtime::sleep(20ms));
    shims = shims_of(world, socket);
  }
  if (!shims.empty()) co_return fail(ErrorKind::io, "containerd-shim (pid {}) does not end", *shims.begin());
  for (const std::string& mount : volumes::mounts_below(world, containerd_directory))
    OR_CO_RETURN(runtime::unbind(mount));
  // Their sockets, whose names stand in each task's directory.
  auto& files = world.files();
  std::string tasks = containerd_directory + "/state/io.containerd.runtime.v2.task/k8s.io";
  for (const std::string& id : files.list(tasks).value_or(std::vector<std::string>())) {
    std::string address = files.read(tasks + "/" + id + "/address", 4096).value_or("");
    if (address.starts_with("unix:///run/containerd/s/")) (void)files.remove(address.substr(7));
  }
  co_return count;
}

}  // namespace slipway::node
