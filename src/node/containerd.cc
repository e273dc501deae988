// Whether the running containerd is ours is told by the pid file: "<pid> <start time of that pid> <hash of the
// configuration>". A pid that was given to somebody else has another start time; one with another configuration is
// ended and started anew, which containers survive because their shims hold them. Whoever was killed before it wrote
// the file left a containerd that its command line tells; its configuration is not known, so it is ended too.
#include "node/containerd.h"

#include <algorithm>

#include "base/text.h"
#include "base/timestamp.h"
#include "node/cgroups.h"
#include "node/cri/cri.h"
#include "node/strays.h"
#include "node/volumes/volumes.h"
#include "runtime/digest.h"

namespace slipway::node {

namespace {

using runtime::LogLevel;

struct Running {
  int pid = 0;
  std::string started;  // field 22 of /proc/<pid>/stat
  std::string config_hash;
};

// The pid's start time; empty when there is no such process, or only its remains.
std::string start_time(World& world, int pid) {
  auto stat = world.files().read(fmt::format("/proc/{}/stat", pid));
  if (!stat) return {};
  size_t close = stat->rfind(')');  // the name before may hold anything
  if (close == std::string::npos || close + 2 >= stat->size()) return {};
  auto fields = base::split(std::string_view(*stat).substr(close + 2), ' ');
  if (fields.size() < 20 || fields[0] == "Z" || fields[0] == "X") return {};
  return std::string(fields[19]);
}

std::optional<Running> parse_pid_file(std::string_view text) {
  auto words = base::split(base::trim(text), ' ');
  if (words.size() != 3) return std::nullopt;
  auto pid = base::parse_int(words[0]);
  if (!pid || *pid <= 1) return std::nullopt;
  return Running{static_cast<int>(*pid), std::string(words[1]), std::string(words[2])};
}

std::string tail_of(World& world, const std::string& path, int lines_max) {
  auto text = world.files().read(path);
  if (!text) return {};
  auto lines = base::split_lines(*text);
  std::string out;
  for (size_t i = lines.size() > static_cast<size_t>(lines_max) ? lines.size() - lines_max : 0; i < lines.size(); ++i)
    out += "\n  " + std::string(lines[i].substr(0, 400));
  return out;
}

class OurContainerd final : public Containerd {
 public:
  OurContainerd(World& world, ContainerdOptions options)
      : world_(world), options_(std::move(options)), socket_(options_.directory + "/grpc.sock") {}

  const std::string& socket() const override { return socket_; }
  int pid() const override { return pid_; }
  bool adopted() const override { return adopted_; }

  Task<Result<>> bring_up() {
    OR_CO_RETURN(prepare());
    auto old = find_running();
    if (old && old->config_hash == config_hash_) {
      pid_ = old->pid;
      started_ = old->started;
      adopted_ = true;
      auto ready = co_await wait_ready();
      if (ready) co_return co_await ensure_pause_image();
      world_.log().write(LogLevel::warning, "node: the containerd that runs does not answer; starting it again");
    }
    if (old) OR_CO_RETURN(co_await end(old->pid, old->started));
    if (!old)
      for (const Running& unnoted : find_unnoted()) OR_CO_RETURN(co_await end(unnoted.pid, unnoted.started));
    OR_CO_RETURN(co_await launch());
    co_return co_await ensure_pause_image();
  }

  Task<void> supervise() override {
    Duration delay = 100ms;
    for (;;) {
      auto gone = co_await wait_until_dead();
      if (!gone) co_return;
      world_.log().write(LogLevel::warning, fmt::format("node: containerd (pid {}) ended; starting it again", pid_));
      for (;;) {
        auto up = co_await launch();
        if (up) break;
        if (up.error().is(ErrorKind::canceled)) co_return;
        world_.log().write(LogLevel::error, "node: " + up.error().str());
        if (!co_await runtime::sleep(delay)) co_return;
        delay = std::min<Duration>(delay * 2, 30s);
      }
      delay = 100ms;
    }
  }

