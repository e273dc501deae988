#include "render/helm/glob.h"

#include <re2/re2.h>

#include <optional>

namespace slipway::render::helm {

namespace {

// The pattern as a regular expression; nothing when it is malformed.
std::optional<std::string> translated(std::string_view pattern) {
  std::string out;
  int braces = 0;
  for (size_t i = 0; i < pattern.size(); ++i) {
    char c = pattern[i];
    switch (c) {
      case '*':
        if (i + 1 < pattern.size() && pattern[i + 1] == '*') {
          while (i + 1 < pattern.size() && pattern[i + 1] == '*') ++i;
          out += ".*";
        } else {
          out += "[^/]*";
        }
        continue;
      case '?':
        out += "[^/]";
        continue;
      case '\\':
        if (++i == pattern.size()) return std::nullopt;
        out += re2::RE2::QuoteMeta(std::string(1, pattern[i]));
        continue;
      case '{':
        out += "(?:";
        ++braces;
        continue;
      case '}':
        if (braces == 0) {
          out += "\\}";
          continue;
        }
        out += ")";
        --braces;
        continue;
      case ',':
        out += braces > 0 ? "|" : ",";
        continue;
      case '[': {
        size_t end = pattern.find(']', i + 1);
        if (end == pattern.npos || end == i + 1) return std::nullopt;
        std::string inner(pattern.substr(i + 1, end - i - 1));
        bool negated = inner[0] == '!';
        if (negated) inner.erase(0, 1);
        if (inner.empty()) return std::nullopt;
        bool range = inner.size() == 3 && inner[1] == '-';
        out += negated ? "[^" : "[";
        for (size_t k = 0; k < inner.size(); ++k) {
          if (range && k == 1)
            out += '-';
          else
            out += re2::RE2::QuoteMeta(std::string(1, inner[k]));
        }
        out += ']';
        i = end;
        continue;
      }
      default: {
        // whole UTF-8 characters pass as they are
        if (static_cast<unsigned char>(c) >= 0x80)
          out += c;
        else
          out += re2::RE2::QuoteMeta(std::string(1, c));
      }
    }
  }
  if (braces != 0) return std::nullopt;
  return out;
}

}  // namespace

Glob::Glob(std::string_view pattern) {
  auto text = translated(pattern);
  if (!text) return;
  re2::RE2::Options options;
  options.set_dot_nl(true);
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  expression_ = std::make_unique<re2::RE2>(*text, options);
  if (!expression_->ok()) expression_.reset();
}

Glob::~Glob() = default;

bool Glob::matches(std::string_view path) const {
  return !expression_ || re2::RE2::FullMatch(re2::StringPiece(path.data(), path.size()), *expression_);
}

}  // namespace slipway::render::helm
