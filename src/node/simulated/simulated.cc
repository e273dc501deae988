#include "node/simulated/simulated.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "node/simulated/memory.h"
#include "runtime/channel.h"
#include "runtime/digest.h"
#include "value/json.h"

namespace slipway::node::simulated {

namespace {

using runtime::sleep;

constexpr size_t kEventsKept = 10'000;
constexpr Duration kSaveDelay = 20ms;  // what changes together is written together

struct Subscription {
  runtime::Channel<RuntimeEvent> channel{kEventsKept};
};

class Events final : public RuntimeEvents {
 public:
  explicit Events(std::shared_ptr<Subscription> subscription) : subscription_(std::move(subscription)) {}
  ~Events() override { subscription_->channel.close(); }
  Task<Result<RuntimeEvent>> next() override {
    auto subscription = subscription_;
    auto event = co_await subscription->channel.receive();
    if (!event && event.error().is(ErrorKind::gone)) co_return Error(ErrorKind::unavailable, "events were lost");
    co_return event;
  }

 private:
  std::shared_ptr<Subscription> subscription_;
};

bool carries(const StringMap& labels, const StringMap& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& pair) {
    auto it = labels.find(pair.first);
    return it != labels.end() && it->second == pair.second;
  });
}

// "nginx" and "nginx:latest" are one image.
std::string with_tag(std::string image) {
  size_t slash = image.rfind('/');
  bool named = image.find('@') != std::string::npos ||
               image.find(':', slash == std::string::npos ? 0 : slash) != std::string::npos;
  return named ? image : image + ":latest";
}

class Simulated final : public SimulatedRuntime {
 public:
  Simulated(World& world, SimulatedOptions options) : world_(world), options_(std::move(options)) {
    if (options_.file.empty()) return;
    auto text = world_.files().read(options_.file);
    if (!text) return;
    auto value = value::parse_json(*text);
    if (value) memory_ = memory_from(*value);
    for (auto& [id, c] : containers_)
      if (c.ends_by_itself && c.state == ContainerState::running) end_in_a_moment(id);
  }
  ~Simulated() override {
    for (auto& [id, c] : containers_)
      if (c.timer) world_.executor().forget_call(c.timer);
    if (save_) world_.executor().forget_call(save_);
    if (save_) save();
  }

  Task<Result<RuntimeVersion>> version() override {
    OR_CO_RETURN(co_await answers());
    co_return RuntimeVersion{"simulated", "1"};
  }
  Task<Result<RuntimeCondition>> condition() override {
    OR_CO_RETURN(co_await answers());
    co_return RuntimeCondition{true, true, ""};
  }

  Task<Result<std::optional<ImageInfo>>> find_image(std::string image) override {
    OR_CO_RETURN(co_await answers());
    std::string name = with_tag(image);
    if (!images_.contains(name)) co_return std::optional<ImageInfo>();
    co_return std::optional(info_of(name));
  }
  Task<Result<std::string>> pull_image(std::string image, ImageAuth auth) override {
    OR_CO_RETURN(co_await answers());
    OR_CO_RETURN(co_await sleep(options_.pull_time));
    if (options_.pull_fault)
      if (auto fault = options_.pull_fault(image)) co_return std::move(*fault);
    images_.insert(with_tag(image));
    remember();
    co_return info_of(with_tag(image)).id;
  }
  Task<Result<std::vector<ImageInfo>>> list_images() override {
    OR_CO_RETURN(co_await answers());
    std::vector<ImageInfo> list;
    for (const std::string& name : images_) list.push_back(info_of(name));
    co_return list;
  }
  Task<Result<>> remove_image(std::string image) override {
    OR_CO_RETURN(co_await answers());
    images_.erase(with_tag(image));
    co_return Result<>();
  }

