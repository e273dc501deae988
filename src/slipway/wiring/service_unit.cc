#include "slipway/wiring/service_unit.h"

#include "base/text.h"

namespace slipway::wiring {

// systemd splits on white space and reads % and $ as its own.
static std::string quoted(const std::string& word) {
  std::string out;
  for (char c : word) {
    if (c == '%') out += '%';
    if (c == '$') out += '$';
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return word.find_first_of(" \t\"'\\") == word.npos ? out : "\"" + out + "\"";
}

std::string service_unit(const std::string& program, const UpOptions& options) {
  std::vector<std::string> words = {program, "up"};
  if (!options.repository.empty()) words.push_back(options.repository);
  auto add = [&](const char* name, const std::string& value) {
    if (value.empty()) return;
    words.emplace_back(name);
    words.push_back(value);
  };
  if (!options.repository.empty()) {
    add("--path", options.path);
    add("--revision", options.revision);
  }
  add("--data", options.data);
  add("--listen", options.listen);
  if (options.connections_max != UpOptions{}.connections_max)
    add("--connections-max", std::to_string(options.connections_max));
  add("--cluster", options.cluster);
  add("--containerd-socket", options.containerd_socket);
  add("--pod-cidr", options.pod_cidr);
  add("--service-cidr", options.service_cidr);
  if (options.kubeconfig != options.data + "/kubeconfig") add("--kubeconfig", options.kubeconfig);
  if (options.node == NodeKind::simulated) add("--node", "simulated");
  if (options.node == NodeKind::none) add("--node", "none");
  for (const auto& [prefix, url] : options.mirrors) add("--mirror", prefix + "=" + url);
  words.emplace_back("--plain");
  std::string command;
  for (const auto& word : words) command += (command.empty() ? "" : " ") + quoted(word);
  // Containers live in cgroups of their own and must outlive a restart: only the main process is stopped.
  return fmt::format(
      "[Unit]\nDescription=Slipway\nAfter=network-online.target\nWants=network-online.target\n\n[Service]\nType=exec\n"
      "ExecStart={}\nRestart=always\nRestartSec=1\nKillMode=process\nDelegate=yes\nLimitNOFILE=1048576\nTasksMax="
      "infinity\n"
      "OOMScoreAdjust=-999\n\n[Install]\nWantedBy=multi-user.target\n",
      command);
}

Task<Result<std::string>> install_service(World& world, UpOptions options) {
  std::string program = OR_CO_RETURN(world.files().read_link("/proc/self/exe"));
  const std::string path = "/etc/systemd/system/slipway.service";
  auto written = world.files().write_atomically(path, service_unit(program, options), 0644);
  if (!written) co_return std::move(written.error()).context("the unit needs root");
  if (!world.files().exists("/run/systemd/system")) {
    co_return fmt::format("wrote {}; systemd does not run here, so nothing was loaded", path);
  }
  auto reloaded = co_await world.processes().run({.argv = {"systemctl", "daemon-reload"}, .time_max = 60s});
  if (!reloaded) co_return reloaded.error();
  co_return fmt::format("wrote {}\n  systemctl enable --now slipway", path);
}

}  // namespace slipway::wiring
