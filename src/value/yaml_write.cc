// Value to YAML, byte for byte as sigs.k8s.io/yaml: the value as JSON text, read by go-yaml v2 and emitted by it. Both
// steps leave marks: the first decides how numbers look and folds U+0085 (a line break to YAML, even in quotes); the
// second sorts keys in its natural order, quotes what would not read back as text, and folds at column 80.
//
// The emitter's whole state is where it stands: column, indent, and whether only blanks ("whitespace") or only blanks
// and list dashes ("indention") came before on this line. The names are libyaml's, so that the two can be compared.
#include <utf8proc.h>

#include <algorithm>
#include <climits>
#include <cmath>

#include "value/json.h"
#include "value/note.h"
#include "value/number.h"
#include "value/utf8.h"
#include "value/yaml.h"
#include "value/yaml_characters.h"
#include "value/yaml_scalar.h"

namespace slipway::value {

namespace {

constexpr int kWidth = 80;
constexpr int kIndent = 2;
constexpr size_t kSimpleKeyMax = 128;
constexpr int kDepthMax = 1000;  // deeper nodes are written as JSON, which is YAML too, and needs no recursion

bool is_letter(char32_t c) {
  if (c < 0x80) return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
  utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}
bool is_digit(char32_t c) {
  return c >= '0' && c <= '9';
}

// go-yaml's order of keys: letters by code, behind everything else; runs of digits as numbers.
bool natural_less(std::string_view a, std::string_view b) {
  size_t common = static_cast<size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<ptrdiff_t>(std::min(a.size(), b.size())), b.begin()).first -
      a.begin());
  while (common > 0 && common < a.size() && (a[common] & 0xC0) == 0x80) --common;  // to the start of a character
  while (common > 0 && common < b.size() && (b[common] & 0xC0) == 0x80) --common;
  if (common == a.size() || common == b.size()) return a.size() < b.size();
  char32_t x = decode_rune(a.substr(common)).code, y = decode_rune(b.substr(common)).code;
  bool xl = is_letter(x), yl = is_letter(y);
  if (xl && yl) return x < y;
  if (xl || yl) return yl;
  uint64_t xn = 0, yn = 0;
  if (x == '0' || y == '0')
    for (size_t j = common; j > 0 && is_digit(static_cast<unsigned char>(a[j - 1])); --j)
      if (a[j - 1] != '0') {
        xn = yn = 1;
        break;
      }
  auto number = [common](std::string_view s, uint64_t& n) {
    size_t i = common;
    for (; i < s.size() && is_digit(static_cast<unsigned char>(s[i])); ++i)
      n = n * 10 + static_cast<uint64_t>(s[i] - '0');
    return i;
  };
  size_t xi = number(a, xn), yi = number(b, yn);
  if (xn != yn) return static_cast<int64_t>(xn) < static_cast<int64_t>(yn);
  if (xi != yi) return xi < yi;
  return x < y;
}

// The natural order is no true order for every input ("a2", "a10", "a1b" go in a circle; go-yaml itself then answers
// differently from run to run), which std::sort must not see: merge sort asks for nothing.
void sort_naturally(std::vector<const Member*>& members) {
  auto less = [](const Member* a, const Member* b) { return natural_less(a->key.view(), b->key.view()); };
  bool sorted = true;
  for (size_t i = 1; i < members.size() && sorted; ++i) sorted = less(members[i - 1], members[i]);
  if (sorted) return;
  std::vector<const Member*> other(members.size());
  for (size_t width = 1; width < members.size(); width *= 2) {
    for (size_t low = 0; low < members.size(); low += 2 * width) {
      size_t middle = std::min(low + width, members.size()), high = std::min(low + 2 * width, members.size());
      for (size_t i = low, j = middle, k = low; k < high; ++k)
        other[k] = i < middle && (j >= high || !less(members[j], members[i])) ? members[i++] : members[j++];
    }
    members.swap(other);
  }
}

enum class Style { plain, single_quoted, double_quoted, literal };