  Task<Result<std::string>> run_sandbox(SandboxConfig config) override {
    OR_CO_RETURN(co_await answers());
    OR_CO_RETURN(co_await sleep(options_.sandbox_time));
    SandboxStatus s;
    s.id = new_id();
    s.ns = config.ns;
    s.name = config.name;
    s.uid = config.uid;
    s.attempt = config.attempt;
    s.ready = true;
    s.created = world_.now();
    s.labels = config.labels;
    s.annotations = config.annotations;
    if (!config.host_network) s.ips = {next_address()};
    std::string id = s.id;
    sandboxes_.emplace(id, std::move(s));
    tell({RuntimeEvent::Kind::started, id});
    co_return id;
  }
  Task<Result<>> stop_sandbox(std::string id) override {
    OR_CO_RETURN(co_await answers());
    end_sandbox(id);
    co_return Result<>();
  }
  Task<Result<>> remove_sandbox(std::string id) override {
    OR_CO_RETURN(co_await answers());
    end_sandbox(id);
    std::erase_if(containers_, [&](const auto& entry) { return entry.second.sandbox == id; });
    if (sandboxes_.erase(id)) tell({RuntimeEvent::Kind::deleted, id});
    co_return Result<>();
  }
  Task<Result<SandboxStatus>> sandbox_status(std::string id) override {
    OR_CO_RETURN(co_await answers());
    auto it = sandboxes_.find(id);
    if (it == sandboxes_.end()) co_return fail(ErrorKind::not_found, "no sandbox {}", id);
    co_return it->second;
  }
  Task<Result<std::vector<Sandbox>>> list_sandboxes(StringMap labels) override {
    OR_CO_RETURN(co_await answers());
    std::vector<Sandbox> list;
    for (const auto& [id, s] : sandboxes_)
      if (carries(s.labels, labels)) list.push_back(s);
    co_return list;
  }

  Task<Result<std::string>> create_container(std::string sandbox, ContainerConfig config, SandboxConfig) override {
    OR_CO_RETURN(co_await answers());
    auto home = sandboxes_.find(sandbox);
    if (home == sandboxes_.end() || !home->second.ready)
      co_return fail(ErrorKind::not_found, "no running sandbox {}", sandbox);
    SimContainer c;
    c.id = new_id();
    c.sandbox = sandbox;
    c.name = config.name;
    c.attempt = config.attempt;
    c.state = ContainerState::created;
    c.created = world_.now();
    c.labels = config.labels;
    c.annotations = config.annotations;
    c.image = with_tag(config.image_spec.empty() ? config.image : config.image_spec);
    c.image_ref = config.image;
    c.log_path = config.log_path;
    c.ends_by_itself = config.annotations.contains(kNoteEndsByItself);
    c.ignores_stop = deaf_.contains(config.name);
    std::string id = c.id;
    containers_.emplace(id, std::move(c));
    remember();
    co_return id;
  }
  Task<Result<>> start_container(std::string id) override {
    OR_CO_RETURN(co_await answers());
    OR_CO_RETURN(co_await sleep(options_.start_time));
    auto it = containers_.find(id);
    if (it == containers_.end()) co_return fail(ErrorKind::not_found, "no container {}", id);
    SimContainer& c = it->second;
    if (c.state != ContainerState::created) co_return fail(ErrorKind::conflict, "container {} was started before", id);
    c.state = ContainerState::running;
    c.started = world_.now();
    tell({RuntimeEvent::Kind::started, id});
    if (c.ends_by_itself) end_in_a_moment(id);
    co_return Result<>();
  }
  Task<Result<>> stop_container(std::string id, Duration grace) override {
    OR_CO_RETURN(co_await answers());
    auto it = containers_.find(id);
    if (it == containers_.end() || it->second.state != ContainerState::running) co_return Result<>();
    if (it->second.ignores_stop) {
      OR_CO_RETURN(co_await sleep(grace));
      end(id, 137, "Error");
      co_return Result<>();
    }
    end(id, 143, "Error");
    co_return Result<>();
  }
  Task<Result<>> remove_container(std::string id) override {
    OR_CO_RETURN(co_await answers());
    end(id, 137, "Error");
    if (containers_.erase(id)) tell({RuntimeEvent::Kind::deleted, id});
    co_return Result<>();
  }
  Task<Result<ContainerStatus>> container_status(std::string id) override {
    OR_CO_RETURN(co_await answers());
    auto it = containers_.find(id);
    if (it == containers_.end()) co_return fail(ErrorKind::not_found, "no container {}", id);
    ContainerStatus status = as_listed(it->second);
    co_return co_await listed(std::move(status));
  }
  Task<Result<std::vector<Container>>> list_containers(StringMap labels) override {
    OR_CO_RETURN(co_await answers());
    std::vector<Container> list;
    for (const auto& [id, c] : containers_)
      if (carries(c.labels, labels)) list.push_back(as_listed(c));
    co_return co_await listed(std::move(list));
  }
  Task<Result<>> update_resources(std::string id, LinuxResources) override {
    OR_CO_RETURN(co_await answers());
    if (!containers_.contains(id)) co_return fail(ErrorKind::not_found, "no container {}", id);
    co_return Result<>();
  }

