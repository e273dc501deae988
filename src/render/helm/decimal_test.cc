#include "render/helm/decimal.h"

#include <doctest/doctest.h>

#include <string>

namespace slipway::render::helm {

TEST_CASE("decimals compare as they are written") {
  auto order = [](std::string_view a, std::string_view b) { return *Decimal::read(a) <=> *Decimal::read(b); };
  CHECK(order("0.1", "0.10000000000000000000001") < 0);
  CHECK(order("-0.1", "-0.10000000000000000000001") > 0);
  CHECK(order("1e400", "10e399") == 0);
  CHECK(order("-0", "0e9") == 0);
  CHECK(order("-1e-400", "0") < 0);
  CHECK(order("99999999999999999999", "1e20") < 0);
  CHECK_FALSE(Decimal::read("1e1000001"));
  CHECK(Decimal::read("1.5e1000001"));
  CHECK(Decimal::read("0e1000001"));
  CHECK_FALSE(Decimal::read("0e9999999999999999999"));
}

TEST_CASE("a decimal's low bits and its double") {
  CHECK(Decimal::read("18446744073709551621")->low_bits() == 5);
  CHECK(Decimal::read("-18446744073709551621")->low_bits() == -5);
  CHECK(Decimal::read("9223372036854775808")->low_bits() == INT64_MIN);
  CHECK(Decimal::read("7" + std::string(63, '0') + "3")->low_bits() == Decimal::read("7e64")->low_bits() + 3);
  CHECK(Decimal::read("1e999999")->low_bits() == 0);
  CHECK(Decimal::read("1.0")->is_integer());
  CHECK_FALSE(Decimal::read("1.00000000000000000000001")->is_integer());
  CHECK(Decimal::read("30.000000000000000000e-1")->nearest() == 3);
}

TEST_CASE("multiples of decimals") {
  auto divides = [](std::string_view divisor, std::string_view value) {
    return Divisor(*Decimal::read(divisor)).divides(*Decimal::read(value));
  };
  CHECK(divides("0.1", "0.3"));
  CHECK_FALSE(divides("0.1", "0.35"));
  CHECK(divides("0.7", "-4.9e300"));
  CHECK(divides("1180591620717411303424", "1180591620717411303424e0") == false);  // 22 digits are no value's
  CHECK(divides("1180591620717411303424e-100", "1"));                             // 2^70
  CHECK(divides("1180591620717411303424", "1e70"));
  CHECK_FALSE(divides("1180591620717411303424", "1e69"));
  CHECK(divides("23283064365386962890625", "1e32"));  // 5^32
  CHECK_FALSE(divides("23283064365386962890625", "1e31"));
  CHECK(divides("3e-999999", "3"));
  CHECK_FALSE(divides("3e999999", "3"));
  CHECK(divides("18446744073709551557e5", "0"));
  CHECK_FALSE(divides("340282366920938463463374607431768211297", "1e300"));
  CHECK_FALSE(divides("1" + std::string(30'000, '3'), "1e300"));
}

}  // namespace slipway::render::helm
