// One pass, by columns: a line's indentation says which of the open collections it belongs to. Every function gives
// false for "not mine", and the whole text is then read by its events; so nothing here has to judge what is wrong, only
// to be sure of what is right. The doubtful is refused early: tabs, anchors, tags, `?` keys, folded and many-line
// scalars.
#include "value/yaml_common.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "value/note.h"
#include "value/tree_stack.h"
#include "value/utf8.h"
#include "value/yaml_scalar.h"

namespace slipway::value {

namespace {

constexpr std::ptrdiff_t key_bytes_max = 1000;  // a key and its colon must be near each other
constexpr int depth_known_max = 200;            // of the stack here

// Characters that are what they look like: no line breaks but \n, nothing that no YAML may hold.
bool all_known(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    auto c = static_cast<unsigned char>(text[i]);
    if ((c >= 0x20 && c < 0x7f) || c == '\n' || c == '\t') {
      ++i;
      continue;
    }
    if (c < 0x80) return false;
    Rune r = decode_rune(text.substr(i));
    bool separator = r.code == 0x2028 || r.code == 0x2029 || r.code == 0xfeff;
    if (!r.valid || r.code < 0xa0 || separator || (r.code & 0xfffe) == 0xfffe) return false;
    i += static_cast<size_t>(r.length);
  }
  return true;
}

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

class CommonReader {
 public:
  CommonReader(std::string_view text, const YamlLimits& limits, DuplicateKeys duplicates, bool notes)
      : begin_(text.data()),
        end_(text.data() + text.size()),
        p_(begin_),
        line_(begin_),
        limits_(limits),
        duplicates_(duplicates),
        notes_(notes) {}

  bool documents(std::vector<Document>& all) {
    bool marked = false;
    int line = 1;
    for (const char* counted = begin_;;) {
      if (!to_content()) return false;
      if (p_ == end_) return true;
      if (at_marker()) {
        if (marked && limits_.first_only) return false;  // an empty document counts there
        marked = true;
        p_ += 3;
        if (!end_of_line()) return false;
        continue;
      }
      if (*p_ == '%') return false;
      line += static_cast<int>(std::count(counted, p_, '\n'));
      counted = p_;
      Value root;
      nodes_ = 0;
      if (!block(-1, 0, root)) return false;
      if (p_ < end_ && !at_marker()) return false;
      all.push_back({std::move(root), line});
      if (limits_.first_only) return true;
      marked = false;
    }
  }

 private:
  int column() const { return static_cast<int>(p_ - line_); }
  bool at_marker() const {
    return p_ == line_ && end_ - p_ >= 3 && std::memcmp(p_, "---", 3) == 0 &&
           (end_ - p_ == 3 || p_[3] == ' ' || p_[3] == '\n');
  }
  bool count() { return ++nodes_ <= limits_.nodes_max; }
  bool at_end_of_line() const { return p_ == end_ || *p_ == '\n'; }
  void skip_blanks() {
    while (p_ < end_ && *p_ == ' ') ++p_;
  }
  void next_line() {
    auto* newline = static_cast<const char*>(std::memchr(p_, '\n', static_cast<size_t>(end_ - p_)));
    p_ = line_ = newline ? newline + 1 : end_;
  }
  // Nothing but a comment follows on this line.
  bool end_of_line() {
    const char* from = p_;
    skip_blanks();
    if (p_ < end_ && *p_ == '#' && p_ > from) {
      next_line();
      return true;
    }
    if (!at_end_of_line()) return false;
    next_line();
    return true;
  }
  // From a line's beginning over blank lines and comments to what stands next.
  bool to_content() {
    while (p_ < end_) {
      skip_blanks();
      if (p_ == end_) return true;
      if (*p_ == '\t') return false;
      if (*p_ != '\n' && *p_ != '#') {
        return !(p_ == line_ && end_ - p_ >= 3 && std::memcmp(p_, "...", 3) == 0);
      }
      next_line();
    }
    return true;
  }
  bool at_item() const { return *p_ == '-' && (p_ + 1 == end_ || p_[1] == ' ' || p_[1] == '\n'); }

  // A block collection that begins here, within one at column `outer`. Leaves p_ at what follows it.
  bool block(int outer, int depth, Value& v) {
    if (column() <= outer || depth >= depth_known_max || depth >= limits_.depth_max || !count()) return false;
    return at_item() ? list(column(), depth, v) : mapping(column(), depth, v);
  }

