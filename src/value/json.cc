// JSON text to Value in one pass: no tree or tape in between, no recursion.
//
// Semantics are those of Go's encoding/json into interface{} as the API machinery uses it: integers that fit int64 stay
// integers, other numbers become reals (out of a double's range: refused), bytes that are no UTF-8 and lone surrogates
// become U+FFFD, of duplicate members the last wins.
//
// simdjson was tried twice: its tape alone is built at 550 MB/s, but from the tape to Values it is 300 (460 with a
// parser that keeps its buffers, twice the text), against 430-470 here in the same runs. It also refuses what Go reads
// (bytes that are no UTF-8), and its errors say no place.
#include "value/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/text.h"
#include "value/tree_stack.h"
#include "value/utf8.h"

namespace slipway::value {

namespace {

class JsonParser {
 public:
  JsonParser(std::string_view text, const JsonLimits& limits, std::vector<std::string>* duplicates)
      : text_(text), at_(text.data()), end_(at_ + text.size()), limits_(limits), duplicates_(duplicates) {}

  Result<Value> parse() {
    if (text_.size() > limits_.bytes_max)
      return fail(ErrorKind::too_large, "JSON of {} bytes is over the limit of {} bytes", text_.size(),
                  limits_.bytes_max);
    if (!limits_.reals && text_.starts_with("\xef\xbb\xbf")) at_ += 3;
    Value result;
    if (!tree(result)) return error();
    if (prefix_) return result;
    skip_blanks();
    if (at_ != end_) {
      wants("the end of the text after the first value");
      return error();
    }
    return result;
  }

  Result<Value> parse_prefix(std::string_view& text) {
    prefix_ = true;
    auto result = parse();
    if (result) text.remove_prefix(static_cast<size_t>(at_ - text.data()));
    return result;
  }

 private:
  struct Frame {
    size_t mark;  // where its items or members begin on the stack
    bool object;
  };

  bool tree(Value& v) {
    enum { value, complete, close } next = value;
    for (;;) {
      switch (next) {
        case value:
          skip_blanks();
          if (at_ == end_) return wants("a value");
          if (*at_ == '{' || *at_ == '[') {
            bool object = *at_ == '{';
            if (static_cast<int>(frames_.size()) >= limits_.depth_max) {
              too_large_ = fmt::format("nested deeper than {} levels", limits_.depth_max);
              return false;
            }
            frames_.push_back({object ? stack_.members.size() : stack_.values.size(), object});
            ++at_;
            skip_blanks();
            if (at_ != end_ && *at_ == (object ? '}' : ']'))
              next = close;
            else if (object && !key("'}' or a string as member name"))
              return false;
            continue;
          }
          if (!scalar(v)) return false;
          [[fallthrough]];
        case complete: {
          if (frames_.empty()) return true;
          bool object = frames_.back().object;
          if (object)
            stack_.members.back().value = std::move(v);
          else
            stack_.values.push(std::move(v));
          skip_blanks();
          if (at_ != end_ && *at_ == ',') {
            ++at_;
            if (object && !key("a string as member name")) return false;
            next = value;
            continue;
          }
          if (at_ == end_ || *at_ != (object ? '}' : ']')) return wants(object ? "',' or '}'" : "',' or ']'");
          [[fallthrough]];
        }
        case close: {
          ++at_;
          Frame frame = frames_.back();
          frames_.pop_back();
          if (frame.object) closing_mark_ = frame.mark;
          v = frame.object ? stack_.close_object(frame.mark, [this](const Key& key) { duplicate(key); })
                           : stack_.close_array(frame.mark);
          next = complete;
        }
      }
    }
  }

  bool key(const char* expected) {
    skip_blanks();
    if (at_ == end_ || *at_ != '"') return wants(expected);
    std::string_view name;
    if (!string(name)) return false;
    skip_blanks();
    if (at_ == end_ || *at_ != ':') return wants("':' after the member name");
    ++at_;
    stack_.members.push(Key(name), Value());
    return true;
  }

