// How much to read at once: a buffer follows what arrives, up while it comes in full and down again when it does not,
// because a connection that waits keeps its buffer.
#pragma once

#include <algorithm>
#include <cstddef>

namespace slipway::runtime {

inline size_t next_read_size(size_t size, size_t got, size_t least, size_t most) {
  if (got == size) size *= 2;
  if (got < size / 4) size /= 2;
  return std::clamp(size, least, most);
}

}  // namespace slipway::runtime