  bool mapping(int at, int depth, Value& v) {
    size_t mark = stack_.members.size();
    while (true) {
      if (!key()) return false;
      size_t mine = stack_.members.size() - 1;
      Value value;
      if (!member_value(at, depth, value)) return false;
      stack_.members[mine].value = std::move(value);
      if (p_ == end_ || at_marker() || column() < at) break;
      if (column() > at) return false;  // a scalar that goes on, or what is wrong
      if (at_item()) return false;
    }
    bool twice = false;
    v = stack_.close_object(mark, [&twice](const Key&) { twice = true; });
    return !twice || duplicates_ == DuplicateKeys::last_wins;
  }

  // Behind the colon.
  bool member_value(int at, int depth, Value& v) {
    const char* from = p_;
    skip_blanks();
    if (!at_end_of_line() && !(*p_ == '#' && p_ > from)) return scalar_or_flow(at, depth, v);
    next_line();
    if (!to_content()) return false;
    bool inside = p_ < end_ && !at_marker();
    if (inside && column() > at) {
      bool alone = *p_ == '{' || *p_ == '[';
      return alone ? scalar_or_flow(at, depth, v) : block(at, depth + 1, v);
    }
    if (inside && column() == at && at_item()) {  // a list may stand at its key's column
      if (depth + 1 >= depth_known_max || depth + 1 >= limits_.depth_max || !count()) return false;
      return list(at, depth + 1, v);
    }
    return nothing(v);
  }

  bool list(int at, int depth, Value& v) {
    size_t mark = stack_.values.size();
    while (true) {
      ++p_;  // the dash
      const char* from = p_;
      skip_blanks();
      Value item;
      if (at_end_of_line() || (*p_ == '#' && p_ > from)) {
        next_line();
        if (!to_content()) return false;
        bool inside = p_ < end_ && !at_marker() && column() > at;
        if (inside ? !block(at, depth + 1, item) : !nothing(item)) return false;
      } else if (at_item() || key_follows()) {
        if (!block(at, depth + 1, item)) return false;
      } else if (!scalar_or_flow(at, depth, item)) {
        return false;
      }
      stack_.values.push(std::move(item));
      if (p_ == end_ || at_marker() || column() < at) break;
      if (column() > at) return false;
      if (!at_item()) break;  // the next key of the mapping that this list stands in
    }
    v = stack_.close_array(mark);
    return true;
  }

  bool nothing(Value& v) {
    v = notes_ ? with_spelling(nullptr, "") : Value();
    return count();
  }

  // ---- keys ----

  // Where the plain text here ends, as far as it can be a key: at a colon, a comment or the line's end.
  const char* end_of_plain() const {
    const char* p = p_;
    for (; p < end_ && *p != '\n'; ++p) {
      if (*p == ':' && (p + 1 == end_ || p[1] == ' ' || p[1] == '\n')) break;
      if (*p == '#' && p > p_ && p[-1] == ' ') break;
      if (*p == '\t') break;
    }
    return p;
  }
  // Whether the item of a list that begins here is a mapping.
  bool key_follows() {
    const char* p = p_;
    if (*p == '"' || *p == '\'') {
      char quote = *p++;
      while (p < end_ && *p != '\n' && *p != quote) p += *p == '\\' && quote == '"' ? 2 : 1;
      if (p >= end_ || *p != quote) return false;
      ++p;
      while (p < end_ && *p == ' ') ++p;
      return p < end_ && *p == ':';
    }
    if (*p == '[' || *p == '{') return false;
    p = end_of_plain();
    return p < end_ && *p == ':';
  }

  bool key() {
    std::string_view text;
    const char* from = p_;
    if (*p_ == '"' || *p_ == '\'') {
      if (!quoted(text)) return false;
      skip_blanks();
    } else {
      if (!is_alnum(*p_) && *p_ != '_' && *p_ != '.' && *p_ != '/') return false;
      p_ = end_of_plain();
      text = std::string_view(from, static_cast<size_t>(p_ - from));
      while (text.ends_with(' ')) text.remove_suffix(1);
      if (resolve_plain(text, limits_.rules).kind != Scalar::Kind::string) return false;
    }
    if (p_ == end_ || *p_ != ':' || p_ - from > key_bytes_max) return false;
    ++p_;
    if (!at_end_of_line() && *p_ != ' ') return false;
    stack_.members.push(Key(text), Value());
    return count();
  }

  // ---- scalars ----

