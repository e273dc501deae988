#include "network/machine.h"

#include "base/text.h"
#include "network/cni.h"
#include "network/rules.h"
#include "value/json.h"

namespace slipway::network {

namespace {

constexpr std::string_view label = "lo:slipway";
constexpr Duration tool_time_max = 60s;  // they speak to the kernel alone: the largest table takes it seconds

Error needs_root(std::string_view what) {
  return fail(ErrorKind::forbidden, "{}: this needs root; without it: --node=simulated", what);
}

// Runs one of the two tools; a non-zero exit is an error.
Task<Result<std::string>> run_tool(World& world, std::string package, std::vector<std::string> argv,
                                   std::string input = {}) {
  runtime::Command command;
  command.argv = argv;
  command.env = {"LC_ALL=C"};
  command.time_max = tool_time_max;
  auto done = co_await world.processes().run(std::move(command), std::move(input));
  if (done.failed_with(ErrorKind::not_found))
    co_return fail(ErrorKind::not_found, "program {} is missing: install the Debian package {}", argv[0], package);
  if (!done) co_return std::move(done.error()).context(base::join(argv, " "));
  if (done->status.ok()) co_return std::move(done->out);
  std::string said(base::trim(done->err.substr(0, 2000)));
  if (said.find("not permitted") != std::string::npos || said.find("Permission denied") != std::string::npos)
    co_return needs_root(fmt::format("{}: {}", base::join(argv, " "), said));
  co_return fail(ErrorKind::io, "{}: {}", base::join(argv, " "), said);
}

Task<Result<std::string>> ip(World& world, std::vector<std::string> arguments, std::string input = {}) {
  std::vector<std::string> argv{"ip"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return run_tool(world, "iproute2", std::move(argv), std::move(input));
}

Result<> set_kernel(World& world, std::string name, std::string_view wanted) {
  std::string path = "/proc/sys/net/ipv4/" + name;
  auto now = world.files().read(path, 64);
  if (now && base::trim(*now) == wanted) return {};
  auto file = world.files().open(path, runtime::OpenMode::read_write);
  auto written = file ? (*file)->write_at(0, wanted) : Result<>(std::move(file.error()));
  if (!written && written.error().is(ErrorKind::forbidden))
    return needs_root(fmt::format("setting net.ipv4.{} = {}", name, wanted));
  return std::move(written).context(fmt::format("setting net.ipv4.{} = {}", name, wanted));
}

std::string gateway_of(const Cidr& pods) {
  return fmt::format("{}/{}", pods.host(1), pods.bits);
}

}  // namespace

Result<MachineState> read_machine_state(std::string_view ip_json) {
  MachineState state;
  if (base::trim(ip_json).empty()) return state;
  Value links = OR_RETURN(value::parse_json(ip_json));
  for (const Value& link : links.items()) {
    bool is_bridge = link["ifname"].as_string() == bridge_name;
    state.bridge |= is_bridge;
    for (const Value& flag : link["flags"].items()) state.up |= is_bridge && flag.as_string() == "UP";
    for (const Value& address : link["addr_info"].items()) {
      if (address["family"].as_string() != "inet") continue;
      if (is_bridge && state.gateway.empty())
        state.gateway = fmt::format("{}/{}", address["local"].as_string(), address["prefixlen"].as_int());
      if (address["label"].as_string() == label) state.dns_address = address["local"].str();
    }
  }
  return state;
}

bool is_set_up(const MachineOptions& options, const MachineState& now) {
  return now.bridge && now.up && now.gateway == gateway_of(options.pods) &&
         now.dns_address == format_ipv4(options.dns_address);
}

std::string machine_commands(const MachineOptions& options, const MachineState& now) {
  std::string commands, gateway = gateway_of(options.pods), dns = format_ipv4(options.dns_address);
  uint32_t mac = options.pods.base + 1;  // locally administered, and telling: 02:00 and the gateway's address
  if (!now.bridge)
    commands += fmt::format("link add name {} address 02:00:{:02x}:{:02x}:{:02x}:{:02x} type bridge\n", bridge_name,
                            mac >> 24, mac >> 16 & 255, mac >> 8 & 255, mac & 255);
  if (now.bridge && now.gateway != gateway) commands += fmt::format("addr flush dev {}\n", bridge_name);
  if (now.gateway != gateway) commands += fmt::format("addr add {} dev {}\n", gateway, bridge_name);
  commands += fmt::format("link set {} up\n", bridge_name);
  commands +=
      fmt::format("route replace {} dev {} src {}\n", options.services.str(), bridge_name, options.pods.host(1));
  if (!now.dns_address.empty() && now.dns_address != dns)
    commands += fmt::format("addr del {}/32 dev lo\n", now.dns_address);
  // scope host: never chosen as the source of what the machine itself sends
  if (now.dns_address != dns) commands += fmt::format("addr add {}/32 dev lo label {} scope host\n", dns, label);
  return commands;
}

Task<Result<MachineState>> machine_state(World& world) {
  std::string told = OR_CO_RETURN(co_await ip(world, {"-j", "addr", "show"}));
  co_return std::move(read_machine_state(told)).context("ip -j addr show");
}

Task<Result<>> set_up_machine(World& world, MachineOptions options) {
  MachineState now = OR_CO_RETURN(co_await machine_state(world));
  if (now.bridge && !now.gateway.empty() && now.gateway != gateway_of(options.pods))
    world.log().write(
        runtime::LogLevel::warning,
        fmt::format("network: the range of pods changes from {} to {}: pods that run now lose their network",
                    now.gateway, options.pods.str()));
  OR_CO_RETURN(co_await ip(world, {"-batch", "-"}, machine_commands(options, now)));
  co_return set_forwarding(world);
}

Result<> set_forwarding(World& world) {
  OR_RETURN(set_kernel(world, "ip_forward", "1"));
  // 127.0.0.1 reaches NodePorts and host ports, and an endpoint may be a server on the host's loopback (the API
  // server's, by default). What that opens, the chain "guard" closes (rules.cc).
  OR_RETURN(set_kernel(world, fmt::format("conf/{}/route_localnet", bridge_name), "1"));
  // Service traffic enters and leaves by the same bridge, so the kernel would tell the pod of a shorter way: round our
  // translation. (The tellings also use up what ICMP errors may be sent.) Of "all" and the interface either is enough
  // to send them; other interfaces go on as before, by values of their own.
  OR_RETURN(set_kernel(world, "conf/all/send_redirects", "0"));
  return set_kernel(world, fmt::format("conf/{}/send_redirects", bridge_name), "0");
}

Task<Result<>> clear_machine(World& world) {
  auto now = co_await machine_state(world);
  if (now.failed_with(ErrorKind::not_found)) co_return Result<>();  // without the tool nothing was ever made
  if (!now) co_return std::move(now.error());
  bool left = now->bridge || !now->dns_address.empty();
  auto unloaded = co_await load_rules(world, empty_ruleset());
  // An ordinary user with nothing to clear (a simulated node) may not even look at the rules.
  bool nothing = !left && unloaded.failed_with(ErrorKind::forbidden);
  if (!unloaded && !nothing && !unloaded.error().is(ErrorKind::not_found)) co_return unloaded;
  std::string commands;
  if (!now->dns_address.empty()) commands += fmt::format("addr del {}/32 dev lo\n", now->dns_address);
  if (now->bridge) commands += fmt::format("link del {}\n", bridge_name);
  if (!commands.empty()) OR_CO_RETURN(co_await ip(world, {"-batch", "-"}, commands));
  co_return Result<>();
}

Task<Result<>> load_rules(World& world, std::string document) {
  OR_CO_RETURN(co_await run_tool(world, "nftables", {"nft", "-j", "-f", "-"}, std::move(document)));
  co_return Result<>();
}

Task<Result<bool>> has_rules(World& world) {
  std::string told = OR_CO_RETURN(co_await run_tool(world, "nftables", {"nft", "-j", "list", "tables"}));
  Value tables = OR_CO_RETURN(std::move(value::parse_json(told)).context("nft -j list tables"));
  for (const Value& entry : tables["nftables"].items()) {
    if (entry["table"]["family"].as_string() == "ip" && entry["table"]["name"].as_string() == table_name)
      co_return true;
  }
  co_return false;
}

Task<std::vector<std::string>> dropping_chains(World& world) {
  std::vector<std::string> found;
  auto told = co_await run_tool(world, "nftables", {"nft", "-j", "list", "chains"});
  if (!told) co_return found;
  auto parsed = value::parse_json(*told);
  if (!parsed) co_return found;
  for (const Value& entry : (*parsed)["nftables"].items()) {
    const Value& chain = entry["chain"];
    auto family = chain["family"].as_string(), hook = chain["hook"].as_string();
    if (chain["policy"].as_string() != "drop" || (family != "ip" && family != "inet")) continue;
    if (hook != "forward" && hook != "input") continue;
    found.push_back(fmt::format("{} {} {}", family, chain["table"].as_string(), chain["name"].as_string()));
  }
  co_return found;
}

}  // namespace slipway::network
