// JSON patch follows evanphx/json-patch v4, which the API server and kustomize use: its leniencies (`replace` of a
// missing member adds it, `add` without value adds null, `copy` from a missing member copies null, `test` of a missing
// member against null holds, indices may count from the end) and its texts.
#include "value/patch.h"

#include <algorithm>
#include <deque>

#include "base/text.h"

namespace slipway::value {

namespace {

constexpr size_t kOperationsMax = 10'000;
constexpr size_t kCopiedBytesMax =
    3 << 20;  // what all copies together may add; sharing makes them free here, not when written
constexpr size_t kRewrittenMax = 30'000'000;  // members and items beside those that change, written anew: some 0.4 s
constexpr int kDepthMax = 1000;
constexpr int kMergeDepthMax = 2000;

using Path = std::vector<std::string>;

// An index as strconv.Atoi reads it; negative ones count from `size`.
Result<size_t> index_in(std::string_view text, size_t size) {
  std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
  auto n = base::parse_int(digits);
  if (!n) return fail(ErrorKind::invalid, "strconv.Atoi: parsing \"{}\": invalid syntax", text);
  long long limit = static_cast<long long>(size), i = *n < 0 ? *n + limit : *n;
  if (i < 0 || i >= limit)
    return fail(ErrorKind::invalid, "Unable to access invalid index: {}: invalid index referenced", *n);
  return static_cast<size_t>(i);
}

// The value at the path, or null when there is none.
const Value* lookup(const Value& doc, const Path& path, size_t length) {
  const Value* here = &doc;
  for (size_t i = 0; i < length && here != nullptr; ++i) {
    if (here->is_array()) {
      auto at = index_in(path[i], here->size());
      here = at ? &here->items()[*at] : nullptr;
    } else {
      here = here->find(path[i]);
    }
  }
  return here;
}

// How many members and items a change at the path writes anew: all that stand beside it on the way.
size_t rewritten_by(const Value& doc, const Path& path) {
  size_t count = 0;
  const Value* here = &doc;
  for (size_t i = 0; i < path.size() && here != nullptr; ++i) {
    count += here->size();
    here = lookup(*here, {path[i]}, 1);
  }
  return count;
}

// The document with another parent of path.back(), as `change(parent, last)` makes it.
template <class F>
Result<Value> at_parent(const Value& doc, const Path& path, std::string_view operation, F&& change) {
  std::vector<const Value*> way = {&doc};
  for (size_t i = 0; i + 1 < path.size(); ++i) {
    const Value* next = lookup(*way.back(), {path[i]}, 1);
    if (next == nullptr || !(next->is_array() || next->is_object())) {
      std::string pointer;
      for (const std::string& segment : path) pointer += "/" + pointer_escape(segment);
      return fail(ErrorKind::invalid, "{} operation does not apply: doc is missing path: \"{}\": missing value",
                  operation, pointer);
    }
    way.push_back(next);
  }
  Value v = OR_RETURN(change(*way.back(), std::string_view(path.back())));
  for (size_t i = path.size() - 1; i > 0; --i) {
    const Value& parent = *way[i - 1];
    v = parent.is_array() ? parent.with_item(*index_in(path[i - 1], parent.size()), std::move(v))
                          : parent.with_member(path[i - 1], std::move(v));
  }
  return v;
}

Result<Value> add(const Value& doc, const Path& path, Value v, std::string_view operation) {
  if (path.empty()) return v;
  return at_parent(doc, path, operation, [&v](const Value& parent, std::string_view last) -> Result<Value> {
    if (!parent.is_array()) return parent.with_member(last, std::move(v));
    size_t at = last == "-" ? parent.size() : OR_RETURN(index_in(last, parent.size() + 1));
    std::vector<Value> items(parent.items().begin(), parent.items().end());
    items.insert(items.begin() + static_cast<ptrdiff_t>(at), std::move(v));
    return Value::array(std::move(items));
  });
}

Result<Value> remove(const Value& doc, const Path& path, std::string_view operation) {
  if (path.empty())
    return fail(ErrorKind::invalid, "{} operation does not apply: the whole document cannot be removed", operation);
  return at_parent(doc, path, operation, [](const Value& parent, std::string_view last) -> Result<Value> {
    if (!parent.is_array()) {
      if (!parent.has(last))
        return fail(ErrorKind::invalid, "Unable to remove nonexistent key: {}: missing value", last);
      return parent.without_member(last);
    }
    size_t at = OR_RETURN(index_in(last, parent.size()));
    std::vector<Value> items(parent.items().begin(), parent.items().end());
    items.erase(items.begin() + static_cast<ptrdiff_t>(at));
    return Value::array(std::move(items));
  });
}

Result<Value> replace(const Value& doc, const Path& path, Value v) {
  if (path.empty()) return v;
  return at_parent(doc, path, "replace", [&v](const Value& parent, std::string_view last) -> Result<Value> {
    if (!parent.is_array()) return parent.with_member(last, std::move(v));
    return parent.with_item(OR_RETURN(index_in(last, parent.size())), std::move(v));
  });
}

// About the length of the JSON text; stops counting past the limit.
size_t text_size(const Value& v, size_t limit) {
  size_t total = 0;
  std::vector<const Value*> open = {&v};
  while (!open.empty() && total <= limit) {
    const Value& here = *open.back();
    open.pop_back();
    total += 4 + here.as_string().size();
    for (const Value& item : here.items()) open.push_back(&item);
    for (const Member& m : here.members()) {
      total += m.key.view().size() + 4;
      open.push_back(&m.value);
    }
  }
  return total;
}

bool deeper_than(const Value& v, int limit) {
  std::vector<std::pair<const Value*, int>> open = {{&v, 0}};
  while (!open.empty()) {
    auto [here, depth] = open.back();
    open.pop_back();
    if (depth > limit) return true;
    for (const Value& item : here->items())
      if (!item.empty()) open.emplace_back(&item, depth + 1);
    for (const Member& m : here->members())
      if (!m.value.empty()) open.emplace_back(&m.value, depth + 1);
  }
  return false;
}

Result<Path> path_of(const Value& operation, std::string_view member) {
  const Value& text = operation[member];
  if (!text.is_string())
    return fail(ErrorKind::invalid, "expected \"{}\" with a JSON pointer such as \"/spec/replicas\"", member);
  if (!text.as_string().empty() && text.as_string()[0] != '/')
    return fail(ErrorKind::invalid, "expected a JSON pointer that begins with '/' as \"{}\", found \"{}\"", member,
                text.as_string());
  return pointer_split(text.as_string());
}

struct Spent {
  size_t copied = 0, rewritten = 0;
};

Result<Value> apply(const Value& doc, const Value& operation, Spent& spent) {
  std::string_view op = operation["op"].is_string() ? operation["op"].as_string() : "unknown";
  static const std::vector<std::string> known = {"add", "remove", "replace", "move", "copy", "test"};
  if (std::find(known.begin(), known.end(), op) == known.end())
    return fail(ErrorKind::invalid, "Unexpected kind: {}", op);
  Path path = OR_RETURN(path_of(operation, "path"));
  std::string_view pointer = operation["path"].as_string();
  if (op != "test") spent.rewritten += rewritten_by(doc, path);
  if (spent.rewritten > kRewrittenMax)
    return fail(
        ErrorKind::too_large,
        "these operations would write {} members anew, each beside what it changes; at most {}: use a merge patch",
        spent.rewritten, kRewrittenMax);
  if (op == "add") return add(doc, path, operation["value"], "add");
  if (op == "replace") return replace(doc, path, operation["value"]);
  if (op == "remove")
    return remove(doc, path, "remove").context(fmt::format("error in remove for path: '{}'", pointer));
  if (op == "test") {
    const Value* found = lookup(doc, path, path.size());
    if ((found == nullptr ? Value() : *found) == operation["value"]) return doc;
    return fail(ErrorKind::invalid, "testing value {} failed: test failed", pointer);
  }
  Path from = OR_RETURN(path_of(operation, "from"));
  if (lookup(doc, from, from.empty() ? 0 : from.size() - 1) == nullptr)
    return fail(ErrorKind::invalid, "{} operation does not apply: doc is missing from path: {}: missing value", op,
                operation["from"].as_string());
  const Value* found = lookup(doc, from, from.size());
  Value moved = found == nullptr ? Value() : *found;
  if (op == "copy") {
    spent.copied += text_size(moved, kCopiedBytesMax);
    if (spent.copied > kCopiedBytesMax)
      return fail(ErrorKind::too_large,
                  "Unable to complete the copy, the accumulated size increase of copy is {}, exceeding the limit {}",
                  spent.copied, kCopiedBytesMax);
    return add(doc, path, std::move(moved), "copy");
  }
  if (path.size() > from.size() && std::equal(from.begin(), from.end(), path.begin()))
    return fail(ErrorKind::invalid, "move operation does not apply: {} lies inside {}", pointer,
                operation["from"].as_string());
  Value without = OR_RETURN(remove(doc, from, "move"));
  return add(without, path, std::move(moved), "move");
}

}  // namespace

Result<Value> json_patch(const Value& target, const Value& operations) {
  if (!operations.is_array())
    return fail(ErrorKind::invalid, "a JSON patch is a list of operations, found {}", to_string(operations.type()));
  if (operations.size() > kOperationsMax)
    return fail(ErrorKind::too_large, "The allowed maximum operations in a JSON patch is {}, got {}", kOperationsMax,
                operations.size());
  Value doc = target;
  Spent spent;
  for (size_t i = 0; i < operations.size(); ++i) {
    const Value& operation = operations[i];
    if (!operation.is_object())
      return fail(ErrorKind::invalid, "operation {}: expected an object, found {}", i, to_string(operation.type()));
    doc = OR_RETURN(apply(doc, operation, spent)
                        .context(fmt::format("operation {} ({} {})", i, operation["op"].as_string("unknown"),
                                             operation["path"].as_string("without path"))));
  }
  if (deeper_than(doc, kDepthMax))
    return fail(ErrorKind::too_large, "the patched object is nested deeper than {} levels", kDepthMax);
  return doc;
}

namespace {

Value merge(const Value& target, const Value& patch, int depth) {
  if (!patch.is_object() || depth > kMergeDepthMax) return patch;
  if (patch.empty() && target.is_object()) return target;
  auto a = target.members(), b = patch.members();
  std::vector<Member> merged;
  merged.reserve(a.size() + b.size());
  size_t i = 0;
  for (const Member& m : b) {
    while (i < a.size() && a[i].key < m.key) merged.push_back(a[i++]);
    bool there = i < a.size() && a[i].key == m.key;
    if (!m.value.is_null()) merged.push_back({m.key, merge(there ? a[i].value : Value(), m.value, depth + 1)});
    i += there;
  }
  while (i < a.size()) merged.push_back(a[i++]);
  return Value::object(std::move(merged));
}

Value diff(const Value& from, const Value& to, int depth) {
  if (!from.is_object() || !to.is_object() || depth > kMergeDepthMax) return to;
  auto a = from.members(), b = to.members();
  std::vector<Member> changes;
  for (size_t i = 0, j = 0; i < a.size() || j < b.size();) {
    if (j == b.size() || (i < a.size() && a[i].key < b[j].key)) {
      changes.push_back({a[i++].key, nullptr});
    } else if (i == a.size() || b[j].key < a[i].key) {
      changes.push_back(b[j++]);
    } else {
      if (!(a[i].value == b[j].value)) changes.push_back({b[j].key, diff(a[i].value, b[j].value, depth + 1)});
      ++i, ++j;
    }
  }
  return Value::object(std::move(changes));
}

}  // namespace

Value merge_patch(const Value& target, const Value& patch) {
  return merge(target, patch, 0);
}

Value merge_diff(const Value& from, const Value& to) {
  return diff(from, to, 0);
}

std::vector<std::string> differences(const Value& a, const Value& b, size_t limit) {
  struct Pair {
    const Value *a, *b;
    std::string pointer;
  };
  std::vector<std::string> found;
  std::deque<Pair> open = {{&a, &b, ""}};
  while (!open.empty() && found.size() < limit) {
    auto [x, y, pointer] = std::move(open.front());
    open.pop_front();
    if (x != nullptr && y != nullptr && *x == *y) continue;
    bool both = x != nullptr && y != nullptr;
    if (both && x->is_object() && y->is_object()) {
      auto p = x->members(), q = y->members();
      for (size_t i = 0, j = 0; i < p.size() || j < q.size();) {
        bool left = j == q.size() || (i < p.size() && !(q[j].key < p[i].key));
        bool right = i == p.size() || (j < q.size() && !(p[i].key < q[j].key));
        std::string below = pointer + "/" + pointer_escape(left ? p[i].key.view() : q[j].key.view());
        open.push_back({left ? &p[i].value : nullptr, right ? &q[j].value : nullptr, std::move(below)});
        i += left;
        j += right;
      }
    } else if (both && x->is_array() && y->is_array()) {
      for (size_t i = 0; i < std::max(x->size(), y->size()); ++i)
        open.push_back({i < x->size() ? &x->items()[i] : nullptr, i < y->size() ? &y->items()[i] : nullptr,
                        fmt::format("{}/{}", pointer, i)});
    } else {
      found.push_back(std::move(pointer));
    }
  }
  return found;
}

}  // namespace slipway::value
