// What smuggling lives on, and what we do: bare LF or CR as a line's end (refused), lines continued by white space
// (refused), white space before the colon (refused), Content-Length twice or beside Transfer-Encoding (refused), any
// coding but exactly one "chunked" (refused), Transfer-Encoding in HTTP/1.0 (refused), no or two Hosts (refused).
#include "runtime/h1_head.h"

#include <array>

#include "base/text.h"

namespace slipway::runtime {
namespace {

constexpr size_t header_lines_max = 200;

constexpr std::array<bool, 256> token_characters = [] {
  std::array<bool, 256> is{};
  for (char c = '0'; c <= '9'; ++c) is[static_cast<size_t>(c)] = true;
  for (char c = 'a'; c <= 'z'; ++c) is[static_cast<size_t>(c)] = is[static_cast<size_t>(c - 32)] = true;
  for (char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'})
    is[static_cast<size_t>(c)] = true;
  return is;
}();

bool is_value_character(char c) {
  auto u = static_cast<unsigned char>(c);
  return (u >= ' ' && u != 0x7f) || c == '\t';
}

std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool same_word(std::string_view a, std::string_view lower_case) {
  return a.size() == lower_case.size() && base::to_lower(a) == lower_case;
}

// Up to the next CRLF, which is taken away too. find_h1_head has seen that every line ends with one.
std::string_view next_line(std::string_view& text) {
  size_t end = text.find("\r\n");
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(text.size(), end + 2));
  return line;
}

H1Refusal parse_header_lines(std::string_view text, Headers& out) {
  size_t count = 0;
  while (true) {
    std::string_view line = next_line(text);
    if (line.empty()) return {};
    if (++count > header_lines_max) return {431, "too many header lines"};
    if (line[0] == ' ' || line[0] == '\t') return {400, "a header line continued on the next (obsolete folding)"};
    size_t colon = line.find(':');
    if (colon == std::string_view::npos) return {400, "a header line without a colon"};
    std::string_view name = line.substr(0, colon);
    if (!is_token(name)) return {400, "a header name with a character that may not be in one"};
    std::string_view value = trim_blanks(line.substr(colon + 1));
    for (char c : value)
      if (!is_value_character(c)) return {400, "a control character in a header value"};
    out.add(name, value);
  }
}

std::optional<uint64_t> parse_length(std::string_view text) {
  if (text.empty() || text.size() > 18) return {};  // below 2^63
  uint64_t n = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return {};
    n = n * 10 + static_cast<uint64_t>(c - '0');
  }
  return n;
}

bool is_authority(std::string_view text) {
  if (text.empty() || text.size() > 300) return false;
  for (char c : text) {
    bool good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
                c == '_' || c == ':' || c == '[' || c == ']' || c == '%' || c == '~';
    if (!good) return false;
  }
  return true;
}

H1Refusal frame_request(H1RequestHead& out) {
  const Headers& headers = out.request.headers;
  auto lengths = headers.all("content-length");
  auto codings = headers.all("transfer-encoding");
  if (!codings.empty()) {
    if (out.http_1_0) return {400, "Transfer-Encoding in HTTP/1.0"};
    if (!lengths.empty()) return {400, "both Content-Length and Transfer-Encoding"};
    if (codings.size() > 1 || !same_word(codings[0], "chunked"))
      return {501, "expected Transfer-Encoding: chunked, once, or none"};
    out.framing = H1Framing::chunked;
  } else if (!lengths.empty()) {
    auto length = parse_length(lengths[0]);
    if (lengths.size() > 1 || !length) return {400, "expected one Content-Length, a decimal number"};
    out.framing = *length ? H1Framing::length : H1Framing::none;
    out.body_bytes = *length;
  }
  return {};
}

H1Refusal find_authority(H1RequestHead& out) {
  Request& request = out.request;
  auto hosts = request.headers.all("host");
  if (hosts.size() > 1 || (hosts.empty() && !out.http_1_0)) return {400, "expected one Host"};
  if (!hosts.empty()) {
    if (!is_authority(hosts[0])) return {400, "Host is no host name"};
    request.authority = hosts[0];
  }
  if (request.target[0] == '/') return {};
  if (request.target == "*" && request.method == "OPTIONS") return {};
  if (request.method == "CONNECT") return {405, "CONNECT is not offered"};
  // "GET http://host/path": what a client sends to a proxy; servers have to take it, and its host holds (RFC
  // 9112 3.2.2)
  auto url = Url::parse(request.target);
  if (!url || !url->user.empty()) return {400, "expected a target that begins with /"};
  request.authority = url->authority();
  request.target = (url->path.empty() ? "/" : url->path) + (url->query.empty() ? "" : "?" + url->query);
  return {};
}

}  // namespace

size_t find_h1_head(std::string_view bytes, size_t limit, H1Refusal& refusal) {
  for (size_t i = 0; i < bytes.size() && i < limit;) {
    size_t end = bytes.find_first_of(std::string_view("\r\n\0", 3), i);
    if (end == std::string_view::npos || end >= limit) break;
    if (bytes[end] != '\r') {
      refusal = {400, bytes[end] == '\n' ? "a line that ends with LF alone" : "a NUL byte"};
      return 0;
    }
    if (end + 1 == bytes.size()) break;
    if (bytes[end + 1] != '\n') {
      refusal = {400, "a CR without LF"};
      return 0;
    }
    if (end == i) return end + 2;  // an empty line
    i = end + 2;
  }
  if (bytes.size() >= limit) refusal = {431, fmt::format("the head is longer than {} bytes", limit)};
  return 0;
}

