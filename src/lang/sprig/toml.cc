// TOML, written as BurntSushi/toml writes it.
#include <algorithm>
#include <cmath>
#include <vector>

#include "lang/gotemplate/number.h"
#include "lang/sprig/families.h"
#include "lang/sprig/go_time.h"
#include "lang/sprig/toml.h"
#include "value/utf8.h"

namespace slipway::lang::sprig {

namespace {

constexpr int kDepthMax = 500;

std::string quoted(std::string_view s) {
  std::string out = "\"";
  for (char c : s) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\r':
        out += "\\r";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
          out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        else
          out += c;
    }
  }
  return out + "\"";
}

std::string key_text(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), is_bare) ? std::string(key) : quoted(key);
}

bool is_nil_value(const Any& v) {
  return v.is_nil() || (v.kind() >= Kind::slice && v.node() == nullptr);
}
bool is_struct(const Any& v) {  // or a map
  return v.is_map() || v.kind() == Kind::structure || (v.kind() == Kind::pointer && v.node() != nullptr);
}
bool is_text(const Any& v) {  // what Go would take for a TextMarshaler, or time.Time
  return v.type() != nullptr && v.type()->json != nullptr;
}

class Writer {
 public:
  // Empty: `error` says why.
  std::string document(const Any& v) {
    if (!is_struct(v) || is_text(v)) {
      if (v.is_list() && is_tables(v))
        fail("toml: top-level values must be Go maps or structs");
      else
        element(v, 0);
    } else {
      table(v, {}, 0);
    }
    return out_;
  }
  std::string error;

 private:
  void fail(std::string what) {
    if (error.empty()) error = std::move(what);
  }
  // A list of tables only; a nil in a list is an error wherever it stands.
  bool is_tables(const Any& v) {
    if (v.is_bytes() || v.size() == 0) return false;
    bool tables = true;
    for (const Any& item : v.list()->items()) {
      if (is_nil_value(item)) fail("toml: cannot encode array with nil element");
      if (!is_struct(item) || is_text(item)) tables = false;
    }
    return tables;
  }
  bool is_table(const Any& v) {
    if (is_nil_value(v) || is_text(v)) return false;
    return is_struct(v) || (v.is_list() && is_tables(v));
  }

  static std::string joined(const std::vector<std::string>& key) {
    std::string out;
    for (const std::string& k : key) out += (out.empty() ? "" : ".") + key_text(k);
    return out;
  }
  static std::string indent(const std::vector<std::string>& key) { return std::string((key.size() - 1) * 2, ' '); }
  void newline() {
    if (!out_.empty()) out_ += '\n';
  }

  // A map's by key, a struct's in the order of its fields. `index`: of the field in the outermost struct.
  struct Member {
    std::string name;
    Any value;
    size_t index = 0;
  };
  static std::vector<Member> members_of(const Any& v) {
    std::vector<Member> out;
    if (v.is_map() && v.node() != nullptr)
      for (const Dict::Entry& e : v.dict()->entries()) out.push_back({e.key.str(), e.value});
    const auto& fields = v.type()->fields;
    for (size_t i = 0; i < fields.size(); ++i) {
      if (fields[i].hidden) continue;
      if (!fields[i].embedded) out.push_back({fields[i].name, fields[i].of(v), i});
      if (fields[i].embedded)
        for (Member& inner : members_of(fields[i].of(v))) out.push_back({std::move(inner.name), inner.value, i});
    }
    return out;
  }

  void table(const Any& v, std::vector<std::string> key, int depth) {
    if (depth > kDepthMax) return fail("toml: nested too deeply");
    if (!error.empty()) return;
    auto members = members_of(v);
    for (bool tables : {false, true})
      for (const Member& m : members) {
        if (is_table(m.value) != tables || is_nil_value(m.value)) continue;
        key.push_back(m.name);
        encode(m.value, key, depth);
        key.pop_back();
      }
  }

  void encode(const Any& v, const std::vector<std::string>& key, int depth) {
    if (!error.empty()) return;
    if (is_table(v) && v.is_list()) {
      for (const Any& item : v.list()->items()) {
        newline();
        out_ += fmt::format("{}[[{}]]", indent(key), joined(key));
        newline();
        table(item, key, depth + 1);
      }
    } else if (is_table(v)) {
      if (key.size() == 1) newline();
      out_ += fmt::format("{}[{}]", indent(key), joined(key));
      newline();
      table(v, key, depth + 1);
    } else {
      out_ += fmt::format("{}{} = ", indent(key), key_text(key.back()));
      element(v, depth);
      newline();
    }
  }

