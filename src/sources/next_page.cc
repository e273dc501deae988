#include "sources/next_page.h"

#include <optional>

#include "base/text.h"
#include "sources/chart_exchange.h"
#include "sources/url.h"

namespace slipway::sources {

namespace {

struct Link {
  std::string_view to;
  std::optional<std::string> relation;  // in lower case
};

// `text` up to the first of `ends` outside of quotes, which is left there.
std::string_view take_until(std::string_view& text, std::string_view ends) {
  bool quoted = false;
  size_t i = 0;
  for (; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
      continue;
    }
    if (text[i] == '"') quoted = !quoted;
    if (!quoted && ends.find(text[i]) != ends.npos) break;
  }
  i = std::min(i, text.size());
  std::string_view taken = text.substr(0, i);
  text.remove_prefix(i);
  return taken;
}

// `<URL>; rel="prev", <URL>; rel=next; title="a, b"`, as far as it is written so.
std::vector<Link> read_links(std::string_view text) {
  std::vector<Link> out;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(", \t"), text.size()));
    size_t end = text.find('>');
    if (!text.starts_with('<') || end == text.npos) return out;
    Link link{base::trim(text.substr(1, end - 1)), {}};
    text.remove_prefix(end + 1);
    for (std::string_view all = take_until(text, ","); !all.empty();) {
      std::string_view part = take_until(all, ";");
      if (!all.empty()) all.remove_prefix(1);
      size_t equals = part.find('=');
      if (equals == part.npos || link.relation) continue;
      if (base::to_lower(base::trim(part.substr(0, equals))) != "rel") continue;
      std::string_view value = base::trim(part.substr(equals + 1));
      if (value.size() > 1 && value.starts_with('"') && value.ends_with('"')) value = value.substr(1, value.size() - 2);
      link.relation = base::to_lower(value);
    }
    out.push_back(std::move(link));
  }
}

bool is_next(const Link& link) {
  if (!link.relation) return false;
  for (std::string_view one : base::split(*link.relation, ' '))
    if (one == "next") return true;
  return false;
}

std::string resolve(const std::string& asked, std::string_view to) {
  size_t host = asked.find("://") + 3, path = std::min(asked.find_first_of("/?", host), asked.size());
  std::string here = asked.substr(0, asked.find('?'));
  if (size_t colon = to.find(':'); colon != to.npos && to.substr(0, colon).find_first_of("/?#") == to.npos)
    return std::string(to);
  if (to.starts_with("//")) return asked.substr(0, host - 2) + std::string(to);
  if (to.starts_with('/')) return asked.substr(0, path) + std::string(to);
  if (to.starts_with('?')) return here + std::string(to);
  std::string folder = here.substr(path, here.rfind('/') + 1 - path);
  std::string_view plain = to;
  while (plain.starts_with("./") || plain.starts_with("../")) {
    bool up = plain.starts_with("../");
    plain.remove_prefix(up ? 3 : 2);
    if (up && folder.size() > 1) folder.resize(folder.rfind('/', folder.size() - 2) + 1);
  }
  return asked.substr(0, path) + folder + std::string(plain);
}

}  // namespace

Result<std::string> next_page(const std::string& asked, const std::vector<std::string>& links) {
  std::optional<std::string_view> next, unrelated;
  for (const std::string& header : links) {
    for (const Link& link : read_links(header)) {
      if (is_next(link) && !next) next = link.to;
      if (!link.relation && !unrelated) unrelated = link.to;
    }
  }
  if (!next) next = unrelated;
  if (!next || next->empty()) return std::string();
  std::string to = resolve(asked, *next);
  if (same_host(to, asked)) return to;
  return fail(ErrorKind::invalid, "invalid next link \"{}\": not the same origin as \"{}\"", shown_url(to),
              shown_url(asked.substr(0, asked.find('?'))));
}

}  // namespace slipway::sources
