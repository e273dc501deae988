// Children. Between vfork and exec the child shares our memory and may only make system calls, so all it needs is
// prepared before. Every child is watched from its start by a pidfd (or SIGCHLD) and reaped when it ends, whether or
// not somebody waits for it.
#include "runtime/processes_real.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <map>

#include "base/text.h"
#include "runtime/network_real.h"
#include "runtime/run_process.h"
#include "runtime/system_error.h"

extern char** environ;

namespace slipway::runtime {
namespace {

rlimit descriptor_limit_at_start{};

// ---- starting ----

// Everything the child needs, ready to use.
struct Launch {
  std::vector<std::string> programs;  // to try, in this order
  std::vector<std::string> argv_text, env_text;
  std::vector<char*> argv, env;
  const char* directory = nullptr;
  int in = -1, out = -1, err = -1;
  bool new_session = false;
  bool ends_with_us = false;
  uid_t uid = ~0u;
  gid_t gid = ~0u;
  pid_t parent = 0;
  int report = -1;  // the child's failure goes there; closed by a successful exec
};

struct ChildFailure {
  enum Step { pipes, directory, identity, program } step;
  int number;
};

[[noreturn]] void become(const Launch& launch) {
  auto give_up = [&](ChildFailure::Step step) {
    ChildFailure failure{step, errno};
    (void)!::write(launch.report, &failure, sizeof failure);
    ::_exit(127);
  };
  for (int number = 1; number < NSIG; ++number) {
    struct sigaction action;
    if (::sigaction(number, nullptr, &action) < 0 || action.sa_handler == SIG_DFL) continue;
    // what we were told to ignore (nohup), the child ignores too; these two are our own choice
    if (action.sa_handler == SIG_IGN && number != SIGPIPE && number != SIGXFSZ) continue;
    std::memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    ::sigaction(number, &action, nullptr);
  }
  if (::dup2(launch.in, 0) < 0 || ::dup2(launch.out, 1) < 0 || ::dup2(launch.err, 2) < 0) give_up(ChildFailure::pipes);
  ::syscall(SYS_close_range, 3u, ~0u, CLOSE_RANGE_CLOEXEC);  // for what libraries open and what we inherited
  if (launch.new_session) ::setsid();
  if (descriptor_limit_at_start.rlim_max) ::setrlimit(RLIMIT_NOFILE, &descriptor_limit_at_start);
  // straight to the kernel: the library's calls would tell all threads of the process, which are our parent's
  if (launch.gid != ~0u) {
    if (::syscall(SYS_setgroups, 0, nullptr) < 0 || ::syscall(SYS_setresgid, launch.gid, launch.gid, launch.gid) < 0)
      give_up(ChildFailure::identity);
  }
  if (launch.uid != ~0u && ::syscall(SYS_setresuid, launch.uid, launch.uid, launch.uid) < 0)
    give_up(ChildFailure::identity);
  if (launch.ends_with_us) {  // after the identity: changing that clears it
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != launch.parent) ::_exit(127);
  }
  if (launch.directory && ::chdir(launch.directory) < 0) give_up(ChildFailure::directory);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  int number = ENOENT;
  for (const auto& program : launch.programs) {
    ::execve(program.c_str(), launch.argv.data(), launch.env.data());
    if (errno != ENOENT && errno != ENOTDIR) number = errno;
    if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) break;
  }
  errno = number;
  give_up(ChildFailure::program);
  __builtin_unreachable();
}

// The child's process id, or -1 with errno.
__attribute__((noinline)) pid_t spawn(const Launch& launch) {
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // no handler of ours may run in the child
  // with another user's identity a shared memory would make us undumpable as well
  bool own_identity = launch.uid == ~0u && launch.gid == ~0u;
  pid_t pid = own_identity ? ::vfork() : ::fork();
  if (pid == 0) become(launch);
  int number = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = number;
  return pid;
}

std::string_view name_of(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

std::vector<std::string> environment_of(const Command& command) {
  std::vector<std::string> out;
  for (char** each = environ; *each; ++each) {
    std::string_view variable = *each;
    if (command.clean_env && name_of(variable) != "PATH" && name_of(variable) != "HOME") continue;
    bool replaced = std::any_of(command.env.begin(), command.env.end(),
                                [&](const auto& given) { return name_of(given) == name_of(variable); });
    if (!replaced) out.emplace_back(variable);
  }
  out.insert(out.end(), command.env.begin(), command.env.end());
  return out;
}

std::vector<std::string> programs_of(const std::string& name, const std::vector<std::string>& env) {
  if (name.find('/') != std::string::npos) return {name};
  std::string path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  for (const auto& variable : env)
    if (variable.starts_with("PATH=")) path = variable.substr(5);
  std::vector<std::string> out;
  for (std::string_view directory : base::split(path, ':'))
    out.push_back(fmt::format("{}/{}", directory.empty() ? "." : directory, name));
  return out;
}

Result<std::pair<Fd, Fd>> make_pipe(std::string_view what) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return system_error(errno, what);
  return std::pair(Fd(ends[0]), Fd(ends[1]));
}

