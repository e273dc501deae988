// The text parts of HTTP: header lists, URLs, percent-encoding, queries.
#include <algorithm>

#include "base/text.h"
#include "runtime/http.h"

namespace slipway::runtime {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::string_view query_of(std::string_view target) {
  size_t mark = target.find('?');
  return mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
}

uint16_t scheme_port(std::string_view scheme) {
  return scheme == "https" ? 443 : 80;
}

}  // namespace

std::string_view Headers::get(std::string_view name) const {
  for (const auto& [n, v] : lines_)
    if (same_name(n, name)) return v;
  return {};
}

bool Headers::has(std::string_view name) const {
  return std::any_of(lines_.begin(), lines_.end(), [name](const auto& line) { return same_name(line.first, name); });
}

std::vector<std::string_view> Headers::all(std::string_view name) const {
  std::vector<std::string_view> out;
  for (const auto& [n, v] : lines_)
    if (same_name(n, name)) out.push_back(v);
  return out;
}

void Headers::set(std::string_view name, std::string_view value) {
  auto first =
      std::find_if(lines_.begin(), lines_.end(), [name](const auto& line) { return same_name(line.first, name); });
  if (first == lines_.end()) return add(name, value);
  first->second = value;
  lines_.erase(
      std::remove_if(first + 1, lines_.end(), [name](const auto& line) { return same_name(line.first, name); }),
      lines_.end());
}

void Headers::remove(std::string_view name) {
  std::erase_if(lines_, [name](const auto& line) { return same_name(line.first, name); });
}

Task<Result<std::string>> Body::read_all(size_t limit, std::optional<Duration> silence_max) {
  std::string out;
  while (true) {
    auto piece = silence_max ? co_await with_timeout(*silence_max, read()) : co_await read();
    if (silence_max && piece.failed_with(ErrorKind::timeout))
      co_return fail(ErrorKind::timeout, "the answer began, and nothing more came for {} s", *silence_max / 1s);
    if (!piece) co_return std::move(piece).error();
    if (piece->empty()) co_return out;
    if (piece->size() > limit - out.size())
      co_return fail(ErrorKind::too_large, "the body is longer than {} bytes", limit);
    if (out.empty())
      out = std::move(*piece);
    else
      out += *piece;
  }
}

std::string Request::path() const {
  return percent_decode(std::string_view(target).substr(0, target.find('?')), false);
}

std::optional<std::string> Request::query(std::string_view name) const {
  for (auto& [key, value] : query_all())
    if (key == name) return value;
  return {};
}

std::vector<std::pair<std::string, std::string>> Request::query_all() const {
  std::vector<std::pair<std::string, std::string>> out;
  std::string_view text = query_of(target);
  if (text.empty()) return out;
  for (std::string_view part : base::split(text, '&')) {
    if (part.empty()) continue;
    size_t equals = part.find('=');
    std::string_view value = equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1);
    out.emplace_back(percent_decode(part.substr(0, equals), true), percent_decode(value, true));
  }
  return out;
}

// What is not two hexadecimal digits after a % stays as it is.
std::string percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
        c == '_' || c == '~') {
      out += c;
    } else {
      out += '%';
      out += digits[static_cast<unsigned char>(c) >> 4];
      out += digits[c & 15];
    }
  }
  return out;
}

Result<Url> Url::parse(std::string_view text) {
  // Passwords may stand in a URL: an error shows only what cannot hold one.
  auto wrong = [&](std::string_view what) { return fail(ErrorKind::invalid, "URL: {}", what); };
  for (char c : text)
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) return wrong("has a space or control character in it");
  Url url;
  size_t colon = text.find("://");
  if (colon == std::string_view::npos) return wrong("expected http://HOST/PATH or https://HOST/PATH");
  url.scheme = base::to_lower(text.substr(0, colon));
  if (url.scheme != "http" && url.scheme != "https")
    return fail(ErrorKind::invalid, "URL: expected http:// or https://, got {:?}", url.scheme);
  text.remove_prefix(colon + 3);
  text = text.substr(0, text.find('#'));
  size_t end = text.find_first_of("/?");
  std::string_view authority = text.substr(0, end);
  text.remove_prefix(authority.size());
  size_t mark = text.find('?');
  url.path = text.substr(0, mark);
  if (mark != std::string_view::npos) url.query = text.substr(mark + 1);

  if (size_t at = authority.rfind('@'); at != std::string_view::npos) {
    std::string_view who = authority.substr(0, at);
    size_t split = who.find(':');
    url.user = percent_decode(who.substr(0, split), false);
    if (split != std::string_view::npos) url.password = percent_decode(who.substr(split + 1), false);
    authority.remove_prefix(at + 1);
  }
  std::string_view port;
  if (authority.starts_with('[')) {
    size_t close = authority.find(']');
    if (close == std::string_view::npos) return wrong("an IPv6 address ends with ]");
    url.host = authority.substr(1, close - 1);
    port = authority.substr(close + 1);
    if (!port.empty() && port[0] != ':') return wrong("expected :PORT after ]");
    if (!port.empty()) port.remove_prefix(1);
  } else {
    size_t split = authority.find(':');
    url.host = base::to_lower(authority.substr(0, split));
    if (split != std::string_view::npos) port = authority.substr(split + 1);
  }
  if (url.host.empty()) return wrong("no host");
  url.port = scheme_port(url.scheme);
  if (!port.empty()) {
    auto number = base::parse_int(port);
    if (!number || *number < 1 || *number > 65535) return wrong("the port is a number from 1 to 65535");
    url.port = static_cast<uint16_t>(*number);
  }
  return url;
}

std::string Url::authority() const {
  std::string out = host.contains(':') ? "[" + host + "]" : host;
  if (port != scheme_port(scheme)) out += fmt::format(":{}", port);
  return out;
}

}  // namespace slipway::runtime
