// fmt's printer: for format.cc (formats), printer.cc (values) and printer_scalars.cc alone.
#pragma once

#include <string>
#include <utility>

#include "lang/gotemplate/format.h"

namespace slipway::lang::gotemplate {

class Printer {
 public:
  explicit Printer(std::string& out) : out_(out), end_(out.size() + kPrintedMax) {}
  bool deep() const { return deep_; }
  void argument(const Any& v, char32_t verb);
  void printf(std::string_view format, std::span<const Any> a);

 private:
  static constexpr size_t kWidthTogether = 64 << 20;  // of one text

  struct Flags {
    bool width_given = false, precision_given = false;
    bool minus = false, plus = false, sharp = false, space = false, zero = false, plus_v = false, sharp_v = false;
    int width = 0, precision = 0;
  };
  bool methods(const Any& v, char32_t verb);
  void bad_verb(const Any& v, char32_t verb);
  void value(const Any& v, char32_t verb, int depth);
  void between(bool first) {
    if (!first) out_ += f_.sharp_v ? ", " : " ";
  }
  void slice(const Any& v, char32_t verb, int depth);
  void map(const Any& v, char32_t verb, int depth);
  void structure(const Any& v, char32_t verb, int depth);
  static std::string_view go_syntax(const Any& v);
  void pointer(const Any& v, char32_t verb);

  // ---- integers
  void integer(const Any& v, char32_t verb);
  void hexadecimal(uint64_t u);
  void digits(uint64_t u, unsigned base, bool is_signed, char32_t verb);
  void unicode(uint64_t u);

  // ---- reals
  static bool is_float_verb(char32_t verb);
  void real(const Any& whole, double d, char32_t verb, int bits);

  // ---- texts
  void string_value(std::string_view s, char32_t verb);
  void string(std::string_view s, char32_t verb);
  std::string_view truncated(std::string_view s) const;
  void string_plain(std::string_view s) { pad(truncated(s)); }
  void quoted(std::string_view s);
  static std::string quoted_rune(char32_t c, bool ascii);
  void hex(std::string_view s, bool upper);

  // ---- padding
  bool room(size_t n) {
    widths_ += n;
    return widths_ <= kWidthTogether;
  }
  void padding(int n) {
    if (n > 0 && room(static_cast<size_t>(n))) out_.append(static_cast<size_t>(n), f_.zero && !f_.minus ? '0' : ' ');
  }
  void spaces(int n) {
    bool zero = std::exchange(f_.zero, false);
    padding(n);
    f_.zero = zero;
  }
  void pad(std::string_view s);

  std::string& out_;
  size_t end_;
  Flags f_;
  bool erroring_ = false, deep_ = false;
  size_t widths_ = 0;
};

}  // namespace slipway::lang::gotemplate
