// Compression is the only trap of this format: a name may end in a pointer to an earlier one. Every pointer must lead
// to a place before the name that it ends, and each further one before the last, so following them always ends. And a
// pointer of two bytes may stand for a name of 255: what all names of a message unfold to is counted.
#include "network/dns/message.h"

#include <algorithm>
#include <map>

#include "base/text.h"

namespace slipway::network::dns {

namespace {

constexpr size_t name_bytes_max = 255, label_bytes_max = 63, header_bytes = 12;

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}
  size_t at = 0;

  Result<uint8_t> u8() {
    if (at >= bytes_.size()) return ends();
    return static_cast<uint8_t>(bytes_[at++]);
  }
  Result<uint16_t> u16() {
    uint16_t high = OR_RETURN(u8());
    uint16_t low = OR_RETURN(u8());
    return static_cast<uint16_t>(high << 8 | low);
  }
  Result<uint32_t> u32() {
    uint32_t high = OR_RETURN(u16());
    uint32_t low = OR_RETURN(u16());
    return high << 16 | low;
  }
  Result<std::string_view> take(size_t count) {
    if (bytes_.size() - at < count) return ends();
    auto taken = bytes_.substr(at, count);
    at += count;
    return taken;
  }

  Result<Name> name() {
    Name name;
    size_t size = 1, place = at, lowest = at;
    bool jumped = false;
    while (true) {
      if (place >= bytes_.size()) return ends();
      auto length = static_cast<uint8_t>(bytes_[place]);
      if (length >= 0xc0) {
        if (place + 1 >= bytes_.size()) return ends();
        size_t target = static_cast<size_t>(length & 0x3f) << 8 | static_cast<uint8_t>(bytes_[place + 1]);
        if (target >= lowest) return fail(ErrorKind::bad_request, "byte {}: a name points forward or to itself", place);
        if (!jumped) at = place + 2;
        jumped = true;
        place = lowest = target;
        continue;
      }
      if (length > label_bytes_max) return fail(ErrorKind::bad_request, "byte {}: unknown kind of label", place);
      ++place;
      if (length == 0) break;
      if (bytes_.size() - place < length) return ends();
      size += length + 1u;
      if (size > name_bytes_max) return fail(ErrorKind::bad_request, "byte {}: a name of more than 255 bytes", place);
      name.labels.emplace_back(bytes_.substr(place, length));
      place += length;
    }
    if (!jumped) at = place;
    unfolded_ += size;
    if (unfolded_ > unfolded_bytes_max)
      return fail(ErrorKind::bad_request, "the names unfold to more than {} bytes", unfolded_bytes_max);
    return name;
  }

 private:
  Error ends() const {
    return fail(ErrorKind::bad_request, "the message ends within a field, after {} bytes", bytes_.size());
  }
  std::string_view bytes_;
  size_t unfolded_ = 0;
};

class Writer {
 public:
  std::string bytes;
  void u8(unsigned v) { bytes.push_back(static_cast<char>(v)); }
  void u16(unsigned v) {
    u8(v >> 8 & 255);
    u8(v & 255);
  }
  void u32(uint32_t v) {
    u16(v >> 16);
    u16(v & 0xffff);
  }
  void name(const Name& name, bool compress) {
    for (size_t i = 0; i < name.labels.size(); ++i) {
      if (compress) {
        std::string rest;  // by its lower case, as names are compared
        for (size_t k = i; k < name.labels.size(); ++k) {
          rest.push_back(static_cast<char>(name.labels[k].size()));
          rest += base::to_lower(name.labels[k]);
        }
        auto known = places_.find(rest);
        if (known != places_.end()) return u16(0xc000u | static_cast<unsigned>(known->second));
        if (bytes.size() < 0x4000) places_.emplace(std::move(rest), bytes.size());
      }
      u8(static_cast<unsigned>(name.labels[i].size()));
      bytes += name.labels[i];
    }
    u8(0);
  }
  void record(const Record& record) {
    name(record.name, true);
    u16(record.type);
    u16(record.of_class);
    u32(record.ttl_s);
    u16(static_cast<unsigned>(record.data.size()));
    bytes += record.data;
  }
  // Back to an earlier size: what was written after it is forgotten.
  void shrink(size_t size) {
    bytes.resize(size);
    std::erase_if(places_, [size](const auto& place) { return place.second >= size; });
  }

 private:
  std::map<std::string, size_t> places_;
};

std::string wire(const Name& name) {
  Writer w;
  w.name(name, false);
  return std::move(w.bytes);
}

size_t wire_size(const Name& name) {
  size_t size = 1;
  for (const std::string& label : name.labels) size += label.size() + 1;
  return size;
}

}  // namespace

