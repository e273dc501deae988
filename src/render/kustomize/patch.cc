#include "render/kustomize/patch.h"

#include <algorithm>

#include "base/text.h"
#include "kinds/patch_schema.h"
#include "render/kustomize/documents.h"
#include "render/kustomize/first_document.h"
#include "render/kustomize/json_operations.h"
#include "render/kustomize/merge.h"
#include "render/kustomize/notes.h"
#include "render/kustomize/patch_source.h"
#include "render/kustomize/shared_labels.h"
#include "value/json.h"
#include "value/note.h"
#include "value/patch.h"
#include "value/yaml.h"

namespace slipway::render::kustomize {

namespace {
constexpr int kNameBeginMax = 64;  // bytes of a name by which those that an expression means are looked up
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
  OR_RETURN(set.charge_spread(patch.memory_bytes()));
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
