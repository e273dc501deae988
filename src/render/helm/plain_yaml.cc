// Line by line with a stack of open blocks. Each line is: blanks, "- " any number of times, then `key:`, `key: scalar`
// or a scalar. Rules that make it certain:
//   - a line's column is that of an open block, or deeper where the line before opened a block (a key or dash without a
//   value);
//   - one block holds keys only or dashes only; dashes may stand at their key's column;
//   - scalars are checked to be one-line plain or quoted, and a deeper line after a scalar is not recognised;
//   - a key may not come twice (the full reader would take the last one, and libyaml does not care: only heads matter,
//   so
//     repeated keys of the head are left to it).
#include "render/helm/plain_yaml.h"

#include <algorithm>
#include <vector>

#include "value/yaml_scalar.h"

namespace slipway::render::helm {

namespace {

struct Block {
  int column;
  bool list;
};

// A plain scalar that ends with its line and can be nothing else. Comments are cut off by the caller's rules: a '#'
// behind a blank makes it unsure.
bool sure_plain(std::string_view s) {
  if (s.empty()) return false;
  auto first = static_cast<unsigned char>(s[0]);
  if (std::string_view("!&*|>'\"%@`#{}[],?:-=<~.").find(s[0]) != std::string_view::npos) {
    // "-1", "-x", ".5", "=", "~" are plain too when what follows is no blank
    if (s[0] != '-' && s[0] != '.' && s[0] != '~' && s[0] != '=' && s[0] != '<') return false;
    if (s[0] == '-' && (s.size() == 1 || s[1] == ' ')) return false;
    if (s[0] == '.' && s.starts_with("...")) return false;
    if (s[0] == '<' && s.starts_with("<<")) return false;
  }
  if (first < 0x20 || first == 0x7F) return false;
  for (size_t i = 0; i < s.size(); ++i) {
    auto c = static_cast<unsigned char>(s[i]);
    if (c < 0x20 || c >= 0x7F) return false;  // tabs, other languages: the full reader
    if (c == ':' && (i + 1 == s.size() || s[i + 1] == ' ')) return false;
    if (c == '#' && i > 0 && s[i - 1] == ' ') return false;
  }
  return s.back() != ' ';
}

bool sure_quoted(std::string_view s) {
  if (s.size() < 2) return false;
  char quote = s[0];
  if (quote != s.back()) return false;
  std::string_view inner = s.substr(1, s.size() - 2);
  for (size_t i = 0; i < inner.size(); ++i) {
    auto c = static_cast<unsigned char>(inner[i]);
    if (c < 0x20 || c >= 0x7F) return false;
    if (inner[i] == quote) {
      if (quote != '\'' || i + 1 == inner.size() || inner[i + 1] != '\'') return false;
      ++i;
    }
    if (quote == '"' && inner[i] == '\\') {
      if (i + 1 == inner.size() || std::string_view("nt\\\"").find(inner[i + 1]) == std::string_view::npos)
        return false;
      ++i;
    }
  }
  return true;
}

bool sure_scalar(std::string_view s) {
  if (s.empty()) return false;
  if (s[0] == '"' || s[0] == '\'') return sure_quoted(s);
  if (s == "{}" || s == "[]") return true;
  return sure_plain(s);
}

// Keys: letters, digits and what names are made of; anything else goes to the full reader.
bool sure_key(std::string_view s) {
  if (s.size() >= 2 && (s[0] == '"' || s[0] == '\'')) {
    std::string_view inner = s.substr(1, s.size() - 2);
    return s.back() == s[0] && inner.size() < 200 && inner.find_first_of("\"'\\") == inner.npos && sure_quoted(s);
  }
  return !s.empty() && s.size() < 200 &&
         std::ranges::all_of(
             s,
             [](unsigned char c) {
               return std::isalnum(c) || c == '_' || c == '-' || c == '.' || c == '/' || c == '$';
             }) &&
         s[0] != '-' && s[0] != '.' &&
         value::resolve_plain(s, value::YamlRules::sigs).kind == value::Scalar::Kind::string;
}

std::string_view unquoted_key(std::string_view s) {
  return s[0] == '"' || s[0] == '\'' ? s.substr(1, s.size() - 2) : s;
}

// A scalar as the text a string field gets. Only called where sure_scalar() held.
std::optional<std::string> text_of(std::string_view s) {
  if (s[0] == '"') {
    if (s.find('\\') != s.npos) return std::nullopt;
    return std::string(s.substr(1, s.size() - 2));
  }
  if (s[0] == '\'') {
    std::string out;
    for (size_t i = 1; i + 1 < s.size(); ++i) {
      out += s[i];
      if (s[i] == '\'') ++i;
    }
    return out;
  }
  if (value::resolve_plain(s, value::YamlRules::sigs).kind != value::Scalar::Kind::string) return std::nullopt;
  return std::string(s);
}

class Quick {
 public:
  explicit Quick(std::string_view text) : rest_(text) {}

  std::optional<Head> run() {
    if (rest_.find('\r') != rest_.npos || rest_.find('\t') != rest_.npos) return std::nullopt;
    while (!rest_.empty()) {
      size_t end = rest_.find('\n');
      std::string_view line = rest_.substr(0, end);
      rest_ = end == rest_.npos ? std::string_view() : rest_.substr(end + 1);
      if (!take(line)) return std::nullopt;
    }
    if (blocks_.empty()) return std::nullopt;
    std::ranges::sort(head_.annotations);
    return std::move(head_);
  }

