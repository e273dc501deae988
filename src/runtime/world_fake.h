// For this room's tests: a World in memory with fake time, so that TLS and HTTP are tried without sockets and slow
// clients cost nothing. (Other rooms test with sim/, which may see this room; this room may not see sim/.)
#pragma once

#include <deque>
#include <map>
#include <string>

#include "base/text.h"
#include "runtime/world.h"

namespace slipway::runtime {

// Runs what is posted; moves time only when nothing else is left to do.
class StepExecutor final : public Executor {
 public:
  void post(std::move_only_function<void()> work) override { ready_.push_back(std::move(work)); }
  SteadyTime steady_now() const override { return now_; }
  uint64_t call_at(SteadyTime when, std::move_only_function<void()> work) override {
    timers_.emplace(std::pair(when, ++last_id_), std::move(work));
    return last_id_;
  }
  void forget_call(uint64_t id) override {
    std::erase_if(timers_, [id](const auto& t) { return t.first.second == id; });
  }
  void run_ready() {
    while (!ready_.empty()) {
      auto work = std::move(ready_.front());
      ready_.pop_front();
      work();
    }
  }
  // One step; false when nothing is left.
  bool step() {
    if (!ready_.empty()) {
      auto work = std::move(ready_.front());
      ready_.pop_front();
      work();
      return true;
    }
    if (timers_.empty()) return false;
    auto first = timers_.begin();
    now_ = std::max(now_, first->first.first);
    auto work = std::move(first->second);
    timers_.erase(first);
    work();
    return true;
  }
  size_t timers() const { return timers_.size(); }

 private:
  std::deque<std::move_only_function<void()>> ready_;
  std::map<std::pair<SteadyTime, uint64_t>, std::move_only_function<void()>> timers_;
  SteadyTime now_{};
  uint64_t last_id_ = 0;
};

// One direction of a connection: what was written and not yet read, at most `capacity` bytes.
struct MemoryPipe {
  std::string bytes;
  size_t capacity = 64 << 10;
  bool ended = false;   // the writer will write no more
  bool broken = false;  // the reader is gone
  Signal readable, writable;
};

class MemoryStream final : public Stream {
 public:
  MemoryStream(std::shared_ptr<MemoryPipe> in, std::shared_ptr<MemoryPipe> out)
      : in_(std::move(in)), out_(std::move(out)) {}
  ~MemoryStream() override { close(); }
  Task<Result<size_t>> read(std::span<char> into) override {
    auto in = in_;
    while (in->bytes.empty()) {
      if (closed_) co_return Error(ErrorKind::canceled, "closed");
      if (in->ended) co_return size_t{0};
      OR_CO_RETURN(co_await in->readable.wait());
    }
    size_t n = std::min(into.size(), in->bytes.size());
    memcpy(into.data(), in->bytes.data(), n);
    in->bytes.erase(0, n);
    in->writable.notify();
    co_return n;
  }
  Task<Result<>> write(std::string_view bytes) override {
    auto out = out_;
    while (!bytes.empty()) {
      if (closed_) co_return Error(ErrorKind::canceled, "closed");
      if (out->broken) co_return Error(ErrorKind::io, "write: broken pipe");
      size_t n = std::min(bytes.size(), out->capacity - std::min(out->capacity, out->bytes.size()));
      out->bytes.append(bytes.substr(0, n));
      bytes.remove_prefix(n);
      if (n > 0) out->readable.notify();
      if (!bytes.empty()) OR_CO_RETURN(co_await out->writable.wait());
    }
    co_return Result<>();
  }
  Task<Result<>> shutdown_write() override {
    out_->ended = true;
    out_->readable.notify();
    co_return Result<>();
  }
  void close() override {
    if (closed_) return;
    closed_ = true;
    out_->ended = true;
    in_->broken = true;
    for (auto& pipe : {in_, out_}) {
      pipe->readable.notify();
      pipe->writable.notify();
    }
  }
  std::string peer() const override { return "192.0.2.1:1234"; }
  MemoryPipe& out() { return *out_; }

