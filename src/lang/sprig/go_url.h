// Go's net/url: a URL taken apart and put together.
#pragma once

#include <string>
#include <string_view>

namespace slipway::lang::sprig {

struct Url {
  std::string scheme, opaque, host, path, query, fragment, user, password;
  std::string raw_path;  // as it was written, where that is not how Go would write `path`
  bool has_user = false, has_password = false, omit_host = false, force_query = false;

  std::string userinfo() const;
  std::string hostname() const;  // without port and brackets
  std::string str() const;
  // As url.Parse; false: `error` in Go's words.
  static bool parse(std::string_view text, Url& out, std::string& error);
  // As url.ParseRequestURI reads what has a scheme: `#` begins no fragment. False without one, too.
  static bool parse_request(std::string_view text, Url& out);
};

// As url.PathUnescape; false: `error`: invalid URL escape "%x".
bool unescape_path(std::string_view text, std::string& out, std::string& error);

}  // namespace slipway::lang::sprig
