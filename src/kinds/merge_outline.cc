#include "kinds/merge_outline.h"

#include <algorithm>

#include "base/text.h"
#include "kinds/table.h"
#include "kinds/table_line.h"

namespace slipway::kinds {
namespace {

constexpr std::string_view newer = " newer";  // see tables/README.md
constexpr std::string_view core = "io.k8s.api.core.v1", meta = "io.k8s.apimachinery.pkg.apis.meta.v1";

bool is_served(TableLine line) {
  if (line.next() == "-") return false;
  for (std::string_view word = line.next(); !word.empty(); word = line.next())
    if (word == "unserved") return false;
  return true;
}

}  // namespace

MergeOutline::MergeOutline() {
  types_.push_back({.package = meta, .name = "", .body = "  metadata  1  ObjectMeta\n"});
  for (const TableText& file : builtin_table_texts()) {
    std::string_view group_version, package, text = file.text;
    bool foreign = false;
    while (!text.empty()) {
      std::string_view line = take_line(text);
      if (line.empty() || line[0] == ' ' || line[0] == '#' || line.ends_with(newer)) continue;
      TableLine words(line.substr(0, line.find(" -- ")));
      std::string_view what = words.next(), name = words.next();
      if (what == "group") {
        group_version = name;
        package = words.next();
        foreign = words.next() == "foreign";
      } else if ((what == "kind" || what == "type") && !foreign) {
        bool is_kind = what == "kind";
        types_.push_back({.package = package,
                          .name = name,
                          .body = text,
                          .group_version = is_kind ? group_version : std::string_view(),
                          .served = is_kind && is_served(words),
                          .number = types_.size()});
      }
    }
  }
  by_name_.reserve(types_.size());
  for (const Type& type : types_) by_name_.emplace(type.name, &type);
}

const MergeOutline::Type* MergeOutline::find(const GroupVersionKind& id) const {
  const Type *exact = nullptr, *preferred = nullptr;
  auto [from, to] = by_name_.equal_range(id.kind);
  for (auto at = from; at != to; ++at) {
    const Type& type = *at->second;
    if (type.group_version.empty()) continue;
    size_t slash = type.group_version.find('/');
    std::string_view group = slash == type.group_version.npos ? "" : type.group_version.substr(0, slash);
    if (group != id.group) continue;
    if (type.group_version == id.api_version()) exact = &type;
    if (type.served && (!preferred || type.number < preferred->number)) preferred = &type;
  }
  return exact ? exact : preferred;
}

const MergeOutline::Type* MergeOutline::find_type(std::string_view package, std::string_view name) const {
  auto [from, to] = by_name_.equal_range(name);
  for (auto at = from; at != to; ++at)
    if (at->second->package == package) return at->second;
  return nullptr;
}

MergeOutline::Member MergeOutline::member(const Place& place, std::string_view name) const {
  if (place.type) {
    read(*place.type);
    auto field = std::ranges::find(place.type->fields, name, &Field::name);
    if (field != place.type->fields.end())
      return {.known = true, .below = below(field->type, field->package), .merges = field->merges, .keys = field->keys};
  }
  if (!place.is_map()) return {};
  return {.known = true, .below = below(place.values, place.package)};
}

MergeOutline::Place MergeOutline::below(std::string_view word, std::string_view package) const {
  if (word.starts_with("[]")) word.remove_prefix(2);
  if (word.starts_with("{}")) return {.values = word.substr(2), .package = package};
  return {.type = resolve(word, package)};
}

// Null for scalars, enums, lists and maps.
const MergeOutline::Type* MergeOutline::resolve(std::string_view word, std::string_view package) const {
  for (std::string_view where : {package, core, meta})
    if (const Type* type = find_type(where, word)) return type;
  size_t dot = word.rfind('.');
  return dot == word.npos ? nullptr : find_type(word.substr(0, dot), word.substr(dot + 1));
}

void MergeOutline::read(const Type& type) const {
  if (std::exchange(type.is_read, true)) return;
  if (!type.group_version.empty())
    for (std::string_view name : {"apiVersion", "kind"}) type.fields.push_back({.name = name, .type = "string"});
  for (std::string_view text = type.body; !text.empty();) {
    std::string_view line = take_line(text);
    if (line.empty() || line[0] == '#' || line.ends_with(newer)) continue;
    if (line[0] != ' ') break;
    TableLine words(line.substr(0, line.find(" -- ")));
    Field field{.name = words.next(), .package = type.package};
    if (field.name == "column") continue;
    words.next();  // the protobuf number
    field.type = words.next();
    if (field.type.starts_with('*')) field.type.remove_prefix(1);
    std::string_view merge_key;
    std::vector<std::string_view> list_keys;
    bool inlined = false;
    for (std::string_view word = words.next(); !word.empty(); word = words.next()) {
      if (word == "=")
        words.next();  // the default
      else if (word == "inline")
        inlined = true;
      else if (word.starts_with("map="))
        list_keys = base::split(word.substr(4), ',');
      else if (word == "merge")
        field.merges = true;
      else if (word.starts_with("merge="))
        field.merges = true, merge_key = word.substr(6);
    }
    if (list_keys.size() > 1)
      field.keys = std::move(list_keys);
    else if (!merge_key.empty())
      field.keys = {merge_key};
    const Type* own = inlined ? resolve(field.type, field.package) : nullptr;
    if (!own) {
      type.fields.push_back(std::move(field));
      continue;
    }
    read(*own);
    type.fields.insert(type.fields.end(), own->fields.begin(), own->fields.end());
  }
}

}  // namespace slipway::kinds
