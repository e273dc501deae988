// TOML, read by BurntSushi/toml's rules.
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

class Reader {
 public:
  Reader(std::string_view text, Call& call) : s_(text), call_(call), heap_(call.heap()) {}

  Any document() {
    Any root = heap_.map();
    Any at = root;
    while (error_.empty()) {
      blanks_and_lines();
      if (done()) break;
      if (peek() == '[')
        at = header(root);
      else
        pair(at, 0);
      end_of_line();
    }
    return root;
  }
  const std::string& error() const { return error_; }

 private:
  bool done() const { return i_ >= s_.size(); }
  char peek(size_t n = 0) const { return i_ + n < s_.size() ? s_[i_ + n] : '\0'; }
  bool take(std::string_view t) {
    if (!s_.substr(i_).starts_with(t)) return false;
    i_ += t.size();
    return true;
  }
  void wrong(std::string what) {
    if (!error_.empty()) return;
    auto line = 1 + std::count(s_.begin(), s_.begin() + static_cast<ptrdiff_t>(std::min(i_, s_.size())), '\n');
    error_ = last_key_.empty()
                 ? fmt::format("toml: line {}: {}", line, what)
                 : fmt::format("toml: line {} (last key {}): {}", line, gotemplate::quote(last_key_), what);
  }
  std::string here() const {
    if (done()) return "EOF";
    value::Rune r = value::decode_rune(s_.substr(i_));
    std::string c;
    value::append_rune(c, r.code);
    std::string q = gotemplate::quote(c);
    return c == "'" ? "'\\''" : "'" + q.substr(1, q.size() - 2) + "'";
  }

  std::string here_or_zero() const { return done() ? "'\\x00'" : here(); }

  void blanks() {
    while (peek() == ' ' || peek() == '\t') ++i_;
  }
  void comment() {
    if (peek() != '#') return;
    while (!done() && peek() != '\n') ++i_;
  }
  void blanks_and_lines() {
    for (;;) {
      blanks();
      comment();
      if (peek() == '\n' && !done())
        ++i_;
      else if (peek() == '\r' && peek(1) == '\n')
        i_ += 2;
      else
        break;
    }
  }
  void end_of_line() {
    if (!error_.empty()) return;
    blanks();
    comment();
    if (done() || take("\n") || take("\r\n")) return;
    wrong(fmt::format("expected a top-level item to end with a newline, comment, or EOF, but got {} instead", here()));
  }

  bool key_part(std::string& out) {
    out.clear();
    if (peek() == '"' || peek() == '\'') return string(out, false);
    size_t begin = i_;
    while (!done() && is_bare(peek())) ++i_;
    out = s_.substr(begin, i_ - begin);
    return true;
  }
  // What stands where a name should begin, if none can.
  const char* no_name(bool header, bool first) const {
    if (peek() == '.')
      return header  ? "unexpected table separator (table names cannot be empty)"
             : first ? "unexpected '.': keys cannot start with a '.'"
                     : "unexpected '.'";
    if (header) return done() || peek() == ']' ? "unexpected end of table name (table names cannot be empty)" : nullptr;
    if (!done() && peek() != '=') return nullptr;
    return first ? "unexpected '=': key name appears blank" : "unexpected '='";
  }
  bool key(std::vector<std::string>& out, bool header = false) {
    for (;;) {
      blanks();
      if (const char* problem = no_name(header, out.empty())) return wrong(problem), false;
      std::string part;
      if (!key_part(part)) return false;
      out.push_back(std::move(part));
      blanks();
      if (!take(".")) break;
      if (out.size() > kDepthMax) return wrong("key too deep"), false;
    }
    return true;
  }
  static std::string joined(std::string text, const std::vector<std::string>& path) {
    for (const std::string& k : path) text += (text.empty() ? "" : ".") + k;
    return text;
  }

  // The table below `table`, made when it is not there; the last of a list of tables stands for the list.
  Any descend(const Any& table, const std::string& name) {
    const Any* found = table.dict()->find(std::string_view(name));
    if (found == nullptr) {
      Any made = heap_.map();
      table.dict()->set(value::Key(name), made);
      return made;
    }
    if (found->is_map()) return *found;
    if (found->type() == &types::any_map_list && found->size() > 0) return found->list()->items().back();
    wrong(fmt::format("Key '{}' has already been defined.", name));
    return heap_.map();
  }

