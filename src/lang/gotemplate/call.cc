// What functions see of their call: failing, and paying for what they take.
#include <fmt/format.h>

#include <algorithm>

#include "lang/gotemplate/template.h"

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
  if (run_->charge(bytes)) return true;
  Failure f;
  f.kind = ErrorKind::too_large;
  f.text = f.message = fmt::format("templates take more than {} bytes of memory", run_->limits().memory_bytes_max);
  fail(std::move(f));
  return false;
}

bool Call::spend(uint64_t steps) {
  run_->steps_ += steps;
  Failure f;
  f.kind = ErrorKind::timeout;
  if (run_->steps_ > run_->limits_.steps_max)
    f.message = fmt::format("more than {} steps", run_->limits_.steps_max);
  else if (run_->steps_ >= run_->next_check_ && run_->limits_.stop && run_->limits_.stop())
    f.message = "took too long";
  else
    return true;
  f.text = f.message;
  fail(std::move(f));
  return false;
}

}  // namespace slipway::lang::gotemplate
