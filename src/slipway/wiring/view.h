// What a person sees while Slipway runs: the steps of the start with their times, then applications and pods as they
// change.
#pragma once

#include <string>
#include <vector>

#include "cluster/cluster.h"

namespace slipway::wiring {

class View {
 public:
  // `reachable`: services answer on this machine, so their addresses are worth showing.
  View(World& world, bool plain, bool reachable)
      : world_(world), plain_(plain), reachable_(reachable), begun_(world.steady_now()) {}
  // "store  0.02 s"; each measures from the one before.
  void step(std::string_view what, std::string_view detail = {});
  void say(std::string_view line);
  // Follows applications and pods until canceled: a live screen on a terminal, a line for each change without one.
  Task<void> follow(cluster::Cache& cache);

 private:
  // A line as it is shown, and what it says: columns may get wider without anything having changed.
  struct Line {
    std::string shown, said;
    bool operator==(const Line&) const = default;
  };
  std::vector<Line> lines(const cluster::Cache& cache) const;
  void redraw(const std::vector<Line>& next);
  void print_changes(const std::vector<Line>& next);

  World& world_;
  bool plain_, reachable_;
  SteadyTime begun_, last_{};
  std::vector<Line> before_;
  size_t drawn_ = 0;  // lines on the screen
};

}  // namespace slipway::wiring