  Task<Result<>> stop() override {
    OR_CO_RETURN(co_await end(pid_, started_));
    (void)world_.files().remove(pid_file());
    co_return Result<>();
  }

 private:
  std::string pid_file() const { return options_.directory + "/containerd.pid"; }
  std::string log_file() const { return options_.directory + "/containerd.log"; }
  std::string config_file() const { return options_.directory + "/config.toml"; }

  Result<> prepare() {
    // sun_path holds 107 bytes
    if (socket_.size() > 100)
      return fail(ErrorKind::invalid,
                  "the data directory's path is too long for a unix socket ({} of at most 100 bytes): {}; choose a "
                  "shorter --data",
                  socket_.size(), socket_);
    auto& files = world_.files();
    OR_RETURN(files.make_directories(options_.directory, 0711));
    OR_RETURN(files.make_directories(options_.cni_conf_directory, 0755));
    OR_RETURN(files.make_directories(options_.directory + "/certs.d", 0755));
    for (const auto& [path, text] : registry_files(options_.mirrors)) {
      std::string full = options_.directory + "/certs.d/" + path;
      OR_RETURN(files.make_directories(full.substr(0, full.rfind('/')), 0755));
      OR_RETURN(files.write_atomically(full, text, 0644));
    }
    HostFacts facts = OR_RETURN(read_host_facts(world_));
    std::string config = containerd_config(options_, facts);
    OR_RETURN(files.write_atomically(config_file(), config, 0644));
    config_hash_ = base::hex_encode(runtime::sha256(config)).substr(0, 16);
    return {};
  }

  std::optional<Running> find_running() {
    auto text = world_.files().read(pid_file());
    if (!text) return std::nullopt;
    auto found = parse_pid_file(*text);
    if (!found || start_time(world_, found->pid) != found->started) return std::nullopt;
    return found;
  }

  // Those that run with our configuration's file. A second one only waits for the first one's lock.
  std::vector<Running> find_unnoted() {
    std::vector<Running> found;
    std::string program = options_.program.substr(options_.program.rfind('/') + 1);
    for (const std::string& name : world_.files().list("/proc").value_or(std::vector<std::string>())) {
      auto pid = base::parse_int(name);
      if (!pid || *pid <= 1) continue;
      auto text = world_.files().read("/proc/" + name + "/cmdline", 64 << 10);
      if (!text) continue;
      auto words = base::split(*text, '\0');  // the last is empty
      size_t count = words.size();
      if (count < 4 || words[count - 3] != "--config" || words[count - 2] != config_file()) continue;
      if (words[count - 4].substr(words[count - 4].rfind('/') + 1) != program) continue;
      std::string started = start_time(world_, static_cast<int>(*pid));
      if (!started.empty()) found.push_back({static_cast<int>(*pid), std::move(started), ""});
    }
    return found;
  }

  Task<Result<>> launch() {
    auto& files = world_.files();
    auto size = files.stat(log_file());
    if (size && size->size > (10 << 20)) OR_CO_RETURN(files.rename(log_file(), log_file() + ".1"));
    runtime::Command command;
    command.argv = {options_.program, "--config", config_file()};
    command.new_session = true;
    command.output_file = log_file();
    auto process = world_.processes().start(std::move(command));
    if (!process)
      co_return std::move(process).error().context(
          fmt::format("cannot start {} (Debian package containerd; --node=simulated works without)", options_.program));
    process_ = std::shared_ptr<runtime::Process>(std::move(*process));
    adopted_ = false;
    pid_ = process_->pid();
    started_ = start_time(world_, pid_);
    auto up = files.write_atomically(pid_file(), fmt::format("{} {} {}\n", pid_, started_, config_hash_), 0644);
    bool noted = up.has_value();
    if (noted) up = co_await wait_ready();
    if (up || (noted && up.error().is(ErrorKind::canceled))) co_return up;  // the next run adopts it
    // The next try starts another, which must not find this one.
    auto ended = co_await end(pid_, started_);
    if (!ended) world_.log().write(LogLevel::warning, "node: " + ended.error().str());
    process_ = nullptr;
    (void)files.remove(pid_file());
    co_return up;
  }