  bool scalar(Value& v) {
    auto word = [this](std::string_view w) {
      if (!std::string_view(at_, static_cast<size_t>(end_ - at_)).starts_with(w)) return false;
      at_ += w.size();
      return true;
    };
    switch (*at_) {
      case '"': {
        std::string_view s;
        if (!string(s)) return false;
        v = Value(s);
        return true;
      }
      case 't':
        if (!word("true")) return wants("a value");
        v = true;
        return true;
      case 'f':
        if (!word("false")) return wants("a value");
        v = false;
        return true;
      case 'n':
        if (!word("null")) return wants("a value");
        v = nullptr;
        return true;
      default:
        return number(v);
    }
  }

  bool number(Value& v) {
    auto digit = [this] { return at_ != end_ && *at_ >= '0' && *at_ <= '9'; };
    const char* begin = at_;
    if (*at_ == '-') ++at_;
    if (!digit()) return wants(*begin == '-' ? "a digit" : "a value");
    uint64_t n = 0;
    const char* digits = at_;
    while (digit()) n = n * 10 + static_cast<uint64_t>(*at_++ - '0');
    if (*digits == '0' && at_ - digits > 1) {
      at_ = digits + 1;
      n = 0;
      if (!prefix_ || !frames_.empty()) return wants("no digit after a leading 0");
    }
    bool integer = true;
    if (at_ != end_ && *at_ == '.') {
      integer = false;
      ++at_;
      if (!digit()) return wants("a digit after '.'");
      while (digit()) ++at_;
    }
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
      integer = false;
      ++at_;
      if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
      if (!digit()) return wants("a digit in the exponent");
      while (digit()) ++at_;
    }
    if (integer && !limits_.reals) {
      int64_t exact = 0;
      if (at_ - digits <= 18) {
        v = *begin == '-' ? -static_cast<int64_t>(n) : static_cast<int64_t>(n);
        return true;
      }
      if (std::from_chars(begin, at_, exact).ec == std::errc()) {
        v = exact;
        return true;
      }
    }
    double d = 0;
    if (std::from_chars(begin, at_, d).ec != std::errc()) {  // too large, or so small that it is 0
      d = std::strtod(std::string(begin, at_).c_str(), nullptr);
      if (std::isinf(d) && !limits_.any_number) {
        at_ = begin;
        return wants("a number that a double can hold");
      }
    }
    v = d;
    return true;
  }

  // The bytes from at_ on that are themselves in a string: printable ASCII but for '"' and '\'.
  void skip_plain() {
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), escape = _mm_set1_epi8('\\'), space = _mm_set1_epi8(' ');
    while (end_ - at_ >= 16) {
      __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at_));
      // signed: bytes from 0x80 on are below ' ' too
      __m128i stop =
          _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(b, quote), _mm_cmpeq_epi8(b, escape)), _mm_cmplt_epi8(b, space));
      unsigned mask = static_cast<unsigned>(_mm_movemask_epi8(stop));
      if (mask != 0) {
        at_ += __builtin_ctz(mask);
        return;
      }
      at_ += 16;
    }
