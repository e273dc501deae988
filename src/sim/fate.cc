#include "sim/fate.h"

#include "base/text.h"

namespace slipway::sim {

SeededRandom::SeededRandom(uint64_t seed) {
  for (uint64_t& word : state_) {
    seed += 0x9e3779b97f4a7c15;
    uint64_t z = seed;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    word = z ^ (z >> 31);
  }
}

uint64_t SeededRandom::next() {
  auto rotate = [](uint64_t x, int by) { return (x << by) | (x >> (64 - by)); };
  uint64_t result = rotate(state_[1] * 5, 7) * 9;
  uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = rotate(state_[3], 45);
  return result;
}

std::string SeededRandom::bytes(size_t count) {
  std::string out;
  out.reserve(count + 8);
  while (out.size() < count) {
    uint64_t word = next();
    for (int i = 0; i < 8; ++i) out += static_cast<char>(word >> (8 * i));
  }
  out.resize(count);
  return out;
}

bool SeededRandom::happens(double probability) {
  if (probability <= 0) return false;
  return static_cast<double>(next() >> 11) * 0x1p-53 < probability;
}

uint64_t SeededRandom::between(uint64_t low, uint64_t high) {
  return low + below(high - low + 1);
}

Duration SeededRandom::between(Duration low, Duration high) {
  if (high <= low) return low;
  return low + Duration(static_cast<int64_t>(below(static_cast<uint64_t>((high - low).count()) + 1)));
}

Result<> Fate::reading() const {
  if (off) return Error(ErrorKind::io, "the simulated machine is off");
  return {};
}

Result<> Fate::step(std::string_view what, std::string_view object) {
  OR_RETURN(reading());
  ++steps;
  if (trace) trace->push_back(fmt::format("{} {} {}", steps, what, object));
  if (steps == crash_at) {
    on_crash(crash_loss);
    return reading();
  }
  return {};
}

}  // namespace slipway::sim
