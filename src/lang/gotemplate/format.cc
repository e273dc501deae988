// Go's fmt. The flags, the padding and the ways to complain (%!d(string=x), %!s(<nil>), %!(EXTRA int=1)) follow
// fmt/print.go and fmt/format.go.
#include "lang/gotemplate/format.h"

#include <fmt/format.h>

#include <algorithm>

#include "lang/gotemplate/quote.h"
#include "lang/gotemplate/unicode.h"
#include "value/utf8.h"

namespace slipway::lang::gotemplate {

namespace {

constexpr int kDepthMax = 2000;
constexpr int kNumberMax = 1'000'000;        // the largest width or precision
constexpr size_t kWidthTogether = 64 << 20;  // of one text

size_t rune_count(std::string_view s) {
  size_t n = 0;
  while (!s.empty()) {
    s.remove_prefix(static_cast<size_t>(value::decode_rune(s).length));
    ++n;
  }
  return n;
}

class Printer {
 public:
  explicit Printer(std::string& out) : out_(out), end_(out.size() + kPrintedMax) {}

  bool deep() const { return deep_; }

  void argument(const Any& v, char32_t verb) {
    if (v.is_nil()) {
      if (verb == 'T' || verb == 'v') return pad("<nil>");
      return bad_verb(v, verb);
    }
    if (verb == 'T') return string_plain(v.type_name());
    if (verb == 'p') return pointer(v, verb);
    if (methods(v, verb)) return;
    value(v, verb, 0);
  }

  void printf(std::string_view format, std::span<const Any> a);

 private:
  struct Flags {
    bool width_given = false, precision_given = false;
    bool minus = false, plus = false, sharp = false, space = false, zero = false, plus_v = false, sharp_v = false;
    int width = 0, precision = 0;
  };

  bool methods(const Any& v, char32_t verb) {
    if (!erroring_ && f_.sharp_v && v.type()->go_text != nullptr) return out_ += v.type()->go_text(v), true;
    if (erroring_ || v.type()->text == nullptr || f_.sharp_v) return false;
    if (verb != 'v' && verb != 's' && verb != 'x' && verb != 'X' && verb != 'q') return false;
    if (v.kind() == Kind::pointer && v.node() == nullptr) return out_ += "<nil>", true;
    string(v.type()->text(v), verb);
    return true;
  }

  void bad_verb(const Any& v, char32_t verb) {
    erroring_ = true;
    out_ += "%!";
    value::append_rune(out_, verb);
    out_ += '(';
    if (v.is_nil()) {
      out_ += "<nil>";
    } else {
      out_ += v.type_name();
      out_ += '=';
      value(v, 'v', 0);
    }
    out_ += ')';
    erroring_ = false;
  }

  void value(const Any& v, char32_t verb, int depth) {
    if (depth > kDepthMax || out_.size() > end_) {
      deep_ = true;
      return;
    }
    if (v.is_nil()) {
      out_ += f_.sharp_v ? "interface {}(nil)" : "<nil>";
      return;
    }
    if (depth > 0 && methods(v, verb)) return;
    switch (v.kind()) {
      case Kind::boolean:
        if (verb != 't' && verb != 'v') return bad_verb(v, verb);
        return pad(v.as_bool() ? "true" : "false");
      case Kind::float32:
      case Kind::float64:
        return real(v, v.as_float(), verb, v.kind() == Kind::float32 ? 32 : 64);
      case Kind::complex128: {
        if (!is_float_verb(verb)) return bad_verb(v, verb);
        bool plus = f_.plus;
        out_ += '(';
        real(v, v.as_float(), verb, 64);
        f_.plus = true;
        real(v, v.imaginary(), verb, 64);
        out_ += "i)";
        f_.plus = plus;
        return;
      }
      case Kind::string:
        if (verb != 'v' && verb != 's' && verb != 'x' && verb != 'X' && verb != 'q') return bad_verb(v, verb);
        return string(v.text(), verb);
      case Kind::slice:
        return slice(v, verb, depth);
      case Kind::map:
        return map(v, verb, depth);
      case Kind::structure:
        return structure(v, verb, depth);
      case Kind::pointer:
        if (depth == 0 && (v.dict() != nullptr || (v.node() != nullptr && v.type()->field != nullptr))) {
          out_ += '&';
          return structure(v, verb, depth);
        }
        return pointer(v, verb);
      case Kind::function:
      case Kind::interface_:
      case Kind::invalid:
        return pointer(v, verb);
      default:
        return integer(v, verb);
    }
  }

  void between(bool first) {
    if (!first) out_ += f_.sharp_v ? ", " : " ";
  }

