#include "render/kustomize/json_operations.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>

#include "base/text.h"
#include "render/kustomize/notes.h"
#include "render/kustomize/shared_labels.h"
#include "value/children.h"
#include "value/in_place.h"
#include "value/note.h"
#include "value/number.h"
#include "value/patch.h"
#include "value/yaml.h"

namespace slipway::render::kustomize {

namespace {

constexpr size_t kPlainWritesMax = 1000;
constexpr unsigned kSettledAfter = 4;  // patches on end, before it is worth while to look whether all is settled

// Every number has become a real on its way, written as go-yaml writes those: 1e+06, 9.007199254740992e+15. That is its
// text from then on, in annotations and wherever a replacement puts it; only printing makes plain digits of it.
Value as_real(double real) {
  std::string text = value::go_format_g(real);
  return value::with_spelling(value::read_plain(text), text);
}

// Whether a text stands in quotes, or in a block, once it is written.
bool is_quoted_in_yaml(std::string_view text) {
  if (text.empty() || !value::read_plain(text).is_string()) return true;
  auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '.' ||
           c == '_';
  };
  if (std::ranges::all_of(text, is_plain)) return false;
  char first = value::to_yaml(Value(text))[0];
  return first == '\'' || first == '"' || first == '|';
}

// As what was written out and read again: texts are in quotes where they must be, annotations are texts.
Value reread(const Value& v) {
  value::Note note = value::note_of(v);
  if (v.is_number()) return as_real(v.as_double());
  if (v.is_string() && v.as_string() != "<<" && (note == value::Note::spelled || note == value::Note::untagged))
    return as_real(std::strtod(v.str().c_str(), nullptr));
  if (v == Value("<<"))
    return value::noted(v, value::Note::spelled);  // written without quotes: it reads as a merge key
  if (v.is_string()) return value::noted(v, is_quoted_in_yaml(v.as_string()) ? value::Note::quoted : value::Note::none);
  if (v.is_null()) return Value();
  return value::noted(value::with_children(v, reread), value::Note::none);
}

// Written anew no text is in quotes because it was before.
bool any_begins_with_tab(const Value& v) {
  if (v.is_string()) return begins_with_tab(v.as_string());
  return std::ranges::any_of(v.items(), any_begins_with_tab) ||
         std::ranges::any_of(v.members(), [](const value::Member& m) { return any_begins_with_tab(m.value); });
}

// Whether an operation reads, replaces or drops all annotations, among which kustomize keeps its notes.
bool takes_notes(const Value& operations) {
  for (const Value& operation : operations.items())
    for (const char* field : {"path", "from"}) {
      if (!operation.has(field)) continue;
      std::string_view pointer = operation[field].as_string();
      if (pointer.empty() || pointer == "/metadata" || pointer == "/metadata/annotations") return true;
    }
  return false;
}

// A resource as a whole can be replaced, by another mapping, and tested; nothing else.
Result<> check_whole_document(const Value& operations) {
  for (const Value& operation : operations.items()) {
    std::string_view op = operation["op"].as_string();
    if (!operation["path"].is_string()) continue;
    if (operation["path"] == Value("") && (op == "add" || op == "move" || op == "copy"))
      return fail(ErrorKind::invalid, "{} operation does not apply: doc is missing path: \"\"", op);
    if (operation["path"] == Value("") && op == "replace" && !operation["value"].is_object())
      return fail(ErrorKind::invalid, "replace operation value must be an object");
    if ((op == "move" || op == "copy") && operation["from"] == Value(""))
      return fail(ErrorKind::invalid, "{} operation does not apply: doc is missing from path: \"\"", op);
  }
  return {};
}

bool is_written_alike(const Value& a, const Value& b) {
  if (a.type() != b.type() || value::note_of(a) != value::note_of(b)) return false;
  if (!a.is_array() && !a.is_object()) return a == b;
  return std::ranges::equal(a.items(), b.items(), is_written_alike) &&
         std::ranges::equal(a.members(), b.members(), [](const value::Member& x, const value::Member& y) {
           return x.key == y.key && is_written_alike(x.value, y.value);
         });
}

// Whether a patch that changes nothing leaves it as it is.
bool is_settled(const Value& v) {
  return !has_flaw(v) && check_misfits(v) && !any_begins_with_tab(v) &&
         is_written_alike(reread(value::written_meaning(v)), v);
}

bool are_settled_texts(const Value& annotations) {
  return annotations.size() && is_written_alike(with_odd_keys(texts_of(annotations)), annotations);
}

struct Write {
  std::vector<std::string> path;
  Value value;
};

std::optional<size_t> plain_index(const std::string& text, size_t size) {
  auto at = base::parse_int(text);
  if (!at || *at < 0 || static_cast<size_t>(*at) >= size || std::to_string(*at) != text) return std::nullopt;
  return static_cast<size_t>(*at);
}

// Operations that write scalars over scalars, or beside them, and away from all that says what a resource is: nothing
// can fail, and nothing else changes. Nothing when there are others.
std::optional<std::vector<Write>> plain_writes(const Value& object, const Value& operations) {
  if (!operations.is_array() || operations.size() > kPlainWritesMax) return std::nullopt;
  std::vector<Write> writes;
  for (const Value& operation : operations.items()) {
    std::string_view op = operation["op"].as_string(), pointer = operation["path"].as_string();
    const Value& given = operation["value"];
    if ((op != "add" && op != "replace") || !pointer.starts_with('/')) return std::nullopt;
    if (given.is_null() || given.is_array() || given.is_object() || any_begins_with_tab(given)) return std::nullopt;
    Write write{value::pointer_split(pointer), reread(given)};
    if (write.path.size() < 2 || write.path[0] == "metadata" || !is_settled(write.value)) return std::nullopt;
    const Value *at = &object, *parent = nullptr;
    for (const std::string& part : write.path) {
      if (!at || at->empty() || part == value::repeated_keys) return std::nullopt;
      parent = at;
      auto index = at->is_array() ? plain_index(part, at->size()) : std::nullopt;
      at = index ? &at->items()[*index] : at->find(part);
    }
    bool over = at && !at->is_array() && !at->is_object();
    if (!over && (at || !parent->is_object())) return std::nullopt;
    if (parent->is_array() && op == "add") return std::nullopt;  // it is put before
    writes.push_back(std::move(write));
  }
  return writes;
}

// With a comma in it, or empty, what a resource was called is noted otherwise; see Resource::Earlier.
bool is_plain_id(const Id& id) {
  return std::ranges::all_of(std::array{&id.name, &id.scope, &id.gvk.kind},
                             [](const std::string* part) { return !part->empty() && part->find(',') == part->npos; });
}

// One more of many patches to one resource, done in the time that its own operations take: the first ones have made of
// all else what each would make of it. False, with nothing done, where it must go the long way.
bool apply_plainly(Resource& r, const Value& operations, bool remembers) {
  if (!r.left_by_json_patch.is_object() || !r.left_by_json_patch.same_node(r.object())) {
    r.json_patches_on_end = 0;
    r.settled = false;
    return false;
  }
  const Value& metadata = r.object()["metadata"];
  if (std::has_single_bit(++r.json_patches_on_end) && r.json_patches_on_end >= kSettledAfter && !r.settled)
    r.settled = !r.flaw && metadata.is_object() && is_plain_id(r.id()) && is_settled(r.object()) &&
                (!metadata.has("annotations") || are_settled_texts(metadata["annotations"]));
  if (!r.settled || r.flaw) return false;
  auto writes = plain_writes(r.object(), operations);
  if (!writes) return false;
  if (remembers) r.remember_id();
  r.labels_made = false;
  r.merged = Resource::Merged::none;
  r.shared_labels.clear();
  r.left_by_json_patch = {};
  Value object = r.take_object();
  for (Write& write : *writes) {
    Value* at = &object;
    for (size_t i = 0; i + 1 < write.path.size(); ++i) at = value::own_child(*at, write.path[i]);
    if (Value* old = value::own_child(*at, write.path.back()))
      *old = std::move(write.value);
    else
      *at = at->with_member(write.path.back(), std::move(write.value));
  }
  r.set_object(std::move(object));
  r.left_by_json_patch = r.object();
  return true;
}

}  // namespace

