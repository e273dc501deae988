// JSON, in and out, with encoding/json's words for what is wrong with a text.
#include "value/json.h"

#include <cstring>

#include "lang/gotemplate/unicode.h"
#include "lang/sprig/families.h"
#include "lang/sprig/json_error.h"
#include "value/utf8.h"

namespace slipway::lang::sprig {

namespace {

// Go's scanner, walked only when a text was refused, to say why.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : s_(text) {}

  std::string run() {
    value(0);
    if (error_.empty()) {
      blanks();
      if (i_ < s_.size()) wrong("after top-level value");
    }
    return error_;
  }

 private:
  void blanks() {
    while (i_ < s_.size() && (s_[i_] == ' ' || s_[i_] == '\t' || s_[i_] == '\r' || s_[i_] == '\n')) ++i_;
  }
  void wrong(std::string_view where) {
    if (!error_.empty()) return;
    // Go's scanner sees a blank at the end, and complains of it where none may stand.
    bool end = i_ >= s_.size();
    if (end && !where.starts_with("in ") && !where.starts_with("after decimal point")) {
      error_ = "unexpected end of JSON input";
      return;
    }
    char c = end ? ' ' : s_[i_];
    std::string shown = c == '\'' ? "'\\''" : c == '"' ? "'\"'" : "";
    if (shown.empty()) {  // the byte as a character
      std::string text;
      value::append_rune(text, static_cast<unsigned char>(c));
      std::string quoted = gotemplate::quote(text);
      shown = "'" + quoted.substr(1, quoted.size() - 2) + "'";
    }
    error_ = fmt::format("invalid character {} {}", shown, where);
  }
  bool is_digit() const { return i_ < s_.size() && s_[i_] >= '0' && s_[i_] <= '9'; }