// Words, and what stands in most manifests: plain text that nothing above could object to.
bool surely_plain(std::string_view s) {
  if (s.empty() || s.size() > 60) return false;
  for (char c : s)
    if (!((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '.' && c != '/' &&
        c != '_')
      return false;
  return (s[0] | 0x20) >= 'a' && (s[0] | 0x20) <= 'z' && !plain_is_no_string(s);
}

class YamlWriter {
 public:
  YamlWriter(std::string& out, YamlStyle style) : out_(out), style_(style), v3_(style == YamlStyle::go_yaml_v3) {}

  void document(const Value& v) {
    node(v, -1, false, false);
    write_indent(0);
  }

 private:
  // `indent` is that of the collection around; `in_mapping`: v is a mapping's value (or a complex key).
  void node(const Value& v, int indent, bool in_mapping, bool simple_key) {
    if (indent > kDepthMax * kIndent) return indicator(to_json(v), true, false, false);
    switch (v.type()) {
      case Type::null:
        return scalar("null", Style::plain, indent, simple_key);
      case Type::boolean:
        return scalar(v.as_bool() ? "true" : "false", Style::plain, indent, simple_key);
      case Type::integer:
        return scalar(std::to_string(v.as_int()), Style::plain, indent, simple_key);
      case Type::real:
        return scalar(number(v.as_double()), Style::plain, indent, simple_key);
      case Type::string:
        if (note_of(v) == Note::spelled || note_of(v) == Note::untagged)
          return scalar(v.as_string(), Style::plain, indent, simple_key);
        return string(v.as_string(), indent, simple_key);
      case Type::array:
        return array(v, indent, in_mapping);
      case Type::object:
        return object(v, indent);
    }
  }

  static int deeper(int indent) { return indent < 0 ? 0 : indent + kIndent; }

  void array(const Value& v, int indent, bool in_mapping) {
    if (v.empty()) return indicator("[]", true, false, false);
    bool indentless = in_mapping && !indention_ && indent >= 0 && !v3_;
    int inner = indentless ? indent : deeper(indent);
    for (const Value& item : v.items()) {
      write_indent(inner);
      indicator("-", true, false, true);
      node(item, inner, false, false);
    }
  }

  void object(const Value& v, int indent) {
    if (v.empty()) return indicator("{}", true, false, false);
    int inner = deeper(indent);
    std::vector<const Member*> members;
    members.reserve(v.size());
    for (const Member& m : v.members()) members.push_back(&m);
    sort_naturally(members);
    for (const Member* m : members) {
      std::string_view key = m->key.view();
      write_indent(inner);
      bool simple = key.size() <= kSimpleKeyMax && !analyze_multiline(key);
      if (simple) {
        string(key, inner, true);
        indicator(":", false, false, false);
      } else {
        indicator("?", true, false, true);
        string(key, inner, false);
        write_indent(inner);
        indicator(":", true, false, true);
      }
      node(m->value, inner, true, false);
    }
  }

  static bool analyze_multiline(std::string_view key) {
    return std::any_of(key.begin(), key.end(), [](char c) { return c == '\n' || c == '\r' || (c & 0x80) != 0; }) &&
           analyze(key, YamlStyle::sigs).multiline;
  }

  // JSON digits read back by go-yaml: whole numbers up to 64 bits stay as they are, all else is printed as a float.
  std::string number(double d) const {
    if (v3_) return go_format_g(d);
    char json[kJsonRealMax];
    std::string text(json, write_json_real(json, d));
    Scalar s = resolve_plain(text, YamlRules::sigs);
    switch (s.kind) {
      case Scalar::Kind::integer:
        return std::to_string(s.integer);
      case Scalar::Kind::large:
        return std::to_string(s.large);
      default:
        return std::isfinite(d) ? go_format_g(d) : "null";
    }
  }

  void string(std::string_view s, int indent, bool simple_key) {
    if (surely_plain(s)) {
      if (!whitespace_) put(' ');
      out_ += s;
      column_ += static_cast<int>(s.size());
      whitespace_ = indention_ = false;
      return;
    }
    std::string cleaned;
    if (!v3_ && !is_ascii(s)) {
      cleaned = through_json(s);
      s = cleaned;
    }
    Style style = s.find('\n') != s.npos ? Style::literal : plain_is_no_string(s) ? Style::double_quoted : Style::plain;
    scalar(s, style, indent, simple_key);
  }

  static bool is_ascii(std::string_view s) {
    return std::all_of(s.begin(), s.end(), [](char c) { return (c & 0x80) == 0; });
  }

  // What JSON text and YAML's reading of it make of a string: U+FFFD for what is no UTF-8; a run of U+0085, which ends
  // lines in YAML, is folded: one becomes a blank, each further one a line break; blanks around it go.
  static std::string through_json(std::string_view s) {
    std::string out;
    while (!s.empty()) {
      if (s.starts_with("\xc2\x85")) {
        while (out.ends_with(' ')) out.pop_back();
        size_t breaks = 0;
        while (!s.empty()) {
          if (s.starts_with("\xc2\x85")) {
            ++breaks;
            s.remove_prefix(2);
          } else if (s[0] == ' ') {
            s.remove_prefix(1);
          } else {
            break;
          }
        }
        out += breaks == 1 ? " " : std::string(breaks - 1, '\n');
        continue;
      }
      Rune r = decode_rune(s);
      append_rune(out, r.code);
      s.remove_prefix(static_cast<size_t>(r.length));
    }
    return out;
  }

  void scalar(std::string_view s, Style style, int indent, bool simple_key) {
    Analysis a = analyze(s, style_);
    if (simple_key && a.multiline) style = Style::double_quoted;
    if (style == Style::plain && (!a.plain_allowed || (s.empty() && simple_key))) style = Style::single_quoted;
    if (style == Style::single_quoted && !a.single_allowed) style = Style::double_quoted;
    if (style == Style::literal && (!a.block_allowed || simple_key)) style = Style::double_quoted;
    int inner = indent < 0 ? kIndent : indent + kIndent;
    switch (style) {
      case Style::plain:
        return plain(s, inner, !simple_key);
      case Style::single_quoted:
        return single_quoted(s, inner, !simple_key);
      case Style::double_quoted:
        return double_quoted(s, inner, !simple_key);
      case Style::literal:
        return literal(s, inner);
    }
  }

  void plain(std::string_view s, int indent, bool may_break) {
    if (!whitespace_) put(' ');
    bool spaces = false;
    for (size_t i = 0; i < s.size();) {
      if (s[i] == ' ' && may_break && !spaces && column_ > width_ && s[i + 1] != ' ') {
        write_indent(indent);
        ++i;
        spaces = true;
        continue;
      }
      spaces = s[i] == ' ';
      if (!spaces) indention_ = false;
      i += put_rune(s.substr(i));
    }
    whitespace_ = indention_ = false;
  }

  void single_quoted(std::string_view s, int indent, bool may_break) {
    indicator("'", true, false, false);
    bool spaces = false, breaks = false;
    for (size_t i = 0; i < s.size();) {
      Rune r = decode_rune(s.substr(i));
      if (s[i] == ' ') {
        if (may_break && !spaces && column_ > width_ && i > 0 && i + 1 < s.size() && s[i + 1] != ' ') {
          write_indent(indent);
          ++i;
        } else {
          i += put_rune(s.substr(i));
        }
        spaces = true;
      } else if (is_break(r.code)) {  // only U+2028 and U+2029 come here: what has \n is no plain text
        i += put_rune(s.substr(i));
        column_ = 0;
        indention_ = breaks = true;
      } else {
        if (breaks) write_indent(indent);
        if (s[i] == '\'') put('\'');
        i += put_rune(s.substr(i));
        indention_ = spaces = breaks = false;
      }
    }
    indicator("'", false, false, false);
  }

  void double_quoted(std::string_view s, int indent, bool may_break) {
    indicator("\"", true, false, false);
    bool spaces = false;
    bool all = s.starts_with("\xef\xbb\xbf");  // go-yaml looks for the mark at the start only, but for every character
    for (size_t i = 0; i < s.size();) {
      Rune r = decode_rune(s.substr(i));
      if (all || !is_printable(r.code) || is_break(r.code) || r.code == '"' || r.code == '\\') {
        escaped(r.code);
        i += static_cast<size_t>(r.length);
        spaces = false;
      } else if (s[i] == ' ') {
        if (may_break && !spaces && column_ > width_ && i > 0 && i + 1 < s.size()) {
          write_indent(indent);
          if (s[i + 1] == ' ') put('\\');
          ++i;
        } else {
          i += put_rune(s.substr(i));
        }
        spaces = true;
      } else {
        i += put_rune(s.substr(i));
        spaces = false;
      }
    }
    indicator("\"", false, false, false);
  }

  void escaped(char32_t c) {
    size_t before = out_.size();
    append_escaped(out_, c);
    column_ += static_cast<int>(out_.size() - before);
  }

  void literal(std::string_view s, int indent) {
    indicator("|", true, false, false);
    Rune first = decode_rune(s);
    if (first.code == ' ' || is_break(first.code)) indicator("2", false, false, false);
    auto ends_in_break = [](std::string_view t) {
      return t.ends_with('\n') || t.ends_with('\r') || t.ends_with("\xe2\x80\xa8") || t.ends_with("\xe2\x80\xa9");
    };
    if (!ends_in_break(s)) {
      indicator("-", false, false, false);
    } else {
      std::string_view before = s.substr(0, s.size() - (s.ends_with('\n') ? 1 : 3));
      if (before.empty() || ends_in_break(before)) indicator("+", false, false, false);
    }
    put_break();
    whitespace_ = indention_ = true;
    bool breaks = true;
    for (size_t i = 0; i < s.size();) {
      if (s[i] == '\n') {
        put_break();
        ++i;
        indention_ = breaks = true;
        continue;
      }
      Rune r = decode_rune(s.substr(i));
      if (is_break(r.code)) {
        i += put_rune(s.substr(i));
        column_ = 0;
        indention_ = breaks = true;
      } else {
        if (breaks) write_indent(indent);
        size_t end = s.find_first_of("\n\xe2", i);  // up to what may be a break
        if (end == s.npos) end = s.size();
        if (end == i) {
          i += put_rune(s.substr(i));
        } else {
          out_ += s.substr(i, end - i);
          column_ += static_cast<int>(end - i);  // exact enough: nothing folds here
          i = end;
        }
        indention_ = breaks = false;
      }
    }
  }

  void write_indent(int indent) {
    if (!indention_ || column_ > indent || (column_ == indent && !whitespace_)) put_break();
    if (column_ < indent) {
      out_.append(static_cast<size_t>(indent - column_), ' ');
      column_ = indent;
    }
    whitespace_ = indention_ = true;
  }

  void indicator(std::string_view text, bool needs_blank, bool is_blank, bool is_indention) {
    if (needs_blank && !whitespace_) put(' ');
    out_ += text;
    column_ += static_cast<int>(text.size());
    whitespace_ = is_blank;
    indention_ = indention_ && is_indention;
  }

  void put(char c) {
    out_ += c;
    ++column_;
  }
  size_t put_rune(std::string_view s) {
    size_t n = static_cast<size_t>(decode_rune(s).length);
    out_ += s.substr(0, n);
    ++column_;
    return n;
  }
  void put_break() {
    out_ += '\n';
    column_ = 0;
  }

  std::string& out_;
  YamlStyle style_;
  bool v3_;
  int width_ = v3_ ? INT_MAX : kWidth;
  int column_ = 0;
  bool whitespace_ = true, indention_ = true;
};

}  // namespace

std::string to_yaml(const Value& v, YamlStyle style) {
  std::string out;
  YamlWriter(out, style).document(v);
  return out;
}

}  // namespace slipway::value
