#include "render/helm/go_json.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "lang/gotemplate/format.h"
#include "lang/sprig/sprig.h"
#include "render/helm/values.h"
#include "value/go_words.h"
#include "value/number.h"
#include "value/utf8.h"
#include "value/yaml.h"

namespace slipway::render::helm {

Result<Value> read_yaml(std::string_view text) {
  value::YamlLimits limits;
  limits.reals = true;
  limits.first_only = true;
  auto documents = value::parse_yaml_documents(text, {}, limits, value::DuplicateKeys::last_wins);
  if (!documents) {
    std::string words = lang::sprig::yaml_error(text, documents.error());
    bool too_large = documents.failed_with(ErrorKind::too_large);
    if (words.empty() && too_large) return std::move(documents).error();
    int line = documents.error().place().line;
    return fail(too_large ? ErrorKind::too_large : ErrorKind::invalid, "error converting YAML to JSON: {}",
                words.empty() ? yaml_message(documents.error()) : words)
        .cause({"Line", std::to_string(line), {}});
  }
  return documents->empty() ? Value() : std::move((*documents)[0].value);
}

namespace {

// Apart at lines that hold "---" and at most a comment, as Kubernetes' reader takes them apart.
std::vector<std::string_view> documents_of(std::string_view text) {
  std::vector<std::string_view> out;
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    size_t next = std::min(text.find('\n', at), text.size() - 1) + 1;
    std::string_view line = text.substr(at, next - at);
    if (line.starts_with("---") && at > begin) {
      size_t rest = line.find_first_not_of(" \t\r\n", 3);
      if (rest == line.npos || line[rest] == '#') {
        out.push_back(text.substr(begin, at - begin));
        begin = next;
      }
    }
    at = next;
  }
  if (begin < text.size()) out.push_back(text.substr(begin));
  return out;
}

}  // namespace

Result<Value> read_yaml_mapping(std::string_view text, bool all_documents) {
  if (all_documents) {
    // Helm 4 ends every text with a line break, UTF-16 too, which is none then.
    std::string ended;
    if (!text.empty() && !text.ends_with('\n')) text = ended = std::string(text) + '\n';
    Value all = Value::object();
    for (std::string_view document : documents_of(text)) {
      auto one = read_yaml_mapping(document, false);
      if (!one) return std::move(one).error().context("cannot unmarshal yaml document");
      all = merge_files(all, *one);
    }
    return all;
  }
  Value v = OR_RETURN(read_yaml(text));
  if (v.is_null()) return Value::object();
  if (!v.is_object()) {
    return fail(ErrorKind::invalid,
                "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go value of type "
                "map[string]interface {{}}",
                json_word(v));
  }
  return v;
}

std::string yaml_message(const Error& error) {
  // go-yaml counts the line where the problem was noticed; its first line counts as none.
  int line = error.place().line;
  return line > 1 ? fmt::format("yaml: line {}: {}", line, error.message()) : fmt::format("yaml: {}", error.message());
}

std::string scalar_text(const Value& v) {
  switch (v.type()) {
    case value::Type::boolean:
      return v.as_bool() ? "true" : "false";
    case value::Type::integer:
      return std::to_string(v.as_int());
    case value::Type::real: {
      double d = v.as_double();
      // whole numbers were YAML integers, written as such
      if (d == std::trunc(d) && std::fabs(d) < 0x1p53) return std::to_string(static_cast<int64_t>(d));
      return value::go_format_g(d);
    }
    case value::Type::string:
      return v.str();
    default:
      return "";
  }
}

std::string go_quote(std::string_view text) {
  return lang::gotemplate::quote(text);
}

bool fits_field(std::string_view key, std::string_view field) {
  return key.size() == field.size() && std::ranges::equal(key, field, [](char a, char b) {
           return a == b || ((a ^ b) == 0x20 && std::isalpha(static_cast<unsigned char>(a)));
         });
}

std::string log_line(std::string_view level, const LogFields& fields) {
  std::string out = fmt::format("level={}", level);
  for (const auto& [key, text] : fields) {
    auto plain = [](unsigned char c) { return c > ' ' && c != '=' && c != '"' && c < 0x7F; };
    bool bare = !text.empty() && std::ranges::all_of(text, plain);
    out += fmt::format(" {}={}", key, bare ? text : go_quote(text));
  }
  return out;
}

void for_each_rune(std::string_view text, const std::function<void(uint32_t rune, std::string_view bytes)>& visit) {
  while (!text.empty()) {
    value::Rune r = value::decode_rune(text);
    visit(r.code, text.substr(0, static_cast<size_t>(r.length)));
    text.remove_prefix(static_cast<size_t>(r.length));
  }
}

}  // namespace slipway::render::helm
