#include "render/helm/formats.h"

#include <arpa/inet.h>
#include <re2/re2.h>

#include <algorithm>

#include "base/text.h"
#include "lang/semver/semver.h"
#include "lang/sprig/regex_error.h"
#include "render/helm/go_json.h"

namespace slipway::render::helm {

namespace {

using Fault = std::optional<std::string>;

bool digits(std::string_view s) {
  return !s.empty() && std::ranges::all_of(s, [](unsigned char c) { return std::isdigit(c); });
}

std::string character(char c) {
  return fmt::format("invalid character '{}'", c);
}

Fault hostname(std::string_view s) {
  if (s.ends_with('.')) s.remove_suffix(1);
  if (s.size() > 253) return "more than 253 characters long";
  for (std::string_view label : base::split(s, '.')) {
    if (label.empty() || label.size() > 63) return "label must be 1 to 63 characters long";
    if (label.starts_with('-')) return "label starts with hyphen";
    if (label.ends_with('-')) return "label ends with hyphen";
    for (char c : label)
      if (!std::isalnum(static_cast<unsigned char>(c)) && c != '-') return character(c);
  }
  return std::nullopt;
}

Fault ipv4(std::string_view s) {
  auto groups = base::split(s, '.');
  if (groups.size() != 4) return "expected four decimals";
  for (std::string_view group : groups) {
    if (group.size() > 1 && group[0] == '0') return "leading zeros";
    if (!digits(group)) return fmt::format("strconv.Atoi: parsing {}: invalid syntax", go_quote(group));
    if (group.size() > 3 || *base::parse_int(group) > 255) return "decimal must be between 0 and 255";
  }
  return std::nullopt;
}

Fault ipv6(std::string_view s) {
  if (s.find(':') == s.npos) return "missing colon";
  if (s.find('%') != s.npos) return "zone-id is not allowed";
  in6_addr address;
  if (inet_pton(AF_INET6, std::string(s).c_str(), &address) == 1) return std::nullopt;
  return fmt::format("ParseAddr({}): unable to parse IP", go_quote(s));
}

Fault email(std::string_view s) {
  if (s.size() > 254) return "more than 255 characters long";
  size_t at = s.rfind('@');
  if (at == s.npos) return "missing @";
  std::string_view local = s.substr(0, at), domain = s.substr(at + 1);
  if (local.size() > 64) return "local part more than 64 characters long";
  if (local.size() > 1 && local.front() == '"' && local.back() == '"') {
    local = local.substr(1, local.size() - 2);
    if (local.find_first_of("\\\"") != local.npos)
      return "backslash and quote are not allowed within quoted local part";
  } else {
    if (local.starts_with('.')) return "starts with dot";
    if (local.ends_with('.')) return "ends with dot";
    if (local.find("..") != local.npos) return "consecutive dots";
    for (char c : local)
      if (!std::isalnum(static_cast<unsigned char>(c)) &&
          std::string_view(".!#$%&'*+-/=?^_`{|}~").find(c) == std::string_view::npos)
        return character(c);
  }
  if (domain.starts_with('[') && domain.ends_with(']')) {
    domain = domain.substr(1, domain.size() - 2);
    if (domain.starts_with("IPv6:")) {
      if (auto wrong = ipv6(domain.substr(5))) return "invalid ipv6 address: " + *wrong;
      return std::nullopt;
    }
    if (auto wrong = ipv4(domain)) return "invalid ipv4 address: " + *wrong;
    return std::nullopt;
  }
  if (auto wrong = hostname(domain)) return "invalid domain: " + *wrong;
  return std::nullopt;
}

Fault date(std::string_view s) {
  bool form = s.size() == 10 && s[4] == '-' && s[7] == '-' && digits(s.substr(0, 4)) && digits(s.substr(5, 2)) &&
              digits(s.substr(8, 2));
  if (!form) return fmt::format("parsing time {0} as \"2006-01-02\": cannot parse {0} as \"2006\"", go_quote(s));
  int year = static_cast<int>(*base::parse_int(s.substr(0, 4))),
      month = static_cast<int>(*base::parse_int(s.substr(5, 2)));
  int day = static_cast<int>(*base::parse_int(s.substr(8, 2)));
  if (month < 1 || month > 12) return fmt::format("parsing time {}: month out of range", go_quote(s));
  static constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  if (day < 1 || day > days[month - 1] + (leap && month == 2 ? 1 : 0))
    return fmt::format("parsing time {}: day out of range", go_quote(s));
  return std::nullopt;
}

Fault time_of_day(std::string_view s) {
  if (s.size() < 9) return "less than 9 characters long";
  if (s[2] != ':' || s[5] != ':') return "missing colon in correct place";
  if (!digits(s.substr(0, 2)) || !digits(s.substr(3, 2)) || !digits(s.substr(6, 2))) return "invalid hour/min/sec";
  auto h = *base::parse_int(s.substr(0, 2)), m = *base::parse_int(s.substr(3, 2)),
       sec = *base::parse_int(s.substr(6, 2));
  if (h > 23 || m > 59 || sec > 60) return "hour/min/sec out of range";
  s.remove_prefix(8);
  if (s.starts_with('.')) {
    s.remove_prefix(1);
    size_t n = 0;
    while (n < s.size() && std::isdigit(static_cast<unsigned char>(s[n]))) ++n;
    if (n == 0) return "no digits in second fraction";
    s.remove_prefix(n);
  }
  if (s != "z" && s != "Z") {
    if (s.size() != 6) return "offset must be 6 characters long";
    if (s[0] != '+' && s[0] != '-') return "offset must begin with plus/minus";
    int sign = s[0] == '+' ? -1 : 1;
    if (s[3] != ':') return "missing colon in offset in correct place";
    if (!digits(s.substr(1, 2)) || !digits(s.substr(4, 2))) return "invalid hour/min in offset";
    auto zh = *base::parse_int(s.substr(1, 2)), zm = *base::parse_int(s.substr(4, 2));
    if (zh > 23 || zm > 59) return "hour/min in offset out of range";
    auto hm = h * 60 + m + sign * (zh * 60 + zm);
    if (hm < 0) hm += 24 * 60;
    h = hm / 60;
    m = hm % 60;
  }
  if (sec >= 60 && (h != 23 || m != 59)) return "invalid leap second";
  return std::nullopt;
}

Fault date_time(std::string_view s) {
  if (s.size() < 20) return "less than 20 characters long";
  if (s[10] != 't' && s[10] != 'T') return "11th character must be t or T";
  if (auto wrong = date(s.substr(0, 10))) return "invalid date element: " + *wrong;
  if (auto wrong = time_of_day(s.substr(11))) return "invalid time element: " + *wrong;
  return std::nullopt;
}

Fault uri_reference(std::string_view s) {
  for (size_t i = 0; i < s.size(); ++i) {
    if (static_cast<unsigned char>(s[i]) < 0x20 || s[i] == 0x7F)
      return fmt::format("parse {}: net/url: invalid control character in URL", go_quote(s));
    if (s[i] != '%') continue;
    bool hex = i + 2 < s.size() && std::isxdigit(static_cast<unsigned char>(s[i + 1])) &&
               std::isxdigit(static_cast<unsigned char>(s[i + 2]));
    if (!hex) return fmt::format("parse {}: invalid URL escape {}", go_quote(s), go_quote(s.substr(i, 3)));
  }
  if (s.starts_with(':')) return fmt::format("parse {}: missing protocol scheme", go_quote(s));
  return std::nullopt;
}

Fault uri(std::string_view s) {
  if (auto wrong = uri_reference(s)) return wrong;
  size_t colon = s.find_first_of(":/?#");
  bool absolute = colon != s.npos && colon > 0 && s[colon] == ':' && std::isalpha(static_cast<unsigned char>(s[0]));
  return absolute ? Fault() : "relative url";
}

Fault uuid(std::string_view s) {
  auto parts = base::split(s, '-');
  if (parts.size() != 5) return "must have 5 elements";
  static constexpr size_t lengths[] = {8, 4, 4, 4, 12};
  for (size_t i = 0; i < 5; ++i) {
    for (char c : parts[i])
      if (!std::isxdigit(static_cast<unsigned char>(c))) return character(c);
    if (parts[i].size() != lengths[i]) return fmt::format("element {} must be {} characters long", i + 1, lengths[i]);
  }
  return std::nullopt;
}

Fault json_pointer(std::string_view s) {
  if (s.empty()) return std::nullopt;
  if (!s.starts_with('/')) return "not starting with /";
  for (size_t i = 0; i < s.size(); ++i) {
    if (s[i] == '~' && (i + 1 == s.size() || (s[i + 1] != '0' && s[i + 1] != '1')))
      return i + 1 == s.size() ? "~ must be followed by 0 or 1" : "~ must be followed by 0 or 1";
  }
  return std::nullopt;
}

Fault regex(std::string_view s) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  re2::RE2 expression(re2::StringPiece(s.data(), s.size()), options);
  if (expression.ok()) return std::nullopt;
  return lang::sprig::go_regex_error(expression, s);
}

Fault duration(std::string_view s) {
  static const re2::RE2 form(
      "P(\\d+W|(\\d+Y(\\d+M(\\d+D)?)?|\\d+M(\\d+D)?|\\d+D)?(T(\\d+H(\\d+M(\\d+S)?)?|\\d+M(\\d+S)?|\\d+S))?)");
  if (!s.starts_with('P')) return "must start with P";
  if (s.size() == 1) return "nothing after P";
  return re2::RE2::FullMatch(re2::StringPiece(s.data(), s.size()), form) ? Fault() : "must have digits before unit";
}

}  // namespace

std::optional<std::string> format_fault(std::string_view format, std::string_view text) {
  static constexpr std::pair<std::string_view, Fault (*)(std::string_view)> all[] = {{"hostname", hostname},
                                                                                     {"ipv4", ipv4},
                                                                                     {"ipv6", ipv6},
                                                                                     {"email", email},
                                                                                     {"date", date},
                                                                                     {"time", time_of_day},
                                                                                     {"date-time", date_time},
                                                                                     {"uri", uri},
                                                                                     {"iri", uri},
                                                                                     {"uri-reference", uri_reference},
                                                                                     {"iri-reference", uri_reference},
                                                                                     {"uuid", uuid},
                                                                                     {"json-pointer", json_pointer},
                                                                                     {"regex", regex},
                                                                                     {"duration", duration}};
  for (auto [name, check] : all)
    if (name == format) return check(text);
  return std::nullopt;
}

}  // namespace slipway::render::helm
