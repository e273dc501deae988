#include "render/kustomize/documents.h"

#include <deque>

#include "base/text.h"
#include "render/words.h"
#include "value/yaml.h"

namespace slipway::render::kustomize {
namespace {

std::string empty_item(const Value& v, const std::string& path) {
  if (v.is_array()) {
    size_t i = 0;
    for (const Value& item : v.items()) {
      std::string at = fmt::format("{}/{}", path, i++);
      if (item.is_null()) return at;
      if (std::string found = empty_item(item, at); !found.empty()) return found;
    }
  }
  for (const auto& [key, item] : v.members())
    if (item.is_array() || item.is_object())
      if (std::string found = empty_item(item, fmt::format("{}/{}", path, value::pointer_escape(key))); !found.empty())
        return found;
  return {};
}
// Looks for the rare case cheaply before any path is built.
bool has_empty_item(const Value& v) {
  for (const Value& item : v.items())
    if (item.is_null() || has_empty_item(item)) return true;
  for (const auto& member : v.members())
    if (has_empty_item(member.value)) return true;
  return false;
}

struct Found {
  Value object;
  int line;
};

Result<> check(const Found& found) {
  const Value& o = found.object;
  if (!o.is_object())
    return fail(ErrorKind::invalid, "expected a resource (a mapping with kind and metadata), found {}",
                words(o.type()));
  std::string_view kind = kinds::kind_of(o);
  bool is_list = kind.ends_with("List") && o.has("items");
  if (kind.empty())
    return fail(ErrorKind::invalid, "missing kind in object{}",
                kinds::name_of(o).empty() ? "" : fmt::format(" \"{}\"", kinds::name_of(o)));
  if (!is_list && !kind.ends_with("List") && kinds::name_of(o).empty())
    return fail(ErrorKind::invalid, "missing metadata.name in object of kind {}{}", kind,
                o["metadata"]["name"].is_number() || o["metadata"]["name"].is_bool() ? " (quote the name)" : "");
  if (has_empty_item(o))
    return fail(ErrorKind::invalid, "empty item at {} in {} \"{}\"", empty_item(o, ""), kind, kinds::name_of(o));
  return {};
}

}  // namespace

Result<std::vector<Resource>> read_resources(std::string_view text, const std::string& file, const KnownKinds* known) {
  auto documents =
      OR_RETURN(value::parse_yaml_documents(text, file, value::YamlLimits{.rules = value::YamlRules::kustomize}));
  std::deque<Found> ahead;
  auto take = [&](Value object, int line) -> Result<> {
    if (object.is_null() || (object.is_object() && object.empty())) return {};
    ahead.push_back({std::move(object), line});
    if (auto fine = check(ahead.back()); !fine) return std::move(fine).error().at({file, line});
    return {};
  };
  for (value::Document& d : documents) OR_RETURN(take(std::move(d.value), d.line));
  std::vector<Resource> out;
  for (; !ahead.empty(); ahead.pop_front()) {
    Found& found = ahead.front();
    const Value& o = found.object;
    if (!kinds::kind_of(o).ends_with("List") || !o.has("items")) {
      out.emplace_back(std::move(found.object), base::Place{file, found.line}, known);
      continue;
    }
    if (!o["items"].is_array() && !o["items"].is_null())
      return fail(ErrorKind::invalid, "expected a list in {}/items, found {}", kinds::kind_of(o),
                  words(o["items"].type()))
          .at({file, found.line});
    // The opened items stand behind all other documents, as they do there.
    Value list = o["items"];
    int line = found.line;
    for (const Value& item : list.items()) OR_RETURN(take(item, line));
  }
  return out;
}

}  // namespace slipway::render::kustomize
