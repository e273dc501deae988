// Fate: what chance does to one simulated machine. Everything random here comes from the seed, every change of the
// outside world is a numbered step, and the machine can lose its power before any of them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "runtime/world.h"

namespace slipway::sim {

// Numbers from a seed (xoshiro256**, seeded by splitmix64): the same on every machine.
class SeededRandom final : public runtime::Random {
 public:
  explicit SeededRandom(uint64_t seed);
  uint64_t next() override;
  std::string bytes(size_t count) override;
  bool happens(double probability);               // draws nothing at 0
  uint64_t between(uint64_t low, uint64_t high);  // both included
  Duration between(Duration low, Duration high);

 private:
  uint64_t state_[4];
};

// power: what was not synced is dropped, kept in part or torn. process: as kill -9, the system keeps what was written.
enum class Loss { power, process };

struct Fate {
  explicit Fate(uint64_t seed) : random(seed ^ 0x5eedfa7e5eedfa7e) {}

  // Called before each change of files, network or processes. An error when the machine is off or goes off now.
  Result<> step(std::string_view what, std::string_view object);
  Result<> reading() const;  // the same for what changes nothing: not numbered
  void count(std::string_view fault) { ++injected[std::string(fault)]; }

  SeededRandom random;  // apart from the product's, so that one more fault does not change every name
  uint64_t steps = 0;
  uint64_t crash_at = 0;  // before this step, which then does not happen; 0: never
  Loss crash_loss = Loss::power;
  bool off = false;
  std::function<void(Loss)> on_crash;
  std::vector<std::string>* trace = nullptr;  // when set: "12 sync /data/db"
  std::map<std::string, uint64_t> injected;   // "torn write": 3
};

}  // namespace slipway::sim