 private:
  std::shared_ptr<MemoryPipe> in_, out_;
  bool closed_ = false;
};

struct MemoryStreamPair {
  std::unique_ptr<Stream> a, b;
};
inline MemoryStreamPair memory_streams() {
  auto one = std::make_shared<MemoryPipe>(), other = std::make_shared<MemoryPipe>();
  return {std::make_unique<MemoryStream>(one, other), std::make_unique<MemoryStream>(other, one)};
}

class FakeWorld final : public World, private Network, private Log {
 public:
  Executor& executor() override { return executor_; }
  WallTime now() override {
    return WallTime(std::chrono::seconds(1795000000)) + executor_.steady_now().time_since_epoch();
  }
  Random& random() override { return random_; }
  Files& files() override { base::check_failed("FakeWorld has no files", __FILE__, __LINE__); }
  Network& network() override { return *this; }
  Processes& processes() override { base::check_failed("FakeWorld has no processes", __FILE__, __LINE__); }
  Log& log() override { return *this; }
  StepExecutor& steps() { return executor_; }
  size_t dials = 0;  // connections made so far

  // Runs until `main` ends. Nothing left to do before that is a deadlock: the program stops.
  template <class T>
  T run(Task<T> main) {
    std::optional<T> out;
    {
      TaskGroup group(executor_);
      group.spawn(keep(std::move(main), &out));
      while (!out) SLIPWAY_CHECK(executor_.step());
      executor_.run_ready();
    }
    return std::move(*out);
  }

 private:
  struct Waiting {
    std::deque<std::unique_ptr<Stream>> streams;
    Signal arrived;
    bool closed = false;
  };
  class MemoryListener final : public Listener {
   public:
    MemoryListener(Address local, std::shared_ptr<Waiting> waiting)
        : local_(std::move(local)), waiting_(std::move(waiting)) {}
    ~MemoryListener() override { close(); }
    Task<Result<std::unique_ptr<Stream>>> accept() override {
      auto waiting = waiting_;
      while (waiting->streams.empty()) {
        if (waiting->closed) co_return Error(ErrorKind::canceled, "closed");
        OR_CO_RETURN(co_await waiting->arrived.wait());
      }
      auto stream = std::move(waiting->streams.front());
      waiting->streams.pop_front();
      co_return stream;
    }
    Address local() const override { return local_; }
    void close() override {
      waiting_->closed = true;
      waiting_->streams.clear();
      waiting_->arrived.notify();
    }

   private:
    Address local_;
    std::shared_ptr<Waiting> waiting_;
  };
  class Dice final : public Random {
   public:
    uint64_t next() override {
      state_ += 0x9e3779b97f4a7c15;
      uint64_t z = state_;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
      z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
      return z ^ (z >> 31);
    }
    std::string bytes(size_t count) override {
      std::string out;
      while (out.size() < count) out += static_cast<char>(next());
      return out;
    }

   private:
    uint64_t state_ = 1;
  };

  Task<Result<std::unique_ptr<Stream>>> connect(Address address) override {
    auto found = listening_.find(key(address));
    if (found == listening_.end() || found->second->closed)
      co_return fail(ErrorKind::unavailable, "connecting to {}: connection refused", key(address));
    auto [a, b] = memory_streams();
    found->second->streams.push_back(std::move(b));
    found->second->arrived.notify();
    ++dials;
    co_return std::move(a);
  }
  Result<std::unique_ptr<Listener>> listen(Address address) override {
    if (address.unix_path.empty() && address.port == 0) address.port = ++last_port_;
    auto waiting = std::make_shared<Waiting>();
    listening_[key(address)] = waiting;
    return std::unique_ptr<Listener>(std::make_unique<MemoryListener>(address, waiting));
  }
  Result<std::unique_ptr<DatagramSocket>> bind_datagram(Address) override {
    return Error(ErrorKind::unsupported, "FakeWorld has no datagrams");
  }
  void write(LogLevel, std::string_view) override {}
  void pool_post(std::move_only_function<void()> work) override { work(); }
  static std::string key(const Address& a) {
    return a.unix_path.empty() ? fmt::format("{}:{}", a.host, a.port) : "unix:" + a.unix_path;
  }
  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>* out) {
    T value = co_await task;
    out->emplace(std::move(value));
  }

  StepExecutor executor_;
  Dice random_;
  std::map<std::string, std::shared_ptr<Waiting>> listening_;
  uint16_t last_port_ = 40000;
};

}  // namespace slipway::runtime
