// Protobuf on the wire, as far as CRI needs it: an appending writer and a reader that walks one message's fields.
// Messages are not generated: cri.cc names the few fields it uses by number (CRI v1, api.proto of cri-api v0.35).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace slipway::node::cri {

// Fields with proto3's default value (0, "", false) are left out by put(); a submessage is always written.
class Writer {
 public:
  Writer& put(int field, std::string_view bytes);
  Writer& put(int field, const std::string& bytes) { return put(field, std::string_view(bytes)); }
  Writer& put(int field, const char* text) { return put(field, std::string_view(text)); }
  Writer& put(int field, bool on) { return put(field, static_cast<int64_t>(on)); }
  Writer& put(int field, int64_t number);
  Writer& put(int field, int number) { return put(field, static_cast<int64_t>(number)); }
  Writer& put(int field, uint32_t number) { return put(field, static_cast<int64_t>(number)); }
  Writer& put(int field, const Writer& message) { return put_always(field, message.bytes_); }
  Writer& put_always(int field, std::string_view bytes);  // an empty element of a repeated field
  template <class Map>
  Writer& put_map(int field, const Map& map) {  // map<string, string>
    for (const auto& [key, value] : map) put(field, Writer().put(1, key).put(2, value));
    return *this;
  }
  template <class List>
  Writer& put_each(int field, const List& list) {
    for (const auto& item : list) put_always(field, item);
    return *this;
  }
  std::string take() { return std::move(bytes_); }

 private:
  void varint(uint64_t number);
  std::string bytes_;
};

// for (Reader r(bytes); r.next();) switch (r.field()) { case 1: id = r.text(); ... }   then check r.ok().
// Numbers of another wire type than asked for read as 0 or "". Views point into the bytes given.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}
  bool next();  // false at the end, or at malformed bytes (ok() tells which)
  int field() const { return field_; }
  std::string_view bytes() const { return bytes_; }
  std::string text() const { return std::string(bytes_); }
  int64_t number() const { return static_cast<int64_t>(number_); }
  bool flag() const { return number_ != 0; }
  bool ok() const { return ok_; }

 private:
  bool varint(uint64_t& out);
  std::string_view rest_, bytes_;
  uint64_t number_ = 0;
  int field_ = 0;
  bool ok_ = true;
};

// One key and value of a map<string, string>.
std::pair<std::string, std::string> read_entry(std::string_view bytes);

}  // namespace slipway::node::cri
