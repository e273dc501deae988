// HTTP/2 frames made by hand, as a client sends them.
#pragma once

#include <cstdint>
#include <string>

namespace slipway::runtime::testing {

enum Type : char {
  data = 0,
  headers = 1,
  priority = 2,
  rst_stream = 3,
  settings = 4,
  push_promise = 5,
  ping = 6,
  goaway = 7,
  window_update = 8,
  continuation = 9
};
inline constexpr int end_stream = 1, end_headers = 4;

inline std::string frame(Type type, int flags, uint32_t id, std::string payload) {
  std::string out;
  for (int shift : {16, 8, 0}) out += static_cast<char>(payload.size() >> shift);
  out += type;
  out += static_cast<char>(flags);
  for (int shift : {24, 16, 8, 0}) out += static_cast<char>(id >> shift);
  return out + payload;
}

inline const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(settings, 0, 0, "");
inline const std::string get = "\x82\x84\x87\x41\x01x";  // GET / https, authority x, from HPACK's static table

inline std::string request(uint32_t id, std::string block = get, int flags = end_stream | end_headers) {
  return frame(headers, flags, id, block);
}
inline std::string reset(uint32_t id) {
  return frame(rst_stream, 0, id, std::string("\0\0\0\x08", 4));
}

}  // namespace slipway::runtime::testing
