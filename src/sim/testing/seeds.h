// For tests: one body, many seeds; a failure says which one and how to repeat it.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>

#include "sim/sim_world.h"

namespace slipway::sim::testing {

// Runs body(SimWorld&) with the seeds 1 to `count` in a world each. SLIPWAY_SEED=n runs that one alone,
// SLIPWAY_SEEDS=n that many, SLIPWAY_FIRST_SEED=n from there on (script/soak).
template <class Body>
void for_seeds(uint64_t count, Body body) {
  uint64_t first = 1;
  if (const char* many = std::getenv("SLIPWAY_SEEDS")) count = std::strtoull(many, nullptr, 10);
  if (const char* from = std::getenv("SLIPWAY_FIRST_SEED")) first = std::strtoull(from, nullptr, 10);
  uint64_t end = first + count;
  if (const char* one = std::getenv("SLIPWAY_SEED")) {
    first = std::strtoull(one, nullptr, 10);
    end = first + 1;
  }
  for (uint64_t seed = first; seed < end; ++seed) {
    INFO("repeat with SLIPWAY_SEED=", seed);
    SimWorld world(seed);
    body(world);
  }
}

}  // namespace slipway::sim::testing
