// Comparing needs the digits alone. Multiples: v × 10^x is one of 2^p × 5^q × r where r, which shares no factor with
// 10, divides v, and v × 10^x has the twos and fives; v has 64 bits, so a larger r never divides it.
#include "render/helm/decimal.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <vector>

namespace slipway::render::helm {

namespace {

constexpr int64_t kExponentMax = 1'000'000;  // math/big's

// Digits of a divisor that are looked at for its factors. One of more is a multiple of another number than 2, 5 and 64
// bits' worth, unless somebody wrote out such a power; to divide it again and again would take minutes.
constexpr size_t kFactoredMax = 20'000;

// A number without an end, least significant limb first.
constexpr uint64_t kLimb = 1'000'000'000'000'000'000;  // 18 digits
using Limbs = std::vector<uint64_t>;

Limbs limbs(std::string_view digits) {
  Limbs out;
  while (!digits.empty()) {
    std::string_view last = digits.substr(digits.size() - std::min<size_t>(digits.size(), 18));
    uint64_t limb = 0;
    std::from_chars(last.data(), last.data() + last.size(), limb);
    out.push_back(limb);
    digits.remove_suffix(last.size());
  }
  return out;
}

// Divides in place, gives what remains.
uint64_t divide(Limbs& number, uint64_t by) {
  uint64_t rest = 0;
  for (size_t i = number.size(); i > 0; --i) {
    auto here = static_cast<unsigned __int128>(rest) * kLimb + number[i - 1];
    number[i - 1] = static_cast<uint64_t>(here / by);
    rest = static_cast<uint64_t>(here % by);
  }
  while (!number.empty() && number.back() == 0) number.pop_back();
  return rest;
}

// How often `prime` is in it; what is left is in `number`.
int64_t take_out(Limbs& number, uint64_t prime) {
  int64_t count = 0;
  int at_once = prime == 2 ? 32 : 16;
  uint64_t power = 1;
  for (int i = 0; i < at_once; ++i) power *= prime;
  while (at_once > 0) {
    Limbs less = number;
    if (divide(less, power) == 0) {
      number = std::move(less);
      count += at_once;
    } else {
      for (int i = 0; i < (at_once + 1) / 2; ++i) power /= prime;
      at_once /= 2;
    }
  }
  return count;
}

int64_t take_out(uint64_t& number, uint64_t prime) {
  int64_t count = 0;
  for (; number % prime == 0; number /= prime) ++count;
  return count;
}

}  // namespace

std::optional<Decimal> Decimal::read(std::string_view text) {
  Decimal out;
  if (text.starts_with('-') || text.starts_with('+')) {
    out.negative_ = text[0] == '-';
    text.remove_prefix(1);
  }
  size_t e = text.find_first_of("eE");
  if (e != text.npos) {
    std::string_view said = text.substr(e + 1);
    if (said.starts_with('+')) said.remove_prefix(1);
    auto read = std::from_chars(said.data(), said.data() + said.size(), out.exponent_);
    if (read.ec != std::errc() || read.ptr != said.data() + said.size()) return std::nullopt;
    text = text.substr(0, e);
  }
  size_t point = std::min(text.find('.'), text.size());
  out.digits_ = text.substr(0, point);
  if (point < text.size()) out.digits_ += text.substr(point + 1);
  out.digits_.erase(0, std::min(out.digits_.find_first_not_of('0'), out.digits_.size()));
  if (out.digits_.empty()) return Decimal();
  auto fraction = static_cast<int64_t>(text.size() - std::min(point + 1, text.size()));
  if (out.exponent_ < fraction - kExponentMax || out.exponent_ > fraction + kExponentMax) return std::nullopt;
  out.exponent_ -= fraction;
  size_t end = out.digits_.find_last_not_of('0') + 1;
  out.exponent_ += static_cast<int64_t>(out.digits_.size() - end);
  out.digits_.resize(end);
  return out;
}

int64_t Decimal::low_bits() const {
  uint64_t bits = 0;
  constexpr size_t all = 64;  // 10^64 is a multiple of 2^64
  for (char c : digits_.substr(digits_.size() - std::min(all, digits_.size())))
    bits = bits * 10 + static_cast<uint64_t>(c - '0');
  for (int64_t i = 0; i < exponent_ && bits != 0; ++i) bits *= 10;
  return static_cast<int64_t>(negative_ ? 0 - bits : bits);
}

double Decimal::nearest() const {
  if (digits_.empty()) return 0;
  std::string text = (negative_ ? "-" : "") + digits_ + "e" + std::to_string(exponent_);
  return std::strtod(text.c_str(), nullptr);
}

std::strong_ordering Decimal::operator<=>(const Decimal& other) const {
  auto sign = [](const Decimal& d) { return d.digits_.empty() ? 0 : d.negative_ ? -1 : 1; };
  if (sign(*this) != sign(other)) return sign(*this) <=> sign(other);
  return negative_ ? other.compare_magnitude(*this) : compare_magnitude(other);
}

std::strong_ordering Decimal::compare_magnitude(const Decimal& other) const {
  auto leads_at = [](const Decimal& d) { return static_cast<int64_t>(d.digits_.size()) + d.exponent_; };
  if (leads_at(*this) != leads_at(other)) return leads_at(*this) <=> leads_at(other);
  return digits_ <=> other.digits_;
}

Divisor::Divisor(const Decimal& of) : twos_(of.exponent_), fives_(of.exponent_) {
  if (of.digits_.empty() || of.digits_.size() > kFactoredMax) return;
  Limbs left = limbs(of.digits_);
  twos_ += take_out(left, 2);
  fives_ += take_out(left, 5);
  if (left.size() > 2) return;
  unsigned __int128 rest = left[0];
  if (left.size() == 2) rest += static_cast<unsigned __int128>(left[1]) * kLimb;
  if (rest <= UINT64_MAX) rest_ = static_cast<uint64_t>(rest);
}

bool Divisor::divides(const Decimal& value) const {
  if (value.digits_.empty()) return true;
  if (!rest_) return false;
  uint64_t digits = 0;
  std::from_chars(value.digits_.data(), value.digits_.data() + value.digits_.size(), digits);
  if (digits == 0 || digits % *rest_ != 0) return false;
  return take_out(digits, 2) + value.exponent_ >= twos_ && take_out(digits, 5) + value.exponent_ >= fives_;
}

}  // namespace slipway::render::helm