  void slice(const Any& v, char32_t verb, int depth) {
    if (v.is_bytes() && (verb == 's' || verb == 'q' || verb == 'x' || verb == 'X')) return string(v.bytes(), verb);
    if (f_.sharp_v) {
      out_ += v.is_bytes() && depth == 0 ? "[]byte" : go_syntax(v);
      if (v.node() == nullptr) {
        out_ += "(nil)";
        return;
      }
    }
    out_ += f_.sharp_v ? '{' : '[';
    bool first = true;
    if (v.is_bytes()) {
      for (char c : v.bytes()) {
        between(std::exchange(first, false));
        Any byte = Any::number(types::uint8, static_cast<unsigned char>(c));
        if (f_.sharp_v)
          hexadecimal(byte.as_uint());
        else
          integer(byte, verb);
      }
    } else if (v.node() != nullptr) {
      for (const Any& item : v.list()->items()) {
        between(std::exchange(first, false));
        value(item, verb, depth + 1);
        if (deep_) return;
      }
    }
    out_ += f_.sharp_v ? '}' : ']';
  }

  void map(const Any& v, char32_t verb, int depth) {
    if (f_.sharp_v) {
      out_ += go_syntax(v);
      if (v.node() == nullptr) {
        out_ += "(nil)";
        return;
      }
      out_ += '{';
    } else {
      out_ += "map[";
    }
    bool first = true;
    if (v.node() != nullptr)
      for (const Dict::Entry& e : v.dict()->entries()) {
        between(std::exchange(first, false));
        string_value(e.key.view(), verb);
        out_ += ':';
        value(e.value, verb, depth + 1);
        if (deep_) return;
      }
    out_ += f_.sharp_v ? '}' : ']';
  }

  void structure(const Any& v, char32_t verb, int depth) {
    if (f_.sharp_v) out_ += go_syntax(v);
    out_ += '{';
    bool first = true;
    const Type& type = *v.type();
    for (size_t i = 0; i < type.fields.size(); ++i) {
      between(std::exchange(first, false));
      if (f_.plus_v || f_.sharp_v) out_ += type.fields[i].name + ":";
      value(type.field != nullptr ? type.field(v, i) : type.fields[i].of(v), verb, depth + 1);
      if (deep_) return;
    }
    out_ += '}';
  }

  static std::string_view go_syntax(const Any& v) {
    std::string_view name = v.type()->go_syntax.empty() ? std::string_view(v.type()->name) : v.type()->go_syntax;
    if (v.kind() == Kind::pointer && name.starts_with('*')) name.remove_prefix(1);
    return name;
  }

  void pointer(const Any& v, char32_t verb) {
    Kind k = v.kind();
    bool points = k == Kind::map || k == Kind::slice || k == Kind::pointer || k == Kind::function;
    if (!points) return bad_verb(v, verb);
    if (v.node() == nullptr && verb == 'v' && !f_.sharp_v) return pad("<nil>");
    if (v.node() == nullptr && verb == 'p') return pad("0x0");
    if (verb != 'v' && verb != 'p' && verb != 'x' && verb != 'X' && verb != 'd' && verb != 'o' && verb != 'b')
      return bad_verb(v, verb);
    const uint64_t address = v.node() == nullptr ? 0 : 0xc000000000;  // it means nothing to anybody
    if (verb == 'v' && f_.sharp_v)
      out_ += fmt::format("({})({})", v.type_name(), address == 0 ? "nil" : fmt::format("{:#x}", address));
    else if (verb == 'v' || verb == 'p')
      hexadecimal(address);
    else
      integer(Any::number(types::uint64, static_cast<int64_t>(address)), verb);
  }

  // ---- integers

  void integer(const Any& v, char32_t verb) {
    uint64_t u = v.as_uint();
    bool is_signed = v.is_int();
    switch (verb) {
      case 'v':
        if (f_.sharp_v && !is_signed) return hexadecimal(u);
        return digits(u, 10, is_signed, verb);
      case 'd':
        return digits(u, 10, is_signed, verb);
      case 'b':
        return digits(u, 2, is_signed, verb);
      case 'o':
      case 'O':
        return digits(u, 8, is_signed, verb);
      case 'x':
      case 'X':
        return digits(u, 16, is_signed, verb);
      case 'c': {
        std::string s;
        value::append_rune(s, valid_rune(u));
        return pad(s);
      }
      case 'q':
        return pad(quoted_rune(valid_rune(u), f_.plus));
      case 'U':
        return unicode(u);
      default:
        bad_verb(v, verb);
    }
  }

