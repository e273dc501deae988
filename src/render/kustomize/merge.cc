// One walk over both trees; where neither has anything to say the target's node is shared. What is surprising here is
// what kustomize does, tried on 5.8.2: an element with `$patch: replace` in a merged list changes nothing but the
// order; of two elements with one key the last wins; new ports come first, but changed ones keep their place.
#include "render/kustomize/merge.h"

#include <algorithm>
#include <unordered_map>

#include "base/text.h"
#include "kinds/patch_schema.h"
#include "value/json.h"

namespace slipway::render::kustomize {
namespace {

using kinds::PatchSchema;
using Merged = std::optional<Value>;  // nothing: the field goes away

constexpr size_t kPairwiseMax = 2000;  // elements of a list with several merge keys

struct Slot {
  PatchSchema below;
  bool merges = false;            // a list whose elements are merged
  std::vector<std::string> keys;  // by these; none: a list of scalars
};

Slot slot_of(const PatchSchema& schema, std::string_view name) {
  Slot slot;
  PatchSchema::Member member = schema.member(name);
  slot.below = member.below;
  slot.merges = member.merge;
  if (!slot.merges) return slot;
  const kinds::Field* field = schema.type ? schema.type->field(name) : nullptr;
  if (field && field->list_keys.size() > 1)
    slot.keys = field->list_keys;
  else if (!member.merge_key.empty())
    slot.keys = {member.merge_key};
  return slot;
}

enum class Directive { merge, replace, remove };
Result<Directive> directive_named(const Value& word) {
  if (word.as_string() == "delete") return Directive::remove;
  if (word.as_string() == "replace") return Directive::replace;
  if (word.as_string() == "merge") return Directive::merge;
  return fail(ErrorKind::invalid, "unknown patch strategy '{}'; expected merge, replace or delete",
              word.is_string() ? word.str() : value::to_json(word));
}

bool is_missing(const Value* v) {
  return !v || v->is_null();
}
bool same(const Value& a, const Value& b) {
  return a.same_node(b) || (!a.is_object() && !a.is_array() && a.type() == b.type() && a == b);
}

Result<Merged> merge(const Value* target, const Value* patch, const Slot& slot);

Result<Merged> merge_map(const Value* target, const Value* patch, const Slot& slot) {
  Value own;
  bool fresh = is_missing(target);
  if (patch && patch->is_null()) return Merged();
  if (patch) {
    if (const Value* word = patch->find(kinds::patch_directive)) {
      Directive directive = OR_RETURN(directive_named(*word));
      if (directive == Directive::remove) return Merged();
      if (directive == Directive::replace) fresh = true;
      own = patch->without_member(kinds::patch_directive);
      patch = &own;
    }
  }
  if (fresh) target = nullptr;
  std::vector<value::Member> members;
  bool changed = !target;
  auto add = [&](const value::Key& key, const Value* t, const Value* p) -> Result<> {
    Merged merged = OR_RETURN(merge(t, p, slot_of(slot.below, key)));
    changed = changed || !merged || !t || !same(*merged, *t);
    if (merged) members.push_back({key, std::move(*merged)});
    return {};
  };
  auto t = target ? target->members() : std::span<const value::Member>();
  auto p = patch ? patch->members() : std::span<const value::Member>();
  size_t i = 0, j = 0;
  while (i < t.size() || j < p.size()) {
    if (j == p.size() || (i < t.size() && t[i].key < p[j].key)) {
      OR_RETURN(add(t[i].key, &t[i].value, nullptr));
      ++i;
    } else if (i == t.size() || p[j].key < t[i].key) {
      OR_RETURN(add(p[j].key, nullptr, &p[j].value));
      ++j;
    } else {
      OR_RETURN(add(p[j].key, &t[i].value, &p[j].value));
      ++i, ++j;
    }
  }
  if (!changed) return Merged(*target);
  return Merged(Value::object(std::move(members)));
}

std::string key_text(const Value& element, const std::string& key) {
  const Value& v = element[key];
  if (v.is_string()) return v.str();
  return v.is_null() || v.is_object() || v.is_array() ? "" : value::to_json(v);
}
bool is_gone(const Merged& merged) {
  return !merged || merged->is_null() || (merged->is_object() && merged->empty());
}

// A list of scalars (finalizers): the patch's first, each once.
Value merge_scalars(const Value* target, const Value* patch) {
  std::vector<Value> out;
  for (const Value* list : {patch, target})
    if (list)
      for (const Value& item : list->items())
        if (std::ranges::find(out, item) == out.end()) out.push_back(item);
  return Value::array(std::move(out));
}

Error keyless(const std::string& key, const Value& element) {
  return fail(ErrorKind::invalid, "a patch's list element has no \"{}\", by which such elements are merged: {}", key,
              value::to_json(element).substr(0, 120));
}

// Elements by one key: the patch's in its order, then the target's others.
Result<Value> merge_keyed(const Value* target, const Value* patch, const std::string& key, const Slot& element) {
  std::vector<Value> kept;  // the target's, merged where the patch names them
  std::unordered_map<std::string, size_t> in_target, placed;
  if (target)
    for (const Value& item : target->items()) {
      if (is_gone(item)) continue;
      if (std::string name = key_text(item, key); !name.empty()) in_target.emplace(name, kept.size());
      kept.push_back(item);
    }
  std::vector<Value> out;
  std::vector<std::string> removed;
  std::unordered_map<std::string, bool> seen;
  if (patch)
    for (const Value& item : patch->items()) {
      if (is_gone(item)) continue;
      std::string name = key_text(item, key);
      if (name.empty()) return keyless(key, item);
      if (!seen.emplace(name, true).second) continue;
      auto there = in_target.find(name);
      const Value* old = there == in_target.end() ? nullptr : &kept[there->second];
      Merged merged = OR_RETURN(merge(old, &item, element));
      if (is_gone(merged)) {
        removed.push_back(name);
        continue;
      }
      bool replaces = old && item[kinds::patch_directive].as_string() == "replace";
      if (old && !replaces) kept[there->second] = *merged;
      placed.emplace(name, out.size());
      out.push_back(std::move(*merged));
    }
  for (Value& item : kept) {
    std::string name = key_text(item, key);
    if (name.empty()) {
      out.push_back(std::move(item));
      continue;
    }
    if (std::ranges::find(removed, name) != removed.end()) continue;
    if (!seen.contains(name)) {
      Merged alone = OR_RETURN(merge(&item, nullptr, element));
      if (is_gone(alone)) continue;
      item = std::move(*alone);
    }
    auto [at, fresh] = placed.emplace(name, out.size());
    if (fresh)
      out.push_back(std::move(item));
    else
      out[at->second] = std::move(item);
  }
  return Value::array(std::move(out));
}

// Elements by several keys (ports by number and protocol), some of which an element may leave out.
class Pairwise {
 public:
  Pairwise(const Value* target, const Value* patch, const Slot& slot, const Slot& element)
      : keys_(slot.keys), element_(element) {
    if (target) target_.assign(target->items().begin(), target->items().end());
    if (patch) patch_.assign(patch->items().begin(), patch->items().end());
  }

