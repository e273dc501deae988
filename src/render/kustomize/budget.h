// What one build may make in all, whatever folders, components and plugins it nests: a few lines that copy something
// into itself, or name the next folder twice, double the work each time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>

#include "base/text.h"

namespace slipway::render::kustomize {

class Budget {
 public:
  static constexpr size_t kBytesMax = 256 << 20;    // as Value::memory_bytes() counts, shared parts each time
  static constexpr size_t kSpreadMax = 1 << 30;     // so too
  static constexpr size_t kFoldersMax = 10'000;     // entered; one that is named twice is entered twice
  static constexpr size_t kPassedMax = 10'000'000;  // resources, each for every kustomization that it goes through

  // `go_on` is asked after so many steps of the build; its error ends the build. Empty: that may take any time.
  static constexpr size_t kStepsBetween = 64;
  explicit Budget(std::function<Result<>()> go_on = {}) : go_on_(std::move(go_on)) {}

  // What a step makes. Errors: too_large; what `go_on` gave. Once spent, it stays so.
  Result<> make(size_t bytes) {
    OR_RETURN(step());
    bytes_left_ = bytes > bytes_left_ ? 0 : bytes_left_ - bytes;
    if (bytes_left_) return {};
    return fail(ErrorKind::too_large,
                "replacements, patches, vars, generators and names of this build make more than {} MiB",
                kBytesMax >> 20);
  }
  // What one text brings to each of many resources, where most of it is shared: patches, labels, annotations.
  Result<> spread(size_t bytes) {
    OR_RETURN(step());
    spread_ += std::min(bytes, kSpreadMax + 1);
    if (spread_ <= kSpreadMax) return {};
    return fail(ErrorKind::too_large, "patches, labels and annotations of this build bring more than {} MiB",
                kSpreadMax >> 20);
  }
  Result<> enter_folder() {
    OR_RETURN(step());
    if (++folders_ <= kFoldersMax) return {};
    return fail(ErrorKind::too_large, "more than {} kustomizations are built within this one", kFoldersMax);
  }
  Result<> pass(size_t resources) {
    OR_RETURN(step());
    passed_ += std::min(resources, kPassedMax + 1);
    if (passed_ <= kPassedMax) return {};
    return fail(ErrorKind::too_large, "resources go through kustomizations more than {} times in this build",
                kPassedMax);
  }
  bool is_spent() const { return bytes_left_ == 0 || ended_; }

 private:
  Result<> step() {
    if (!ended_ && go_on_ && ++steps_ % kStepsBetween == 0)
      if (auto may = go_on_(); !may) ended_ = may.error();
    if (ended_) return *ended_;
    return {};
  }

  std::function<Result<>()> go_on_;
  std::optional<Error> ended_;
  size_t steps_ = 0;
  size_t bytes_left_ = kBytesMax, spread_ = 0, folders_ = 0, passed_ = 0;
};

}  // namespace slipway::render::kustomize
