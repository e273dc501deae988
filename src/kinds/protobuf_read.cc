// Reading protobuf by the tables. It merges, as protobuf must: a message that comes twice is read as if its parts had
// come in one piece. Errors are those of Go's generated code.
#include <algorithm>
#include <bit>

#include "base/text.h"
#include "base/timestamp.h"
#include "kinds/go_errors.h"
#include "kinds/object.h"
#include "kinds/protobuf.h"
#include "value/json.h"
#include "value/utf8.h"

namespace slipway::kinds {
namespace {

constexpr int depth_max = 200;  // only JSON schemas nest without bound

enum Wire : unsigned { varint = 0, fixed64 = 1, delimited = 2, group = 3, end_group = 4, fixed32 = 5 };

std::string_view bare_name(std::string_view type) {
  return type.substr(type.rfind('.') + 1);
}

// What Go calls the field; its errors say it.
std::string go_field(const Field& field) {
  if (field.name == "metadata") {
    bool list = field.type.type && field.type.type->name.ends_with(".ListMeta");
    return list ? "ListMeta" : "ObjectMeta";
  }
  std::string_view name = field.name;
  while (name.starts_with('$')) name.remove_prefix(1);
  std::string text(name);
  if (text == "uid" || text == "id" || text == "ip" || text == "url" || text == "tls") {
    std::ranges::transform(text, text.begin(), [](char c) { return static_cast<char>(c - 32); });
  } else if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') {
    text[0] = static_cast<char>(text[0] - 32);
  }
  return text;
}

std::string utf8(std::string_view bytes) {
  std::string out;
  while (!bytes.empty()) {
    value::Rune rune = value::decode_rune(bytes);
    value::append_rune(out, rune.code);
    bytes.remove_prefix(static_cast<size_t>(rune.length));
  }
  return out;
}
bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    if (static_cast<unsigned char>(bytes[0]) < 0x80) {
      bytes.remove_prefix(1);
      continue;
    }
    value::Rune rune = value::decode_rune(bytes);
    if (!rune.valid) return false;
    bytes.remove_prefix(static_cast<size_t>(rune.length));
  }
  return true;
}
Value text_value(std::string_view bytes) {
  return is_utf8(bytes) ? Value(bytes) : Value(utf8(bytes));
}

