// Interned keys. Kubernetes objects say the same few hundred words over and over; each is kept once, for ever, in a
// table that is read without locks and without counting: a Key copied or dropped does not even touch its text.
//
// For ever is only safe with a bound: at most kEntriesMax + kNearSlots keys of at most kLengthMax bytes get in (about
// 1.5 MB when full). Later ones, and long ones, get counted text of their own: correct in every way, only not shared.
// Counting the shared ones too was dropped: their counts would be the most contended cache lines of the whole program.
#include <bit>
#include <cstdlib>
#include <new>

#include "value/value.h"

namespace slipway::value {

struct KeyTable {
  // The first few thousand keys lie close together: a short command that touched a page of the large table for each of
  // its keys spent a tenth of its time in page faults.
  static constexpr size_t kNearSlots = 1 << 12;
  static constexpr size_t kNearProbes = 4;
  static constexpr size_t kSlots = 1 << 15;
  static constexpr size_t kEntriesMax = kSlots / 2 - kNearSlots;  // of the large table
  static constexpr size_t kLengthMax = 64;
  static constexpr size_t kProbesMax = 16;  // then the key stays unshared: chosen collisions gain nothing

  std::atomic<Key::Text*> near[kNearSlots];
  std::atomic<Key::Text*> slots[kSlots];
  std::atomic<size_t> entries;

  static uint64_t load(const char* p) {
    uint64_t w;
    std::memcpy(&w, p, 8);
    return w;
  }

  // The first n bytes, n < 8, without a call.
  static uint64_t load_few(const char* p, size_t n) {
    if (n >= 4) {
      uint32_t low, high;
      std::memcpy(&low, p, 4);
      std::memcpy(&high, p + n - 4, 4);
      return low | static_cast<uint64_t>(high) << 32;
    }
    if (n == 0) return 0;
    auto byte = [p](size_t i) { return static_cast<uint64_t>(static_cast<unsigned char>(p[i])); };
    return byte(0) | byte(n / 2) << 8 | byte(n - 1) << 16;
  }

  static uint64_t hash(std::string_view s) {
    uint64_t h = s.size() * 0x9e3779b97f4a7c15ull;
    const char* p = s.data();
    size_t n = s.size();
    auto mix = [&h](uint64_t w) {
      unsigned __int128 m = static_cast<unsigned __int128>(h ^ w) * 0xa0761d6478bd642full;
      h = static_cast<uint64_t>(m) ^ static_cast<uint64_t>(m >> 64);
    };
    if (n < 8) {
      mix(load_few(p, n));
      return h;
    }
    for (size_t i = 0; i + 8 < n; i += 8) mix(load(p + i));
    mix(load(p + n - 8));
    return h;
  }

  static bool equal(const Key::Text& text, std::string_view s) {
    size_t n = s.size();
    if (text.length != n) return false;
    if (n < 8) return load_few(text.chars, n) == load_few(s.data(), n);
    if (load(text.chars) != load(s.data()) || load(text.chars + n - 8) != load(s.data() + n - 8)) return false;
    return n <= 16 || std::memcmp(text.chars + 8, s.data() + 8, n - 16) == 0;
  }

  // The first 8 bytes, with zeros behind a shorter text: as Text::chars has them.
  static uint64_t load_padded(std::string_view s) {
    const char* p = s.data();
    size_t n = s.size();
    if (n >= 8) return load(p);
    if (n >= 4) {
      uint32_t low, high;
      std::memcpy(&low, p, 4);
      std::memcpy(&high, p + n - 4, 4);
      return low | (static_cast<uint64_t>(high) >> (8 - n) * 8) << 32;
    }
    uint64_t w = 0;
    for (size_t i = 0; i < n; ++i) w |= static_cast<uint64_t>(static_cast<unsigned char>(p[i])) << i * 8;
    return w;
  }

  // The member of that name; null when there is none. What all reading comes down to: one comparison of words for a
  // member that is another, no call of memcmp unless the first 8 bytes and the length agree.
  static const Member* find(std::span<const Member> members, std::string_view key) {
    size_t n = key.size();
    uint64_t first = load_padded(key);
    auto is = [&](const Key& k) {
      if (k.bits_ == Key::kEmpty) return n == 0;
      const Key::Text& text = *k.text();
      return load(text.chars) == first && text.length == n &&
             (n <= 8 || std::memcmp(text.chars + 8, key.data() + 8, n - 8) == 0);
    };
    if (members.size() <= 12) {
      for (const Member& m : members)
        if (is(m.key)) return &m;
      return nullptr;
    }
    uint64_t wanted = __builtin_bswap64(first);
    auto before = [&](const Key& k) {
      if (k.bits_ == Key::kEmpty) return n != 0;
      uint64_t w = __builtin_bswap64(load(k.text()->chars));
      return w != wanted ? w < wanted : k.view() < key;
    };
    const Member* low = members.data();
    for (size_t left = members.size(); left > 0;) {
      size_t half = left / 2;
      if (before(low[half].key)) {
        low += half + 1;
        left -= half + 1;
      } else {
        left = half;
      }
    }
    return low != members.data() + members.size() && is(low->key) ? low : nullptr;
  }

  static Key::Text* make(std::string_view s) {
    size_t room = s.size() < 8 ? 8 : s.size();
    void* memory = std::malloc(offsetof(Key::Text, chars) + room);
    if (memory == nullptr) throw std::bad_alloc();
    auto* text = new (memory) Key::Text{1, static_cast<uint32_t>(s.size()), {}};
    std::memcpy(text->chars, s.data(), s.size());
    return text;
  }

  // The text, there already or put into this empty slot; null: another's.
  static const Key::Text* take(std::atomic<Key::Text*>& slot, Key::Text* found, std::string_view s) {
    if (found == nullptr) {
      Key::Text* mine = make(s);
      if (slot.compare_exchange_strong(found, mine, std::memory_order_acq_rel)) return mine;
      std::free(mine);  // another thread took the slot: look at what it put there
    }
    return equal(*found, s) ? found : nullptr;
  }

  // Null when there is no room.
  const Key::Text* intern(std::string_view s) {
    size_t at = hash(s);
    for (size_t probe = 0; probe < kNearProbes; ++probe) {
      auto& slot = near[(at + probe) % kNearSlots];
      if (const Key::Text* text = take(slot, slot.load(std::memory_order_acquire), s)) return text;
    }
    for (size_t probe = 0; probe < kProbesMax; ++probe, ++at) {
      auto& slot = slots[at % kSlots];
      Key::Text* found = slot.load(std::memory_order_acquire);
      bool empty = found == nullptr;
      if (empty && entries.load(std::memory_order_relaxed) >= kEntriesMax) return nullptr;
      if (const Key::Text* text = take(slot, found, s)) {
        if (empty) entries.fetch_add(1, std::memory_order_relaxed);
        return text;
      }
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

const Value* Value::find(std::string_view key) const noexcept {
  const Member* found = KeyTable::find(members(), key);
  return found == nullptr ? nullptr : &found->value;
}

size_t Key::own_bytes() const noexcept {
  return own() ? offsetof(Text, chars) + (text()->length < 8 ? 8 : text()->length) : 0;
}

}  // namespace slipway::value
