// What a repository's URL says: where it is, by which way, as whom.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace slipway::sources {

struct Location {
  enum class Way { local, https, ssh } way = Way::local;  // https: http too
  std::string url;                 // what git is given: without user and password for https; empty when local
  std::string path;                // local: absolute
  std::string host;                // "https://host:port/" for https, the host name for ssh
  std::string username, password;  // that stood in the URL
};

// Absolute path, file://, https://, http://, ssh://, user@host:path. Errors: bad_request (relative paths, unknown
// ways such as ext::, hosts and users that begin with a dash, paths of URLs with "." or ".." in them).
Result<Location> parse_url(std::string_view url);

// For messages: the URL without user, password and what its query says, which may be a token ("?token=..."); a revision
// that it names stays.
std::string shown_url(std::string_view url);
// For messages of others: every http, https and oci URL in them as shown_url() shows it.
std::string shown_text(std::string_view text);

// Where a URL leads, whatever its spelling: host and path without scheme, user, query, escapes, the usual ports, dots
// and slashes that mean nothing, ".git" at the end; of a path on this machine the repository that it is or lies in. Not
// to be fetched from: what may differ for a server is one here. Of a pattern "?" and "#" stay.
enum class Text { url, pattern };
std::string place_of(std::string_view url, Text text = Text::url);
// Whether it leads elsewhere than it reads: "." and ".." in its path, as escapes too, /proc, an "@" behind what ends
// the name of a host for some readers.
bool is_devious(std::string_view url);

// The longest matching prefix is replaced; nothing matches: the URL as it is.
std::string through_mirrors(std::string_view url, const std::vector<std::pair<std::string, std::string>>& mirrors);

}  // namespace slipway::sources