std::string go_duration(int64_t nanos) {
  if (nanos == 0) return "0s";
  std::string out = nanos < 0 ? "-" : "";
  uint64_t left = nanos < 0 ? 0 - static_cast<uint64_t>(nanos) : static_cast<uint64_t>(nanos);
  auto fraction = [](uint64_t amount, uint64_t unit, int digits) {
    std::string text = fmt::format("{}", amount / unit);
    std::string rest = fmt::format("{:0{}}", amount % unit, digits);
    while (!rest.empty() && rest.back() == '0') rest.pop_back();
    return rest.empty() ? text : text + "." + rest;
  };
  if (left < 1'000) return out + fmt::format("{}ns", left);
  if (left < 1'000'000) return out + fraction(left, 1'000, 3) + "\xc2\xb5s";
  if (left < 1'000'000'000) return out + fraction(left, 1'000'000, 6) + "ms";
  uint64_t minutes = left / 60'000'000'000;
  if (minutes >= 60) out += fmt::format("{}h", minutes / 60);
  if (minutes > 0) out += fmt::format("{}m", minutes % 60);
  return out + fraction(left % 60'000'000'000, 1'000'000'000, 9) + "s";
}

// The fields of one message, one after the other.
class Reader {
 public:
  Reader(std::string_view bytes, std::string_view message) : rest_(bytes), message_(message) {}

  struct Item {
    uint64_t tag;
    Wire wire;
    uint64_t number = 0;          // varint, fixed64, fixed32
    std::string_view bytes = {};  // delimited
  };
  bool done() const { return rest_.empty(); }

  // The key of the next field, and with take() or skip() its value.
  Result<Item> key() {
    uint64_t key = OR_RETURN(number());
    Item item{key >> 3, static_cast<Wire>(key & 7)};
    if (item.wire == end_group)
      return fail(ErrorKind::bad_request, "proto: {}: wiretype end group for non-group", message_);
    if (item.tag == 0 || item.tag > INT32_MAX)
      return fail(ErrorKind::bad_request, "proto: {}: illegal tag {} (wire type {})", message_,
                  static_cast<int32_t>(item.tag), static_cast<unsigned>(item.wire));
    return item;
  }
  Result<void> take(Item& item) {
    switch (static_cast<unsigned>(item.wire)) {
      case varint:
        item.number = OR_RETURN(number());
        return {};
      case fixed64:
      case fixed32: {
        size_t size = item.wire == fixed64 ? 8 : 4;
        if (rest_.size() < size) return cut();
        for (size_t i = 0; i < size; ++i)
          item.number |= static_cast<uint64_t>(static_cast<unsigned char>(rest_[i])) << (8 * i);
        rest_.remove_prefix(size);
        return {};
      }
      case delimited: {
        uint64_t length = OR_RETURN(number());
        if (length > INT64_MAX)
          return Error(ErrorKind::bad_request, "proto: negative length found during unmarshaling");
        if (length > rest_.size()) return cut();
        item.bytes = rest_.substr(0, length);
        rest_.remove_prefix(length);
        return {};
      }
      case group: {
        for (int open = 1; open > 0;) {
          uint64_t key = OR_RETURN(number());
          Item inner{key >> 3, static_cast<Wire>(key & 7)};
          if (inner.wire == end_group)
            --open;
          else if (inner.wire == group)
            ++open;
          else
            OR_RETURN(take(inner));
        }
        return {};
      }
      case end_group:
        return Error(ErrorKind::bad_request, "proto: unexpected end of group");
      default:
        return fail(ErrorKind::bad_request, "proto: illegal wireType {}", static_cast<unsigned>(item.wire));
    }
  }
  Result<uint64_t> number() {
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return cut();
      auto byte = static_cast<unsigned char>(rest_[0]);
      rest_.remove_prefix(1);
      v |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return v;
    }
    return Error(ErrorKind::bad_request, "proto: integer overflow");
  }

 private:
  static Error cut() { return Error(ErrorKind::bad_request, "unexpected EOF"); }
  std::string_view rest_, message_;
};

// The few messages whose JSON is no object: their numbers and texts by tag.
struct Plain {
  int64_t numbers[4] = {};
  std::string_view texts[4];
  bool empty = true;
};
Result<Plain> plain(std::string_view bytes, std::string_view message) {
  Plain out;
  Reader reader(bytes, message);
  while (!reader.done()) {
    auto item = OR_RETURN(reader.key());
    OR_RETURN(reader.take(item));
    out.empty = false;
    if (item.tag >= 4) continue;
    if (item.wire == varint) out.numbers[item.tag] = static_cast<int64_t>(item.number);
    if (item.wire == delimited) out.texts[item.tag] = item.bytes;
  }
  return out;
}

Result<Value> message_value(const Type& type, std::string_view bytes, int depth);

Error too_deep() {
  return Error(ErrorKind::bad_request, fmt::format("nested deeper than {} messages", depth_max));
}

Result<Value> time_value(std::string_view bytes, bool micro) {
  if (bytes.empty()) return Value();
  Plain p = OR_RETURN(plain(bytes, "Timestamp"));
  // The nanoseconds of a MicroTime may reach over the second, either way.
  constexpr int64_t second = 1'000'000'000;
  int64_t nanos = micro ? static_cast<int32_t>(p.numbers[2]) : 0, whole = nanos / second - (nanos % second < 0);
  base::Timestamp time{p.numbers[1], static_cast<int32_t>(nanos - whole * second)};
  if (time.seconds < time.earliest - whole || time.seconds > time.latest - whole)
    return fail(ErrorKind::bad_request, "time of {} seconds since 1970: expected one between the years 0 and 9999",
                time.seconds);
  time.seconds += whole;
  if (time.seconds == time.never && time.nanos < 1000) return Value();  // Go's zero time
  return Value(micro ? base::format_rfc3339_micro(time) : base::format_rfc3339(time));
}

// RawExtension, FieldsV1, JSON: text that is JSON, or another message in its envelope.
Result<Value> any_value(std::string_view bytes, int depth) {
  Plain p = OR_RETURN(plain(bytes, "RawExtension"));
  std::string_view raw = p.texts[1];
  if (raw.empty()) return Value();
  if (is_protobuf(raw)) {
    if (depth >= depth_max) return too_deep();
    Envelope envelope = OR_RETURN(open_envelope(raw));
    Value id{{"apiVersion", text_value(envelope.api_version)}, {"kind", text_value(envelope.kind)}};
    const Kind* kind = builtin_catalog().find(GroupVersionKind::of(id));
    if (!kind || !kind->type || !kind->builtin)
      return fail(ErrorKind::bad_request, "no kind \"{}\" is registered for version \"{}\"", id["kind"].as_string(),
                  id["apiVersion"].as_string());
    Value object = OR_RETURN(message_value(*kind->type, envelope.message, depth + 1));
    return object.with_member("apiVersion", id["apiVersion"]).with_member("kind", id["kind"]);
  }
  auto parsed = value::parse_json(raw, {.bytes_max = raw.size(), .depth_max = 1000 - depth});
  if (!parsed) return fail(ErrorKind::bad_request, "raw JSON within protobuf: {}", parsed.error().message());
  return parsed;
}

// The members that have something of the value; a list or an object before a truth.
Result<Value> chosen_value(const Type& choice, std::string_view bytes, int depth) {
  Value all = OR_RETURN(message_value(choice, bytes, depth));
  bool truth = false;
  for (const Field* f : choice.numbered()) {
    const Value& v = all[f->name];
    if (f->type.shape == Shape::boolean)
      truth = true;
    else if (!v.is_null())
      return v;
  }
  return truth ? Value(all["allows"].as_bool()) : Value();
}

Result<Value> delimited_value(const FieldType& type, const Type* choice, std::string_view bytes, int depth) {
  switch (type.shape) {
    case Shape::string:
      return text_value(bytes);
    case Shape::bytes:
      return Value(base::base64_encode(bytes));
    case Shape::quantity: {
      if (bytes.empty()) return Value("0");
      Plain p = OR_RETURN(plain(bytes, "Quantity"));
      auto quantity = Quantity::parse(p.texts[1]);
      if (!quantity) return Error(ErrorKind::bad_request, std::string(quantity_error(p.texts[1])));
      return Value(quantity->canonical());
    }
    case Shape::time:
      return time_value(bytes, false);
    case Shape::micro_time:
      return time_value(bytes, true);
    case Shape::duration: {
      Plain p = OR_RETURN(plain(bytes, "Duration"));
      return Value(go_duration(p.numbers[1]));
    }
    case Shape::int_or_string: {
      Plain p = OR_RETURN(plain(bytes, "IntOrString"));
      if (p.numbers[1] == 0) return Value(static_cast<int64_t>(static_cast<int32_t>(p.numbers[2])));
      if (p.numbers[1] == 1) return text_value(p.texts[3]);
      return Error(ErrorKind::bad_request, "impossible IntOrString.Type");
    }
    case Shape::any:
      return choice ? chosen_value(*choice, bytes, depth + 1) : any_value(bytes, depth);
    case Shape::object:
      return message_value(*type.type, bytes, depth + 1);
    default:
      return Error(ErrorKind::internal, "a protobuf field of a shape that has no text");
  }
}

Wire wire_of(Shape shape) {
  switch (shape) {
    case Shape::boolean:
    case Shape::int32:
    case Shape::int64:
      return varint;
    case Shape::number:
      return fixed64;
    default:
      return delimited;
  }
}

Value scalar_value(Shape shape, uint64_t number) {
  switch (shape) {
    case Shape::boolean:
      return Value(number != 0);
    case Shape::int32:
      return Value(static_cast<int64_t>(static_cast<int32_t>(number)));
    case Shape::number:
      return Value(std::bit_cast<double>(number));
    default:
      return Value(static_cast<int64_t>(number));
  }
}

bool is_zero(const Value& v) {
  return v.is_null() || (v.is_bool() && !v.as_bool()) || (v.is_number() && v.as_double() == 0) ||
         (v.is_string() && v.as_string().empty());
}

class MessageReader {
 public:
  MessageReader(const Type& type, int depth) : type_(type), depth_(depth) {}

  Result<void> read(std::string_view bytes) {
    Reader reader(bytes, bare_name(type_.name));
    while (!reader.done()) {
      auto item = OR_RETURN(reader.key());
      const Field* f = find(item.tag);
      if (!f) {
        OR_RETURN(reader.take(item));
        continue;
      }
      bool list = f->type.shape == Shape::list && !f->boxed;
      Shape shape = list ? f->type.element->shape : f->type.shape;
      Wire expected = wire_of(shape);
      bool packed = list && expected != delimited && item.wire == delimited;
      if (item.wire != expected && !packed)
        return fail(ErrorKind::bad_request, "proto: wrong wireType = {} for field {}", static_cast<unsigned>(item.wire),
                    go_field(*f));
      OR_RETURN(reader.take(item));
      if (packed)
        OR_RETURN(unpack(*f, shape, item.bytes));
      else if (expected != delimited)
        put(*f, scalar_value(shape, item.number));
      else if (list)
        items(*f).push_back(OR_RETURN(delimited_value(*f->type.element, f->choice, item.bytes, depth_)));
      else if (f->type.shape == Shape::map)
        OR_RETURN(entry(*f, item.bytes));
      else if (f->boxed)
        OR_RETURN(box(*f, item.bytes));
      else
        part(*f, item.bytes);
    }
    return {};
  }

  // Appends to `into` what was read.
  Result<void> finish(std::vector<value::Member>& into) {
    for (Part& p : parts_) {
      std::string_view bytes = p.joined.empty() ? p.first : std::string_view(p.joined);
      const Field& f = *p.field;
      if (f.inlined) {
        if (depth_ >= depth_max) return too_deep();
        MessageReader inner(*f.type.type, depth_ + 1);
        OR_RETURN(inner.read(bytes));
        OR_RETURN(inner.finish(into));
        continue;
      }
      Value v = OR_RETURN(delimited_value(f.type, f.choice, bytes, depth_));
      if (f.pointer ? !v.is_null() : !is_zero(v)) into.push_back({value::Key(f.name), std::move(v)});
    }
    for (auto& [field, v] : scalars_)
      if (field->pointer || !is_zero(v)) into.push_back({value::Key(field->name), std::move(v)});
    for (auto& [field, list] : lists_) into.push_back({value::Key(field->name), Value::array(std::move(list))});
    for (auto& [field, members] : maps_) into.push_back({value::Key(field->name), Value::object(std::move(members))});
    return {};
  }

 private:
  // A message, or a text: its bytes wait until all parts are known.
  struct Part {
    const Field* field;
    std::string_view first;
    std::string joined;
  };

  const Field* find(uint64_t tag) const {
    const auto& fields = type_.numbered();
    auto at = std::ranges::lower_bound(fields, tag, {}, [](const Field* f) { return static_cast<uint64_t>(f->tag); });
    return at != fields.end() && static_cast<uint64_t>((*at)->tag) == tag ? *at : nullptr;
  }
  void put(const Field& f, Value v) {
    if (f.type.shape == Shape::list) {
      items(f).push_back(std::move(v));
      return;
    }
    for (auto& [field, had] : scalars_)
      if (field == &f) return void(had = std::move(v));
    scalars_.emplace_back(&f, std::move(v));
  }
  std::vector<Value>& items(const Field& f) {
    for (auto& [field, list] : lists_)
      if (field == &f) return list;
    return lists_.emplace_back(&f, std::vector<Value>()).second;
  }
  std::vector<value::Member>& members(const Field& f) {
    for (auto& [field, map] : maps_)
      if (field == &f) return map;
    return maps_.emplace_back(&f, std::vector<value::Member>()).second;
  }
  void part(const Field& f, std::string_view bytes) {
    bool text = f.type.shape == Shape::string || f.type.shape == Shape::bytes;
    for (Part& p : parts_) {
      if (p.field != &f) continue;
      if (text) {  // the last one counts
        p.first = bytes;
      } else {
        if (p.joined.empty()) p.joined = p.first;
        p.joined += bytes;
      }
      return;
    }
    parts_.push_back({&f, bytes, {}});
  }
  Result<void> unpack(const Field& f, Shape shape, std::string_view bytes) {
    Reader reader(bytes, bare_name(type_.name));
    while (!reader.done()) {
      Reader::Item item{1, wire_of(shape)};
      OR_RETURN(reader.take(item));
      put(f, scalar_value(shape, item.number));
    }
    return {};
  }
  Result<std::vector<Value>> boxed(const FieldType& element, std::string_view bytes) {
    std::vector<Value> list;
    Reader reader(bytes, "Items");
    while (!reader.done()) {
      auto item = OR_RETURN(reader.key());
      OR_RETURN(reader.take(item));
      if (item.tag != 1) continue;
      if (item.wire != delimited)
        return fail(ErrorKind::bad_request, "proto: wrong wireType = {} for field Items",
                    static_cast<unsigned>(item.wire));
      list.push_back(OR_RETURN(delimited_value(element, nullptr, item.bytes, depth_)));
    }
    return list;
  }
  Result<void> box(const Field& f, std::string_view bytes) {
    auto list = OR_RETURN(boxed(*f.type.element, bytes));
    auto& all = items(f);
    for (Value& v : list) all.push_back(std::move(v));
    return {};
  }
  Result<void> entry(const Field& f, std::string_view bytes) {
    const FieldType& type = *f.type.element;
    Wire expected = wire_of(type.shape);
    std::string_view key, text;
    uint64_t number = 0;
    bool given = false;
    Reader reader(bytes, bare_name(type_.name));
    while (!reader.done()) {
      auto item = OR_RETURN(reader.key());
      OR_RETURN(reader.take(item));
      if (item.tag == 1 && item.wire == delimited) key = item.bytes;
      if (item.tag == 2 && item.wire == expected) text = item.bytes, number = item.number, given = true;
    }
    Value v;
    if (expected != delimited)
      v = scalar_value(type.shape, number);
    else if (type.shape == Shape::list)
      v = Value::array(OR_RETURN(boxed(*type.element, text)));
    else if (given || type.shape != Shape::bytes)
      v = OR_RETURN(delimited_value(type, f.choice, text, depth_));
    members(f).push_back({value::Key(is_utf8(key) ? std::string(key) : utf8(key)), std::move(v)});
    return {};
  }

  const Type& type_;
  int depth_;
  std::vector<Part> parts_;
  std::vector<std::pair<const Field*, Value>> scalars_;
  std::vector<std::pair<const Field*, std::vector<Value>>> lists_;
  std::vector<std::pair<const Field*, std::vector<value::Member>>> maps_;
};

Result<Value> message_value(const Type& type, std::string_view bytes, int depth) {
  if (depth >= depth_max) return too_deep();
  MessageReader reader(type, depth);
  OR_RETURN(reader.read(bytes));
  std::vector<value::Member> members;
  OR_RETURN(reader.finish(members));
  return Value::object(std::move(members));
}

}  // namespace

Result<Value> from_protobuf(const Type& type, std::string_view message) {
  return message_value(type, message, 0);
}

Result<Envelope> open_envelope(std::string_view body) {
  if (body.empty()) return Error(ErrorKind::bad_request, "empty data");
  if (!is_protobuf(body))
    return Error(ErrorKind::bad_request,
                 "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  body.remove_prefix(protobuf_magic.size());
  if (body.empty()) return Error(ErrorKind::bad_request, "empty body");
  Envelope out;
  Reader reader(body, "Unknown");
  while (!reader.done()) {
    auto item = OR_RETURN(reader.key());
    static constexpr std::string_view names[] = {"TypeMeta", "Raw", "ContentEncoding", "ContentType"};
    if (item.tag <= 4 && item.wire != delimited)
      return fail(ErrorKind::bad_request, "proto: wrong wireType = {} for field {}", static_cast<unsigned>(item.wire),
                  names[item.tag - 1]);
    OR_RETURN(reader.take(item));
    if (item.tag == 2) out.message = item.bytes;
    if (item.tag != 1) continue;
    Plain meta = OR_RETURN(plain(item.bytes, "TypeMeta"));
    out.api_version = meta.texts[1];
    out.kind = meta.texts[2];
  }
  return out;
}

}  // namespace slipway::kinds
