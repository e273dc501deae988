#include "runtime/real_world.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>

#include "base/text.h"
#include "runtime/files_real.h"
#include "runtime/loop.h"
#include "runtime/network_real.h"
#include "runtime/processes_real.h"
#include "runtime/system_error.h"
#include "runtime/thread_pool.h"

namespace slipway::runtime {
namespace {

class RealRandom final : public Random {
 public:
  uint64_t next() override {
    uint64_t out;
    std::lock_guard lock(mutex_);
    if (used_ + sizeof out > sizeof pool_) {
      fill(pool_, sizeof pool_);
      used_ = 0;
    }
    std::memcpy(&out, pool_ + used_, sizeof out);
    std::memset(pool_ + used_, 0, sizeof out);  // what was given away is not kept
    used_ += sizeof out;
    return out;
  }
  std::string bytes(size_t count) override {
    std::string out(count, '\0');
    fill(out.data(), count);
    return out;
  }

 private:
  static void fill(char* into, size_t count) {
    while (count > 0) {
      ssize_t n = ::getrandom(into, count, 0);
      if (n < 0 && errno == EINTR) continue;
      SLIPWAY_CHECK(n > 0);  // without chance no key and no name is safe
      into += n;
      count -= static_cast<size_t>(n);
    }
  }
  std::mutex mutex_;
  char pool_[512];
  size_t used_ = sizeof pool_;
};

class StderrLog final : public Log {
 public:
  explicit StderrLog(LogLevel least) : least_(least) {}
  void write(LogLevel level, std::string_view what) override {
    if (level < least_) return;
    std::string line =
        base::format_rfc3339_micro(std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()));
    line += spelled(level);
    for (char c : what) {
      // text from outside must not look like a line of its own, nor drive the terminal
      if (c == '\n')
        line += "\n    ";
      else
        line += static_cast<unsigned char>(c) < 0x20 && c != '\t' ? '?' : c;
    }
    line += '\n';
    for (std::string_view left = line; !left.empty();) {
      ssize_t n = ::write(STDERR_FILENO, left.data(), left.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return;
      left.remove_prefix(static_cast<size_t>(n));
    }
  }

 private:
  static std::string_view spelled(LogLevel level) {
    switch (level) {
      case LogLevel::debug:
        return " debug   ";
      case LogLevel::info:
        return " info    ";
      case LogLevel::warning:
        return " warning ";
      case LogLevel::error:
        return " error   ";
    }
    return " ";
  }
  LogLevel least_;
};

// The handler's end of the pipe. A process has one set of signal handlers, so there is one; -1: nobody listens.
std::atomic<int> signal_pipe{-1};

void on_signal(int number) {
  int saved = errno;
  char byte = static_cast<char>(number);
  int to = signal_pipe;
  if (to >= 0) (void)!::write(to, &byte, 1);
  errno = saved;
}

// SIGINT, SIGTERM and SIGHUP as bytes in a pipe. Installed by the first wait: a program that never asks is ended by
// Ctrl-C as any other.
class Signals {
 public:
  explicit Signals(Loop& loop) : loop_(loop) {}
  ~Signals() {
    if (!reader_) return;
    for (size_t i = 0; i < std::size(kNumbers); ++i) ::sigaction(kNumbers[i], &before_[i], nullptr);
    signal_pipe = -1;
    reader_->close();
  }
  Task<Result<int>> next() {
    if (!reader_) OR_CO_RETURN(install());
    auto reader = reader_;
    while (true) {
      unsigned char number;
      ssize_t n = ::read(reader->fd(), &number, 1);
      if (n == 1) co_return int{number};
      if (n < 0 && errno == EAGAIN) OR_CO_RETURN(co_await reader->readable());
    }
  }

 private:
  static constexpr int kNumbers[] = {SIGINT, SIGTERM, SIGHUP};

  Result<> install() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return system_error(errno, "signals");
    Fd read_end(ends[0]);
    writer_ = Fd(ends[1]);
    reader_ = OR_RETURN(loop_.watch(std::move(read_end)));
    signal_pipe = writer_.get();
    struct sigaction action{};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigset_t ours;
    sigemptyset(&ours);
    for (size_t i = 0; i < std::size(kNumbers); ++i) {
      ::sigaction(kNumbers[i], &action, &before_[i]);
      sigaddset(&ours, kNumbers[i]);
    }
    ::pthread_sigmask(SIG_UNBLOCK, &ours, nullptr);  // whoever started us may have blocked them
    return {};
  }

  Loop& loop_;
  Fd writer_;
  std::shared_ptr<Descriptor> reader_;
  struct sigaction before_[std::size(kNumbers)]{};
};

Task<void> keep(Task<int> main, int* code, bool* done) {
  *code = co_await main;
  *done = true;
}

class RealWorldOnLoop final : public RealWorld {
 public:
  explicit RealWorldOnLoop(RealWorldOptions options)
      : loop_(Loop::create()),
        log_(options.log_level),
        files_(create_real_files(*loop_, random_)),
        network_(create_real_network(*loop_)),
        processes_(create_real_processes(*loop_)),
        signals_(*loop_),
        pool_(options.pool_threads, ThreadPool::AtEnd::join) {
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGXFSZ, SIG_IGN);  // a file past the limit (ulimit -f) is an error of its write
    raise_descriptor_limit();
  }

  int run(Task<int> main) override {
    TaskGroup group(*loop_);
    int code = 0;
    bool done = false;
    group.spawn(keep(std::move(main), &code, &done));
    loop_->run(done);
    return code;
  }
  Task<Result<int>> next_signal() override { return signals_.next(); }

  Executor& executor() override { return *loop_; }
  WallTime now() override { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }
  Random& random() override { return random_; }
  Files& files() override { return *files_; }
  Network& network() override { return *network_; }
  Processes& processes() override { return *processes_; }
  Log& log() override { return log_; }

 private:
  void pool_post(std::move_only_function<void()> work) override { pool_.post(std::move(work)); }

  std::unique_ptr<Loop> loop_;  // first in, last out: the rest holds descriptors of it
  RealRandom random_;
  StderrLog log_;
  std::unique_ptr<Files> files_;
  std::unique_ptr<Network> network_;
  std::unique_ptr<Processes> processes_;
  Signals signals_;
  ThreadPool pool_;
};

}  // namespace

std::unique_ptr<RealWorld> RealWorld::create(RealWorldOptions options) {
  // A file or socket of ours must never become somebody's stdout: before the first is opened.
  for (int fd = 0; fd <= STDERR_FILENO; ++fd)
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF) (void)!::open("/dev/null", O_RDONLY);
  return std::make_unique<RealWorldOnLoop>(options);
}

}  // namespace slipway::runtime
