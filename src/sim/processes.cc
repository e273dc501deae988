#include "sim/processes.h"

#include <cerrno>
#include <csignal>

#include "base/text.h"
#include "runtime/run_process.h"
#include "runtime/system_error.h"
#include "sim/pipe.h"

namespace slipway::sim {
namespace {

using namespace runtime;

// A stream into a file, for output_file; reading it gives nothing.
class AppendStream final : public Stream {
 public:
  AppendStream(World& world, std::string path) : world_(world), path_(std::move(path)) {}
  Task<Result<size_t>> read(std::span<char>) override { return nothing(); }
  Task<Result<>> write(std::string_view bytes) override { return append(&world_, path_, bytes); }
  Task<Result<>> shutdown_write() override { return append(&world_, path_, {}); }
  void close() override {}

 private:
  static Task<Result<size_t>> nothing() { co_return size_t{0}; }
  static Task<Result<>> append(World* world, std::string path, std::string_view bytes) {
    if (path.empty()) co_return Result<>();
    auto file = OR_CO_RETURN(world->files().open(path, OpenMode::create, 0640));
    uint64_t end = OR_CO_RETURN(file->size());
    co_return file->write_at(end, bytes);
  }
  World& world_;
  std::string path_;
};

struct Child final : PlayedProcess {
  Child(World& w, Scope& outer, Command c, int p) : world_(w), command_(std::move(c)), pid_(p), scope(outer) {}
  World& world() override { return world_; }
  const Command& command() const override { return command_; }
  int pid() const override { return pid_; }
  Stream& in() override { return *in_; }
  Stream& out() override { return *out_; }
  Stream& err() override { return *err_; }

  void signal(int number) {
    if (ended || number == 0) return;
    if (!signaled) signaled = number;
    scope.cancel();
  }
  std::shared_ptr<OneShot<ExitStatus>> when_ended() {
    auto shot = OneShot<ExitStatus>::create();
    if (ended)
      shot->resolve(*ended);
    else
      waiters.push_back(shot);
    return shot;
  }

  World& world_;
  Command command_;
  int pid_;
  Scope scope;
  std::unique_ptr<Stream> in_, out_, err_;
  int signaled = 0;
  std::optional<ExitStatus> ended;
  std::vector<std::shared_ptr<OneShot<ExitStatus>>> waiters;
};

class SimProcess final : public Process {
 public:
  SimProcess(std::shared_ptr<Child> child, std::unique_ptr<Stream> in, std::unique_ptr<Stream> out,
             std::unique_ptr<Stream> err)
      : child_(std::move(child)), in_(std::move(in)), out_(std::move(out)), err_(std::move(err)) {}
  int pid() const override { return child_->pid_; }
  Stream& in() override { return *in_; }
  Stream& out() override { return *out_; }
  Stream& err() override { return *err_; }
  Task<Result<ExitStatus>> wait() override { return wait_for(child_); }
  void signal(int number) override { child_->signal(number); }

 private:
  static Task<Result<ExitStatus>> wait_for(std::shared_ptr<Child> child) {
    auto shot = child->when_ended();
    co_return co_await shot->wait();
  }
  std::shared_ptr<Child> child_;
  std::unique_ptr<Stream> in_, out_, err_;
};

class Programs final : public SimProcesses {
 public:
  Programs(Fate& fate, World& world) : fate_(fate), world_(world), group_(world.executor()) {}

  void on_start(std::string name, Handler handler) override {
    handlers_[std::move(name)] = std::make_shared<Handler>(std::move(handler));
  }
  void on_command(std::string name, Answer answer, Duration duration) override {
    auto kept = std::make_shared<Answer>(std::move(answer));
    on_start(std::move(name), [kept, duration](PlayedProcess& process) { return reply(&process, kept, duration); });
  }
  void forget_command(const std::string& name) override { handlers_.erase(name); }
  const std::vector<Command>& started() const override { return started_; }
  size_t running() const override { return group_.running(); }