  static char32_t valid_rune(uint64_t u) {
    return u > 0x10FFFF || (u >= 0xD800 && u < 0xE000) ? 0xFFFD : static_cast<char32_t>(u);
  }

  void hexadecimal(uint64_t u) {
    bool sharp = std::exchange(f_.sharp, true);
    digits(u, 16, false, 'v');
    f_.sharp = sharp;
  }

  void digits(uint64_t u, unsigned base, bool is_signed, char32_t verb) {
    bool negative = is_signed && static_cast<int64_t>(u) < 0;
    if (negative) u = 0 - u;
    int precision = 0;
    if (f_.precision_given) {
      precision = f_.precision;
      if (precision == 0 && u == 0) return spaces(f_.width);
    } else if (f_.zero && !f_.minus && f_.width_given) {
      precision = f_.width - (negative || f_.plus || f_.space ? 1 : 0);
    }
    if (!room(static_cast<size_t>(std::max(precision, 0)))) return;
    std::string s;  // backwards
    const char* letters = verb == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    do {
      s += letters[u % base];
      u /= base;
    } while (u != 0);
    while (static_cast<int>(s.size()) < precision) s += '0';
    if (f_.sharp) {
      if (base == 2) s += "b0";
      if (base == 8 && s.back() != '0') s += '0';
      if (base == 16) {
        s += verb == 'X' ? 'X' : 'x';
        s += '0';
      }
    }
    if (verb == 'O') s += "o0";
    if (negative)
      s += '-';
    else if (f_.plus)
      s += '+';
    else if (f_.space)
      s += ' ';
    std::reverse(s.begin(), s.end());
    bool zero = std::exchange(f_.zero, false);
    pad(s);
    f_.zero = zero;
  }

  void unicode(uint64_t u) {
    int least = f_.precision_given && f_.precision > 4 ? f_.precision : 4;
    if (!room(static_cast<size_t>(least))) return;
    std::string s = "U+" + fmt::format("{:0{}X}", u, least);
    if (f_.sharp && u <= 0x10FFFF && is_print(static_cast<char32_t>(u))) {
      s += " '";
      value::append_rune(s, static_cast<char32_t>(u));
      s += '\'';
    }
    bool zero = std::exchange(f_.zero, false);
    pad(s);
    f_.zero = zero;
  }

  // ---- reals

  static bool is_float_verb(char32_t verb) {
    return verb < 0x80 && std::string_view("vbgGxXfFeE").find(static_cast<char>(verb)) != std::string_view::npos;
  }

  void real(const Any& whole, double d, char32_t verb, int bits) {
    if (!is_float_verb(verb)) return bad_verb(whole, verb);
    int precision = -1;
    char format = verb == 'v' ? 'g' : verb == 'F' ? 'f' : static_cast<char>(verb);
    if (verb == 'f' || verb == 'F' || verb == 'e' || verb == 'E') precision = 6;
    if (f_.precision_given) precision = f_.precision;
    if (!room(static_cast<size_t>(std::max(precision, 0)))) return;
    std::string num = format_float(d, format, precision, bits);
    if (num[0] != '-' && num[0] != '+') num.insert(num.begin(), '+');
    if (f_.space && num[0] == '+' && !f_.plus) num[0] = ' ';
    if (num[1] == 'I' || num[1] == 'N') {
      bool zero = std::exchange(f_.zero, false);
      if (num[1] == 'N' && !f_.space && !f_.plus) num.erase(0, 1);
      pad(num);
      f_.zero = zero;
      return;
    }
    if (f_.sharp && verb != 'b') keep_zeros(num, verb, precision);
    if (f_.plus || num[0] != '+') {
      if (f_.zero && !f_.minus && f_.width_given && f_.width > static_cast<int>(num.size())) {
        out_ += num[0];
        padding(f_.width - static_cast<int>(num.size()));
        out_ += std::string_view(num).substr(1);
        return;
      }
      return pad(num);
    }
    pad(std::string_view(num).substr(1));
  }

  static void keep_zeros(std::string& num, char32_t verb, int precision) {
    int digits = 0;
    if (verb == 'v' || verb == 'g' || verb == 'G' || verb == 'x') digits = precision == -1 ? 6 : precision;
    std::string tail;
    bool point = false, nonzero = false;
    for (size_t i = 1; i < num.size(); ++i) {
      char c = num[i];
      if (c == '.') {
        point = true;
        continue;
      }
      if (c == 'p' || c == 'P' || ((c == 'e' || c == 'E') && verb != 'x' && verb != 'X')) {
        tail = num.substr(i);
        num.resize(i);
        break;
      }
      if (c != '0') nonzero = true;
      if (nonzero) --digits;
    }
    if (!point) {
      if (num.size() == 2 && num[1] == '0') --digits;
      num += '.';
    }
    for (; digits > 0; --digits) num += '0';
    num += tail;
  }

