// The head of an HTTP/1.1 message: parsed strictly, so that no two servers can read one message differently (request
// smuggling), and written. Semantics: RFC 9112; where it allows leniency, we refuse.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "runtime/http.h"

namespace slipway::runtime {

enum class H1Framing { none, length, chunked, until_end };

// What is wrong with a request, and the status that says so.
struct H1Refusal {
  int status = 0;  // 0: nothing is wrong
  std::string why;
};

struct H1RequestHead {
  Request request;
  H1Framing framing = H1Framing::none;
  uint64_t body_bytes = 0;  // for H1Framing::length
  bool http_1_0 = false;
  bool keep_alive = true;
  bool expects_continue = false;
};

struct H1ResponseHead {
  int status = 0;
  Headers headers;
  H1Framing framing = H1Framing::none;
  uint64_t body_bytes = 0;
  bool keep_alive = true;
};

// The size of the head that `bytes` begins with, its empty line included; 0: not complete yet. `refusal` is set when no
// further byte can make it one: a bare CR or LF, a NUL, more than `limit` bytes.
size_t find_h1_head(std::string_view bytes, size_t limit, H1Refusal& refusal);
// `head` ends with its empty line.
H1Refusal parse_h1_request(std::string_view head, H1RequestHead& out);
// `to_head`: the request was HEAD, so there is no body. Error: io.
Result<H1ResponseHead> parse_h1_response(std::string_view head, bool to_head);

// The lines after a chunked body, with the empty line; false when they are malformed.
bool parse_h1_trailers(std::string_view lines, Headers& out);

// Whether every name is a token and no value has a control character.
bool are_sendable(const Headers& headers);
// The lines of `headers` as text, without the empty line. False when a name is no token or a value has a line break:
// nothing is sent then.
bool write_h1_headers(const Headers& headers, std::string& out);
std::string_view status_text(int status);
bool is_token(std::string_view text);
// Whether a comma-separated header has `token` in it, any case.
bool has_token(std::string_view list, std::string_view token);

}  // namespace slipway::runtime
