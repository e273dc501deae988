// Fd: owns a file descriptor. Every descriptor of ours is opened close-on-exec.
#pragma once

#include <unistd.h>

#include <utility>

namespace slipway::runtime {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& o) noexcept : number_(std::exchange(o.number_, -1)) {}
  Fd& operator=(Fd&& o) noexcept {
    std::swap(number_, o.number_);
    return *this;
  }
  ~Fd() { reset(); }
  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  int release() { return std::exchange(number_, -1); }
  void reset() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }

 private:
  int number_ = -1;
};

}  // namespace slipway::runtime