  Task<Result<ExecResult>> exec(std::string, std::vector<std::string>, Duration) override { co_return no_containers(); }
  Task<Result<std::string>> exec_url(std::string, std::vector<std::string>, StreamFlags) override {
    OR_CO_RETURN(co_await answers());
    co_return no_containers();
  }
  Task<Result<std::string>> attach_url(std::string, StreamFlags) override { co_return no_containers(); }
  Task<Result<std::string>> port_forward_url(std::string, std::vector<uint16_t>) override { co_return no_containers(); }

  Task<Result<std::vector<ContainerStats>>> stats() override {
    OR_CO_RETURN(co_await answers());
    co_return std::vector<ContainerStats>();  // nothing runs, so nothing is used
  }
  Task<Result<>> reopen_log(std::string) override { co_return Result<>(); }
  Task<Result<std::unique_ptr<RuntimeEvents>>> events() override {
    OR_CO_RETURN(co_await answers());
    auto subscription = std::make_shared<Subscription>();
    std::erase_if(subscriptions_, [](const auto& s) { return s->channel.closed(); });
    subscriptions_.push_back(subscription);
    co_return std::unique_ptr<RuntimeEvents>(std::make_unique<Events>(subscription));
  }
  bool simulated() const override { return !options_.as_real; }

  bool end_container(std::string pod, std::string container, int exit_code, std::string reason) override {
    for (auto& [id, c] : containers_)
      if (c.name == container && c.labels[kLabelPodName] == pod && c.state == ContainerState::running) {
        end(id, exit_code, reason.empty() ? (exit_code ? "Error" : "Completed") : reason);
        return true;
      }
    return false;
  }
  void kill_sandbox(std::string pod) override {
    for (auto& [id, s] : sandboxes_)
      if (s.name == pod) end_sandbox(id);
  }
  void set_answering(bool answering) override {
    answering_ = answering;
    if (!answering)
      for (auto& s : std::exchange(subscriptions_, {})) s->channel.close();
  }
  void set_hanging(bool hanging) override { hanging_ = hanging; }
  uint64_t asked() const override { return asked_; }
  void add_image(std::string image) override { images_.insert(with_tag(std::move(image))); }
  void set_ignores_stop(std::string container) override { deaf_.insert(std::move(container)); }

 private:
  Task<Result<>> answers() {
    ++asked_;
    while (hanging_) OR_CO_RETURN(co_await sleep(100ms));
    if (!answering_) co_return Error(ErrorKind::unavailable, "the simulated runtime was told not to answer");
    co_return Result<>();
  }
  static Error no_containers() {
    return Error(ErrorKind::unsupported,
                 "this node is simulated: there is no process to reach (start Slipway with --node=containerd)");
  }

