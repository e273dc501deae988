// Numbers exactly as they are written. The validator that Helm uses keeps those of schemas as fractions (Go's
// math/big), while values are doubles by their shortest digits, or 64 bits.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace slipway::render::helm {

// digits × 10^exponent, with no 0 at either end of the digits; zero has none, and no sign.
class Decimal {
 public:
  // What JSON or Go writes as a number. Nothing: an exponent that math/big refuses, beyond a million or 64 bits.
  static std::optional<Decimal> read(std::string_view text);

  bool is_integer() const { return exponent_ >= 0; }
  int64_t low_bits() const;  // of an integer, as big.Int's Int64: those of the magnitude, then the sign
  double nearest() const;    // infinite beyond a double's range, -0 for what is below 0 and too small
  std::strong_ordering operator<=>(const Decimal& other) const;
  bool operator==(const Decimal&) const = default;

 private:
  friend class Divisor;
  std::strong_ordering compare_magnitude(const Decimal& other) const;

  bool negative_ = false;
  std::string digits_;
  int64_t exponent_ = 0;
};

// A number that others may be multiples of, taken apart once: 2^twos × 5^fives × rest.
class Divisor {
 public:
  explicit Divisor(const Decimal& of);
  // Whether it goes into `value`, of at most 19 digits, without a rest.
  bool divides(const Decimal& value) const;

 private:
  int64_t twos_ = 0, fives_ = 0;
  std::optional<uint64_t> rest_;  // none: more than 64 bits, which nothing of 19 digits is a multiple of
};

}  // namespace slipway::render::helm
