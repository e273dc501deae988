#include "runtime/h1_head.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "runtime/h1_body.h"

using namespace slipway;
using namespace slipway::runtime;

namespace {

// What a request's head comes to: "GET /x a.example none" or "400".
std::string read_request(std::string bytes, size_t limit = 64 << 10) {
  H1Refusal refusal;
  size_t size = find_h1_head(bytes, limit, refusal);
  if (refusal.status) return fmt::format("{}", refusal.status);
  if (size == 0) return "more";
  H1RequestHead head;
  refusal = parse_h1_request(std::string_view(bytes).substr(0, size), head);
  if (refusal.status) return fmt::format("{}", refusal.status);
  static const char* framings[] = {"none", "length", "chunked", "until_end"};
  std::string out = fmt::format("{} {} {} {}", head.request.method, head.request.target, head.request.authority,
                                framings[static_cast<int>(head.framing)]);
  if (head.framing == H1Framing::length) out += fmt::format("={}", head.body_bytes);
  if (!head.keep_alive) out += " close";
  if (head.expects_continue) out += " continue";
  return out;
}

void check(std::string lines, std::string expected) {
  INFO(lines);
  CHECK(read_request(lines) == expected);
}

void check_headers(std::string headers, std::string expected) {
  check("POST / HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n", expected);
}

std::string chunks(std::string bytes, size_t step) {
  ChunkDecoder decoder;
  std::string out, pending;
  for (size_t i = 0; i < bytes.size(); i += step) {
    pending += bytes.substr(i, step);
    std::string_view view = pending;
    if (!decoder.decode(view, out)) return "malformed";
    pending = view;
  }
  if (!decoder.done()) return out + " ...";
  for (const auto& [name, value] : decoder.trailers().lines()) out += " " + name + "=" + value;
  return out + (pending.empty() ? "" : " | " + pending);
}

void check_chunks(std::string bytes, std::string expected) {
  INFO(bytes);
  for (size_t step : {1, 2, 3, 7, 1000}) CHECK(chunks(bytes, step) == expected);
}

}  // namespace