void set_nonblocking(const Fd& fd) {
  ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

// ---- children ----

struct Child {
  int pid = 0;
  std::shared_ptr<Descriptor> pidfd;  // null: SIGCHLD tells
  std::optional<Result<ExitStatus>> ended;
  std::vector<std::shared_ptr<OneShot<ExitStatus>>> waiters;
  bool takes_its_own = false;  // what it started ends with it

  // False while it runs.
  bool reap() {
    int status = 0;
    if (takes_its_own) {  // before it is reaped, while the group's number cannot be anybody else's
      siginfo_t info{};
      if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid)
        ::kill(-pid, SIGKILL);
    }
    pid_t got;
    do got = ::waitpid(pid, &status, WNOHANG);
    while (got < 0 && errno == EINTR);
    if (got == 0) return false;
    if (got < 0)
      ended = system_error(errno, fmt::format("wait for process {}", pid));
    else if (WIFSIGNALED(status))
      ended = ExitStatus{0, WTERMSIG(status)};
    else
      ended = ExitStatus{WEXITSTATUS(status), 0};
    if (pidfd) pidfd->close();
    for (auto& waiter : std::exchange(waiters, {})) waiter->resolve(*ended);
    return true;
  }
  std::shared_ptr<OneShot<ExitStatus>> when_ended() {
    auto shot = OneShot<ExitStatus>::create();
    if (ended) {
      shot->resolve(*ended);
    } else {
      std::erase_if(waiters, [](const auto& waiter) { return waiter->resolved(); });  // those that were canceled
      waiters.push_back(shot);
    }
    return shot;
  }
  // Until it is reaped the number is its own, nobody else's.
  void signal(int number) const {
    if (!ended) ::kill(pid, number);
  }
  void signal_group(int number) const {
    if (!ended) ::kill(-pid, number);
  }
};

Task<Result<ExitStatus>> wait_for(std::shared_ptr<Child> child) {
  auto shot = child->when_ended();
  co_return co_await shot->wait();
}

class NullStream final : public Stream {
 public:
  Task<Result<size_t>> read(std::span<char>) override { return nothing<size_t>(); }
  Task<Result<>> write(std::string_view) override { return nothing<void>(); }
  Task<Result<>> shutdown_write() override { return nothing<void>(); }
  void close() override {}

 private:
  template <class T>
  static Task<Result<T>> nothing() {
    co_return Result<T>();
  }
};

class RealProcess final : public Process {
 public:
  RealProcess(std::shared_ptr<Child> child, std::unique_ptr<Stream> in, std::unique_ptr<Stream> out,
              std::unique_ptr<Stream> err)
      : child_(std::move(child)), in_(std::move(in)), out_(std::move(out)), err_(std::move(err)) {}
  int pid() const override { return child_->pid; }
  Stream& in() override { return *in_; }
  Stream& out() override { return *out_; }
  Stream& err() override { return *err_; }
  Task<Result<ExitStatus>> wait() override { return wait_for(child_); }
  void signal(int number) override { child_->signal(number); }
  const std::shared_ptr<Child>& child() const { return child_; }

 private:
  std::shared_ptr<Child> child_;
  std::unique_ptr<Stream> in_, out_, err_;
};

// The SIGCHLD handler's end of a pipe; -1: nobody listens.
std::atomic<int> child_pipe{-1};

void on_child_signal(int) {
  int saved = errno;
  int to = child_pipe;
  if (to >= 0) (void)!::write(to, "", 1);
  errno = saved;
}

class RealProcesses final : public Processes {
 public:
  RealProcesses(Loop& loop, ChildWatch watch) : loop_(loop), watch_(watch) {}
  ~RealProcesses() override {
    for (auto& [pid, child] : children_)
      if (child->pidfd) child->pidfd->close();
    if (!signaled_) return;
    ::sigaction(SIGCHLD, &before_, nullptr);
    child_pipe = -1;
    signaled_->close();
  }

