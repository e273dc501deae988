// Paths with slashes, and URLs as net/url takes them apart and writes them.
#include "lang/gotemplate/format.h"
#include "lang/gotemplate/unicode.h"
#include "lang/sprig/families.h"

namespace slipway::lang::sprig {

namespace {

std::string clean(std::string_view path) {
  if (path.empty()) return ".";
  bool rooted = path[0] == '/';
  std::vector<std::string_view> parts;
  for (size_t i = 0; i < path.size();) {
    size_t end = path.find('/', i);
    if (end == path.npos) end = path.size();
    std::string_view part = path.substr(i, end - i);
    i = end + 1;
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!parts.empty() && parts.back() != "..") {
        parts.pop_back();
        continue;
      }
      if (rooted) continue;
    }
    parts.push_back(part);
  }
  std::string out = rooted ? "/" : "";
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += '/';
    out += parts[i];
  }
  return out.empty() ? "." : out;
}

std::string base(std::string_view path) {
  if (path.empty()) return ".";
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  size_t slash = path.rfind('/');
  if (slash != path.npos && path != "/") path.remove_prefix(slash + 1);
  return path.empty() ? "/" : std::string(path);
}

std::string dir(std::string_view path) {
  size_t slash = path.rfind('/');
  return clean(slash == path.npos ? "" : path.substr(0, slash + 1));
}

std::string ext(std::string_view path) {
  for (size_t i = path.size(); i-- > 0 && path[i] != '/';)
    if (path[i] == '.') return std::string(path.substr(i));
  return "";
}

// ---- net/url

enum class Part { path, user, host, fragment };

bool should_escape(char ch, Part part) {
  auto c = static_cast<unsigned char>(ch);
  if (c < 0x80 && (gotemplate::is_letter(c) || gotemplate::is_digit(c))) return false;
  if (part == Part::host && std::string_view("!$&'()*+,;=:[]<>\"").find(ch) != std::string_view::npos) return false;
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
      if (code.size() < 3 || hex_digit(code[1]) < 0 || hex_digit(code[2]) < 0 ||
          (part == Part::host && hex_digit(code[1]) < 8 && code != "%25")) {
        error = fmt::format("invalid URL escape {}", gotemplate::quote(code));
        return false;
      }
      out += static_cast<char>(hex_digit(code[1]) * 16 + hex_digit(code[2]));
      i += 2;
      continue;
    }
    if (part == Part::host && static_cast<unsigned char>(s[i]) < 0x80 && should_escape(s[i], part)) {
      error = fmt::format("invalid character {} in host name", gotemplate::quote(s.substr(i, 1)));
      return false;
    }
    out += s[i];
  }
  return true;
}

struct Url {
  std::string scheme, opaque, host, path, query, fragment, user, password;
  bool has_user = false, has_password = false, omit_host = false, force_query = false;

  std::string userinfo() const {
    return escape(user, Part::user) + (has_password ? ":" + escape(password, Part::user) : "");
  }
  std::string hostname() const {
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
  std::string str() const {
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
};

bool valid_port(std::string_view p) {
  if (p.empty()) return true;
  if (p[0] != ':') return false;
  for (char c : p.substr(1))
    if (c < '0' || c > '9') return false;
  return true;
}

bool parse_authority(std::string_view a, Url& u, std::string& error) {
  size_t at = a.rfind('@');
  std::string_view host = at == a.npos ? a : a.substr(at + 1);
  std::string_view port;
  if (host.starts_with('[')) {
    size_t close = host.rfind(']');
    if (close == host.npos) return error = "missing ']' in host", false;
    port = host.substr(close + 1);
  } else if (size_t colon = host.rfind(':'); colon != host.npos) {
    port = host.substr(colon);
  }
  if (!valid_port(port)) return error = fmt::format("invalid port {} after host", gotemplate::quote(port)), false;
  if (!unescape(host, Part::host, u.host, error)) return false;
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
  return unescape(rest, Part::path, u.path, error);
}

bool parse_url(std::string_view s, Url& u, std::string& error) {
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

Any url_parse(Call& c) {
  Url u;
  std::string error;
  if (!parse_url(c.text(0), u, error)) return c.fail("unable to parse url: " + error);
  return c.heap().map(types::any_map, Value{{"scheme", u.scheme},
                                            {"host", u.host},
                                            {"hostname", u.hostname()},
                                            {"path", u.path},
                                            {"query", u.query},
                                            {"opaque", u.opaque},
                                            {"fragment", u.fragment},
                                            {"userinfo", u.has_user ? u.userinfo() : ""}});
}

Any url_join(Call& c) {
  auto member = [&c](std::string_view key) -> std::string {
    const Any* v = c[0].node() == nullptr ? nullptr : c[0].dict()->find(key);
    if (v == nullptr || c.failed()) return "";
    if (v->is_nil()) return c.fail(std::string(kNilDereference)), "";
    if (!v->is_string()) {
      c.fail(fmt::format("unable to parse {} key, must be of type string, but {} found", key,
                         gotemplate::to_string(v->kind())));
      return "";
    }
    return std::string(v->text());
  };
  Url u;
  u.scheme = member("scheme");
  u.host = member("host");
  u.path = member("path");
  u.query = member("query");
  u.opaque = member("opaque");
  u.fragment = member("fragment");
  std::string info = member("userinfo");
  if (c.failed()) return Any();
  if (!info.empty()) {
    Url with;
    std::string error;
    if (!parse_url("proto://" + info + "@host", with, error))
      return c.fail("unable to parse userinfo in dict: " + error);
    u.has_user = with.has_user;
    u.user = with.user;
    u.has_password = with.has_password;
    u.password = with.password;
  }
  return Any::of(u.str());
}

}  // namespace

void add_paths(Functions& f) {
  auto text = [&f](std::string_view name, std::string_view os_name, std::string (*run)(std::string_view)) {
    for (std::string_view n : {name, os_name})
      f.add(n, "(string) string", [run](Call& c) { return Any::of(run(c.text(0))); });
  };
  text("base", "osBase", base);
  text("dir", "osDir", dir);
  text("clean", "osClean", clean);
  text("ext", "osExt", ext);
  add_must(f, "isAbs", "osIsAbs", "(string) bool", [](Call& c) { return Any::of(c.text(0).starts_with('/')); });
  f.add("urlParse", "(string) map[string]any", url_parse);
  f.add("urlJoin", "(map[string]any) string", url_join);
}

}  // namespace slipway::lang::sprig