  Any header(const Any& root) {
    bool array = take("[[");
    if (!array) take("[");
    std::vector<std::string> path;
    context_.clear();
    last_key_.clear();
    if (!key(path, true)) return root;
    if (!take("]"))
      return wrong(fmt::format("expected '.' or ']' to end table name, but got {} instead", here_or_zero())), root;
    if (array && !take("]"))
      return wrong(fmt::format("expected end of table array name delimiter ']', but got {} instead", here_or_zero())),
             root;
    context_ = last_key_ = joined("", path);
    Any at = root;
    for (size_t i = 0; i + 1 < path.size(); ++i) at = descend(at, path[i]);
    if (!error_.empty()) return root;
    const std::string& name = path.back();
    if (!array) {
      if (std::find(headers_.begin(), headers_.end(), last_key_) != headers_.end() && !under_array(root, path))
        wrong(fmt::format("Key '{}' has already been defined.", last_key_));
      headers_.push_back(last_key_);
      return descend(at, name);
    }
    const Any* found = at.dict()->find(std::string_view(name));
    std::vector<Any> items;
    if (found != nullptr) {
      if (found->type() != &types::any_map_list) {
        wrong(fmt::format("Key '{}' was already created and cannot be used as an array.", name));
        return root;
      }
      items = found->list()->items();
    }
    if (!call_.charge((items.size() + 4) * sizeof(Any))) error_ = "too large";
    Any made = heap_.map();
    items.push_back(made);
    at.dict()->set(value::Key(name), heap_.list(std::move(items), types::any_map_list));
    return made;
  }
  static bool under_array(const Any& root, const std::vector<std::string>& path) {
    Any at = root;
    for (size_t i = 0; i + 1 < path.size(); ++i) {
      const Any* found = at.dict()->find(std::string_view(path[i]));
      if (found == nullptr) return false;
      if (found->is_list()) return true;
      if (!found->is_map()) return false;
      at = Any(*found);
    }
    return false;
  }

  void pair(const Any& table, int depth) {
    std::vector<std::string> path;
    last_key_ = context_;
    if (!key(path)) return;
    if (!take("="))
      return wrong(done() ? "unexpected EOF; expected key separator '='"
                          : fmt::format("expected '.' or '=', but got {} instead", here()));
    last_key_ = joined(context_, path);
    blanks();
    Any at = table;
    for (size_t i = 0; i + 1 < path.size(); ++i) at = descend(at, path[i]);
    if (!error_.empty()) return;
    Any v = value(depth);
    if (!error_.empty()) return;
    if (at.dict()->has(path.back())) return wrong(fmt::format("Key '{}' has already been defined.", last_key_));
    if (!call_.charge(64)) error_ = "too large";
    at.dict()->set(value::Key(path.back()), std::move(v));
    last_key_ = context_;
  }

  // An inline table's keys stood below its own.
  void inner_ended(std::string outer) { last_key_ = std::exchange(context_, std::move(outer)); }

  Any value(int depth) {
    if (depth > kDepthMax) return wrong("nested too deeply"), Any();
    char c = peek();
    if (c == '"' || c == '\'') {
      std::string text;
      string(text, true);
      return Any::of(text);
    }
    if (c == '[') {
      ++i_;
      std::vector<Any> items;
      bool tables = true;
      for (;;) {
        blanks_and_lines();
        if (take("]")) break;
        if (done()) return wrong("unexpected EOF; expected value"), Any();
        items.push_back(value(depth + 1));
        tables = tables && items.back().is_map();
        if (!error_.empty() || !call_.charge(sizeof(Any))) return Any();
        blanks_and_lines();
        if (take(",")) continue;
        if (take("]")) break;
        return wrong(fmt::format("expected a comma (',') or array terminator (']'), but got {}", here())), Any();
      }
      bool of_maps = tables && !items.empty();
      return heap_.list(std::move(items), of_maps ? types::any_map_list : types::any_list);
    }
    if (c == '{') {
      ++i_;
      Any table = heap_.map();
      std::string outer = std::exchange(context_, last_key_);
      blanks();
      if (take("}")) return inner_ended(std::move(outer)), table;
      for (;;) {
        pair(table, depth + 1);
        if (!error_.empty()) return Any();
        blanks();
        if (take(",")) {
          blanks();
          continue;
        }
        if (take("}")) return inner_ended(std::move(outer)), table;
        return wrong(fmt::format("expected a comma or an inline table terminator '}}', but got {} instead", here())),
               Any();
      }
    }
    size_t begin = i_;
    while (!done() && std::string_view(" \t\r\n,]}#").find(peek()) == std::string_view::npos) ++i_;
    // "1979-05-27 07:32:00": a blank may stand for the T
    if (i_ - begin == 10 && peek() == ' ' && peek(1) >= '0' && peek(1) <= '9' && s_[begin + 4] == '-') {
      ++i_;
      while (!done() && std::string_view(" \t\r\n,]}#").find(peek()) == std::string_view::npos) ++i_;
    }
    return scalar(s_.substr(begin, i_ - begin));
  }

