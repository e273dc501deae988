// The containerd that we start outlives us and is adopted; what it runs outlives it.
#include "node/containerd.h"

#include <signal.h>
#include <sys/wait.h>

#include "node/logs.h"
#include "node/simulated/simulated.h"
#include "node/testing/pod_contract.h"
#include "node/testing/real_containers.h"
#include "sim/sim_world.h"

using namespace slipway;
using namespace slipway::node;
using namespace slipway::node::testing;

namespace {

void check_config(ContainerdOptions options, HostFacts facts, std::vector<std::string> lines) {
  std::string text = "\n" + containerd_config(options, facts);
  for (const std::string& line : lines) CHECK_MESSAGE(text.find("\n" + line + "\n") != std::string::npos, line << text);
}

// A pod that writes about 1 MB/s, numbered.
const char* const kWriter =
    "{apiVersion: v1, kind: Pod, metadata: {name: writer, namespace: default}, spec: {nodeName: n1, containers: "
    "[{name: "
    "writer, image: IMAGE, command: [sh, -c, \"trap 'exit 0' TERM; pad=$(head -c 1000 /dev/zero | tr '\\\\0' x); i=0; "
    "while :; do n=0; while [ $n -lt 100 ]; do n=$((n+1)); i=$((i+1)); echo $i $pad; done; sleep 0.1; done\"]}]}}";

Task<void> dies_in_the_middle(RealNode& node) {
  PodBench& b = *node.bench;
  co_await b.create(kWriter);
  if (!co_await b.becomes("writer", "ready")) ::_exit(3);
  // The object outlives us in a file: a restarted Slipway finds it in its store.
  Value pod = co_await b.pod("writer");
  if (!node.world.files().write_atomically(node.directory + "/pod.json", value::to_json(pod))) ::_exit(4);
  ::raise(SIGKILL);
}

int64_t number_of(std::string_view log_line) {
  auto line = parse_log_line(log_line);
  return line ? base::parse_int(line->text.substr(0, line->text.find(' '))).value_or(0) : 0;
}

// A second run over what the first left: everything is adopted as it is.
Task<void> adopt(World& world, std::string directory, int containerd_before) {
  auto containerd = co_await Containerd::start(world, containerd_options(directory));
  CHECK_MESSAGE(containerd.has_value(), (containerd ? std::string() : containerd.error().str()));
  if (!containerd) co_return;
  CHECK((*containerd)->adopted());
  CHECK((*containerd)->pid() == containerd_before);
  CHECK(::getsid((*containerd)->pid()) == (*containerd)->pid());
  auto runtime = cri::connect(world, (*containerd)->socket());
  auto list = co_await runtime->list_containers({{kLabelPodName, "writer"}});
  CHECK((list && list->size() == 1));
  if (!list || list->empty()) co_return;
  auto before = co_await runtime->container_status((*list)[0].id);
  CHECK(before->state == ContainerState::running);
  (void)co_await runtime::sleep(1s);
  std::string text = world.files().read(before->log_path).value_or("");
  auto lines = base::split_lines(text);
  CHECK_MESSAGE(lines.size() > 500, lines.size());  // it went on while nobody was there
  int64_t expected = 1, wrong = 0;
  for (std::string_view line : lines) wrong += number_of(line) != expected++;
  CHECK(wrong <= 1);  // the last line may be half written

  // containerd dies too: it is started again, the container does not notice, and events flow again.
  TaskGroup group(world.executor());
  group.spawn((*containerd)->supervise());
  (void)co_await runtime::sleep(100ms);
  ::kill((*containerd)->pid(), SIGKILL);
  bool back = false;
  for (int i = 0; i < 500 && !back; ++i) {
    (void)co_await runtime::sleep(20ms);
    back = (*containerd)->pid() != containerd_before && (co_await runtime->version()).has_value();
  }
  CHECK(back);
  CHECK(!(*containerd)->adopted());
  auto after = co_await runtime->container_status((*list)[0].id);
  CHECK((after && after->state == ContainerState::running && after->started == before->started));

  auto size = world.files().stat(before->log_path);
  (void)co_await runtime::sleep(500ms);
  auto later = world.files().stat(before->log_path);
  CHECK((size && later && later->size > size->size + 100'000));  // its log is read again

  auto removed = co_await remove_all_pods(*runtime);
  CHECK((removed && *removed == 1));
  co_await runtime->close();
  co_await group.stop();
  CHECK(co_await (*containerd)->stop());
}

Task<int> run_forked(World& world, std::string directory) {
  co_await run_with_containers(world, directory,
                               [](RealNode& node) -> Task<void> { co_await dies_in_the_middle(node); });
  co_return 0;
}

Task<int> run_adopt(World& world, std::string directory, int containerd, int first_run) {
  co_await adopt(world, directory, containerd);
  std::string root = fmt::format("slipway-test-{}", first_run);
  CHECK(co_await remove_leftovers(world, directory + "/d", root, directory + "/c"));
  for (const std::string& what : leftovers(directory, root)) FAIL_CHECK("left behind: " << what);
  (void)co_await output_of(world, {"ip", "link", "delete", fmt::format("slwt{}", first_run)});
  co_return 0;
}

Task<void> ends_what_ran(World& world) {
  auto runtime = simulated::create(world);
  for (std::string name : {"runs", "died"}) {
    SandboxConfig config;
    config.ns = "default";
    config.name = config.uid = name;
    CHECK(co_await runtime->run_sandbox(std::move(config)));
  }
  runtime->kill_sandbox("died");
  auto ended = co_await remove_all_pods(*runtime);
  CHECK((ended && *ended == 1));
  auto left = co_await runtime->list_sandboxes({});
  CHECK((left && left->empty()));
}

}  // namespace

TEST_CASE("what a reboot ended is removed, and is no pod that was stopped") {
  sim::SimWorld world(1);
  CHECK(world.run(ends_what_ran(world)));
}

TEST_CASE("containerd's configuration is ours alone") {
  ContainerdOptions o{.directory = "/data/containerd"};
  o.cni_conf_directory = "/data/cni";
  check_config(o, {.cgroup_v2 = false, .systemd = true, .may_lower_oom = false},
               {"root = \"/data/containerd/root\"", "state = \"/data/containerd/state\"",
                "address = \"/data/containerd/grpc.sock\"", "restrict_oom_score_adj = true", "disable_apparmor = true",
                "SystemdCgroup = false", "snapshotter = \"overlayfs\"", "conf_dir = \"/data/cni\"",
                "sandbox_image = \"slipway.local/pause:1\"", "config_path = \"/data/containerd/certs.d\"",
                "stream_server_address = \"127.0.0.1\""});
  check_config(o, {.cgroup_v2 = true, .systemd = true, .apparmor = true, .overlayfs = false},
               {"SystemdCgroup = true", "snapshotter = \"native\"", "restrict_oom_score_adj = false",
                "disable_apparmor = false"});
  check_config(o, {.cgroup_v2 = true, .systemd = false}, {"SystemdCgroup = false"});
  auto files = registry_files({{"127.0.0.1:5000", {"http://127.0.0.1:5000", "https://other.test"}}});
  REQUIRE(files.size() == 1);
  CHECK(files[0].first == "127.0.0.1:5000/hosts.toml");
  CHECK(files[0].second ==
        "[host.\"http://127.0.0.1:5000\"]\ncapabilities = [\"pull\", \"resolve\"]\n"
        "[host.\"https://other.test\"]\ncapabilities = [\"pull\", \"resolve\"]\n");
}

namespace {

// Processes that run with this configuration.
int count_of(World& world, const std::string& config) {
  int count = 0;
  for (const std::string& name : world.files().list("/proc").value_or(std::vector<std::string>())) {
    std::string words = world.files().read("/proc/" + name + "/cmdline").value_or("");
    count += words.ends_with("--config" + std::string(1, '\0') + config + std::string(1, '\0'));
  }
  return count;
}

Task<void> start_in_vain(World& world, std::string directory) {
  ContainerdOptions options = containerd_options(directory);
  options.program = directory + "/containerd";
  options.start_time_max = 300ms;
  CHECK(world.files().write_atomically(options.program, "#!/bin/sh\nwhile :; do sleep 0.1; done\n", 0755));
  std::string config = options.directory + "/config.toml";
  // One whose starter was killed before it noted the pid.
  runtime::Command unnoted;
  unnoted.argv = {options.program, "--config", config};
  unnoted.new_session = true;
  unnoted.output_file = directory + "/log";
  auto before = world.processes().start(std::move(unnoted));
  CHECK(before.has_value());
  (void)co_await runtime::sleep(100ms);
  CHECK(count_of(world, config) == 1);
  auto started = co_await Containerd::start(world, options);
  CHECK(started.failed_with(ErrorKind::unavailable));
  CHECK(count_of(world, config) == 0);
  CHECK(!world.files().exists(options.directory + "/containerd.pid"));
}

}  // namespace

TEST_CASE("a containerd that does not come up is ended, and one that nobody noted") {
  runtime::testing::in_real_world(
      [](World& world, std::string directory) -> Task<void> { co_await start_in_vain(world, directory); });
}

TEST_CASE("a directory too long for a socket is refused before anything starts") {
  runtime::testing::in_real_world([](World& world, std::string directory) -> Task<void> {
    auto options = containerd_options(directory + "/" + std::string(90, 'x'));
    auto started = co_await Containerd::start(world, options);
    CHECK(started.failed_with(ErrorKind::invalid));
    CHECK(!world.files().exists(options.directory));
  });
}

TEST_CASE("kill -9: containerd and what it runs go on, and the next run adopts both") {
  if (!can_run_containers()) return;
  runtime::testing::TemporaryDirectory directory;
  pid_t child = ::fork();
  if (child == 0) {
    auto world = runtime::RealWorld::create();
    world->run(run_forked(*world, directory.path()));
    ::_exit(5);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK_MESSAGE((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL), status);
  auto world = runtime::RealWorld::create();
  int pid = std::atoi(world->files().read(directory.path() + "/c/containerd.pid").value_or("0").c_str());
  CHECK(pid > 1);
  CHECK(::kill(pid, 0) == 0);
  world->run(run_adopt(*world, directory.path(), pid, child));
}
