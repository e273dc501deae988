// Line by line with a stack of open blocks. Each line is: blanks, "- " any number of times, then `key:`, `key: scalar`
// or a scalar (plain_scalars.h). Rules that make it certain:
//   - a line's column is that of an open block, or deeper where the line before opened a block (a key or dash without a
//   value);
//   - one block holds keys only or dashes only; dashes may stand at their key's column;
//   - a deeper line after a scalar is not recognised unless it goes on with it;
//   - a key may not come twice in a head (the full reader would take the last one, and libyaml does not care).
#include "render/helm/plain_yaml.h"

#include <algorithm>
#include <vector>

#include "render/helm/go_json.h"
#include "render/helm/plain_scalars.h"
#include "value/yaml_scalar.h"

namespace slipway::render::helm {

namespace {

using Kind = ScalarText::Kind;

struct Block {
  int column;
  bool list;
};

std::string_view unquoted_key(std::string_view s) {
  return s[0] == '"' || s[0] == '\'' ? s.substr(1, s.size() - 2) : s;
}

// A scalar as the text a string field gets; nothing when it is no string, or one that takes more to read.
std::optional<std::string> text_of(const ScalarText& scalar) {
  std::string_view s = scalar.text;
  if (s.empty() || scalar.many_lines || scalar.kind == Kind::flow) return std::nullopt;
  if (scalar.kind == Kind::plain) {
    if (value::resolve_plain(s, value::YamlRules::sigs).kind != value::Scalar::Kind::string) return std::nullopt;
    return std::string(s);
  }
  if (s[0] == '"') {
    if (s.find('\\') != s.npos) return std::nullopt;
    return std::string(s.substr(1, s.size() - 2));
  }
  std::string out;
  for (size_t i = 1; i + 1 < s.size(); ++i) {
    out += s[i];
    if (s[i] == '\'') ++i;
  }
  return out;
}

class Quick {
 public:
  explicit Quick(std::string_view text) : lines_(text) {}

  std::optional<Head> run(std::string_view text) {
    if (!fine_bytes(text, tabs_)) return std::nullopt;
    while (!lines_.at_end())
      if (!take(lines_.next())) return std::nullopt;
    if (blocks_.empty()) return std::nullopt;
    std::ranges::sort(head_.annotations);
    return std::move(head_);
  }