  Any scalar(std::string_view w) {
    if (w == "true" || w == "false") return Any::of(w == "true");
    std::string_view digits = w;
    if (digits.starts_with('+') || digits.starts_with('-')) digits.remove_prefix(1);
    if (digits == "inf") return Any::of(w[0] == '-' ? -INFINITY : INFINITY);
    if (digits == "nan") return Any::of(std::nan(""));
    if (w.empty() || digits.empty() || digits[0] < '0' || digits[0] > '9') {
      wrong(w.empty() && done() ? std::string("unexpected EOF; expected value")
            : w.empty()         ? fmt::format("expected value but found {} instead", here())
                                : fmt::format("expected value but found {} instead", gotemplate::quote(w)));
      return Any();
    }
    if (w.size() >= 5 && (w[2] == ':' || (w.size() >= 10 && w[4] == '-' && w[7] == '-'))) return date(w);
    bool hex = digits.starts_with("0x"), prefixed = hex || digits.starts_with("0o") || digits.starts_with("0b");
    if (!prefixed && digits.find_first_of(".eE") != digits.npos) {
      double d;
      std::string plain;
      for (char c : w)
        if (c != '_') plain += c;
      if (gotemplate::read_float(plain, d) == gotemplate::ReadNumber::ok) return Any::of(d);
    } else {
      int64_t n;
      bool leading = !prefixed && digits.size() > 1 && digits[0] == '0';
      if (!leading && gotemplate::read_int(w, 0, n) == gotemplate::ReadNumber::ok) return Any::of_int64(n);
    }
    wrong(fmt::format("Invalid integer {}", gotemplate::quote(w)));
    return Any();
  }

  // What says no zone gets one of its own kind's name, by which it is written again as it was.
  Any date(std::string_view w) {
    std::string text(w);
    for (char& c : text)
      if (c == ' ' || c == 't' || c == 'z') c = c == 'z' ? 'Z' : 'T';
    constexpr std::pair<std::string_view, const char*> layouts[] = {{"2006-01-02T15:04:05.999999999Z07:00", nullptr},
                                                                    {"2006-01-02T15:04:05.999999999", kLocalDateTime},
                                                                    {"2006-01-02", kLocalDate},
                                                                    {"15:04:05.999999999", kLocalTime},
                                                                    {"2006-01-02T15:04Z07:00", nullptr},
                                                                    {"2006-01-02T15:04", kLocalDateTime},
                                                                    {"15:04", kLocalTime}};
    Time t;
    std::string ignored;
    for (auto [layout, zone] : layouts) {
      if (!Time::parse(layout, text, zone ? Zone::fixed(zone, local_offset_s(call_)) : Zone::utc(), t, ignored))
        continue;
      return time_any(std::move(t));
    }
    wrong(fmt::format("Invalid TOML Datetime: {}.", gotemplate::quote(w)));
    return Any();
  }

  bool string(std::string& out, bool may_be_long) {
    out.clear();
    char mark = peek();
    bool basic = mark == '"';
    std::string_view three = basic ? "\"\"\"" : "'''";
    bool is_long = may_be_long && take(three);
    if (is_long) {
      if (!take("\r\n")) take("\n");
    } else {
      ++i_;
    }
    for (;;) {
      if (done())
        return wrong(mark == '"' ? R"(unexpected EOF; expected '"')" : R"(unexpected EOF; expected "'")"), false;
      char c = peek();
      if (is_long && s_.substr(i_).starts_with(three)) {
        i_ += 3;
        while (peek() == mark && !done()) {  // up to two marks may end the text itself
          out += mark;
          ++i_;
        }
        return true;
      }
      if (!is_long && c == mark) {
        ++i_;
        return true;
      }
      if (c == '\n' && !is_long) return wrong("strings cannot contain newlines"), false;
      ++i_;
      if (c != '\\' || !basic) {
        out += c;
        continue;
      }
      if (!escape(out, is_long)) return false;
    }
  }

  bool escape(std::string& out, bool is_long) {
    char c = peek();
    ++i_;
    static constexpr std::string_view from = "btnfre\"\\", to = "\b\t\n\f\r\x1b\"\\";
    if (size_t at = from.find(c); at != from.npos) {
      out += to[at];
      return true;
    }
    if (c == 'u' || c == 'U' || c == 'x') {
      size_t n = c == 'u' ? 4 : c == 'U' ? 8 : 2;
      uint64_t v;
      if (i_ + n > s_.size() || gotemplate::read_uint(s_.substr(i_, n), 16, v) != gotemplate::ReadNumber::ok ||
          v > 0x10FFFF)
        return wrong("invalid hexadecimal escape"), false;
      i_ += n;
      value::append_rune(out, static_cast<char32_t>(v));
      return true;
    }
    if (is_long && (c == '\n' || c == ' ' || c == '\t' || c == '\r')) {
      while (!done() && (peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r')) ++i_;
      return true;
    }
    --i_;
    wrong(
        fmt::format("invalid escape character {}; only the following escape characters are allowed: \\b, \\t, \\n, "
                    "\\f, \\r, \\\", \\\\, \\uXXXX, and \\UXXXXXXXX",
                    here()));
    return false;
  }

  std::string_view s_;
  Call& call_;
  Heap& heap_;
  size_t i_ = 0;
  std::string error_, last_key_;
  std::vector<std::string> headers_;
  std::string context_;  // the table whose keys are read
};

}  // namespace

Any read_toml(Call& c) {
  Reader r(c.text(0), c);
  Any v = r.document();
  if (r.error().empty()) return v;
  Any failed = c.heap().map();
  failed.dict()->set(value::Key("Error"), Any::of(r.error()));
  return failed;
}

}  // namespace slipway::lang::sprig
