// Paths with slashes, and the functions for URLs.
#include "lang/sprig/families.h"
#include "lang/sprig/go_url.h"

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

Any url_parse(Call& c) {
  Url u;
  std::string error;
  if (!Url::parse(c.text(0), u, error)) return c.fail("unable to parse url: " + error);
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
    if (!Url::parse("proto://" + info + "@host", with, error))
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
