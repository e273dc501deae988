// The HTTP/2 server's front against frames made by hand: what a hostile client may try.
#include "runtime/h2_session.h"

#include <doctest/doctest.h>

#include "runtime/testing/h2_frames.h"
#include "runtime/world_fake.h"

using namespace slipway;
using namespace slipway::runtime;
using namespace slipway::runtime::testing;

namespace {

// Answers every request when told to.
struct Front final : H2Session::Events {
  FakeWorld world;
  H2Session session;
  std::vector<H2StreamPtr> requests;
  std::string out;
  explicit Front(H2Limits limits = {}) : session(H2Session::Side::server, limits, world.executor(), *this) {}
  void on_head(H2StreamPtr stream) override { requests.push_back(std::move(stream)); }
  void on_output() override {}
  bool take(std::string bytes) {
    auto understood = session.receive(bytes);
    session.gather(out, 1 << 20);
    return understood.has_value() && !session.finished();
  }
};

// How many of `pieces` it takes before it refuses; -1: all.
int taken(const std::vector<std::string>& pieces, Front& front) {
  CHECK(front.take(preface));
  for (size_t i = 0; i < pieces.size(); ++i)
    if (!front.take(pieces[i])) return static_cast<int>(i);
  return -1;
}
int taken(const std::vector<std::string>& pieces) {
  Front front;
  return taken(pieces, front);
}

}  // namespace

TEST_CASE("a request is understood and answered") {
  Front front;
  CHECK(front.take(preface + request(1)));
  REQUIRE(front.requests.size() == 1);
  CHECK(front.requests[0]->method == "GET");
  CHECK(front.requests[0]->path == "/");
  CHECK(front.requests[0]->authority == "x");
  CHECK(front.requests[0]->in_ended);
  front.out.clear();
  CHECK(front.session.respond(*front.requests[0], 200, {}, false));
  front.session.add(*front.requests[0], "hello");
  front.session.end(*front.requests[0]);
  CHECK(front.take(""));
  CHECK(front.out.contains(frame(data, end_stream, 1, "hello")));
  CHECK(front.session.open_streams() == 0);
}

