// The bridge plugin puts every pod on one bridge and makes the bridge their gateway. What it could do and we do not let
// it: masquerading (its ipMasq) and host ports (the portmap plugin) both call iptables, which need not be there, and
// would split the ruleset in two; rules.cc does both. The loopback interface needs no entry: containerd sees to it.
#include "network/cni.h"

#include "base/text.h"
#include "value/json.h"
#include "value/value.h"

namespace slipway::network {

std::string cni_configuration(const Cidr& pods, std::string_view addresses_directory) {
  Value range{{"subnet", pods.str()}, {"gateway", pods.host(1)}};
  Value addresses{{"type", "host-local"},
                  {"dataDir", addresses_directory},
                  {"ranges", Value::array({Value::array({range})})},
                  {"routes", Value::array({Value{{"dst", "0.0.0.0/0"}}})}};
  // hairpinMode: a pod that reaches itself through its service must get its own frame back where the kernel translates
  // already in the bridge (br_netfilter).
  Value bridge{{"type", "bridge"},    {"bridge", bridge_name}, {"isGateway", true},
               {"hairpinMode", true}, {"ipMasq", false},       {"ipam", addresses}};
  Value list{{"cniVersion", "1.0.0"}, {"name", "slipway"}, {"plugins", Value::array({bridge})}};
  return value::to_json_pretty(list) + "\n";
}

Result<> check_cni_plugins(World& world) {
  for (std::string_view plugin : {"bridge", "host-local", "loopback"}) {
    if (world.files().exists(fmt::format("{}/{}", cni_plugins_directory, plugin))) continue;
    return fail(ErrorKind::not_found,
                "CNI plugin {}/{} is missing: install the Debian package containernetworking-plugins",
                cni_plugins_directory, plugin);
  }
  return {};
}

}  // namespace slipway::network
