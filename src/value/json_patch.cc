// JSON patch follows evanphx/json-patch v4, which the API server and kustomize use: its leniencies (`replace` of a
// missing member adds it, `add` without value adds null, `copy` from a missing member copies null, `test` of a missing
// member against null holds, indices may count from the end) and its texts.
//
// The operations work on a draft: what they change is opened once and closed at the end, so that a patch costs what it
// touches and not, for each operation, all that stands beside.
#include <algorithm>
#include <deque>
#include <map>

#include "base/text.h"
#include "value/number.h"
#include "value/patch.h"

namespace slipway::value {

namespace {

constexpr size_t kOperationsMax = 10'000;
constexpr size_t kCopiedBytesMax =
    3 << 20;  // what all copies together may add; sharing makes them free here, not when written
constexpr size_t kTouchedMax = 30'000'000;  // members and items opened, closed or moved aside: about a second
constexpr size_t kDepthMax = 1000;

using Path = std::vector<std::string>;

// An index as strconv.Atoi reads it; negative ones count from `size`.
Result<size_t> index_in(std::string_view text, size_t size) {
  auto n = go_atoi(text);
  if (!n) return fail(ErrorKind::invalid, "strconv.Atoi: parsing \"{}\": invalid syntax", text);
  int64_t limit = static_cast<int64_t>(size), i = *n < 0 ? *n + limit : *n;
  if (i < 0 || i >= limit)
    return fail(ErrorKind::invalid, "Unable to access invalid index: {}: invalid index referenced", *n);
  return static_cast<size_t>(i);
}

const Value* child_of(const Value& v, std::string_view token) {
  if (!v.is_array()) return v.find(token);
  auto at = index_in(token, v.size());
  return at ? &v.items()[*at] : nullptr;
}

// A value that may be open: then its children are drafts of their own.
class Draft {
 public:
  Draft(Value v) : value_(std::move(v)) {}

  bool is_array() const { return value_.is_array(); }
  bool is_container() const { return value_.is_array() || value_.is_object(); }

  // The children, which can be changed; of a container only.
  std::deque<Draft>& items(size_t& touched) {
    open(touched);
    return opened_->items;
  }
  std::map<Key, Draft>& members(size_t& touched) {
    open(touched);
    return opened_->members;
  }
  // The child, to be changed or looked into; null when there is none.
  Draft* child(std::string_view token, size_t& touched) {
    if (!is_container()) return nullptr;
    if (is_array()) {
      auto& all = items(touched);
      auto at = index_in(token, all.size());
      return at ? &all[*at] : nullptr;
    }
    auto& all = members(touched);
    auto found = all.find(Key(token));
    return found == all.end() ? nullptr : &found->second;
  }
  // What stands at the path, opening nothing; none when there is nothing.
  std::optional<Value> read(std::span<const std::string> path, size_t& touched) const {
    const Draft* here = this;
    size_t i = 0;
    for (; i < path.size() && here->opened_; ++i) {
      here = here->opened_child(path[i]);
      if (here == nullptr) return std::nullopt;
    }
    if (here->opened_) return here->closed(touched);
    const Value* value = &here->value_;
    for (; i < path.size() && value != nullptr; ++i) value = child_of(*value, path[i]);
    return value == nullptr ? std::nullopt : std::optional(*value);
  }
  Value closed(size_t& touched) const {
    if (!opened_) return value_;
    touched += opened_->items.size() + opened_->members.size();
    if (is_array()) {
      std::vector<Value> items;
      items.reserve(opened_->items.size());
      for (const Draft& item : opened_->items) items.push_back(item.closed(touched));
      return Value::array(std::move(items));
    }
    std::vector<Member> members;
    members.reserve(opened_->members.size());
    for (const auto& [key, draft] : opened_->members) members.push_back({key, draft.closed(touched)});
    return Value::object(std::move(members));
  }

 private:
  struct Opened {
    std::deque<Draft> items;
    std::map<Key, Draft> members;
  };
  void open(size_t& touched) {
    if (opened_) return;
    opened_ = std::make_unique<Opened>();
    touched += value_.size();
    for (const Value& item : value_.items()) opened_->items.emplace_back(item);
    for (const Member& m : value_.members()) opened_->members.emplace_hint(opened_->members.end(), m.key, m.value);
    value_ = value_.is_array() ? Value::array() : Value::object();
  }
  const Draft* opened_child(std::string_view token) const {
    if (is_array()) {
      auto at = index_in(token, opened_->items.size());
      return at ? &opened_->items[*at] : nullptr;
    }
    auto found = opened_->members.find(Key(token));
    return found == opened_->members.end() ? nullptr : &found->second;
  }