  Result<std::unique_ptr<Process>> start(Command command) override {
    auto started = OR_RETURN(start_real(command, false));
    return std::unique_ptr<Process>(std::move(started));
  }
  Task<Result<Finished>> run(Command command, std::string input, size_t output_max) override {
    return run_child(this, std::move(command), std::move(input), output_max);
  }
  Result<> send_signal(int pid, int number) override {
    if (pid == 0 || pid == -1) return fail(ErrorKind::invalid, "signal {}: {} is not one process", number, pid);
    if (::kill(pid, number) == 0) return {};
    if (errno == ESRCH) return fail(ErrorKind::not_found, "signal {}: no process {}", number, pid);
    return system_error(errno, fmt::format("signal {} to process {}", number, pid));
  }
  bool alive(int pid) override {
    if (pid <= 0 || (::kill(pid, 0) < 0 && errno == ESRCH)) return false;
    // one that has ended, but whose parent has not looked yet, is not alive
    Fd stat(::open(fmt::format("/proc/{}/stat", pid).c_str(), O_RDONLY | O_CLOEXEC));
    char text[512];
    ssize_t n = stat ? ::read(stat.get(), text, sizeof text) : -1;
    if (n <= 0) return errno != ENOENT && errno != ESRCH;
    std::string_view line(text, static_cast<size_t>(n));
    size_t after_name = line.rfind(") ");
    return after_name == std::string_view::npos || after_name + 2 >= line.size() ||
           (line[after_name + 2] != 'Z' && line[after_name + 2] != 'X');
  }