H1Refusal parse_h1_request(std::string_view head, H1RequestHead& out) {
  std::string_view line = next_line(head);
  size_t first = line.find(' ');
  size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return {400, "expected METHOD TARGET HTTP/1.1"};
  std::string_view method = line.substr(0, first), target = line.substr(first + 1, last - first - 1),
                   version = line.substr(last + 1);
  if (!is_token(method) || method.size() > 32) return {400, "expected a method"};
  if (target.empty()) return {400, "expected a target"};
  for (char c : target) {
    auto u = static_cast<unsigned char>(c);
    if (u <= ' ' || u >= 0x7f) return {400, "a character in the target that has to be percent-encoded"};
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    bool is_version = version.size() == 8 && version.starts_with("HTTP/") && version[6] == '.';
    return is_version ? H1Refusal{505, "expected HTTP/1.1"} : H1Refusal{400, "expected METHOD TARGET HTTP/1.1"};
  }
  out.http_1_0 = version == "HTTP/1.0";
  out.request.method = method;
  out.request.target = target;
  out.request.headers = {};
  if (auto refusal = parse_header_lines(head, out.request.headers); refusal.status) return refusal;
  if (auto refusal = find_authority(out); refusal.status) return refusal;
  if (auto refusal = frame_request(out); refusal.status) return refusal;

  out.keep_alive = !out.http_1_0;
  for (std::string_view connection : out.request.headers.all("connection")) {
    if (has_token(connection, "close")) {
      out.keep_alive = false;
      break;
    }
    if (out.http_1_0 && has_token(connection, "keep-alive")) out.keep_alive = true;
  }
  if (std::string_view expect = out.request.headers.get("expect"); !expect.empty() && !out.http_1_0) {
    if (!same_word(expect, "100-continue")) return {417, "expected no Expect but 100-continue"};
    out.expects_continue = out.framing != H1Framing::none;
  }
  return {};
}

Result<H1ResponseHead> parse_h1_response(std::string_view head, bool to_head) {
  auto wrong = [](std::string_view what) { return fail(ErrorKind::io, "the answer is not HTTP/1.1: {}", what); };
  std::string_view line = next_line(head);
  bool http_1_0 = line.starts_with("HTTP/1.0 ");
  if (!http_1_0 && !line.starts_with("HTTP/1.1 ")) return wrong("expected HTTP/1.1 STATUS");
  H1ResponseHead out;
  std::string_view code = line.substr(9, 3);
  if (code.size() != 3 || code[0] < '1' || code[0] > '9' || (line.size() > 12 && line[12] != ' '))
    return wrong("expected a status of three digits");
  for (char c : code) {
    if (c < '0' || c > '9') return wrong("expected a status of three digits");
    out.status = out.status * 10 + (c - '0');
  }
  if (auto refusal = parse_header_lines(head, out.headers); refusal.status) return wrong(refusal.why);

  auto lengths = out.headers.all("content-length");
  auto codings = out.headers.all("transfer-encoding");
  out.keep_alive = !http_1_0;
  for (std::string_view connection : out.headers.all("connection")) {
    if (has_token(connection, "close")) out.keep_alive = false;
    if (http_1_0 && has_token(connection, "keep-alive")) out.keep_alive = true;
  }
  if (!codings.empty()) {
    if (!lengths.empty() || http_1_0) return wrong("Transfer-Encoding beside Content-Length or in HTTP/1.0");
    if (codings.size() > 1 || !same_word(codings[0], "chunked")) return wrong("an unknown Transfer-Encoding");
    out.framing = H1Framing::chunked;
  } else if (!lengths.empty()) {
    for (std::string_view other : lengths)
      if (other != lengths[0]) return wrong("two different Content-Lengths");
    auto length = parse_length(lengths[0]);
    if (!length) return wrong("Content-Length is no number");
    out.framing = *length ? H1Framing::length : H1Framing::none;
    out.body_bytes = *length;
  } else {
    out.framing = H1Framing::until_end;
  }
  if (to_head || out.status < 200 || out.status == 204 || out.status == 304) out.framing = H1Framing::none;
  if (out.framing == H1Framing::until_end) out.keep_alive = false;
  return out;
}

bool parse_h1_trailers(std::string_view lines, Headers& out) {
  return parse_header_lines(lines, out).status == 0;
}

bool are_sendable(const Headers& headers) {
  for (const auto& [name, value] : headers.lines()) {
    if (!is_token(name)) return false;
    for (char c : value)
      if (!is_value_character(c)) return false;
  }
  return true;
}

bool write_h1_headers(const Headers& headers, std::string& out) {
  if (!are_sendable(headers)) return false;
  for (const auto& [name, value] : headers.lines()) {
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
  }
  return true;
}

bool is_token(std::string_view text) {
  for (char c : text)
    if (!token_characters[static_cast<unsigned char>(c)]) return false;
  return !text.empty();
}

bool has_token(std::string_view list, std::string_view token) {
  for (std::string_view part : base::split(list, ','))
    if (same_word(trim_blanks(part), token)) return true;
  return false;
}

std::string_view status_text(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Entity";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

}  // namespace slipway::runtime
