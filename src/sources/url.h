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
// ways such as ext::, hosts and users that begin with a dash).
Result<Location> parse_url(std::string_view url);

// For messages: the URL without user, password and what its query says, which may be a token ("?token=..."); a revision
// that it names stays.
std::string shown_url(std::string_view url);
// For messages of others: every http, https and oci URL in them as shown_url() shows it.
std::string shown_text(std::string_view text);

// The longest matching prefix is replaced; nothing matches: the URL as it is.
std::string through_mirrors(std::string_view url, const std::vector<std::pair<std::string, std::string>>& mirrors);

}  // namespace slipway::sources