// ---- names ----

std::optional<Name> Name::parse(std::string_view text) {
  Name name;
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty()) return name;
  for (std::string_view label : base::split(text, '.')) {
    if (label.empty() || label.size() > label_bytes_max) return std::nullopt;
    name.labels.emplace_back(label);
  }
  if (wire_size(name) > name_bytes_max) return std::nullopt;
  return name;
}

std::string Name::written() const {
  std::string text;
  for (const std::string& label : labels) {
    if (!text.empty()) text += '.';
    for (char c : label) {
      auto byte = static_cast<unsigned char>(c);
      if (byte <= ' ' || byte >= 127 || c == '.' || c == '\\')
        text += fmt::format("\\{:03}", byte);
      else
        text += c;
    }
  }
  return text;
}

std::string Name::str() const {
  return base::to_lower(written());
}

bool Name::operator==(const Name& o) const {
  return labels.size() == o.labels.size() && ends_with(o);
}

bool Name::ends_with(const Name& zone) const {
  if (labels.size() < zone.labels.size()) return false;
  size_t skip = labels.size() - zone.labels.size();
  for (size_t i = 0; i < zone.labels.size(); ++i) {
    if (base::to_lower(labels[skip + i]) != base::to_lower(zone.labels[i])) return false;
  }
  return true;
}

Name Name::operator+(const Name& zone) const {
  Name sum = *this;
  sum.labels.insert(sum.labels.end(), zone.labels.begin(), zone.labels.end());
  return sum;
}

// ---- from bytes ----

namespace {

Result<Record> read_record(Reader& in) {
  Record record;
  record.name = OR_RETURN(in.name());
  record.type = OR_RETURN(in.u16());
  record.of_class = OR_RETURN(in.u16());
  record.ttl_s = OR_RETURN(in.u32());
  size_t length = OR_RETURN(in.u16());
  size_t begin = in.at;
  std::string_view data = OR_RETURN(in.take(length));
  if (record.type == type_cname || record.type == type_ns || record.type == type_ptr) {
    in.at = begin;
    Name target = OR_RETURN(in.name());
    if (in.at != begin + length) return fail(ErrorKind::bad_request, "byte {}: a record's length is wrong", begin);
    record.data = wire(target);
  } else {
    record.data = std::string(data);
  }
  return record;
}

Result<Question> read_question(Reader& in) {
  Question question;
  question.name = OR_RETURN(in.name());
  question.type = OR_RETURN(in.u16());
  question.of_class = OR_RETURN(in.u16());
  return question;
}

}  // namespace

std::optional<Header> parse_header(std::string_view bytes) {
  if (bytes.size() < header_bytes) return std::nullopt;
  auto u16 = [bytes](size_t at) {
    return static_cast<uint16_t>(static_cast<uint8_t>(bytes[at]) << 8 | static_cast<uint8_t>(bytes[at + 1]));
  };
  return Header{u16(0), (u16(2) & 0x8000) != 0, static_cast<uint8_t>(u16(2) >> 11 & 15), u16(4), u16(6), u16(8),
                u16(10)};
}

Result<Question> parse_question(std::string_view bytes) {
  auto header = parse_header(bytes);
  if (!header || header->questions != 1) return fail(ErrorKind::bad_request, "not one question");
  Reader in(bytes);
  in.at = header_bytes;
  return read_question(in);
}

Result<Message> parse_message(std::string_view bytes) {
  Reader in(bytes);
  Message m;
  m.id = OR_RETURN(in.u16());
  uint16_t flags = OR_RETURN(in.u16());
  m.is_answer = flags & 0x8000;
  m.opcode = flags >> 11 & 15;
  m.authoritative = flags & 0x0400;
  m.truncated = flags & 0x0200;
  m.wants_recursion = flags & 0x0100;
  m.offers_recursion = flags & 0x0080;
  m.code = flags & 15;
  uint16_t questions = OR_RETURN(in.u16());
  uint16_t counts[3];
  for (uint16_t& count : counts) count = OR_RETURN(in.u16());
  // A question takes at least 5 bytes, a record 11: the counts need no limit of their own, the bytes end first (and
  // what the names stand for is limited by the reader).
  for (int i = 0; i < questions; ++i) {
    m.questions.push_back(OR_RETURN(read_question(in)));
  }
  std::vector<Record>* sections[3] = {&m.answers, &m.authority, &m.additional};
  for (int section = 0; section < 3; ++section) {
    for (int i = 0; i < counts[section]; ++i) {
      Record record = OR_RETURN(read_record(in));
      if (record.type != type_opt) {
        sections[section]->push_back(std::move(record));
        continue;
      }
      if (m.edns || section != 2 || !record.name.labels.empty())
        return fail(ErrorKind::bad_request, "an OPT record where none may be");
      m.edns = Edns{record.of_class, static_cast<uint8_t>(record.ttl_s >> 16), (record.ttl_s & 0x8000) != 0};
      m.code = static_cast<uint16_t>(m.code | (record.ttl_s >> 24) << 4);
    }
  }
  return m;
}

