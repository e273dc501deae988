#include "node/cri/wire.h"

namespace slipway::node::cri {

Writer& Writer::put(int field, std::string_view bytes) {
  return bytes.empty() ? *this : put_always(field, bytes);
}

Writer& Writer::put(int field, int64_t number) {
  if (number == 0) return *this;
  varint(static_cast<uint64_t>(field) << 3);
  varint(static_cast<uint64_t>(number));
  return *this;
}

Writer& Writer::put_always(int field, std::string_view bytes) {
  varint(static_cast<uint64_t>(field) << 3 | 2);
  varint(bytes.size());
  bytes_ += bytes;
  return *this;
}

void Writer::varint(uint64_t number) {
  for (; number >= 0x80; number >>= 7) bytes_ += static_cast<char>(number | 0x80);
  bytes_ += static_cast<char>(number);
}

bool Reader::next() {
  if (rest_.empty() || !ok_) return false;
  bytes_ = {};
  number_ = 0;
  uint64_t key = 0;
  if (!varint(key) || key >> 3 == 0 || key >> 3 > (1u << 29)) return ok_ = false;
  field_ = static_cast<int>(key >> 3);
  size_t length = 0;
  switch (key & 7) {
    case 0:
      return varint(number_) || (ok_ = false);
    case 1:
      length = 8;
      break;
    case 2: {
      uint64_t announced = 0;
      if (!varint(announced) || announced > rest_.size()) return ok_ = false;
      length = announced;
      break;
    }
    case 5:
      length = 4;
      break;
    default:
      return ok_ = false;
  }
  if (length > rest_.size()) return ok_ = false;
  bytes_ = rest_.substr(0, length);
  rest_.remove_prefix(length);
  return true;
}

bool Reader::varint(uint64_t& out) {
  out = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (rest_.empty()) return false;
    uint8_t byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    out |= static_cast<uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

std::pair<std::string, std::string> read_entry(std::string_view bytes) {
  std::pair<std::string, std::string> entry;
  for (Reader r(bytes); r.next();) {
    if (r.field() == 1) entry.first = r.text();
    if (r.field() == 2) entry.second = r.text();
  }
  return entry;
}

}  // namespace slipway::node::cri
