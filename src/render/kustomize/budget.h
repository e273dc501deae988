// What one build may make in all, whatever folders, components and plugins it nests: a few lines that copy something
// into itself, or name the next folder twice, double the work each time.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/text.h"

namespace slipway::render::kustomize {

class Budget {
 public:
  static constexpr size_t kBytesMax = 256 << 20;    // as Value::memory_bytes() counts, shared parts each time
  static constexpr size_t kSpreadMax = 1 << 30;     // so too
  static constexpr size_t kFoldersMax = 10'000;     // entered; one that is named twice is entered twice
  static constexpr size_t kPassedMax = 10'000'000;  // resources, each for every kustomization that it goes through

  // Errors: too_large. Once spent, it stays so.
  Result<> make(size_t bytes) {
    bytes_left_ = bytes > bytes_left_ ? 0 : bytes_left_ - bytes;
    if (bytes_left_) return {};
    return fail(ErrorKind::too_large,
                "replacements, patches, vars, generators and names of this build make more than {} MiB",
                kBytesMax >> 20);
  }
  // What one text brings to each of many resources, where most of it is shared: patches, labels, annotations.
  Result<> spread(size_t bytes) {
    spread_ += std::min(bytes, kSpreadMax + 1);
    if (spread_ <= kSpreadMax) return {};
    return fail(ErrorKind::too_large, "patches, labels and annotations of this build bring more than {} MiB",
                kSpreadMax >> 20);
  }
  Result<> enter_folder() {
    if (++folders_ <= kFoldersMax) return {};
    return fail(ErrorKind::too_large, "more than {} kustomizations are built within this one", kFoldersMax);
  }
  Result<> pass(size_t resources) {
    passed_ += std::min(resources, kPassedMax + 1);
    if (passed_ <= kPassedMax) return {};
    return fail(ErrorKind::too_large, "resources go through kustomizations more than {} times in this build",
                kPassedMax);
  }
  bool is_spent() const { return bytes_left_ == 0; }

 private:
  size_t bytes_left_ = kBytesMax, spread_ = 0, folders_ = 0, passed_ = 0;
};

}  // namespace slipway::render::kustomize