  // ---- texts

  void string_value(std::string_view s, char32_t verb) {
    if (verb != 'v' && verb != 's' && verb != 'x' && verb != 'X' && verb != 'q') return bad_verb(Any::of(s), verb);
    string(s, verb);
  }
  void string(std::string_view s, char32_t verb) {
    switch (verb) {
      case 'x':
      case 'X':
        return hex(s, verb == 'X');
      case 'q':
        return quoted(s);
      default:
        return f_.sharp_v && verb == 'v' ? quoted(s) : string_plain(s);
    }
  }
  std::string_view truncated(std::string_view s) const {
    if (!f_.precision_given) return s;
    int n = f_.precision;
    for (size_t i = 0; i < s.size();) {
      if (--n < 0) return s.substr(0, i);
      i += static_cast<size_t>(value::decode_rune(s.substr(i)).length);
    }
    return s;
  }
  void string_plain(std::string_view s) { pad(truncated(s)); }

  void quoted(std::string_view s);
  static std::string quoted_rune(char32_t c, bool ascii);

  void hex(std::string_view s, bool upper) {
    size_t length = s.size();
    if (f_.precision_given && static_cast<size_t>(f_.precision) < length) length = static_cast<size_t>(f_.precision);
    if (length == 0) {
      if (f_.width_given) padding(f_.width);
      return;
    }
    const char* letters = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    std::string body;
    for (size_t i = 0; i < length; ++i) {
      if (i > 0 && f_.space) body += ' ';
      if (f_.sharp && (i == 0 || f_.space)) body += upper ? "0X" : "0x";
      auto c = static_cast<unsigned char>(s[i]);
      body += letters[c >> 4];
      body += letters[c & 15];
    }
    int missing = f_.width_given ? f_.width - static_cast<int>(body.size()) : 0;
    if (!f_.minus) padding(missing);
    out_ += body;
    if (f_.minus) padding(missing);
  }

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
  void pad(std::string_view s) {
    if (!f_.width_given || f_.width == 0) {
      out_ += s;
      return;
    }
    int missing = f_.width - static_cast<int>(rune_count(s));
    if (!f_.minus) padding(missing);
    out_ += s;
    if (f_.minus) padding(missing);
  }

