#include "runtime/thread_pool.h"

#include <pthread.h>

#include <condition_variable>
#include <csignal>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace slipway::runtime {

struct ThreadPool::State {
  const int threads_max;
  const AtEnd at_end;
  // the rest is protected by mutex
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::move_only_function<void()>> queue;
  std::vector<std::thread> threads;
  int idle = 0;
  bool ending = false;

  static void work(std::shared_ptr<State> state) {
    std::unique_lock lock(state->mutex);
    while (true) {
      ++state->idle;
      state->changed.wait(lock, [&] { return state->ending || !state->queue.empty(); });
      --state->idle;
      if (state->ending) return;
      auto next = std::move(state->queue.front());
      state->queue.pop_front();
      lock.unlock();
      next();
      next = {};
      lock.lock();
    }
  }
};

ThreadPool::ThreadPool(int threads_max, AtEnd at_end)
    : state_(std::make_shared<State>(threads_max < 1 ? 1 : threads_max, at_end)) {}

ThreadPool::~ThreadPool() {
  std::deque<std::move_only_function<void()>> dropped;
  std::vector<std::thread> threads;
  {
    std::lock_guard lock(state_->mutex);
    state_->ending = true;
    dropped.swap(state_->queue);
    threads.swap(state_->threads);
  }
  state_->changed.notify_all();
  for (auto& thread : threads) {
    if (state_->at_end == AtEnd::join)
      thread.join();
    else
      thread.detach();
  }
}

void ThreadPool::post(std::move_only_function<void()> work) {
  std::lock_guard lock(state_->mutex);
  state_->queue.push_back(std::move(work));
  if (state_->idle < static_cast<int>(state_->queue.size()) &&
      static_cast<int>(state_->threads.size()) < state_->threads_max) {
    // signals belong to the loop's thread
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    state_->threads.emplace_back(State::work, state_);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  state_->changed.notify_one();
}

}  // namespace slipway::runtime
