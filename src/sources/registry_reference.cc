#include "sources/registry_reference.h"

#include <algorithm>

#include "base/text.h"
#include "value/go_words.h"
#include "value/json.h"

namespace slipway::sources {

namespace {

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool is_word(char c) {
  return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '_';
}

// Runs of lower letters and digits with one of ".", "_", "__" or some "-" between them.
bool is_path_part(std::string_view part) {
  for (bool first = true;; first = false) {
    size_t run = 0;
    while (run < part.size() && is_lower_or_digit(part[run])) ++run;
    if (run == 0) return false;
    part.remove_prefix(run);
    if (part.empty()) return true;
    size_t mark = std::min(part.find_first_not_of(part[0]), part.size());
    size_t most = part[0] == '.' ? 1 : part[0] == '_' ? 2 : part[0] == '-' ? part.size() : 0;
    if (mark > most) return false;
    part.remove_prefix(mark);
  }
}

bool is_path(std::string_view path) {
  return std::ranges::all_of(base::split(path, '/'), [](std::string_view part) { return is_path_part(part); });
}

bool is_tag(std::string_view tag) {
  return tag.size() <= 128 && is_word(tag[0]) &&
         std::ranges::all_of(tag, [](char c) { return is_word(c) || c == '.' || c == '-'; });
}

// What is wrong with a digest, "" when nothing is.
std::string_view digest_fault(std::string_view digest) {
  constexpr std::string_view format = "invalid checksum digest format";
  size_t colon = digest.find(':');
  if (colon == digest.npos || colon == 0 || colon + 1 == digest.size()) return format;
  std::string_view algorithm = digest.substr(0, colon), sum = digest.substr(colon + 1);
  size_t length = algorithm == "sha256" ? 64 : algorithm == "sha384" ? 96 : algorithm == "sha512" ? 128 : 0;
  if (length == 0) {
    std::string plain(algorithm);
    for (char& c : plain)
      if (c == '+') c = '.';
    bool named = std::ranges::all_of(base::split(base::replace_all(plain, "_", "."), '.'),
                                     [](std::string_view part) { return is_path_part(part); });
    bool written = std::ranges::all_of(sum, [](char c) { return is_word(c) || c == '=' || c == '-'; });
    return named && written ? "unsupported digest algorithm" : format;
  }
  if (sum.size() != length) return "invalid checksum digest length";
  auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return std::ranges::all_of(sum, is_hex) ? "" : format;
}

}  // namespace

Result<RegistryReference> RegistryReference::parse(std::string_view text) {
  auto wrong = [](std::string_view what) { return fail(ErrorKind::invalid, "invalid reference: {}", what); };
  size_t slash = text.find('/');
  if (slash == text.npos) return wrong("missing registry or repository");
  RegistryReference out;
  out.host = text.substr(0, slash);
  std::string_view path = text.substr(slash + 1);
  if (size_t at = path.find('@'); at != path.npos) {
    out.digest = path.substr(at + 1);
    path = path.substr(0, at);
    path = path.substr(0, path.find(':'));
  } else if (size_t colon = path.find(':'); colon != path.npos) {
    out.tag = path.substr(colon + 1);
    path = path.substr(0, colon);
  }
  out.path = path;
  if (!is_path(path)) return wrong(fmt::format("invalid repository \"{}\"", path));
  if (!out.tag.empty() && !is_tag(out.tag)) return wrong(fmt::format("invalid tag \"{}\"", out.tag));
  if (out.digest.empty()) return out;
  if (auto fault = digest_fault(out.digest); !fault.empty())
    return wrong(fmt::format("invalid digest \"{}\": {}", out.digest, fault));
  return out;
}

std::string refusal_of(std::string_view body) {
  std::string why;
  auto read = value::parse_json(body);
  if (!read) return why;
  for (const Value& one : (*read)["errors"].items()) {
    std::string code = base::replace_all(base::to_lower(one["code"].as_string()), "_", " ");
    why += (why.empty() ? "" : "; ") + code;
    if (one["message"].as_string().empty()) continue;
    why += fmt::format(": {}", one["message"].as_string());
    if (!one["detail"].is_null()) why += ": " + value::go_print(one["detail"]);
  }
  return why;
}

}  // namespace slipway::sources
