// Value to JSON text, byte for byte as Go's encoding/json with SetEscapeHTML(false): keys in bytewise order, reals in
// the shortest form that reads back the same, U+2028 and U+2029 escaped, bytes that are no UTF-8 as \ufffd.
#include <algorithm>
#include <charconv>
#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "value/json.h"
#include "value/number.h"
#include "value/tree_stack.h"
#include "value/utf8.h"

namespace slipway::value {

namespace {

// Text being built in place: room is made for a whole step at once, so that the steps themselves only store.
class Out {
 public:
  explicit Out(std::string& s) : s_(s), size_(s.size()) {
    if (s.capacity() - size_ < 256)
      make_room(256);
    else
      s.resize_and_overwrite(s.capacity(), [](char*, size_t size) { return size; });
  }
  ~Out() { s_.resize(size_); }
  char* room(size_t n) {
    if (s_.size() - size_ < n) make_room(n);
    return s_.data() + size_;
  }
  void wrote(size_t n) { size_ += n; }
  void put(char c) {
    *room(1) = c;
    ++size_;
  }
  void put(std::string_view t) {
    std::memcpy(room(t.size()), t.data(), t.size());
    size_ += t.size();
  }
  size_t size() const { return size_; }
  // About n more bytes will come. Only a guess: what is not written is never touched, and no guess takes much.
  void expect(size_t n) {
    n = std::min<size_t>(n + n / 16, 64 << 20);
    if (s_.size() - size_ < n) s_.resize_and_overwrite(size_ + n, [](char*, size_t size) { return size; });
  }
  void fill(size_t n, char c) {
    std::memset(room(n), c, n);
    size_ += n;
  }

 private:
  void make_room(size_t n) {  // without clearing it
    s_.resize_and_overwrite(std::max({s_.size() * 2, s_.capacity(), size_ + n}),
                            [](char*, size_t size) { return size; });
  }
  std::string& s_;
  size_t size_;
};

bool plain(unsigned char c) {
  return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

// Whether all 8 bytes are plain.
bool plain(uint64_t w) {
  constexpr uint64_t ones = 0x0101010101010101, tops = 0x80 * ones;
  auto zero_in = [](uint64_t x) { return (x - ones) & ~x; };
  return ((w | (w - ' ' * ones) | zero_in(w ^ '"' * ones) | zero_in(w ^ '\\' * ones)) & tops) == 0;
}

template <class Word>
Word load(const char* p) {
  Word w;
  std::memcpy(&w, p, sizeof w);
  return w;
}

template <class Word>
void store(char* p, Word w) {
  std::memcpy(p, &w, sizeof w);
}

// Copies a text of n bytes that are all plain; false, with something copied or nothing, when one is not. Most texts are
// short, so a call of memcpy would cost more than the copying: words at both ends that overlap in the middle do it.
bool copy_plain(char* out, const char* p, size_t n) {
#if defined(__SSE2__)
  if (n >= 16) {
    const __m128i quote = _mm_set1_epi8('"'), escape = _mm_set1_epi8('\\'), space = _mm_set1_epi8(' ');
    auto copied = [&](size_t i) {
      __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + i));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), b);
      // signed: bytes from 0x80 on are below ' ' too
      return _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(b, quote), _mm_cmpeq_epi8(b, escape)),
                                            _mm_cmplt_epi8(b, space))) == 0;
    };
    for (size_t i = 0; i < n - 16; i += 16)
      if (!copied(i)) return false;
    return copied(n - 16);
  }
#endif
  if (n >= 8) {
    bool all = true;
    for (size_t i = 0; i < n - 8; i += 8) {
      uint64_t w = load<uint64_t>(p + i);
      store(out + i, w);
      all = all && plain(w);
    }
    uint64_t last = load<uint64_t>(p + n - 8);
    store(out + n - 8, last);
    return all && plain(last);
  }
  if (n >= 4) {
    uint32_t first = load<uint32_t>(p), last = load<uint32_t>(p + n - 4);
    store(out, first);
    store(out + n - 4, last);
    return plain(static_cast<uint64_t>(first) << 32 | last);
  }
  for (size_t i = 0; i < n; ++i) {
    if (!plain(static_cast<unsigned char>(p[i]))) return false;
    out[i] = p[i];
  }
  return true;
}

size_t plain_length(const char* p, size_t n) {
  size_t i = 0;
  while (n - i >= 8 && plain(load<uint64_t>(p + i))) i += 8;
  while (i < n && plain(static_cast<unsigned char>(p[i]))) ++i;
  return i;
}

void put_escaped(Out& out, std::string_view s);

// `ends`: how many characters, '"' the first, follow the text: `":` behind a name.
template <size_t n>
void put_string(Out& out, std::string_view s, const char (&ends)[n]) {
  char* p = out.room(s.size() + n);
  *p = '"';
  if (copy_plain(p + 1, s.data(), s.size())) {
    std::memcpy(p + 1 + s.size(), ends, n - 1);
    return out.wrote(s.size() + n);
  }
  put_escaped(out, s);
  out.put(std::string_view(ends + 1));
}

