// Source of what is refused: Go 1.26's net/url. In a host only what is not ASCII may be escaped, brackets hold an IPv6
// address and nothing else, and a colon stands before a port alone where the scheme is http or https.
#include "lang/sprig/go_url.h"

#include <fmt/format.h>

#include "lang/gotemplate/format.h"
#include "lang/gotemplate/unicode.h"
#include "lang/sprig/go_address.h"

namespace slipway::lang::sprig {

namespace {

enum class Part { path, user, host, zone, fragment };

bool should_escape(char ch, Part part) {
  auto c = static_cast<unsigned char>(ch);
  if (c < 0x80 && (gotemplate::is_letter(c) || gotemplate::is_digit(c))) return false;
  if ((part == Part::host || part == Part::zone) &&
      std::string_view("!$&'()*+,;=:[]<>\"").find(ch) != std::string_view::npos)
    return false;
  if (std::string_view("-_.~").find(ch) != std::string_view::npos) return false;
  if (std::string_view("$&+,/:;=?@").find(ch) != std::string_view::npos) {
    switch (part) {
      case Part::path:
        return ch == '?';
      case Part::user:
        return ch == '@' || ch == '/' || ch == '?' || ch == ':';
      case Part::fragment:
        return false;
      case Part::host:
      case Part::zone:
        break;
    }
  }
  if (part == Part::fragment && std::string_view("!()*").find(ch) != std::string_view::npos) return false;
  return true;
}

std::string escape(std::string_view s, Part part) {
  std::string out;
  for (char c : s) {
    if (should_escape(c, part))
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out;
}

int hex_digit(char c) {
  return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

bool unescape(std::string_view s, Part part, std::string& out, std::string& error) {
  out.clear();
  for (size_t i = 0; i < s.size(); ++i) {
    if (s[i] == '%') {
      std::string_view code = s.substr(i, 3);
      bool valid = code.size() == 3 && hex_digit(code[1]) >= 0 && hex_digit(code[2]) >= 0;
      char c = valid ? static_cast<char>(hex_digit(code[1]) * 16 + hex_digit(code[2])) : '\0';
      if (valid && code != "%25") {
        if (part == Part::host) valid = hex_digit(code[1]) >= 8;
        if (part == Part::zone) valid = c == ' ' || !should_escape(c, Part::host);
      }
      if (!valid) {
        error = fmt::format("invalid URL escape {}", gotemplate::quote(code));
        return false;
      }
      out += c;
      i += 2;
      continue;
    }
    if ((part == Part::host || part == Part::zone) && static_cast<unsigned char>(s[i]) < 0x80 &&
        should_escape(s[i], part)) {
      error = fmt::format("invalid character {} in host name", gotemplate::quote(s.substr(i, 1)));
      return false;
    }
    out += s[i];
  }
  return true;
}

bool valid_port(std::string_view p) {
  if (p.empty()) return true;
  if (p[0] != ':') return false;
  for (char c : p.substr(1))
    if (c < '0' || c > '9') return false;
  return true;
}

bool parse_literal(std::string_view host, Url& u, std::string& error) {
  size_t close = host.rfind(']');
  if (close == host.npos) return error = "missing ']' in host", false;
  std::string_view port = host.substr(close + 1), inner = host.substr(1, close - 1);
  if (!valid_port(port)) return error = fmt::format("invalid port {} after host", gotemplate::quote(port)), false;
  std::string address, zone;
  size_t percent = inner.find("%25");
  if (!unescape(inner.substr(0, percent), Part::host, address, error)) return false;
  if (percent != inner.npos && !unescape(inner.substr(percent), Part::zone, zone, error)) return false;
  address += zone;
  if (auto wrong = address_fault(address)) return error = "invalid host: " + *wrong, false;
  if (address.find(':') == address.npos) return error = "invalid IP-literal", false;
  u.host = fmt::format("[{}]{}", address, port);
  return true;
}

bool parse_host(std::string_view host, Url& u, std::string& error) {
  size_t bracket = host.rfind('[');
  if (bracket == 0) return parse_literal(host, u, error);
  if (bracket != host.npos) return error = "invalid IP-literal", false;
  bool strict = u.scheme == "http" || u.scheme == "https";
  if (size_t colon = strict ? host.find(':') : host.rfind(':'); colon != host.npos && !valid_port(host.substr(colon)))
    return error = fmt::format("invalid port {} after host", gotemplate::quote(host.substr(colon))), false;
  return unescape(host, Part::host, u.host, error);
}

bool parse_authority(std::string_view a, Url& u, std::string& error) {
  size_t at = a.rfind('@');
  if (!parse_host(at == a.npos ? a : a.substr(at + 1), u, error)) return false;
  if (at == a.npos) return true;
  std::string_view info = a.substr(0, at);
  for (char c : info)
    if (!(static_cast<unsigned char>(c) < 0x80 && (gotemplate::is_letter(static_cast<unsigned char>(c)) ||
                                                   gotemplate::is_digit(static_cast<unsigned char>(c)))) &&
        std::string_view("-._:~!$&'()*+,;=%@").find(c) == std::string_view::npos)
      return error = "net/url: invalid userinfo", false;
  u.has_user = true;
  size_t colon = info.find(':');
  u.has_password = colon != info.npos;
  return unescape(info.substr(0, colon), Part::user, u.user, error) &&
         (!u.has_password || unescape(info.substr(colon + 1), Part::user, u.password, error));
}

bool parse_rest(std::string_view s, Url& u, std::string& error) {
  for (char c : s)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      return error = "net/url: invalid control character in URL", false;
  if (s == "*") return u.path = "*", true;
  std::string_view rest = s;
  for (size_t i = 0; i < s.size(); ++i) {
    char c = s[i];
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') continue;
    if ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.') {
      if (i == 0) break;
      continue;
    }
    if (c == ':') {
      if (i == 0) return error = "missing protocol scheme", false;
      for (char letter : s.substr(0, i))
        u.scheme += letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
      rest = s.substr(i + 1);
    }
    break;
  }
  if (rest.ends_with('?') && rest.find('?') == rest.size() - 1) {
    u.force_query = true;
    rest.remove_suffix(1);
  } else if (size_t q = rest.find('?'); q != rest.npos) {
    u.query = rest.substr(q + 1);
    rest = rest.substr(0, q);
  }
  if (!rest.starts_with('/')) {
    if (!u.scheme.empty()) {
      u.opaque = rest;
      return true;
    }
    if (rest.substr(0, rest.find('/')).find(':') != rest.npos)
      return error = "first path segment in URL cannot contain colon", false;
  }
  if ((!u.scheme.empty() || !rest.starts_with("///")) && rest.starts_with("//")) {
    std::string_view authority = rest.substr(2);
    size_t slash = authority.find('/');
    rest = slash == authority.npos ? std::string_view() : authority.substr(slash);
    if (!parse_authority(authority.substr(0, slash), u, error)) return false;
  } else if (!u.scheme.empty() && rest.starts_with('/')) {
    u.omit_host = true;
  }
  if (!unescape(rest, Part::path, u.path, error)) return false;
  if (escape(u.path, Part::path) != rest) u.raw_path = rest;
  return true;
}

}  // namespace

bool Url::parse(std::string_view s, Url& u, std::string& error) {
  size_t hash = s.find('#');
  std::string_view before = s.substr(0, hash);
  if (!parse_rest(before, u, error)) {
    error = fmt::format("parse {}: {}", gotemplate::quote(before), error);
    return false;
  }
  if (hash != s.npos && !unescape(s.substr(hash + 1), Part::fragment, u.fragment, error)) {
    error = fmt::format("parse {}: {}", gotemplate::quote(s), error);
    return false;
  }
  return true;
}

bool Url::parse_request(std::string_view s, Url& u) {
  std::string error;
  return parse_rest(s, u, error) && !u.scheme.empty();
}

std::string Url::userinfo() const {
  return escape(user, Part::user) + (has_password ? ":" + escape(password, Part::user) : "");
}

std::string Url::hostname() const {
  std::string_view h = host;
  size_t colon = h.rfind(':');
  if (colon != h.npos && h.find(']', colon) == h.npos) {
    bool port = true;
    for (char c : h.substr(colon + 1)) port = port && c >= '0' && c <= '9';
    if (port) h = h.substr(0, colon);
  }
  if (h.starts_with('[') && h.ends_with(']')) h = h.substr(1, h.size() - 2);
  return std::string(h);
}

std::string Url::str() const {
  std::string out;
  if (!scheme.empty()) out += scheme + ":";
  if (!opaque.empty()) {
    out += opaque;
  } else {
    if ((!scheme.empty() || !host.empty() || has_user) && !(omit_host && host.empty() && !has_user)) {
      if (!host.empty() || !path.empty() || has_user) out += "//";
      if (has_user) out += userinfo() + "@";
      out += escape(host, Part::host);
    }
    std::string p = path == "*" ? path : escape(path, Part::path);
    if (!p.empty() && p[0] != '/' && !host.empty()) out += '/';
    if (out.empty() && p.substr(0, p.find('/')).find(':') != p.npos) out += "./";
    out += p;
  }
  if (force_query || !query.empty()) out += "?" + query;
  if (!fragment.empty()) out += "#" + escape(fragment, Part::fragment);
  return out;
}

bool unescape_path(std::string_view text, std::string& out, std::string& error) {
  return unescape(text, Part::path, out, error);
}

}  // namespace slipway::lang::sprig
