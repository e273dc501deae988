#include "slipway/wiring/options.h"

#include <unistd.h>

#include <algorithm>

#include "base/text.h"
#include "cli/paths.h"
#include "runtime/stream.h"

namespace slipway::wiring {

std::vector<cli::Option> up_option_list() {
  return {{"--path", "DIR", "the folder in the repository that is applied", "."},
          {"--revision", "REV", "branch, tag or commit", "HEAD"},
          {"--node", "KIND", "containerd: real containers; simulated: their life without them, no root needed; none",
           "containerd"},
          data_option,
          {"--listen", "ADDR:PORT", "where the Kubernetes API is served", "127.0.0.1:6443"},
          {"--connections-max", "N", "connections to the API at once; over it the longest idle one is closed", "2000"},
          {"--kubeconfig", "FILE", "where to write the kubeconfig (DATA/kubeconfig)"},
          {"--cluster", "KUBECONFIG", "drive that cluster instead of one of our own"},
          {"--containerd-socket", "PATH", "use this containerd instead of our own"},
          {"--pod-cidr", "CIDR", "addresses of pods", "10.42.0.0/24"},
          {"--service-cidr", "CIDR", "addresses of services", "10.43.0.0/16"},
          {"--mirror", "PREFIX=URL", "take repositories whose URL begins with PREFIX from URL; the longest prefix wins",
           "", true},
          {"--plain", "", "print lines instead of the live view"},
          {"--install-service", "", "write a systemd unit that does this at every boot, and stop"}};
}

namespace {

bool is_cidr(std::string_view text) {
  size_t slash = text.find('/');
  if (slash == text.npos) return false;
  auto bits = base::parse_int(text.substr(slash + 1));
  auto parts = base::split(text.substr(0, slash), '.');
  if (!bits || *bits < 8 || *bits > 30 || parts.size() != 4) return false;
  for (auto part : parts) {
    auto n = base::parse_int(part);
    if (!n || *n < 0 || *n > 255) return false;
  }
  return true;
}

// Of two ranges that are ranges.
bool overlap(std::string_view a, std::string_view b) {
  auto first = [](std::string_view cidr) {
    uint32_t address = 0;
    for (auto part : base::split(cidr.substr(0, cidr.find('/')), '.'))
      address = address << 8 | static_cast<uint32_t>(base::parse_int(part).value_or(0));
    return address;
  };
  auto bits = [](std::string_view cidr) { return base::parse_int(cidr.substr(cidr.find('/') + 1)).value_or(32); };
  uint32_t mask = ~0u << (32 - std::min(bits(a), bits(b)));
  return (first(a) & mask) == (first(b) & mask);
}

bool is_repository(World& world, const std::string& folder) {
  auto& files = world.files();
  return files.exists(folder + "/.git") || (files.exists(folder + "/HEAD") && files.exists(folder + "/objects"));
}

// A folder within a repository is named by the repository and --path.
Result<> check_repository(World& world, const std::string& folder) {
  if (is_repository(world, folder)) return {};
  for (std::string above = folder; world.files().exists(folder) && above.size() > 1;) {
    above.resize(std::max<size_t>(above.rfind('/'), 1));
    if (is_repository(world, above)) {
      return fail(ErrorKind::bad_request, "{0} is within the repository {1}: slipway up {1} --path {2}", folder, above,
                  folder.substr(above.size() == 1 ? 1 : above.size() + 1));
    }
  }
  return fail(ErrorKind::bad_request, "there is no repository at {}; expected a folder with .git in it, or a URL",
              folder);
}

}  // namespace

Result<UpOptions> read_up_options(World& world, const cli::Invocation& said) {
  UpOptions options;
  options.data = cli::real_path(said.option("--data"));  // mounts are found by it
  options.listen = said.option("--listen");
  auto listen = runtime::Address::parse(options.listen);
  if (!listen || !listen->unix_path.empty()) {
    return fail(ErrorKind::bad_request, "--listen {}: expected ADDR:PORT, such as 127.0.0.1:6443", options.listen);
  }
  auto connections = base::parse_int(said.option("--connections-max"));
  if (!connections || *connections < 10 || *connections > 1'000'000) {
    return fail(ErrorKind::bad_request, "--connections-max {}: expected a number from 10 to 1000000",
                said.option("--connections-max"));
  }
  options.connections_max = static_cast<size_t>(*connections);
  options.kubeconfig = cli::absolute_path(said.option("--kubeconfig", options.data + "/kubeconfig"));
  if (said.has("--cluster")) options.cluster = cli::absolute_path(said.option("--cluster"));
  if (!said.arguments.empty()) {
    options.repository = said.arguments[0];
    bool local =
        options.repository.find("://") == std::string::npos && options.repository.find(':') == std::string::npos;
    if (local) {
      options.repository = cli::absolute_path(options.repository);
      OR_RETURN(check_repository(world, options.repository));
    }
  } else if (said.option("--path") != "." || said.option("--revision") != "HEAD") {
    return fail(ErrorKind::bad_request, "--path and --revision need a repository: slipway up REPO --path DIR");
  }
  options.path = said.option("--path");
  options.revision = said.option("--revision");
  std::string node = said.option("--node");
  if (node == "containerd") {
    options.node = NodeKind::containerd;
  } else if (node == "simulated") {
    options.node = NodeKind::simulated;
  } else if (node == "none") {
    options.node = NodeKind::none;
  } else {
    return fail(ErrorKind::bad_request, "--node {}: expected containerd, simulated or none", node);
  }
  bool embedded = options.cluster.empty();
  if (embedded && options.node == NodeKind::containerd && ::geteuid() != 0) {
    return fail(ErrorKind::bad_request,
                "containers need root: run it with sudo, or without containers: slipway up --node=simulated --data "
                "~/.local/share/slipway");
  }
  options.containerd_socket = said.option("--containerd-socket");
  options.pod_cidr = said.option("--pod-cidr");
  options.service_cidr = said.option("--service-cidr");
  for (const auto& [name, cidr] :
       {std::pair("--pod-cidr", options.pod_cidr), std::pair("--service-cidr", options.service_cidr)}) {
    if (!is_cidr(cidr))
      return fail(ErrorKind::bad_request, "{} {}: expected an IPv4 range such as 10.42.0.0/24", name, cidr);
  }
  if (overlap(options.pod_cidr, options.service_cidr)) {
    return fail(ErrorKind::bad_request,
                "--pod-cidr {} and --service-cidr {} overlap: pods and services need addresses of their own",
                options.pod_cidr, options.service_cidr);
  }
  for (const auto& mirror : said.all("--mirror")) {
    size_t equals = mirror.find('=');
    if (equals == mirror.npos || equals == 0 || equals + 1 == mirror.size()) {
      return fail(ErrorKind::bad_request,
                  "--mirror {}: expected PREFIX=URL, such as https://example.com/=file:///srv/git/", mirror);
    }
    options.mirrors.emplace_back(mirror.substr(0, equals), mirror.substr(equals + 1));
  }
  options.plain = said.has("--plain") || ::isatty(STDOUT_FILENO) == 0;
  return options;
}

}  // namespace slipway::wiring
