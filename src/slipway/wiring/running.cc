#include "slipway/wiring/running.h"

#include "base/text.h"
#include "runtime/system_error.h"
#include "value/json.h"

namespace slipway::wiring {

constexpr std::string_view claim_file = "/run/slipway/containers";

namespace {

// The directory's own lock holds when somebody thinks that the file is a leftover and removes it.
struct Both final : runtime::FileLock {
  std::unique_ptr<runtime::FileLock> file, directory;
};

Result<std::unique_ptr<runtime::FileLock>> take_both(World& world, const std::string& data) {
  auto both = std::make_unique<Both>();
  auto directory = world.files().lock(data);
  if (directory.failed_with(ErrorKind::conflict)) return directory;
  if (directory) both->directory = std::move(*directory);  // some network file systems lock no directories
  both->file = OR_RETURN(world.files().lock(data + "/lock"));
  return std::unique_ptr<runtime::FileLock>(std::move(both));
}

Error cannot_write(Error why, const std::string& data, std::string_view rights) {
  if (runtime::is_read_only_file_system(why)) {
    return std::move(why).context(fmt::format(
        "--data {} is on a file system that is mounted read-only; look why (dmesg: a disk that fails is made "
        "so), then mount -o remount,rw; or another place: --data DIR",
        data));
  }
  return std::move(why).context(
      fmt::format("--data {} {} (root? another place: --data ~/.local/share/slipway)", data, rights));
}

}  // namespace

std::optional<int> holder_of(World& world, const std::string& data) {
  for (const std::string& path : {data, data + "/lock"}) {
    if (world.files().exists(path) && world.files().lock(path).failed_with(ErrorKind::conflict))
      return world.files().lock_holder(path);
  }
  return std::nullopt;
}

Result<std::unique_ptr<runtime::FileLock>> take_data_directory(World& world, const std::string& data) {
  auto made = world.files().make_directories(data, 0755);
  if (!made) return cannot_write(std::move(made).error(), data, "cannot be made");
  auto lock = take_both(world, data);
  if (lock.failed_with(ErrorKind::conflict)) {
    auto other = read_running(world, data);
    return fail(ErrorKind::conflict,
                "Slipway already runs on {}{}; look at it with: slipway status --data {} - or give this one its own: "
                "--data DIR --listen 127.0.0.1:7443",
                data, other ? fmt::format(" (process {}, {})", other->pid, other->url) : "", data);
  }
  if (lock.failed_with(ErrorKind::forbidden)) return cannot_write(std::move(lock).error(), data, "is not yours");
  return lock;
}

bool noted_containerd(World& world, const std::string& data) {
  return world.files().exists(data + "/containerd/containerd.pid");
}

Result<> claim_machine(World& world, const std::string& data) {
  std::string there = world.files().read(std::string(claim_file)).value_or("");
  if (there == data) return {};
  bool in_use = !there.empty() && (world.files().exists(there + "/running.json") || noted_containerd(world, there));
  if (in_use) {
    return fail(ErrorKind::conflict,
                "the containers of {0} are on this machine, and their network is in the way: slipway down --data {0} - "
                "or this one without containers: --node=simulated",
                there);
  }
  OR_RETURN(world.files().make_directories(std::string(claim_file.substr(0, claim_file.rfind('/'))), 0755));
  return world.files().write_atomically(std::string(claim_file), data, 0644);
}

std::string own_socket(const std::string& data) {
  return data + "/containerd/grpc.sock";
}

void free_machine(World& world, const std::string& data) {
  if (world.files().read(std::string(claim_file)).value_or("") != data) return;
  (void)world.files().remove(std::string(claim_file)).has_value();  // it names a directory without containers: harmless
}

Result<> write_running(World& world, const std::string& data, const Running& running) {
  Value v{{"pid", running.pid},
          {"url", running.url},
          {"kubeconfig", running.kubeconfig},
          {"containerdSocket", running.containerd_socket},
          {"ownContainerd", running.own_containerd},
          {"podCIDR", running.pod_cidr}};
  return world.files().write_atomically(data + "/running.json", value::to_json_pretty(v) + "\n", 0644);
}

std::optional<Running> read_running(World& world, const std::string& data) {
  auto text = world.files().read(data + "/running.json", 64 << 10);
  if (!text) return std::nullopt;
  auto v = value::parse_json(*text);
  if (!v) return std::nullopt;
  return Running{static_cast<int>((*v)["pid"].as_int()), (*v)["url"].str(),     (*v)["kubeconfig"].str(),
                 (*v)["containerdSocket"].str(),         (*v)["podCIDR"].str(), (*v)["ownContainerd"].as_bool(true)};
}

std::optional<Running> what_ran(World& world, const std::string& data) {
  auto running = read_running(world, data);
  if (running && !running->containerd_socket.empty()) return running;
  bool claimed = world.files().read(std::string(claim_file)).value_or("") == data;
  if (!claimed && !noted_containerd(world, data)) return running;
  if (!running) running.emplace();
  running->containerd_socket = own_socket(data);
  running->own_containerd = true;
  return running;
}

}  // namespace slipway::wiring