  Result<Value> run() {
    if (target_.size() + patch_.size() > kPairwiseMax)
      return fail(ErrorKind::too_large, "a list of more than {} elements is merged by {}", kPairwiseMax,
                  base::join(keys_, " and "));
    for (const Value& item : patch_)
      if (item.is_object() && !item.empty() && key_text(item, keys_[0]).empty() && !item.has(kinds::patch_directive))
        return keyless(keys_[0], item);
    collect(patch_);
    collect(target_);
    fill_gaps();
    std::vector<Value> out;
    std::vector<std::string> keys = keys_;
    for (const Texts& values : std::vector<Texts>(values_)) {
      Texts valid;
      keys = valid_keys(values_, values, &valid);
      size_t p = find(patch_, keys_, values), t = find(target_, keys_, values);
      Merged merged = OR_RETURN(
          merge(t < target_.size() ? &target_[t] : nullptr, p < patch_.size() ? &patch_[p] : nullptr, element_));
      if (is_gone(merged)) {
        set(target_, keys, valid, nullptr);
        continue;
      }
      for (size_t k = 0; k < keys.size(); ++k)
        if (!merged->has(keys[k]) && !valid[k].empty()) merged = merged->with_member(keys[k], Value(valid[k]));
      if (t < target_.size() && !(p < patch_.size() && patch_[p][kinds::patch_directive].as_string() == "replace"))
        target_[t] = *merged;
      set(out, keys, valid, &*merged);
    }
    for (const Value& item : target_) {
      Texts values;
      for (const std::string& key : keys) {
        if (item[key].is_null()) {
          out.push_back(item);
          continue;
        }
        values.push_back(key_text(item, key));
      }
      if (keys.size() > 1) set(out, keys, values, nullptr);
      set(out, keys, values, &item);
    }
    return Value::array(std::move(out));
  }

 private:
  using Texts = std::vector<std::string>;