  Task<Result<>> wait_ready() {
    auto runtime = cri::connect(world_, socket_);
    SteadyTime deadline = world_.steady_now() + options_.start_time_max;
    std::string last;
    while (world_.steady_now() < deadline) {
      auto version = co_await runtime->version();
      if (version) co_return Result<>();
      if (version.error().is(ErrorKind::canceled)) co_return std::move(version).error();
      last = version.error().str();
      if (start_time(world_, pid_) != started_) {
        last = "it ended at once";
        break;
      }
      OR_CO_RETURN(co_await runtime::sleep(15ms));
    }
    co_return fail(ErrorKind::unavailable, "containerd does not answer on {}: {}; the end of {}:{}", socket_, last,
                   log_file(), tail_of(world_, log_file(), 8));
  }

  Task<Result<>> ensure_pause_image() {
    auto runtime = cri::connect(world_, socket_);
    auto found = OR_CO_RETURN(co_await runtime->find_image(options_.pause_image));
    if (found) co_return Result<>();
    if (options_.pause_archive.empty())
      co_return fail(ErrorKind::not_found,
                     "the pause image {} is not in containerd and no archive that holds it was given",
                     options_.pause_image);
    OR_CO_RETURN(co_await import_image(world_, options_.importer, socket_, options_.pause_archive));
    // CRI learns of an imported image by an event, a moment later
    for (int i = 0; i < 100; ++i) {
      found = OR_CO_RETURN(co_await runtime->find_image(options_.pause_image));
      if (found) co_return Result<>();
      OR_CO_RETURN(co_await runtime::sleep(20ms));
    }
    co_return fail(ErrorKind::not_found, "{} was imported, but it holds no image named {}", options_.pause_archive,
                   options_.pause_image);
  }

  // A child is waited for. An adopted one ends our event stream when it dies.
  Task<Result<>> wait_until_dead() {
    if (process_) {
      auto process = process_;
      auto status = co_await process->wait();
      if (!status && status.error().is(ErrorKind::canceled)) co_return std::move(status).error();
      process_ = nullptr;
      co_return Result<>();
    }
    auto runtime = cri::connect(world_, socket_);
    while (start_time(world_, pid_) == started_) {
      auto events = co_await runtime->events();
      if (!events && events.error().is(ErrorKind::canceled)) co_return std::move(events).error();
      while (events) {
        auto event = co_await (*events)->next();
        if (event) continue;
        if (event.error().is(ErrorKind::canceled)) co_return std::move(event).error();
        break;
      }
      OR_CO_RETURN(co_await runtime::sleep(200ms));
    }
    co_return Result<>();
  }

  Task<Result<>> end(int pid, std::string started) {
    for (int signal : {SIGTERM, SIGKILL}) {
      if (start_time(world_, pid) != started) break;
      (void)world_.processes().send_signal(pid, signal);
      for (int i = 0; i < 500 && start_time(world_, pid) == started; ++i) OR_CO_RETURN(co_await runtime::sleep(10ms));
    }
    if (start_time(world_, pid) == started) co_return fail(ErrorKind::io, "containerd (pid {}) does not end", pid);
    co_return Result<>();
  }

