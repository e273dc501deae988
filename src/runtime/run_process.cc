#include "runtime/run_process.h"

#include <algorithm>

#include "base/text.h"

namespace slipway::runtime {
namespace {

// A killed process ends at once, unless the kernel holds it in a call to a file system that does not answer: then it
// ends when that does, if ever, and waiting for it would make its fate ours.
constexpr Duration kEndingMax = 2s;

struct Running {
  RunningChild child;
  std::string input;
  size_t output_max;
  Scope waiting;  // for its end; canceled: it is to be killed
  SteadyTime heard_at{};
  bool spoke = false;
  Finished finished;
  std::optional<Error> failure;

  void give_up(Error why) {
    if (!failure) failure = std::move(why);
    waiting.cancel();
  }
};

std::string in_seconds(Duration time) {
  return fmt::format("{} s", std::chrono::duration<double>(time).count());
}

// In pieces, so that a slow reader is seen to read.
Task<void> feed(Running* running) {
  constexpr size_t piece = 256 << 10;
  std::string_view left = running->input;
  Executor& executor = running->waiting.executor();
  while (!left.empty()) {
    auto written = co_await running->child.process->in().write(left.substr(0, piece));
    if (!written) break;  // a program that wants none or a part of it may say so by ending
    left.remove_prefix(std::min(piece, left.size()));
    running->heard_at = executor.steady_now();
  }
  running->child.process->in().close();
}

Task<void> collect(Running* running, Stream* from, std::string* into) {
  std::string buffer(64 << 10, '\0');
  while (true) {
    auto n = co_await from->read(buffer);
    if (!n || *n == 0) co_return;
    running->heard_at = running->waiting.executor().steady_now();
    running->spoke = true;
    if (*n > running->output_max - into->size()) {
      running->give_up(fail(ErrorKind::too_large, "wrote more than {} bytes", running->output_max));
      co_return;
    }
    into->append(buffer, 0, *n);
  }
}

Task<void> hold_to_limits(Running* running, Duration silence_max, Duration time_max) {
  Executor& executor = running->waiting.executor();
  SteadyTime begun = executor.steady_now();
  while (true) {
    SteadyTime now = executor.steady_now();
    Duration left = Duration::max();
    if (time_max > 0s) {
      left = begun + time_max - now;
      if (left <= 0s)
        co_return running->give_up(fail(ErrorKind::timeout, "{} {}",
                                        running->spoke ? "took longer than" : "gave no answer for",
                                        in_seconds(time_max)));
    }
    if (silence_max > 0s) {
      left = std::min<Duration>(left, running->heard_at + silence_max - now);
      if (left <= 0s)
        co_return running->give_up(fail(ErrorKind::timeout, "gave no answer for {}", in_seconds(silence_max)));
    }
    if (left == Duration::max()) co_return;
    auto slept = co_await sleep(left);
    if (!slept) co_return;
  }
}

Task<Result<>> join(TaskGroup* group) {
  co_await group->join();
  Scope& scope = co_await current_scope();
  if (scope.canceled()) co_return Error(ErrorKind::canceled, "canceled");
  co_return Result<>();
}

}  // namespace

Task<Result<Finished>> run_to_end(RunningChild child, Command command, std::string input, size_t output_max) {
  Scope& scope = co_await current_scope();
  Executor& executor = scope.executor();
  Running running{std::move(child), std::move(input), output_max, Scope(scope), executor.steady_now(), false, {}, {}};
  TaskGroup pumps(executor), clock(executor);
  pumps.spawn(feed(&running));
  pumps.spawn(collect(&running, &running.child.process->out(), &running.finished.out));
  pumps.spawn(collect(&running, &running.child.process->err(), &running.finished.err));
  clock.spawn(hold_to_limits(&running, command.silence_max, command.time_max));
  auto status = co_await running.child.process->wait().in(running.waiting);
  co_await clock.stop();
  if (status.failed_with(ErrorKind::canceled)) {
    running.give_up(status.error());
    running.child.kill();
    Scope to_the_end(executor);
    status = co_await with_timeout(kEndingMax, running.child.process->wait()).in(to_the_end);
    if (status.failed_with(ErrorKind::timeout)) {
      running.failure = Error(running.failure->kind(), running.failure->message() +
                                                           ", and does not end when it is killed: the file system that "
                                                           "it waits for does not answer");
      if (command.left) command.left(running.child.has_ended);
    }
  } else if (!running.failure) {
    // what it wrote last is still in the pipes; something it left running may hold them open for ever
    auto drained = co_await with_timeout(1s, join(&pumps));
    if (drained.failed_with(ErrorKind::canceled)) running.failure = drained.error();
  }
  co_await pumps.stop();
  if (running.failure) co_return std::move(*running.failure).context(command.argv[0]);
  running.finished.status = OR_CO_RETURN(std::move(status));
  co_return std::move(running.finished);
}

}  // namespace slipway::runtime