  void collect(const std::vector<Value>& list) {
    for (const Value& item : list) {
      if (is_gone(item)) continue;
      Texts values;
      for (const std::string& key : keys_) values.push_back(key_text(item, key));
      if (std::ranges::find(values_, values) == values_.end()) values_.push_back(std::move(values));
    }
  }
  // {80, ""} and {80, TCP} are one element.
  void fill_gaps() {
    for (Texts& a : values_)
      for (Texts& b : values_) {
        bool common = false, differ = false;
        Texts filled;
        for (size_t i = 0; i < a.size(); ++i) {
          common = common || a[i] == b[i];
          differ = differ || (a[i] != b[i] && !a[i].empty() && !b[i].empty());
          filled.push_back(a[i].empty() ? b[i] : a[i]);
        }
        if (common && !differ) a = b = filled;
      }
  }
  // The keys that any of `all` has a value for.
  Texts valid_keys(const std::vector<Texts>& all, const Texts& values, Texts* valid) const {
    Texts keys;
    valid->clear();
    for (size_t k = 0; k < keys_.size(); ++k)
      if (std::ranges::any_of(all, [&](const Texts& v) { return !v[k].empty(); })) {
        keys.push_back(keys_[k]);
        valid->push_back(values[k]);
      }
    if (!keys.empty()) return keys;
    *valid = values;
    return keys_;
  }
  static bool matches(const Value& item, const Texts& keys, const Texts& values) {
    if (!item.is_object()) return false;
    for (size_t k = 0; k < keys.size() && k < values.size(); ++k)
      if (!item.has(keys[k]) || (!values[k].empty() && key_text(item, keys[k]) != values[k])) return false;
    return true;
  }
  size_t find(const std::vector<Value>& list, const Texts&, const Texts& values) const {
    Texts valid, keys = valid_keys({values}, values, &valid);
    for (size_t i = 0; i < list.size(); ++i)
      if (matches(list[i], keys, valid)) return i;
    return list.size();
  }
  static void set(std::vector<Value>& list, const Texts& keys, const Texts& values, const Value* element) {
    std::vector<Value> out;
    bool found = false;
    for (Value& item : list) {
      if (is_gone(item)) continue;
      if (!matches(item, keys, values)) {
        out.push_back(std::move(item));
        continue;
      }
      found = true;
      if (element) out.push_back(*element);
    }
    if (element && !found) out.push_back(*element);
    list = std::move(out);
  }

  const Texts& keys_;
  const Slot& element_;
  std::vector<Value> target_, patch_;
  std::vector<Texts> values_;
};

Result<Merged> merge_list(const Value* target, const Value* patch, const Slot& slot) {
  if (patch && patch->is_null()) return Merged();
  if (!slot.merges) return Merged(patch ? *patch : *target);
  Value own;
  if (is_missing(target)) target = nullptr;
  if (patch) {
    auto items = patch->items();
    auto word = std::ranges::find_if(items, [](const Value& v) { return v.has(kinds::patch_directive); });
    if (word != items.end() && word->size() == 1) {
      Directive directive = OR_RETURN(directive_named((*word)[kinds::patch_directive]));
      if (directive == Directive::remove && target) return Merged();
      if (directive == Directive::replace) target = nullptr;
      std::vector<Value> rest;
      for (const Value& item : items)
        if (!(item.size() == 1 && item.has(kinds::patch_directive))) rest.push_back(item);
      own = Value::array(std::move(rest));
      patch = &own;
    }
  }
  if (slot.keys.empty()) {
    if (!patch) return Merged(*target);
    return Merged(merge_scalars(target, patch));
  }
  Slot element;
  element.below = slot.below;
  if (slot.keys.size() > 1) return Merged(OR_RETURN(Pairwise(target, patch, slot, element).run()));
  return Merged(OR_RETURN(merge_keyed(target, patch, slot.keys[0], element)));
}

enum class Shape { scalar, map, list };
Shape shape_of(const Value& v) {
  return v.is_object() ? Shape::map : v.is_array() ? Shape::list : Shape::scalar;
}
const char* words(Shape shape) {
  return shape == Shape::map ? "a mapping" : shape == Shape::list ? "a list" : "a scalar";
}

Result<Merged> merge(const Value* target, const Value* patch, const Slot& slot) {
  if (is_missing(target) && is_missing(patch)) return target && !patch ? Merged(*target) : Merged();
  Shape shape = shape_of(is_missing(target) ? *patch : *target);
  if (!is_missing(target) && !is_missing(patch) && shape_of(*patch) != shape)
    return fail(ErrorKind::invalid, "the patch has {} where the resource has {}: {}", words(shape_of(*patch)),
                words(shape), value::to_json(*patch).substr(0, 120));
  switch (shape) {
    case Shape::map:
      return merge_map(target, patch, slot);
    case Shape::list:
      return merge_list(target, patch, slot);
    case Shape::scalar:
      break;
  }
  if (!patch) return Merged(*target);
  return patch->is_null() ? Merged() : Merged(*patch);
}

}  // namespace

Result<std::optional<Value>> merge_over(const Value& target, const Value& patch, const kinds::Type* type) {
  Slot slot;
  slot.below.type = type;
  return merge(&target, &patch, slot);
}

}  // namespace slipway::render::kustomize