  Result<std::unique_ptr<Process>> start(Command command) override {
    if (command.argv.empty() || command.argv[0].empty()) return Error(ErrorKind::invalid, "start: no program named");
    std::string what = "start " + command.argv[0];
    OR_RETURN(fate_.step("start", base::join(command.argv, " ")));
    std::string name = command.argv[0].substr(command.argv[0].find_last_of('/') + 1);
    auto handler = handlers_.find(name);
    if (handler == handlers_.end()) return fail(ErrorKind::not_found, "{}: no such program in PATH", what);
    if (fate_.random.happens(start_error)) {
      fate_.count("start error");
      return system_error(EAGAIN, what);
    }
    started_.push_back(command);
    auto child = std::make_shared<Child>(world_, group_.scope(), command, ++last_pid_);
    std::unique_ptr<Stream> in, out, err;
    if (command.output_file.empty()) {
      std::tie(child->in_, in) = create_pipe(fate_, world_.executor());
      std::tie(child->out_, out) = create_pipe(fate_, world_.executor());
      std::tie(child->err_, err) = create_pipe(fate_, world_.executor());
    } else {
      for (auto* stream : {&child->in_, &in, &out, &err}) *stream = std::make_unique<AppendStream>(world_, "");
      child->out_ = std::make_unique<AppendStream>(world_, command.output_file);
      child->err_ = std::make_unique<AppendStream>(world_, command.output_file);
    }
    if (fate_.random.happens(die)) {
      Duration after = fate_.random.between(Duration{}, std::chrono::milliseconds(20));
      world_.executor().call_at(world_.steady_now() + after, [this, child] {
        if (child->ended) return;
        fate_.count("killed program");
        child->signal(SIGKILL);
      });
    }
    children_[child->pid_] = child;
    group_.spawn(play(this, child, handler->second));
    return std::unique_ptr<Process>(std::make_unique<SimProcess>(child, std::move(in), std::move(out), std::move(err)));
  }
  Task<Result<Finished>> run(Command command, std::string input, size_t output_max) override {
    return run_child(this, std::move(command), std::move(input), output_max);
  }
  Result<> send_signal(int pid, int number) override {
    auto child = children_.find(pid < 0 ? -pid : pid);
    if (child == children_.end()) return fail(ErrorKind::not_found, "signal {}: no process {}", number, pid);
    child->second->signal(number);
    return {};
  }
  bool alive(int pid) override { return children_.contains(pid); }

  void crash(Loss loss) override {
    auto children = children_;
    for (auto& [pid, child] : children)
      if (loss == Loss::power || !child->command_.new_session) child->signal(SIGKILL);
  }
  void stop_all() override { crash(Loss::power); }

 private:
  static Task<void> play(Programs* self, std::shared_ptr<Child> child, std::shared_ptr<Handler> handler) {
    auto running = (*handler)(*child);
    ExitStatus status = co_await std::move(running).in(child->scope);
    if (child->signaled) status = {0, child->signaled};
    for (Stream* stream : {child->in_.get(), child->out_.get(), child->err_.get()}) stream->close();
    child->ended = status;
    self->children_.erase(child->pid_);
    for (auto& waiter : std::exchange(child->waiters, {})) waiter->resolve(status);
  }
  static Task<ExitStatus> reply(PlayedProcess* process, std::shared_ptr<Answer> answer, Duration duration) {
    auto input = co_await read_to_end(process->in(), size_t{1} << 30);
    if (!input) co_return ExitStatus{1, 0};
    auto slept = co_await sleep(duration);
    if (!slept) co_return ExitStatus{1, 0};
    Finished finished = (*answer)(process->command(), *input);
    auto written = co_await process->out().write(finished.out);
    if (written) written = co_await process->err().write(finished.err);
    (void)written.has_value();  // whoever started it need not listen
    co_return finished.status;
  }
  static Task<Result<Finished>> run_child(Programs* self, Command command, std::string input, size_t output_max) {
    Scope& scope = co_await current_scope();
    if (scope.canceled()) co_return Error(ErrorKind::canceled, "canceled");
    auto process = OR_CO_RETURN(self->start(command));
    int pid = process->pid();
    RunningChild running{std::move(process), [self, pid] { (void)self->send_signal(pid, SIGKILL).has_value(); },
                         [self, pid] { return !self->alive(pid); }};
    co_return co_await run_to_end(std::move(running), std::move(command), std::move(input), output_max);
  }

  Fate& fate_;
  World& world_;
  std::map<std::string, std::shared_ptr<Handler>> handlers_;
  std::vector<Command> started_;
  std::map<int, std::shared_ptr<Child>> children_;
  int last_pid_ = 1000;
  TaskGroup group_;
};

}  // namespace

std::unique_ptr<SimProcesses> SimProcesses::create(Fate& fate, World& world) {
  return std::make_unique<Programs>(fate, world);
}

}  // namespace slipway::sim
