// The rules as small scanners (they run for every label of every write), the texts as apimachinery prints them.
#include "kinds/label_rules.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace slipway::kinds {
namespace {

bool lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool digit(char c) {
  return c >= '0' && c <= '9';
}
bool alnum(char c) {
  return lower(c) || upper(c) || digit(c);
}
bool lower_alnum(char c) {
  return lower(c) || digit(c);
}
bool word(char c) {
  return alnum(c) || c == '-' || c == '_' || c == '.';
}

// first and last as `edge` says, all between as `inner`.
bool framed(std::string_view s, bool (*edge)(char), bool (*inner)(char)) {
  return !s.empty() && edge(s.front()) && edge(s.back()) && std::ranges::all_of(s, inner);
}
bool is_dns_label(std::string_view s) {
  return framed(s, lower_alnum, [](char c) { return lower_alnum(c) || c == '-'; });
}
bool is_subdomain(std::string_view s) {
  for (std::string_view part : base::split(s, '.'))
    if (!is_dns_label(part)) return false;
  return true;
}

constexpr std::string_view name_part =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
    "(e.g. "
    "'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr std::string_view subdomain_text =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an "
    "alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

std::string too_long(int limit) {
  return fmt::format("must be no more than {} characters", limit);
}
std::string too_long_bytes(int limit) {
  return fmt::format("must be no more than {} bytes", limit);
}

}  // namespace

Problems label_key_problems(std::string_view key) {
  auto parts = base::split(key, '/');
  Problems out;
  if (parts.size() > 2)
    return {fmt::format(
        "a valid label key {} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')", name_part)};
  if (parts.size() == 2) {
    if (parts[0].empty())
      out.emplace_back("prefix part must be non-empty");
    else
      for (const std::string& problem : dns_subdomain_problems(parts[0])) out.push_back("prefix part " + problem);
  }
  std::string_view name = parts.back();
  if (name.empty())
    out.emplace_back("name part must be non-empty");
  else if (name.size() > 63)
    out.push_back("name part " + too_long_bytes(63));
  if (!framed(name, alnum, word)) out.push_back(fmt::format("name part {}", name_part));
  return out;
}

Problems label_value_problems(std::string_view value) {
  Problems out;
  if (value.size() > 63) out.push_back(too_long_bytes(63));
  if (!value.empty() && !framed(value, alnum, word))
    out.emplace_back(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "
        "and end with an "
        "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
        "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')");
  return out;
}

Problems dns_label_problems(std::string_view name) {
  Problems out;
  if (name.size() > 63) out.push_back(too_long(63));
  if (!is_dns_label(name)) {
    if (is_subdomain(name))
      out.emplace_back("must not contain dots");
    else
      out.emplace_back(
          "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and "
          "end with an alphanumeric "
          "character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')");
  }
  return out;
}

Problems dns_subdomain_problems(std::string_view name) {
  Problems out;
  if (name.size() > 253) out.push_back(too_long(253));
  if (!is_subdomain(name)) out.emplace_back(subdomain_text);
  return out;
}

Problems dns_1035_label_problems(std::string_view name) {
  Problems out;
  if (name.size() > 63) out.push_back(too_long(63));
  if (!is_dns_label(name) || !lower(name.front()))
    out.emplace_back(
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
        "character, and end with an "
        "alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
        "'[a-z]([-a-z0-9]*[a-z0-9])?')");
  return out;
}

Problems config_key_problems(std::string_view key) {
  Problems out;
  if (key.size() > 253) out.push_back(too_long(253));
  if (key.empty() || !std::ranges::all_of(key, word))
    out.emplace_back(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME', "
        " or 'key-name', regex "
        "used for validation is '[-._a-zA-Z0-9]+')");
  if (key == ".") out.emplace_back("must not be '.'");
  if (key == "..")
    out.emplace_back("must not be '..'");
  else if (key.starts_with(".."))
    out.emplace_back("must not start with '..'");
  return out;
}

Problems env_name_problems(std::string_view name) {
  if (std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~' && c != '='; })) return {};
  return {"a valid environment variable name must consist only of printable ASCII characters other than '='"};
}

Problems port_name_problems(std::string_view name) {
  Problems out;
  if (name.size() > 15) out.emplace_back("must be no more than 15 characters");
  if (!std::ranges::all_of(name, [](char c) { return lower_alnum(c) || c == '-'; }))
    out.emplace_back("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (!std::ranges::any_of(name, lower)) out.emplace_back("must contain at least one letter (a-z)");
  if (name.find("--") != name.npos) out.emplace_back("must not contain consecutive hyphens");
  if (!name.empty() && (name.front() == '-' || name.back() == '-'))
    out.emplace_back("must not begin or end with a hyphen");
  return out;
}

Problems path_segment_problems(std::string_view name) {
  if (name == "." || name == "..") return {fmt::format("may not be '{}'", name)};
  Problems out;
  for (std::string_view part : {"/", "%"})
    if (name.find(part) != name.npos) out.push_back(fmt::format("may not contain '{}'", part));
  return out;
}

Problems percent_problems(std::string_view text) {
  if (text.size() > 1 && text.back() == '%' && std::ranges::all_of(text.substr(0, text.size() - 1), digit)) return {};
  return {
      "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for "
      "validation is '[0-9]+%')"};
}

Problems header_name_problems(std::string_view name) {
  if (!name.empty() && std::ranges::all_of(name, [](char c) { return alnum(c) || c == '-'; })) return {};
  return {
      "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for "
      "validation is '[-A-Za-z0-9]+')"};
}

bool is_ip_address(std::string_view text) {
  std::string z(text);
  unsigned char buffer[16];
  return inet_pton(AF_INET, z.c_str(), buffer) == 1 || inet_pton(AF_INET6, z.c_str(), buffer) == 1;
}

}  // namespace slipway::kinds