  // What begins here is on this line, and its collection stands at column `at`. Leaves p_ at the next content.
  bool scalar_or_flow(int at, int depth, Value& v) {
    switch (*p_) {
      case '|':
        return literal(at, v) && to_content();
      case '"':
      case '\'': {
        std::string_view text;
        if (!quoted(text)) return false;
        v = quoted_value(text);
        if (!count()) return false;
        break;
      }
      case '[':
      case '{':
        if (!flow(depth + 1, v)) return false;
        break;
      default:
        if (!plain(v)) return false;
    }
    return end_of_line() && to_content();
  }

  Value quoted_value(std::string_view text) const { return notes_ ? noted(Value(text), Note::quoted) : Value(text); }

  bool plain_value(std::string_view text, Value& v) {
    Scalar s = resolve_plain(text, limits_.rules);
    switch (s.kind) {
      case Scalar::Kind::null:
        v = nullptr;
        break;
      case Scalar::Kind::boolean:
        v = s.boolean;
        break;
      case Scalar::Kind::integer:
        v = limits_.reals ? Value(static_cast<double>(s.integer)) : Value(s.integer);
        break;
      case Scalar::Kind::string:
        v = Value(text);
        break;
      case Scalar::Kind::real:
        if (!std::isfinite(s.real)) return false;
        // through JSON text 1.0 becomes 1
        if (s.real == std::trunc(s.real) && std::fabs(s.real) < 0x1p53 && !limits_.reals)
          v = static_cast<int64_t>(s.real);
        else
          v = s.real;
        break;
      case Scalar::Kind::large:
      case Scalar::Kind::timestamp:
      case Scalar::Kind::merge:
        return false;
    }
    if (notes_) v = with_spelling(v, text);
    return count();
  }

  bool plain(Value& v) {
    char c = *p_;
    bool dash = c == '-' && !at_item();
    if (!is_alnum(c) && !dash && std::strchr("_./~+$(\\=^;<", c) == nullptr && static_cast<unsigned char>(c) < 0x80)
      return false;
    const char* from = p_;
    p_ = end_of_plain();
    if (p_ < end_ && (*p_ == ':' || *p_ == '\t')) return false;
    std::string_view text(from, static_cast<size_t>(p_ - from));
    if (p_ < end_ && *p_ == '#') --p_;  // with the blank before it
    while (text.ends_with(' ')) text.remove_suffix(1);
    return plain_value(text, v);
  }

  // The text in quotes, which lives until the next one.
  bool quoted(std::string_view& text) {
    char quote = *p_++;
    const char* from = p_;
    while (p_ < end_ && *p_ != quote && *p_ != '\n' && *p_ != '\t' && (*p_ != '\\' || quote == '\'')) ++p_;
    if (p_ == end_ || *p_ == '\n' || *p_ == '\t') return false;
    bool simple = *p_ == quote && !(quote == '\'' && p_ + 1 < end_ && p_[1] == '\'');
    if (simple) {
      text = std::string_view(from, static_cast<size_t>(p_++ - from));
      return true;
    }
    unquoted_.assign(from, p_);
    while (p_ < end_ && *p_ != '\n' && *p_ != '\t') {
      if (*p_ == quote) {
        ++p_;
        if (quote == '"' || p_ == end_ || *p_ != '\'') {
          text = unquoted_;
          return true;
        }
        unquoted_ += *p_++;
      } else if (*p_ == '\\' && quote == '"') {
        if (end_ - p_ < 2) return false;
        char escaped = p_[1];
        if (escaped != '"' && escaped != '\\' && escaped != 'n' && escaped != 't' && escaped != 'r') return false;
        unquoted_ += escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped == 'r' ? '\r' : escaped;
        p_ += 2;
      } else {
        unquoted_ += *p_++;
      }
    }
    return false;
  }

