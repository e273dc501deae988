#include "render/helm/schema_numbers.h"

#include <algorithm>
#include <cmath>

#include "value/json.h"

namespace slipway::render::helm {

namespace {

// Whole numbers up to here are doubles. One of them lies on the same side of another double as of its shortest digits.
bool is_double(const Value& integer) {
  constexpr int64_t most = int64_t{1} << 53;
  return integer.as_int() >= -most && integer.as_int() <= most;
}

}  // namespace

bool Numbers::is_integer(const Value& number) {
  if (number.is_int()) return true;
  if (written_ == nullptr) return number.as_double() == std::trunc(number.as_double());
  const auto& exact = of(number);
  return exact && exact->is_integer();
}

const std::optional<Decimal>& Numbers::of(const Value& number) {
  auto [at, fresh] = read_.try_emplace(&number);
  if (fresh) at->second = Decimal::read(written_ != nullptr ? written_->spelling(number) : value::to_json(number));
  return at->second;
}

const Divisor* Numbers::divisor(const Value& number) {
  auto [at, fresh] = divisors_.try_emplace(&number);
  if (const auto& exact = of(number); fresh && exact) at->second.emplace(*exact);
  return at->second ? &*at->second : nullptr;
}

std::optional<int64_t> Numbers::count(const Value& v) {
  if (v.is_int()) return v.as_int();
  if (!v.is_number() || !is_integer(v)) return std::nullopt;
  return of(v)->low_bits();
}

double Numbers::nearest(const Value& number) {
  if (number.is_int() || written_ == nullptr) return number.as_double();
  auto [at, fresh] = nearest_.try_emplace(&number);
  if (fresh) at->second = of(number)->nearest();
  return at->second;
}

bool Numbers::has_unreadable(const Value& v) {
  if (written_ == nullptr) return false;
  if (v.is_number()) return !v.is_int() && !of(v);
  return std::ranges::any_of(v.items(), [this](const Value& item) { return has_unreadable(item); }) ||
         std::ranges::any_of(v.members(), [this](const value::Member& m) { return has_unreadable(m.value); });
}

std::optional<std::strong_ordering> compare(Numbers& as, const Value& a, Numbers& bs, const Value& b) {
  if (a.is_int() && b.is_int()) return a.as_int() <=> b.as_int();
  if (!a.is_int() && as.written_ == nullptr && b.is_int() && is_double(b)) {
    if (a.as_double() < b.as_double()) return std::strong_ordering::less;
    return a.as_double() > b.as_double() ? std::strong_ordering::greater : std::strong_ordering::equal;
  }
  const auto &x = as.of(a), &y = bs.of(b);
  if (!x || !y) return std::nullopt;
  return *x <=> *y;
}

bool equal(Numbers& as, const Value& a, Numbers& bs, const Value& b) {
  if (a.is_number() && b.is_number())
    return a.as_double() == b.as_double() && compare(as, a, bs, b) == std::strong_ordering::equal;
  if (a.is_object() && b.is_object()) {
    auto x = a.members(), y = b.members();  // sorted
    return std::ranges::equal(x, y, [&](const value::Member& m, const value::Member& n) {
      return m.key.view() == n.key.view() && equal(as, m.value, bs, n.value);
    });
  }
  if (a.is_array() && b.is_array())
    return std::ranges::equal(a.items(), b.items(),
                              [&](const Value& i, const Value& j) { return equal(as, i, bs, j); });
  return a == b;
}

}  // namespace slipway::render::helm
