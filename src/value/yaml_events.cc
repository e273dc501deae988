// libyaml and go-yaml have one ancestor and differ in eight small ways. Three of them are checks made here on the
// events (version directive, "\/", `?` in flow scalars). Two are repaired by masking: where go-yaml takes a character
// as text that libyaml does not (the `:` of `{a:}`, a byte order mark in mid-stream), the text is read again with a
// private-use character in its place, which scalar() turns back. Tags that run on (yaml_tag_end.h) get other
// characters, tabs between comments, which go-yaml v3 passes over, become blanks. The eighth, depth, is the reader's
// own limit.
#include "value/yaml_events.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "value/utf8.h"
#include "value/yaml_tab_lines.h"
#include "value/yaml_tag_end.h"

namespace slipway::value {

namespace {

constexpr std::string_view kBom = "\xef\xbb\xbf";
constexpr int kRereadMax = 64;  // each repaired `:` costs reading again from the start

// 3 bytes of private use that the text does not contain; empty when it contains all that are tried.
std::string unused_mask(std::string_view text, char32_t from) {
  for (char32_t c = from; c < from + 64; ++c) {
    std::string mask;
    append_rune(mask, c);
    if (text.find(mask) == text.npos) return mask;
  }
  return {};
}

}  // namespace

YamlEvents::YamlEvents(std::string_view text, std::string_view file, YamlRules rules)
    : text_(text), file_(file), rules_(rules) {
  if (text_.starts_with(kBom)) text_.remove_prefix(kBom.size());
  utf16_ = text_.starts_with("\xff\xfe") || text_.starts_with("\xfe\xff");
  has_slash_escape_ = text_.find("\\/") != text_.npos;
  if (size_t at = text_.find(kBom); at != text_.npos && !utf16_) {
    bom_mask_ = unused_mask(text_, 0xE000);
    if (!bom_mask_.empty()) {
      masked_ = base::replace_all(std::string(text_), kBom, bom_mask_);
      text_ = masked_;
    }
  }
  open();
}

YamlEvents::~YamlEvents() {
  yaml_event_delete(&event_);
  yaml_parser_delete(&parser_);
}

void YamlEvents::open() {
  if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
  yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text_.data()), text_.size());
}

bool YamlEvents::next() {
  yaml_event_delete(&event_);
  for (;;) {
    while (yaml_parser_parse(&parser_, &event_) == 0)
      if (!reread_repaired()) return false;
    auto behind = behind_tag();
    if (!behind) break;
    if (!reread_with([&] { return take(with_tag_prolonged(text_, *behind)); }))
      return refuse("did not find a blank after the tag");
  }
  ++delivered_;
  switch (event_.type) {
    case YAML_DOCUMENT_START_EVENT:
      if (auto* v = event_.data.document_start.version_directive; v != nullptr && (v->major != 1 || v->minor != 1))
        return refuse("found incompatible YAML document (expected %YAML 1.1)");
      return true;
    case YAML_MAPPING_START_EVENT:
      if (flow_depth_ > 0 || event_.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE) ++flow_depth_;
      return true;
    case YAML_SEQUENCE_START_EVENT:
      if (flow_depth_ > 0 || event_.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE) ++flow_depth_;
      return true;
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
      if (flow_depth_ > 0) --flow_depth_;
      return true;
    case YAML_SCALAR_EVENT: {
      const auto& s = event_.data.scalar;
      if (s.style == YAML_PLAIN_SCALAR_STYLE) {
        if (flow_depth_ > 0 && s.length > 1 && std::memchr(s.value + 1, '?', s.length - 1) != nullptr)
          return refuse("did not find expected ',' or a closing bracket before '?' (quote a text with '?' in it)");
      } else if (has_slash_escape_ && s.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE && !utf16_) {
        std::string_view raw = text_.substr(byte_of(event_.start_mark.index));
        raw = raw.substr(0, byte_of(event_.end_mark.index) - byte_of(event_.start_mark.index));
        for (size_t i = 0; i + 1 < raw.size(); ++i) {
          if (raw[i] != '\\') continue;
          if (raw[++i] == '/') return refuse("found unknown escape character '/' (write / without the backslash)");
        }
      }
      return true;
    }
    default:
      return true;
  }
}

