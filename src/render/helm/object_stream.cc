// What is YAML to Helm elsewhere may be two JSON values here, which YAML refuses; and a text that is neither is told of
// in JSON's words, since that was tried first.
#include "render/helm/object_stream.h"

#include <algorithm>

#include "base/text.h"
#include "render/helm/go_json.h"
#include "render/helm/lint_objects.h"
#include "render/helm/manifest.h"
#include "value/json.h"
#include "value/json_error.h"
#include "value/utf8.h"

namespace slipway::render::helm {

namespace {

constexpr size_t kLookedAt = 4096;  // bytes in which the brace is looked for

}  // namespace

ObjectStream::ObjectStream(std::string_view text)
    : rest_(text), whole_size_(text.size()), json_(trim_left(text.substr(0, kLookedAt)).starts_with('{')) {}

Result<bool> ObjectStream::next(const std::function<Result<>(const Value&)>& read) {
  if (!json_) return document(read);
  bool ambiguous = false;
  auto more = json_value(read, ambiguous);
  if (!ambiguous) return more;
  json_ = false;
  if (!skip_blanks()) return more;
  auto there = document(read);
  return there ? std::move(there) : std::move(more);
}

// `ambiguous`: it may be YAML all the same.
Result<bool> ObjectStream::json_value(const std::function<Result<>(const Value&)>& read, bool& ambiguous) {
  std::string_view rest = rest_.substr(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
  if (rest.empty()) return false;
  ambiguous = values_ < 2;
  const size_t before = whole_size_ - rest.size();
  auto value = value::parse_json_prefix(rest, {.reals = true});
  if (!value) {
    auto fault = value::go_json_prefix_error(rest);
    if (!fault) return std::move(value).error();  // a number that no double holds, which Go only passes over
    if (fault->cut || !ambiguous) return fail(ErrorKind::invalid, "{}", fault->words);
    return fail(ErrorKind::invalid, "json: offset {}: {}", before + fault->offset, fault->words);
  }
  OR_RETURN(read(*value));
  rest_ = rest;
  ++values_;
  ambiguous = false;
  return true;
}

// The document up to the next line of "---". That line is the document's own where nothing stands before it.
Result<bool> ObjectStream::document(const std::function<Result<>(const Value&)>& read) {
  std::string text;
  bool ended = false;
  while (!rest_.empty() && !ended) {
    size_t end = std::min(rest_.find('\n'), rest_.size());
    std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with("---")) {
      std::string_view behind = trim_space(line.substr(3));
      if (!behind.empty() && behind[0] != '#')
        return fail(ErrorKind::invalid, "invalid Yaml document separator: {}", behind);
      ended = !text.empty();
    }
    if (!ended) text.append(line) += '\n';
  }
  if (text.empty()) return false;
  Value value = OR_RETURN(read_yaml(text));
  OR_RETURN(read(value).context(std::string(yaml_context)));
  return true;
}

// Up to the end of the line. False where Kubernetes' reader, which looks at four bytes at once, sees the end.
bool ObjectStream::skip_blanks() {
  for (bool line_ended = false; !line_ended;) {
    if (rest_.size() < 4) return false;
    value::Rune rune = value::decode_rune(rest_.substr(0, 4));
    if (rune.code == 0xFFFD) return false;
    line_ended = rune.code == '\n';
    std::string_view character = rest_.substr(0, static_cast<size_t>(rune.length));
    if (!trim_space(character).empty()) return true;
    rest_.remove_prefix(character.size());
  }
  return true;
}

}  // namespace slipway::render::helm