void put_escaped(Out& out, std::string_view s) {
  out.put('"');
  while (!s.empty()) {
    size_t n = plain_length(s.data(), s.size());
    out.put(s.substr(0, n));
    s.remove_prefix(n);
    if (s.empty()) break;
    unsigned char c = static_cast<unsigned char>(s[0]);
    size_t taken = 1;
    if (c >= 0x80) {
      Rune r = decode_rune(s);
      taken = static_cast<size_t>(r.length);
      if (!r.valid)
        out.put("\\ufffd");
      else if (r.code == 0x2028 || r.code == 0x2029)
        out.put(r.code == 0x2028 ? "\\u2028" : "\\u2029");
      else
        out.put(s.substr(0, taken));
    } else if (c == '"' || c == '\\') {
      char escaped[2] = {'\\', static_cast<char>(c)};
      out.put({escaped, 2});
    } else if (c == '\n') {
      out.put("\\n");
    } else if (c == '\r') {
      out.put("\\r");
    } else if (c == '\t') {
      out.put("\\t");
    } else if (c == '\b') {
      out.put("\\b");
    } else if (c == '\f') {
      out.put("\\f");
    } else {
      static constexpr char hex[] = "0123456789abcdef";
      char escaped[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
      out.put({escaped, 6});
    }
    s.remove_prefix(taken);
  }
  out.put('"');
}

void put_scalar(Out& out, const Value& v) {
  switch (v.type()) {
    case Type::null:
      return out.put("null");
    case Type::boolean:
      return v.as_bool() ? out.put("true") : out.put("false");
    case Type::integer: {
      char* p = out.room(24);
      return out.wrote(static_cast<size_t>(std::to_chars(p, p + 24, v.as_int()).ptr - p));
    }
    case Type::real: {
      char* p = out.room(kJsonRealMax);
      return out.wrote(write_json_real(p, v.as_double()));
    }
    case Type::string:
      return put_string(out, TreeStack::text_of(v), "\"");
    case Type::array:
      return out.put("[]");
    case Type::object:
      return out.put("{}");
  }
}

// Without recursion: no tree is too deep for the stack.
template <bool pretty>
void write(Out& out, const Value& root, size_t indent) {
  struct Frame {  // one of the two ranges
    const Value* item;
    const Value* items_end;
    const Member* member;
    const Member* members_end;
  };
  constexpr std::ptrdiff_t kSample = 16, kLong = 4 * kSample;
  std::vector<Frame> frames;
  Frame now{&root, &root + 1, nullptr, nullptr};  // what is written now; the frames are what it lies in
  std::ptrdiff_t rest =
      0;  // of the last long array: with so many items to come, the first tell how much room they take
  size_t sample_from = 0;
  auto new_line = [&] {
    if constexpr (pretty) {
      out.put('\n');
      out.fill(frames.size() * indent, ' ');
    }
  };
  bool first = true;
  for (;;) {
    while (now.item == now.items_end && now.member == now.members_end) {  // close what has no more
      if (frames.empty()) return;
      bool object = now.member != nullptr;
      now = frames.back();
      frames.pop_back();
      if constexpr (pretty) new_line();
      out.put(object ? '}' : ']');
      first = false;
    }
    if (!frames.empty()) {
      if (!first) out.put(',');
      new_line();
    }
    const Value* v = now.item;
    if (now.member != nullptr) {
      if constexpr (pretty)
        put_string(out, now.member->key.view(), "\": ");
      else
        put_string(out, now.member->key.view(), "\":");
      v = &now.member++->value;
    } else {
      if (now.items_end - now.item == rest) {
        out.expect((out.size() - sample_from) / kSample * static_cast<size_t>(rest));
        rest = 0;
      }
      ++now.item;
    }
    first = false;
    if (v->is_array()) {
      if (auto all = TreeStack::items_of(*v); !all.empty()) {
        out.put('[');
        frames.push_back(now);
        now = {all.data(), all.data() + all.size(), nullptr, nullptr};
        if (std::ssize(all) >= kLong) {
          rest = std::ssize(all) - kSample;
          sample_from = out.size();
        }
        first = true;
        continue;
      }
    } else if (v->is_object()) {
      if (auto all = TreeStack::members_of(*v); !all.empty()) {
        out.put('{');
        frames.push_back(now);
        now = {nullptr, nullptr, all.data(), all.data() + all.size()};
        first = true;
        continue;
      }
    }
    put_scalar(out, *v);
  }
}

}  // namespace

void append_json(std::string& out, const Value& v) {
  Out o(out);
  write<false>(o, v, 0);
}

std::string to_json(const Value& v) {
  std::string out;
  append_json(out, v);
  return out;
}

std::string to_json_pretty(const Value& v, int indent) {
  std::string out;
  {
    Out o(out);
    write<true>(o, v, indent < 0 ? 0 : static_cast<size_t>(indent));
  }
  return out;
}

}  // namespace slipway::value