std::string_view YamlEvents::scalar() {
  const auto& s = event_.data.scalar;
  std::string_view text(reinterpret_cast<const char*>(s.value), s.length);
  if (bom_mask_.empty() && colon_mask_.empty() && escape_mask_.empty()) return text;
  scalar_ = text;
  if (!bom_mask_.empty()) scalar_ = base::replace_all(std::move(scalar_), bom_mask_, kBom);
  if (!colon_mask_.empty()) scalar_ = base::replace_all(std::move(scalar_), colon_mask_, ":");
  if (!escape_mask_.empty()) scalar_ = base::replace_all(std::move(scalar_), escape_mask_, "");
  return scalar_;
}

// `{a:}`, `[a:, b]`: go-yaml takes the colon as part of the scalar. "it\'s": it takes the quote without the backslash.
// `[!a]b, c]`: it takes the bracket as part of the tag.
bool YamlEvents::repair() {
  std::string_view problem = parser_.problem;
  if (rules_ == YamlRules::kustomize && problem == "found character that cannot start any token")
    return take(with_tabs_between_comments_blank(text_, byte_of(parser_.problem_mark.index)));
  std::string_view context = parser_.context == nullptr ? "" : parser_.context;
  if (context == "while scanning a tag" && problem == "did not find expected whitespace or line break")
    return take(with_tag_prolonged(text_, byte_of(parser_.problem_mark.index)));
  bool colon = problem == "found unexpected ':'", escape = problem == "found unknown escape character";
  if (!colon && !escape) return false;
  size_t at = byte_of(parser_.problem_mark.index);
  if (!text_.substr(at).starts_with(colon ? ":" : "\\'")) return false;
  std::string& mask = colon ? colon_mask_ : escape_mask_;
  if (mask.empty()) mask = unused_mask(text_, colon ? 0xE040 : 0xE080);
  if (mask.empty()) return false;
  masked_ = std::string(text_).replace(at, 1, mask);
  text_ = masked_;
  return true;
}

bool YamlEvents::take(std::optional<std::string> repaired) {
  if (repaired) text_ = masked_ = std::move(*repaired);
  return repaired.has_value();
}

bool YamlEvents::reread_repaired() {
  return parser_.error == YAML_SCANNER_ERROR && reread_with([this] { return repair(); });
}

bool YamlEvents::reread_with(auto&& change) {
  if (utf16_ || ++rereads_ > kRereadMax || !change()) return false;
  cursor_byte_ = cursor_character_ = 0;
  yaml_event_delete(&event_);
  yaml_parser_delete(&parser_);
  open();
  for (size_t i = 0; i < delivered_; ++i) {
    if (yaml_parser_parse(&parser_, &event_) == 0) return false;
    yaml_event_delete(&event_);
  }
  return true;
}

// Where libyaml ended the event's tag at a comma.
std::optional<size_t> YamlEvents::behind_tag() {
  const yaml_char_t* tag = event_.type == YAML_SCALAR_EVENT           ? event_.data.scalar.tag
                           : event_.type == YAML_MAPPING_START_EVENT  ? event_.data.mapping_start.tag
                           : event_.type == YAML_SEQUENCE_START_EVENT ? event_.data.sequence_start.tag
                                                                      : nullptr;
  if (tag == nullptr || utf16_) return std::nullopt;
  size_t start = byte_of(event_.start_mark.index);
  std::string_view raw = text_.substr(start);
  size_t from = raw.starts_with('!') ? 0 : raw.find(" !") + 1;  // behind an anchor
  size_t end = from;
  if (raw.substr(from).starts_with("!<")) end = raw.find('>', from) + 1;
  end = std::min(raw.find_first_of(" \t\r\n,[]{}", end), raw.size());
  if (!raw.substr(end).starts_with(',')) return std::nullopt;
  return start + end;
}

bool YamlEvents::refuse(const char* message) {
  refused_ = message;
  return false;
}

// libyaml counts characters; we need bytes. Calls mostly move forward.
size_t YamlEvents::byte_of(size_t character) {
  if (character < cursor_character_) cursor_byte_ = cursor_character_ = 0;
  while (cursor_character_ < character && cursor_byte_ < text_.size()) {
    ++cursor_byte_;
    while (cursor_byte_ < text_.size() && (text_[cursor_byte_] & 0xC0) == 0x80) ++cursor_byte_;
    ++cursor_character_;
  }
  return cursor_byte_;
}

