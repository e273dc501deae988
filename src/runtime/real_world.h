// The real World: the loop on epoll, the system's clock, files, sockets and processes.
#pragma once

#include <functional>
#include <memory>

#include "runtime/world.h"

namespace slipway::runtime {

struct RealWorldOptions {
  int pool_threads = 2;
  LogLevel log_level = LogLevel::info;  // lines go to stderr
};

class RealWorld : public World {
 public:
  static std::unique_ptr<RealWorld> create(RealWorldOptions options = {});
  // Runs `main` and whatever it started until `main` ends; gives its value. SIGPIPE and SIGXFSZ are ignored. One run at
  // a time.
  virtual int run(Task<int> main) = 0;
  // Completes with the number of the next SIGINT, SIGTERM or SIGHUP (also where they were inherited as ignored).
  virtual Task<Result<int>> next_signal() = 0;
};

}  // namespace slipway::runtime
