// Strategic merge: a patch that knows lists. Objects merge member by member, null deletes; a list whose field has a
// merge key merges by it, a list of scalars with the merge strategy is a set, any other list is replaced. Directives:
// $patch (delete, replace) in an object, $retainKeys beside it, $deleteFromPrimitiveList/x and $setElementOrder/x
// beside list x. The order of a merged list: the patch's elements in the order it names, the others among them where
// they were.
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "kinds/object.h"
#include "kinds/patch_schema.h"
#include "value/go_words.h"

namespace slipway::kinds {
namespace {

// The upstream server answers all of these with code 500 and no reason.
Error bad_patch(std::string text) {
  return Error(ErrorKind::internal, std::move(text));
}
Error unknown_directive(const Value& directive, const Value& patch) {
  return bad_patch(
      fmt::format("unknown patch type: {} in map: {}", value::go_print(directive), value::go_print(patch)));
}

bool is_number(const Value& v) {
  return v.type() == value::Type::integer || v.type() == value::Type::real;
}
bool same_type(const Value& a, const Value& b) {
  return a.type() == b.type() || (is_number(a) && is_number(b));
}

Value without_nulls(const Value& v) {
  if (v.is_object()) {
    ObjectBuilder out;
    for (const auto& member : v.members())
      if (!member.value.is_null()) out.set(member.key.view(), without_nulls(member.value));
    return out.build();
  }
  if (v.is_array()) {
    ArrayBuilder out;
    for (const Value& item : v.items()) out.push(without_nulls(item));
    return out.build();
  }
  return v;
}

// What a patch leaves where there was nothing: without objects that carry a $patch.
std::optional<Value> without_directives(const Value& v) {
  if (v.is_object()) {
    if (v.has(patch_directive)) return std::nullopt;
    ObjectBuilder out;
    for (const auto& member : v.members())
      if (auto kept = without_directives(member.value)) out.set(member.key.view(), std::move(*kept));
    return out.build();
  }
  if (v.is_array()) {
    ArrayBuilder out;
    for (const Value& item : v.items())
      if (auto kept = without_directives(item)) out.push(std::move(*kept));
    return out.build();
  }
  return v;
}

// Where the elements of a list stand that have a merge key, or, without one, are equal: the first of each.
class Places {
 public:
  Places(std::span<const Value> list, std::string_view key) : key_(key) {
    for (const Value& item : list) add(item);
  }
  void add(const Value& item) {
    if (key_.empty())
      first_.try_emplace(item, count_);
    else if (const Value* name = item.find(key_))
      first_.try_emplace(*name, count_);
    ++count_;
  }
  std::optional<size_t> find(const Value& item) const {
    auto at = first_.find(key_.empty() ? item : item[key_]);
    return at == first_.end() ? std::nullopt : std::optional(at->second);
  }