TEST_CASE("what is left of a failed connection is gathered when its requests are gone") {
  Front front;
  CHECK(front.take(preface + request(1) + request(3)));
  REQUIRE(front.requests.size() == 2);
  CHECK(front.session.respond(*front.requests[0], 200, {}, false));
  front.session.add(*front.requests[0], std::string(200'000, 'x'));  // more than the client has room for
  front.session.gather(front.out, 1 << 10);
  CHECK(front.session.respond(*front.requests[1], 200, {}, false));
  front.session.add(*front.requests[1], "hello");
  front.session.fail_all(Error(ErrorKind::io, "the client went away"));
  front.requests.clear();
  front.out.clear();
  front.take(frame(window_update, 0, 0, std::string("\0\x10\0\0", 4)) +
             frame(window_update, 0, 1, std::string("\0\x10\0\0", 4)));
  CHECK(!front.out.contains("hello"));
  CHECK(!front.out.contains("xxx"));
}

TEST_CASE("a long answer is gathered in pieces of about the size that was asked for") {
  Front front;
  uint32_t window = 1 << 20;
  auto wide = [&](uint32_t id) { return frame(window_update, 0, id, std::string("\0\x10\0\0", 4)); };
  CHECK(front.take(preface + request(1) + wide(0) + wide(1)));
  std::string body;
  for (int i = 0; body.size() < window / 2; ++i) body += std::to_string(i) + " ";
  CHECK(front.session.respond(*front.requests[0], 200, {}, false));
  front.session.add(*front.requests[0], body);
  front.session.end(*front.requests[0]);
  std::string all, piece;
  for (; front.session.gather(piece, 40'000); piece.clear()) {
    CHECK(piece.size() < 40'000 + 17'000);
    all += piece;
  }
  std::string seen;
  for (size_t at = 0; at + 9 <= all.size();) {
    auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(all[at + i])); };
    size_t size = byte(0) << 16 | byte(1) << 8 | byte(2);
    if (all[at + 3] == data) seen += all.substr(at + 9, size);
    at += 9 + size;
  }
  CHECK(seen == body);
  CHECK(front.session.unsent() == 0);
  CHECK(front.session.open_streams() == 0);
}

TEST_CASE("what is gathered no more after all streams failed does not come") {
  Front front;
  CHECK(front.take(preface + request(1)));
  CHECK(front.session.respond(*front.requests[0], 200, {}, false));
  front.session.add(*front.requests[0], std::string(60'000, 'x'));
  std::string piece;
  CHECK(front.session.gather(piece, 20'000));
  front.session.fail_all(Error(ErrorKind::io, "gone"));
  piece.clear();
  front.session.gather(piece, 1 << 20);
  CHECK(piece.size() < 1000);
}

TEST_CASE("what is no HTTP/2 is refused") {
  Front front;
  CHECK_FALSE(front.take("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  CHECK(taken({request(2)}) == 0);              // even stream from a client
  CHECK(taken({frame(data, 0, 1, "x")}) >= 0);  // DATA on an idle stream
  CHECK(taken({frame(headers, end_headers, 1, "\xff\xff\xff\xff\xff\xff\xff\xff\xff")}) >= 0);  // no HPACK
  CHECK(taken({frame(push_promise, end_headers, 1, std::string("\0\0\0\2", 4) + get)}) >= 0);
  CHECK(taken({request(1, get, end_stream) + frame(ping, 0, 0, "12345678")}) >= 0);  // something inside a header block
}

TEST_CASE("messages that would smuggle are reset, and do not reach a handler") {
  auto reaches = [](std::string block, std::string body) {
    Front front;
    CHECK(front.take(preface + frame(headers, end_headers, 1, block) + frame(data, end_stream, 1, body)));
    return !front.requests.empty() && !front.requests[0]->failed;
  };
  auto literal = [](std::string name, std::string value) {
    return std::string(1, '\0') + static_cast<char>(name.size()) + name + static_cast<char>(value.size()) + value;
  };
  CHECK(reaches(get + literal("x", "y"), "abc"));
  CHECK(reaches(get + literal("content-length", "3"), "abc"));
  CHECK_FALSE(reaches(get + literal("content-length", "2"), "abc"));
  CHECK_FALSE(reaches(get + literal("content-length", "4"), "abc"));
  CHECK_FALSE(reaches(get + literal("content-length", "3") + literal("content-length", "3"), "abc"));
  CHECK_FALSE(reaches(get + literal("transfer-encoding", "chunked"), "abc"));
  CHECK_FALSE(reaches(get + literal("connection", "close"), "abc"));
  CHECK_FALSE(reaches(get + literal("X", "y"), "abc"));
  CHECK_FALSE(reaches(get + literal("x", "a\r\nb"), "abc"));
  CHECK_FALSE(reaches(get + literal(":path", "/other"), "abc"));
  CHECK_FALSE(reaches("\x82\x84", "abc"));
}

TEST_CASE("rapid resets end the connection") {
  std::vector<std::string> pieces;
  for (uint32_t i = 0; i < 3000; ++i) pieces.push_back(request(2 * i + 1) + reset(2 * i + 1));
  int n = taken(pieces);
  CHECK(n >= 100);
  CHECK(n < 1000);
}

TEST_CASE("resets that a client provokes from us end it too") {
  std::vector<std::string> pieces;
  for (uint32_t i = 0; i < 3000; ++i)  // a window past its bounds resets the stream
    pieces.push_back(request(2 * i + 1, get, end_headers) + frame(window_update, 0, 2 * i + 1, "\x7f\xff\xff\xff"));
  int n = taken(pieces);
  CHECK(n >= 100);
  CHECK(n < 1000);
}

TEST_CASE("a header block without end") {
  std::vector<std::string> pieces{request(1, get, end_stream)};
  for (int i = 0; i < 1000; ++i) pieces.push_back(frame(continuation, 0, 1, std::string("\0\1x\1y", 5)));
  int n = taken(pieces);
  CHECK(n >= 1);
  CHECK(n < 20);
}

TEST_CASE("a few bytes that decode to megabytes") {
  std::string value(3900, 'v');
  std::string block = get + std::string("\x40\x01x\x7f") + static_cast<char>((3900 - 127) % 128 + 128) +
                      static_cast<char>((3900 - 127) / 128) + value;
  Front front({.header_bytes_max = 64 << 10});
  CHECK(front.take(preface + request(1, block + std::string(20, '\xbe'))));  // 80 KB decoded: told so
  REQUIRE(front.requests.size() == 1);
  CHECK(front.requests[0]->head_too_large);
  CHECK(front.requests[0]->headers.lines().size() < 20);
  CHECK(front.take(request(3, std::string(12000, '\xbe'))));  // 47 MB decoded: reset on the way
  CHECK(front.requests.size() == 1);
}

TEST_CASE("frames that carry nothing") {
  std::vector<std::string> pings(5000, frame(ping, 0, 0, "12345678")), settings_frames(5000, frame(settings, 0, 0, "")),
      priorities(5000, frame(priority, 0, 1, std::string("\0\0\0\0\x10", 5))), empty{request(1, get, end_headers)};
  for (int i = 0; i < 5000; ++i) empty.push_back(frame(data, 0, 1, ""));
  for (const auto& pieces : {pings, settings_frames, priorities, empty}) {
    int n = taken(pieces);
    CHECK(n >= 100);
    CHECK(n < 3000);
  }
}

TEST_CASE("more streams than allowed are refused, the connection goes on") {
  Front front({.streams_max = 10});
  std::vector<std::string> pieces;
  CHECK(front.take(preface));
  for (uint32_t i = 0; i < 12; ++i) CHECK(front.take(request(2 * i + 1, get, end_headers)));
  CHECK(front.requests.size() == 10);
  CHECK(front.session.open_streams() == 10);
}

TEST_CASE("unread bodies stop the sender") {
  Front front({.stream_window_bytes = 100'000});
  CHECK(front.take(preface + frame(settings, 1, 0, "") + request(1, get, end_headers)));
  for (int i = 0; i < 6; ++i) CHECK(front.take(frame(data, 0, 1, std::string(16000, 'x'))));
  CHECK(front.requests[0]->in.size() == 96000);
  front.out.clear();
  front.session.consumed(*front.requests[0], 96000);
  front.take("");
  CHECK(front.out.contains(std::string("\0\0\4\x08\0\0\0\0\1", 9)));  // a WINDOW_UPDATE for stream 1
  // past the window is an error, of the stream or the connection
  for (int i = 0; i < 8; ++i) front.take(frame(data, 0, 1, std::string(16000, 'x')));
  CHECK(front.requests[0]->in.size() < 220'000);
  CHECK(front.requests[0]->failed.has_value());
}