// ---- to bytes ----

std::string encode_message(const Message& m, size_t size_max) {
  Writer out;
  size_t edns_bytes = m.edns ? 11 : 0;
  size_max = std::min<size_t>(size_max, 65535);
  bool truncated = m.truncated;
  auto write_flags = [&](bool cut) {
    unsigned flags = (m.is_answer ? 0x8000u : 0) | unsigned{m.opcode} << 11 | (m.authoritative ? 0x0400u : 0) |
                     (cut ? 0x0200u : 0) | (m.wants_recursion ? 0x0100u : 0) | (m.offers_recursion ? 0x0080u : 0) |
                     (m.code & 15u);
    out.bytes[2] = static_cast<char>(flags >> 8);
    out.bytes[3] = static_cast<char>(flags & 255);
  };
  out.u16(m.id);
  for (size_t i = 2; i < header_bytes; ++i) out.u8(0);
  for (const Question& question : m.questions) {
    out.name(question.name, true);
    out.u16(question.type);
    out.u16(question.of_class);
  }
  size_t counts[4] = {m.questions.size(), 0, 0, 0};
  const std::vector<Record>* sections[3] = {&m.answers, &m.authority, &m.additional};
  bool full = false;
  for (size_t section = 0; section < 3 && !full; ++section) {
    for (const Record& record : *sections[section]) {
      size_t before = out.bytes.size();
      out.record(record);
      if (out.bytes.size() + edns_bytes > size_max) {
        out.shrink(before);
        full = true;
        truncated = truncated || section == 0;
        break;
      }
      ++counts[section + 1];
    }
  }
  if (m.edns) {
    out.u8(0);
    out.u16(type_opt);
    out.u16(m.edns->payload_max);
    out.u32(uint32_t{m.code} >> 4 << 24 | uint32_t{m.edns->version} << 16 | (m.edns->dnssec_ok ? 0x8000u : 0));
    out.u16(0);
    ++counts[3];
  }
  write_flags(truncated);
  for (size_t i = 0; i < 4; ++i) {
    out.bytes[4 + 2 * i] = static_cast<char>(counts[i] >> 8);
    out.bytes[5 + 2 * i] = static_cast<char>(counts[i] & 255);
  }
  return std::move(out.bytes);
}

// ---- records ----

Record address_record(Name name, uint32_t address, uint32_t ttl_s) {
  Writer w;
  w.u32(address);
  return {std::move(name), type_a, ttl_s, std::move(w.bytes)};
}
Record alias_record(Name name, const Name& target, uint32_t ttl_s) {
  return {std::move(name), type_cname, ttl_s, wire(target)};
}
Record pointer_record(Name name, const Name& target, uint32_t ttl_s) {
  return {std::move(name), type_ptr, ttl_s, wire(target)};
}
Record service_record(Name name, uint16_t priority, uint16_t weight, uint16_t port, const Name& target,
                      uint32_t ttl_s) {
  Writer w;
  w.u16(priority);
  w.u16(weight);
  w.u16(port);
  w.name(target, false);
  return {std::move(name), type_srv, ttl_s, std::move(w.bytes)};
}
Record text_record(Name name, std::string_view text, uint32_t ttl_s) {
  SLIPWAY_CHECK(text.size() < 256);
  return {std::move(name), type_txt, ttl_s, static_cast<char>(text.size()) + std::string(text)};
}
Record authority_record(Name zone, uint32_t ttl_s) {
  Writer w;
  w.name(Name{{"ns", "dns"}} + zone, false);
  w.name(Name{{"hostmaster"}} + zone, false);
  w.u32(1);      // serial: nobody transfers this zone
  w.u32(7200);   // refresh
  w.u32(1800);   // retry
  w.u32(86400);  // expire
  w.u32(ttl_s);  // how long "no such name" may be remembered
  return {std::move(zone), type_soa, ttl_s, std::move(w.bytes)};
}

std::optional<Name> target_of(const Record& record) {
  if (record.type != type_cname && record.type != type_ns && record.type != type_ptr) return std::nullopt;
  Reader in(record.data);
  auto name = in.name();
  if (!name) return std::nullopt;
  return std::move(*name);
}

}  // namespace slipway::network::dns
