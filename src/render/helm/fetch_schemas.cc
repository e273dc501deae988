#include "render/helm/fetch_schemas.h"

#include <fmt/format.h>

#include "base/text.h"
#include "render/helm/metaschemas.h"
#include "render/helm/schema_documents.h"
#include "sources/chart_repository.h"
#include "value/json.h"

namespace slipway::render::helm {

namespace {

constexpr size_t kSchemasMax = 64;  // of one chart
constexpr uint64_t kBytesMax = 8 << 20;

Error in_helms_words(const Error& error, const std::string& address) {
  std::string refused = fmt::format("failed to fetch {} : ", address);  // then the status: 404 Not Found
  if (std::string_view why = error.message(); why.starts_with(refused)) {
    why.remove_prefix(refused.size());
    return fail(error.kind(), "HTTP request to {} returned status {} ({})", address, why.substr(0, why.find(' ')),
                why.substr(why.find(' ') + 1));
  }
  return fail(error.kind(), "HTTP request failed for {}: {}", address, error.str());
}

// Whether what stands plainly may be written as an escape, the words below among it. Go writes <, > and & so.
bool hides_words(std::string_view json) {
  if (json.find("\\/") != json.npos) return true;
  for (size_t at = json.find("\\u"); at != json.npos; at = json.find("\\u", at + 2)) {
    std::string_view digits = json.substr(at + 2, 4);
    if (digits.size() == 4 && digits.starts_with("00") && digits[2] < '8' && digits != "003c" && digits != "003e" &&
        digits != "0026")
      return true;
  }
  return false;
}

// Whether a reference is more than a place in its own document.
bool leads_out(std::string_view json) {
  constexpr std::string_view key_end = "ef\"";  // of $ref, $dynamicRef, $recursiveRef
  for (size_t at = json.find(key_end); at != json.npos; at = json.find(key_end, at + 1)) {
    std::string_view rest = base::trim(json.substr(at + key_end.size()));
    if (!rest.starts_with(':')) continue;
    rest = base::trim(rest.substr(1));
    if (rest.starts_with('"') && !rest.starts_with("\"#")) return true;
  }
  return false;
}

// Whether a schema's text may name one elsewhere: by a reference, by an id that references go by, or by a draft of its
// own. Nearly none does, and to read them all for it took as long as the check.
bool may_name_elsewhere(std::string_view json) {
  if (hides_words(json)) return true;
  bool has_address = false;
  for (size_t at = json.find("://"); at != json.npos; at = json.find("://", at + 3)) {
    size_t open = json.rfind('"', at),
           key_end = open;  // a text's beginning, or a quote within one: then it is no value
    if (open == json.npos || open == 0) continue;
    auto back_over = [&](std::string_view blanks) {
      size_t last = json.find_last_not_of(blanks, key_end - 1);
      key_end = last == json.npos ? 0 : last;
      return key_end > 0;
    };
    if (!back_over(" \t\r\n") || json[key_end] != ':' || !back_over(" \t\r\n") || json[key_end] != '"') continue;
    std::string_view key = json.substr(0, key_end);
    bool draft = key.ends_with("\"$schema");
    if (key.ends_with("\"id") || key.ends_with("\"$id")) {
      has_address = true;
      continue;
    }
    if (!draft && !key.ends_with("ef")) continue;
    std::string_view value = json.substr(open + 1, json.find('"', at) - open - 1);
    if (!draft || draft_of(value) == 0) return true;
  }
  return has_address && leads_out(json);
}

// What `wanted` misses of a chart's and its sub-charts' schemas.
void gather_wanted(const Chart& chart, const FetchedSchemas& known, std::vector<std::string>& wanted) {
  if (chart.schema && may_name_elsewhere(*chart.schema)) {
    std::vector<std::string> unsaid;
    SchemaDocuments documents(known, nullptr, unsaid);
    if (auto root = value::parse_json(*chart.schema, {.any_number = true}); root && root->is_object()) {
      auto added = documents.add("file:///values.schema.json", std::move(*root));
      (void)added;
      wanted.insert(wanted.end(), documents.missing().begin(), documents.missing().end());
    }
  }
  for (const auto& child : chart.dependencies) gather_wanted(*child, known, wanted);
}

}  // namespace

std::vector<std::string> wanted_schemas(const Chart& chart, const FetchedSchemas& known) {
  std::vector<std::string> wanted;
  gather_wanted(chart, known, wanted);
  return wanted;
}

Task<void> fetch_schemas(World& world, const Chart& chart, FetchedSchemas* known) {
  // What was fetched may name more.
  for (auto wanted = wanted_schemas(chart, *known); !wanted.empty(); wanted = wanted_schemas(chart, *known)) {
    for (const std::string& address : wanted) {
      if (known->contains(address)) continue;
      if (known->size() >= kSchemasMax) co_return;
      auto text = co_await sources::download(world, address, {.bytes_max = kBytesMax});
      if (text)
        known->emplace(address, std::move(*text));
      else
        known->emplace(address, in_helms_words(text.error(), address));
    }
  }
}

}  // namespace slipway::render::helm