 private:
  std::string_view key_;
  std::unordered_map<Value, size_t> first_;
  size_t count_ = 0;
};

std::vector<Value> without_duplicates(std::vector<Value> list) {
  std::unordered_set<Value> seen;
  std::erase_if(list, [&](const Value& v) { return !seen.insert(v).second; });
  return list;
}

Result<void> all_have_key(std::span<const Value> list, std::string_view key) {
  for (const Value& item : list) {
    if (!item.is_object()) return bad_patch("expected an object in a list that merges by " + std::string(key));
    if (!item.has(key)) return no_merge_key(item, key);
  }
  return {};
}

// `merged` split into what `by` names and the rest, each in its order, put together so that the rest keeps its places.
Result<Value> ordered(std::vector<Value> merged, std::span<const Value> by, std::span<const Value> before,
                      std::string_view key) {
  if (!key.empty()) {
    OR_RETURN(all_have_key(merged, key));
    OR_RETURN(all_have_key(by, key));
  }
  Places wanted(by, key), old(before, key);
  std::vector<Value> named, rest;
  for (Value& item : merged) (wanted.find(item) ? named : rest).push_back(std::move(item));
  named = in_order_of(std::move(named), by, key);
  rest = in_order_of(std::move(rest), before, key);
  ArrayBuilder out;
  size_t n = 0, r = 0;
  while (n < named.size() || r < rest.size()) {
    bool take_rest = n == named.size();
    if (!take_rest && r < rest.size()) {
      auto rest_at = old.find(rest[r]), named_at = old.find(named[n]);
      take_rest = rest_at && named_at && *rest_at < *named_at;
    }
    out.push(take_rest ? rest[r++] : named[n++]);
  }
  return out.build();
}

Result<Value> merge_list(const Value& target, const Value& patch, const PatchSchema::Member& field, bool deleting,
                         bool as_patch) {
  if (target.empty() && patch.empty()) return target;
  std::vector<Value> list(target.items().begin(), target.items().end());
  const Value& sample = target.empty() ? patch[0] : target[0];
  if (!sample.is_object()) {
    if (deleting && !as_patch) {
      Places deleted(patch.items(), "");
      std::erase_if(list, [&](const Value& v) { return deleted.find(v).has_value(); });
      return Value::array(std::move(list));
    }
    list.insert(list.end(), patch.items().begin(), patch.items().end());
    return ordered(without_duplicates(std::move(list)), patch.items(), target.items(), "");
  }
  const std::string& key = field.merge_key;
  if (key.empty()) return bad_patch("cannot merge lists without merge key");
  std::vector<Value> items;
  Places deleted({}, key);
  bool replace = false;
  for (const Value& item : patch.items()) {
    const Value* directive = item.find(patch_directive);
    if (!directive) {
      items.push_back(item);
    } else if (directive->as_string() == "delete") {
      if (!item.has(key)) return no_merge_key(item, key);
      deleted.add(item);
    } else if (directive->as_string() == "replace") {
      replace = true;
    } else if (directive->as_string() == "merge") {
      return bad_patch("merging lists cannot yet be specified in the patch");
    } else {
      return unknown_directive(*directive, item);
    }
  }
  if (replace) return Value::array(std::move(items));
  std::erase_if(list, [&](const Value& v) { return v.has(key) && deleted.find(v); });
  std::vector<Value> before = list;
  Places places(list, key);
  for (const Value& item : items) {
    if (!item.has(key)) return no_merge_key(item, key);
    if (auto at = places.find(item)) {
      list[*at] = to_value(
          OR_RETURN(merge_patch_maps(to_patch_object(list[*at]), to_patch_object(item), field.below, as_patch)));
      continue;
    }
    list.push_back(item);
    places.add(item);
  }
  return ordered(std::move(list), items, before, key);
}

Result<void> apply_retain_keys(PatchObject& target, PatchObject& patch, bool as_patch) {
  auto found = patch.find(retain_keys_directive);
  if (found == patch.end()) return {};
  Value keys = found->second;
  patch.erase(found);
  if (as_patch) {
    target.insert_or_assign(std::string(retain_keys_directive), keys);
    return {};
  }
  std::unordered_set<std::string_view> kept;
  for (const Value& key : keys.items())
    if (key.is_string()) kept.insert(key.as_string());
  auto retained = [&](std::string_view key) { return kept.contains(key); };
  for (const auto& [key, v] : patch)
    if (!v.is_null() && !key.starts_with(delete_from_list_prefix) && !key.starts_with(element_order_prefix) &&
        !retained(key))
      return bad_patch("invalid patch format of retainKeys");
  std::erase_if(target, [&](const auto& member) { return !retained(member.first); });
  return {};
}

// Obeys $setElementOrder/x, together with what the patch says of list x.
Result<void> apply_element_orders(PatchObject& target, PatchObject& patch, PatchSchema schema, bool as_patch) {
  std::vector<std::string> directives;
  for (const auto& [key, v] : patch)
    if (key.starts_with(element_order_prefix)) directives.push_back(key);
  for (const std::string& directive : directives) {
    Value order = patch[directive];
    patch.erase(directive);
    if (as_patch) target.insert_or_assign(directive, order);
    std::string key = directive.substr(element_order_prefix.size());
    auto in_target = target.find(key);
    auto in_patch = patch.find(key);
    auto field = schema.member(key);
    if (!order.is_array() || (in_target != target.end() && !in_target->second.is_array()) ||
        (in_patch != patch.end() && !in_patch->second.is_array()))
      return bad_patch("invalid patch format of setElementOrder list");
    Value merged = Value::array();
    if (in_target != target.end() && in_patch != patch.end())
      merged = field.merge ? OR_RETURN(merge_list(in_target->second, in_patch->second, field, false, as_patch))
                           : in_patch->second;
    else if (in_target != target.end())
      merged = in_target->second;
    else if (in_patch != patch.end())
      merged = *without_directives(in_patch->second);
    else
      continue;
    Value before = in_target == target.end() ? Value::array() : in_target->second;
    target.insert_or_assign(key, OR_RETURN(ordered({merged.items().begin(), merged.items().end()}, order.items(),
                                                   before.items(), field.merge_key)));
    patch.erase(key);
  }
  return {};
}

}  // namespace

Result<Value> strategic_merge(const Type* type, const Value& target, const Value& patch) {
  if (!patch.is_object()) return fail(ErrorKind::bad_request, "a strategic merge patch is an object");
  auto merged = merge_patch_maps(to_patch_object(target), to_patch_object(patch), {type, nullptr}, false);
  if (!merged) return std::move(merged).error();
  return to_value(std::move(*merged));
}

Result<PatchObject> merge_patch_maps(PatchObject target, PatchObject patch, PatchSchema schema, bool as_patch) {
  if (auto directive = patch.find(patch_directive); directive != patch.end()) {
    Value kind = directive->second;
    if (kind.as_string() == "delete") return PatchObject{};
    if (kind.as_string() != "replace") return unknown_directive(kind, to_value(patch));
    patch.erase(directive);
    return patch;
  }
  OR_RETURN(apply_retain_keys(target, patch, as_patch));
  OR_RETURN(apply_element_orders(target, patch, schema, as_patch));
  for (auto& [name, wanted] : patch) {
    bool deleting = name.starts_with(delete_from_list_prefix);
    if (deleting && as_patch) {
      target.insert_or_assign(name, wanted);
      continue;
    }
    std::string key = deleting ? name.substr(delete_from_list_prefix.size()) : name;
    if (wanted.is_null()) {
      target.erase(key);
      if (!as_patch) continue;
    }
    auto now = target.find(key);
    if (now == target.end() || !same_type(now->second, wanted)) {
      if (deleting) continue;
      auto kept = without_directives(as_patch ? wanted : without_nulls(wanted));
      if (kept)
        target.insert_or_assign(key, std::move(*kept));
      else
        target.erase(key);
      continue;
    }
    auto field = schema.member(key);
    if (wanted.is_object() && !field.replace)
      now->second = to_value(
          OR_RETURN(merge_patch_maps(to_patch_object(now->second), to_patch_object(wanted), field.below, as_patch)));
    else if (wanted.is_array() && (field.merge || deleting))
      now->second = OR_RETURN(merge_list(now->second, wanted, field, deleting, as_patch));
    else
      now->second = wanted;
  }
  return target;
}

std::vector<Value> in_order_of(std::vector<Value> items, std::span<const Value> order, std::string_view merge_key) {
  Places ordered(order, merge_key);
  std::vector<std::pair<size_t, size_t>> places;  // where it stands in `order`, then where it stood: a stable sort
  for (size_t i = 0; i < items.size(); ++i) {
    bool deletes = !merge_key.empty() && items[i][patch_directive].as_string() == "delete";
    places.emplace_back(deletes ? SIZE_MAX : ordered.find(items[i]).value_or(SIZE_MAX - 1), i);
  }
  std::ranges::sort(places);
  std::vector<Value> out;
  for (auto [place, i] : places) out.push_back(std::move(items[i]));
  return out;
}

Error no_merge_key(const Value& item, std::string_view merge_key) {
  return bad_patch(fmt::format("map: {} does not contain declared merge key: {}", value::go_print(item), merge_key));
}

}  // namespace slipway::kinds
