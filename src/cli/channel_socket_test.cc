#include "cli/channel_socket.h"

#include <doctest/doctest.h>

using namespace slipway::cli;

namespace {
std::string server_frame(std::string_view payload, bool last = true, char opcode = 2) {
  std::string frame(1, static_cast<char>((last ? 0x80 : 0) | opcode));
  if (payload.size() < 126) {
    frame += static_cast<char>(payload.size());
  } else {
    frame += static_cast<char>(126);
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size());
  }
  return frame + std::string(payload);
}
}  // namespace

TEST_CASE("messages arrive whole, whatever the pieces") {
  std::string bytes = server_frame("\x01hello") + server_frame("\x02" + std::string(300, 'e'));
  ChannelReader reader;
  std::string out, err;
  for (char c : bytes) {
    reader.feed(std::string_view(&c, 1));
    auto message = reader.next();
    REQUIRE(message.has_value());
    if (!*message) continue;
    ((*message)->channel == Channel::out ? out : err) += (*message)->bytes;
  }
  CHECK(out == "hello");
  CHECK(err == std::string(300, 'e'));
}

TEST_CASE("a message in fragments is one message") {
  ChannelReader reader;
  reader.feed(server_frame("\x01he", false) + server_frame("llo", true, 0));
  auto message = reader.next();
  REQUIRE(message.has_value());
  REQUIRE(message->has_value());
  CHECK((*message)->bytes == "hello");
}

TEST_CASE("what no server may send is refused") {
  ChannelReader masked;
  masked.feed(channel_frame(Channel::in, "x", 1));
  CHECK_FALSE(masked.next().has_value());
  ChannelReader huge;
  huge.feed(std::string("\x82\x7f\x00\x00\x00\x01\x00\x00\x00\x00", 10));
  CHECK_FALSE(huge.next().has_value());
}
