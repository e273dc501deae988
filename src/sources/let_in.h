// Whom servers let in, and to what: the latest of them.
#pragma once

#include <cstddef>
#include <deque>
#include <set>
#include <string>
#include <utility>

namespace slipway::sources {

class LetIn {
 public:
  // Each commit of each repository is one; of who was forgotten, the server is asked again.
  static constexpr size_t kMost = 10'000;

  bool has(const std::string& who, const std::string& what) const { return known_.contains({who, what}); }
  void add(const std::string& who, const std::string& what) {
    if (!known_.insert({who, what}).second) return;
    order_.emplace_back(who, what);
    if (order_.size() <= kMost) return;
    known_.erase(order_.front());
    order_.pop_front();
  }
  // To everything.
  void forget(const std::string& who) {
    auto first = known_.lower_bound({who, ""});
    auto last = first;
    while (last != known_.end() && last->first == who) ++last;
    known_.erase(first, last);
  }
  size_t size() const { return known_.size(); }

 private:
  using Let = std::pair<std::string, std::string>;
  std::set<Let> known_;
  std::deque<Let> order_;  // of what was forgotten too
};

}  // namespace slipway::sources
