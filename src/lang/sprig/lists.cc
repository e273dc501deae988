// Lists: always new ones; none is changed in place.
#include <algorithm>
#include <cmath>

#include "lang/sprig/families.h"

namespace slipway::lang::sprig {

namespace {

Any list_of(Call& c, std::vector<Any> items) {
  for (Any& item : items) item = std::move(item).unheld();
  if (!c.charge(items.size() * sizeof(Any))) return Any();
  return c.heap().list(std::move(items));
}

bool contains(Call& c, const std::vector<Any>& items, const Any& needle) {
  if (!c.spend(1 + items.size() / 16)) return true;
  return std::any_of(items.begin(), items.end(),
                     [&needle](const Any& item) { return gotemplate::deep_equal(needle, item); });
}

Any list(Call& c) {
  return list_of(c, {c.arguments().begin(), c.arguments().end()});
}

Any push(Call& c) {
  std::vector<Any> items;
  if (!elements(c, c[0], "Cannot push on type", items)) return Any();
  items.push_back(c[1]);
  return list_of(c, std::move(items));
}

Any prepend(Call& c) {
  std::vector<Any> items;
  if (!elements(c, c[0], "Cannot prepend on type", items)) return Any();
  items.insert(items.begin(), c[1]);
  return list_of(c, std::move(items));
}

Any first(Call& c) {
  std::vector<Any> items;
  if (!elements(c, c[0], "Cannot find first on type", items)) return Any();
  return items.empty() ? Any() : items.front();
}

Any last(Call& c) {
  std::vector<Any> items;
  if (!elements(c, c[0], "Cannot find last on type", items)) return Any();
  return items.empty() ? Any() : items.back();
}

Any rest(Call& c) {
  std::vector<Any> items;
  if (!elements(c, c[0], "Cannot find rest on type", items)) return Any();
  if (items.empty()) return nil_list();
  items.erase(items.begin());
  return list_of(c, std::move(items));
}

Any initial(Call& c) {
  std::vector<Any> items;
  if (!elements(c, c[0], "Cannot find initial on type", items)) return Any();
  if (items.empty()) return nil_list();
  items.pop_back();
  return list_of(c, std::move(items));
}

Any reverse(Call& c) {
  std::vector<Any> items;
  if (!elements(c, c[0], "Cannot find reverse on type", items)) return Any();
  std::reverse(items.begin(), items.end());
  return list_of(c, std::move(items));
}

Any compact(Call& c) {
  std::vector<Any> items;
  if (!elements(c, c[0], "Cannot compact on type", items)) return Any();
  std::erase_if(items, is_empty);
  return list_of(c, std::move(items));
}

Any uniq(Call& c) {
  std::vector<Any> items, out;
  if (!elements(c, c[0], "Cannot find uniq on type", items)) return Any();
  for (Any& item : items)
    if (!contains(c, out, item)) out.push_back(std::move(item));
  return list_of(c, std::move(out));
}

Any without(Call& c) {
  std::vector<Any> items;
  if (!elements(c, c[0], "Cannot find without on type", items)) return Any();
  std::vector<Any> omitted(c.arguments().begin() + 1, c.arguments().end());
  std::erase_if(items, [&](const Any& item) { return contains(c, omitted, item); });
  return list_of(c, std::move(items));
}

Any has(Call& c) {
  if (c[1].is_nil()) return Any::of(false);
  std::vector<Any> items;
  if (!elements(c, c[1], "Cannot find has on type", items)) return Any();
  return Any::of(contains(c, items, c[0]));
}

Any slice(Call& c) {
  std::vector<Any> items;
  if (!elements(c, c[0], "list should be type of slice or array but", items)) return Any();
  if (items.empty()) return Any();
  int64_t start = c.size() > 1 ? to_int64(c[1]) : 0;
  auto size = static_cast<int64_t>(items.size());
  int64_t end = c.size() > 2 ? to_int64(c[2]) : size;
  if (start < 0 || end < start || end > size) return c.fail("reflect.Value.Slice: slice index out of bounds");
  if (c[0].is_bytes())
    return gotemplate::bytes_of(
        std::string(c[0].bytes().substr(static_cast<size_t>(start), static_cast<size_t>(end - start))));
  return c.heap().list({items.begin() + start, items.begin() + end}, *c[0].type());
}

Any concat(Call& c) {
  std::vector<Any> all;
  for (const Any& list : c.arguments()) {
    if (list.is_nil()) return c.fail(std::string(kNilDereference));
    if (!list.is_list())
      return c.fail(fmt::format("Cannot concat type {} as list", gotemplate::to_string(list.kind())));
    std::vector<Any> items;
    if (!elements(c, list, "", items)) return Any();
    all.insert(all.end(), items.begin(), items.end());
  }
  return all.empty() ? nil_list() : list_of(c, std::move(all));
}

Any chunk(Call& c) {
  std::vector<Any> items;
  if (!elements(c, c[1], "Cannot chunk type", items)) return Any();
  int64_t size = c.integer(0);
  if (size <= 0) {
    // What Go's arithmetic makes of it: a count, and for the only group the rest of a division, that may be right.
    auto count = static_cast<int64_t>(items.size());
    double groups = size == 0 ? -1 : std::floor(static_cast<double>(count - 1) / static_cast<double>(size)) + 1;
    int64_t rest = size == 0 ? 0 : count % size;
    if (groups == 0) return c.heap().list({}, types::any_list_list);
    if (groups != 1 || rest <= 0) return c.fail("runtime error: makeslice: len out of range");
    return c.heap().list({list_of(c, {items.begin(), items.begin() + rest})}, types::any_list_list);
  }
  std::vector<Any> groups;
  for (size_t i = 0; i < items.size(); i += static_cast<size_t>(size)) {
    size_t end = std::min(items.size(), i + static_cast<size_t>(size));
    groups.push_back(
        list_of(c, {items.begin() + static_cast<ptrdiff_t>(i), items.begin() + static_cast<ptrdiff_t>(end)}));
  }
  return c.heap().list(std::move(groups), types::any_list_list);
}

}  // namespace

void add_lists(Functions& f) {
  add_must(f, "list", "tuple", "(...any) []any", list);
  add_must(f, "append", "mustAppend", "(any, any) []any", push);
  add_must(f, "push", "mustPush", "(any, any) []any", push);
  add_must(f, "prepend", "mustPrepend", "(any, any) []any", prepend);
  add_must(f, "first", "mustFirst", "(any) any", first);
  add_must(f, "last", "mustLast", "(any) any", last);
  add_must(f, "rest", "mustRest", "(any) []any", rest);
  add_must(f, "initial", "mustInitial", "(any) []any", initial);
  add_must(f, "reverse", "mustReverse", "(any) []any", reverse);
  add_must(f, "compact", "mustCompact", "(any) []any", compact);
  add_must(f, "uniq", "mustUniq", "(any) []any", uniq);
  add_must(f, "without", "mustWithout", "(any, ...any) []any", without);
  add_must(f, "has", "mustHas", "(any, any) bool", has);
  add_must(f, "slice", "mustSlice", "(any, ...any) any", slice);
  add_must(f, "chunk", "mustChunk", "(int, any) [][]any", chunk);
  f.add("concat", "(...any) any", concat);
}

}  // namespace slipway::lang::sprig