  ContainerStatus as_listed(const ContainerStatus& c) const {
    if (c.state != ContainerState::exited || c.finished + options_.lists_lag <= world_.now()) return c;
    ContainerStatus before = c;
    before.state = ContainerState::running;
    before.finished = {};
    before.exit_code = 0;
    before.reason.clear();
    return before;
  }
  template <class T>
  Task<Result<T>> listed(T answer) {
    if (options_.list_time > Duration()) OR_CO_RETURN(co_await runtime::sleep(options_.list_time));
    co_return answer;
  }

  void end(const std::string& id, int exit_code, std::string reason) {
    auto it = containers_.find(id);
    if (it == containers_.end()) return;
    SimContainer& c = it->second;
    if (c.timer) world_.executor().forget_call(std::exchange(c.timer, 0));
    if (c.state != ContainerState::running) return;
    c.state = ContainerState::exited;
    c.finished = world_.now();
    c.exit_code = exit_code;
    c.reason = std::move(reason);
    tell({RuntimeEvent::Kind::exited, id});
  }

  void end_sandbox(const std::string& id) {
    auto it = sandboxes_.find(id);
    if (it == sandboxes_.end() || !it->second.ready) return;
    for (auto& [container_id, c] : containers_)
      if (c.sandbox == id) end(container_id, 137, "Error");
    it->second.ready = false;
    tell({RuntimeEvent::Kind::exited, id});
  }

  void end_in_a_moment(std::string id) {
    containers_.at(id).timer = world_.executor().call_at(world_.steady_now() + options_.run_time, [this, id] {
      containers_.at(id).timer = 0;
      end(id, 0, "Completed");
    });
  }

  void remember() {
    if (options_.file.empty() || save_) return;
    save_ = world_.executor().call_at(world_.steady_now() + kSaveDelay, [this] {
      save_ = 0;
      save();
    });
  }
  // A machine that forgets starts its pods again: nothing is lost when this fails.
  void save() {
    (void)world_.files().write_atomically(options_.file, value::to_json(to_value(memory_)), 0600).has_value();
  }

  void tell(const RuntimeEvent& event) {
    remember();
    for (auto& s : subscriptions_)
      if (!s->channel.try_send(event)) s->channel.close();
  }

  ImageInfo info_of(const std::string& name) const {
    ImageInfo info;
    info.id = "sha256:" + base::hex_encode(runtime::sha256(name));
    info.tags = {name};
    info.size_bytes = 1 << 20;
    info.uid = 1000;
    return info;
  }

  std::string new_id() { return base::hex_encode(world_.random().bytes(32)); }
  std::string next_address() {
    // 10.42.0.2 ... 10.42.0.254, 10.42.1.2 ...
    auto parts = base::split(options_.pod_network, '.');
    int third = static_cast<int>(base::parse_int(parts.size() > 2 ? parts[2] : "0").value_or(0)) + addresses_ / 253;
    return fmt::format("{}.{}.{}.{}", parts[0], parts.size() > 1 ? parts[1] : "0", third & 255, 2 + addresses_++ % 253);
  }

  World& world_;
  SimulatedOptions options_;
  bool answering_ = true, hanging_ = false;
  uint64_t asked_ = 0;
  uint64_t save_ = 0;  // the call that will write the memory; 0: none
  std::set<std::string> deaf_;
  Memory memory_;
  int& addresses_ = memory_.addresses;
  std::set<std::string>& images_ = memory_.images;
  std::map<std::string, SandboxStatus>& sandboxes_ = memory_.sandboxes;
  std::map<std::string, SimContainer>& containers_ = memory_.containers;
  std::vector<std::shared_ptr<Subscription>> subscriptions_;
};

}  // namespace

std::unique_ptr<SimulatedRuntime> create(World& world, SimulatedOptions options) {
  return std::make_unique<Simulated>(world, std::move(options));
}

}  // namespace slipway::node::simulated
