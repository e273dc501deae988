#include "render/kustomize/resource.h"

#include <algorithm>
#include <climits>

#include "base/text.h"
#include "render/kustomize/generate.h"
#include "value/json.h"
#include "value/note.h"
#include "value/yaml.h"

namespace slipway::render::kustomize {

std::string scalar_text(const Value& v) {
  if (v.is_string()) return v.str();
  if (v.is_null()) return std::string(value::null_text(v));
  return v.is_object() || v.is_array() ? "" : value::to_json(v);
}

Value text_over(const Value& old, std::string_view text) {
  return value::noted(Value(text),
                      value::note_of(old) == value::Note::quoted ? value::Note::quoted : value::Note::none);
}

Value untyped_over(const Value& old, std::string_view text) {
  bool quoted = value::note_of(old) == value::Note::quoted;
  return value::noted(Value(text), quoted ? value::Note::quoted : value::Note::untagged);
}

bool begins_with_tab(std::string_view text) {
  return text.starts_with('\t') && text.find('\n') != text.npos &&
         value::to_yaml(Value(text), value::YamlStyle::go_yaml_v3).starts_with('|');
}

bool begins_with_tab(const Value& v) {
  return v.is_string() && value::note_of(v) != value::Note::quoted && begins_with_tab(v.as_string());
}

bool has_flaw(const Value& v) {
  if (v.is_string()) return value::note_of(v) == value::Note::unreadable;
  return v.has(value::repeated_keys) || std::ranges::any_of(v.items(), has_flaw) ||
         std::ranges::any_of(v.members(), [](const value::Member& m) { return has_flaw(m.value); });
}

bool is_odd_key(std::string_view key) {
  // Most keys are words that begin with a letter no such thing begins with.
  if (key.empty() || std::string_view("~+-.0123456789nNtTfF<=").find(key.front()) == std::string_view::npos)
    return false;
  return value::plain_tag(key) != "str";
}

Value with_odd_keys(Value made) {
  std::vector<value::Member> odd;
  for (const auto& member : made.members())
    if (member.key.view() != value::repeated_keys && is_odd_key(member.key.view()))
      odd.push_back({member.key, Value::array()});
  return odd.empty() ? made : made.with_member(value::repeated_keys, Value::object(std::move(odd)));
}

std::shared_ptr<const Error> flaw_of_odd_keys(const Value& made, const base::Place& place) {
  for (const auto& [key, later] : made[value::repeated_keys].members())
    if (!later.size())
      return std::make_shared<const Error>(
          fail(ErrorKind::invalid, "the key \"{}\" reads as {} where kustomize writes it, and must be a text",
               key.view(), value::plain_tag(key.view()))
              .at(place));
  return nullptr;
}

Value last_of_equal_keys(const Value& mapping) {
  Value repeats = mapping[value::repeated_keys];
  if (repeats.is_null()) return mapping;
  Value out = mapping, left = repeats;
  for (const auto& [key, later] : repeats.members()) {
    if (!later.size()) continue;  // it is no text, and stays so
    out = out.with_member(key, later[later.size() - 1]);
    left = left.without_member(key);
  }
  return left.size() ? out.with_member(value::repeated_keys, left) : out.without_member(value::repeated_keys);
}

Value with_next_put_under(Value metadata, std::string_view field, int times) {
  for (; times > 0 && metadata[value::repeated_keys][field].size(); --times) {
    const Value &repeats = metadata[value::repeated_keys], &list = repeats[field];
    auto items = list.items();
    Value first = last_of_equal_keys(metadata[field]), joined = items[0];
    if (first.is_object() && first.size()) {
      if (!joined.is_object()) joined = Value::object();
      for (const auto& [key, text] : first.members())
        if (key.view() != value::repeated_keys) joined = joined.with_member(key, text);
    }
    Value left = items.size() == 1 ? repeats.without_member(field)
                                   : repeats.with_member(field, Value::array({items.begin() + 1, items.end()}));
    metadata = metadata.with_member(field, joined);
    metadata =
        left.size() ? metadata.with_member(value::repeated_keys, left) : metadata.without_member(value::repeated_keys);
  }
  return metadata;
}

Result<> check_misfits(const Resource& r) {
  if (r.flaw && has_flaw(r.object())) return *r.flaw;
  return check_misfits(r.object());
}

Result<> check_misfits(const Value& v, bool in_braces) {
  in_braces = in_braces || value::note_of(v) == value::Note::braces;
  if (begins_with_tab(v) && !in_braces)  // a block; in braces it stands in quotes
    return fail(ErrorKind::invalid, "a text of several lines begins with a tab, which kustomize cannot write: \"{}\"",
                v.as_string().substr(0, 40));
  if (v.is_string() && value::note_of(v) == value::Note::misfit)
    return fail(ErrorKind::invalid, "\"{}\" was written where there is a number or boolean", v.as_string());
  for (const Value& item : v.items()) OR_RETURN(check_misfits(item, in_braces));
  for (const auto& member : v.members()) OR_RETURN(check_misfits(member.value, in_braces));
  return {};
}

std::string_view word_of(Behavior behavior) {
  switch (behavior) {
    case Behavior::create:
      return "create";
    case Behavior::merge:
      return "merge";
    case Behavior::replace:
      return "replace";
    case Behavior::unspecified:
      break;
  }
  return "unspecified";
}
Behavior behavior_of(std::string_view word) {
  for (Behavior b : {Behavior::create, Behavior::merge, Behavior::replace})
    if (word == word_of(b)) return b;
  return Behavior::unspecified;
}

std::string Provenance::text(std::string_view indent) const {
  std::string out;
  auto line = [&](std::string_view more, std::string_view name, const std::string& text) {
    if (!text.empty()) out += fmt::format("{}{}{}: {}\n", indent, more, name, base::trim(value::to_yaml(Value(text))));
  };
  line("", "path", path);
  line("", "repo", repo);
  line("", "ref", ref);
  line("", "configuredIn", configured_in);
  if (!kind.empty()) {
    out += fmt::format("{}configuredBy:\n", indent);
    line("  ", "apiVersion", api_version);
    line("  ", "kind", kind);
    line("  ", "name", name);
    line("  ", "namespace", ns);
  }
  return out;
}

std::string text_of(std::span<const Provenance> changes) {
  std::string out;
  for (const Provenance& p : changes) out += "-" + p.text("  ").substr(1);
  return out;
}

std::string Id::key() const {
  std::string key;
  key.reserve(gvk.group.size() + gvk.version.size() + gvk.kind.size() + scope.size() + name.size() + 4);
  for (const std::string* part : {&gvk.group, &gvk.version, &gvk.kind, &scope, &name}) {
    if (part != &gvk.group) key += '|';
    key += *part;
  }
  return key;
}
std::string Id::str() const {
  return fmt::format("{}.{}.{}/{}.{}", gvk.kind, gvk.version.empty() ? "[noVer]" : gvk.version,
                     gvk.group.empty() ? "[noGrp]" : gvk.group, name,
                     scope == "default" || scope == "_" ? "[noNs]" : scope);
}

Resource::Resource(Value object, base::Place origin, const KnownKinds* known)
    : origin(std::move(origin)), known_(known) {
  set_object(std::move(object));
}

void Resource::set_object(Value object) {
  object_ = std::move(object);
  if (history) history->push_back({number, object_});
  for (auto& [text, field] : {std::pair(&number_as_name_, "name"), std::pair(&number_as_scope_, "namespace")}) {
    const Value& v = object_["metadata"][field];
    if (v.is_number() || v.is_bool())
      *text = scalar_text(v);
    else if (!text->empty())
      text->clear();
  }
  if (gvk_.kind == kinds::kind_of(object_) && gvk_.api_version() == object_["apiVersion"].as_string()) return;
  gvk_ = GroupVersionKind::of(object_);
  cluster_scoped_ = known_->is_cluster_scoped(gvk_);
  scope_of_schemas_ = known_->schemas();
}

// A schema that a component names is about the resources that were there before, too.
bool Resource::is_cluster_scoped() const {
  if (scope_of_schemas_ != known_->schemas()) {
    cluster_scoped_ = known_->is_cluster_scoped(gvk_);
    scope_of_schemas_ = known_->schemas();
  }
  return cluster_scoped_;
}

namespace {

bool is_untyped(const Value& v) {
  return value::note_of(v) == value::Note::quoted || value::note_of(v) == value::Note::untagged;
}

}  // namespace

void Resource::set_name(std::string_view name) {
  const Value& now = object_["metadata"]["name"];
  if (name != now.as_string() || !is_untyped(now)) set_object(object_.with("/metadata/name", untyped_over(now, name)));
}

bool Resource::has_id(const Id& wanted) const {
  if (wanted.name == name() && id() == wanted) return true;
  for (size_t i = 0; i < previous_count(); ++i)
    if (earlier_.names[i] == wanted.name && previous(i) == wanted) return true;
  return false;
}

Id Resource::id() const {
  std::string_view scope = is_cluster_scoped() ? "_" : scope_name().empty() ? "default" : scope_name();
  return {gvk_, std::string(name()), std::string(scope)};
}

Id Resource::previous(size_t i) const {
  GroupVersionKind gvk = gvk_;
  gvk.kind = earlier_.kinds[i];
  return {gvk, earlier_.names[i], earlier_.scopes[i]};
}

void Resource::join_annotations() {
  const Value& metadata = object_["metadata"];
  if (!metadata[value::repeated_keys]["annotations"].size()) return;
  set_object(object_.with_member("metadata", with_next_put_under(metadata, "annotations", INT_MAX)));
}

void Resource::make_room_for_notes() {
  join_annotations();
  const Value& metadata = object_["metadata"];
  if (metadata.has("annotations") && !metadata["annotations"].is_object())
    set_object(object_.without("/metadata/annotations"));
}

void Resource::remember_id() {
  make_room_for_notes();
  // The first note brings annotations, which come to stand behind the labels.
  if (!has_notes() && object_["metadata"]["annotations"].empty()) labels_made = false;
  Id now = id();
  for (auto& [list, text] : {std::pair(&earlier_.names, &now.name), std::pair(&earlier_.scopes, &now.scope),
                             std::pair(&earlier_.kinds, &now.gvk.kind)})
    if (!text->empty())
      for (std::string_view part : base::split(*text, ',')) list->emplace_back(part);
}

Result<> Resource::check_earlier() const {
  const Earlier& e = earlier_;
  if (e.names.empty() || (e.names.size() == e.scopes.size() && e.names.size() == e.kinds.size())) return {};
  return fail(ErrorKind::invalid,
              "{}: number of previous names, number of previous namespaces, number of previous kinds not equal: one "
              "was empty, or had a comma in it, when another field renamed it (names \"{}\", kinds \"{}\")",
              id().str(), base::join(e.names, ","), base::join(e.kinds, ","))
      .at(origin);
}

void Resource::set_namespace(std::string_view name) {
  const Value* now = object_["metadata"].find("namespace");
  if (name.empty()) {
    if (now) set_object(object_.without("/metadata/namespace"));
  } else if (!now || name != now->as_string() || !is_untyped(*now)) {
    set_object(object_.with("/metadata/namespace", untyped_over(now ? *now : Value(), name)));
  }
}

void Resource::take_identity_of(const Resource& other) {
  set_name(other.name());
  set_namespace(other.scope_name());
  earlier_ = other.earlier_;
  prefixes = other.prefixes;
  suffixes = other.suffixes;
  name_allowed = other.name_allowed;
  kind_allowed = other.kind_allowed;
  vars = other.vars;
  changed_by = other.changed_by;
  number = other.number;
  history = other.history;
}

void ResourceSet::put(auto& into, std::string key, size_t index) {
  std::vector<size_t>& there = into[std::move(key)];
  auto at = std::ranges::lower_bound(there, index);
  if (at == there.end() || *at != index) there.insert(at, index);
}

void ResourceSet::index() {
  if (!all_.empty() && ids_of_schemas_ != all_[0].known()->schemas()) {
    forget();
    ids_of_schemas_ = all_[0].known()->schemas();
  }
  for (; indexed_ < all_.size(); ++indexed_) note(indexed_);
}

void ResourceSet::note(size_t i) {
  const Resource& r = all_[i];
  Id now = r.id();
  put(by_id_, now.key(), i);
  put(by_name_, now.name, i);
  for (size_t p = 0; p < r.previous_count(); ++p) {
    Id before = r.previous(p);
    if (before == now) continue;
    put(by_id_, before.key(), i);
    if (before.name != now.name) put(by_name_, before.name, i);
  }
}

void ResourceSet::touched(size_t i) {
  if (i < indexed_for_selectors_) note_for_selectors(i);
  if (i < indexed_) note(i);  // what it was called before, too: a replacement may have written that
}

namespace {

std::string selector_key(std::string_view field, std::string_view key, std::string_view text) {
  return fmt::format("{}\n{}\n{}", field, key, text);
}

}  // namespace

void ResourceSet::note_for_selectors(size_t i) {
  const Resource& r = all_[i];
  if (r.is_removed()) return;
  for (const char* field : {"labels", "annotations"})
    for (const auto& [key, text] : r.object()["metadata"][field].members())
      put(by_selector_, selector_key(field, key.view(), text.as_string()), i);
  for (const Id& id : {r.original_id(), r.id()}) {
    put(by_selector_, selector_key("scope", "", id.scope), i);
    put(sorted_names_, id.name, i);
  }
}

void ResourceSet::index_for_selectors() {
  for (; indexed_for_selectors_ < all_.size(); ++indexed_for_selectors_) note_for_selectors(indexed_for_selectors_);
}

ResourceSet::Selecting::~Selecting() {
  set_.selecting_ = false;
  set_.by_selector_.clear(), set_.sorted_names_.clear(), set_.indexed_for_selectors_ = 0;
}

std::optional<std::vector<size_t>> ResourceSet::with_text(std::string_view field, std::string_view key,
                                                          std::span<const std::string> texts) {
  if (!selecting_) return std::nullopt;
  index_for_selectors();
  std::vector<size_t> out;
  for (const std::string& text : texts)
    if (auto there = by_selector_.find(selector_key(field, key, text)); there != by_selector_.end())
      out.insert(out.end(), there->second.begin(), there->second.end());
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

std::optional<std::vector<size_t>> ResourceSet::in_scope(std::string_view scope) {
  if (!selecting_) return std::nullopt;
  index_for_selectors();
  auto there = by_selector_.find(selector_key("scope", "", scope));
  return there == by_selector_.end() ? std::vector<size_t>() : there->second;
}

std::optional<std::vector<size_t>> ResourceSet::with_name_between(const std::string& least,
                                                                  const std::string& greatest) {
  if (!selecting_) return std::nullopt;
  index_for_selectors();
  std::vector<size_t> out;
  for (auto at = sorted_names_.lower_bound(least); at != sorted_names_.end() && at->first <= greatest; ++at)
    out.insert(out.end(), at->second.begin(), at->second.end());
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

void ResourceSet::forget() {
  by_id_.clear(), by_name_.clear(), by_selector_.clear(), sorted_names_.clear();
  indexed_ = indexed_for_selectors_ = 0;
}

void ResourceSet::drop_removed() {
  if (!std::exchange(any_removed_, false)) return;
  if (std::erase_if(all_, [](const Resource& r) { return r.is_removed(); }) != 0) forget();
}

void ResourceSet::reorder(const std::vector<size_t>& order) {
  std::vector<Resource> sorted;
  sorted.reserve(all_.size());
  for (size_t i : order) sorted.push_back(std::move(all_[i]));
  all_ = std::move(sorted);
  forget();
}

namespace {

template <class Index>
std::vector<size_t> found(const Index& index, const std::string& key, auto&& is) {
  std::vector<size_t> out;
  if (auto there = index.find(key); there != index.end())
    std::ranges::copy_if(there->second, std::back_inserter(out), is);
  return out;
}

}  // namespace

std::vector<size_t> ResourceSet::with_any_id(const Id& id) {
  index();
  return found(by_id_, id.key(), [&](size_t i) { return !all_[i].is_removed() && all_[i].has_id(id); });
}
std::vector<size_t> ResourceSet::with_current_id(const Id& id) {
  index();
  return found(by_id_, id.key(), [&](size_t i) { return !all_[i].is_removed() && all_[i].id() == id; });
}
std::vector<size_t> ResourceSet::with_any_name(std::string_view name) {
  index();
  return found(by_name_, std::string(name), [&](size_t i) { return !all_[i].is_removed(); });
}

Result<size_t> ResourceSet::only_with_id(const Id& id) {
  auto matches = with_any_id(id);
  if (matches.size() == 1) return matches[0];
  return fail(ErrorKind::invalid, "{} matches for Id {}; failed to find unique target for patch {}",
              matches.empty() ? "no" : "multiple", id.str(), id.str());
}

Result<> ResourceSet::check_distinct() {
  for (size_t i = 0; i < all_.size(); ++i)
    if (auto same = with_current_id(all_[i].id()); !all_[i].is_removed() && same.size() > 1)
      return fail(ErrorKind::invalid,
                  "may not add resource with an already registered id: {} (the other one stands in {})",
                  all_[i].id().str(), all_[same[same[0] == i]].origin.str())
          .at(all_[i].origin);
  return {};
}

Result<> ResourceSet::append(Resource resource) {
  Id id = resource.id();
  if (auto there = with_current_id(id); !there.empty()) {
    clash = there[0];
    return fail(ErrorKind::invalid,
                "may not add resource with an already registered id: {} (the other one stands in {})", id.str(),
                all_[there[0]].origin.str())
        .at(resource.origin);
  }
  all_.push_back(std::move(resource));
  return {};
}

Result<> ResourceSet::append_all(ResourceSet other) {
  if (all_.empty()) {
    if (other.may_collide) OR_RETURN(other.check_distinct());
    *this = std::move(other);
    return {};
  }
  for (Resource& r : other.all_) OR_RETURN(append(std::move(r)));
  return {};
}

namespace {

// kustomize reads both as texts by their keys, and writes none where there are none. In data a null is empty.
Value merged_texts(const Value& under, const Value& over, bool is_data) {
  std::vector<value::Member> members;
  for (const Value* map : {&under, &over})
    for (const auto& [key, item] : map->members()) {
      if (key.view() == value::repeated_keys) continue;
      members.push_back({key, value::made_text(is_data && item.is_null() ? "" : scalar_text(item))});
    }
  return members.empty() ? Value() : with_odd_keys(Value::object(std::move(members)));
}
void set_merged(Resource& into, const char* pointer, const Value& lower, bool is_data = true) {
  const Value& over = into.object().at(pointer);
  Value under = last_of_equal_keys(lower);
  if (over.is_null() && under.is_null()) return;
  Value merged = merged_texts(under, over, is_data);
  if (!into.flaw) into.flaw = flaw_of_odd_keys(merged, into.origin);
  into.set_object(merged.is_null() ? into.object().without(pointer) : into.object().with(pointer, merged));
}

}  // namespace

Resource ResourceSet::joined_merges(std::vector<Resource> merges) {
  Resource last = std::move(merges.back());
  merges.pop_back();
  for (const char* pointer : {"/metadata/labels", "/metadata/annotations", "/data", "/binaryData"}) {
    std::vector<value::Member> members;
    auto gather = [&](const Resource& r) {
      auto more = r.object().at(pointer).members();
      members.insert(members.end(), more.begin(), more.end());
    };
    for (const Resource& r : merges) gather(r);
    gather(last);
    if (!members.empty()) last.set_object(last.object().with(pointer, Value::object(std::move(members))));
  }
  for (const Resource& r : merges) last.needs_hash = last.needs_hash && r.needs_hash;
  return last;
}

Result<> ResourceSet::absorb(Resource made) {
  auto matches = with_any_id(made.id());
  bool joins = made.behavior == Behavior::merge || made.behavior == Behavior::replace;
  if (matches.empty()) {
    if (!joins) return append(std::move(made));
    return fail(ErrorKind::invalid, "id {} does not exist; cannot merge or replace", made.id().str()).at(made.origin);
  }
  if (matches.size() > 1)
    return fail(ErrorKind::invalid, "found multiple objects that could accept merge of {}", made.id().str())
        .at(made.origin);
  if (!joins)
    return fail(ErrorKind::invalid, "id {} exists; can not use behavior: '{}', behavior must be merge or replace",
                made.id().str(), word_of(made.behavior))
        .at(made.origin);
  Resource& old = all_[matches[0]];
  Id taken{made.gvk(), std::string(old.name()), std::string(old.id().scope)};
  if (with_current_id(taken) != std::vector{matches[0]})
    return fail(ErrorKind::invalid, "cannot find resource with id {} to replace", taken.str()).at(made.origin);
  set_merged(made, "/metadata/labels", old.object()["metadata"]["labels"], false);
  set_merged(made, "/metadata/annotations", old.object()["metadata"]["annotations"], false);
  made.take_identity_of(old);
  made.needs_hash = made.needs_hash && old.needs_hash;
  made.generated = old.generated;
  if (made.behavior == Behavior::merge) {
    Value data = old.object()["data"];
    if (made.gvk().kind == "Secret")
      for (const auto& [key, text] : old.object()["stringData"].members())
        data = data.with_member(key, data_base64(text.as_string()));
    set_merged(made, "/data", data);
    set_merged(made, "/binaryData", old.object()["binaryData"]);
    made.origin = old.origin;
    if (old.from) made.from = old.from;
  }
  made.behavior = old.behavior;  // of kustomize's own annotations the older ones stay
  old = std::move(made);
  if (old.history) old.history->push_back({old.number, old.object()});
  touched(matches[0]);
  return {};
}

}  // namespace slipway::render::kustomize