  std::string& out_;
  size_t end_;
  Flags f_;
  bool erroring_ = false, deep_ = false;
  size_t widths_ = 0;
};

void Printer::quoted(std::string_view s) {
  s = truncated(s);
  if (f_.sharp && can_backquote(s)) return pad("`" + std::string(s) + "`");
  pad(quote_with(s, f_.plus));
}

std::string Printer::quoted_rune(char32_t c, bool ascii) {
  std::string out = "'";
  append_escaped(out, c, true, 0, '\'', ascii);
  return out + "'";
}

bool too_large(int64_t n) {
  return n > kNumberMax || n < -kNumberMax;
}

bool read_decimal(std::string_view s, size_t& i, size_t end, int& out) {
  out = 0;
  bool found = false;
  for (; i < end && s[i] >= '0' && s[i] <= '9'; ++i) {
    if (too_large(out)) {
      out = 0;
      i = end;
      return false;
    }
    out = out * 10 + (s[i] - '0');
    found = true;
  }
  return found;
}

void Printer::printf(std::string_view format, std::span<const Any> a) {
  size_t end = format.size(), next = 0;
  bool after_index = false, reordered = false, good = true;
  auto argument_number = [&](size_t& i) {
    if (i >= end || format[i] != '[') return false;
    reordered = true;
    size_t close = end - i < 3 ? format.npos : format.find(']', i + 1);
    if (close == format.npos) {
      good = false;
      ++i;
      return false;
    }
    int n = 0;
    size_t at = i + 1;
    bool ok = read_decimal(format, at, close, n) && at == close;
    i = close + 1;
    if (ok && n >= 1 && static_cast<size_t>(n) <= a.size()) {
      next = static_cast<size_t>(n - 1);
      return true;
    }
    good = false;
    return ok;
  };
  auto integer_argument = [&](int& out) {
    out = 0;
    if (next >= a.size()) return false;
    const Any& v = a[next++];
    if (!v.is_int() && !v.is_uint()) return false;
    if (too_large(v.as_int()) || (v.is_uint() && v.as_int() < 0)) return false;
    out = static_cast<int>(v.as_int());
    return true;
  };
  for (size_t i = 0; i < end;) {
    good = true;
    size_t percent = format.find('%', i);
    if (percent == format.npos) percent = end;
    out_ += format.substr(i, percent - i);
    i = percent;
    if (i >= end) break;
    ++i;
    f_ = {};
    for (bool flags = true; flags && i < end;) {
      switch (format[i]) {
        case '#':
          f_.sharp = true;
          break;
        case '0':
          f_.zero = true;
          break;
        case '+':
          f_.plus = true;
          break;
        case '-':
          f_.minus = true;
          break;
        case ' ':
          f_.space = true;
          break;
        default:
          flags = false;
      }
      if (flags) ++i;
    }
    after_index = argument_number(i);
    if (i < end && format[i] == '*') {
      ++i;
      f_.width_given = integer_argument(f_.width);
      if (!f_.width_given) out_ += "%!(BADWIDTH)";
      if (f_.width < 0) {
        f_.width = -f_.width;
        f_.minus = true;
        f_.zero = false;
      }
      after_index = false;
    } else {
      f_.width_given = read_decimal(format, i, end, f_.width);
      if (after_index && f_.width_given) good = false;
    }
    if (i + 1 < end && format[i] == '.') {
      ++i;
      if (after_index) good = false;
      after_index = argument_number(i);
      if (i < end && format[i] == '*') {
        ++i;
        f_.precision_given = integer_argument(f_.precision);
        if (f_.precision < 0) {
          f_.precision = 0;
          f_.precision_given = false;
        }
        if (!f_.precision_given) out_ += "%!(BADPREC)";
        after_index = false;
      } else {
        if (!read_decimal(format, i, end, f_.precision)) f_.precision = 0;
        f_.precision_given = true;
      }
    }
    if (!after_index) after_index = argument_number(i);
    if (i >= end) {
      out_ += "%!(NOVERB)";
      break;
    }
    value::Rune r = value::decode_rune(format.substr(i));
    i += static_cast<size_t>(r.length);
    char32_t verb = r.code;
    auto complain = [&](std::string_view what) {
      out_ += "%!";
      value::append_rune(out_, verb);
      out_ += what;
    };
    if (verb == '%') {
      out_ += '%';
    } else if (!good) {
      complain("(BADINDEX)");
    } else if (next >= a.size()) {
      complain("(MISSING)");
    } else {
      if (verb == 'v') {
        f_.sharp_v = std::exchange(f_.sharp, false);
        f_.plus_v = std::exchange(f_.plus, false);
      }
      if (verb == 'w' && !a[next].is_bytes())
        bad_verb(a[next++], verb);
      else
        argument(a[next++], verb);
    }
  }
  if (!reordered && next < a.size()) {
    f_ = {};
    out_ += "%!(EXTRA ";
    for (size_t i = next; i < a.size(); ++i) {
      if (i > next) out_ += ", ";
      if (a[i].is_nil()) {
        out_ += "<nil>";
      } else {
        out_ += a[i].type_name();
        out_ += '=';
        argument(a[i], 'v');
      }
    }
    out_ += ')';
  }
}

}  // namespace

bool append_printed(std::string& out, const Any& v) {
  if (!v.is_valid()) {
    out += "<no value>";
    return true;
  }
  if (v.is_string() && v.type()->text == nullptr) {
    out += v.text();
    return true;
  }
  Printer p(out);
  // An action looks through a pointer before it prints.
  if (v.type() != nullptr && v.type()->shown != nullptr && v.placed())
    out += v.type()->shown(v);
  else if (v.kind() == Kind::pointer && v.node() != nullptr && v.type()->text == nullptr &&
           v.type()->element != nullptr)
    p.argument(Any(*v.type()->element, v.node()), 'v');
  else
    p.argument(v, 'v');
  return !p.deep();
}

std::string printed(const Any& v) {
  std::string out;
  Printer(out).argument(v, 'v');
  return out;
}

std::string sprint(std::span<const Any> v) {
  std::string out;
  bool after_string = false;
  for (size_t i = 0; i < v.size(); ++i) {
    bool is_string = v[i].is_string();
    if (i > 0 && !is_string && !after_string) out += ' ';
    Printer(out).argument(v[i], 'v');
    after_string = is_string;
  }
  return out;
}

std::string sprintln(std::span<const Any> v) {
  std::string out;
  for (size_t i = 0; i < v.size(); ++i) {
    if (i > 0) out += ' ';
    Printer(out).argument(v[i], 'v');
  }
  out += '\n';
  return out;
}

std::string sprintf(std::string_view format, std::span<const Any> v) {
  std::string out;
  Printer(out).printf(format, v);
  return out;
}

}  // namespace slipway::lang::gotemplate
