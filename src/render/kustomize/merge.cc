// kustomize merges two trees of mutable nodes in place, and what it gives in odd cases follows from that: the walk and
// the order of its steps are kept here, on immutable values. A target that is not there becomes the patch itself, so
// that both sides are one node from then on (and its directives and nulls are still obeyed). Where neither side has
// anything to say the target's node is shared. A list merged by keys goes the long way, element by element, only where
// its keys are not simply one and distinct: see ListMerge.
#include "render/kustomize/merge.h"

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "kinds/patch_schema.h"
#include "render/kustomize/resource.h"
#include "value/json.h"
#include "value/note.h"
#include "value/yaml.h"

namespace slipway::render::kustomize {
namespace {

using Merged = std::optional<Value>;  // nothing: the field goes away

constexpr size_t kPairwiseMax = 2000;  // elements of a list with several merge keys

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
  return a.same_node(b) ||
         (!a.is_object() && !a.is_array() && a.type() == b.type() && a == b && value::note_of(a) == value::note_of(b));
}

// What stands in a mapping under keys that it has already (value::repeated_keys): nobody looks at it, but where the
// first of such a key is taken away the next one is there.
class Repeats {
 public:
  explicit Repeats(const Value& mapping) : left_(mapping[value::repeated_keys]) {}
  bool any() const { return left_.is_object(); }
  Merged next(const value::Key& key) {
    const Value* list = left_.find(key);
    if (!list) return {};
    Value values = *list;
    auto items = values.items();
    if (items.size() < 2)
      left_ = left_.without_member(key);
    else
      left_ = left_.with_member(key, Value::array({items.begin() + 1, items.end()}));
    return items.empty() ? Merged() : Merged(items[0]);
  }
  void add_left(std::vector<value::Member>& members) const {
    if (left_.size()) members.push_back({value::repeated_keys, left_});
  }

