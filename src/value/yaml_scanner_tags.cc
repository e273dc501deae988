// Anchors, aliases, tags and directives.
#include "value/yaml_scanner.h"

namespace slipway::value {

namespace {

constexpr const char* kInDirective = "while scanning a directive";
constexpr const char* kInVersion = "while scanning a %YAML directive";
constexpr const char* kInTagDirective = "while scanning a %TAG directive";

const char* tag_context(bool directive) {
  return directive ? "while parsing a %TAG directive" : "while parsing a tag";
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace

bool YamlScanner::scan_anchor(ScannedToken& token) {
  token.kind = Kind::anchor;
  return anchor_or_alias(token, "while scanning an anchor");
}

bool YamlScanner::scan_alias(ScannedToken& token) {
  token.kind = Kind::alias;
  return anchor_or_alias(token, "while scanning an alias");
}

bool YamlScanner::anchor_or_alias(ScannedToken& token, const char* context) {
  step();
  while (is_name()) take(token.text);
  token.end = position_;
  bool ends = is_blank_or_end() || std::string_view("?:,]}%@`").find(at()) != std::string_view::npos;
  if (token.text.empty() || !ends)
    return wrong(context, token.start, "did not find expected alphabetic or numeric character");
  return true;
}

bool YamlScanner::scan_tag(ScannedToken& token) {
  token.kind = Kind::tag;
  if (at(1) == '<') {
    step(2);
    if (!tag_uri(false, false, token.start, token.suffix)) return false;
    if (at() != '>') return wrong("while scanning a tag", token.start, "did not find the expected '>'");
    step();
  } else {
    if (!tag_handle(false, token.start, token.text)) return false;
    if (token.text.size() > 1 && token.text.ends_with('!')) {
      if (!tag_uri(false, false, token.start, token.suffix)) return false;
    } else {  // it was the begin of a suffix
      token.suffix = token.text.substr(1);
      token.text = "!";
      if (!tag_uri(false, true, token.start, token.suffix)) return false;
      if (token.suffix.empty()) std::swap(token.text, token.suffix);
    }
  }
  if (!is_blank_or_end())
    return wrong("while scanning a tag", token.start, "did not find expected whitespace or line break");
  token.end = position_;
  return true;
}

bool YamlScanner::tag_handle(bool directive, const YamlPosition& start, std::string& handle) {
  if (at() != '!') return wrong(tag_context(directive), start, "did not find expected '!'");
  take(handle);
  while (is_name()) take(handle);
  if (at() == '!') {
    take(handle);
  } else if (directive && handle != "!") {
    return wrong(tag_context(directive), start, "did not find expected '!'");
  }
  return true;
}

bool YamlScanner::tag_uri(bool directive, bool begun, const YamlPosition& start, std::string& uri) {
  constexpr std::string_view others = ";/?:@&=+$,.!~*'()[]%";
  for (; is_name() || (at() != '\0' && others.find(at()) != others.npos); begun = true) {
    if (at() != '%') {
      take(uri);
    } else if (!uri_escape(directive, start, uri)) {
      return false;
    }
  }
  return begun || wrong(tag_context(directive), start, "did not find expected tag URI");
}

// %XX, as many as make one character.
bool YamlScanner::uri_escape(bool directive, const YamlPosition& start, std::string& uri) {
  const char* context = tag_context(directive);
  for (int left = 0, first = 1; first == 1 || left > 0; first = 0) {
    if (at() != '%' || !is_hex(at(1)) || !is_hex(at(2))) return wrong(context, start, "did not find URI escaped octet");
    auto octet = static_cast<unsigned>(std::stoi(std::string{at(1), at(2)}, nullptr, 16));
    if (first == 1) {
      left = octet < 0x80             ? 1
             : (octet & 0xE0) == 0xC0 ? 2
             : (octet & 0xF0) == 0xE0 ? 3
             : (octet & 0xF8) == 0xF0 ? 4
                                      : 0;
      if (left == 0) return wrong(context, start, "found an incorrect leading UTF-8 octet");
    } else if ((octet & 0xC0) != 0x80) {
      return wrong(context, start, "found an incorrect trailing UTF-8 octet");
    }
    uri += static_cast<char>(octet);
    step(3);
    --left;
  }
  return true;
}

bool YamlScanner::directive() {
  unroll_indent(-1);
  if (!drop_simple_key()) return false;
  key_allowed_ = false;
  ScannedToken token{.start = position_};
  step();
  std::string name;
  while (is_name()) take(name);
  if (name.empty()) return wrong(kInDirective, token.start, "could not find expected directive name");
  if (!is_blank_or_end()) return wrong(kInDirective, token.start, "found unexpected non-alphabetical character");
  if (name == "YAML") {
    token.kind = Kind::version_directive;
    if (!version(token, token.start)) return false;
  } else if (name == "TAG") {
    token.kind = Kind::tag_directive;
    if (!tag_directive(token, token.start)) return false;
  } else {
    return wrong(kInDirective, token.start, "found unknown directive name");
  }
  token.end = position_;
  pass_blanks();
  pass_comment();
  if (!is_break_or_end()) return wrong(kInDirective, token.start, "did not find expected comment or line break");
  step_line();
  return push(std::move(token));
}

bool YamlScanner::version(ScannedToken& token, const YamlPosition& start) {
  pass_blanks();
  if (!version_number(token.major, start)) return false;
  if (at() != '.') return wrong(kInVersion, start, "did not find expected digit or '.' character");
  step();
  return version_number(token.minor, start);
}

bool YamlScanner::version_number(int& number, const YamlPosition& start) {
  int digits = 0;
  for (; is_digit(); step()) {
    if (++digits > 2) return wrong(kInVersion, start, "found extremely long version number");
    number = number * 10 + (at() - '0');
  }
  return digits > 0 || wrong(kInVersion, start, "did not find expected version number");
}

bool YamlScanner::tag_directive(ScannedToken& token, const YamlPosition& start) {
  pass_blanks();
  if (!tag_handle(true, start, token.text)) return false;
  if (!is_blank()) return wrong(kInTagDirective, start, "did not find expected whitespace");
  pass_blanks();
  if (!tag_uri(true, false, start, token.suffix)) return false;
  return is_blank_or_end() || wrong(kInTagDirective, start, "did not find expected whitespace or line break");
}

}  // namespace slipway::value
