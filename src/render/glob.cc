#include "render/glob.h"

#include <re2/re2.h>

#include "base/text.h"
#include "value/utf8.h"

namespace slipway::render {

namespace {

constexpr size_t kPatternBytesMax = 16 << 10;
constexpr int64_t kCompiledBytesMax = 1 << 20;

// The pattern as a regular expression, read from left to right.
class Translation {
 public:
  Translation(std::string_view pattern, Glob::Parts parts)
      : left_(pattern), one_(parts == Glob::Parts::by_slash ? "[^/]" : ".") {}

  Result<std::string> run() {
    while (!left_.empty()) {
      std::string_view c = OR_RETURN(next());
      if (c == "*") {
        bool crosses = left_.starts_with('*');
        if (crosses) left_.remove_prefix(1);
        out_ += crosses ? ".*" : one_ + "*";
      } else if (c == "?") {
        out_ += one_;
      } else if (c == "\\") {
        if (!left_.empty()) put(OR_RETURN(next()));  // at the end it is nothing
      } else if (c == "{") {
        out_ += "(?:";
        ++open_;
      } else if (c == "}" && open_) {
        out_ += ")";
        --open_;
      } else if (c == "," && open_) {
        out_ += "|";
      } else if (c == "[") {
        OR_RETURN(set());
      } else {
        put(c);
      }
    }
    for (; open_; --open_) out_ += ")";  // what is not closed ends here, as there
    return std::move(out_);
  }

 private:
  Result<std::string_view> next() {
    if (left_.empty()) return fail(ErrorKind::invalid, "a [ is not closed");
    auto rune = value::decode_rune(left_);
    if (!rune.valid) return fail(ErrorKind::invalid, "it is not UTF-8");
    std::string_view c = left_.substr(0, static_cast<size_t>(rune.length));
    left_.remove_prefix(c.size());
    return c;
  }
  void put(std::string_view c) { out_ += re2::RE2::QuoteMeta(re2::StringPiece(c.data(), c.size())); }

  // One range, or single characters, among which - is one.
  Result<> set() {
    out_ += "[";
    std::string_view c = OR_RETURN(next());
    if (c == "!") {
      out_ += "^";
      c = OR_RETURN(next());
    }
    if (left_.starts_with('-')) {
      left_.remove_prefix(1);
      std::string_view last = OR_RETURN(next());
      if (value::decode_rune(last).code < value::decode_rune(c).code)
        return fail(ErrorKind::invalid, "[{}-{}] is no range: {} comes before {}", c, last, last, c);
      put(c);
      out_ += "-";
      put(last);
      if (OR_RETURN(next()) != "]") return fail(ErrorKind::invalid, "[{}-{} stands alone between [ and ]", c, last);
    } else {
      if (c == "]") return fail(ErrorKind::invalid, "nothing stands between [ and ]");
      for (; c != "]"; c = OR_RETURN(next())) put(c == "\\" ? OR_RETURN(next()) : c);
    }
    out_ += "]";
    return {};
  }

  std::string_view left_;
  const std::string one_;
  std::string out_;
  size_t open_ = 0;
};

}  // namespace

Result<Glob> Glob::create(std::string_view pattern, Parts parts) {
  Glob glob;
  if (pattern.find_first_of("*?[{\\") == pattern.npos) {
    glob.literal_ = pattern;
    return glob;
  }
  if (pattern == "**" || (pattern == "*" && parts == Parts::none)) return glob;
  auto refused = [&](ErrorKind kind, std::string_view why) {
    constexpr size_t kShownMax = 100;
    return fail(kind, "\"{}{}\" is no glob: {}", pattern.substr(0, kShownMax), pattern.size() > kShownMax ? "..." : "",
                why);
  };
  if (pattern.size() > kPatternBytesMax)
    return refused(ErrorKind::too_large, fmt::format("it is longer than {} KiB", kPatternBytesMax >> 10));
  auto text = Translation(pattern, parts).run();
  if (!text) return refused(ErrorKind::invalid, text.error().message());
  re2::RE2::Options options;
  options.set_dot_nl(true);
  options.set_log_errors(false);
  options.set_max_mem(kCompiledBytesMax);
  auto expression = std::make_shared<re2::RE2>(*text, options);
  if (!expression->ok())
    return refused(ErrorKind::too_large, fmt::format("too much in one pattern ({})", expression->error()));
  glob.expression_ = std::move(expression);
  return glob;
}

bool Glob::matches(std::string_view text) const {
  if (literal_) return text == *literal_;
  return !expression_ || re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *expression_);
}

}  // namespace slipway::render