 private:
  bool take(std::string_view line) {
    size_t column = line.find_first_not_of(' ');
    if (column == line.npos) return true;
    std::string_view s = line.substr(column);
    if (s[0] == '#') return true;
    while (s.ends_with(' ')) s.remove_suffix(1);
    if (column > 10'000 || blocks_.size() > 100) return false;
    if (s == "---" || s == "..." || s.starts_with("--- ") || s[0] == '%') return false;
    bool first = true;
    while (s[0] == '-' && (s.size() == 1 || s[1] == ' ')) {
      if (!enter(static_cast<int>(column), true, first) || blocks_[0].list) return false;
      // metadata and its annotations are mappings, or the full reader says why not
      if (top_ == "metadata" && ((blocks_.size() > 1 && blocks_[1].list) || (in_annotations_ && blocks_.size() < 4)))
        return false;
      first = false;
      open_ = true;
      open_column_ = static_cast<int>(column);
      open_key_ = false;
      size_t skip = s.size() == 1 ? 1 : s.find_first_not_of(' ', 1);
      if (skip == s.npos || skip == s.size() || s.size() == 1) return true;
      column += skip;
      s = s.substr(skip);
      if (s[0] == '#') return false;
    }
    // where the key ends, if there is one
    size_t colon = s.npos;
    if (s[0] == '"' || s[0] == '\'') {
      size_t close = s.find(s[0], 1);
      if (close != s.npos && close + 1 < s.size() && s[close + 1] == ':' &&
          (close + 2 == s.size() || s[close + 2] == ' '))
        colon = close + 1;
    } else {
      size_t at = s.find(": ");
      colon = at != s.npos ? at : s.ends_with(':') ? s.size() - 1 : s.npos;
    }
    if (colon == s.npos) {
      // a scalar in a list
      if (first || !open_ || !sure_scalar(s)) return false;
      open_ = false;
      return true;
    }
    std::string_view key = s.substr(0, colon);
    if (!sure_key(key)) return false;
    if (!enter(static_cast<int>(column), false, first)) return false;
    std::string_view value = s.substr(colon + 1);
    size_t start = value.find_first_not_of(' ');
    value = start == value.npos ? std::string_view() : value.substr(start);
    if (!note(unquoted_key(key), value)) return false;
    open_ = false;
    if (value.empty()) {
      open_ = true;
      open_column_ = static_cast<int>(column);
      open_key_ = true;
      return true;
    }
    if (value[0] == '|' || value[0] == '>') return block_scalar(value, static_cast<int>(column));
    return sure_scalar(value);
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
        if (blocks_.empty()) {
          if (seen_) return false;
        } else {
          return blocks_.back().column == column && blocks_.back().list == list;
        }
      }
    }
    if (!own_line || !blocks_.empty() || !seen_) {
      if (!blocks_.empty() && blocks_.back().column > column) return false;
      blocks_.push_back({column, list});
      seen_ = true;
      return true;
    }
    return false;
  }

  bool block_scalar(std::string_view head, int column) {
    std::string_view marks = head.substr(1);
    if (marks != "" && marks != "-" && marks != "+") return false;  // with an indent: the full reader
    int indent = -1;
    while (!rest_.empty()) {
      size_t end = rest_.find('\n');
      std::string_view line = rest_.substr(0, end);
      size_t at = line.find_first_not_of(' ');
      if (at != line.npos) {
        if (static_cast<int>(at) <= column) break;
        if (indent < 0) indent = static_cast<int>(at);
        if (static_cast<int>(at) < indent) return false;
        for (char c : line)
          if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return false;
      } else if (indent < 0 && !line.empty()) {
        return false;  // blanks before the first line
      }
      rest_ = end == rest_.npos ? std::string_view() : rest_.substr(end + 1);
    }
    return true;
  }

  // Remembers what heads are made of. False: it needs the full reader.
  bool note(std::string_view key, std::string_view value) {
    size_t depth = blocks_.size();
    if (depth == 1) {
      top_ = key;
      in_annotations_ = false;
      std::string* field = key == "kind" ? &head_.kind : key == "apiVersion" ? &head_.api_version : nullptr;
      if (key == "metadata") {
        if (metadata_ || !value.empty()) return false;
        metadata_ = true;
      }
      if (!field) return true;
      return put(*field, value);
    }
    if (top_ != "metadata" || blocks_[1].list) return top_ != "metadata" || !blocks_[1].list;
    if (depth == 2) {
      in_annotations_ = key == "annotations";
      if (key == "name") return put(head_.name, value);
      if (in_annotations_) {
        if (annotations_ || (!value.empty() && value != "{}")) return false;
        annotations_ = true;
      }
      return true;
    }
    if (!in_annotations_) return true;
    if (depth > 3 || blocks_[2].list) return false;
    for (const auto& [name, _] : head_.annotations)
      if (name == key) return false;
    if (value.empty() || value[0] == '|' || value[0] == '>') {
      if (key.starts_with("helm.sh/") || value.empty()) return false;
      head_.annotations.emplace_back(key, "");
      return true;
    }
    std::string text;
    if (!put(text, value)) return false;
    head_.annotations.emplace_back(key, std::move(text));
    return true;
  }

  static bool put(std::string& field, std::string_view value) {
    if (!field.empty() || value.empty() || !sure_scalar(value) || value == "{}" || value == "[]") return false;
    auto text = text_of(value);
    if (!text) return false;
    field = std::move(*text);
    return true;
  }

  std::string_view rest_;
  std::vector<Block> blocks_;
  bool seen_ = false;
  bool open_ = false, open_key_ = false;  // the last entry has no value yet
  int open_column_ = 0;
  Head head_;
  std::string_view top_;
  bool metadata_ = false, annotations_ = false, in_annotations_ = false;
};

}  // namespace

std::optional<Head> quick_head(std::string_view document) {
  return Quick(document).run();
}

}  // namespace slipway::render::helm