  Value value_;  // when open: the empty value of its type
  std::unique_ptr<Opened> opened_;
};

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

bool deeper_than(const Value& v, size_t limit) {
  std::vector<std::pair<const Value*, size_t>> open = {{&v, 0}};
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

Error too_deep() {
  return fail(ErrorKind::too_large, "the patched object is nested deeper than {} levels", kDepthMax);
}

Result<Path> path_of(const Value& operation, std::string_view member) {
  const Value& text = operation[member];
  if (!text.is_string())
    return fail(ErrorKind::invalid, "expected \"{}\" with a JSON pointer such as \"/spec/replicas\"", member);
  if (!text.as_string().empty() && text.as_string()[0] != '/')
    return fail(ErrorKind::invalid, "expected a JSON pointer that begins with '/' as \"{}\", found \"{}\"", member,
                text.as_string());
  Path path = pointer_split(text.as_string());
  if (path.size() > kDepthMax + 1) return too_deep();
  return path;
}

// One patch under way.
class Patching {
 public:
  Patching(const Value& target, size_t* copied_bytes) : doc_(target), copied_bytes_(copied_bytes) {}

  Result<> apply(const Value& operation) {
    std::string_view op = operation["op"].is_string() ? operation["op"].as_string() : "unknown";
    static const std::vector<std::string> known = {"add", "remove", "replace", "move", "copy", "test"};
    if (std::find(known.begin(), known.end(), op) == known.end())
      return fail(ErrorKind::invalid, "Unexpected kind: {}", op);
    Path path = OR_RETURN(path_of(operation, "path"));
    std::string_view pointer = operation["path"].as_string();
    if (touched_ > kTouchedMax)
      return fail(ErrorKind::too_large, "these operations touch more than {} members and items: use a merge patch",
                  kTouchedMax);
    if (op == "add") return add(path, operation["value"], "add");
    if (op == "replace") return replace(path, operation["value"]);
    if (op == "remove") return remove(path, "remove").context(fmt::format("error in remove for path: '{}'", pointer));
    if (op == "test") {
      Value there = OR_RETURN(get(path, [&](std::string_view why) {
        return why.empty() ? fmt::format("test operation does not apply: is missing path: {}: missing value", pointer)
                           : fmt::format("error in test for path: '{}': {}", pointer, why);
      }));
      if (there == operation["value"]) return {};
      return fail(ErrorKind::invalid, "testing value {} failed: test failed", pointer);
    }
    Path from = OR_RETURN(path_of(operation, "from"));
    std::string_view source = operation["from"].as_string();
    Value moved = OR_RETURN(get(from, [&](std::string_view why) {
      return why.empty()
                 ? fmt::format("{} operation does not apply: doc is missing from path: {}: missing value", op, source)
                 : fmt::format("error in {} for from: '{}': {}", op, source, why);
    }));
    if (op == "copy") {
      copied_ += text_size(moved, kCopiedBytesMax);
      if (copied_ > kCopiedBytesMax)
        return fail(ErrorKind::too_large,
                    "Unable to complete the copy, the accumulated size increase of copy is {}, exceeding the limit {}",
                    copied_, kCopiedBytesMax);
      if (copied_bytes_) *copied_bytes_ += moved.memory_bytes();
      return add(path, std::move(moved), "copy");
    }
    if (path.size() > from.size() && std::equal(from.begin(), from.end(), path.begin()))
      return fail(ErrorKind::invalid, "move operation does not apply: {} lies inside {}", pointer, source);
    OR_RETURN(remove(from, "move"));
    return add(path, std::move(moved), "move");
  }

  Value take() { return doc_.closed(touched_); }

 private:
  // What stands there; null for a key that an object lacks. `words`: of the refusal, for a reason that may be empty.
  template <class Words>
  Result<Value> get(const Path& path, Words words) {
    if (auto there = doc_.read(path, touched_)) return *there;
    auto parent = doc_.read(std::span(path).first(path.size() - 1), touched_);
    if (!parent || (!parent->is_object() && !parent->is_array())) return Error(ErrorKind::invalid, words(""));
    if (parent->is_object()) return Value();
    return Error(ErrorKind::invalid, words(index_in(path.back(), parent->size()).error().message()));
  }
  Result<Draft*> parent_of(const Path& path, std::string_view operation) {
    Draft* here = &doc_;
    for (size_t i = 0; i + 1 < path.size(); ++i) {
      here = here->child(path[i], touched_);
      if (here == nullptr || !here->is_container()) {
        std::string pointer;
        for (const std::string& segment : path) pointer += "/" + pointer_escape(segment);
        return fail(ErrorKind::invalid, "{} operation does not apply: doc is missing path: \"{}\": missing value",
                    operation, pointer);
      }
    }
    return here;
  }
  std::deque<Draft>& items_to_shift(Draft& list, size_t at) {
    auto& items = list.items(touched_);
    touched_ += std::min(at, items.size() - at) / 4;  // moving one aside is cheap
    return items;
  }
  void put(Draft& object, std::string_view name, Value v) {
    // Whatever is no container is exchanged by an object, as with_member() does.
    if (!object.is_container()) object = Draft(Value::object());
    object.members(touched_).insert_or_assign(Key(name), Draft(std::move(v)));
  }

  Result<> add(const Path& path, Value v, std::string_view operation) {
    if (path.empty()) {
      doc_ = Draft(std::move(v));
      return {};
    }
    Draft& parent = *OR_RETURN(parent_of(path, operation));
    if (!parent.is_array()) {
      put(parent, path.back(), std::move(v));
      return {};
    }
    size_t size = parent.items(touched_).size();
    size_t at = path.back() == "-" ? size : OR_RETURN(index_in(path.back(), size + 1));
    auto& items = items_to_shift(parent, at);
    items.insert(items.begin() + static_cast<ptrdiff_t>(at), Draft(std::move(v)));
    return {};
  }

  Result<> remove(const Path& path, std::string_view operation) {
    if (path.empty())
      return fail(ErrorKind::invalid, "{} operation does not apply: the whole document cannot be removed", operation);
    Draft& parent = *OR_RETURN(parent_of(path, operation));
    if (!parent.is_array()) {
      bool gone = parent.is_container() && parent.members(touched_).erase(Key(path.back())) > 0;
      if (!gone) return fail(ErrorKind::invalid, "Unable to remove nonexistent key: {}: missing value", path.back());
      return {};
    }
    size_t at = OR_RETURN(index_in(path.back(), parent.items(touched_).size()));
    auto& items = items_to_shift(parent, at);
    items.erase(items.begin() + static_cast<ptrdiff_t>(at));
    return {};
  }

  Result<> replace(const Path& path, Value v) {
    if (path.empty()) {
      doc_ = Draft(std::move(v));
      return {};
    }
    Draft& parent = *OR_RETURN(parent_of(path, "replace"));
    if (!parent.is_array()) {
      put(parent, path.back(), std::move(v));
      return {};
    }
    auto& items = parent.items(touched_);
    items[OR_RETURN(index_in(path.back(), items.size()))] = Draft(std::move(v));
    return {};
  }

  Draft doc_;
  size_t copied_ = 0, touched_ = 0;
  size_t* const copied_bytes_;
};

}  // namespace

Result<Value> json_patch(const Value& target, const Value& operations, size_t* copied_bytes) {
  if (!operations.is_array())
    return fail(ErrorKind::invalid, "a JSON patch is a list of operations, found {}", to_string(operations.type()));
  if (operations.size() > kOperationsMax)
    return fail(ErrorKind::too_large, "The allowed maximum operations in a JSON patch is {}, got {}", kOperationsMax,
                operations.size());
  Patching patching(target, copied_bytes);
  for (size_t i = 0; i < operations.size(); ++i) {
    const Value& operation = operations[i];
    if (!operation.is_object())
      return fail(ErrorKind::invalid, "operation {}: expected an object, found {}", i, to_string(operation.type()));
    OR_RETURN(patching.apply(operation).context(fmt::format(
        "operation {} ({} {})", i, operation["op"].as_string("unknown"), operation["path"].as_string("without path"))));
  }
  Value patched = patching.take();
  if (deeper_than(patched, kDepthMax)) return too_deep();
  return patched;
}

}  // namespace slipway::value
