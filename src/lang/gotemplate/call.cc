// What functions see of their call: failing, and paying for what they take.
#include <fmt/format.h>

#include <algorithm>

#include "lang/gotemplate/syntax.h"

namespace slipway::lang::gotemplate {

bool Run::charge(size_t bytes) {
  if (bytes > limits_.memory_bytes_max - std::min(memory_bytes_, limits_.memory_bytes_max)) return false;
  memory_bytes_ += bytes;
  return true;
}

Any Call::fail(std::string message) {
  Failure f;
  f.text = f.message = std::move(message);
  return fail(std::move(f));
}
Any Call::fail(Failure failure) {
  if (!failure_) failure_ = std::make_unique<Failure>(std::move(failure));
  return Any();
}
Any Call::fail(std::string_view what, Failure failure) {
  failure.text = fmt::format("{}: {}", what, failure.text);
  failure.is_template_error = false;
  return fail(std::move(failure));
}
bool Call::charge(size_t bytes) {
  const Limits& limits = run_->limits_;
  bool at_once = bytes > limits.value_bytes_max;
  if (!at_once && run_->charge(bytes)) return true;
  Failure f;
  f.kind = ErrorKind::too_large;
  f.message = at_once ? fmt::format("it would make more than {} bytes at once", limits.value_bytes_max)
                      : fmt::format("templates make more than {} bytes altogether", limits.memory_bytes_max);
  f.text = f.message;
  fail(std::move(f));
  return false;
}

std::string too_many_steps(uint64_t most) {
  return fmt::format("templates take more than {} steps", most);
}

bool Call::spend(uint64_t steps) {
  Run& run = *run_;
  run.steps_ += std::min(steps, UINT64_MAX - run.steps_);
  if (run.steps_ < run.next_check_) return true;
  Failure f;
  f.kind = ErrorKind::timeout;
  if (run.steps_ > run.limits_.steps_max)
    f.message = too_many_steps(run.limits_.steps_max);
  else if (run.limits_.stop && run.limits_.stop())
    f.message = "took too long";
  else
    return true;
  f.text = f.message;
  fail(std::move(f));
  return false;
}

}  // namespace slipway::lang::gotemplate
