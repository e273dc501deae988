#include "value/yaml_characters.h"

#include "value/utf8.h"

namespace slipway::value {

Analysis analyze(std::string_view s, YamlStyle style) {
  if (s.empty()) return {.flow_plain_allowed = false, .block_allowed = false};
  bool block = s.starts_with("---") || s.starts_with("..."), flow = block, special = false, tabs = false;
  bool breaks = false, edge = false, trailing_space = false, break_space = false, space_break = false;
  bool after_space = false, after_break = false, preceded_by_blank = true;
  for (size_t i = 0; i < s.size();) {
    Rune r = decode_rune(s.substr(i));
    size_t next = i + static_cast<size_t>(r.length);
    bool blank_follows = next >= s.size() || s[next] == ' ' || s[next] == '\t';
    char c = s[i];
    auto is_one_of = [c](std::string_view all) { return all.find(c) != all.npos; };
    if (i == 0) {
      bool indicator = is_one_of("#,[]{}&*!|>'\"%@`") || (c == '-' && blank_follows);
      block |= indicator || (is_one_of("?:") && blank_follows);
      flow |= indicator || is_one_of("?:");
    } else {
      bool comment = c == '#' && preceded_by_blank;
      block |= comment || (c == ':' && blank_follows);
      flow |= comment || is_one_of(",?[]{}:");
    }
    if (c == '\t' && style == YamlStyle::go_yaml_v3)
      tabs = true;
    else if (!is_printable(r.code))
      special = true;
    bool is_last = next == s.size();
    if (c == ' ') {
      edge |= i == 0 || is_last;
      trailing_space |= is_last;
      break_space |= after_break;
    } else if (is_break(r.code)) {
      breaks = true;
      edge |= i == 0 || is_last;
      space_break |= after_space;
    }
    after_space = c == ' ';
    after_break = is_break(r.code);
    preceded_by_blank = c == ' ' || c == '\t' || c == '\0' || after_break;
    i = next;
  }
  Analysis a;
  a.multiline = breaks;
  a.single_allowed = !(break_space || space_break || tabs || special);
  bool plain = a.single_allowed && !edge && !breaks;
  a.plain_allowed = plain && !block;
  a.flow_plain_allowed = plain && !flow;
  a.block_allowed = !(trailing_space || space_break || special);
  return a;
}

}  // namespace slipway::value
