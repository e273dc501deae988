// Formats of Go's fmt: flags, argument numbers and the ways to complain (%!d(BADINDEX), %!(EXTRA int=1)) follow
// fmt/print.go.
#include <fmt/format.h>

#include <algorithm>

#include "lang/gotemplate/printer.h"
#include "lang/gotemplate/quote.h"
#include "lang/gotemplate/unicode.h"
#include "value/utf8.h"

namespace slipway::lang::gotemplate {

namespace {

constexpr int kNumberMax = 1'000'000;  // the largest width or precision

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

}  // namespace

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
