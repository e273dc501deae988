#include "render/helm/schema_faults.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "render/helm/go_json.h"
#include "value/number.h"

namespace slipway::render::helm {

namespace {

std::string grouped(std::string digits) {
  size_t start = digits.starts_with('-') ? 1 : 0;
  size_t end = std::min(digits.find('.'), digits.size());
  for (size_t i = end; i > start + 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

void print(const Fault& fault, int indent, std::string& out) {
  bool skip = fault.reference && fault.causes.size() == 1;
  if (!skip) {
    if (!out.empty()) out += '\n';
    out.append(static_cast<size_t>(indent) * 2, ' ');
    out += "- at " + quoted(fault.at) + ": " + fault.text;
  }
  for (const Fault& cause : fault.causes) print(cause, skip ? indent : indent + 1, out);
}

}  // namespace

std::string quoted(std::string_view text) {
  std::string out = go_quote(text);
  out = base::replace_all(std::move(out), "\\\"", "\"");
  out = base::replace_all(std::move(out), "'", "\\'");
  return "'" + out.substr(1, out.size() - 2) + "'";
}

std::string all_quoted(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + quoted(text);
  return out;
}

// x/text's English: digits in threes, exponents as powers of ten.
std::string number_text(double d) {
  if (std::isinf(d)) return d < 0 ? "-∞" : "∞";
  std::string text = value::go_format_g(d == 0 ? 0 : d);  // of a fraction, which has no -0
  size_t e = text.find('e');
  if (e == text.npos) return grouped(text);
  std::string out = text.substr(0, e) + "×10";
  static constexpr const char* superscripts[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  for (char c : text.substr(e + 1)) {
    if (c == '-')
      out += "⁻";
    else if (c >= '0' && c <= '9')
      out += superscripts[c - '0'];
  }
  return out;
}

std::string count_text(int64_t n) {
  return grouped(std::to_string(n));
}

std::string printed(const Faults& faults) {
  std::string out;
  for (const Fault& fault : faults) print(fault, 0, out);
  return out;
}

}  // namespace slipway::render::helm
