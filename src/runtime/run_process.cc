#include "runtime/run_process.h"

#include "base/text.h"

namespace slipway::runtime {
namespace {

struct Running {
  std::unique_ptr<Process> process;
  std::function<void()> kill;
  std::string input;
  size_t output_max;
  Finished finished;
  std::optional<Error> failure;
};

Task<void> feed(Running* running) {
  auto written = co_await running->process->in().write(running->input);
  (void)written.has_value();  // a program that wants none or a part of it may say so by ending
  running->process->in().close();
}

Task<void> collect(Running* running, Stream* from, std::string* into) {
  std::string buffer(64 << 10, '\0');
  while (true) {
    auto n = co_await from->read(buffer);
    if (!n || *n == 0) co_return;
    if (*n > running->output_max - into->size()) {
      running->failure = fail(ErrorKind::too_large, "wrote more than {} bytes", running->output_max);
      running->kill();
      co_return;
    }
    into->append(buffer, 0, *n);
  }
}

Task<Result<>> join(TaskGroup* group) {
  co_await group->join();
  Scope& scope = co_await current_scope();
  if (scope.canceled()) co_return Error(ErrorKind::canceled, "canceled");
  co_return Result<>();
}

}  // namespace

Task<Result<Finished>> run_to_end(std::unique_ptr<Process> process, std::function<void()> kill, std::string name,
                                  std::string input, size_t output_max) {
  Scope& scope = co_await current_scope();
  Running running{std::move(process), std::move(kill), std::move(input), output_max, {}, {}};
  TaskGroup pumps(scope.executor());
  pumps.spawn(feed(&running));
  pumps.spawn(collect(&running, &running.process->out(), &running.finished.out));
  pumps.spawn(collect(&running, &running.process->err(), &running.finished.err));
  auto status = co_await running.process->wait();
  if (status.failed_with(ErrorKind::canceled)) {
    running.failure = status.error();
    running.kill();
    Scope to_the_end(scope.executor());
    status = co_await running.process->wait().in(to_the_end);
  } else if (!running.failure) {
    // what it wrote last is still in the pipes; something it left running may hold them open for ever
    auto drained = co_await with_timeout(1s, join(&pumps));
    if (drained.failed_with(ErrorKind::canceled)) running.failure = drained.error();
  }
  co_await pumps.stop();
  if (running.failure) co_return std::move(*running.failure).context(name);
  running.finished.status = OR_CO_RETURN(std::move(status));
  co_return std::move(running.finished);
}

}  // namespace slipway::runtime
