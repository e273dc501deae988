#include "lang/gotemplate/trace.h"

#include <algorithm>

#include "lang/gotemplate/syntax.h"

namespace slipway::lang::gotemplate {

namespace {

constexpr size_t kOriginsMax = 4;

std::string_view without_blanks(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t' || s.back() == '\r')) s.remove_suffix(1);
  return s;
}

// Where line `line` (from 1) begins; npos: there is no such line.
size_t line_start(std::string_view text, int line) {
  size_t at = 0;
  for (int i = 1; i < line; ++i) {
    at = text.find('\n', at);
    if (at == text.npos) return at;
    ++at;
  }
  return at;
}

std::string_view line_at(std::string_view text, size_t start) {
  return text.substr(start, std::min(text.find('\n', start), text.size()) - start);
}

// Where a line of this text stands in `output`; npos: nowhere.
size_t find_line(std::string_view output, std::string_view text) {
  for (size_t at = output.find(text); at != output.npos; at = output.find(text, at + 1)) {
    size_t start = output.rfind('\n', at);
    start = start == output.npos ? 0 : start + 1;
    if (without_blanks(line_at(output, start)) == text) return at;
  }
  return output.npos;
}

}  // namespace

std::vector<Origin> Trace::origins_of(int line) const {
  std::vector<Origin> out;
  if (outputs_.empty()) return out;
  const Output& outermost = outputs_.front();
  size_t start = line_start(outermost.text, line);
  if (start == std::string::npos) return out;
  std::string_view text = without_blanks(line_at(outermost.text, start));
  size_t first = outermost.text.find_first_not_of(" \t", start);
  out.push_back(origin_at(outermost, first == std::string::npos ? start : first));
  if (text.size() < 2) return out;  // would be found everywhere
  for (size_t i = 1; i < outputs_.size() && out.size() < kOriginsMax; ++i) {
    size_t at = find_line(outputs_[i].text, text);
    if (at == std::string::npos) continue;
    Origin next = origin_at(outputs_[i], at);
    if (std::ranges::find(out, next) == out.end()) out.push_back(std::move(next));
  }
  return out;
}

Origin Trace::origin_at(const Output& output, size_t at) {
  auto after = std::ranges::upper_bound(output.pieces, at, {}, &Piece::begin);
  if (after == output.pieces.begin()) return {};
  const Piece& piece = *std::prev(after);
  std::string_view text = piece.in->text;
  size_t position = std::min(piece.position + (piece.is_text ? at - piece.begin : 0), text.size());
  size_t start = position == 0 ? 0 : text.rfind('\n', position - 1);
  start = start == text.npos ? 0 : start + (position == 0 ? 0 : 1);
  Origin origin;
  origin.file = piece.in->name;
  origin.line = 1 + static_cast<int>(std::count(text.begin(), text.begin() + static_cast<long>(position), '\n'));
  origin.text = without_blanks(line_at(text, start));
  return origin;
}

}  // namespace slipway::lang::gotemplate
