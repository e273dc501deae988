#include "runtime/heap.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <vector>

namespace slipway::runtime {

namespace {

constexpr uintptr_t kPage = 4096;  // larger pages only make less of what follows
constexpr uintptr_t kLargePage = 2 << 20;
constexpr size_t kStep = 256 << 10;
constexpr int kTopPad = 1 << 20;
constexpr size_t kMost = 16 << 20;  // for one call
constexpr size_t kLarge = 4 * kLargePage;

std::atomic<bool> one_heap{false};
std::atomic<size_t> announced{0};  // and not there yet

// The heap goes on at a large page's border, and begins there with large pages where the machine has any: what a large
// chart takes comes in four pieces instead of two thousand, a tenth of the time that it takes.
void begin_at_large_page() {
  auto end = reinterpret_cast<uintptr_t>(::sbrk(0)), border = (end + kLargePage - 1) & ~(kLargePage - 1);
  if (::sbrk(static_cast<intptr_t>(border - end)) != reinterpret_cast<void*>(end)) return;
  mallopt(M_TOP_PAD, kLarge);
  void* volatile first = std::malloc(kStep);
  std::free(first);
  mallopt(M_TOP_PAD, kTopPad);
  madvise(reinterpret_cast<void*>(border), kLarge, MADV_HUGEPAGE);
}

}  // namespace

void use_one_heap() {
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_TOP_PAD, kTopPad);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  one_heap = true;
  begin_at_large_page();
  prepare_heap(kStep);
}

bool ends_soon() {
  return one_heap;
}

void keep_until_exit(std::shared_ptr<void> value) {
  static auto& lock = *new std::mutex();
  static auto& kept = *new std::vector<std::shared_ptr<void>>();
  std::lock_guard hold(lock);
  kept.push_back(std::move(value));
}

void prepare_heap(size_t bytes) {
  if (!one_heap) return;
  size_t wanted = announced.fetch_add(bytes) + bytes;
  if (wanted < kStep) return;
  announced = 0;
  wanted = wanted < kMost ? wanted : kMost;
  // What is freed at the heap's end stays there: nothing is trimmed.
  void* piece = std::malloc(wanted);
  if (piece == nullptr) return;
  uintptr_t from = (reinterpret_cast<uintptr_t>(piece) + kPage - 1) & ~(kPage - 1);
  uintptr_t to = (reinterpret_cast<uintptr_t>(piece) + wanted) & ~(kPage - 1);
  // Where there are large pages: what they cost to clear stays, what each page costs beside that goes.
  uintptr_t large_from = (from + kLargePage - 1) & ~(kLargePage - 1), large_to = to & ~(kLargePage - 1);
  if (large_from < large_to) madvise(reinterpret_cast<void*>(large_from), large_to - large_from, MADV_HUGEPAGE);
  if (from < to) take_pages(reinterpret_cast<void*>(from), to - from);
  std::free(piece);
}

void return_memory() {
  malloc_trim(0);
}

void take_pages([[maybe_unused]] void* from, [[maybe_unused]] size_t bytes) {
#ifdef MADV_POPULATE_WRITE
  madvise(from, bytes, MADV_POPULATE_WRITE);
#endif
}

}  // namespace slipway::runtime