base::Place YamlEvents::place(const yaml_mark_t& mark) const {
  return {file_, static_cast<int>(mark.line) + 1, static_cast<int>(mark.column) + 1};
}

Error YamlEvents::error() const {
  if (refused_ != nullptr) return Error(ErrorKind::bad_request, refused_).at(place());
  std::string message = parser_.problem != nullptr ? parser_.problem : "this is no YAML";
  if (parser_.error == YAML_READER_ERROR) {  // before there are marks: bytes that are no text
    std::string_view before = text_.substr(0, parser_.problem_offset);
    size_t line_start = before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1;
    base::Place at{file_, static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
                   static_cast<int>(before.size() - line_start) + 1};
    if (parser_.problem_value >= 0) message += fmt::format(" (0x{:02x})", parser_.problem_value);
    return Error(ErrorKind::bad_request, message).at(std::move(at));
  }
  if (message == "found character that cannot start any token" && parser_.problem_mark.index < text_.size()) {
    size_t byte = YamlEvents::byte_of_const(text_, parser_.problem_mark.index);
    char c = byte < text_.size() ? text_[byte] : ' ';
    message += c == '\t' ? " (a tab: YAML is indented with blanks)" : fmt::format(" ('{}': quote the text)", c);
  }
  if (parser_.context != nullptr)
    message += fmt::format(" ({} that begins at line {})", parser_.context, parser_.context_mark.line + 1);
  return Error(ErrorKind::bad_request, message).at(place(parser_.problem_mark));
}

std::string YamlEvents::go_error() const {
  if (refused_ != nullptr) {
    std::string_view words = refused_;
    return fmt::format("yaml: {}", words.substr(0, words.find(" (")));  // without the hint
  }
  size_t line = 0;
  if (parser_.problem_mark.line != 0)
    line = parser_.problem_mark.line + (parser_.error == YAML_SCANNER_ERROR ? 1 : 0);
  else if (parser_.context_mark.line != 0)
    line = parser_.context_mark.line;
  std::string_view problem = parser_.problem != nullptr ? parser_.problem : "unknown problem parsing YAML content";
  // libyaml says it a little differently.
  if (problem == "control characters are not allowed") line = 0;
  return line != 0 ? fmt::format("yaml: line {}: {}", line, problem) : fmt::format("yaml: {}", problem);
}

std::string go_yaml_error(std::string_view text, bool first_only) {
  YamlEvents events(text, {});
  std::vector<std::string> anchors;
  int depth = 0;
  while (events.next()) {
    const yaml_event_t& e = events.event();
    bool starts = events.type() == YAML_MAPPING_START_EVENT || events.type() == YAML_SEQUENCE_START_EVENT;
    bool ends = events.type() == YAML_MAPPING_END_EVENT || events.type() == YAML_SEQUENCE_END_EVENT;
    depth += starts ? 1 : ends ? -1 : 0;
    // libyaml looks at every open collection for every token, and our own readers stop here.
    if (depth > YamlLimits().depth_max) return "";
    auto name = [](const yaml_char_t* a) { return a == nullptr ? "" : reinterpret_cast<const char*>(a); };
    switch (events.type()) {
      case YAML_STREAM_END_EVENT:
        return "";
      case YAML_DOCUMENT_END_EVENT:
        if (first_only) return "";
        break;
      case YAML_SCALAR_EVENT:
        anchors.emplace_back(name(e.data.scalar.anchor));
        break;
      case YAML_SEQUENCE_START_EVENT:
        anchors.emplace_back(name(e.data.sequence_start.anchor));
        break;
      case YAML_MAPPING_START_EVENT:
        anchors.emplace_back(name(e.data.mapping_start.anchor));
        break;
      case YAML_ALIAS_EVENT:
        if (std::find(anchors.begin(), anchors.end(), name(e.data.alias.anchor)) == anchors.end())
          return fmt::format("yaml: unknown anchor '{}' referenced", name(e.data.alias.anchor));
        break;
      default:
        break;
    }
    if (!anchors.empty() && anchors.back().empty()) anchors.pop_back();
  }
  return events.go_error();
}

size_t YamlEvents::byte_of_const(std::string_view text, size_t character) {
  size_t byte = 0;
  for (size_t c = 0; c < character && byte < text.size(); ++c) {
    ++byte;
    while (byte < text.size() && (text[byte] & 0xC0) == 0x80) ++byte;
  }
  return byte;
}

}  // namespace slipway::value
