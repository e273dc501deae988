// DNS messages (RFC 1035, EDNS0: RFC 6891) from and to bytes. Pure; every length, count and pointer is checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::network::dns {

// Labels from left to right, case kept; the root has none. A label is any 1-63 bytes, a name at most 255 on the wire.
struct Name {
  std::vector<std::string> labels;
  // "web.shop.svc.cluster.local", with or without the dot at the end; empty optional: not a name.
  static std::optional<Name> parse(std::string_view text);
  std::string str() const;      // lower case, no dot at the end, strange bytes as \DDD
  std::string written() const;  // the same with its case kept
  bool ends_with(const Name& zone) const;
  Name operator+(const Name& zone) const;
  bool operator==(const Name& o) const;  // without regard to case
};

enum Type : uint16_t {
  type_a = 1,
  type_ns = 2,
  type_cname = 5,
  type_soa = 6,
  type_ptr = 12,
  type_txt = 16,
  type_aaaa = 28,
  type_srv = 33,
  type_opt = 41,
  type_axfr = 252,
  type_any = 255,
};
inline constexpr uint16_t class_in = 1, class_any = 255;

enum class Code : uint8_t {
  ok = 0,
  format_error = 1,
  server_failure = 2,
  no_name = 3,
  not_implemented = 4,
  refused = 5
};

struct Question {
  Name name;
  uint16_t type = type_a, of_class = class_in;
};
struct Record {
  Name name;
  uint16_t type = type_a;
  uint32_t ttl_s = 0;
  // As on the wire. Names inside are written out for CNAME, NS and PTR; in other types a foreign message may hold
  // pointers into itself, so only pass on what is known to have no names (A, AAAA, TXT).
  std::string data;
  uint16_t of_class = class_in;
};
struct Edns {
  uint16_t payload_max = 1232;
  uint8_t version = 0;
  bool dnssec_ok = false;
};
struct Message {
  uint16_t id = 0;
  bool is_answer = false, authoritative = false, truncated = false, wants_recursion = false, offers_recursion = false;
  uint8_t opcode = 0;
  uint16_t code = 0;  // a Code, or an extended one (16: bad EDNS version)
  std::vector<Question> questions;
  std::vector<Record> answers, authority, additional;  // additional: without OPT
  std::optional<Edns> edns;
};

// What stands before everything else; cheap, whatever follows.
struct Header {
  uint16_t id = 0;
  bool is_answer = false;
  uint8_t opcode = 0;
  uint16_t questions = 0, answers = 0, authority = 0, additional = 0;  // how many; additional: with OPT
};
// Empty optional: there are not even these 12 bytes.
std::optional<Header> parse_header(std::string_view bytes);
// The question of a message that has one, and nothing that follows. Error: bad_request, also for none or several.
Result<Question> parse_question(std::string_view bytes);

// Names in a message point to earlier ones, so that 64 KiB of bytes may stand for hundreds of times as much: this is
// how much is taken, counted as written out. More than any honest message holds.
inline constexpr size_t unfolded_bytes_max = 256 << 10;
// Error: bad_request, saying what is broken at which byte.
Result<Message> parse_message(std::string_view bytes);
// At most `size_max` bytes: what does not fit is left out from the end; a lost answer sets `truncated`.
std::string encode_message(const Message& message, size_t size_max);

Record address_record(Name name, uint32_t address, uint32_t ttl_s);
Record alias_record(Name name, const Name& target, uint32_t ttl_s);    // CNAME
Record pointer_record(Name name, const Name& target, uint32_t ttl_s);  // PTR
Record service_record(Name name, uint16_t priority, uint16_t weight, uint16_t port, const Name& target, uint32_t ttl_s);
Record text_record(Name name, std::string_view text, uint32_t ttl_s);  // at most 255 bytes
Record authority_record(Name zone, uint32_t ttl_s);                    // SOA of a zone of ours
// The name in the data of a CNAME, NS or PTR that was parsed.
std::optional<Name> target_of(const Record& record);

}  // namespace slipway::network::dns
