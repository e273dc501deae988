// WebSocket frames as Kubernetes' streaming uses them (RFC 6455; subprotocol v4.channel.k8s.io: the first byte of a
// binary message is the channel). The client's side. Pure: bytes in, messages out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::cli {

enum class Channel : uint8_t { in = 0, out = 1, err = 2, error = 3, resize = 4 };

struct ChannelMessage {
  enum class Kind { data, ping, closed } kind = Kind::data;
  Channel channel = Channel::out;
  std::string bytes;
};

// A client's frames are masked.
std::string channel_frame(Channel channel, std::string_view bytes, uint32_t mask);
std::string control_frame(uint8_t opcode, std::string_view bytes, uint32_t mask);

class ChannelReader {
 public:
  void feed(std::string_view bytes) { buffer_ += bytes; }
  // The next whole message; nothing when more bytes are needed. Errors: bad_request, too_large.
  Result<std::optional<ChannelMessage>> next();

 private:
  std::string buffer_, message_;
};

}  // namespace slipway::cli
