#include "render/helm/ignore.h"
#include "render/helm/manifest.h"

#include "base/text.h"

namespace slipway::render::helm {

Result<IgnoreRules> IgnoreRules::parse(std::string_view text) {
  IgnoreRules rules;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  for (std::string_view line : base::split_lines(text)) OR_RETURN(rules.add(line));
  OR_RETURN(rules.add("templates/.?*"));
  return rules;
}

bool IgnoreRules::ignores(std::string_view path, bool directory) const {
  if (path.empty() || path == "." || path == "./") return false;
  std::string_view base = path.substr(path.rfind('/') + 1);
  for (const Rule& rule : rules_) {
    bool matches = match_path(rule.pattern, rule.base_name_only ? base : path).value_or(false);
    if (rule.negated) {
      if ((rule.directories_only && !directory) || !matches) return true;
      continue;
    }
    if (rule.directories_only && !directory) continue;
    if (matches) return true;
  }
  return false;
}

Result<> IgnoreRules::add(std::string_view line) {
  line = trim_space(line);
  if (line.empty() || line.starts_with('#')) return {};
  if (line.find("**") != line.npos) return fail(ErrorKind::invalid, "double-star (**) syntax is not supported");
  if (!match_path(line, "abc")) return fail(ErrorKind::invalid, "syntax error in pattern");
  Rule rule;
  if (line.starts_with('!')) {
    rule.negated = true;
    line.remove_prefix(1);
  }
  if (line.ends_with('/')) {
    rule.directories_only = true;
    line.remove_suffix(1);
  }
  if (line.starts_with('/'))
    line.remove_prefix(1);
  else
    rule.base_name_only = line.find('/') == line.npos;
  rule.pattern = line;
  rules_.push_back(std::move(rule));
  return {};
}

namespace {

// One part of a pattern between stars, matched at the front of `name`. False in `matched`: it does not; nullopt: the
// pattern is malformed. Go goes on checking the pattern after a mismatch.
std::optional<bool> match_chunk(std::string_view chunk, std::string_view& name) {
  bool failed = false;
  while (!chunk.empty()) {
    if (!failed && name.empty()) failed = true;
    if (chunk[0] == '[') {
      unsigned char c = 0;
      if (!failed) {
        c = static_cast<unsigned char>(name[0]);
        name.remove_prefix(1);
      }
      chunk.remove_prefix(1);
      bool negated = chunk.starts_with('^');
      if (negated) chunk.remove_prefix(1);
      auto one = [&chunk](unsigned char& out) {
        if (chunk.empty() || chunk[0] == '-' || chunk[0] == ']') return false;
        if (chunk[0] == '\\') {
          chunk.remove_prefix(1);
          if (chunk.empty()) return false;
        }
        out = static_cast<unsigned char>(chunk[0]);
        chunk.remove_prefix(1);
        return !chunk.empty();
      };
      bool match = false;
      for (int ranges = 0;; ++ranges) {
        if (chunk.starts_with(']') && ranges > 0) {
          chunk.remove_prefix(1);
          break;
        }
        unsigned char low = 0, high = 0;
        if (!one(low)) return std::nullopt;
        high = low;
        if (chunk[0] == '-') {
          chunk.remove_prefix(1);
          if (!one(high)) return std::nullopt;
        }
        match = match || (low <= c && c <= high);
      }
      if (match == negated) failed = true;
      continue;
    }
    if (chunk[0] == '?') {
      if (!failed) {
        if (name[0] == '/') failed = true;
        // one character, not one byte
        do name.remove_prefix(1);
        while (!name.empty() && (static_cast<unsigned char>(name[0]) & 0xC0) == 0x80);
      }
      chunk.remove_prefix(1);
      continue;
    }
    if (chunk[0] == '\\') {
      chunk.remove_prefix(1);
      if (chunk.empty()) return std::nullopt;
    }
    if (!failed) {
      if (chunk[0] != name[0]) failed = true;
      name.remove_prefix(1);
    }
    chunk.remove_prefix(1);
  }
  return !failed;
}

// Splits off a leading run of stars and what follows up to the next star outside of [].
bool scan_chunk(std::string_view& pattern, std::string_view& chunk) {
  bool star = false;
  while (pattern.starts_with('*')) {
    pattern.remove_prefix(1);
    star = true;
  }
  bool inside = false;
  size_t i = 0;
  for (; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      if (i + 1 < pattern.size()) ++i;
    } else if (pattern[i] == '[') {
      inside = true;
    } else if (pattern[i] == ']') {
      inside = false;
    } else if (pattern[i] == '*' && !inside) {
      break;
    }
  }
  chunk = pattern.substr(0, i);
  pattern.remove_prefix(i);
  return star;
}

}  // namespace

std::optional<bool> match_path(std::string_view pattern, std::string_view name) {
  // Nearly all patterns of .helmignore: "OWNERS", "*.swp". Each is asked about every file of a chart.
  bool star = pattern.starts_with('*');
  std::string_view tail = pattern.substr(star ? 1 : 0);
  if (!tail.empty() && tail.find_first_of("*?[\\") == tail.npos) {
    if (!star) return name == tail;
    return name.ends_with(tail) && name.substr(0, name.size() - tail.size()).find('/') == name.npos;
  }
  while (!pattern.empty()) {
    std::string_view chunk;
    bool star = scan_chunk(pattern, chunk);
    if (star && chunk.empty()) return name.find('/') == name.npos;
    std::string_view rest = name;
    auto ok = match_chunk(chunk, rest);
    if (!ok) return std::nullopt;
    if (*ok && (rest.empty() || !pattern.empty())) {
      name = rest;
      continue;
    }
    bool found = false;
    if (star) {
      for (size_t i = 0; i < name.size() && name[i] != '/'; ++i) {
        rest = name.substr(i + 1);
        auto later = match_chunk(chunk, rest);
        if (!later) return std::nullopt;
        if (!*later || (pattern.empty() && !rest.empty())) continue;
        name = rest;
        found = true;
        break;
      }
    }
    if (found) continue;
    while (!pattern.empty()) {  // the rest must still be well formed
      scan_chunk(pattern, chunk);
      std::string_view nothing;
      if (!match_chunk(chunk, nothing)) return std::nullopt;
    }
    return false;
  }
  return name.empty();
}

}  // namespace slipway::render::helm
