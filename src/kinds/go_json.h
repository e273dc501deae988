// JSON as Go prints an object: members in the order of the struct, which is the order of the table. (We write members
// in the order of their names: JSON gives it no meaning. Annotations that clients compare as text need this one, and
// the golden files of Go's.)
#pragma once

#include <fmt/format.h>

#include "base/text.h"
#include "kinds/kind.h"
#include "value/json.h"

namespace slipway::kinds {

class GoJson {
 public:
  // Indented by two.
  static std::string print(const Type& type, const Value& v) {
    GoJson out;
    out.object(type, v);
    return out.text_;
  }
  // On one line, and safe inside HTML: json.Marshal.
  static std::string compact(const Type& type, const Value& v) {
    GoJson out;
    out.compact_ = true;
    out.object(type, v);
    std::string text = base::replace_all(out.text_, "&", "\\u0026");
    return base::replace_all(base::replace_all(text, "<", "\\u003c"), ">", "\\u003e");
  }

 private:
  void line() {
    if (!compact_) text_ += "\n" + std::string(2 * depth_, ' ');
  }
  void member(std::string_view name, bool& first) {
    if (!first) text_ += ',';
    first = false;
    line();
    text_ += value::to_json(Value(name)) + (compact_ ? ":" : ": ");
  }
  void fields(const Type& type, const Value& v, bool& first) {
    auto type_meta = [](const Field& f) { return f.tag == 0 && (f.name == "kind" || f.name == "apiVersion"); };
    for (std::string_view name : {"kind", "apiVersion"}) {  // Go embeds them
      const Value* found = v.find(name);
      if (!found || type.fields.empty() || !type_meta(type.fields[0])) continue;
      member(name, first);
      text_ += value::to_json(*found);
    }
    for (const Field& f : type.fields) {
      if (f.inlined) {
        fields(*f.type.type, v, first);
        continue;
      }
      const Value* found = type_meta(f) ? nullptr : v.find(f.name);
      if (!found) continue;
      member(f.name, first);
      write(f.type, *found);
    }
  }
  void object(const Type& type, const Value& v) {
    text_ += '{';
    ++depth_;
    bool first = true;
    fields(type, v, first);
    --depth_;
    if (!first) line();
    text_ += '}';
  }
  void write(const FieldType& type, const Value& v) {
    if (type.shape == Shape::object && v.is_object()) return object(*type.type, v);
    if (v.is_array() && !v.empty()) {
      text_ += '[';
      ++depth_;
      bool first = true;
      for (const Value& item : v.items()) {
        if (!first) text_ += ',';
        first = false;
        line();
        write(type.shape == Shape::list ? *type.element : type, item);
      }
      --depth_;
      line();
      text_ += ']';
      return;
    }
    if (v.is_object() && !v.empty()) {
      text_ += '{';
      ++depth_;
      bool first = true;
      for (const auto& [key, item] : v.members()) {
        member(key.view(), first);
        write(type.shape == Shape::map ? *type.element : type, item);
      }
      --depth_;
      line();
      text_ += '}';
      return;
    }
    text_ += value::to_json(v);
  }

  std::string text_;
  bool compact_ = false;
  size_t depth_ = 0;
};

}  // namespace slipway::kinds
