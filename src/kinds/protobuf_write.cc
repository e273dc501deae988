// Writing protobuf by the tables: each field's number stands there, and its shape says how the value is spelt. Go's
// generated code decides the rest, and is followed to the byte: fields in the order of their numbers; whatever is no
// pointer is written even when zero; maps sorted by key.
#include <bit>

#include "base/text.h"
#include "base/timestamp.h"
#include "kinds/protobuf.h"
#include "value/json.h"

namespace slipway::kinds {
namespace {

enum Wire : unsigned { varint = 0, fixed64 = 1, delimited = 2 };

void put_varint(std::string& out, uint64_t v) {
  for (; v >= 0x80; v >>= 7) out += static_cast<char>(v | 0x80);
  out += static_cast<char>(v);
}
void put_key(std::string& out, int tag, Wire wire) {
  put_varint(out, static_cast<uint64_t>(tag) << 3 | wire);
}
void put_text(std::string& out, int tag, std::string_view text) {
  put_key(out, tag, delimited);
  put_varint(out, text.size());
  out += text;
}
void put_number(std::string& out, int tag, int64_t v) {
  put_key(out, tag, varint);
  put_varint(out, static_cast<uint64_t>(v));
}

// Opens a length-delimited field and, going out of scope, closes it. Most are shorter than 128 bytes: one byte is left
// for the length, and what follows moves only when that is too little.
class Nested {
 public:
  Nested(std::string& out, int tag) : out_(out) {
    put_key(out, tag, delimited);
    out += '\0';
    begin_ = out.size();
  }
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;
  ~Nested() {
    std::string length;
    put_varint(length, out_.size() - begin_);
    out_[begin_ - 1] = length[0];
    if (length.size() > 1) out_.insert(begin_, length, 1);
  }

 private:
  std::string& out_;
  size_t begin_;
};

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void message(const Type& type, const Value& v) {
    for (const Field* f : type.numbered()) {
      if (f->inlined) {
        Nested nested(out_, f->tag);
        message(*f->type.type, v);
      } else {
        field(*f, v[f->name]);
      }
    }
  }

 private:
  void field(const Field& f, const Value& v) {
    if (v.is_null() && f.pointer) return;
    switch (f.type.shape) {
      case Shape::list: {
        if (!f.boxed) return elements(f, v);
        if (v.is_null()) return;
        Nested box(out_, f.tag);
        for (const Value& item : v.items()) value(*f.type.element, nullptr, 1, item);
        return;
      }
      case Shape::map:
        for (const auto& [key, item] : v.members()) {
          Nested entry(out_, f.tag);
          put_text(out_, 1, key.view());
          if (f.type.element->shape == Shape::list) {  // protobuf has no map of lists: a message holds each
            Nested box(out_, 2);
            for (const Value& inner : item.items()) value(*f.type.element->element, nullptr, 1, inner);
          } else {
            value(*f.type.element, f.choice, 2, item);
          }
        }
        return;
      default:
        value(f.type, f.choice, f.tag, v);
    }
  }

  void elements(const Field& f, const Value& v) {
    for (const Value& item : v.items()) value(*f.type.element, f.choice, f.tag, item);
  }

  void value(const FieldType& type, const Type* choice, int tag, const Value& v) {
    switch (type.shape) {
      case Shape::string:
        return put_text(out_, tag, v.as_string());
      case Shape::boolean:
        return put_number(out_, tag, v.as_bool());
      case Shape::int32:
      case Shape::int64:
        return put_number(out_, tag, v.as_int());
      case Shape::number: {
        put_key(out_, tag, fixed64);
        uint64_t bits = std::bit_cast<uint64_t>(v.as_double());
        for (int i = 0; i < 8; ++i, bits >>= 8) out_ += static_cast<char>(bits);
        return;
      }
      case Shape::bytes: {
        if (v.is_null()) return;
        auto bytes = base::base64_decode(v.as_string());
        return put_text(out_, tag, bytes ? std::string_view(*bytes) : std::string_view());
      }
      case Shape::quantity: {
        Nested nested(out_, tag);
        return put_text(out_, 1, v.as_string("0"));
      }
      case Shape::time:
      case Shape::micro_time: {
        Nested nested(out_, tag);
        auto time = base::parse_timestamp(v.as_string());
        if (!time) return;  // never set
        put_number(out_, 1, time->seconds);
        return put_number(out_, 2, type.shape == Shape::time ? 0 : time->nanos / 1000 * 1000);  // micro: no finer
      }
      case Shape::duration: {
        Nested nested(out_, tag);
        return put_number(out_, 1, base::parse_go_duration(v.as_string()).value_or(Duration::zero()).count());
      }
      case Shape::int_or_string: {
        Nested nested(out_, tag);
        put_number(out_, 1, v.is_string());
        put_number(out_, 2, v.is_string() ? 0 : v.as_int());
        return put_text(out_, 3, v.as_string());
      }
      case Shape::any: {
        Nested nested(out_, tag);
        if (choice) return chosen(*choice, v);
        if (!v.is_null()) put_text(out_, 1, value::to_json(v));
        return;
      }
      case Shape::object: {
        Nested nested(out_, tag);
        return message(*type.type, v);
      }
      case Shape::list:
      case Shape::map:
        return;  // nowhere an element
    }
  }

  // One of several shapes: the member that can hold the value has it. A truth that is not asked for is true.
  void chosen(const Type& choice, const Value& v) {
    for (const Field* f : choice.numbered()) {
      bool mine = f->type.shape == Shape::object ? v.is_object() : f->type.shape == Shape::list && v.is_array();
      if (f->type.shape == Shape::boolean)
        field(*f, v.is_bool() ? v : Value(true));
      else if (mine)
        field(*f, v);
    }
  }

  std::string& out_;
};

}  // namespace

void append_protobuf(std::string& out, const Type& type, const Value& object) {
  Writer(out).message(type, object);
}

std::string to_protobuf(const Type& type, const Value& object) {
  std::string message, out;
  append_protobuf(message, type, object);
  append_envelope(out, object["apiVersion"].as_string(), object["kind"].as_string(), message);
  return out;
}

void append_envelope(std::string& out, std::string_view api_version, std::string_view kind, std::string_view message) {
  out += protobuf_magic;
  {
    Nested meta(out, 1);
    put_text(out, 1, api_version);
    put_text(out, 2, kind);
  }
  put_text(out, 2, message);
  put_text(out, 3, "");
  put_text(out, 4, "");
}

void append_field(std::string& out, int tag, std::string_view bytes) {
  put_text(out, tag, bytes);
}

}  // namespace slipway::kinds
