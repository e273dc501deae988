#include "cli/channel_socket.h"

#include "base/text.h"

namespace slipway::cli {

namespace {
constexpr uint8_t continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10;
constexpr size_t message_bytes_max = 16 << 20;
}  // namespace

std::string control_frame(uint8_t opcode, std::string_view bytes, uint32_t mask) {
  std::string frame;
  frame += static_cast<char>(0x80 | opcode);
  if (bytes.size() < 126) {
    frame += static_cast<char>(0x80 | bytes.size());
  } else if (bytes.size() < 65536) {
    frame += static_cast<char>(0x80 | 126);
    frame += static_cast<char>(bytes.size() >> 8);
    frame += static_cast<char>(bytes.size());
  } else {
    frame += static_cast<char>(0x80 | 127);
    for (int shift = 56; shift >= 0; shift -= 8) frame += static_cast<char>(bytes.size() >> shift);
  }
  char key[4] = {static_cast<char>(mask >> 24), static_cast<char>(mask >> 16), static_cast<char>(mask >> 8),
                 static_cast<char>(mask)};
  frame.append(key, 4);
  for (size_t i = 0; i < bytes.size(); ++i) frame += static_cast<char>(bytes[i] ^ key[i % 4]);
  return frame;
}

std::string channel_frame(Channel channel, std::string_view bytes, uint32_t mask) {
  std::string payload(1, static_cast<char>(channel));
  payload += bytes;
  return control_frame(binary, payload, mask);
}

Result<std::optional<ChannelMessage>> ChannelReader::next() {
  while (buffer_.size() >= 2) {
    auto byte = [&](size_t i) { return static_cast<uint8_t>(buffer_[i]); };
    bool last = byte(0) & 0x80, masked = byte(1) & 0x80;
    uint8_t opcode = byte(0) & 15;
    uint64_t length = byte(1) & 127;
    size_t head = 2;
    if (length == 126) {
      if (buffer_.size() < 4) return std::nullopt;
      length = static_cast<uint64_t>(byte(2)) << 8 | byte(3);
      head = 4;
    } else if (length == 127) {
      if (buffer_.size() < 10) return std::nullopt;
      length = 0;
      for (size_t i = 2; i < 10; ++i) length = length << 8 | byte(i);
      head = 10;
    }
    if (masked) return fail(ErrorKind::bad_request, "the server sent a masked WebSocket frame");
    if (length > message_bytes_max) return fail(ErrorKind::too_large, "a WebSocket frame of {} bytes", length);
    if (buffer_.size() < head + length) return std::nullopt;
    std::string payload = buffer_.substr(head, length);
    buffer_.erase(0, head + length);
    if (opcode == close) return ChannelMessage{ChannelMessage::Kind::closed, {}, {}};
    if (opcode == ping) return ChannelMessage{ChannelMessage::Kind::ping, {}, std::move(payload)};
    if (opcode == pong) continue;
    if (opcode != continuation && opcode != text && opcode != binary) {
      return fail(ErrorKind::bad_request, "the server sent a WebSocket frame of unknown kind {}", opcode);
    }
    message_ += payload;
    if (message_.size() > message_bytes_max)
      return fail(ErrorKind::too_large, "a WebSocket message of more than {} bytes", message_bytes_max);
    if (!last || message_.empty()) continue;
    ChannelMessage message{ChannelMessage::Kind::data, static_cast<Channel>(message_[0]), message_.substr(1)};
    message_.clear();
    return message;
  }
  return std::nullopt;
}

}  // namespace slipway::cli
