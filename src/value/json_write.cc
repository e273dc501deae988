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
#include "value/utf8.h"

namespace slipway::value {

namespace {

// Text being built in place: room is made for a whole step at once, so that the steps themselves only store.
class Out {
 public:
  explicit Out(std::string& s) : s_(s), size_(s.size()) { make_room(256); }
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

size_t plain_length(const char* p, size_t n) {
  size_t i = 0;
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"'), escape = _mm_set1_epi8('\\'), space = _mm_set1_epi8(' ');
  for (; n - i >= 16; i += 16) {
    __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + i));
    __m128i stop =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(b, quote), _mm_cmpeq_epi8(b, escape)), _mm_cmplt_epi8(b, space));
    unsigned mask = static_cast<unsigned>(_mm_movemask_epi8(stop));
    if (mask != 0) return i + static_cast<size_t>(__builtin_ctz(mask));
  }
#endif
  while (i < n && plain(static_cast<unsigned char>(p[i]))) ++i;
  return i;
}

void put_string(Out& out, std::string_view s) {
  size_t begins_plain = plain_length(s.data(), s.size());
  if (begins_plain == s.size()) {
    char* p = out.room(s.size() + 2);
    *p = '"';
    std::memcpy(p + 1, s.data(), s.size());
    p[s.size() + 1] = '"';
    return out.wrote(s.size() + 2);
  }
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
      return put_string(out, v.as_string());
    case Type::array:
    case Type::object:
      break;
  }
}

// Without recursion: no tree is too deep for the stack. indent < 0 writes compactly.
void write(Out& out, const Value& root, int indent) {
  struct Frame {
    const Value* item;
    const Value* items_end;  // null while in an object
    const Member* member;
    const Member* members_end;
    const char* between;  // "" before the first
  };
  std::vector<Frame> frames;
  auto new_line = [&] {
    if (indent < 0) return;
    out.put('\n');
    out.fill(frames.size() * static_cast<size_t>(indent), ' ');
  };
  const Value* v = &root;
  for (;;) {
    if (v->empty()) {  // scalars too
      if (v->is_array())
        out.put("[]");
      else if (v->is_object())
        out.put("{}");
      else
        put_scalar(out, *v);
    } else if (v->is_array()) {
      out.put('[');
      auto all = v->items();
      frames.push_back({all.data(), all.data() + all.size(), nullptr, nullptr, ""});
    } else {
      out.put('{');
      auto all = v->members();
      frames.push_back({nullptr, nullptr, all.data(), all.data() + all.size(), ""});
    }
    for (;;) {  // close what has no more, then go to the next item
      if (frames.empty()) return;
      Frame& f = frames.back();
      if (f.items_end != nullptr ? f.item != f.items_end : f.member != f.members_end) break;
      bool array = f.items_end != nullptr;
      frames.pop_back();
      new_line();
      out.put(array ? ']' : '}');
    }
    Frame& f = frames.back();
    if (*f.between != 0) out.put(*f.between);
    f.between = ",";
    new_line();
    if (f.items_end != nullptr) {
      v = f.item++;
    } else {
      put_string(out, f.member->key.view());
      out.put(':');
      if (indent >= 0) out.put(' ');
      v = &f.member++->value;
    }
  }
}

}  // namespace

void append_json(std::string& out, const Value& v) {
  Out o(out);
  write(o, v, -1);
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
    write(o, v, indent < 0 ? 0 : indent);
  }
  return out;
}

}  // namespace slipway::value