 private:
  Value left_;
};

// A merge sets every field anew, and a scalar that was made and reads as no text gets quotes then; a date stays one.
Value kept_as_text(const Value& v) {
  if (!v.is_string() || (value::note_of(v) != value::Note::untagged && value::note_of(v) != value::Note::none))
    return v;
  Value made = value::made_text(v.as_string());
  return value::note_of(made) == value::Note::quoted ? made : v;
}

bool is_plain_scalar(const Value& v) {
  return !v.is_null() && !v.is_object() && !v.is_array();
}

// A field is written as what was there before, in braces or not, unless that was empty.
Value in_braces_of(const Value* target, const Value* patch, Value merged) {
  if (!target || (!merged.is_object() && !merged.is_array())) return merged;
  const Value& model = patch && target->empty() && (target->is_object() || target->is_array()) ? *patch : *target;
  bool in_braces = value::note_of(model) == value::Note::braces;
  return value::noted(std::move(merged), in_braces ? value::Note::braces : value::Note::none);
}

// `target` and `patch` may be one Value: then it is new here. Neither null: absent.
Result<Merged> merge(const Value* target, const Value* patch, const Slot& slot);

Result<Merged> merge_map(const Value* target, const Value* patch, const Slot& slot) {
  if (is_missing(target))
    target = patch;
  else if (patch && patch->is_null())
    return Merged();
  Value own;
  if (patch) {
    if (const Value* word = patch->find(kinds::patch_directive)) {
      Directive directive = OR_RETURN(directive_named(*word));
      if (directive == Directive::remove) return Merged();
      own = patch->without_member(kinds::patch_directive);
      if (directive == Directive::replace || target == patch) target = &own;
      patch = &own;
    }
  }
  std::vector<value::Member> members;
  bool changed = false;
  Repeats repeats(*target);
  auto add = [&](const value::Key& key, const Value* t, const Value* p) -> Result<> {
    // A mapping of very many texts is patched very often: no schema is asked about those that nobody speaks of.
    bool stays = !p && t && is_plain_scalar(*t);
    Merged merged = stays ? Merged(kept_as_text(*t)) : OR_RETURN(merge(t, p, slot.member(key)));
    if (!merged && repeats.any()) merged = repeats.next(key);
    changed = changed || !merged || !t || !same(*merged, *t);
    if (merged) members.push_back({key, in_braces_of(t, p, std::move(*merged))});
    return {};
  };
  auto done = [&] {
    if (!changed) return Merged(*target);
    repeats.add_left(members);
    return Merged(value::with_note_of(*target, Value::object(std::move(members))));
  };
  if (target == patch) {
    for (const auto& [key, item] : target->members())
      if (key.view() != value::repeated_keys) OR_RETURN(add(key, &item, &item));
    return done();
  }
  auto t = target->members();
  auto p = patch ? patch->members() : std::span<const value::Member>();
  size_t i = 0, j = 0;
  while (i < t.size() || j < p.size()) {
    if (i < t.size() && t[i].key.view() == value::repeated_keys) {
      ++i;
    } else if (j < p.size() && p[j].key.view() == value::repeated_keys) {
      ++j;  // a repeated key counts once, the first time; only what is taken over whole is refused later
    } else if (j == p.size() || (i < t.size() && t[i].key < p[j].key)) {
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
  return done();
}

bool is_gone(const Merged& merged) {
  return !merged || merged->is_null() || (merged->is_object() && merged->empty());
}

// A list of scalars (finalizers): the patch's first, each once.
Value merge_scalars(const Value* target, const Value* patch) {
  std::vector<Value> out;
  std::unordered_set<Value> there;
  for (const Value* list : {patch, target})
    if (list)
      for (const Value& item : list->items())
        if (there.insert(item).second) out.push_back(item);
  return Value::array(std::move(out));
}

// A list by the keys of its elements, step by step as there: elements are shared between lists, and looked up again
// after others changed.
class ListMerge {
 public:
  using Item = std::shared_ptr<Value>;
  using List = std::vector<Item>;
  using Texts = std::vector<std::string>;

  ListMerge(const Slot& slot, const Slot& element) : keys_(slot.keys), element_(element) {}

  static std::shared_ptr<List> list_of(const Value& array) {
    auto list = std::make_shared<List>();
    for (const Value& item : array.items()) list->push_back(std::make_shared<Value>(item));
    return list;
  }

  // null lists: absent; one list twice: new.
  Result<Value> run(std::shared_ptr<List> target, std::shared_ptr<List> patch) {
    size_t count = (target ? target->size() : 0) + (patch ? patch->size() : 0);
    if (count > kPairwiseMax)
      return fail(ErrorKind::too_large, "a list of more than {} elements is merged by {}", kPairwiseMax,
                  base::join(keys_, " and "));
    for (const auto& list : {patch, target})
      if (list) collect(*list);
    if (keys_.size() > 1) fill_gaps();
    List added;
    Texts keys, valid;
    for (const Texts& values : std::vector<Texts>(values_)) {
      keep_valid(values_, values, keys, valid);
      Texts own_keys, own_values;
      keep_valid({valid}, valid, own_keys, own_values, keys);
      Item t = target ? find(*target, own_keys, own_values) : nullptr,
           p = patch ? find(*patch, own_keys, own_values) : nullptr;
      Item item;
      if (t || p) {
        const Value* under = t.get();
        bool takes_patch =
            !under || under->is_null() || (p && p != t && (*p)[kinds::patch_directive].as_string() == "replace");
        Merged merged = OR_RETURN(merge(under, p.get(), element_));
        item = takes_patch && p ? p : t;
        if (merged)
          *item = std::move(*merged);
        else
          item = nullptr;
      }
      if (!item || item->is_null() || (item->is_object() && item->empty())) {
        if (target) OR_RETURN(set(*target, nullptr, keys, valid));
        continue;
      }
      for (size_t k = 0; k < keys.size(); ++k)
        if (!item->has(keys[k]) && !valid[k].empty()) *item = item->with_member(keys[k], value::read_plain(valid[k]));
      OR_RETURN(set(added, item, keys, valid));
    }
    if (values_.empty()) return to_value(target ? *target : List());
    if (target)
      for (const Item& item : List(*target)) {
        Texts found;
        for (const std::string& key : keys) {
          if (const Value* text = item->find(key))
            found.push_back(scalar_text(*text));
          else
            added.push_back(item);
        }
        if (keys.size() > 1) OR_RETURN(set(added, nullptr, keys, found));
        OR_RETURN(set(added, item, keys, found));
      }
    return to_value(added);
  }

  // Takes the elements out that have this value, or puts `item` in their place or at the end. Blank elements go.
  static Result<> set(List& list, const Item& item, const Texts& keys, const Texts& values) {
    List out;
    bool found = false, by_value = !values.empty() && !values[0].empty();
    for (const Item& at : list) {
      if (at->is_null() || (at->is_object() && at->empty())) continue;
      if (!at->is_object()) {
        if (!by_value) return fail(ErrorKind::invalid, "a list merged by \"{}\" has {}", keys[0], value::to_json(*at));
        out.push_back(at);
        continue;
      }
      const Value* match = nullptr;
      for (size_t k = 0; k < keys.size(); ++k) {
        if (k < values.size()) {
          match = at->find(keys[k]);
          if (match && !values[k].empty() && scalar_text(*match) != values[k]) match = nullptr;
        }
        if (!match) break;
      }
      if (!match) {
        if (!values.empty()) out.push_back(at);
        continue;
      }
      found = true;
      if (item) out.push_back(item);
    }
    list = std::move(out);
    if (item && !found) list.push_back(item);
    return {};
  }

  static Value to_value(const List& list) {
    std::vector<Value> out;
    out.reserve(list.size());
    for (const Item& item : list) out.push_back(*item);
    return Value::array(std::move(out));
  }

 private:
  void collect(const List& list) {
    for (const Item& item : list) {
      Texts values;
      for (const std::string& key : keys_) {
        const Value* found = item->find(key);
        values.push_back(found ? scalar_text(*found) : "");
        if (found && found->is_null()) values.back().clear();
      }
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
  // The keys that any of `all` has a value for, and these values of theirs.
  void keep_valid(const std::vector<Texts>& all, const Texts& values, Texts& keys, Texts& valid) const {
    keep_valid(all, values, keys, valid, keys_);
  }
  static void keep_valid(const std::vector<Texts>& all, const Texts& values, Texts& keys, Texts& valid,
                         const Texts& from) {
    Texts kept;
    valid.clear();
    for (size_t k = 0; k < from.size() && k < values.size(); ++k)
      if (std::ranges::any_of(all, [&](const Texts& v) { return k < v.size() && !v[k].empty(); })) {
        kept.push_back(from[k]);
        valid.push_back(values[k]);
      }
    if (kept.empty()) {
      kept = from;
      valid = values;
    }
    keys = std::move(kept);
  }
  static Item find(const List& list, const Texts& keys, const Texts& values) {
    for (const Item& item : list) {
      if (!item->is_object()) continue;
      bool all = true;
      for (size_t k = 0; k < keys.size() && all; ++k) {
        const Value* found = item->find(keys[k]);
        all = found && scalar_text(*found) == (k < values.size() ? values[k] : "");
      }
      if (all) return item;
    }
    return nullptr;
  }

  const Texts& keys_;
  const Slot& element_;
  std::vector<Texts> values_;
};

// Whether every element is a mapping with a text of its own under the key, none a directive.
bool is_simple(const Value* list, const std::string& key, std::unordered_map<std::string_view, size_t>& index) {
  if (!list) return true;
  auto items = list->items();
  for (size_t i = 0; i < items.size(); ++i) {
    const Value* name = items[i].find(key);
    if (!name || !name->is_string() || name->as_string().empty()) return false;
    if (!index.emplace(name->as_string(), i).second || items[i].has(kinds::patch_directive)) return false;
  }
  return true;
}

Result<Merged> merge_elements(const Value* target, const Value* patch, const Slot& slot, const Slot& element) {
  std::unordered_map<std::string_view, size_t> in_target, in_patch;
  if (slot.keys.size() == 1 && target != patch && is_simple(target, slot.keys[0], in_target) &&
      is_simple(patch, slot.keys[0], in_patch)) {
    std::vector<Value> out;
    bool changed = patch && !patch->empty(), gone = false;
    auto add = [&](const Value* t, const Value* p) -> Result<> {
      Merged merged = OR_RETURN(merge(t, p, element));
      gone = gone || is_gone(merged);
      if (is_gone(merged)) return {};
      changed = changed || !t || !same(*merged, *t);
      out.push_back(std::move(*merged));
      return {};
    };
    if (patch)
      for (const Value& item : patch->items()) {
        auto there = in_target.find(item[slot.keys[0]].as_string());
        OR_RETURN(add(there == in_target.end() ? nullptr : &(*target)[there->second], &item));
      }
    for (const Value& item : target->items())
      if (!in_patch.contains(item[slot.keys[0]].as_string())) OR_RETURN(add(&item, nullptr));
    if (!changed && !gone) return Merged(*target);
    return Merged(Value::array(std::move(out)));
  }
  auto theirs = target ? ListMerge::list_of(*target) : nullptr;
  auto ours = patch == target ? theirs : patch ? ListMerge::list_of(*patch) : nullptr;
  return Merged(OR_RETURN(ListMerge(slot, element).run(theirs, ours)));
}

Result<Merged> merge_list(const Value* target, const Value* patch, const Slot& slot) {
  if (patch && patch->is_null() && !is_missing(target)) return Merged();
  if (!slot.merges) return Merged(patch ? *patch : *target);
  Value own;
  if (is_missing(target)) {
    target = patch;  // its directives are elements like others then
  } else if (patch) {
    auto items = patch->items();
    auto word = std::ranges::find_if(items, [](const Value& v) { return v.has(kinds::patch_directive); });
    if (word != items.end() && word->size() == 1) {
      Directive directive = OR_RETURN(directive_named((*word)[kinds::patch_directive]));
      if (directive == Directive::remove) return Merged();
      auto list = ListMerge::list_of(*patch);
      ListMerge::Texts key{std::string(kinds::patch_directive)}, text{(*word)[kinds::patch_directive].str()};
      OR_RETURN(ListMerge::set(*list, nullptr, key, text));
      own = ListMerge::to_value(*list);
      if (directive == Directive::replace || target == patch) target = &own;
      patch = &own;
    }
  }
  if (slot.keys.empty()) {
    if (!patch) return Merged(*target);
    return Merged(merge_scalars(target, patch));
  }
  return merge_elements(target, patch, slot, slot.element());
}

enum class Shape { scalar, map, list };
Shape shape_of(const Value& v) {
  return v.is_object() ? Shape::map : v.is_array() ? Shape::list : Shape::scalar;
}
const char* words(Shape shape) {
  return shape == Shape::map ? "a mapping" : shape == Shape::list ? "a list" : "a scalar";
}

// What was written in quotes stays text, whatever is put there.
Value in_style_of(const Value& old, const Value& v) {
  if (!old.is_string() || value::note_of(old) != value::Note::quoted)
    return v.is_string() && value::note_of(v) == value::Note::quoted && !old.is_object() && !old.is_array()
               ? value::noted(v, value::Note::none)
               : v;
  return value::noted(Value(scalar_text(v)), value::Note::quoted);
}

Result<Merged> merge(const Value* target, const Value* patch, const Slot& slot) {
  if (is_missing(target) && is_missing(patch)) {
    // A null that was written stays unless the patch says something; one that was only left out goes.
    bool kept = target && !patch && value::note_of(*target) != value::Note::nothing &&
                value::note_of(*target) != value::Note::tag_alone;
    return kept ? Merged(*target) : Merged();
  }
  Shape shape = shape_of(is_missing(target) ? *patch : *target);
  if (!is_missing(target) && !is_missing(patch) && shape_of(*patch) != shape)
    return fail(ErrorKind::invalid, "the patch has {} where the resource has {}: {}", words(shape_of(*patch)),
                words(shape), value::to_json(*patch).substr(0, 120));
  switch (shape) {
    case Shape::map:
      if (!slot.known) return merge_map(target, patch, slot.by_kind_of(target, patch));
      return merge_map(target, patch, slot);
    case Shape::list:
      return merge_list(target, patch, slot);
    case Shape::scalar:
      break;
  }
  if (!patch) return Merged(kept_as_text(*target));
  if (patch->is_null()) return Merged();
  if (!target || target == patch) return Merged(kept_as_text(*patch));
  Value written = in_style_of(*target, *patch);  // quotes come with the next merge
  return Merged(value::note_of(written) == value::Note::untagged ? kept_as_text(written) : written);
}

}  // namespace

Result<std::optional<Value>> merge_over(const Value& target, const Value& patch, const KnownKinds* known) {
  return merge(&target, &patch, Slot{.kinds = known});
}

}  // namespace slipway::render::kustomize