  void date(Time t) {
    const std::string& zone = t.zone->name();
    std::string_view layout = "2006-01-02T15:04:05.999999999Z07:00";
    if (zone == kLocalDateTime) layout = "2006-01-02T15:04:05.999999999";
    if (zone == kLocalDate) layout = "2006-01-02";
    if (zone == kLocalTime) layout = "15:04:05.999999999";
    if (!layout.ends_with("Z07:00")) t.zone = Zone::utc();  // as the library does
    out_ += t.format(layout);
  }

  void element(const Any& v, int depth) {
    if (depth > kDepthMax || out_.size() > gotemplate::kPrintedMax) return fail("toml: nested too deeply");
    if (!error.empty()) return;
    if (const Time* t = as_time(v)) {
      date(*t);
      return;
    }
    if (v.type() == &types::duration || is_text(v)) {
      out_ += quoted(gotemplate::printed(v));
      return;
    }
    switch (v.kind()) {
      case Kind::string:
        out_ += quoted(v.text());
        return;
      case Kind::boolean:
        out_ += v.as_bool() ? "true" : "false";
        return;
      case Kind::float32:
      case Kind::float64: {
        double d = v.as_float();
        if (std::isnan(d)) {
          out_ += "nan";
        } else if (std::isinf(d)) {
          out_ += d < 0 ? "-inf" : "inf";
        } else {
          std::string s = gotemplate::format_float(d, 'g', -1);
          out_ += s;
          if (s.find_first_of(".e") == s.npos) out_ += ".0";
        }
        return;
      }
      case Kind::slice: {
        out_ += '[';
        bool first = true;
        auto put = [&](const Any& item) {
          if (!std::exchange(first, false)) out_ += ", ";
          element(item, depth + 1);
        };
        if (v.is_bytes())
          for (char c : v.bytes()) put(Any::of_int(static_cast<unsigned char>(c)));
        else if (v.node() != nullptr)
          for (const Any& item : v.list()->items()) put(item);
        out_ += ']';
        return;
      }
      case Kind::map:
      case Kind::structure:
      case Kind::pointer: {
        out_ += '{';
        if (v.node() != nullptr) {
          std::vector<Member> order;
          size_t direct = 0;
          for (bool tables : {false, true}) {
            for (const Member& m : members_of(v))
              if (is_table(m.value) == tables) order.push_back(m);
            if (!tables) direct = order.size();
          }
          for (size_t i = 0; i < order.size(); ++i) {
            if (is_nil_value(order[i].value)) continue;
            out_ += key_text(order[i].name) + " = ";
            element(order[i].value, depth + 1);
            // of a struct it asks for the field's place among all, with those that are not written
            bool last = !v.is_map()  ? order[i].index + 1 == order.size()
                        : i < direct ? i + 1 == direct && direct == order.size()
                                     : i + 1 == order.size();
            if (!last) out_ += ", ";
          }
        }
        out_ += '}';
        return;
      }
      case Kind::invalid:
      case Kind::interface_:
      case Kind::function:
      case Kind::complex128:
        return fail(fmt::format("unexpected type: {}", v.type_name()));
      default:
        out_ += gotemplate::printed(v);
    }
  }

  std::string out_;
};

}  // namespace

Any to_toml(Call& c, bool must) {
  if (c[0].is_nil()) return c.fail("reflect: call of reflect.Value.Type on zero Value");
  Writer w;
  if (gotemplate::holding_itself(c[0])) return c.fail("toml: the value holds itself");  // Helm never ends
  std::string text = w.document(c[0]);
  if (!w.error.empty()) return must ? c.fail(w.error) : Any::of(w.error);
  return counted(c, std::move(text));
}

void add_toml(Functions& f) {
  f.add("toToml", "(any) string", [](Call& c) { return to_toml(c, false); });
  f.add("fromToml", "(string) map[string]any", read_toml);
}

}  // namespace slipway::lang::sprig