  World& world_;
  ContainerdOptions options_;
  std::string socket_, config_hash_;
  int pid_ = 0;
  std::string started_;
  bool adopted_ = false;
  std::shared_ptr<runtime::Process> process_;  // null: adopted, or dead
};

}  // namespace

Task<Result<std::unique_ptr<Containerd>>> Containerd::start(World& world, ContainerdOptions options) {
  auto own = std::make_unique<OurContainerd>(world, std::move(options));
  OR_CO_RETURN(co_await own->bring_up());
  co_return std::unique_ptr<Containerd>(std::move(own));
}

namespace {

Duration grace_of(const Container& c, Duration grace_max) {
  auto note = c.annotations.find(kNoteGracePeriod);
  auto seconds = note == c.annotations.end() ? std::nullopt : base::parse_int(note->second);
  return std::clamp<Duration>(base::whole_seconds(seconds.value_or(30)), 2s, std::max<Duration>(grace_max, 2s));
}

Task<void> stop_one(PodRuntime& runtime, std::string id, Duration grace) {
  (void)co_await runtime.stop_container(id, grace);  // what does not stop is killed with its sandbox
}

Task<void> end_and_count(PodRuntime& runtime, Sandbox sandbox, Duration grace_max, int* ended, Result<>* outcome) {
  bool ran = sandbox.ready;
  auto done = co_await end_pod(runtime, std::move(sandbox), grace_max);
  if (!done)
    *outcome = std::move(done);
  else if (ran)
    ++*ended;
}

}  // namespace

Task<Result<>> end_pod(PodRuntime& runtime, Sandbox sandbox, Duration grace_max) {
  runtime::Scope& scope = co_await runtime::current_scope();
  auto containers = co_await runtime.list_containers({{kLabelPodUid, sandbox.uid}});
  if (containers) {
    TaskGroup together(scope);
    for (const Container& c : *containers)
      if (c.sandbox == sandbox.id && c.state == ContainerState::running)
        together.spawn(stop_one(runtime, c.id, grace_of(c, grace_max)));
    co_await together.join();
  }
  auto done = co_await runtime.stop_sandbox(sandbox.id);
  if (done) done = co_await runtime.remove_sandbox(sandbox.id);
  if (!done) co_return std::move(done).error().context("ending pod " + sandbox.ns + "/" + sandbox.name);
  co_return Result<>();
}

Task<Result<int>> remove_all_pods(PodRuntime& runtime, std::string owner, Duration grace_max) {
  runtime::Scope& scope = co_await runtime::current_scope();
  StringMap labels;
  if (!owner.empty()) labels[kLabelOwner] = owner;
  auto sandboxes = OR_CO_RETURN(co_await runtime.list_sandboxes(labels));
  int count = 0;
  Result<> outcome;
  TaskGroup together(scope);
  for (Sandbox& s : sandboxes) together.spawn(end_and_count(runtime, std::move(s), grace_max, &count, &outcome));
  co_await together.join();
  if (!outcome) co_return std::move(outcome).error();
  co_return count;
}

Result<> forget_memory(World& world, std::string data_directory) {
  return volumes::unmount_all(world, data_directory + "/pods");
}

Task<Result<>> remove_leftovers(World& world, std::string data_directory, std::string cgroup_root,
                                std::string containerd_directory) {
  auto& files = world.files();
  OR_CO_RETURN(co_await end_strays(
      world, containerd_directory.empty() ? data_directory + "/containerd" : std::move(containerd_directory)));
  auto pods = files.list(data_directory + "/pods");
  if (pods)
    for (const std::string& uid : *pods) OR_CO_RETURN(volumes::remove_all(world, data_directory + "/pods/" + uid));
  OR_CO_RETURN(files.remove_tree(data_directory + "/pods"));
  OR_CO_RETURN(files.remove_tree(data_directory + "/log/pods"));
  remove_cgroups(world, "/" + cgroup_root);
  co_return Result<>();
}

Task<Result<>> import_image(World& world, std::string importer, std::string socket, std::string archive) {
  runtime::Command command;
  command.argv = {importer, "--address", socket, "--namespace", "k8s.io", "images", "import", archive};
  command.time_max = 600s;  // gigabytes, onto a slow disk
  auto done = OR_CO_RETURN(co_await world.processes().run(std::move(command)));
  if (!done.status.ok())
    co_return fail(ErrorKind::io, "importing image archive {}: {}", archive,
                   base::trim(done.err.empty() ? done.out : done.err));
  co_return Result<>();
}

}  // namespace slipway::node
