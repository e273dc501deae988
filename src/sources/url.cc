#include "sources/url.h"

#include <algorithm>

#include "base/text.h"
#include "sources/repositories.h"

namespace slipway::sources {
namespace {

std::string percent_decode(std::string_view text) {
  auto digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

struct Authority {
  std::string_view user, host, rest;  // rest begins with the slash
};
Authority authority_of(std::string_view after_scheme, std::string_view ends = "/") {
  size_t slash = after_scheme.find_first_of(ends);
  std::string_view all = after_scheme.substr(0, slash);
  Authority out{{}, all, slash == after_scheme.npos ? std::string_view() : after_scheme.substr(slash)};
  if (size_t at = all.rfind('@'); at != all.npos) {
    out.user = all.substr(0, at);
    out.host = all.substr(at + 1);
  }
  return out;
}

// "git@host:path", where what stands before the colon holds no slash.
std::optional<std::pair<std::string_view, std::string_view>> scp_like(std::string_view url) {
  size_t colon = url.find(':');
  if (colon == url.npos || colon == 0 || url.substr(0, colon).find('/') != url.npos) return std::nullopt;
  if (url.substr(colon).starts_with("://") || url.substr(colon).starts_with("::")) return std::nullopt;
  return std::pair(url.substr(0, colon), url.substr(colon + 1));
}

// "?token=x&ref=main" as "?token=...&ref=main": what is known to be no secret stays.
std::string without_secrets(std::string_view rest) {
  size_t mark = rest.find('?');
  std::string out(rest.substr(0, mark));
  if (mark == rest.npos) return out;
  std::string_view query = rest.substr(mark + 1), fragment = query.substr(std::min(query.find('#'), query.size()));
  query.remove_suffix(fragment.size());
  char before = '?';
  for (std::string_view part : base::split(query, '&')) {
    std::string_view name = part.substr(0, part.find('='));
    constexpr std::string_view plain_names[] = {"ref", "version", "submodules", "timeout", "depth", "n", "last"};
    bool plain = std::ranges::find(plain_names, name) != std::end(plain_names);
    bool valued = name.size() + 1 < part.size();
    out += before;
    out += plain || !valued ? std::string(part) : fmt::format("{}=...", name);
    before = '&';
  }
  return out + std::string(fragment);
}

// "." or ".." among what stands between slashes.
bool has_dots(std::string_view path) {
  for (std::string_view part : base::split(path, '/'))
    if (part == "." || part == "..") return true;
  return false;
}
// No slash twice or at the end, no "." and "..", as they read.
std::string tidy(std::string_view path) {
  std::vector<std::string_view> parts;
  for (std::string_view part : base::split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  std::string out;
  for (std::string_view part : parts)
    out += fmt::format("{}{}", out.empty() && !path.starts_with('/') ? "" : "/", part);
  return out;
}
bool is_of_this_machine(std::string_view url) {
  return url.starts_with('/') || url.starts_with("file://");
}
// The path of "/path" and "file:///path", escapes read as parse_url() reads them.
std::string local_path(std::string_view url) {
  if (url.starts_with('/')) return std::string(url);
  return percent_decode(authority_of(url.substr(7)).rest);
}
// "Host.:0443" as "host": what DNS, and who connects, take for the same.
std::string plain_host(std::string_view text) {
  std::string host = base::to_lower(text), port;
  size_t colon = host.rfind(':');
  if (colon != host.npos && host.find(']', colon) == host.npos) {
    port = host.substr(colon + 1);
    host.resize(colon);
    port.erase(0, std::min(port.find_first_not_of('0'), port.size()));
  }
  while (host.ends_with('.')) host.pop_back();
  bool usual = port.empty() || port == "443" || port == "80" || port == "22";
  return usual ? host : fmt::format("{}:{}", host, port);
}

bool is_safe_host(std::string_view host) {
  return !host.empty() && host[0] != '-' && std::ranges::all_of(host, [](char c) { return c > ' ' && c != 127; });
}

}  // namespace

Result<Location> parse_url(std::string_view given) {
  std::string_view url = base::trim(given);
  auto wrong = [&](std::string_view why) {
    return fail(ErrorKind::bad_request,
                "repository URL: {}; expected https://, ssh://, user@host:path, file:// or an absolute path", why);
  };
  if (std::ranges::any_of(url, [](unsigned char c) { return c < ' ' || c == 127; }))
    return wrong("it holds a control character");
  if (url.starts_with('/')) return Location{.way = Location::Way::local, .path = std::string(url)};
  if (url.starts_with("file://")) {
    Authority a = authority_of(url.substr(7));
    if ((!a.host.empty() && a.host != "localhost") || a.rest.empty()) return wrong("file:// takes an absolute path");
    return Location{.way = Location::Way::local, .path = percent_decode(a.rest)};
  }
  size_t scheme_end = url.find("://");
  if (scheme_end != url.npos) {
    std::string scheme = base::to_lower(url.substr(0, scheme_end));
    Authority a = authority_of(url.substr(scheme_end + 3));
    if (!is_safe_host(a.host) || a.user.starts_with('-')) return wrong("it names no host");
    if (is_devious(url))
      return wrong(
          R"("." or ".." in it leads elsewhere than it reads, or what ends a host's name stands before an "@")");
    if (scheme == "http" || scheme == "https") {
      size_t colon = a.user.find(':');
      return Location{.way = Location::Way::https,
                      .url = fmt::format("{}://{}{}", scheme, a.host, a.rest),
                      .host = fmt::format("{}://{}/", scheme, a.host),
                      .username = percent_decode(a.user.substr(0, colon)),
                      .password = colon == a.user.npos ? "" : percent_decode(a.user.substr(colon + 1))};
    }
    if (scheme == "ssh" || scheme == "git+ssh" || scheme == "ssh+git") {
      std::string_view user = a.user.substr(0, a.user.find(':'));  // ssh takes no password from a URL
      return Location{.way = Location::Way::ssh,
                      .url = fmt::format("ssh://{}{}{}{}", user, user.empty() ? "" : "@", a.host, a.rest),
                      .host = std::string(a.host.substr(0, a.host.rfind(':'))),
                      .username = std::string(user)};
    }
    return wrong(fmt::format("\"{}://\" is not offered", scheme));
  }
  if (auto scp = scp_like(url)) {
    auto [where, path] = *scp;
    std::string_view host = where.substr(where.rfind('@') == where.npos ? 0 : where.rfind('@') + 1);
    if (!is_safe_host(host) || where.starts_with('-') || path.starts_with('-')) return wrong("it names no host");
    return Location{.way = Location::Way::ssh, .url = std::string(url), .host = std::string(host)};
  }
  return wrong(url.empty() ? "it is empty" : fmt::format("\"{}\" is a relative path", url));
}

std::string shown_url(std::string_view url) {
  size_t scheme = url.find("://");
  if (scheme == url.npos) return std::string(url);
  std::string_view after = url.substr(scheme + 3);
  Authority a = authority_of(after);
  // "https://me:a/b@h": a password that should have been written otherwise is none the less one.
  size_t colon = a.host.rfind(':'), at = after.rfind('@');
  bool has_port = colon == a.host.npos || a.host.starts_with('[') ||
                  a.host.find_first_not_of("0123456789", colon + 1) == a.host.npos;
  if (!has_port && at != after.npos) a = authority_of(after.substr(at + 1));
  return fmt::format("{}://{}", url.substr(0, scheme), without_secrets(fmt::format("{}{}", a.host, a.rest)));
}

std::string shown_text(std::string_view text) {
  std::string out;
  for (size_t at; (at = text.find("://")) != text.npos;) {
    std::string_view before = text.substr(0, at);
    size_t end = std::min(text.find_first_of(" \t\n\"'`<>", at + 3), text.size());
    bool known = std::ranges::any_of(std::initializer_list<std::string_view>{"http", "https", "oci", "HTTP", "HTTPS"},
                                     [&](std::string_view scheme) { return before.ends_with(scheme); });
    out += before;
    out += known ? shown_url(text.substr(at, end - at)) : std::string(text.substr(at, end - at));
    text.remove_prefix(end);
  }
  return out += text;
}

std::string through_mirrors(std::string_view url, const std::vector<std::pair<std::string, std::string>>& mirrors) {
  const std::pair<std::string, std::string>* best = nullptr;
  for (const auto& mirror : mirrors)
    if (url.starts_with(mirror.first) && (!best || mirror.first.size() > best->first.size())) best = &mirror;
  if (!best) return std::string(url);
  return best->second + std::string(url.substr(best->first.size()));
}

// As Argo CD compares repositories: no scheme, user, port 22/443, ".git" or slash at the end; the host and path in
// lower case. The host is the one that HTTP reads there.
std::string normalized_url(std::string_view url) {
  url = base::trim(url);
  std::string out;
  if (size_t scheme = url.find("://"); scheme != url.npos && !url.starts_with("file://")) {
    Authority a = authority_of(url.substr(scheme + 3), "/?#");
    std::string_view host = a.host;
    if (host.ends_with(":443") || host.ends_with(":22")) host = host.substr(0, host.rfind(':'));
    out = fmt::format("{}{}", host, a.rest);
  } else if (auto scp = scp_like(url)) {
    std::string_view host = scp->first.substr(scp->first.rfind('@') == scp->first.npos ? 0 : scp->first.rfind('@') + 1);
    std::string_view path = scp->second;
    while (path.starts_with('/')) path.remove_prefix(1);
    out = fmt::format("{}/{}", host, path);
  } else if (is_of_this_machine(url)) {  // case matters
    out = local_path(url);
    while (out.size() > 1 && out.ends_with('/')) out.pop_back();
    return out;
  } else {
    out = url;
    while (out.size() > 1 && out.ends_with('/')) out.pop_back();
    return base::to_lower(out);
  }
  out = base::to_lower(out);
  while (out.ends_with('/')) out.pop_back();
  if (out.ends_with(".git")) out.resize(out.size() - 4);
  while (out.ends_with('/')) out.pop_back();
  return out;
}

std::string place_of(std::string_view url, Text text) {
  url = base::trim(url);
  std::string out;
  if (is_of_this_machine(url)) {
    out = tidy(local_path(url));
    if (size_t git = (out + "/").find("/.git/"); git != out.npos) out.resize(git);
  } else {
    std::string host, path;
    if (size_t scheme = url.find("://"); scheme != url.npos) {
      std::string_view after = url.substr(scheme + 3);
      if (text == Text::url) after = after.substr(0, after.find_first_of("?#"));
      Authority a = authority_of(after);
      host = plain_host(percent_decode(a.host));
      path = percent_decode(a.rest);
    } else if (auto scp = scp_like(url)) {
      host = plain_host(scp->first.substr(scp->first.rfind('@') == scp->first.npos ? 0 : scp->first.rfind('@') + 1));
      path = scp->second;
    } else {
      path = percent_decode(url);
    }
    out = base::to_lower(tidy(fmt::format("{}/{}", host, path)));
    if (host.empty() && out.starts_with('/')) out.erase(0, 1);
  }
  if (out.ends_with(".git") && out.size() > 4) out.resize(out.size() - 4);
  return out;
}

bool is_devious(std::string_view url) {
  url = base::trim(url);
  if (is_of_this_machine(url)) {
    std::string path = local_path(url), place = tidy(path);
    return has_dots(path) || (place + "/").starts_with("/proc/") || (place + "/").starts_with("/dev/fd/");
  }
  size_t scheme = url.find("://");
  if (scheme == url.npos) {
    auto scp = scp_like(url);
    return has_dots(scp ? scp->second : url);
  }
  std::string_view after = url.substr(scheme + 3), authority = after.substr(0, after.find('/'));
  size_t end = authority.find_first_of("?#\\");
  if (end != authority.npos && authority.find('@', end) != authority.npos) return true;
  std::string path = percent_decode(authority_of(after.substr(0, after.find_first_of("?#"))).rest);
  return has_dots(base::replace_all(path, "\\", "/"));
}

}  // namespace slipway::sources
