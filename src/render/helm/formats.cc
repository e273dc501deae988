// As the JSON schema library of Helm judges texts, in its order of faults and in its words.
#include "render/helm/formats.h"

#include <re2/re2.h>

#include <algorithm>
#include <functional>

#include "base/text.h"
#include "lang/gotemplate/quote.h"
#include "lang/sprig/go_address.h"
#include "lang/sprig/go_time.h"
#include "lang/sprig/go_url.h"
#include "lang/sprig/regex_error.h"
#include "render/helm/go_json.h"

namespace slipway::render::helm {

namespace {

using Fault = std::optional<std::string>;

bool digits(std::string_view s) {
  return !s.empty() && std::ranges::all_of(s, [](unsigned char c) { return std::isdigit(c); });
}

// 'c' as Go's %q writes a character.
std::string quoted_rune(uint32_t c) {
  std::string out = "'";
  lang::gotemplate::append_escaped(out, c, true, 0, '\'', false);
  return out + "'";
}

std::string quoted_byte(char c) {
  return quoted_rune(static_cast<unsigned char>(c));
}

// The first character that `fits` refuses; nothing when there is none.
std::optional<uint32_t> stranger(std::string_view text, const std::function<bool(uint32_t)>& fits) {
  std::optional<uint32_t> out;
  for_each_rune(text, [&](uint32_t rune, std::string_view) {
    if (!out && !fits(rune)) out = rune;
  });
  return out;
}
bool is_alnum(uint32_t c) {
  return c < 0x80 && std::isalnum(static_cast<int>(c));
}
bool is_one_of(uint32_t c, std::string_view all) {
  return c < 0x80 && all.find(static_cast<char>(c)) != all.npos;
}

Fault hostname(std::string_view s) {
  if (s.ends_with('.')) s.remove_suffix(1);
  if (s.size() > 253) return "more than 253 characters long";
  for (std::string_view label : base::split(s, '.')) {
    if (label.empty() || label.size() > 63) return "label must be 1 to 63 characters long";
    if (label.starts_with('-')) return "label starts with hyphen";
    if (label.ends_with('-')) return "label ends with hyphen";
    if (auto c = stranger(label, [](uint32_t r) { return is_alnum(r) || r == '-'; }))
      return "invalid character " + quoted_rune(*c);
  }
  return std::nullopt;
}

// As strconv.Atoi.
Fault atoi(std::string_view s, int64_t& out) {
  std::string_view number = s.starts_with('+') || s.starts_with('-') ? s.substr(1) : s;
  auto wrong = [&](const char* what) { return fmt::format("strconv.Atoi: parsing {}: {}", go_quote(s), what); };
  if (!digits(number)) return wrong("invalid syntax");
  auto value = base::parse_int(s.starts_with('+') ? number : s);
  if (!value) return wrong("value out of range");
  out = *value;
  return std::nullopt;
}

Fault ipv4(std::string_view s) {
  auto groups = base::split(s, '.');
  if (groups.size() != 4) return "expected four decimals";
  for (std::string_view group : groups) {
    if (group.size() > 1 && group[0] == '0') return "leading zeros";
    int64_t n = 0;
    if (auto wrong = atoi(group, n)) return *wrong;
    if (n < 0 || n > 255) return "decimal must be between 0 and 255";
  }
  return std::nullopt;
}

Fault ipv6(std::string_view s) {
  if (s.find(':') == s.npos) return "missing colon";
  if (auto wrong = lang::sprig::address_fault(s)) return wrong;
  return s.find('%') == s.npos ? Fault() : "zone id is not a part of ipv6 address";
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
    if (auto c = stranger(local, [](uint32_t r) { return is_alnum(r) || is_one_of(r, ".!#$%&'*+-/=?^_`{|}~"); }))
      return "invalid character " + quoted_rune(*c);
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
  lang::sprig::Time time;
  std::string error;
  if (lang::sprig::Time::parse("2006-01-02", s, lang::sprig::Zone::utc(), time, error)) return std::nullopt;
  return error;
}

Fault time_of_day(std::string_view s) {
  if (s.size() < 9) return "less than 9 characters long";
  if (s[2] != ':' || s[5] != ':') return "missing colon in correct place";
  int64_t hms[3];
  for (size_t i = 0; i < 3; ++i) {
    if (atoi(s.substr(3 * i, 2), hms[i])) return "invalid hour/min/sec";
    if (hms[i] < 0) return "non-positive hour/min/sec";
  }
  auto [h, m, sec] = hms;
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
    int64_t zh = 0, zm = 0;
    for (auto [text, number] : {std::pair{s.substr(1, 2), &zh}, {s.substr(4, 2), &zm}}) {
      if (atoi(text, *number)) return "invalid hour/min in offset";
      if (*number < 0) return "non-positive hour/min in offset";
    }
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

Fault parse_url(std::string_view s, lang::sprig::Url& out) {
  std::string error;
  if (!lang::sprig::Url::parse(s, out, error)) return error;
  std::string host = out.hostname();
  if (host.find(':') == host.npos) return std::nullopt;
  if (out.host.find('[') == out.host.npos || out.host.find(']') == out.host.npos)
    return "ipv6 address not enclosed in brackets";
  if (auto wrong = ipv6(host)) return "invalid ipv6 address: " + *wrong;
  return std::nullopt;
}

Fault uri_reference(std::string_view s) {
  lang::sprig::Url url;
  return s.find('\\') != s.npos ? Fault("contains \\") : parse_url(s, url);
}

Fault uri(std::string_view s) {
  lang::sprig::Url url;
  if (auto wrong = parse_url(s, url)) return wrong;
  return url.scheme.empty() ? "relative url" : Fault();
}

Fault uri_template(std::string_view s) {
  lang::sprig::Url url;
  if (auto wrong = parse_url(s, url)) return wrong;
  for (std::string_view part : base::split(url.raw_path, '/')) {
    std::string text, error;
    if (!lang::sprig::unescape_path(part, text, error)) return "percent decode failed: " + error;
    bool open = false;
    for (char c : text) {
      if (c != '{' && c != '}') continue;
      if ((c == '{') == open) return "nested curly braces";
      open = !open;
    }
    if (open) return "no matching closing brace";
  }
  return std::nullopt;
}

Fault uuid(std::string_view s) {
  auto groups = base::split(s, '-');
  if (groups.size() != 5) return "must have 5 elements";
  static constexpr size_t lengths[] = {8, 4, 4, 4, 12};
  for (size_t i = 0; i < 5; ++i) {
    if (groups[i].size() != lengths[i]) return fmt::format("element {} must be {} characters long", i + 1, lengths[i]);
    if (auto c = stranger(groups[i], [](uint32_t r) { return is_one_of(r, "0123456789abcdefABCDEF"); }))
      return "non-hex character " + quoted_rune(*c);
  }
  return std::nullopt;
}

Fault json_pointer(std::string_view s) {
  if (s.empty()) return std::nullopt;
  if (!s.starts_with('/')) return "not starting with /";
  for (size_t i = 0; i < s.size(); ++i)
    if (s[i] == '~' && (i + 1 == s.size() || (s[i + 1] != '0' && s[i + 1] != '1')))
      return "~ must be followed by 0 or 1";
  return std::nullopt;
}

Fault relative_json_pointer(std::string_view s) {
  size_t length = std::min(s.find_first_not_of("0123456789"), s.size());
  if (length == 0) return "must start with non-negative integer";
  if (length > 1 && s[0] == '0') return "starts with zero";
  s.remove_prefix(length);
  return s == "#" ? Fault() : json_pointer(s);
}

Fault regex(std::string_view s) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  re2::RE2 expression(re2::StringPiece(s.data(), s.size()), options);
  if (expression.ok()) return std::nullopt;
  return lang::sprig::go_regex_error(expression, s);
}

Fault duration(std::string_view s) {
  if (!s.starts_with('P')) return "must start with P";
  s.remove_prefix(1);
  if (s.empty()) return "nothing after P";
  if (s.ends_with('W')) {
    s.remove_suffix(1);
    if (s.empty()) return "no number in week";
    return digits(s) ? Fault() : "invalid week";
  }
  constexpr std::string_view all[] = {"YMD", "HMS"};
  auto parts = base::split(s, 'T');
  for (size_t i = 0; i < parts.size(); ++i) {
    std::string_view part = parts[i];
    if (i > 0 && part.empty()) return "no time elements";
    if (i > 1) return "more than one T";
    std::string_view units = all[i];
    while (!part.empty()) {
      size_t length = std::min(part.find_first_not_of("0123456789"), part.size());
      if (length == 0) return "missing number";
      if (length == part.size()) return "missing unit";
      char unit = part[length];
      size_t at = units.find(unit);
      if (at == units.npos)
        return all[i].find(unit) != all[i].npos ? fmt::format("unit {} out of order", quoted_byte(unit))
                                                : fmt::format("invalid unit {}", quoted_byte(unit));
      units.remove_prefix(at + 1);
      part.remove_prefix(length + 1);
    }
  }
  return std::nullopt;
}

Fault period(std::string_view s) {
  size_t slash = s.find('/');
  if (slash == s.npos) return "missing slash";
  std::string_view start = s.substr(0, slash), end = s.substr(slash + 1);
  auto within = [](const char* what, Fault fault) { return fault ? Fault(what + *fault) : Fault(); };
  if (start.starts_with('P')) {
    if (auto wrong = within("invalid start duration: ", duration(start))) return wrong;
    return within("invalid end date-time: ", date_time(end));
  }
  if (auto wrong = within("invalid start date-time: ", date_time(start))) return wrong;
  if (end.starts_with('P')) return within("invalid end duration: ", duration(end));
  return within("invalid end date-time: ", date_time(end));
}

bool identifier(uint32_t c) {
  return is_alnum(c) || c == '-';
}

Fault semver(std::string_view s) {
  if (size_t plus = s.find('+'); plus != s.npos) {
    std::string_view build = s.substr(plus + 1);
    if (build.empty()) return "build is empty";
    for (std::string_view id : base::split(build, '.')) {
      if (id.empty()) return "build identifier is empty";
      if (auto c = stranger(id, identifier))
        return fmt::format("invalid character {} in build identifier", quoted_rune(*c));
    }
    s = s.substr(0, plus);
  }
  if (size_t dash = s.find('-'); dash != s.npos) {
    for (std::string_view id : base::split(s.substr(dash + 1), '.')) {
      if (id.empty()) return "pre-release identifier is empty";
      if (auto c = stranger(id, identifier))
        return fmt::format("invalid character {} in pre-release identifier", quoted_rune(*c));
      if (digits(id) && id.size() > 1 && id[0] == '0') return "pre-release numeric identifier starts with zero";
    }
    s = s.substr(0, dash);
  }
  auto numbers = base::split(s, '.');
  if (numbers.size() != 3) return "versionCore must have 3 numbers separated by dot";
  static constexpr const char* names[] = {"major", "minor", "patch"};
  for (size_t i = 0; i < 3; ++i) {
    if (numbers[i].empty()) return fmt::format("{} is empty", names[i]);
    if (numbers[i].size() > 1 && numbers[i][0] == '0') return fmt::format("{} starts with zero", names[i]);
    if (!digits(numbers[i])) return fmt::format("{} contains non-digit", names[i]);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> format_fault(std::string_view format, std::string_view text) {
  static constexpr std::pair<std::string_view, Fault (*)(std::string_view)> all[] = {
      {"hostname", hostname},
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
      {"uri-template", uri_template},
      {"uuid", uuid},
      {"json-pointer", json_pointer},
      {"relative-json-pointer", relative_json_pointer},
      {"regex", regex},
      {"duration", duration},
      {"period", period},
      {"semver", semver}};
  for (auto [name, check] : all)
    if (name == format) return check(text);
  return std::nullopt;
}

}  // namespace slipway::render::helm