  // | and |-: lines as they are, from the first one's column on.
  bool literal(int at, Value& v) {
    ++p_;
    bool strip = p_ < end_ && *p_ == '-';
    if (strip) ++p_;
    if (!end_of_line()) return false;
    unquoted_.clear();
    int indent = -1;
    size_t breaks = 0;  // line breaks that wait for a line behind them
    while (p_ < end_) {
      const char* from = p_;
      skip_blanks();
      int blanks = static_cast<int>(p_ - from);
      if (p_ == end_) {
        if (indent >= 0 && blanks > indent) return false;
        break;
      }
      if (*p_ == '\n' && (indent < 0 || blanks <= indent)) {
        if (indent < 0 && blanks > 0) return false;
        ++breaks;
        next_line();
        continue;
      }
      if (indent < 0) {
        if (*p_ == '\t') return false;
        if (at >= 0 && blanks <= at) {  // nothing in it
          p_ = from;
          v = quoted_value("");
          return count();
        }
        if (blanks == 0) return false;
        indent = blanks;
        unquoted_.append(breaks, '\n');
        breaks = 0;
      }
      if (blanks < indent) {
        if (*p_ == '\t') return false;
        p_ = from;
        break;
      }
      unquoted_.append(breaks, '\n');
      from += indent;
      next_line();
      if (p_[-1] != '\n') return false;  // the text ends within the block
      unquoted_.append(from, p_ - 1);
      breaks = 1;
    }
    if (indent < 0) return false;
    if (!strip) unquoted_ += '\n';
    v = quoted_value(unquoted_);
    return count();
  }

  // ---- [a, b] and {a: b} of one line ----

  bool flow(int depth, Value& v) {
    if (depth >= depth_known_max || depth >= limits_.depth_max || !count()) return false;
    bool object = *p_ == '{';
    size_t members = stack_.members.size(), values = stack_.values.size();
    ++p_;
    skip_blanks();
    while (p_ < end_ && *p_ != (object ? '}' : ']')) {
      if (object) {
        if (!key_in_flow()) return false;
        skip_blanks();
      }
      Value item;
      if (p_ == end_ || !in_flow(depth, item)) return false;
      if (object)
        stack_.members.back().value = std::move(item);
      else
        stack_.values.push(std::move(item));
      skip_blanks();
      if (p_ == end_) return false;
      if (*p_ == (object ? '}' : ']')) break;
      if (*p_ != ',') return false;
      ++p_;
      skip_blanks();
      if (p_ == end_ || *p_ == ']' || *p_ == '}') return false;  // a comma behind the last
    }
    if (p_ == end_) return false;
    ++p_;
    bool twice = false;
    v = object ? stack_.close_object(members, [&twice](const Key&) { twice = true; }) : stack_.close_array(values);
    if (notes_) v = noted(std::move(v), Note::braces);
    return !twice || duplicates_ == DuplicateKeys::last_wins;
  }

  std::string_view plain_in_flow() {
    const char* from = p_;
    while (p_ < end_ && (is_alnum(*p_) || std::strchr("_./+=$-", *p_) != nullptr)) ++p_;
    std::string_view text(from, static_cast<size_t>(p_ - from));
    return text.starts_with("-") && (text.size() == 1 || !is_alnum(text[1])) ? std::string_view() : text;
  }
  bool key_in_flow() {
    std::string_view text;
    if (*p_ == '"' || *p_ == '\'') return false;
    text = plain_in_flow();
    if (text.empty() || resolve_plain(text, limits_.rules).kind != Scalar::Kind::string) return false;
    if (end_ - p_ < 2 || p_[0] != ':' || p_[1] != ' ') return false;
    ++p_;
    stack_.members.push(Key(text), Value());
    return count();
  }
  bool in_flow(int depth, Value& v) {
    if (*p_ == '[' || *p_ == '{') return flow(depth + 1, v);
    if (*p_ == '"' || *p_ == '\'') {
      std::string_view text;
      if (!quoted(text)) return false;
      v = quoted_value(text);
      return count();
    }
    std::string_view text = plain_in_flow();
    if (text.empty() || p_ == end_ || (*p_ != ',' && *p_ != ']' && *p_ != '}' && *p_ != ' ')) return false;
    const char* next = p_;
    while (next < end_ && *next == ' ') ++next;
    if (next == end_ || (*next != ',' && *next != ']' && *next != '}')) return false;  // a text of several words
    return plain_value(text, v);
  }
  const char* const begin_;
  const char* const end_;
  const char* p_;     // what is looked at
  const char* line_;  // where its line begins
  const YamlLimits& limits_;
  const DuplicateKeys duplicates_;
  const bool notes_;
  size_t nodes_ = 0;
  TreeStack stack_;
  std::string unquoted_;
};

}  // namespace

std::optional<std::vector<Document>> read_common_yaml(std::string_view text, const YamlLimits& limits,
                                                      DuplicateKeys duplicates, bool notes) {
  if (text.size() > limits.bytes_max || text.size() > limits.expanded_bytes_max || !all_known(text))
    return std::nullopt;
  std::vector<Document> all;
  if (!CommonReader(text, limits, duplicates, notes).documents(all)) return std::nullopt;
  return all;
}

}  // namespace slipway::value