  void value(int depth) {
    blanks();
    if (depth > 10'000) error_ = "exceeded max depth";
    if (!error_.empty()) return;
    if (i_ >= s_.size()) return wrong("");
    char c = s_[i_];
    if (c == '{') return object(depth);
    if (c == '[') return array(depth);
    if (c == '"') return string();
    if (c == '-' || (c >= '0' && c <= '9')) return number();
    if (c == 't') return word("true");
    if (c == 'f') return word("false");
    if (c == 'n') return word("null");
    wrong("looking for beginning of value");
  }
  void word(std::string_view w) {
    for (size_t k = 0; k < w.size(); ++k, ++i_)
      if (i_ >= s_.size() || s_[i_] != w[k]) return wrong(fmt::format("in literal {} (expecting '{}')", w, w[k]));
  }
  void number() {
    if (s_[i_] == '-') {
      ++i_;
      if (!is_digit()) return wrong("in numeric literal");
    }
    if (s_[i_] == '0')
      ++i_;
    else
      while (is_digit()) ++i_;
    if (i_ < s_.size() && s_[i_] == '.') {
      ++i_;
      if (!is_digit()) return wrong("after decimal point in numeric literal");
      while (is_digit()) ++i_;
    }
    if (i_ < s_.size() && (s_[i_] == 'e' || s_[i_] == 'E')) {
      ++i_;
      if (i_ < s_.size() && (s_[i_] == '+' || s_[i_] == '-')) ++i_;
      if (!is_digit()) return wrong("in exponent of numeric literal");
      while (is_digit()) ++i_;
    }
  }
  void string() {
    for (++i_; i_ < s_.size(); ++i_) {
      char c = s_[i_];
      if (c == '"') {
        ++i_;
        return;
      }
      if (static_cast<unsigned char>(c) < 0x20) return wrong("in string literal");
      if (c != '\\') continue;
      ++i_;
      if (i_ >= s_.size()) break;
      if (s_[i_] == 'u') {
        for (int k = 0; k < 4; ++k) {
          ++i_;
          if (i_ >= s_.size() || std::strchr("0123456789abcdefABCDEF", s_[i_]) == nullptr || s_[i_] == 0)
            return wrong("in \\u hexadecimal character escape");
        }
      } else if (std::strchr("bfnrt\\/\"", s_[i_]) == nullptr || s_[i_] == 0) {
        return wrong("in string escape code");
      }
    }
    wrong("");
  }
  void object(int depth) {
    ++i_;
    blanks();
    if (i_ < s_.size() && s_[i_] == '}') {
      ++i_;
      return;
    }
    for (;;) {
      blanks();
      if (i_ >= s_.size() || s_[i_] != '"') return wrong("looking for beginning of object key string");
      string();
      blanks();
      if (!error_.empty()) return;
      if (i_ >= s_.size() || s_[i_] != ':') return wrong("after object key");
      ++i_;
      value(depth + 1);
      blanks();
      if (!error_.empty()) return;
      if (i_ < s_.size() && s_[i_] == '}') break;
      if (i_ >= s_.size() || s_[i_] != ',') return wrong("after object key:value pair");
      ++i_;
    }
    ++i_;
  }
  void array(int depth) {
    ++i_;
    blanks();
    if (i_ < s_.size() && s_[i_] == ']') {
      ++i_;
      return;
    }
    for (;;) {
      value(depth + 1);
      blanks();
      if (!error_.empty()) return;
      if (i_ < s_.size() && s_[i_] == ']') break;
      if (i_ >= s_.size() || s_[i_] != ',') return wrong("after array element");
      ++i_;
    }
    ++i_;
  }

  std::string_view s_;
  size_t i_ = 0;
  std::string error_;
};

std::string escape_html(std::string json) {
  if (json.find_first_of("<>&") == json.npos) return json;
  std::string out;
  out.reserve(json.size() + 32);
  for (char c : json) {
    if (c == '<')
      out += "\\u003c";
    else if (c == '>')
      out += "\\u003e";
    else if (c == '&')
      out += "\\u0026";
    else
      out += c;
  }
  return out;
}

Any out(Call& c, bool pretty, bool escape, bool must) {
  auto v = gotemplate::to_value(c[0]);
  if (!v) return must || v.error().is(ErrorKind::too_large) ? c.fail(v.error().message()) : Any::of("");
  std::string json = pretty ? value::to_json_pretty(*v, 2) : value::to_json(*v);
  return counted(c, escape ? escape_html(std::move(json)) : std::move(json));
}

}  // namespace

Value with_reals(const Value& v) {
  switch (v.type()) {
    case value::Type::integer:
      return Value(static_cast<double>(v.as_int()));
    case value::Type::array: {
      std::vector<Value> items;
      items.reserve(v.size());
      for (const Value& item : v.items()) items.push_back(with_reals(item));
      return Value::array(std::move(items));
    }
    case value::Type::object: {
      std::vector<value::Member> members;
      members.reserve(v.size());
      for (const value::Member& m : v.members()) members.push_back({m.key, with_reals(m.value)});
      return Value::object(std::move(members));
    }
    default:
      return v;
  }
}

bool decode_json(std::string_view text, Value& out, std::string& error) {
  auto v = value::parse_json(text);
  if (!v) {
    error = Scanner(text).run();
    if (error.empty()) error = v.error().message();
    return false;
  }
  out = with_reals(*v);
  return true;
}

std::string wrong_go_type(const Value& v, std::string_view wanted) {
  std::string_view got = v.is_array()    ? "array"
                         : v.is_object() ? "object"
                         : v.is_string() ? "string"
                         : v.is_bool()   ? "bool"
                                         : "number";
  return fmt::format("json: cannot unmarshal {} into Go value of type {}", got, wanted);
}

std::string to_json(const Any& v) {
  auto tree = gotemplate::to_value(v);
  return tree ? escape_html(value::to_json(*tree)) : "";
}

void add_json(Functions& f) {
  f.add("toJson", "(any) string", [](Call& c) { return out(c, false, true, false); });
  f.add("mustToJson", "(any) string", [](Call& c) { return out(c, false, true, true); });
  f.add("toPrettyJson", "(any) string", [](Call& c) { return out(c, true, true, false); });
  f.add("mustToPrettyJson", "(any) string", [](Call& c) { return out(c, true, true, true); });
  f.add("toRawJson", "(any) string", [](Call& c) { return out(c, false, false, true); });
  f.add("mustToRawJson", "(any) string", [](Call& c) { return out(c, false, false, true); });
  f.add("mustFromJson", "(string) any", [](Call& c) {
    Value v;
    std::string error;
    if (!c.charge(c.text(0).size() * 2)) return Any();
    if (!decode_json(c.text(0), v, error)) return c.fail(error);
    return c.heap().of(v);
  });
  f.add("fromJson", "(string) map[string]any", [](Call& c) {
    Value v;
    std::string error;
    if (!c.charge(c.text(0).size() * 2)) return Any();
    if (decode_json(c.text(0), v, error)) {
      if (v.is_object()) return c.heap().of(v);
      if (v.is_null()) return Any(types::any_map, static_cast<gotemplate::Node*>(nullptr));
      error = wrong_go_type(v, types::any_map.name);
    }
    return c.heap().map(types::any_map, Value{{"Error", error}});
  });
  f.add("fromJsonArray", "(string) []any", [](Call& c) {
    Value v;
    std::string error;
    if (!c.charge(c.text(0).size() * 2)) return Any();
    if (decode_json(c.text(0), v, error)) {
      if (v.is_array()) return c.heap().of(v);
      if (v.is_null()) return nil_list();
      error = wrong_go_type(v, types::any_list.name);
    }
    return c.heap().list({Any::of(error)});
  });
}

}  // namespace slipway::lang::sprig
