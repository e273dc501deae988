// Interned keys. Kubernetes objects say the same few hundred words over and over; each is kept once, for ever, in a
// table that is read without locks and without counting: a Key copied or dropped does not even touch its text.
//
// For ever is only safe with a bound: at most kEntriesMax keys of at most kLengthMax bytes get in (about 1.5 MB when
// full). Later ones, and long ones, get counted text of their own: correct in every way, only not shared. Counting the
// shared ones too was dropped: their counts would be the most contended cache lines of the whole program.
#include <bit>
#include <cstdlib>
#include <new>

#include "value/value.h"

namespace slipway::value {

struct KeyTable {
  static constexpr size_t kSlots = 1 << 15;
  static constexpr size_t kEntriesMax = kSlots / 2;
  static constexpr size_t kLengthMax = 64;
  static constexpr size_t kProbesMax = 16;  // then the key stays unshared: chosen collisions gain nothing

  std::atomic<Key::Text*> slots[kSlots];
  std::atomic<size_t> entries;

  static uint64_t load(const char* p) {
    uint64_t w;
    std::memcpy(&w, p, 8);
    return w;
  }

  static uint64_t hash(std::string_view s) {
    uint64_t h = s.size() * 0x9e3779b97f4a7c15ull;
    const char* p = s.data();
    size_t n = s.size();
    auto mix = [&h](uint64_t w) {
      unsigned __int128 m = static_cast<unsigned __int128>(h ^ w) * 0xa0761d6478bd642full;
      h = static_cast<uint64_t>(m) ^ static_cast<uint64_t>(m >> 64);
    };
    for (; n > 8; p += 8, n -= 8) mix(load(p));
    uint64_t last = 0;
    std::memcpy(&last, p, n);
    mix(last);
    return h;
  }

  static Key::Text* make(std::string_view s) {
    size_t room = s.size() < 8 ? 8 : s.size();
    void* memory = std::malloc(offsetof(Key::Text, chars) + room);
    if (memory == nullptr) throw std::bad_alloc();
    auto* text = new (memory) Key::Text{1, static_cast<uint32_t>(s.size()), {}};
    std::memcpy(text->chars, s.data(), s.size());
    return text;
  }

  // Null when there is no room.
  const Key::Text* intern(std::string_view s) {
    size_t at = hash(s);
    for (size_t probe = 0; probe < kProbesMax; ++probe, ++at) {
      auto& slot = slots[at % kSlots];
      Key::Text* found = slot.load(std::memory_order_acquire);
      if (found == nullptr) {
        if (entries.load(std::memory_order_relaxed) >= kEntriesMax) return nullptr;
        Key::Text* mine = make(s);
        if (slot.compare_exchange_strong(found, mine, std::memory_order_acq_rel)) {
          entries.fetch_add(1, std::memory_order_relaxed);
          return mine;
        }
        std::free(mine);  // another thread took the slot: look at what it put there
      }
      if (found->length == s.size() && std::memcmp(found->chars, s.data(), s.size()) == 0) return found;
    }
    return nullptr;
  }
};

static constinit KeyTable table{};

Key::Key(std::string_view s) : bits_(kEmpty) {
  if (s.empty()) return;
  if (s.size() <= KeyTable::kLengthMax) {
    if (const Text* text = table.intern(s)) {
      bits_ = reinterpret_cast<uintptr_t>(text) | kShared;
      return;
    }
  }
  bits_ = reinterpret_cast<uintptr_t>(KeyTable::make(s));
}

void Key::release() noexcept {
  if (text()->refs.fetch_sub(1, std::memory_order_acq_rel) == 1) std::free(const_cast<Text*>(text()));
}

bool Key::operator<(const Key& o) const noexcept {
  if (bits_ == o.bits_) return false;
  if (bits_ == kEmpty || o.bits_ == kEmpty) return bits_ == kEmpty;
  uint64_t a = __builtin_bswap64(KeyTable::load(text()->chars)), b = __builtin_bswap64(KeyTable::load(o.text()->chars));
  return a != b ? a < b : view() < o.view();
}

size_t Key::own_bytes() const noexcept {
  return own() ? offsetof(Text, chars) + (text()->length < 8 ? 8 : text()->length) : 0;
}

}  // namespace slipway::value
