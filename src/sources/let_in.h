// Whom servers let in, and to what: the latest of them.
#pragma once

#include <cstddef>
#include <deque>
#include <set>
#include <string>

namespace slipway::sources {

class LetIn {
 public:
  // Each commit of each repository is one; of who was forgotten, the server is asked again.
  static constexpr size_t kMost = 10'000;

  bool has(const std::string& who) const { return known_.contains(who); }
  void add(const std::string& who) {
    if (!known_.insert(who).second) return;
    order_.push_back(who);
    if (order_.size() <= kMost) return;
    known_.erase(order_.front());
    order_.pop_front();
  }
  size_t size() const { return known_.size(); }

 private:
  std::set<std::string> known_;
  std::deque<std::string> order_;
};

}  // namespace slipway::sources
