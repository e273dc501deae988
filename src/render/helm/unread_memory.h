// What was found unread lately. To look takes two or three times as long as to render, and charts are rendered at each
// commit of their repository, where most have not changed.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "render/helm/unread.h"

namespace slipway::render::helm {

class UnreadMemory {
 public:
  // What `search` finds in this chart and these layers, or found when it was asked about the same lately. Several
  // threads may ask; `search` runs on the one that asks.
  std::vector<Unread> find(const Chart& chart, const std::vector<Layer>& layers,
                           const std::function<std::vector<Unread>()>& search);

 private:
  static constexpr size_t kKept = 500;  // of at most 50 findings each, and nearly all of none

  std::mutex mutex_;
  // the rest is protected by mutex_
  std::map<std::string, std::vector<Unread>> known_;  // by what decides: names and hashes of all texts
  std::deque<std::string> order_;                     // the oldest first
};

}  // namespace slipway::render::helm