Result<> apply_operations(ResourceSet& set, size_t index, const Value& operations, bool remembers) {
  Resource& r = set.all()[index];
  // What goes away meanwhile is not counted: that would take a walk of the whole object for each of many patches.
  size_t written_bytes = 0;
  for (const Value& operation : operations.items()) written_bytes += operation["value"].memory_bytes();
  OR_RETURN(set.charge(written_bytes));
  if (apply_plainly(r, operations, remembers)) return {};
  r.labels_made = false;
  r.merged = Resource::Merged::none;
  // All is read anew from JSON, and differs to a validator from what else it was made of.
  bool again = r.left_by_json_patch.same_node(r.object()) || r.left_by_json_patch == r.object();
  if (!again || r.left_by_json_patch.is_null()) ++r.scalars_written;
  if (remembers) r.remember_id();
  // Where kustomize keeps notes of its own among the annotations there are some to add to.
  OR_RETURN(check_misfits(r).context(r.id().str()));
  OR_RETURN(check_whole_document(operations).context(fmt::format("patching {}", r.id().str())));
  Value before = value::written_meaning(r.object());
  bool whole = takes_notes(operations) && before["metadata"].is_object();
  bool lent = !whole && r.has_notes() && !before["metadata"].has("annotations") && before["metadata"].is_object();
  if (whole) before = value::written_meaning(with_notes(r));
  if (lent) before = before.with("/metadata/annotations", Value::object());
  size_t copied_bytes = 0;
  auto after = value::json_patch(before, operations, &copied_bytes);
  if (!after) return std::move(after).error().context(fmt::format("patching {}", r.id().str()));
  OR_RETURN(set.charge(copied_bytes));
  if (lent && (*after)["metadata"]["annotations"].is_object() && (*after)["metadata"]["annotations"].empty())
    after = after->without("/metadata/annotations");
  Id id = r.id();
  if (any_begins_with_tab(*after))
    return fail(ErrorKind::invalid,
                "patching {}: a text of several lines begins with a tab, which kustomize cannot read again", id.str());
  Value result = reread(*after);
  if (result["metadata"]["annotations"].size()) {
    Value annotations = with_odd_keys(texts_of(result["metadata"]["annotations"]));
    if (!r.flaw) r.flaw = flaw_of_odd_keys(annotations, r.origin);
    result = result.with("/metadata/annotations", std::move(annotations));
  }
  if (whole)
    change_but_notes(r, std::move(result));
  else
    r.set_object(std::move(result));
  r.shared_labels.clear();
  r.left_by_json_patch = r.object();
  if (r.is_removed() && whole) return fail(ErrorKind::invalid, "patching {}: nothing is left, and no kind", id.str());
  if (r.is_removed()) set.remove(r);
  set.touched(index);
  if (!set.may_collide && !(r.id() == id)) set.may_collide = set.with_current_id(r.id()).size() > 1;
  return {};
}

}  // namespace slipway::render::kustomize