 private:
  bool take(std::string_view line) {
    size_t column = blanks_before(line);
    if (column == line.size()) return true;
    std::string_view s = line.substr(column);
    if (s[0] == '#') return true;
    if (tabs_ && s.find('\t') != s.npos) return false;
    while (s.ends_with(' ')) s.remove_suffix(1);
    if (column > 10'000 || blocks_.size() > 100 || s[0] == '%') return false;
    if (s.starts_with("---") || s.starts_with("...")) return false;
    bool own_line = true;
    while (s[0] == '-' && (s.size() == 1 || s[1] == ' ')) {
      if (!enter(static_cast<int>(column), true, own_line) || blocks_[0].list) return false;
      // metadata and its annotations are mappings, or the full reader says why not
      if (top_ == "metadata" && ((blocks_.size() > 1 && blocks_[1].list) || (in_annotations_ && blocks_.size() < 4)))
        return false;
      own_line = false;
      open(column, false);
      if (s.size() == 1) return true;
      size_t skip = 1 + blanks_before(s.substr(1));
      column += skip;
      s = s.substr(skip);
      if (s[0] == '#') return true;
    }
    size_t n = key_length(s);
    if (n == 0) return lone_scalar(s, column);
    if (!enter(static_cast<int>(column), false, own_line)) return false;
    std::string_view key = unquoted_key(s.substr(0, n));
    s = s.substr(n + 1);
    s = s.substr(blanks_before(s));
    ScalarText scalar;
    open_ = false;
    if (s.empty() || s[0] == '#') {
      open(column, true);
    } else {
      scalar = taken(s);
      if (scalar.kind == Kind::none) return false;
    }
    return note(key, scalar);
  }

  void open(size_t column, bool key) {
    open_ = true;
    open_column_ = static_cast<int>(column);
    open_key_ = key;
  }

  ScalarText taken(std::string_view s) {
    ScalarText scalar = take_scalar(s, lines_, blocks_.back().column);
    if (tabs_ && scalar.many_lines && scalar.kind != Kind::block) return {};
    return scalar;
  }

  // The value of the dash before it, or of the key or dash of a line above.
  bool lone_scalar(std::string_view s, size_t column) {
    if (!open_ || static_cast<int>(column) <= open_column_ || blocks_.back().column != open_column_) return false;
    // {} may stand below what must be a mapping
    bool mapping = top_ == "metadata" && (blocks_.size() == 1 || (blocks_.size() == 2 && in_annotations_));
    if (mapping && s != "{}") return false;
    open_ = false;
    return taken(s).kind != Kind::none;
  }

  // A line (or what follows a dash in it) begins an entry at `column`.
  bool enter(int column, bool list, bool own_line) {
    if (own_line) {
      // what the line before left open may be filled from here
      bool deeper = open_ && (column > open_column_ || (open_key_ && list && column == open_column_));
      if (!deeper) {
        while (!blocks_.empty() &&
               (blocks_.back().column > column || (blocks_.back().column == column && blocks_.back().list && !list)))
          blocks_.pop_back();
        if (!blocks_.empty()) return blocks_.back().column == column && blocks_.back().list == list;
      }
    }
    if (blocks_.empty() ? seen_ : blocks_.back().column > column) return false;
    blocks_.push_back({column, list});
    seen_ = true;
    return true;
  }

  // Remembers what heads are made of. False: it needs the full reader.
  bool note(std::string_view key, const ScalarText& scalar) {
    size_t depth = blocks_.size();
    if (depth == 1) {
      top_ = key;
      in_annotations_ = false;
      if (key == "kind") return put(head_.kind, scalar);
      if (key == "apiVersion") return put(head_.api_version, scalar);
      if (key != "metadata") return !in_other_case(key, {"kind", "apiVersion", "metadata"});
      if (metadata_ || scalar.kind != Kind::none) return false;
      return metadata_ = true;
    }
    if (top_ != "metadata") return true;
    if (blocks_[1].list) return false;
    if (depth == 2) {
      in_annotations_ = key == "annotations";
      if (key == "name") return put(head_.name, scalar);
      if (!in_annotations_) return !in_other_case(key, {"name", "annotations"});
      if (annotations_ || (scalar.kind != Kind::none && scalar.text != "{}")) return false;
      return annotations_ = true;
    }
    if (!in_annotations_) return true;
    if (depth > 3 || blocks_[2].list) return false;
    return note_annotation(key, scalar);
  }

  // A field of the head all the same: Go's JSON takes it.
  static bool in_other_case(std::string_view key, std::initializer_list<std::string_view> fields) {
    return std::ranges::any_of(fields, [key](std::string_view field) { return fits_field(key, field); });
  }

  bool note_annotation(std::string_view key, const ScalarText& scalar) {
    for (const auto& [name, _] : head_.annotations)
      if (name == key) return false;
    std::string text;
    if (scalar.many_lines) {  // a text whatever it says; nobody asks for it
      bool text_for_sure = scalar.kind == Kind::block || scalar.kind == Kind::quoted;
      if (!text_for_sure || key.starts_with("helm.sh/")) return false;
    } else if (!put(text, scalar)) {
      return false;
    }
    head_.annotations.emplace_back(key, std::move(text));
    return true;
  }

  static bool put(std::string& field, const ScalarText& scalar) {
    if (!field.empty()) return false;
    auto text = text_of(scalar);
    if (!text) return false;
    field = std::move(*text);
    return true;
  }

  Lines lines_;
  std::vector<Block> blocks_;
  bool tabs_ = false, seen_ = false;
  bool open_ = false, open_key_ = false;  // the last entry has no value yet
  int open_column_ = 0;
  Head head_;
  std::string_view top_;
  bool metadata_ = false, annotations_ = false, in_annotations_ = false;
};

}  // namespace

std::optional<Head> quick_head(std::string_view document) {
  return Quick(document).run(document);
}

}  // namespace slipway::render::helm
