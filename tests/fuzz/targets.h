#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

struct FuzzTarget {
  const char* name;
  int (*run)(const uint8_t* data, size_t size);
};
const std::vector<FuzzTarget>& fuzz_targets();
