// Maps. set, unset and the merges change the map they are given, as in Go: others who hold it see the change.
#include "lang/sprig/families.h"

namespace slipway::lang::sprig {

namespace {

constexpr int kDepthMax = 1000;
constexpr size_t kEntryBytes = sizeof(Dict::Entry) + 16;

std::span<const Dict::Entry> entries(const Any& map) {
  return map.node() == nullptr ? std::span<const Dict::Entry>() : map.dict()->entries();
}
const Any* find(const Any& map, std::string_view key) {
  return map.node() == nullptr ? nullptr : map.dict()->find(key);
}

Any dict(Call& c) {
  if (!c.charge(c.size() / 2 * kEntryBytes + sizeof(Dict))) return Any();
  Any map = c.heap().map();
  for (size_t i = 0; i < c.size(); i += 2)
    map.dict()->set(value::Key(to_text(c[i])), i + 1 < c.size() ? c[i + 1] : Any::of(""));
  return map;
}

Any get(Call& c) {
  const Any* found = find(c[0], c.text(1));
  return found != nullptr ? *found : Any::of("");
}

Any set(Call& c) {
  if (c[0].node() == nullptr) return c.fail("assignment to entry in nil map");
  if (!c.charge(kEntryBytes)) return Any();
  c[0].dict()->set(value::Key(c.text(1)), c[2]);
  return c[0];
}

Any unset(Call& c) {
  if (c[0].node() != nullptr) c[0].dict()->erase(c.text(1));
  return c[0];
}

Any pluck(Call& c) {
  std::vector<Any> found;
  for (size_t i = 1; i < c.size(); ++i)
    if (const Any* v = find(c[i], c.text(0))) found.push_back(*v);
  return c.heap().list(std::move(found));
}

// Go's order is random; this one is sorted.
Any keys(Call& c) {
  std::vector<Any> all;
  for (const Any& map : c.arguments())
    for (const Dict::Entry& e : entries(map)) all.push_back(Any::of(e.key.view()));
  if (!c.charge(all.size() * sizeof(Any))) return Any();
  return c.heap().list(std::move(all), types::string_list);
}

Any values(Call& c) {
  std::vector<Any> all;
  for (const Dict::Entry& e : entries(c[0])) all.push_back(e.value);
  if (!c.charge(all.size() * sizeof(Any))) return Any();
  return c.heap().list(std::move(all));
}

Any pick(Call& c) {
  Any map = c.heap().map();
  if (!c.charge(c.size() * kEntryBytes)) return Any();
  for (size_t i = 1; i < c.size(); ++i)
    if (const Any* v = find(c[0], c.text(i))) map.dict()->set(value::Key(c.text(i)), *v);
  return map;
}

Any omit(Call& c) {
  Any map = c.heap().map();
  if (!c.charge(c[0].size() * kEntryBytes)) return Any();
  for (const Dict::Entry& e : entries(c[0])) {
    bool omitted = false;
    for (size_t i = 1; i < c.size() && !omitted; ++i) omitted = e.key.view() == c.text(i);
    if (!omitted) map.dict()->set(e.key, e.value);
  }
  return map;
}

// mergo.Merge of two maps: what dst lacks or has empty comes from src; with `overwrite` all of src counts. Maps on both
// sides are merged; what is taken from src is shared with it.
bool merge_into(Call& c, Dict& dst, const Any& src, bool overwrite, int depth) {
  if (depth > kDepthMax) {
    c.fail("maps nested too deeply to be merged");
    return false;
  }
  if (src.node() == nullptr || src.dict() == &dst) return true;
  // src may change while it is read, if it is also below dst.
  std::vector<Dict::Entry> all(entries(src).begin(), entries(src).end());
  if (!c.spend(all.size())) return false;
  for (Dict::Entry& e : all) {
    if (e.value.is_nil()) {
      if (overwrite) dst.set(e.key, Any());
      continue;
    }
    const Any* found = dst.find(e.key);
    Any old = found != nullptr ? *found : Any();
    if (e.value.is_map() && old.is_map() && old.node() != nullptr &&
        !merge_into(c, *old.dict(), e.value, overwrite, depth + 1))
      return false;
    bool empty = old.is_nil() || is_empty(old);
    if (!empty && e.value.is_map() && old.is_map()) continue;
    if (!overwrite && !empty) continue;
    if (!c.charge(kEntryBytes)) return false;
    dst.set(e.key, std::move(e.value));
  }
  return true;
}

template <bool Overwrite>
Any merge(Call& c) {
  Any dst = c[0];
  for (size_t i = 1; i < c.size(); ++i) {
    if (dst.node() == nullptr && c[i].node() != nullptr) dst = c.heap().map();
    if (dst.node() != nullptr && !merge_into(c, *dst.dict(), c[i], Overwrite, 0)) return Any();
  }
  return dst;
}

Any copy(Call& c, const Any& v, int depth) {
  if (depth > kDepthMax) return c.fail("nested too deeply to be copied");
  if (c.failed() || v.node() == nullptr || v.is_bytes()) return v;
  if (v.is_list()) {
    // A list never changes, but what is in it may.
    if (!c.charge(v.size() * sizeof(Any))) return Any();
    std::vector<Any> items;
    items.reserve(v.size());
    for (const Any& item : v.list()->items()) items.push_back(copy(c, item, depth + 1));
    return c.heap().list(std::move(items), *v.type());
  }
  if (!v.is_map()) return v;
  if (const Value* whole = v.dict()->untouched()) return c.heap().map(*v.type(), *whole);
  if (!c.charge(v.size() * kEntryBytes)) return Any();
  Any map = c.heap().map(*v.type());
  for (const Dict::Entry& e : entries(v)) map.dict()->set(e.key, copy(c, e.value, depth + 1));
  return map;
}

std::string wrong_interface(const Any& v, std::string_view wanted) {
  return fmt::format("interface conversion: interface {{}} is {}, not {}", v.is_nil() ? "nil" : v.type_name(), wanted);
}

Any dig(Call& c) {
  size_t n = c.size();
  if (n < 3) return c.fail("dig needs at least three arguments");
  Any at = c[n - 1];
  if (at.type() != &types::any_map) return c.fail(wrong_interface(at, types::any_map.name));
  for (size_t i = 0; i + 2 < n; ++i)
    if (c[i].type() != &types::string) return c.fail(wrong_interface(c[i], "string"));
  for (size_t i = 0; i + 2 < n; ++i) {
    if (at.type() != &types::any_map) return c.fail(wrong_interface(at, types::any_map.name));
    const Any* found = find(at, c.text(i));
    if (found == nullptr) return c[n - 2];
    at = Any(*found);
  }
  return at;
}

}  // namespace

void add_dicts(Functions& f) {
  f.add("dict", "(...any) map[string]any", dict);
  f.add("get", "(map[string]any, string) any", get);
  f.add("set", "(map[string]any, string, any) map[string]any", set);
  f.add("unset", "(map[string]any, string) map[string]any", unset);
  f.add("hasKey", "(map[string]any, string) bool", [](Call& c) { return Any::of(find(c[0], c.text(1)) != nullptr); });
  f.add("pluck", "(string, ...map[string]any) []any", pluck);
  f.add("keys", "(...map[string]any) []string", keys);
  f.add("values", "(map[string]any) []any", values);
  f.add("pick", "(map[string]any, ...string) map[string]any", pick);
  f.add("omit", "(map[string]any, ...string) map[string]any", omit);
  add_must(f, "merge", "mustMerge", "(map[string]any, ...map[string]any) any", merge<false>);
  add_must(f, "mergeOverwrite", "mustMergeOverwrite", "(map[string]any, ...map[string]any) any", merge<true>);
  add_must(f, "deepCopy", "mustDeepCopy", "(any) any", [](Call& c) {
    if (c[0].is_nil()) return c.fail("reflect: call of reflect.Value.Type on zero Value");
    return copy(c, c[0], 0);
  });
  f.add("dig", "(...any) any", dig);
}

}  // namespace slipway::lang::sprig