#endif
    while (at_ != end_ && *at_ >= ' ' && *at_ != '"' && *at_ != '\\') ++at_;
  }

  // at_ is on the opening quote. The view lies in the text, or in scratch_ until the next string.
  bool string(std::string_view& s) {
    const char* open = at_++;
    const char* from = at_;
    bool copied = false;
    for (;;) {
      skip_plain();
      if (at_ == end_) {
        at_ = open;
        return wants("a string that ends with '\"'");
      }
      unsigned char c = static_cast<unsigned char>(*at_);
      if (c == '"') break;
      if (c >= 0x80) {
        Rune r = decode_rune({at_, static_cast<size_t>(end_ - at_)});
        if (r.valid) {
          at_ += r.length;
          continue;
        }
      }
      if (c < 0x20) return wants("control characters in a string to be escaped");
      if (!copied) scratch_.clear();
      copied = true;
      scratch_.append(from, at_);
      if (c == '\\') {
        if (!escape()) return false;
      } else {
        append_rune(scratch_, 0xFFFD);
        ++at_;
      }
      from = at_;
    }
    if (copied) scratch_.append(from, at_);
    s = copied ? std::string_view(scratch_) : std::string_view(from, static_cast<size_t>(at_ - from));
    ++at_;
    return true;
  }

  bool escape() {
    static constexpr std::string_view names = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    if (end_ - at_ < 2) return wants("a character after '\\'");
    if (size_t i = names.find(at_[1]); i != names.npos) {
      scratch_ += meanings[i];
      at_ += 2;
      return true;
    }
    unsigned unit = 0, low = 0;
    if (!hex4(unit)) return wants("an escape: one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
    at_ += 6;
    char32_t c = unit;
    if (unit >= 0xD800 && unit < 0xE000) {
      c = 0xFFFD;
      if (unit < 0xDC00 && hex4(low) && low >= 0xDC00 && low < 0xE000) {
        c = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
        at_ += 6;
      }
    }
    append_rune(scratch_, c);
    return true;
  }

  bool hex4(unsigned& unit) const {
    if (end_ - at_ < 6 || at_[0] != '\\' || at_[1] != 'u') return false;
    auto r = std::from_chars(at_ + 2, at_ + 6, unit, 16);
    return r.ec == std::errc() && r.ptr == at_ + 6;
  }

  void skip_blanks() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }

  // Where the object that just closed stands: the members and items now open above it.
  void duplicate(const Key& key) {
    if (duplicates_ == nullptr) return;
    std::string pointer;
    for (size_t i = 0; i < frames_.size(); ++i) {
      // the member or item being read in frame i is the last below the mark of the next frame of the same sort
      if (frames_[i].object) {
        size_t end = stack_.members.size();
        for (size_t j = i + 1; j < frames_.size(); ++j)
          if (frames_[j].object) {
            end = frames_[j].mark;
            break;
          }
        end = std::min(end, closing_mark_);
        pointer += "/" + pointer_escape(stack_.members[end - 1].key.view());
      } else {
        size_t end = stack_.values.size();
        for (size_t j = i + 1; j < frames_.size(); ++j)
          if (!frames_[j].object) {
            end = frames_[j].mark;
            break;
          }
        pointer += fmt::format("/{}", end - frames_[i].mark);
      }
    }
    duplicates_->push_back(pointer + "/" + pointer_escape(key.view()));
  }

  bool wants(std::string_view what) {
    expected_ = what;
    return false;
  }

  Error error() const {
    if (!too_large_.empty()) return fail(ErrorKind::too_large, "JSON is {}", too_large_).at(place());
    if (at_ == end_) return fail(ErrorKind::bad_request, "JSON ends too early: expected {}", expected_).at(place());
    Rune r = decode_rune({at_, static_cast<size_t>(end_ - at_)});
    std::string found = r.valid && r.code >= 0x20 && r.code != 0x7F
                            ? fmt::format("'{}'", std::string_view(at_, static_cast<size_t>(r.length)))
                            : fmt::format("byte 0x{:02x}", static_cast<unsigned char>(*at_));
    return fail(ErrorKind::bad_request, "invalid JSON: expected {}, found {}", expected_, found).at(place());
  }

  base::Place place() const {
    base::Place p{{}, 1, 1};
    for (const char* c = text_.data(); c != at_; ++c) {
      if (*c == '\n') {
        ++p.line;
        p.column = 1;
      } else if ((*c & 0xC0) != 0x80) {
        ++p.column;
      }
    }
    return p;
  }

  std::string_view text_;
  const char* at_;
  const char* end_;
  const JsonLimits& limits_;
  std::vector<std::string>* duplicates_;
  bool prefix_ = false;  // what follows the first value is not judged
  TreeStack stack_;
  std::vector<Frame> frames_;
  std::string scratch_;
  size_t closing_mark_ = static_cast<size_t>(-1);  // while an object closes: where its members begin
  std::string_view expected_;
  std::string too_large_;
};

}  // namespace

Result<Value> parse_json(std::string_view text, JsonLimits limits, std::vector<std::string>* duplicates) {
  return JsonParser(text, limits, duplicates).parse();
}

Result<Value> parse_json_prefix(std::string_view& text, JsonLimits limits) {
  return JsonParser(text, limits, nullptr).parse_prefix(text);
}

}  // namespace slipway::value