TEST_CASE("requests as they should be") {
  check("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n", "GET / a.example none");
  check("GET /a%20b?c=d HTTP/1.1\r\nhOST:  a:8080 \t\r\n\r\n", "GET /a%20b?c=d a:8080 none");
  check("GET / HTTP/1.0\r\n\r\n", "GET /  none close");
  check("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "GET /  none");
  check("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n", "GET / a none close");
  check("GET http://b.example:81/x?y HTTP/1.1\r\nHost: a\r\n\r\n", "GET /x?y b.example:81 none");
  check("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * a none");
  check("GET / HTTP/1.1\r\nHost: [::1]:6443\r\n\r\n", "GET / [::1]:6443 none");
  check_headers("Content-Length: 12\r\n", "POST / a length=12");
  check_headers("Content-Length: 0\r\n", "POST / a none");
  check_headers("Transfer-Encoding: Chunked\r\n", "POST / a chunked");
  check_headers("Content-Length: 3\r\nExpect: 100-continue\r\n", "POST / a length=3 continue");
  check_headers("X-Empty:\r\n", "POST / a none");
}

TEST_CASE("heads that are not complete yet") {
  check("", "more");
  check("GET / HTTP/1.1\r", "more");
  check("GET / HTTP/1.1\r\nHost: a\r\n", "more");
  check("GET / HTTP/1.1\r\nHost: a\r\n\r", "more");
}

TEST_CASE("what smuggling lives on is refused") {
  check_headers("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "400");
  check_headers("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "400");
  check_headers("Content-Length: 3\r\nContent-Length: 3\r\n", "400");
  check_headers("Content-Length: 3\r\nContent-Length: 4\r\n", "400");
  check_headers("Content-Length: 3, 3\r\n", "400");
  check_headers("Content-Length: +3\r\n", "400");
  check_headers("Content-Length: -1\r\n", "400");
  check_headers("Content-Length: 0x3\r\n", "400");
  check_headers("Content-Length:\r\n", "400");
  check_headers("Content-Length: 99999999999999999999\r\n", "400");
  check_headers("Content-Length : 3\r\n", "400");
  check_headers("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "501");
  check_headers("Transfer-Encoding: gzip, chunked\r\n", "501");
  check_headers("Transfer-Encoding: xchunked\r\n", "501");
  check_headers("Transfer-Encoding: \x0b chunked\r\n", "400");
  check_headers("Transfer-Encoding:\r\n", "501");
  check_headers("X: a\r\n b\r\n", "400");
  check_headers(" X: a\r\n", "400");
  check_headers("X: a\nTransfer-Encoding: chunked\r\n", "400");
  check_headers("X: a\rb\r\n", "400");
  check_headers(std::string("X: a\0b\r\n", 8), "400");
  check_headers("X\r\n", "400");
  check_headers(": x\r\n", "400");
  check_headers("X(: x\r\n", "400");
  check_headers("Host: b\r\n", "400");
  check("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "400");
  check("GET / HTTP/1.1\nHost: a\n\n", "400");
  check("GET / HTTP/1.1\r\n\r\n", "400");
  check("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400");
  check("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400");
  check("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "400");
  check("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", "400");
  check("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", "400");
  check("GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505");
  check("GET / http/1.1\r\nHost: a\r\n\r\n", "400");
  check("GET /\r\nHost: a\r\n\r\n", "400");
  check("GET a HTTP/1.1\r\nHost: a\r\n\r\n", "400");
  check("GET http://user@b/ HTTP/1.1\r\nHost: a\r\n\r\n", "400");
  check("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", "405");
  check("PRI * HTTP/2.0\r\n\r\n", "505");
  check_headers("Expect: tea\r\n", "417");
}

TEST_CASE("limits") {
  for (size_t extra : {371, 372, 373, 500})  // also where the limit falls between CR and LF
    CHECK(read_request("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(extra, 'x') + "\r", 400) == "431");
  std::string many;
  for (int i = 0; i < 300; ++i) many += "x: y\r\n";
  check_headers(many, "431");
}

TEST_CASE("answers") {
  auto read = [](std::string head, bool to_head = false) {
    auto r = parse_h1_response(head, to_head);
    if (!r) return std::string("refused");
    static const char* framings[] = {"none", "length", "chunked", "until_end"};
    return fmt::format("{} {}{}", r->status, framings[static_cast<int>(r->framing)], r->keep_alive ? "" : " close");
  };
  CHECK(read("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n") == "200 length");
  CHECK(read("HTTP/1.1 200\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\n") == "200 length");
  CHECK(read("HTTP/1.1 200 OK\r\n\r\n") == "200 until_end close");
  CHECK(read("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", true) == "200 none");
  CHECK(read("HTTP/1.1 204 No\r\n\r\n") == "204 none");
  CHECK(read("HTTP/1.1 304 No\r\nContent-Length: 4\r\n\r\n") == "304 none");
  CHECK(read("HTTP/1.1 101 Switching Protocols\r\n\r\n") == "101 none");
  CHECK(read("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\n") == "200 length");
  CHECK(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") == "200 chunked");
  CHECK(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n") == "refused");
  CHECK(read("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\n") == "refused");
  CHECK(read("HTTP/1.1 2x0 OK\r\n\r\n") == "refused");
  CHECK(read("HTTP/1.1 2000 OK\r\n\r\n") == "refused");
  CHECK(read("ICY 200 OK\r\n\r\n") == "refused");
}

TEST_CASE("chunks") {
  check_chunks("5\r\nhello\r\n0\r\n\r\n", "hello");
  check_chunks("5;a=b\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n", "hello0123456789");
  check_chunks("3\r\nabc\r\n0\r\nX: y\r\nZ: w\r\n\r\n", "abc X=y Z=w");
  check_chunks("00003\r\nabc\r\n000\r\n\r\nGET /", "abc | GET /");
  check_chunks("5\r\nhel", "hel ...");
  check_chunks("5\r\nhello", "hello ...");
  for (std::string bad : {"5\nhello\n0\n\n", "0x5\r\nhello\r\n", "-5\r\nhello", " 5\r\nhello", "5 \r\nhello", "\r\nx",
                          "g\r\n", "5\r\nhelloX\r\n", "5\r\nhello\n", "1000000000000000\r\nx", "5;\x01\r\nhello",
                          "0\r\nbad trailer\r\n\r\n", "0\r\n x: y\r\n\r\n", "5\r\nhello\rX0"})
    check_chunks(bad, "malformed");
  check_chunks(std::string(300, '1'), "malformed");
}

TEST_CASE("headers, targets and URLs") {
  Headers headers;
  headers.add("Accept", "a");
  headers.add("accept", "b");
  headers.add("X", "y");
  CHECK(headers.get("ACCEPT") == "a");
  CHECK(headers.all("accept").size() == 2);
  headers.set("accept", "c");
  CHECK(headers.all("accept") == std::vector<std::string_view>{"c"});
  headers.remove("accept");
  CHECK_FALSE(headers.has("Accept"));
  Request request;
  request.target = "/api/v1/na%2Fme%zz?watch=true&labelSelector=app%3Dweb%2Ctier+in&flag&watch=no";
  CHECK(request.path() == "/api/v1/na/me%zz");
  CHECK(request.query("watch") == "true");
  CHECK(request.query("labelSelector") == "app=web,tier in");
  CHECK(request.query("flag") == "");
  CHECK_FALSE(request.query("none").has_value());
  CHECK(percent_encode("a b/ä") == "a%20b%2F%C3%A4");

  auto url = Url::parse("https://us%20er:p%40ss@Host.Example:8443/a/b?c=d#frag");
  REQUIRE(url.has_value());
  CHECK(url->user == "us er");
  CHECK(url->password == "p@ss");
  CHECK(url->host == "host.example");
  CHECK(url->port == 8443);
  CHECK(url->path == "/a/b");
  CHECK(url->query == "c=d");
  CHECK(url->authority() == "host.example:8443");
  CHECK(Url::parse("http://[::1]:80")->authority() == "[::1]");
  for (std::string bad : {"ftp://x/", "host/path", "https://", "https://x:0/", "https://x:99999/", "https://a b/",
                          "https://[::1", "https://x/\r\nHost: y"})
    CHECK_FALSE(Url::parse(bad).has_value());
  CHECK_FALSE(Url::parse("https://user:secret@h:x/").error().str().contains("secret"));
}
