// A resource on its way through a build: the object, what it was called before, and what the build must remember.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "kinds/object.h"
#include "render/kustomize/budget.h"
#include "render/kustomize/schema.h"

namespace slipway::render::kustomize {

struct Id {
  GroupVersionKind gvk;
  std::string name;
  std::string scope;  // the namespace, "default" when it has none; "_" when cluster-scoped
  bool operator==(const Id&) const = default;
  std::string key() const;
  std::string str() const;  // "Deployment.v1.apps/web.prod"
};

class Resource;
// Error: invalid, naming the first text that kustomize could not read again: one that stands where there was a number
// (Note::misfit), or a block that begins with a tab; bad_request: the resource's flaw, where that is still in it.
Result<> check_misfits(const Resource& r);
Result<> check_misfits(const Value& v, bool in_braces = false);
// Whether anything in it can be read only as nodes (value::DuplicateKeys::as_nodes).
bool has_flaw(const Value& v);
// Where kustomize makes a mapping it writes the keys without quotes, and then reads some as numbers, booleans, dates or
// null, of which no JSON has any. The mapping with those keys marked (value::repeated_keys), and what there is to say.
bool is_odd_key(std::string_view key);
Value with_odd_keys(Value made);
std::shared_ptr<const Error> flaw_of_odd_keys(const Value& made, const base::Place& place);  // null: there are none
// A mapping with the last of equal keys: what is left of annotations that are read into a map and written back.
Value last_of_equal_keys(const Value& mapping);
// Metadata with labels or annotations several times: kustomize reads the first, takes it away and writes it over the
// next one. So often, as long as there is a next one.
Value with_next_put_under(Value metadata, std::string_view field, int times);
// A text that go-yaml writes as a block, and cannot read again as it begins with a tab.
bool begins_with_tab(std::string_view text);
bool begins_with_tab(const Value& v);  // unless it was in quotes, which stay
// What stands in the YAML of a scalar: "1.50", "null", "~"; "" for lists and mappings.
std::string scalar_text(const Value& v);

// kustomize writes a text over a scalar, whose quotes stay: with the type of a text, or without any, so that what is
// not in quotes reads as what it says.
Value text_over(const Value& old, std::string_view text);
Value untyped_over(const Value& old, std::string_view text);

enum class Behavior { unspecified, create, merge, replace };
std::string_view word_of(Behavior behavior);
Behavior behavior_of(std::string_view word);  // unspecified for any other word

// Where a resource came from, or what changed it, as buildMetadata writes it.
struct Provenance {
  std::string path, repo, ref, configured_in, api_version, kind, name, ns;
  std::string text(std::string_view indent) const;
};
std::string text_of(std::span<const Provenance> changes);

// What resources became that an Observer follows, in order: each change of an object, by the resource's number.
struct Became {
  uint32_t number;
  Value object;
};
using History = std::vector<Became>;

class Resource {
 public:
  Resource(Value object, base::Place origin, const KnownKinds* known);
  const Value& object() const { return object_; }
  void set_object(Value object);
  // Lends the object to who changes it in place, and gives it back by set_object() before anybody asks for it.
  Value take_object() { return std::exchange(object_, {}); }
  const GroupVersionKind& gvk() const { return gvk_; }
  // Its name and namespace, as texts: a patch or replacement may have made a number of one.
  std::string_view name() const { return number_as_name_.empty() ? kinds::name_of(object_) : number_as_name_; }
  std::string_view scope_name() const {
    return number_as_scope_.empty() ? kinds::namespace_of(object_) : number_as_scope_;
  }
  bool is_cluster_scoped() const;
  const KnownKinds* known() const { return known_; }
  Id id() const;
  Id original_id() const { return previous_count() ? previous(0) : id(); }
  size_t previous_count() const { return earlier_.count(); }
  Id previous(size_t i) const;
  std::string_view previous_name(size_t i) const { return earlier_.names[i]; }
  bool has_id(const Id& id) const;  // now or before
  void remember_id();               // before its name, namespace or kind changes
  // Three lists, as kustomize notes them: with commas between, and nothing of an empty text. So a name that was empty
  // or has a comma in it leaves lists that do not belong together.
  struct Earlier {
    std::vector<std::string> names, scopes, kinds;
    size_t count() const { return std::min({names.size(), scopes.size(), kinds.size()}); }
    bool is_empty() const { return names.empty() && scopes.empty() && kinds.empty(); }
  };
  const Earlier& earlier() const { return earlier_; }
  void set_earlier(Earlier earlier) { earlier_ = std::move(earlier); }
  // Error: invalid, when the lists do not belong together, which kustomize finds out when it reads them next.
  Result<> check_earlier() const;
  // Annotations that are no mapping give way to kustomize's first note, and those given several times become one.
  void make_room_for_notes();
  void join_annotations();
  // kustomize keeps its notes among the annotations: whether there are any, so that something can be added to them.
  bool has_notes() const {
    return !earlier_.is_empty() || !prefixes.empty() || !suffixes.empty() || generated || from.has_value() ||
           name_allowed || kind_allowed;
  }
  // Both without a type (see untyped_over()). An empty namespace is taken away.
  void set_name(std::string_view name);
  void set_namespace(std::string_view name);
  void take_identity_of(const Resource& other);
  bool is_removed() const { return object_.is_null() || object_.empty(); }

