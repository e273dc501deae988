// What a person sees while Slipway runs: the steps of the start with their times, then applications and pods as they
// change.
#pragma once

#include <string>
#include <vector>

#include "cluster/cluster.h"

namespace slipway::wiring {

class View {
 public:
  View(World& world, bool plain) : world_(world), plain_(plain), begun_(world.steady_now()) {}
  // "store  0.02 s"; each measures from the one before.
  void step(std::string_view what, std::string_view detail = {});
  void say(std::string_view line);
  // Follows applications and pods until canceled: a live screen on a terminal, a line for each change without one.
  Task<void> follow(cluster::Cache& cache);

 private:
  std::vector<std::string> lines(const cluster::Cache& cache) const;
  void redraw(const cluster::Cache& cache);
  void print_changes(const cluster::Cache& cache);

  World& world_;
  bool plain_;
  SteadyTime begun_, last_{};
  std::vector<std::string> shown_;
};

}  // namespace slipway::wiring
