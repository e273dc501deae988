// Arithmetic: int64 with Go's overflow, float64, and sprig's addf and the like, which go through decimal numbers of any
// length so that 0.1 + 0.2 is 0.3.
#include <openssl/bn.h>

#include <cmath>
#include <memory>

#include "lang/gotemplate/number.h"
#include "lang/sprig/families.h"

namespace slipway::lang::sprig {

namespace {

int64_t wrapping(uint64_t u) {
  return static_cast<int64_t>(u);
}
uint64_t bits(const Any& v) {
  return static_cast<uint64_t>(to_int64(v));
}

// coefficient * 10^exponent, exactly (shopspring/decimal).
class Decimal {
 public:
  Decimal() : n_(BN_new(), BN_free) {}
  explicit Decimal(double d) : Decimal() {
    std::string s = gotemplate::format_float(std::fabs(d), 'e', -1);
    size_t e = s.find('e');
    std::string digits;
    for (char c : s.substr(0, e))
      if (c != '.') digits += c;
    exponent_ = std::atoi(s.c_str() + e + 1) - (static_cast<int>(digits.size()) - 1);
    BIGNUM* n = n_.get();
    BN_dec2bn(&n, digits.c_str());
    if (d < 0) BN_set_negative(n, 1);
  }
  bool is_zero() const { return BN_is_zero(n_.get()) != 0; }

  static Decimal add(const Decimal& a, const Decimal& b, bool subtract = false) {
    int e = std::min(a.exponent_, b.exponent_);
    Decimal x = a.scaled(e), y = b.scaled(e), out;
    out.exponent_ = e;
    (subtract ? BN_sub : BN_add)(out.n_.get(), x.n_.get(), y.n_.get());
    return out;
  }
  static Decimal multiply(const Decimal& a, const Decimal& b) {
    Decimal out;
    out.exponent_ = a.exponent_ + b.exponent_;
    BN_mul(out.n_.get(), a.n_.get(), b.n_.get(), context());
    return out;
  }
  // To 16 places after the point, halves away from zero.
  static Decimal divide(const Decimal& a, const Decimal& b) {
    constexpr int kPlaces = 16;
    Decimal x = a, y = b, out, rest;
    int e = a.exponent_ - b.exponent_ + kPlaces;
    if (e >= 0)
      x = a.times_ten(e);
    else
      y = b.times_ten(-e);
    bool negative = BN_is_negative(x.n_.get()) != BN_is_negative(y.n_.get());
    BN_set_negative(x.n_.get(), 0);
    BN_set_negative(y.n_.get(), 0);
    BN_div(out.n_.get(), rest.n_.get(), x.n_.get(), y.n_.get(), context());
    BN_lshift1(rest.n_.get(), rest.n_.get());
    if (BN_cmp(rest.n_.get(), y.n_.get()) >= 0) BN_add_word(out.n_.get(), 1);
    if (negative && !out.is_zero()) BN_set_negative(out.n_.get(), 1);
    out.exponent_ = -kPlaces;
    return out;
  }
  double to_double() const {
    std::unique_ptr<char, void (*)(char*)> digits(BN_bn2dec(n_.get()), [](char* p) { OPENSSL_free(p); });
    double d = 0;
    gotemplate::read_float(fmt::format("{}e{}", digits.get(), exponent_), d);
    return d;
  }

 private:
  static BN_CTX* context() {
    thread_local std::unique_ptr<BN_CTX, void (*)(BN_CTX*)> c(BN_CTX_new(), BN_CTX_free);
    return c.get();
  }
  Decimal times_ten(int n) const {
    Decimal power, ten, exponent, out;
    BN_set_word(ten.n_.get(), 10);
    BN_set_word(exponent.n_.get(), static_cast<BN_ULONG>(n));
    BN_exp(power.n_.get(), ten.n_.get(), exponent.n_.get(), context());
    BN_mul(out.n_.get(), n_.get(), power.n_.get(), context());
    out.exponent_ = exponent_ - n;
    return out;
  }
  Decimal scaled(int e) const { return e == exponent_ ? *this : times_ten(exponent_ - e); }

