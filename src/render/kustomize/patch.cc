#include "render/kustomize/patch.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>

#include "base/text.h"
#include "kinds/patch_schema.h"
#include "render/kustomize/documents.h"
#include "render/kustomize/first_document.h"
#include "render/kustomize/merge.h"
#include "render/kustomize/notes.h"
#include "render/kustomize/patch_source.h"
#include "render/kustomize/shared_labels.h"
#include "value/children.h"
#include "value/in_place.h"
#include "value/json.h"
#include "value/note.h"
#include "value/number.h"
#include "value/patch.h"
#include "value/yaml.h"

namespace slipway::render::kustomize {

namespace {
constexpr int kNameBeginMax = 64;  // bytes of a name by which those that an expression means are looked up
constexpr size_t kPlainWritesMax = 1000;
constexpr unsigned kSettledAfter = 4;  // patches on end, before it is worth while to look whether all is settled
}  // namespace

Result<Matcher::Pattern> Matcher::compile(const std::string& text) {
  Pattern pattern;
  if (text.find_first_of(R"(\^$.|?*+()[]{})") == text.npos) {
    pattern.literal = text;
    return pattern;
  }
  pattern.expression = std::make_shared<RE2>("^(?:" + text + ")$", RE2::Quiet);
  if (!pattern.expression->ok())
    return fail(ErrorKind::invalid, "\"{}\" is no regular expression: {}", text, pattern.expression->error());
  return pattern;
}

bool Matcher::Pattern::matches(std::string_view text) const {
  if (expression) return RE2::PartialMatch(text, *expression);
  return literal.empty() || literal == text;
}

Result<Matcher> Matcher::create(const Selector& selector) {
  Matcher m;
  m.group_ = OR_RETURN(compile(selector.group));
  m.version_ = OR_RETURN(compile(selector.version));
  m.kind_ = OR_RETURN(compile(selector.kind));
  m.name_ = OR_RETURN(compile(selector.name));
  m.ns_ = OR_RETURN(compile(selector.ns));
  if ((m.by_labels_ = !selector.labels.empty()))
    m.labels_ = OR_RETURN(kinds::Selector::parse(selector.labels).context("labelSelector"));
  if ((m.by_annotations_ = !selector.annotations.empty()))
    m.annotations_ = OR_RETURN(kinds::Selector::parse(selector.annotations).context("annotationSelector"));
  return m;
}

bool Matcher::matches_kind(const GroupVersionKind& id) const {
  return kind_.matches(id.kind) && group_.matches(id.group) && version_.matches(id.version);
}

bool Matcher::matches_labels(const Value& object) const {
  return (!by_labels_ || labels_.matches(object["metadata"]["labels"])) &&
         (!by_annotations_ || annotations_.matches(object["metadata"]["annotations"]));
}

bool Matcher::matches(const Resource& r) const {
  if (r.is_removed() || !matches_kind(r.gvk()) || !matches_labels(r.object())) return false;
  Id now = r.id(), first = r.original_id();
  return (ns_.matches(first.scope) || ns_.matches(now.scope)) && (name_.matches(first.name) || name_.matches(now.name));
}

std::vector<size_t> Matcher::select(ResourceSet& set) const {
  std::vector<size_t> out;
  if (auto some = candidates(set)) {
    for (size_t i : *some)
      if (matches(set.all()[i])) out.push_back(i);
    return out;
  }
  for (size_t i = 0; i < set.all().size(); ++i)
    if (matches(set.all()[i])) out.push_back(i);
  return out;
}

std::optional<std::vector<size_t>> Matcher::candidates(ResourceSet& set) const {
  if (!name_.expression && !name_.literal.empty()) return set.with_any_name(name_.literal);
  if (auto pair = labels_.among(); pair && by_labels_) return set.with_text("labels", pair->first, pair->second);
  if (auto pair = annotations_.among(); pair && by_annotations_)
    return set.with_text("annotations", pair->first, pair->second);
  if (!ns_.expression && !ns_.literal.empty()) return set.in_scope(ns_.literal);
  // Most expressions say how the name begins.
  std::string least, greatest;
  if (name_.expression && name_.expression->PossibleMatchRange(&least, &greatest, kNameBeginMax) && !least.empty())
    return set.with_name_between(least, greatest);
  return std::nullopt;
}

namespace {

struct PatchText {
  std::string text, file;
  int skipped = 0;  // lines of what was written, before the text
};

struct Allowed {
  bool name = false, kind = false;
};

// A patch that takes all annotations away takes the notes among them.
bool takes_notes_away(const Value& patch) {
  const Value& metadata = patch["metadata"];
  if (metadata.is_null()) return patch.has("metadata");
  const Value& annotations = metadata["annotations"];
  return metadata.has(kinds::patch_directive) || annotations.has(kinds::patch_directive) ||
         (annotations.is_null() && metadata.has("annotations"));
}

// A merge writes version, kind and name anew; done once more in the same way that changes nothing.
void note_merge(Resource& r, const Value& patch, Resource::Merged how) {
  bool more = patch.size() > 3 || patch["metadata"].size() > 1 + patch["metadata"].has("namespace");
  if (more || r.merged != how) ++r.scalars_written;
  r.merged = how;
}

// Labels that a transformer made stay as they are where the patch brings metadata no new field behind them. Labels of a
// patch for a selector are copies, and as well made when they come behind the others or are the first; those of a file
// are not.
bool labels_stay_made(const Resource& r, const Value& patch, Resource::Merged how) {
  const Value& metadata = r.object()["metadata"];
  const Value& labels = metadata["labels"];
  bool first = how == Resource::Merged::by_selector && !metadata.has("labels") && patch["metadata"].has("labels");
  if (!r.labels_made && !first) return false;
  for (const value::Member& m : patch["metadata"].members()) {
    bool there = metadata.has(m.key.view()) || (m.key.view() == "annotations" && r.has_notes());
    if (!there && m.key.view() != "labels" && !(first && m.key.view() < "labels")) return false;
    if (m.key.view() != "labels" || first) continue;
    auto is_null = [](const value::Member& label) { return label.value.is_null(); };
    if (m.value.is_object() && std::ranges::all_of(m.value.members(), is_null)) continue;  // they only take away
    if (how != Resource::Merged::by_selector || labels.members().empty()) return false;
    for (const value::Member& label : m.value.members())
      if (!labels.has(label.key.view()) && label.key.view() < labels.members().back().key.view()) return false;
  }
  return true;
}

// A copied text that would read as a number or null, put where a plain one stood: it gets its quotes by the next merge
// only, which so changes something.
bool leaves_text_without_quotes(const Value& metadata, const Value& patch) {
  for (const char* field : {"labels", "annotations"})
    for (const value::Member& m : patch[field].members()) {
      const Value* old = metadata[field].find(m.key.view());
      std::string_view text = m.value.as_string();
      if (old && value::note_of(*old) != value::Note::quoted && !text.empty() && value::plain_tag(text) != "str")
        return true;
    }
  return false;
}

Result<> merge_into(ResourceSet& set, size_t index, Value patch, const Resource& from, Allowed allowed,
                    Resource::Merged how) {
  Resource& r = set.all()[index];
  r.labels_made = labels_stay_made(r, patch, how);
  bool unsettled =
      how == Resource::Merged::by_selector && leaves_text_without_quotes(r.object()["metadata"], patch["metadata"]);
  if (!r.flaw) r.flaw = from.flaw;
  if ((allowed.name || allowed.kind) && patch["metadata"]["annotations"].size())
    patch = patch.with("/metadata/annotations", texts_of(patch["metadata"]["annotations"]));
  std::string name(r.name()), ns(r.scope_name()), kind = r.gvk().kind;
  if (allowed.name || allowed.kind) r.remember_id();
  // What a whole patch that says "replace" gives is never looked at there, but kind, name and namespace are written
  // anew.
  if (patch[kinds::patch_directive].as_string() == "replace") {
    if (r.merged == Resource::Merged::none) note_merge(r, Value::object({}), how);
    if (!allowed.name) r.set_name(name);
    r.set_namespace(ns);
    set.touched(index);
    return {};
  }
  bool whole = takes_notes_away(patch);
  auto merged = OR_RETURN(merge_over(whole ? with_notes(r) : r.object(), patch, r.known())
                              .context(fmt::format("patching {}", r.id().str())));
  if (!merged || merged->empty()) {
    set.remove(r);
    return {};
  }
  Value after = std::move(*merged), before = r.object();
  if (!allowed.kind) after = after.with_member("kind", untyped_over(after["kind"], kind));
  if (!before.has("apiVersion") && after["apiVersion"] == Value("") && value::note_of(before) != value::Note::braces)
    after =
        after.with_member("apiVersion", value::noted(Value(), value::Note::made));  // read as null outside of braces
  if (whole)
    set_with_notes(r, std::move(after));
  else
    r.set_object(std::move(after));
  r.name_allowed = r.name_allowed || allowed.name;
  r.kind_allowed = r.kind_allowed || allowed.kind;
  follow_shared_labels(r, before);
  note_merge(r, patch, how);
  if (unsettled) r.labels_made = false, r.merged = Resource::Merged::none;
  if (!allowed.name) r.set_name(name);
  r.set_namespace(ns);
  set.touched(index);
  set.may_collide = set.may_collide || ((allowed.name || allowed.kind) && set.with_current_id(r.id()).size() > 1);
  return {};
}

// Patches that go to a set of resources are copied, which makes texts of all labels and annotations: a null deletes
// none.
Value copied(Value patch) {
  for (const char* field : {"labels", "annotations"}) {
    if (!patch["metadata"].has(field)) continue;
    patch = patch.with_member("metadata", with_next_put_under(patch["metadata"], field, 1));
    Value texts = texts_of(patch["metadata"][field]);
    std::string pointer = fmt::format("/metadata/{}", field);
    patch = texts.empty() ? patch.without(pointer) : patch.with(pointer, std::move(texts));
  }
  return patch;
}
// For a patch that goes to whatever a selector found: the target's version, but its own kind. Where that has none, an
// empty text.
Value in_version_of(const Value& patch, const Resource& target) {
  const Value* version = target.object().find("apiVersion");
  return copied(patch).with_member("apiVersion", version ? *version : Value(""));
}

// `how`: a patch of patchesStrategicMerge goes to the one with its id in the way of those for a selector.
Result<> merge_by_id(ResourceSet& set, const Resource& patch, Allowed allowed, Resource::Merged how) {
  auto index = set.only_with_id(patch.original_id());
  if (!index) {
    std::vector<std::string> names;
    for (const Resource& r : set.all())
      if (r.gvk().kind == patch.gvk().kind) names.emplace_back(r.original_id().name);
    auto near = base::nearest(patch.name(), names);
    if (near && *near == patch.name()) near.reset();
    return fail(ErrorKind::invalid, "no resource matches strategic merge patch \"{}\": {}{}", patch.id().str(),
                index.error().message(), near ? fmt::format("; did you mean \"{}\"?", *near) : "");
  }
  bool copies = how == Resource::Merged::by_selector;
  return merge_into(set, *index, copies ? in_version_of(patch.object(), set.all()[*index]) : patch.object(), patch,
                    allowed, how);
}

Result<Value> json_or_yaml(const std::string& text) {
  if (text.starts_with('[')) return value::parse_json(text);
  auto documents = OR_RETURN(value::parse_yaml_documents(text, {}, first_only, value::DuplicateKeys::last_wins));
  return documents.empty() ? Value() : std::move(documents[0].value);
}

// The operations of a JSON patch, their pointers from the first slash on; null when the text is none.
Result<Value> json_operations(const std::string& text) {
  Value operations = OR_RETURN(json_or_yaml(text));
  if (!operations.is_array()) return operations;
  value::ArrayBuilder out;
  for (const Value& operation : operations.items()) out.push(from_first_slash(operation));
  return out.build();
}

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

Result<> apply_operations(ResourceSet& set, size_t index, const Value& operations, bool remembers) {
  Resource& r = set.all()[index];
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
  auto after = value::json_patch(before, operations);
  if (!after) return std::move(after).error().context(fmt::format("patching {}", r.id().str()));
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

Result<PatchText> text_of(const Patch& patch, const Folder& folder) {
  std::string inline_text(base::trim(patch.text));
  if (inline_text.empty() && patch.path.empty()) return fail(ErrorKind::invalid, "must specify one of patch and path");
  if (!inline_text.empty() && !patch.path.empty())
    return fail(ErrorKind::invalid, "patch and path can't be set at the same time");
  if (!inline_text.empty()) {
    auto blanks = std::string_view(patch.text).substr(0, patch.text.find(inline_text));
    return PatchText{std::move(inline_text), "", static_cast<int>(std::ranges::count(blanks, '\n'))};
  }
  auto file = OR_RETURN(folder.read(patch.path).context("failed to get the patch file"));
  return PatchText{*file.text, file.path, 0};
}

// Whether a patch gave two resources one id.
Result<> check_renamed(ResourceSet& set, const Spot& patch) {
  if (!set.may_collide) return {};
  auto distinct = set.check_distinct();
  if (distinct) return {};
  const Error& error = distinct.error();
  return fail(error.kind(), "{}; seen after the patch in {}", error.message(), patch.place().str()).at(error.place());
}

Result<> apply_merges(ResourceSet& set, const std::vector<Resource>& merges, const Patch& patch) {
  Allowed allowed{patch.allow_name_change, patch.allow_kind_change};
  if (!patch.target) {
    for (const Resource& merge : merges) OR_RETURN(merge_by_id(set, merge, allowed, Resource::Merged::by_id));
    return {};
  }
  if (merges.empty()) return {};  // comments alone, {}, null
  if (merges.size() > 1)
    return fail(ErrorKind::invalid,
                "Multiple Strategic-Merge Patches in one `patches` entry is not allowed to set `patches.target` field");
  Matcher matcher = OR_RETURN(Matcher::create(*patch.target));
  for (size_t i : matcher.select(set))
    OR_RETURN(merge_into(set, i, in_version_of(merges[0].object(), set.all()[i]), merges[0], allowed,
                         Resource::Merged::by_selector));
  return check_renamed(set, patch.spot);
}

// What is wrong with the text of a patch, by the lines of the file that it stands in.
Error placed(Error error, const Patch& patch, const PatchText& text, const Folder& folder) {
  auto source = find_patch_source(patch, folder);
  return source ? from_entry(source->placed(std::move(error), text.skipped), patch.spot) : std::move(error);
}

// The operation that fails, where one does. `r` is as it was.
Error at_operation(Error error, const Resource& r, const Value& operations, const Patch& patch, const Folder& folder) {
  auto source = find_patch_source(patch, folder);
  if (!source || error.place().line) return error;
  Value object = value::written_meaning(r.object());
  if (r.has_notes() && object["metadata"].is_object() && !object["metadata"].has("annotations"))
    object = object.with("/metadata/annotations", Value::object());
  auto first = [&](size_t count) {
    return Value::array(std::vector<Value>(operations.items().begin(), operations.items().begin() + count));
  };
  size_t good = 0, bad = operations.size();  // so many can be applied, and so many cannot
  while (good + 1 < bad) {
    size_t middle = good + (bad - good) / 2;
    (value::json_patch(object, first(middle)) ? good : bad) = middle;
  }
  base::Place place = source->place(fmt::format("/{}", good));
  if (place.line && !value::json_patch(object, operations))
    return from_entry(std::move(error).at(std::move(place)), patch.spot);
  return error;
}

void place_flaws(std::vector<Resource>& merges, auto&& placed) {
  for (Resource& merge : merges)
    if (merge.flaw) merge.flaw = std::make_shared<const Error>(placed(*merge.flaw));
}

Result<> apply_any(ResourceSet& set, const Patch& patch, const Folder& folder, const KnownKinds* known) {
  PatchText text = OR_RETURN(text_of(patch, folder));
  auto merges = read_resources(text.text, text.file, known);
  auto operations = json_operations(text.text);
  bool is_operations = operations && (operations->is_array() || operations->is_null());
  if (merges && !(merges->empty() && is_operations && operations->size())) {
    place_flaws(*merges, [&](const Error& flaw) { return placed(flaw, patch, text, folder); });
    OR_RETURN(apply_merges(set, *merges, patch));
    set.drop_removed();
    return {};
  }
  if (!is_operations) {
    // Neither: say why in the words of what it looks like.
    bool looks_like_operations = text.text.starts_with('[') || text.text.starts_with("- ");
    Error why = looks_like_operations && !operations ? std::move(operations).error() : std::move(merges).error();
    return placed(std::move(why), patch, text, folder).context("unable to parse SM or JSON patch");
  }
  if (!patch.target) return fail(ErrorKind::invalid, "must specify a target for JSON patch");
  Matcher matcher = OR_RETURN(Matcher::create(*patch.target));
  for (size_t i : matcher.select(set))
    if (auto done = apply_operations(set, i, *operations, true); !done)
      return at_operation(std::move(done).error(), set.all()[i], *operations, patch, folder);
  return {};
}

}  // namespace

size_t before_first_slash(std::string_view pointer) {
  size_t slash = pointer.find('/');
  return slash == pointer.npos ? 0 : slash;
}

Value from_first_slash(Value operation) {
  for (const char* field : {"path", "from"}) {
    std::string_view pointer = operation[field].as_string();
    if (size_t before = before_first_slash(pointer))
      operation = operation.with_member(field, std::string(pointer.substr(before)));
  }
  return operation;
}

Result<> apply_patch(ResourceSet& set, const Patch& patch, const Folder& folder, const KnownKinds* known) {
  auto done = apply_any(set, patch, folder, known);
  if (!done) return std::move(done).error().at(patch.spot.place());
  return {};
}

Result<> apply_strategic_patches(ResourceSet& set, std::span<const Named> patches, const Folder& folder,
                                 const KnownKinds* known) {
  // All are read before the first is applied.
  std::vector<std::pair<std::vector<Resource>, const Named*>> read;
  for (const Named& patch : patches) {
    auto merges = read_resources(patch.text, "", known);
    bool one_line = patch.text.find('\n') == patch.text.npos;
    auto within = [&](const Error& error) { return text_within(patch.spot, patch.text).placed(error); };
    if (!merges || one_line) {
      auto file = folder.read(patch.text);
      if (!file && merges && !merges->empty()) {
        place_flaws(*merges, within);
        read.emplace_back(std::move(*merges), &patch);
        continue;
      }
      if (!file && !one_line) return within(merges.error());
      if (!file) return std::move(file).error().at(patch.spot.place());
      merges = read_resources(*file->text, file->path, known);
    }
    if (!merges) return from_entry(std::move(merges).error(), patch.spot);
    place_flaws(*merges, within);
    read.emplace_back(std::move(*merges), &patch);
  }
  if (std::ranges::all_of(read, [](const auto& one) { return one.first.empty(); }))
    return fail(ErrorKind::invalid, "patch appears to be empty").at(patches[0].spot.place());
  for (const auto& [merges, patch] : read)
    for (const Resource& merge : merges)
      if (auto done = merge_by_id(set, merge, {}, Resource::Merged::by_selector); !done)
        return std::move(done).error().at(patch->spot.place());
  set.drop_removed();
  Spot list = patches[0].spot;
  list.pointer.resize(std::min(list.pointer.rfind('/'), list.pointer.size()));  // of a plugin: none
  return check_renamed(set, list);
}

Result<> apply_json_patch(ResourceSet& set, const Patch& patch, const Folder& folder) {
  auto apply = [&]() -> Result<> {
    if (!patch.target || patch.target->name.empty()) return fail(ErrorKind::invalid, "must specify the target name");
    PatchText text = OR_RETURN(text_of(patch, folder));
    auto read = json_operations(text.text);
    if (!read) return placed(std::move(read).error(), patch, text, folder).context("unable to parse JSON patch");
    const Value& operations = *read;
    if (!operations.is_array() || operations.empty()) return fail(ErrorKind::invalid, "patch appears to be empty");
    Matcher matcher = OR_RETURN(Matcher::create(*patch.target));
    for (size_t i : matcher.select(set))
      if (auto done = apply_operations(set, i, operations, false); !done)
        return at_operation(std::move(done).error(), set.all()[i], operations, patch, folder);
    return {};
  };
  auto done = apply();
  if (!done) return std::move(done).error().at(patch.spot.place());
  return {};
}

}  // namespace slipway::render::kustomize