 private:
  Result<std::unique_ptr<RealProcess>> start_real(const Command& command, bool ends_with_us) {
    if (command.argv.empty() || command.argv[0].empty()) return Error(ErrorKind::invalid, "start: no program named");
    std::string what = "start " + command.argv[0];
    for (const auto* list : {&command.argv, &command.env})
      for (const auto& word : *list)
        if (word.find('\0') != std::string::npos)
          return fail(ErrorKind::invalid, "{}: a zero byte in its arguments or environment", what);

    Launch launch;
    launch.argv_text = command.argv;
    launch.env_text = environment_of(command);
    launch.programs = programs_of(command.argv[0], launch.env_text);
    for (auto& word : launch.argv_text) launch.argv.push_back(word.data());
    for (auto& word : launch.env_text) launch.env.push_back(word.data());
    launch.argv.push_back(nullptr);
    launch.env.push_back(nullptr);
    if (!command.directory.empty()) launch.directory = command.directory.c_str();
    launch.new_session = command.new_session;
    launch.ends_with_us = ends_with_us;
    launch.uid = command.uid;
    launch.gid = command.gid;
    launch.parent = ::getpid();

    Fd child_in, child_out, child_err, in, out, err;
    if (command.output_file.empty()) {
      std::tie(child_in, in) = OR_RETURN(make_pipe(what));
      std::tie(out, child_out) = OR_RETURN(make_pipe(what));
      std::tie(err, child_err) = OR_RETURN(make_pipe(what));
      launch.err = child_err.get();
    } else {
      child_in = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      child_out = Fd(::open(command.output_file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640));
      if (!child_in || !child_out) return system_error(errno, fmt::format("{}: open {}", what, command.output_file));
      launch.err = child_out.get();
    }
    launch.in = child_in.get();
    launch.out = child_out.get();
    std::unique_ptr<Stream> streams[3];
    Fd* ours[3] = {&in, &out, &err};
    for (int i = 0; i < 3; ++i) {
      if (!*ours[i]) {
        streams[i] = std::make_unique<NullStream>();
        continue;
      }
      set_nonblocking(*ours[i]);
      streams[i] = create_stream(OR_RETURN(loop_.watch(std::move(*ours[i]))), {});
    }

    auto [report_read, report_write] = OR_RETURN(make_pipe(what));
    launch.report = report_write.get();
    // were it ignored, the system would throw the exit status away
    struct sigaction now;
    if (::sigaction(SIGCHLD, nullptr, &now) == 0 && now.sa_handler == SIG_IGN) ::signal(SIGCHLD, SIG_DFL);
    if (watch_ == ChildWatch::child_signal) OR_RETURN(listen_for_child_signals());
    pid_t pid = spawn(launch);
    if (pid < 0) return system_error(errno, what);
    report_write.reset();
    ChildFailure failure;
    ssize_t n;
    do n = ::read(report_read.get(), &failure, sizeof failure);
    while (n < 0 && errno == EINTR);
    if (n == sizeof failure) {
      while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
      }
      return describe(failure, what, command);
    }
    auto child = std::make_shared<Child>();
    child->pid = pid;
    child->takes_its_own = ends_with_us && !command.daemons_stay;
    watch_child(child);
    return std::make_unique<RealProcess>(child, std::move(streams[0]), std::move(streams[1]), std::move(streams[2]));
  }

  static Error describe(ChildFailure failure, const std::string& what, const Command& command) {
    switch (failure.step) {
      case ChildFailure::pipes:
        return system_error(failure.number, what);
      case ChildFailure::directory:
        return system_error(failure.number, fmt::format("{}: in directory {}", what, command.directory));
      case ChildFailure::identity:
        return system_error(failure.number, fmt::format("{}: as user {}, group {}", what, static_cast<int>(command.uid),
                                                        static_cast<int>(command.gid)));
      case ChildFailure::program:
        break;
    }
    if (failure.number == ENOENT && command.argv[0].find('/') == std::string::npos)
      return fail(ErrorKind::not_found, "{}: no such program in PATH", what);
    return system_error(failure.number, what);
  }

  void watch_child(const std::shared_ptr<Child>& child) {
    children_[child->pid] = child;
    if (watch_ == ChildWatch::pidfd_or_signal) {
      Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, child->pid, 0)));
      if (pidfd) {
        auto watched = loop_.watch(std::move(pidfd));
        if (watched) {
          child->pidfd = *watched;
          child->pidfd->when_readable([this, child] { look_at(child); });
          return;
        }
      }
    }
    if (!listen_for_child_signals()) return look_again_later(child);
    look_at(child);  // it may have ended before
  }
  // No descriptors left to be told by.
  void look_again_later(const std::shared_ptr<Child>& child) {
    loop_.call_at(loop_.steady_now() + 50ms, [this, child] {
      if (!child->reap()) return look_again_later(child);
      children_.erase(child->pid);
    });
  }
  void look_at(const std::shared_ptr<Child>& child) {
    if (child->reap())
      children_.erase(child->pid);
    else if (child->pidfd)
      child->pidfd->when_readable([this, child] { look_at(child); });
  }
  Result<> listen_for_child_signals() {
    if (signaled_) return {};
    auto [read_end, write_end] = OR_RETURN(make_pipe("SIGCHLD"));
    set_nonblocking(read_end);
    set_nonblocking(write_end);
    signaled_ = OR_RETURN(loop_.watch(std::move(read_end)));
    writer_ = std::move(write_end);
    child_pipe = writer_.get();
    struct sigaction action{};
    action.sa_handler = on_child_signal;
    action.sa_flags = SA_RESTART | SA_NOCLDSTOP;
    ::sigaction(SIGCHLD, &action, &before_);
    signaled_->when_readable([this] { look_at_all(); });
    return {};
  }
  void look_at_all() {
    char ignored[256];
    while (::read(signaled_->fd(), ignored, sizeof ignored) > 0) {
    }
    auto children = children_;
    for (auto& [pid, child] : children)
      if (!child->pidfd) look_at(child);
    signaled_->when_readable([this] { look_at_all(); });
  }

  // ---- run ----

  static Task<Result<Finished>> run_child(RealProcesses* self, Command command, std::string input, size_t output_max) {
    Scope& scope = co_await current_scope();
    if (scope.canceled()) co_return Error(ErrorKind::canceled, "canceled");
    command.new_session = true;  // so that all it starts can be killed with it, and nothing asks at our terminal
    auto process = OR_CO_RETURN(self->start_real(command, true));
    std::shared_ptr<Child> child = process->child();
    RunningChild running{std::move(process), [child] { child->signal_group(SIGKILL); },
                         [child] { return child->ended.has_value(); }};
    co_return co_await run_to_end(std::move(running), std::move(command), std::move(input), output_max);
  }

  Loop& loop_;
  const ChildWatch watch_;
  std::map<int, std::shared_ptr<Child>> children_;
  std::shared_ptr<Descriptor> signaled_;
  Fd writer_;
  struct sigaction before_{};
};

}  // namespace

void raise_descriptor_limit() {
  static bool raised = [] {
    if (::getrlimit(RLIMIT_NOFILE, &descriptor_limit_at_start) < 0) return false;
    rlimit more = descriptor_limit_at_start;
    more.rlim_cur = more.rlim_max;
    return ::setrlimit(RLIMIT_NOFILE, &more) == 0;
  }();
  (void)raised;
}

std::unique_ptr<Processes> create_real_processes(Loop& loop, ChildWatch watch) {
  return std::make_unique<RealProcesses>(loop, watch);
}

}  // namespace slipway::runtime
