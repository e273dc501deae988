#include "value/yaml_tab_lines.h"

#include <algorithm>

namespace slipway::value {
namespace {

constexpr size_t kPeekMax = 512;  // as far as go-yaml looks
constexpr std::string_view kBlanks = " \t\r\n";

}  // namespace

std::optional<std::string> with_tabs_between_comments_blank(std::string_view text, size_t tab) {
  if (tab >= text.size() || text[tab] != '\t') return std::nullopt;
  size_t before = text.find_last_not_of(kBlanks, tab);
  if (before == text.npos) return std::nullopt;
  size_t line = text.rfind('\n', before) + 1;  // npos + 1: 0
  if (text[text.find_first_not_of(" \t", line)] != '#')
    return std::nullopt;  // a comment behind something is another case
  std::string out(text);
  // All comments that follow each other so, or a text of many would be read again for each.
  bool any = false;
  for (size_t end = before + 1;;) {
    size_t next = text.find_first_not_of(kBlanks, end);
    if (next == text.npos || text[next] != '#' || next - end >= kPeekMax) break;
    std::replace(out.begin() + static_cast<long>(end), out.begin() + static_cast<long>(next), '\t', ' ');
    any = any || tab < next;
    end = std::min(text.find_first_of("\r\n", next), text.size());
  }
  if (!any) return std::nullopt;
  return out;
}

}  // namespace slipway::value
