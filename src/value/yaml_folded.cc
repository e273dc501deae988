#include "value/yaml_folded.h"

#include <algorithm>

namespace slipway::value {

namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

bool is_written_folded(std::string_view text) {
  if (text.ends_with(' ') || text.find(" \n") != text.npos) return false;
  return std::ranges::none_of(text, [](char c) {
    auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f;
  });
}

}  // namespace

std::string folded_anew(std::string_view text) {
  size_t first = text.find_first_not_of('\n');
  if (first == text.npos || !is_written_folded(text)) return std::string(text);
  bool doubles = !is_blank(text[first]);
  std::string out(text.substr(0, first));
  for (size_t at = first; at < text.size();) {
    size_t end = std::min(text.find('\n', at), text.size());
    out += text.substr(at, end - at);
    size_t next = std::min(text.find_first_not_of('\n', end), text.size());
    size_t breaks = next - end;
    if (breaks == 0) break;
    bool indented = is_blank(text[at]);
    size_t written = breaks + (!indented && doubles ? 1 : 0);
    if (next == text.size())
      out.append(breaks == 1 ? 1 : written, '\n');
    else if (indented || is_blank(text[next]))
      out.append(written, '\n');
    else if (written == 1)
      out += ' ';
    else
      out.append(written - 1, '\n');
    at = next;
  }
  return out;
}

}  // namespace slipway::value
