// govalidator judges by regular expressions; these here take the same texts and are put together from named parts.
#include "render/helm/lint_addresses.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <string>

#include "lang/sprig/go_url.h"
#include "value/utf8.h"

namespace slipway::render::helm {

namespace {

using lang::sprig::Url;

constexpr size_t kUrlRunesMax = 2083, kUrlBytesMin = 4;

std::string email_pattern() {
  // Letters beyond ASCII, as RFC 3987 has them.
  const std::string far = R"(\x{A0}-\x{D7FF}\x{F900}-\x{FDCF}\x{FDF0}-\x{FFEF})";
  const std::string letter = "a-zA-Z" + far, sign = letter + "0-9";
  const std::string atom = fmt::format(R"([{}!#$%&'*+\-/=?^_`{{|}}~]+)", sign);
  const std::string blank = R"((?:(?:[ \t]*\r\n)?[ \t]+)?)";
  const std::string quoted =
      fmt::format(R"((?:[\x01-\x08\x0b\x0c\x0e-\x1f\x21\x23-\x5b\x5d-\x7f{0}]|\([\x01-\x09\x0b-\x7f{0}]))", far);
  // Each quoted character has a quote of its own before it: so the library has it, and so Helm judges.
  const std::string local = fmt::format(R"((?:{0}(?:\.{0})*|(?:"{1}{2})*{1}"))", atom, blank, quoted);
  const std::string label = fmt::format(R"([{0}](?:[{0}.\-_~]*[{0}])?)", sign);
  const std::string last = fmt::format(R"([{0}](?:[{1}\-_~]*[{0}])?)", letter, sign);
  return fmt::format(R"({}@(?:{}\.)+{}\.?)", local, label, last);
}

// An IPv6 address in brackets.
std::string bracket_pattern() {
  const std::string group = "[0-9a-fA-F]{1,4}";
  std::string any = fmt::format("(?:{0}:){{7}}{0}|(?:{0}:){{1,7}}:|:(?::{0}){{1,7}}|::", group);
  for (int before = 1; before < 7; ++before)
    any += fmt::format("|(?:{0}:){{1,{1}}}(?::{0}){{1,{2}}}", group, before, 7 - before);
  const std::string byte = "(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])";
  any += fmt::format(R"(|(?:::(?:ffff(?::0{{1,4}})?:)?|(?:{0}:){{1,4}}:){1}(?:\.{1}){{3}})", group, byte);
  any += "|fe80:(?::[0-9a-fA-F]{0,4}){0,4}%[0-9a-zA-Z]+";
  return R"(\[(?:)" + any + R"()\])";
}

std::string url_pattern() {
  const std::string scheme = "(?:(?:ftp|tcp|udp|wss?|https?)://)?", user = R"((?:\S+@)?)";
  const std::string first = R"((?:[1-9]\d?|1\d\d|2[01]\d|22[0-3]|24\d|25[0-5]))";
  const std::string byte = R"((?:\d{1,2}|1\d\d|2[0-4]\d|25[0-5]))";
  const std::string address = fmt::format(R"({}(?:\.{}){{3}})", first, byte);
  const std::string far = R"(a-zA-Z\x{A1}-\x{FFFF})", word = "[a-zA-Z0-9]";
  const std::string before =
      fmt::format(R"((?:{0}[a-zA-Z0-9\-_]*{0}(?:[-.]{0}+)*|www\.|{0}+(?:[-_.]?{0})*{0}\.{0}+)?)", word);
  const std::string name = fmt::format(R"({0}(?:[{1}0-9]+-?-?)*[{1}0-9]+(?:\.[{1}]+)?)", before, far);
  return fmt::format(R"({}{}(?:{}|{}|{})\.?(?::\d{{1,5}})?(?:[/?#]\S*)?)", scheme, user, address, bracket_pattern(),
                     name);
}

size_t count_runes(std::string_view text) {
  size_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(static_cast<size_t>(value::decode_rune(text).length));
  return count;
}

}  // namespace

bool is_request_url(std::string_view text) {
  Url url;
  return Url::parse_request(text, url);
}

bool is_email(std::string_view text) {
  static const RE2 pattern(email_pattern());
  return RE2::FullMatch(text, pattern);
}

bool is_url(std::string_view text) {
  if (text.size() < kUrlBytesMin || text.starts_with('.') || count_runes(text) >= kUrlRunesMax) return false;
  std::string whole(text);  // a host and its port alone are no URL for Go
  if (text.find(':') != text.npos && text.find("://") == text.npos) whole = "http://" + whole;
  Url url;
  std::string wrong;
  if (!Url::parse(whole, url, wrong) || url.host.starts_with('.')) return false;
  if (url.host.empty() && !url.path.empty() && url.path.find('.') == url.path.npos) return false;
  static const RE2 pattern(url_pattern());
  return RE2::FullMatch(text, pattern);
}

}  // namespace slipway::render::helm