  struct Number : std::unique_ptr<BIGNUM, void (*)(BIGNUM*)> {
    using std::unique_ptr<BIGNUM, void (*)(BIGNUM*)>::unique_ptr;
    Number(const Number& o) : std::unique_ptr<BIGNUM, void (*)(BIGNUM*)>(BN_dup(o.get()), BN_free) {}
    Number(Number&&) = default;
    Number& operator=(const Number& o) {
      reset(BN_dup(o.get()));
      return *this;
    }
    Number& operator=(Number&&) = default;
  };
  Number n_;
  int exponent_ = 0;
};

enum class Operation { add, subtract, multiply, divide };

Any decimal(Call& c, const Any& first, std::span<const Any> rest, Operation op) {
  auto read = [&c](const Any& v, Decimal& out) {
    double d = to_float64(v);
    if (!std::isfinite(d)) return c.fail("Cannot create a Decimal from " + gotemplate::printed(Any::of(d))), false;
    out = Decimal(d);
    return true;
  };
  Decimal sum, x;
  if (!read(first, sum)) return Any();
  if (!c.charge(rest.size() * 1024)) return Any();
  for (const Any& v : rest) {
    if (!read(v, x)) return Any();
    switch (op) {
      case Operation::add:
        sum = Decimal::add(sum, x);
        break;
      case Operation::subtract:
        sum = Decimal::add(sum, x, true);
        break;
      case Operation::multiply:
        sum = Decimal::multiply(sum, x);
        break;
      case Operation::divide:
        if (x.is_zero()) return c.fail("decimal division by 0");
        sum = Decimal::divide(sum, x);
        break;
    }
  }
  return Any::of(sum.to_double());
}

template <Operation Op>
Any decimals(Call& c) {
  return decimal(c, c[0], c.arguments().subspan(1), Op);
}

// Go's untilStep; false: more than memory allows.
bool steps(Call& c, int64_t start, int64_t stop, int64_t step, std::vector<int64_t>& out) {
  if (stop < start ? step >= 0 : step <= 0) return true;
  auto distance = static_cast<unsigned __int128>(stop < start ? static_cast<__int128>(start) - stop
                                                              : static_cast<__int128>(stop) - start);
  auto width = static_cast<unsigned __int128>(step < 0 ? -static_cast<__int128>(step) : static_cast<__int128>(step));
  unsigned __int128 count = (distance + width - 1) / width;
  if (count > (size_t{1} << 40) || !c.charge(static_cast<size_t>(count) * 32)) {
    c.charge(SIZE_MAX);
    return false;
  }
  __int128 at = start;
  for (size_t i = 0; i < static_cast<size_t>(count); ++i, at += step) out.push_back(static_cast<int64_t>(at));
  return true;
}

Any ints(Call& c, const std::vector<int64_t>& all) {
  std::vector<Any> items;
  items.reserve(all.size());
  for (int64_t n : all) items.push_back(Any::of_int(n));
  return c.heap().list(std::move(items), types::int_list);
}

Any until_step(Call& c, int64_t start, int64_t stop, int64_t step) {
  std::vector<int64_t> all;
  if (!steps(c, start, stop, step, all)) return Any();
  return ints(c, all);
}

Any seq(Call& c) {
  int64_t start = 1, step = 1, end = 0, direction = 1;
  switch (c.size()) {
    case 1:
      end = c.integer(0);
      if (end < start) step = direction = -1;
      break;
    case 2:
      start = c.integer(0);
      end = c.integer(1);
      if (end < start) step = direction = -1;
      break;
    case 3:
      start = c.integer(0);
      step = c.integer(1);
      end = c.integer(2);
      if (end < start) {
        direction = -1;
        if (step > 0) return Any::of("");
      }
      break;
    default:
      return Any::of("");
  }
  std::vector<int64_t> all;
  if (!steps(c, start, wrapping(static_cast<uint64_t>(end) + static_cast<uint64_t>(direction)), step, all))
    return Any();
  std::string out;
  for (int64_t n : all) {
    if (!out.empty()) out += ' ';
    out += std::to_string(n);
  }
  return Any::of(out);
}

Any round(Call& c) {
  double on = c.size() > 2 ? c[2].as_float() : 0.5;
  double power = std::pow(10.0, static_cast<double>(c.integer(1)));
  double digit = power * to_float64(c[0]);
  double whole;
  double fraction = std::modf(digit, &whole);
  return Any::of((fraction >= on ? std::ceil(digit) : std::floor(digit)) / power);
}

double go_max(double a, double b) {
  if (std::isinf(a) && a > 0) return a;
  if (std::isinf(b) && b > 0) return b;
  if (std::isnan(a) || std::isnan(b)) return std::nan("");
  return std::fmax(a, b);
}
double go_min(double a, double b) {
  if (std::isinf(a) && a < 0) return a;
  if (std::isinf(b) && b < 0) return b;
  if (std::isnan(a) || std::isnan(b)) return std::nan("");
  return std::fmin(a, b);
}

}  // namespace

void add_numbers(Functions& f) {
  f.add("atoi", "(string) int", [](Call& c) {
    int64_t n = 0;
    // Atoi gives the nearest int when it is out of range, and 0 for what is no number.
    gotemplate::read_int(c.text(0), 10, n);
    return Any::of_int(n);
  });
  f.add("int", "(any) int", [](Call& c) { return Any::of_int(to_int64(c[0])); });
  f.add("int64", "(any) int64", [](Call& c) { return Any::of_int64(to_int64(c[0])); });
  f.add("float64", "(any) float64", [](Call& c) { return Any::of(to_float64(c[0])); });
  f.add("toDecimal", "(any) int64", [](Call& c) {
    int64_t n = 0;
    if (gotemplate::read_int(gotemplate::sprint(c.arguments()), 8, n) != gotemplate::ReadNumber::ok) n = 0;
    return Any::of_int64(n);
  });
  f.add("add1", "(any) int64", [](Call& c) { return Any::of_int64(wrapping(bits(c[0]) + 1)); });
  f.add("add", "(...any) int64", [](Call& c) {
    uint64_t sum = 0;
    for (const Any& v : c.arguments()) sum += bits(v);
    return Any::of_int64(wrapping(sum));
  });
  f.add("sub", "(any, any) int64", [](Call& c) { return Any::of_int64(wrapping(bits(c[0]) - bits(c[1]))); });
  f.add("mul", "(any, ...any) int64", [](Call& c) {
    uint64_t product = bits(c[0]);
    for (size_t i = 1; i < c.size(); ++i) product *= bits(c[i]);
    return Any::of_int64(wrapping(product));
  });
  f.add("div", "(any, any) int64", [](Call& c) {
    int64_t a = to_int64(c[0]), b = to_int64(c[1]);
    if (b == 0) return c.fail("runtime error: integer divide by zero");
    return Any::of_int64(b == -1 ? wrapping(0 - static_cast<uint64_t>(a)) : a / b);
  });
  f.add("mod", "(any, any) int64", [](Call& c) {
    int64_t a = to_int64(c[0]), b = to_int64(c[1]);
    if (b == 0) return c.fail("runtime error: integer divide by zero");
    return Any::of_int64(b == -1 ? 0 : a % b);
  });
  f.add("randInt", "(int, int) int", [](Call& c) {
    int64_t low = c.integer(0);
    auto range = wrapping(static_cast<uint64_t>(c.integer(1)) - static_cast<uint64_t>(low));
    if (range <= 0) return c.fail("invalid argument to Intn");
    if (!c.environment().random) return c.fail("no source of randomness here");
    uint64_t r = 0;
    c.environment().random(std::as_writable_bytes(std::span(&r, 1)));
    return Any::of_int(low + static_cast<int64_t>(r % static_cast<uint64_t>(range)));
  });
  f.add("add1f", "(any) float64", [](Call& c) {
    Any one[] = {Any::of_int(1)};
    return decimal(c, c[0], one, Operation::add);
  });
  f.add("addf", "(...any) float64", [](Call& c) { return decimal(c, Any::of(0.0), c.arguments(), Operation::add); });
  f.add("subf", "(any, ...any) float64", decimals<Operation::subtract>);
  f.add("mulf", "(any, ...any) float64", decimals<Operation::multiply>);
  f.add("divf", "(any, ...any) float64", decimals<Operation::divide>);
  for (const char* name : {"max", "biggest"})
    f.add(name, "(any, ...any) int64", [](Call& c) {
      int64_t best = to_int64(c[0]);
      for (size_t i = 1; i < c.size(); ++i) best = std::max(best, to_int64(c[i]));
      return Any::of_int64(best);
    });
  f.add("min", "(any, ...any) int64", [](Call& c) {
    int64_t best = to_int64(c[0]);
    for (size_t i = 1; i < c.size(); ++i) best = std::min(best, to_int64(c[i]));
    return Any::of_int64(best);
  });
  f.add("maxf", "(any, ...any) float64", [](Call& c) {
    double best = to_float64(c[0]);
    for (size_t i = 1; i < c.size(); ++i) best = go_max(best, to_float64(c[i]));
    return Any::of(best);
  });
  f.add("minf", "(any, ...any) float64", [](Call& c) {
    double best = to_float64(c[0]);
    for (size_t i = 1; i < c.size(); ++i) best = go_min(best, to_float64(c[i]));
    return Any::of(best);
  });
  f.add("ceil", "(any) float64", [](Call& c) { return Any::of(std::ceil(to_float64(c[0]))); });
  f.add("floor", "(any) float64", [](Call& c) { return Any::of(std::floor(to_float64(c[0]))); });
  f.add("round", "(any, int, ...float64) float64", round);
  f.add("until", "(int) []int", [](Call& c) { return until_step(c, 0, c.integer(0), c.integer(0) < 0 ? -1 : 1); });
  f.add("untilStep", "(int, int, int) []int",
        [](Call& c) { return until_step(c, c.integer(0), c.integer(1), c.integer(2)); });
  f.add("seq", "(...int) string", seq);
}

}  // namespace slipway::lang::sprig
