// One piece of work at a time for a key: who comes while it runs waits and gets its result too. When the one who runs
// it is canceled, one of those who wait runs it again. Loop thread only; must outlive its callers.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/task.h"

namespace slipway::sources {

template <class T>
class Sharing {
 public:
  Task<Result<T>> run(std::string key, std::function<Task<Result<T>>()> work) {
    while (true) {
      auto running = running_.find(key);
      if (running == running_.end()) break;
      auto shot = runtime::OneShot<T>::create();
      running->second->push_back(shot);
      Result<T> result = co_await shot->wait();
      runtime::Scope& scope = co_await runtime::current_scope();
      if (!result.failed_with(ErrorKind::canceled) || scope.canceled()) co_return std::move(result);
    }
    auto waiting = std::make_shared<Waiting>();
    running_[key] = waiting;
    Task<Result<T>> task = work();
    Result<T> result = co_await std::move(task);
    running_.erase(key);
    for (auto& shot : *waiting) shot->resolve(result);
    co_return std::move(result);
  }

 private:
  using Waiting = std::vector<std::shared_ptr<runtime::OneShot<T>>>;
  std::map<std::string, std::shared_ptr<Waiting>> running_;
};

}  // namespace slipway::sources
