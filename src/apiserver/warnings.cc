// What an answer warns of, each in a header `Warning: 299 - "text"`. As kube-apiserver bounds them: everything up to
// 4,096 characters in sum; past that each is cut to 256, and once these reach the sum the rest is left out. Unlike
// kube-apiserver no more than 64: clients refuse heads that are too long or have too many lines (Python's http.client
// past a hundred), and then nobody hears anything.
#include <algorithm>

#include "apiserver/answer.h"
#include "value/utf8.h"

namespace slipway::apiserver {

namespace {

constexpr size_t characters_max = 4096;     // of all
constexpr size_t cut_characters_max = 256;  // of one, when all are too many
constexpr size_t lines_max = 64;            // the last of them says how many are not told

struct Told {
  std::string quoted;
  size_t characters = 0;
};

// The beginning of `text`, so many characters of it; nothing when a header cannot say it.
std::optional<Told> told(std::string_view text, size_t most) {
  Told out{"\"", 0};
  while (!text.empty() && out.characters < most) {
    auto rune = value::decode_rune(text);
    bool is_control = rune.code < 0x20 || (rune.code >= 0x7F && rune.code < 0xA0);
    if (!rune.valid || is_control) return std::nullopt;
    if (rune.code == '"' || rune.code == '\\') out.quoted += '\\';
    out.quoted += text.substr(0, static_cast<size_t>(rune.length));
    text.remove_prefix(static_cast<size_t>(rune.length));
    ++out.characters;
  }
  out.quoted += '"';
  return out;
}

class Lines {
 public:
  void add(std::string_view text) {
    if (text.empty() || (cutting_ && characters_ >= characters_max) ||
        std::find(seen_.begin(), seen_.end(), text) != seen_.end())
      return;
    seen_.push_back(text);
    if (append(text)) return;
    cutting_ = true;
    characters_ = 0;
    lines_.clear();
    for (std::string_view again : seen_) append(again);
  }
  std::vector<std::string> lines() const {
    if (lines_.size() <= lines_max) return lines_;
    std::vector<std::string> first(lines_.begin(), lines_.begin() + lines_max - 1);
    first.push_back(fmt::format("299 - \"and {} more warnings\"", lines_.size() - first.size()));
    return first;
  }

 private:
  // False: with this one they are too many to be told whole.
  bool append(std::string_view text) {
    auto one = told(text, cutting_ ? cut_characters_max : std::string_view::npos);
    if (!one) return true;
    if (!cutting_ && characters_ + one->characters > characters_max) return false;
    characters_ += one->characters;
    lines_.push_back("299 - " + one->quoted);
    return true;
  }

  std::vector<std::string> lines_;
  std::vector<std::string_view> seen_;
  size_t characters_ = 0;
  bool cutting_ = false;
};

}  // namespace

void add_warnings(runtime::Headers& headers, const std::vector<std::string>& warnings) {
  Lines all;
  for (const std::string& warning : warnings) all.add(warning);
  for (const std::string& line : all.lines()) headers.add("Warning", line);
}

std::vector<std::string> deprecation_warnings(const kinds::Kind& kind) {
  if (kind.id.group.empty() && kind.id.kind == "Endpoints")
    return {"v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"};
  return {};
}

}  // namespace slipway::apiserver
