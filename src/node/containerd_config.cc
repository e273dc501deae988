// containerd's configuration, written from facts about the machine. Why each line is there stands in the text it makes.
#include "base/text.h"
#include "node/containerd.h"

namespace slipway::node {

namespace {

std::string quoted(std::string_view text) {  // a TOML basic string
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", static_cast<int>(c));
    else
      out += c;
  }
  return out + "\"";
}

bool has_capability(std::string_view status, int number) {
  for (std::string_view line : base::split_lines(status)) {
    if (!line.starts_with("CapEff:")) continue;
    uint64_t mask = 0;
    for (char c : base::trim(line.substr(7)))
      mask = mask << 4 | static_cast<uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
    return mask >> number & 1;
  }
  return true;
}

}  // namespace

std::string containerd_config(const ContainerdOptions& o, const HostFacts& facts) {
  std::string cri = "plugins.\"io.containerd.grpc.v1.cri\"";
  std::string t;
  t += "# Written by Slipway at each start; changes are lost.\n";
  t += "version = 2\n";
  t += "root = " + quoted(o.directory + "/root") + "\n";
  t += "state = " + quoted(o.directory + "/state") + "\n";
  t += "disabled_plugins = [\"io.containerd.snapshotter.v1.aufs\", \"io.containerd.snapshotter.v1.btrfs\", "
       "\"io.containerd.snapshotter.v1.devmapper\", \"io.containerd.snapshotter.v1.zfs\", "
       "\"io.containerd.internal.v1.opt\", \"io.containerd.internal.v1.tracing\", "
       "\"io.containerd.tracing.processor.v1.otlp\"]\n";
  t += "\n[grpc]\naddress = " + quoted(o.directory + "/grpc.sock") + "\n";
  t += "\n[ttrpc]\naddress = " + quoted(o.directory + "/ttrpc.sock") + "\n";
  t += "\n[debug]\nlevel = \"warn\"\n";
  t += "\n[" + cri + "]\n";
  t += "sandbox_image = " + quoted(o.pause_image) + "\n";
  t += "stream_server_address = \"127.0.0.1\"\nstream_server_port = \"0\"\ndisable_tcp_service = true\n";
  // Without CAP_SYS_RESOURCE a negative oom_score_adj fails the sandbox with a misleading "can't get final child's
  // PID".
  t += fmt::format("restrict_oom_score_adj = {}\n", !facts.may_lower_oom);
  // Where a namespace stands says whose it is, also when nobody else remembers.
  t += "netns_mounts_under_state_dir = true\n";
  t += fmt::format("disable_apparmor = {}\n", !facts.apparmor);
  t += "\n[" + cri + ".containerd]\ndefault_runtime_name = \"runc\"\n";
  t += fmt::format("snapshotter = \"{}\"\n", facts.overlayfs ? "overlayfs" : "native");
  t += "\n[" + cri + ".containerd.runtimes.runc]\nruntime_type = \"io.containerd.runc.v2\"\n";
  t += "\n[" + cri + ".containerd.runtimes.runc.options]\n";
  t += "BinaryName = " + quoted(o.runc) + "\n";
  t += fmt::format("SystemdCgroup = {}\n", cgroup_driver(facts) == CgroupDriver::systemd);
  t += "\n[" + cri + ".cni]\n";
  t += "bin_dir = " + quoted(o.cni_bin_directory) + "\nconf_dir = " + quoted(o.cni_conf_directory) +
       "\nmax_conf_num = 1\n";
  t += "\n[" + cri + ".registry]\nconfig_path = " + quoted(o.directory + "/certs.d") + "\n";
  return t;
}

std::vector<std::pair<std::string, std::string>> registry_files(const std::vector<RegistryMirror>& mirrors) {
  std::vector<std::pair<std::string, std::string>> files;
  for (const RegistryMirror& m : mirrors) {
    std::string text;
    for (const std::string& url : m.urls)
      text += "[host." + quoted(url) + "]\ncapabilities = [\"pull\", \"resolve\"]\n";
    files.emplace_back(m.host + "/hosts.toml", text);
  }
  return files;
}

CgroupDriver cgroup_driver(const HostFacts& facts) {
  return facts.cgroup_v2 && facts.systemd ? CgroupDriver::systemd : CgroupDriver::cgroupfs;
}

Result<HostFacts> read_host_facts(World& world) {
  auto& files = world.files();
  HostFacts facts;
  facts.cgroup_v2 = files.exists("/sys/fs/cgroup/cgroup.controllers");
  facts.systemd = files.exists("/run/systemd/system");
  std::string status = OR_RETURN(files.read("/proc/self/status"));
  facts.may_lower_oom = has_capability(status, 24);  // CAP_SYS_RESOURCE
  auto apparmor = files.read("/sys/module/apparmor/parameters/enabled");
  facts.apparmor = apparmor && apparmor->starts_with("Y") &&
                   (files.exists("/sbin/apparmor_parser") || files.exists("/usr/sbin/apparmor_parser"));
  auto filesystems = files.read("/proc/filesystems");
  facts.overlayfs = !filesystems || filesystems->find("overlay") != std::string::npos;
  return facts;
}

}  // namespace slipway::node
