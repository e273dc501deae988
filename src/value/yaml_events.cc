#include "value/yaml_events.h"

#include <fmt/format.h>

#include <algorithm>

#include "value/utf8.h"

namespace slipway::value {

namespace {

bool is_utf16(std::string_view text) {
  return text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff");
}

// UTF-8 of what stands behind the byte order mark, up to what is wrong.
std::string from_utf16(std::string_view text, const char*& refused) {
  size_t low = text.starts_with("\xff\xfe") ? 0 : 1;
  auto unit = [&](size_t at) {
    return static_cast<char32_t>(static_cast<unsigned char>(text[at + low]) |
                                 static_cast<unsigned char>(text[at + 1 - low]) << 8);
  };
  std::string out;
  for (size_t at = 2; at < text.size(); at += 2) {
    if (text.size() - at < 2) return refused = "incomplete UTF-16 character", out;
    char32_t rune = unit(at);
    if ((rune & 0xFC00) == 0xDC00) return refused = "unexpected low surrogate area", out;
    if ((rune & 0xFC00) == 0xD800) {
      if (text.size() - at < 4) return refused = "incomplete UTF-16 surrogate pair", out;
      char32_t second = unit(at += 2);
      if ((second & 0xFC00) != 0xDC00) return refused = "expected low surrogate area", out;
      rune = 0x10000 + ((rune & 0x3FF) << 10) + (second & 0x3FF);
    }
    append_rune(out, rune);
  }
  return out;
}

std::string_view without_mark(std::string_view text) {
  return text.starts_with("\xef\xbb\xbf") ? text.substr(3) : text;
}

}  // namespace

YamlEvents::YamlEvents(std::string_view text, std::string_view file, YamlRules rules)
    : converted_(is_utf16(text) ? from_utf16(text, refused_) : std::string()),
      text_(is_utf16(text) ? std::string_view(converted_) : without_mark(text)),
      file_(file),
      parser_(text_, rules) {}

bool YamlEvents::next() {
  return refused_ == nullptr && parser_.next(event_);
}

Error YamlEvents::error() const {
  const YamlFault& fault = parser_.fault();
  std::string message = refused_ != nullptr ? refused_ : fault.problem;
  if (refused_ != nullptr) return Error(ErrorKind::bad_request, message).at({file_, 1, 1});
  if (fault.stage == YamlFault::Stage::reader) {
    std::string_view before = text_.substr(0, fault.position.at);
    size_t line_start = before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1;
    base::Place at{file_, static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
                   static_cast<int>(before.size() - line_start) + 1};
    if (fault.found >= 0) message += fmt::format(" (0x{:02x})", fault.found);
    return Error(ErrorKind::bad_request, message).at(std::move(at));
  }
  size_t at = fault.position.at;
  if (message == "found character that cannot start any token" && at < text_.size())
    message += text_[at] == '\t' ? " (a tab: YAML is indented with blanks)"
                                 : fmt::format(" ('{}': quote the text)", text_[at]);
  if (message == "found unknown escape character" && text_.substr(at).starts_with("\\/"))
    message += " '/' (write / without the backslash)";
  if (message.starts_with("did not find expected ','") && text_.substr(at).starts_with('?'))
    message += " (quote a text with '?' in it)";
  if (message == "found incompatible YAML document") message += " (expected %YAML 1.1)";
  if (*fault.context != '\0')
    message += fmt::format(" ({} that begins at line {})", fault.context, fault.context_position.line + 1);
  return Error(ErrorKind::bad_request, message).at(place(fault.position));
}

std::string YamlEvents::go_error() const {
  if (refused_ != nullptr) return fmt::format("yaml: {}", refused_);
  const YamlFault& fault = parser_.fault();
  int line = 0;
  if (fault.stage != YamlFault::Stage::reader) {
    if (fault.position.line != 0)
      line = fault.position.line + (fault.stage == YamlFault::Stage::scanner ? 1 : 0);
    else
      line = fault.context_position.line;
  }
  return line != 0 ? fmt::format("yaml: line {}: {}", line, fault.problem) : fmt::format("yaml: {}", fault.problem);
}

std::string go_yaml_error(std::string_view text, bool first_only) {
  using Kind = YamlEvent::Kind;
  YamlEvents events(text, {});
  std::vector<std::string> anchors;
  int depth = 0;
  while (events.next()) {
    const YamlEvent& e = events.event();
    depth += e.kind == Kind::mapping_start || e.kind == Kind::sequence_start ? 1 : 0;
    depth -= e.kind == Kind::mapping_end || e.kind == Kind::sequence_end ? 1 : 0;
    if (depth > YamlLimits().depth_max) return "";  // our own readers stop here
    if (e.kind == Kind::stream_end || (first_only && e.kind == Kind::document_end)) return "";
    if (e.kind == Kind::alias && std::find(anchors.begin(), anchors.end(), e.anchor) == anchors.end())
      return fmt::format("yaml: unknown anchor '{}' referenced", e.anchor);
    if (e.kind != Kind::alias && !e.anchor.empty()) anchors.push_back(e.anchor);
  }
  return events.go_error();
}

}  // namespace slipway::value
