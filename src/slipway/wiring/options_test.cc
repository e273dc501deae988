#include "slipway/wiring/options.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "base/text.h"
#include "sim/sim_world.h"
#include "slipway/wiring/service_unit.h"

using namespace slipway;
using namespace slipway::wiring;

namespace {

// What was said on top of the defaults: "--node=simulated --path=x REPO".
cli::Invocation said(std::string_view line) {
  cli::Invocation invocation;
  for (auto word : base::split(line, ' ')) {
    size_t equals = word.find('=');
    if (word.empty()) continue;
    if (!word.starts_with("--")) {
      invocation.arguments.emplace_back(word);
    } else {
      invocation.add(std::string(word.substr(0, equals)),
                     equals == word.npos ? "" : std::string(word.substr(equals + 1)));
    }
  }
  for (const cli::Option& option : up_option_list()) {
    if (!invocation.has(option.name) && !option.fallback.empty())
      invocation.add(option.name, std::string(option.fallback));
  }
  return invocation;
}

struct Read {
  UpOptions options;
  std::string refused;
};
Read read(std::string_view line) {
  sim::SimWorld world(1);
  REQUIRE(world.files().make_directories("/srv/shop/.git"));
  auto options = read_up_options(world, said(line));
  return options ? Read{*options, ""} : Read{{}, options.error().str()};
}

}  // namespace

TEST_CASE("what up is told, checked and made absolute") {
  UpOptions o = read(
                    "--node=simulated --data=/data/ /srv/shop --path=apps/prod --revision=v1 "
                    "--mirror=https://a/=file:///b --mirror=c=d=e")
                    .options;
  CHECK(o.node == NodeKind::simulated);
  CHECK(o.data == "/data");
  CHECK(o.kubeconfig == "/data/kubeconfig");
  CHECK(o.listen == "127.0.0.1:6443");
  CHECK(o.connections_max == 2000);
  CHECK(o.repository == "/srv/shop");
  CHECK(o.path == "apps/prod");
  CHECK(o.revision == "v1");
  CHECK(o.mirrors == std::vector<std::pair<std::string, std::string>>{{"https://a/", "file:///b"}, {"c", "d=e"}});
  CHECK(read("--node=none https://example.com/x.git").options.repository == "https://example.com/x.git");
  CHECK(read("--node=none git@example.com:x.git").options.repository == "git@example.com:x.git");
  CHECK(read("--node=none --kubeconfig=/k").options.kubeconfig == "/k");
  CHECK(read("--node=none").options.repository == "");
}

TEST_CASE("what cannot be is refused with the way out") {
  struct Case {
    const char *line, *part;
  };
  for (auto [line, part] : {
           Case{"--node=docker", "expected containerd, simulated or none"},
           {"--node=none --listen=6443", "expected ADDR:PORT"},
           {"--node=none --connections-max=9", "expected a number from 10 to 1000000"},
           {"--node=none --connections-max=many", "expected a number from 10 to 1000000"},
           {"--node=none --listen=/run/x.sock", "expected ADDR:PORT"},
           {"--node=none --pod-cidr=10.42.0.0", "--pod-cidr 10.42.0.0: expected an IPv4 range"},
           {"--node=none --service-cidr=10.43.0.0/99", "--service-cidr"},
           {"--node=none --service-cidr=10.43.0.256/24", "--service-cidr"},
           {"--node=none --pod-cidr=fd00::/64", "--pod-cidr"},
           {"--node=none --mirror=abc", "expected PREFIX=URL"},
           {"--node=none --mirror==x", "expected PREFIX=URL"},
           {"--node=none --mirror=x=", "expected PREFIX=URL"},
           {"--node=none --path=x", "need a repository"},
           {"--node=none /srv/nowhere", "there is no repository at /srv/nowhere"},
       }) {
    CHECK_MESSAGE(read(line).refused.find(part) != std::string::npos, line << " gave " << read(line).refused);
  }
  if (::geteuid() != 0) CHECK(read("").refused.find("--node=simulated") != std::string::npos);
}

TEST_CASE("the systemd unit says all that was said, and nothing else") {
  auto command = [](std::string_view line) {
    std::string unit = service_unit("/usr/bin/slipway", read(line).options);
    size_t at = unit.find("ExecStart=") + 10;
    return unit.substr(at, unit.find('\n', at) - at);
  };
  std::string tail = " --data /data --listen 127.0.0.1:6443 --pod-cidr 10.42.0.0/24 --service-cidr 10.43.0.0/16";
  CHECK(command("--node=none --data=/data") == "/usr/bin/slipway up" + tail + " --node none --plain");
  CHECK(command("--node=simulated --data=/data --kubeconfig=/k /srv/shop") ==
        "/usr/bin/slipway up /srv/shop --path . --revision HEAD" + tail + " --kubeconfig /k --node simulated --plain");
  CHECK(command("--node=none --data=/data --connections-max=50").find(" --connections-max 50 ") != std::string::npos);
  UpOptions odd = read("--node=simulated --data=/data").options;
  odd.mirrors = {{"https://a b/", "50%$x"}};
  std::string unit = service_unit("/usr/bin/slipway", odd);
  CHECK(unit.find(R"(--mirror "https://a b/=50%%$$x")") != std::string::npos);
  CHECK(unit.find("KillMode=process") != std::string::npos);  // containers outlive a restart
}
