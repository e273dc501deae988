// On a real kernel, in network namespaces of the test's own: needs root, containernetworking-plugins, nftables and
// iproute2. Without root it says so and passes; with CI=true that is a failure. One namespace is the machine, two more
// are pods, attached by the CNI plugins as containerd would; a third plays a machine elsewhere.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <thread>

#include "base/text.h"
#include "cluster/embedded/embedded.h"
#include "network/cni.h"
#include "network/dns/message.h"
#include "network/machine.h"
#include "network/network.h"
#include "network/rules.h"
#include "runtime/fd.h"
#include "runtime/real_world.h"
#include "runtime/testing/in_real_world.h"
#include "store/store.h"
#include "value/json.h"

namespace slipway::network {

namespace {

using runtime::Command;

// ---- namespaces ----

// A socket of another network namespace: it stays there after the thread has come back.
runtime::Fd socket_in(const std::string& ns, int type) {
  runtime::Fd home(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!ns.empty()) {
    runtime::Fd there(::open(("/run/netns/" + ns).c_str(), O_RDONLY | O_CLOEXEC));
    SLIPWAY_CHECK(there && ::setns(there.get(), CLONE_NEWNET) == 0);
  }
  runtime::Fd made(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  SLIPWAY_CHECK(::setns(home.get(), CLONE_NEWNET) == 0);
  timeval limit{2, 0};
  int one = 1;
  ::setsockopt(made.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(made.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  ::setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  return made;
}

sockaddr_in address_of(std::string_view text) {
  auto parts = base::split(text, ':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(*parse_ipv4(parts[0]));
  address.sin_port = htons(static_cast<uint16_t>(*base::parse_int(parts[1])));
  return address;
}

// Answers every connection and datagram with "name saw <client's address>" until it goes away. A connection stays open
// and every further byte gets the same answer.
class Echo {
 public:
  Echo(std::string name, const std::string& ns, std::string_view at) : name_(std::move(name)) {
    sockaddr_in address = address_of(at);
    is_name_server_ = at.ends_with(":53");
    listener_ = socket_in(ns, SOCK_STREAM);
    datagrams_ = socket_in(ns, SOCK_DGRAM);
    for (int fd : {listener_.get(), datagrams_.get()})
      SLIPWAY_CHECK(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    SLIPWAY_CHECK(::listen(listener_.get(), 16) == 0);
    thread_ = std::thread([this] { serve(); });
  }
  ~Echo() {
    stop_ = true;
    thread_.join();
  }

 private:
  // On port 53 it is a name server instead, which gives every name the same address.
  std::string reply(const sockaddr_in& peer, std::string_view said) const {
    auto query = is_name_server_ ? dns::parse_message(said) : Result<dns::Message>(Error(ErrorKind::bad_request, ""));
    if (!query) return fmt::format("{} saw {}", name_, format_ipv4(ntohl(peer.sin_addr.s_addr)));
    query->is_answer = true;
    query->answers = {dns::address_record(query->questions[0].name, *parse_ipv4("203.0.113.7"), 60)};
    return dns::encode_message(*query, 512);
  }
  void serve() {
    std::vector<std::pair<runtime::Fd, std::string>> open;
    while (!stop_) {
      std::vector<pollfd> polled{{listener_.get(), POLLIN, 0}, {datagrams_.get(), POLLIN, 0}};
      for (const auto& [fd, text] : open) polled.push_back({fd.get(), POLLIN, 0});
      ::poll(polled.data(), polled.size(), 20);
      sockaddr_in peer{};
      socklen_t size = sizeof peer;
      char buffer[512];
      for (size_t i = 0; i < open.size(); ++i) {
        if (polled[i + 2].revents == 0) continue;
        if (::recv(open[i].first.get(), buffer, sizeof buffer, 0) <= 0)
          open[i].first.reset();
        else
          (void)!::send(open[i].first.get(), open[i].second.data(), open[i].second.size(), MSG_NOSIGNAL);
      }
      std::erase_if(open, [](const auto& one) { return !one.first; });
      if (polled[0].revents & POLLIN) {
        runtime::Fd client(::accept(listener_.get(), reinterpret_cast<sockaddr*>(&peer), &size));
        if (client) open.emplace_back(std::move(client), reply(peer, {}));
      }
      if (polled[1].revents & POLLIN) {
        auto got = ::recvfrom(datagrams_.get(), buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&peer), &size);
        if (got < 0) continue;
        std::string text = reply(peer, {buffer, static_cast<size_t>(got)});
        ::sendto(datagrams_.get(), text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&peer), size);
      }
    }
  }
  std::string name_;
  bool is_name_server_ = false;
  runtime::Fd listener_, datagrams_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

std::string word(int error) {
  return error == ECONNREFUSED ? "refused" : error == EAGAIN || error == EINPROGRESS ? "silence" : std::strerror(error);
}
std::string exchange(const runtime::Fd& fd) {
  char buffer[512];
  if (::send(fd.get(), "?", 1, MSG_NOSIGNAL) < 0) return word(errno);
  auto n = ::recv(fd.get(), buffer, sizeof buffer, 0);
  return n < 0 ? word(errno) : std::string(buffer, static_cast<size_t>(n));
}
// What a client in `ns` gets from there.
std::string ask(std::string ns, std::string to, int type = SOCK_STREAM) {
  runtime::Fd fd = socket_in(ns, type);
  sockaddr_in address = address_of(to);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) return word(errno);
  return exchange(fd);
}

// The addresses that cluster DNS gives a client in `ns`; "none" for an answer without, or how it refuses.
std::string look_up(std::string ns, std::string name, int type) {
  runtime::Fd fd = socket_in(ns, type);
  sockaddr_in address = address_of("10.43.0.10:53");
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) return word(errno);
  dns::Message query;
  query.id = 4711;
  query.wants_recursion = true;
  query.questions = {{*dns::Name::parse(name), dns::type_a, dns::class_in}};
  std::string bytes = dns::encode_message(query, 512);
  bool tcp = type == SOCK_STREAM;
  if (tcp) bytes = std::string{'\0', static_cast<char>(bytes.size())} + bytes;
  if (::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) return word(errno);
  char buffer[2048];
  auto n = ::recv(fd.get(), buffer, sizeof buffer, 0);
  if (n < 0) return word(errno);
  auto reply = dns::parse_message(std::string_view(buffer, static_cast<size_t>(n)).substr(tcp ? 2 : 0));
  if (!reply || reply->id != 4711) return "nonsense";
  if (reply->code != 0) return fmt::format("code {}", reply->code);
  std::vector<std::string> found;
  for (const dns::Record& record : reply->answers) {
    uint32_t number = 0;
    for (char c : record.data) number = number << 8 | static_cast<uint8_t>(c);
    found.push_back(format_ipv4(number));
  }
  return found.empty() ? "none" : base::join(found, " ");
}

// ---- the machine ----

Task<std::string> run(World& world, std::vector<std::string> argv, std::string input = {},
                      std::vector<std::string> env = {}) {
  Command command;
  command.argv = argv;
  command.env = env;
  auto done = co_await world.processes().run(command, input);
  REQUIRE_MESSAGE(done.has_value(), base::join(argv, " "));
  CHECK_MESSAGE(done->status.ok(), base::join(argv, " "), ": ", done->out, done->err);
  co_return done->out;
}
Task<std::string> shell(World& world, std::string line) {
  return run(world, {"bash", "-c", line});
}

// ADD or DEL by the CNI protocol, plugin by plugin, as containerd does with our list. Gives the pod's address.
Task<std::string> cni(World& world, std::string file, std::string command, std::string ns) {
  Value list = value::parse_json(world.files().read(file).value()).value();
  Value result;
  for (Value plugin : list["plugins"].items()) {
    plugin = plugin.with_member("cniVersion", list["cniVersion"]).with_member("name", list["name"]);
    if (!result.is_null()) plugin = plugin.with_member("prevResult", result);
    std::string program = fmt::format("{}/{}", cni_plugins_directory, plugin["type"].as_string());
    std::string out = co_await run(world, {program}, value::to_json(plugin),
                                   {"CNI_COMMAND=" + command, "CNI_CONTAINERID=id-" + ns, "CNI_IFNAME=eth0",
                                    "CNI_NETNS=/run/netns/" + ns, fmt::format("CNI_PATH={}", cni_plugins_directory)});
    if (!out.empty()) result = value::parse_json(out).value();
  }
  std::string address = result["ips"][0]["address"].str();
  co_return address.substr(0, address.find('/'));
}

Value service(std::string name, std::string cluster_ip, Value extra = Value::object()) {
  Value port{{"name", "web"}, {"port", 80}, {"targetPort", "web"}};
  Value udp{{"name", "say"}, {"port", 80}, {"protocol", "UDP"}, {"targetPort", 8080}};
  Value spec{{"ports", Value::array({port, udp})}, {"clusterIP", cluster_ip}};
  for (const auto& [key, value] : extra.members()) spec = spec.with_member(key.view(), value);
  return Value{{"apiVersion", "v1"},
               {"kind", "Service"},
               {"metadata", Value{{"name", name}, {"namespace", "shop"}}},
               {"spec", spec}};
}
Value slice(std::string of, std::vector<std::string> addresses, std::vector<std::string> hosts = {}, int port = 8080) {
  ArrayBuilder endpoints;
  for (size_t i = 0; i < addresses.size(); ++i) {
    Value one{{"addresses", Value::array({Value(addresses[i])})}, {"conditions", Value{{"ready", true}}}};
    endpoints.push(i < hosts.size() ? one.with_member("hostname", hosts[i]) : one);
  }
  Value ports = Value::array({Value{{"name", "web"}, {"port", port}, {"protocol", "TCP"}},
                              Value{{"name", "say"}, {"port", port}, {"protocol", "UDP"}}});
  return Value{
      {"apiVersion", "discovery.k8s.io/v1"},
      {"kind", "EndpointSlice"},
      {"metadata", Value{{"name", of}, {"namespace", "shop"}, {"labels", Value{{"kubernetes.io/service-name", of}}}}},
      {"addressType", "IPv4"},
      {"endpoints", endpoints.build()},
      {"ports", ports}};
}

Task<void> keep_running(Network* network) {
  co_await network->run();
}
Task<void> keep_cache(cluster::Cache* cache) {
  co_await cache->run();
}

// `check` on a thread of its own until it gives `wanted` or some seconds have passed; gives what it gave last.
Task<std::string> eventually(World& world, std::string wanted, std::function<std::string()> check) {
  std::string last;
  SteadyTime begin = world.steady_now();
  while (world.steady_now() - begin < 5s) {
    last = co_await world.on_pool(check);
    if (last == wanted) break;
    auto slept = co_await runtime::sleep(30ms);
    REQUIRE(slept.has_value());
  }
  co_return last;
}
Task<std::string> ask_later(World& world, std::string ns, std::string to, int type = SOCK_STREAM) {
  std::function<std::string()> check = [ns, to, type] { return ask(ns, to, type); };
  co_return co_await world.on_pool(check);
}

// Names as programs see them: by the C library, with a pod's resolv.conf.
Task<std::string> resolve(World& world, std::string ns, std::string query) {
  Command command;
  command.argv = {"bash", "-c",
                  "ip netns exec " + ns + " getent ahostsv4 " + query +
                      " | awk '$2 == \"STREAM\" {print $1}' | sort | paste -sd' '"};
  auto done = co_await world.processes().run(command);
  co_return done ? std::string(base::trim(done->out)) : done.error().str();
}

Task<void> write(cluster::Cluster& cluster, cluster::Write write) {
  auto written = co_await cluster.write(std::move(write));
  REQUIRE_MESSAGE(written.has_value(), written.error().str());
}
cluster::ObjectKey slice_key(std::string name) {
  return {{"discovery.k8s.io", "v1", "EndpointSlice"}, "shop", name};
}

constexpr const char* pod_resolv_conf =
    "nameserver 10.43.0.10\nsearch shop.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5 timeout:2\n";

// The machine: no default route, a link to a machine elsewhere (192.0.2.1), which is also its name server.
Task<void> make_machine(World& world, bool bridge_filter) {
  co_await shell(world,
                 "ip link set lo up && ip netns add elsewhere && ip netns add pod-a && ip netns add pod-b && "
                 "ip link add out type veth peer name in netns elsewhere && ip addr add 192.0.2.2/24 dev out && "
                 "ip link set out up && ip -n elsewhere addr add 192.0.2.1/24 dev in && "
                 "ip -n elsewhere link set in up && ip -n elsewhere link set lo up && "
                 // br_netfilter absent: the kernel here may have it built in, but it can be told to keep out
                 "for f in /proc/sys/net/bridge/bridge-nf-call-*; do if [ -e $f ]; then echo " +
                     std::string(bridge_filter ? "1" : "0") + " > $f; fi; done");
}

Task<void> walk(World& world, std::string directory, bool bridge_filter) {
  co_await make_machine(world, bridge_filter);
  REQUIRE(world.files().write_atomically(directory + "/pod_resolv.conf", pod_resolv_conf, 0644).has_value());
  co_await shell(world, "mount --bind " + directory + "/pod_resolv.conf /etc/resolv.conf");
  REQUIRE(world.files().write_atomically(directory + "/resolv.conf", "nameserver 192.0.2.1\n", 0644).has_value());

  auto store = (co_await store::open_store(world, {})).value();
  cluster::EmbeddedOptions embedded{.service_cidr = "10.43.0.0/16"};
  auto cluster = cluster::make_embedded_cluster(world, *store, kinds::builtin_catalog(), embedded).value();
  for (const char* name : {"kube-system", "shop"})
    co_await write(*cluster, cluster::create(Value{
                                 {"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", Value{{"name", name}}}}));
  auto cache = cluster::make_cache(world, *cluster, needs());
  NetworkOptions options{
      .cni_directory = directory + "/cni", .resolv_conf = directory + "/resolv.conf", .look_time = 1s};
  auto network = Network::create(world, *cluster, *cache, options);
  auto prepared = co_await network->prepare();
  REQUIRE_MESSAGE(prepared.has_value(), prepared.error().str());
  prepared = co_await network->prepare();  // again: nothing to do
  REQUIRE_MESSAGE(prepared.has_value(), prepared.error().str());
  CHECK(network->dns_address() == "10.43.0.10");
  runtime::Scope& scope = co_await runtime::current_scope();
  TaskGroup group(scope);
  group.spawn(keep_cache(cache.get()));
  group.spawn(keep_running(network.get()));

  auto names = [](std::string ns, std::string name, int type) {
    return std::function<std::string()>([=] { return look_up(ns, name, type); });
  };
  std::string got;
  for (int type : {SOCK_DGRAM, SOCK_STREAM}) {
    got = co_await eventually(world, "10.43.0.10", names("", "kube-dns.kube-system.svc.cluster.local", type));
    CHECK_MESSAGE(got == "10.43.0.10", "names for the host, before the first pod");
  }

  std::string conflist = fmt::format("{}/cni/{}", directory, cni_file);
  std::string a = co_await cni(world, conflist, "ADD", "pod-a"), b = co_await cni(world, conflist, "ADD", "pod-b");
  CHECK(a == "10.42.0.2");
  CHECK(b == "10.42.0.3");
  co_await shell(world, "ip -n pod-a link set lo up; ip -n pod-b link set lo up");
  {
    Echo in_a("a", "pod-a", "0.0.0.0:8080"), in_b("b", "pod-b", "0.0.0.0:8080"),
        out("out", "elsewhere", "192.0.2.1:80"), host("host", "", "10.42.0.1:9000"),
        server("server", "elsewhere", "192.0.2.1:53");
    Value node_port = Value::array({Value{{"name", "web"}, {"port", 80}, {"targetPort", "web"}, {"nodePort", 30080}}});
    co_await write(*cluster, cluster::create(service("to-a", "10.43.1.1")));
    co_await write(*cluster,
                   cluster::create(service("to-b", "10.43.1.2", Value{{"type", "NodePort"}, {"ports", node_port}})));
    co_await write(*cluster, cluster::create(service("both", "None")));
    co_await write(*cluster, cluster::create(service("empty", "10.43.1.3")));
    co_await write(*cluster, cluster::create(service("host", "10.43.1.4")));
    co_await write(*cluster, cluster::create(slice("host", {"10.42.0.1"}, {}, 9000)));
    co_await write(*cluster, cluster::create(slice("to-a", {a})));
    co_await write(*cluster, cluster::create(slice("to-b", {b})));
    co_await write(*cluster, cluster::create(slice("both", {a, b}, {"first", "second"})));

    auto same = [](std::string ns, std::string to, int type = SOCK_STREAM) {
      return std::function<std::string()>([=] { return ask(ns, to, type); });
    };
    // pod to pod through a ClusterIP: the gateway stands in between, without br_netfilter too
    got = co_await eventually(world, "b saw 10.42.0.1", same("pod-a", "10.43.1.2:80"));
    CHECK(got == "b saw 10.42.0.1");
    got = co_await ask_later(world, "pod-a", "10.43.1.1:80", SOCK_DGRAM);
    CHECK_MESSAGE(got == "a saw 10.42.0.1", "hairpin by UDP");
    got = co_await ask_later(world, "pod-a", "10.43.1.1:80");
    CHECK_MESSAGE(got == "a saw 10.42.0.1", "hairpin");
    got = co_await ask_later(world, "pod-a", b + ":8080");
    CHECK_MESSAGE(got == "b saw 10.42.0.2", "pod to pod, untouched");
    got = co_await ask_later(world, "", "10.43.1.2:80");
    CHECK_MESSAGE(got == "b saw 10.42.0.1", "host to ClusterIP, without a default route");
    got = co_await ask_later(world, "", "127.0.0.1:30080");
    CHECK_MESSAGE(got == "b saw 10.42.0.1", "host to NodePort on loopback");
    got = co_await ask_later(world, "pod-a", "192.0.2.2:30080");
    CHECK_MESSAGE(got == "b saw 10.42.0.1", "pod to NodePort of the host");
    got = co_await ask_later(world, "elsewhere", "192.0.2.2:30080");
    CHECK_MESSAGE(got == "b saw 192.0.2.1", "NodePort from outside keeps its client");
    got = co_await ask_later(world, "pod-a", "192.0.2.1:80");
    CHECK_MESSAGE(got == "out saw 192.0.2.2", "pods reach the outside as the machine");
    got = co_await ask_later(world, "pod-a", "10.43.1.3:80");
    CHECK_MESSAGE(got == "refused", "a service without endpoints");
    got = co_await ask_later(world, "", "10.43.1.3:80");
    CHECK_MESSAGE(got == "refused", "a service without endpoints, from the host");
    got = co_await ask_later(world, "pod-a", "10.43.1.3:80", SOCK_DGRAM);
    CHECK_MESSAGE(got == "refused", "a service without endpoints, by UDP");

    // names, as the C library of a pod asks
    got = co_await resolve(world, "pod-a", "to-b");
    CHECK(got == "10.43.1.2");
    got = co_await resolve(world, "pod-a", "to-b.shop");
    CHECK(got == "10.43.1.2");
    got = co_await resolve(world, "pod-a", "to-b.shop.svc.cluster.local");
    CHECK(got == "10.43.1.2");
    got = co_await resolve(world, "pod-a", "both");
    CHECK(got == a + " " + b);
    got = co_await resolve(world, "pod-a", "second.both");
    CHECK(got == b);
    got = co_await resolve(world, "pod-a", "nobody");
    CHECK(got == "203.0.113.7");  // not in the cluster, so the machine's name server is asked, which knows all names
    got = co_await world.on_pool(names("pod-b", "both.shop.svc.cluster.local", SOCK_STREAM));
    CHECK((got == a + " " + b || got == b + " " + a));
    got = co_await world.on_pool(names("pod-b", "nobody.shop.svc.cluster.local", SOCK_DGRAM));
    CHECK(got == "code 3");
    got = co_await world.on_pool(names("", "example.com", SOCK_DGRAM));
    CHECK(got == "203.0.113.7");

    // an open connection does not notice that the rules are replaced; the next one does
    runtime::Fd open = socket_in("pod-a", SOCK_STREAM);
    sockaddr_in to_b = address_of("10.43.1.2:80");
    REQUIRE(::connect(open.get(), reinterpret_cast<sockaddr*>(&to_b), sizeof to_b) == 0);
    co_await write(*cluster, cluster::remove(slice_key("to-b")));
    co_await write(*cluster, cluster::create(slice("to-b", {a})));
    got = co_await eventually(world, "a saw 10.42.0.1", same("", "10.43.1.2:80"));
    CHECK(got == "a saw 10.42.0.1");
    CHECK(exchange(open) == "b saw 10.42.0.1");

    // a server of the machine behind a service, as the API server is
    got = co_await ask_later(world, "pod-a", "10.43.1.4:80");
    CHECK(got == "host saw 10.42.0.2");
    got = co_await ask_later(world, "", "10.43.1.4:80");
    CHECK(got == "host saw 10.42.0.1");

    // somebody flushes all tables (as restarting nftables.service does): the next change brings everything back
    co_await shell(world, "nft flush ruleset");
    co_await write(*cluster, cluster::remove(slice_key("to-a")));
    got = co_await eventually(world, "a saw 10.42.0.1", same("pod-b", "10.43.1.2:80"));
    CHECK(got == "a saw 10.42.0.1");
    got = co_await ask_later(world, "pod-b", "10.43.1.1:80");
    CHECK(got == "refused");

    // and so they do when nothing changes, with addresses that somebody took away
    co_await shell(world,
                   "nft flush ruleset; ip addr flush dev slipway0; ip addr del 10.43.0.10/32 dev lo; "
                   "echo 0 > /proc/sys/net/ipv4/ip_forward");
    got = co_await eventually(world, "a saw 10.42.0.1", same("pod-b", "10.43.1.2:80"));
    CHECK(got == "a saw 10.42.0.1");
    got =
        co_await eventually(world, "10.43.0.10", names("pod-b", "kube-dns.kube-system.svc.cluster.local", SOCK_DGRAM));
    CHECK(got == "10.43.0.10");
    got = co_await eventually(world, "out saw 192.0.2.2", same("pod-a", "192.0.2.1:80"));
    CHECK(got == "out saw 192.0.2.2");

    // stopping leaves the traffic as it is
    co_await group.stop();
    got = co_await ask_later(world, "pod-a", "10.43.1.2:80");
    CHECK(got == "a saw 10.42.0.1");
  }
  co_await cni(world, conflist, "DEL", "pod-a");
  co_await cni(world, conflist, "DEL", "pod-b");
  auto cleared = co_await clear(world);
  CHECK_MESSAGE(cleared.has_value(), cleared.error().str());
  std::string left =
      co_await shell(world, "nft list ruleset; ip -o link | grep slipway; ip -o addr | grep 10.43; true");
  CHECK(left == "");
  cleared = co_await clear(world);  // nothing there is fine
  CHECK(cleared.has_value());
  network.reset();
  cache.reset();
  cluster.reset();
  auto closed = co_await store->close();
  CHECK(closed.has_value());
}

Task<void> walk_plainly(World& world, std::string directory) {
  return walk(world, directory, false);
}
Task<void> walk_with_bridge_filter(World& world, std::string directory) {
  return walk(world, directory, true);
}

RulesInput many_services(int count) {
  RulesInput input;
  input.pods = Cidr::parse("10.42.0.0/16").value();
  input.services = Cidr::parse("10.43.0.0/16").value();
  for (int i = 0; i < count; ++i) {
    std::string name = fmt::format("s{}", i);
    input.service_objects.push_back(service(name, fmt::format("10.43.1.{}", i + 1)));
    input.endpoint_slices.push_back(slice(
        name, {fmt::format("10.42.1.{}", i + 1), fmt::format("10.42.2.{}", i + 1), fmt::format("10.42.3.{}", i + 1)}));
  }
  return input;
}

Task<Duration> load(World& world, std::string document) {
  SteadyTime begin = world.steady_now();
  auto loaded = co_await load_rules(world, document);
  REQUIRE_MESSAGE(loaded.has_value(), loaded.error().str(), document.substr(0, 5000));
  co_return world.steady_now() - begin;
}

// A machine with 100 services of three endpoints each: printed, and held against a bound that a busy machine keeps.
Task<void> measure(World& world, std::string) {
  RulesInput input = many_services(100), changed = input;
  changed.endpoint_slices[50] = slice("s50", {"10.42.7.7"});
  Duration best_text = 1h, best_load = 1h, best_change = 1h;
  for (int i = 0; i < 5; ++i) {
    SteadyTime begin = world.steady_now();
    Ruleset before = Ruleset::of(input);
    std::string text = before.document();
    best_text = std::min(best_text, world.steady_now() - begin);
    best_load = std::min(best_load, co_await load(world, text));
    best_change = std::min(best_change, co_await load(world, Ruleset::of(changed).changes_from(before)));
  }
  auto ms = [](Duration d) { return std::chrono::duration<double, std::milli>(d).count(); };
  std::cout << fmt::format("100 services, 200 ports: ruleset {:.1f} ms; nft: all {:.1f} ms, one changed {:.1f} ms\n",
                           ms(best_text), ms(best_load), ms(best_change));
  CHECK(best_change < 200ms);
}

// Changes lead to the same table as replacing it does, whatever comes after what.
Task<void> change_step_by_step(World& world, std::string) {
  auto words = [](std::string listed) {
    for (char& c : listed) c = c == ',' ? ' ' : c;
    std::vector<std::string> all;
    for (std::string_view line : base::split_lines(listed)) {
      for (std::string_view word : base::split(line, ' ')) {
        if (word = base::trim(word); !word.empty()) all.emplace_back(word);
      }
    }
    std::sort(all.begin(), all.end());
    return base::join(all, " ");
  };
  std::optional<Ruleset> loaded;
  uint64_t seed = 7;
  auto dice = [&seed](uint64_t sides) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % sides;
  };
  for (int round = 0; round < 12; ++round) {
    RulesInput input = many_services(0);
    for (uint64_t i = 0; i < 6; ++i) {
      if (dice(4) == 0) continue;
      std::string name = fmt::format("s{}", i);
      Value made = service(name, fmt::format("10.43.1.{}", i + 1));
      if (dice(3) == 0) made = made.with("/spec/ports/0/nodePort", 30000 + static_cast<int64_t>(dice(3)));
      if (dice(3) == 0) {
        made = made.with("/status/loadBalancer/ingress/0/ip", fmt::format("192.0.2.{}", i + 100));
        if (dice(2) == 0) made = made.with("/spec/loadBalancerSourceRanges", Value::array({Value("192.0.2.0/25")}));
      }
      std::vector<std::string> endpoints;
      for (uint64_t k = dice(4); k > 0; --k) endpoints.push_back(fmt::format("10.42.{}.{}", i, 1 + dice(3)));
      input.service_objects.push_back(made);
      input.endpoint_slices.push_back(slice(name, endpoints));
    }
    Ruleset wanted = Ruleset::of(input);
    std::string document = loaded ? wanted.changes_from(*loaded) : wanted.document();
    if (!document.empty()) co_await load(world, document);
    CHECK(wanted.changes_from(wanted).empty());
    std::string changed = co_await run(world, {"nft", "-n", "list", "table", "ip", "slipway"});
    co_await load(world, wanted.document());
    std::string whole = co_await run(world, {"nft", "-n", "list", "table", "ip", "slipway"});
    CHECK_MESSAGE(words(changed) == words(whole), "round ", round);
    loaded = std::move(wanted);
  }
}

// A thread with namespaces of its own: nothing of it outlives the thread and what it started.
void in_own_namespaces(void (*body)()) {
  std::thread([body] {
    SLIPWAY_CHECK(::unshare(CLONE_NEWNET | CLONE_NEWNS) == 0);
    SLIPWAY_CHECK(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
    ::mkdir("/run/netns", 0755);
    SLIPWAY_CHECK(::mount("none", "/run/netns", "tmpfs", 0, nullptr) == 0);
    body();
  }).join();
}

bool may_make_namespaces() {
  if (::geteuid() == 0) return true;
  const char* ci = std::getenv("CI");
  CHECK_MESSAGE(!(ci && std::string_view(ci) == "true"), "with CI=true this test must run: as root");
  std::cerr << "SKIPPED: the network on a real kernel needs root\n";
  return false;
}

}  // namespace

TEST_CASE("the network on a real kernel") {
  if (!may_make_namespaces()) return;
  in_own_namespaces([] { runtime::testing::in_real_world(walk_plainly); });
}

TEST_CASE("the same with br_netfilter, as Docker's machines have it") {
  if (!may_make_namespaces()) return;
  if (::access("/proc/sys/net/bridge/bridge-nf-call-iptables", F_OK) != 0) {
    std::cerr << "SKIPPED: this kernel has br_netfilter neither built in nor loaded\n";
    return;
  }
  in_own_namespaces([] { runtime::testing::in_real_world(walk_with_bridge_filter); });
}

TEST_CASE("changes lead where replacing leads") {
  if (!may_make_namespaces()) return;
  in_own_namespaces([] { runtime::testing::in_real_world(change_step_by_step); });
}

TEST_CASE("changing the rules is cheap") {
  if (!may_make_namespaces()) return;
  in_own_namespaces([] { runtime::testing::in_real_world(measure); });
}

}  // namespace slipway::network
