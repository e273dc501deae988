// The patch of kubectl apply: what `modified` adds to or changes in `live`, and what it no longer has of `original`
// (the last applied), as one strategic merge patch. Two differences are taken, each looking at one side only, and
// merged.
#include <unordered_set>

#include "base/text.h"
#include "kinds/object.h"
#include "kinds/patch_schema.h"
#include "value/json.h"

namespace slipway::kinds {
namespace {

struct Wanted {
  bool changes;    // what was added or changed
  bool deletions;  // what is gone
};

Result<PatchObject> diff_maps(const Value& from, const Value& to, PatchSchema schema, Wanted wanted, bool retain_keys);

bool is_number(const Value& v) {
  return v.type() == value::Type::integer || v.type() == value::Type::real;
}
bool same_type(const Value& a, const Value& b) {
  return a.type() == b.type() || (is_number(a) && is_number(b));
}

// How scalars compare while two lists are walked side by side.
std::string as_text(const Value& v) {
  return v.is_string() ? v.str() : value::to_json(v);
}

std::vector<Value> sorted_by_text(std::span<const Value> list, std::string_view key) {
  std::vector<std::pair<std::string, size_t>> places;
  for (size_t i = 0; i < list.size(); ++i) places.emplace_back(as_text(key.empty() ? list[i] : list[i][key]), i);
  std::ranges::sort(places);
  std::vector<Value> out;
  for (const auto& [text, i] : places) out.push_back(list[i]);
  return out;
}

struct ListDiff {
  std::vector<Value> patch, deleted, order;
};

// Walks two lists sorted by key and calls for each pair, addition and removal.
template <class Both, class Added, class Removed>
Result<void> walk(std::span<const Value> from, std::span<const Value> to, std::string_view key, Both both, Added added,
                  Removed removed) {
  auto a = sorted_by_text(from, key), b = sorted_by_text(to, key);
  size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    int order = i == a.size() ? 1
                : j == b.size()
                    ? -1
                    : as_text(key.empty() ? a[i] : a[i][key]).compare(as_text(key.empty() ? b[j] : b[j][key]));
    if (order == 0)
      OR_RETURN(both(a[i++], b[j++]));
    else if (order > 0)
      added(b[j++]);
    else
      removed(a[i++]);
  }
  return {};
}

Result<ListDiff> diff_lists(const Value& from, const Value& to, const PatchSchema::Member& field, Wanted wanted) {
  ListDiff out;
  if (from.empty()) {
    if (wanted.changes) out.patch.assign(to.items().begin(), to.items().end());
    return out;
  }
  const std::string& key = field.merge_key;
  if (!from[0].is_object()) {
    std::unordered_set<Value> seen;  // of the deleted
    OR_RETURN(walk(
        from.items(), to.items(), "", [](auto&&...) { return Result<void>(); },
        [&](const Value& v) {
          if (wanted.changes) out.patch.push_back(v);
        },
        [&](const Value& v) {
          if (wanted.deletions && seen.insert(v).second) out.deleted.push_back(v);
        }));
    out.patch = in_order_of(std::move(out.patch), to.items(), "");
    if ((wanted.deletions && !out.deleted.empty()) || (wanted.changes && from != to))
      out.order.assign(to.items().begin(), to.items().end());
    return out;
  }
  for (const Value* list : {&from, &to})
    for (const Value& item : list->items())
      if (!item.has(key)) return no_merge_key(item, key);
  std::vector<Value> deletions;
  OR_RETURN(walk(
      from.items(), to.items(), key,
      [&](const Value& a, const Value& b) -> Result<void> {
        auto inner = OR_RETURN(diff_maps(a, b, field.below, wanted, field.retain_keys));
        if (!inner.empty()) {
          inner.insert_or_assign(key, b[key]);
          out.patch.push_back(to_value(std::move(inner)));
        }
        return {};
      },
      [&](const Value& v) {
        if (wanted.changes) out.patch.push_back(v);
      },
      [&](const Value& v) {
        if (wanted.deletions) deletions.push_back(Value{{patch_directive, "delete"}, {key, v[key]}});
      }));
  out.patch = in_order_of(std::move(out.patch), to.items(), key);
  bool order_same = from.size() == to.size();
  for (size_t i = 0; order_same && i < from.size(); ++i) order_same = from[i][key] == to[i][key];
  out.patch.insert(out.patch.end(), deletions.begin(), deletions.end());
  if ((wanted.changes && (!out.patch.empty() || !order_same)) || (wanted.deletions && !out.patch.empty()))
    for (const Value& item : to.items()) out.order.push_back(Value{{key, item[key]}});
  return out;
}

Result<PatchObject> diff_maps(const Value& from, const Value& to, PatchSchema schema, Wanted wanted, bool retain_keys) {
  PatchObject patch;
  bool new_field = false;
  std::vector<Value> kept;
  for (const auto& member : to.members()) {
    std::string key = member.key.str();
    const Value& next = member.value;
    if (!next.is_null()) kept.emplace_back(key);
    const Value* before = from.find(key);
    if (!before) {
      new_field = true;
      if (wanted.changes) patch[key] = next;
      continue;
    }
    if (key == patch_directive) {
      if (*before != next) patch[key] = next;
      continue;
    }
    auto field = schema.member(key);
    if (same_type(*before, next) && next.is_object() && !field.replace) {
      auto inner = OR_RETURN(diff_maps(*before, next, field.below, wanted, field.retain_keys));
      if (!inner.empty()) patch[key] = to_value(std::move(inner));
    } else if (same_type(*before, next) && next.is_array() && field.merge) {
      auto list = OR_RETURN(diff_lists(*before, next, field, wanted));
      if (!list.patch.empty()) patch[key] = Value::array(std::move(list.patch));
      if (!list.deleted.empty())
        patch[std::string(delete_from_list_prefix) + key] = Value::array(std::move(list.deleted));
      if (!list.order.empty()) patch[std::string(element_order_prefix) + key] = Value::array(std::move(list.order));
    } else if (wanted.changes && *before != next) {
      patch[key] = next;
    }
  }
  if (wanted.deletions)
    for (const auto& member : from.members())
      if (!to.has(member.key.view())) patch[member.key.str()] = nullptr;
  if (retain_keys && !kept.empty() && (!patch.empty() || new_field))
    patch[std::string(retain_keys_directive)] = Value::array(std::move(kept));
  return patch;
}

}  // namespace

Result<Value> three_way_patch(const Type* type, const Value& original, const Value& modified, const Value& live) {
  PatchSchema schema{type, nullptr};
  auto changes = OR_RETURN(diff_maps(live, modified, schema, {.changes = true, .deletions = false}, false));
  auto deletions = OR_RETURN(diff_maps(original, modified, schema, {.changes = false, .deletions = true}, false));
  auto patch = merge_patch_maps(std::move(deletions), std::move(changes), schema, true);
  if (!patch) return std::move(patch).error();
  return to_value(std::move(*patch));
}

}  // namespace slipway::kinds