  base::Place origin;
  // What no JSON can hold in the file or patch that it came from, and that it may still have: see has_flaw().
  std::shared_ptr<const Error> flaw;
  std::vector<std::string> prefixes, suffixes;
  std::vector<std::string> referrers_with_vars;  // ids with a $ in them
  std::vector<std::string> vars;                 // names of the vars that read from it
  // Labels that one transformer wrote to several fields; see shared_labels.h.
  struct SharedLabel {
    std::string key;
    std::vector<std::vector<std::string>> paths;
  };
  std::vector<SharedLabel> shared_labels;
  bool labels_made = false;  // its labels are a transformer's work, as kustomize writes them, and the last of metadata
  int scalars_written = 0;   // by replicas, images and patches: over an equal one too
  enum class Merged : uint8_t {
    none,
    by_id,
    by_selector
  } merged = Merged::none;                          // last, and nothing else wrote version, kind or namespace since
  Value left_by_json_patch;                         // the object, as the last such patch left it; null: there was none
  unsigned json_patches_on_end = 0;                 // that came with nothing between them
  bool settled = false;                             // what is left so, a patch that changes nothing leaves as it is
  bool name_allowed = false, kind_allowed = false;  // a patch came that may change its name, or kind
  bool needs_hash = false;
  bool generated = false;
  bool from_chart = false;     // its namespace is the chart's affair
  uint32_t number = 0;         // given by an Observer who follows it; else 0
  History* history = nullptr;  // the follower's, who outlives the build
  Behavior behavior = Behavior::unspecified;
  std::optional<Provenance> from;
  std::vector<Provenance> changed_by;

 private:
  Value object_;
  GroupVersionKind gvk_;
  mutable bool cluster_scoped_ = false;
  mutable int scope_of_schemas_ = 0;  // how many schemas were named when that was asked
  Earlier earlier_;
  std::string number_as_name_, number_as_scope_;
  const KnownKinds* known_;
};

// Resources in order, found by any id or name in constant time. Whoever changes the id of one calls touched().
class ResourceSet {
 public:
  // While one lives, those that a label selects are found by an index, too. Meanwhile whoever changes anything of a
  // resource calls touched(), and nobody adds any.
  class Selecting {
   public:
    explicit Selecting(ResourceSet& set) : set_(set) { set_.selecting_ = true; }
    ~Selecting();
    Selecting(const Selecting&) = delete;
    Selecting& operator=(const Selecting&) = delete;

   private:
    ResourceSet& set_;
  };
  std::vector<Resource>& all() { return all_; }
  const std::vector<Resource>& all() const { return all_; }
  void touched(size_t index);
  void remove(Resource& resource) {
    resource.set_object({});
    any_removed_ = true;
  }
  void drop_removed();  // what was removed, at last
  void reorder(const std::vector<size_t>& order);
  std::vector<size_t> with_current_id(const Id& id);
  std::vector<size_t> with_any_id(const Id& id);
  std::vector<size_t> with_any_name(std::string_view name);  // now or ever
  // All that have one of `texts` under `key` of metadata's "labels" or "annotations", and maybe others; nothing where
  // that would take a look at each.
  std::optional<std::vector<size_t>> with_text(std::string_view field, std::string_view key,
                                               std::span<const std::string> texts);
  // All that are or were in this namespace first, and maybe others; nothing as above.
  std::optional<std::vector<size_t>> in_scope(std::string_view scope);
  // All whose name, now or first, lies between these two, and maybe others, in order; nothing as above.
  std::optional<std::vector<size_t>> with_name_between(const std::string& least, const std::string& greatest);
  // The one with this id, now or before. Error: invalid, in kustomize's words, when there is none or several.
  Result<size_t> only_with_id(const Id& id);
  // Error: invalid when two have one current id, which only patches and replacements that rename can bring about.
  Result<> check_distinct();
  std::optional<size_t> clash;  // after append() or append_all() failed: the one that is there
  bool may_collide = false;     // something ran that may have brought that about
  Budget* budget = nullptr;     // of the build; null: whoever holds the set bounds what is done to it
  Result<> charge(size_t bytes) const { return budget ? budget->make(bytes) : Result<>(); }
  // One that a resource gets: it stands in the object, among its earlier ids and wherever it is found by.
  Result<> charge_name(size_t bytes) const { return charge(4 * bytes); }
  Result<> charge_spread(size_t bytes) const { return budget ? budget->spread(bytes) : Result<>(); }
  // Error: invalid, when one of that current id is there.
  Result<> append(Resource resource);
  Result<> append_all(ResourceSet other);
  // What a generator made: by its behavior a new one, or put in place of the one with its id.
  Result<> absorb(Resource generated);
  // Several that merge into one and the same, and have no flaw, as one that merges what all of them would.
  static Resource joined_merges(std::vector<Resource> merges);

 private:
  using Index = std::unordered_map<std::string, std::vector<size_t>>;  // in order, each once
  static void put(auto& into, std::string key, size_t index);
  void index();
  void note(size_t index);
  void note_for_selectors(size_t index);
  void index_for_selectors();
  void forget();
  std::vector<Resource> all_;
  // By any id, by any name, and by what selectors look at. Entries may be stale; a look-up checks each.
  Index by_id_, by_name_, by_selector_;
  std::map<std::string, std::vector<size_t>> sorted_names_;  // as by_selector_
  size_t indexed_ = 0, indexed_for_selectors_ = 0;
  int ids_of_schemas_ = 0;  // as a resource's
  bool selecting_ = false;
  bool any_removed_ = false;
};

}  // namespace slipway::render::kustomize
