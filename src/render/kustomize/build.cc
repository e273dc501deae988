// The order of things is kustomize's. In one folder: resources in their order, then configurations, generators,
// components (which work on what is there so far), transformers, vars. Only at the root, last: hashes, references,
// vars, local-config objects out, order, labels and annotations about the build.
#include "render/kustomize/build.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <unordered_set>
#include <utility>

#include "base/text.h"
#include "render/kustomize/configuration.h"
#include "render/kustomize/crds.h"
#include "render/kustomize/documents.h"
#include "render/kustomize/first_document.h"
#include "render/kustomize/functions.h"
#include "render/kustomize/generate.h"
#include "render/kustomize/name_reference.h"
#include "render/kustomize/notes.h"
#include "render/kustomize/order.h"
#include "render/kustomize/patch.h"
#include "render/kustomize/patch_source.h"
#include "render/kustomize/plugin.h"
#include "render/kustomize/printable.h"
#include "render/kustomize/replacement.h"
#include "render/kustomize/shared_labels.h"
#include "render/kustomize/transform.h"
#include "render/kustomize/validated.h"
#include "render/kustomize/vars.h"
#include "render/words.h"
#include "sources/url.h"
#include "value/yaml.h"

namespace slipway::render::kustomize {
namespace {

std::atomic<bool> stopping{false};

constexpr int kDepthMax = 100;  // kustomizations within kustomizations
constexpr size_t kResourcesMax = 200'000;

// A folder or file as buildMetadata names it: from the root's view, or within a remote repository.
struct Trail {
  std::string path, repo, ref;
};

struct Accumulated {
  explicit Accumulated(Budget& budget) { resources.budget = &budget; }
  ResourceSet resources;
  Configuration configuration;
  std::vector<Var> vars;
  // Which entry of resources brought those from here on; of one kustomization, while it gathers them.
  std::vector<std::pair<size_t, const Named*>> bringers;
};

// An id that is there twice is told with the entries of the kustomization that bring it.
Result<> with_bringers(Result<> appended, const Accumulated& into) {
  if (appended || !into.resources.clash) return appended;
  const Named *own = into.bringers.empty() ? nullptr : into.bringers.back().second, *other = nullptr;
  for (const auto& [from, entry] : into.bringers)
    if (from <= *into.resources.clash) other = entry;
  if (!own) return appended;
  const Error& error = appended.error();
  std::string more = fmt::format("; brought by {}", own->spot.place().str());
  if (other == own) more += ", and so is the other one";
  if (other && other != own) more += fmt::format(", the other one by {}", other->spot.place().str());
  return fail(error.kind(), "{}{}", error.message(), more).at(error.place());
}

Result<> placed(Result<> done, const Spot& spot) {
  if (done) return done;
  return std::move(done).error().at(spot.place());
}

class Build {
 public:
  explicit Build(const BuildRequest& request) : request_(request) {}

  Result<Built> run() {
    if (request_.observer) request_.observer->begin();
    Folder folder = OR_RETURN(root());
    Kustomization k = *OR_RETURN(load(folder, !request_.overrides.is_null()));
    if (!request_.overrides.is_null()) OR_RETURN(apply_overrides(k, request_, folder).context("spec.source.kustomize"));
    traced_ = !k.build_metadata.empty();
    Accumulated all(budget_);
    OR_RETURN(accumulate(folder, k, all, {}, 0, ""));
    auto built = finish(k, all);
    if (auto why = known_.unreadable()) return std::move(*why);
    return built;
  }

 private:
  Result<Folder> root() {
    outside_.emplace(request_.tree, "", false, request_.remotes);
    if (is_remote(request_.path)) return outside_->open(request_.path);
    std::string said = (request_.on_disk ? "/" : "") + request_.path;
    auto path = request_.tree->real_path(request_.path);
    if (path.failed_with(ErrorKind::not_found) && request_.on_disk)
      return outside_->missing(said, request_.path).context("must build at directory");
    if (!path) return std::move(path).error();
    if (!request_.tree->is_directory(*path))
      return fail(ErrorKind::bad_request, "must build at directory: \"{}\" is {}", said,
                  words_for_no_folder(*request_.tree, *path));
    return Folder(request_.tree, *path, request_.unrestricted, request_.remotes, request_.on_disk);
  }

  // A base of several overlays is read once. `edited`: an empty one may be filled by overrides.
  Result<std::shared_ptr<const Kustomization>> load(const Folder& folder, bool edited = false) {
    Folder::File file = OR_RETURN(folder.kustomization());
    auto& read = kustomizations_[{file.tree, file.path}];
    if (!read) {
      read = std::make_shared<const Kustomization>(OR_RETURN(read_kustomization(
          file.text, file.path, edited && says_nothing(OR_RETURN(read_first_document(*file.text, file.path))))));
      if (request_.observer) request_.observer->loaded(*read);
    }
    const Kustomization& k = *read;
    for (const Named& warning : k.warnings) {
      if (request_.warn) request_.warn(warning.text);
      if (std::ranges::find(warnings_, warning.text) == warnings_.end()) warnings_.push_back(warning.text);
    }
    if (!k.charts.empty() && !request_.charts)
      return fail(ErrorKind::invalid,
                  "must specify --enable-helm (for Applications: kustomize.buildOptions in the ConfigMap argocd-cm)")
          .at(k.charts[0].spot.place());
    if (auto done = take_schema(folder, k); !done) return std::move(done).error().at(k.openapi_spot.place());
    if (request_.remotes) foresee(folder, k);
    return read;
  }

  // All that this one will ask for, so that it is fetched in one go.
  static void foresee(const Folder& folder, const Kustomization& k) {
    for (const auto* entries : {&k.resources, &k.components})
      for (const Named& entry : *entries)
        if (is_remote(entry.text)) folder.foresee(entry.text);
    for (const HelmChart& chart : k.charts) foresee_chart(chart, k.helm_globals, folder);
  }

  // The first schema that is named stays for the whole build; the file of a later one must be there all the same.
  Result<> take_schema(const Folder& folder, const Kustomization& k) {
    const std::string *path = nullptr, *version = nullptr;
    for (const auto& [key, text] : k.openapi) {
      if (key == "path") path = &text;
      if (key == "version") version = &text;
    }
    std::optional<Folder::File> file;
    if (path) file = OR_RETURN(folder.read(*path));
    if (has_schema_) return {};
    if (file && version) return fail(ErrorKind::invalid, "builtin version and custom schema provided, cannot use both");
    if (version && !version->empty() && *version != "v1.21.2")
      return fail(ErrorKind::invalid, "the specified OpenAPI version is not built in: \"{}\"; \"v1.21.2\" is",
                  *version);
    has_schema_ = file || (version && !version->empty());
    if (!file) return {};
    if (auto schema = OpenApi::read(*file->text, file->path))
      known_.add(std::move(*schema));
    else
      known_.add_unreadable(std::move(schema).error().at(k.openapi_spot.place()));
    return {};
  }

  // `trail`: the folder as buildMetadata names it.
  // `around`: the namespace of the kustomizations around it.
  Result<> accumulate(const Folder& folder, const Kustomization& k, Accumulated& into, const Trail& trail, int depth,
                      const std::string& around) {
    std::string ns = k.ns.empty() ? around : k.ns;
    if (depth > kDepthMax)
      return fail(ErrorKind::too_large, "kustomizations are nested deeper than {} levels", kDepthMax).at({k.file});
    OR_RETURN(built_in(k, budget_.enter_folder()));
    for (const Named& entry : k.resources) {
      into.bringers.emplace_back(into.resources.all().size(), &entry);
      OR_RETURN(accumulate_entry(folder, entry, into, trail, depth, ns));
    }
    into.bringers.clear();
    OR_RETURN(merge_configurations(folder, k, into.configuration));
    for (const Named& entry : k.crds) {
      auto read = read_crds(folder, entry);
      if (!read) return from_entry(std::move(read).error(), entry.spot);
      OR_RETURN(placed(into.configuration.merge(*read), entry.spot));
    }
    OR_RETURN(run_generators(folder, k, into, trail, ns));
    for (const Named& entry : k.components) OR_RETURN(accumulate_component(folder, entry, into, trail, depth, ns));
    OR_RETURN(built_in(k, budget_.pass(into.resources.all().size())));
    OR_RETURN(built_in(k, run_transformers(folder, k, into, trail)));
    if (!k.validators.empty()) OR_RETURN(run_validators(folder, k, into, trail));
    if (into.resources.all().size() > kResourcesMax)
      return fail(ErrorKind::too_large, "more than {} resources", kResourcesMax).at({k.file});
    return merge_vars(into.vars, k.vars, into.resources);
  }

  // What has no place yet is told with the file that was being built.
  static Result<> built_in(const Kustomization& k, Result<> done) {
    if (done || !done.failed_with(ErrorKind::too_large) || !done.error().place().file.empty()) return done;
    return std::move(done).error().at({k.file});
  }

  static Result<> merge_configurations(const Folder& folder, const Kustomization& k, Configuration& into) {
    if (k.configurations.empty()) return into.merge(builtin_configuration());
    Configuration read, own = builtin_configuration();
    for (const Named& entry : k.configurations) {
      auto configuration = read_configuration(folder, entry);
      if (!configuration) return from_entry(std::move(configuration).error(), entry.spot);
      OR_RETURN(placed(read.merge(*configuration), entry.spot));
    }
    OR_RETURN(placed(own.merge(read), k.configurations[0].spot));
    return placed(into.merge(own), k.configurations[0].spot);
  }

  Result<> accumulate_entry(const Folder& folder, const Named& entry, Accumulated& into, const Trail& trail, int depth,
                            const std::string& ns) {
    auto gather = [&]() -> Result<> {
      if (folder.is_folder(entry.text)) return accumulate_folder(folder, entry, into, trail, depth, ns);
      Folder::File file = OR_RETURN(folder.read(entry.text));
      auto read = resources_of(file);
      if (!read) return from_entry(std::move(read).error(), entry.spot);
      size_t fresh_from = into.resources.all().size();
      for (Resource& r : *read) {
        if (traced_) {
          if (const Value& annotations = r.object()["metadata"]["annotations"];
              !annotations.is_null() && !annotations.is_object())
            return fail(ErrorKind::invalid, "metadata/annotations of {}: expected a mapping, found {}", r.id().str(),
                        words(annotations.type()))
                .at(r.origin);
          r.make_room_for_notes();
          r.from = origin_of(into_entry(trail, entry.text));
        }
        OR_RETURN(with_bringers(into.resources.append(std::move(r)), into));
      }
      if (request_.observer)
        request_.observer->after(into.resources, {.field = "resources", .text = file.text, .fresh_from = fresh_from});
      return {};
    };
    auto done = gather();
    if (done) return {};
    Error error = std::move(done).error();
    if (error.place().line || !error.place().file.empty()) return error;
    return std::move(error).context("resources").at(entry.spot.place());
  }

  Result<> accumulate_folder(const Folder& folder, const Named& entry, Accumulated& into, const Trail& trail, int depth,
                             const std::string& ns) {
    Folder inner = OR_RETURN(folder.open(entry.text));
    if (is_remote(entry.text)) {
      auto done = accumulate_opened(inner, entry, into, trail, depth, ns);
      if (!done) return std::move(done).error().context(sources::shown_url(entry.text));
      return {};
    }
    return accumulate_opened(inner, entry, into, trail, depth, ns);
  }

  Result<> accumulate_opened(const Folder& inner, const Named& entry, Accumulated& into, const Trail& trail, int depth,
                             const std::string& ns) {
    auto loaded = OR_RETURN(load(inner));
    const Kustomization& k = *loaded;
    if (k.component)
      return fail(ErrorKind::invalid, "\"{}\" is a Component; name it under components, not resources", entry.text);
    Accumulated own(budget_);
    OR_RETURN(accumulate(inner, k, own, into_entry(trail, entry.text), depth + 1, ns));
    OR_RETURN(into.configuration.merge(own.configuration));
    OR_RETURN(with_bringers(into.resources.append_all(std::move(own.resources)), into));
    for (Var& var : own.vars) {
      if (auto there = std::ranges::find(into.vars, var.name, &Var::name); there != into.vars.end())
        return fail(ErrorKind::invalid, "var '{}' already encountered (the other one stands in {}); brought by {}",
                    var.name, there->spot.place().str(), entry.spot.place().str())
            .at(var.spot.place());
      into.vars.push_back(std::move(var));
    }
    return {};
  }

  Result<> accumulate_component(const Folder& folder, const Named& entry, Accumulated& into, const Trail& trail,
                                int depth, const std::string& ns) {
    auto gather = [&]() -> Result<> {
      Folder inner = OR_RETURN(folder.open(entry.text));
      auto loaded = OR_RETURN(load(inner));
      const Kustomization& k = *loaded;
      if (!k.component)
        return fail(ErrorKind::invalid, "expected kind 'Component' for path '{}' but got 'Kustomization'", entry.text);
      auto done = accumulate(inner, k, into, into_entry(trail, entry.text), depth + 1, ns);
      if (!done && into.resources.clash)
        return fail(done.error().kind(), "{}; in the component that {} names", done.error().message(),
                    entry.spot.place().str())
            .at(done.error().place());
      OR_RETURN(std::move(done));
      if (into.resources.may_collide) OR_RETURN(into.resources.check_distinct());
      if (!into.configuration.custom) return {};
      Configuration merged_anew;  // which may show a conflict that the order of merging hid
      OR_RETURN(merged_anew.merge(into.configuration));
      into.configuration = std::move(merged_anew);
      return {};
    };
    auto done = gather();
    if (done) return {};
    Error error = std::move(done).error();
    if (error.place().line || !error.place().file.empty()) return error;
    return std::move(error).context("components").at(entry.spot.place());
  }

  // A file that several kustomizations name is read once.
  Result<std::vector<Resource>> resources_of(const Folder::File& file) {
    auto there = files_.find({file.tree, file.path});
    if (there == files_.end()) {
      std::vector<Resource> read = OR_RETURN(read_resources(*file.text, file.path, &known_));
      for (Resource& r : read) read_notes(r);
      there = files_.emplace(std::pair(file.tree, file.path), std::move(read)).first;
    }
    return there->second;
  }

  // ---- generators, transformers

  Provenance by_builtin(const Kustomization& k, const Trail& trail, const char* kind) const {
    return {.repo = trail.repo,
            .ref = trail.ref,
            .configured_in = joined(trail.path, k.file.substr(k.file.rfind('/') + 1)),
            .api_version = "builtin",
            .kind = kind};
  }
  static Provenance by_plugin(const Resource& plugin) {
    if (!plugin.from) return {};
    return {.repo = plugin.from->repo,
            .ref = plugin.from->ref,
            .configured_in = plugin.from->path,
            .api_version = plugin.object()["apiVersion"].str(),
            .kind = plugin.gvk().kind,
            .name = std::string(plugin.name()),
            .ns = std::string(plugin.scope_name())};
  }
  void trace(Accumulated& all, const Provenance& by) const {
    if (!traced_) return;
    for (Resource& r : all.resources.all()) {
      part_shared_annotations(r);
      r.make_room_for_notes();
      rewrite_annotations(r);
      r.labels_made = false;  // they stand behind the labels now
      if (!r.from)
        r.from = by;
      else
        r.changed_by.push_back(by);
    }
  }

  // Runs a step, and lets those who look on see what it did.
  Result<> observed(ResourceSet& set, const Step& step, auto&& run) {
    if (request_.observer) request_.observer->before(set, step);
    Result<> done = run();
    if (done && request_.observer) request_.observer->after(set, step);
    return done;
  }

  Result<> run_generators(const Folder& folder, const Kustomization& k, Accumulated& into, const Trail& trail,
                          const std::string& ns) {
    auto look = [&](Step step) {
      step.kustomization = &k;
      step.folder = &folder;
      if (request_.observer) request_.observer->after(into.resources, step);
    };
    // What merges into the same as the one before waits, where nobody looks at each, so that all is merged at once.
    std::vector<Resource> waiting;
    std::optional<Id> merged;
    auto merge_waiting = [&]() -> Result<> {
      if (waiting.empty()) return {};
      return into.resources.absorb(ResourceSet::joined_merges(std::exchange(waiting, {})));
    };
    for (const Generator& generator : k.generated) {
      size_t fresh_from = into.resources.all().size();
      Resource made = OR_RETURN(generate(generator, folder, &known_));
      OR_RETURN(placed(budget_.make(made.object().memory_bytes()), generator.spot));
      bool joins = !traced_ && !request_.observer && made.behavior == Behavior::merge && !made.flaw;
      Id id = made.id();
      if (joins && merged == id) {
        waiting.push_back(std::move(made));
        continue;
      }
      OR_RETURN(merge_waiting());
      merged.reset();
      if (joins) merged = std::move(id);
      if (traced_) made.from = by_builtin(k, trail, generator.secret ? "SecretGenerator" : "ConfigMapGenerator");
      OR_RETURN(into.resources.absorb(std::move(made)));
      look({.field = generator.secret ? "secretGenerator" : "configMapGenerator",
            .spot = &generator.spot,
            .fresh_from = fresh_from});
    }
    OR_RETURN(merge_waiting());
    for (const HelmChart& chart : k.charts) {
      size_t fresh_from = into.resources.all().size();
      auto made = inflate_chart(chart, k.helm_globals, folder, ns, request_.chart_settings, &known_, warnings_);
      if (!made)
        return std::move(made).error().context(fmt::format("helmCharts \"{}\"", chart.name)).at(chart.spot.place());
      for (Resource& r : *made) {
        if (traced_) r.from = by_builtin(k, trail, "HelmChartInflationGenerator");
        OR_RETURN(into.resources.absorb(std::move(r)));
      }
      look({.field = "helmCharts", .spot = &chart.spot, .fresh_from = fresh_from});
    }
    if (k.generators.empty()) return {};
    Accumulated plugins = OR_RETURN(load_plugins(folder, k.generators, k, trail));
    for (const Resource& plugin : plugins.resources.all()) {
      size_t fresh_from = into.resources.all().size();
      std::string what = fmt::format("{} {}", plugin.gvk().kind, plugin.name());
      const ChartSettings* charts = request_.charts ? &request_.chart_settings : nullptr;
      auto generated = is_function(plugin) ? generate_by_function(plugin, folder, request_.functions, &known_)
                                           : run_generator(plugin, folder, &known_, charts, warnings_);
      for (Resource& made : OR_RETURN(std::move(generated))) {
        if (auto done = budget_.make(made.object().memory_bytes()); !done)
          return std::move(done).error().at(plugin.origin);
        if (traced_) made.from = by_plugin(plugin);
        OR_RETURN(into.resources.absorb(std::move(made)));
      }
      look({.field = "generators", .what = what.c_str(), .place = plugin.origin, .fresh_from = fresh_from});
    }
    return {};
  }

  Result<> run_transformers(const Folder& folder, const Kustomization& k, Accumulated& all, const Trail& trail) {
    ResourceSet& set = all.resources;
    const Configuration& c = all.configuration;
    auto seen = [&](const char* field, size_t entry, const Spot* spot, auto&& run,
                    const Replacement* replacement = nullptr) -> Result<> {
      return observed(set,
                      {.field = field,
                       .entry = entry,
                       .kustomization = &k,
                       .folder = &folder,
                       .configuration = &all.configuration,
                       .spot = spot,
                       .replacement = replacement},
                      run);
    };
    auto step = [&](const char* kind, const char* field, size_t entry, const Spot* spot, auto&& run) -> Result<> {
      OR_RETURN(seen(field, entry, spot, run));
      trace(all, by_builtin(k, trail, kind));
      return {};
    };
    auto each = [&](const char* kind, const char* field, const auto& list, auto&& apply) -> Result<> {
      for (size_t i = 0; i < list.size(); ++i)
        OR_RETURN(step(kind, field, i, &list[i].spot, [&] { return apply(list[i]); }));
      return {};
    };
    if (!k.strategic_patches.empty())
      OR_RETURN(step("PatchStrategicMergeTransformer", "patchesStrategicMerge", 0, nullptr,
                     [&] { return apply_strategic_patches(set, k.strategic_patches, folder, &known_); }));
    auto patch_each = [&](const char* kind, const char* field, const std::vector<Patch>& list,
                          auto&& apply) -> Result<> {
      std::optional<ResourceSet::Selecting> selecting;
      if (!traced_) selecting.emplace(set);  // traces change annotations
      return each(kind, field, list, apply);
    };
    OR_RETURN(patch_each("PatchTransformer", "patches", k.patches,
                         [&](const Patch& patch) { return apply_patch(set, patch, folder, &known_); }));
    if (!k.ns.empty())
      OR_RETURN(step("NamespaceTransformer", "namespace", 0, nullptr, [&] {
        Spot spot = k.spot;
        spot.pointer = "/namespace";
        return change_namespace(set, {k.ns, false, Subjects::default_only, &spot}, c.namespaces);
      }));
    if (!k.name_prefix.empty())
      OR_RETURN(step("PrefixTransformer", "namePrefix", 0, nullptr,
                     [&] { return add_prefix(set, k.name_prefix, c.name_prefix); }));
    if (!k.name_suffix.empty())
      OR_RETURN(step("SuffixTransformer", "nameSuffix", 0, nullptr,
                     [&] { return add_suffix(set, k.name_suffix, c.name_suffix); }));
    OR_RETURN(run_labels(folder, k, all, trail));
    if (!k.common_annotations.empty())
      OR_RETURN(step("AnnotationsTransformer", "commonAnnotations", 0, nullptr,
                     [&] { return add_pairs(set, k.common_annotations, c.annotations); }));
    OR_RETURN(patch_each("PatchJson6902Transformer", "patchesJson6902", k.json_patches,
                         [&](const Patch& patch) { return apply_json_patch(set, patch, folder); }));
    OR_RETURN(each("ReplicaCountTransformer", "replicas", k.replicas,
                   [&](const Replica& replica) { return set_replicas(set, replica, c.replicas); }));
    ImageSetter images(set, c.images);
    OR_RETURN(each("ImageTagTransformer", "images", k.images, [&](const Image& image) {
      return traced_ ? set_image(set, image, c.images) : images.set(image);  // traces change annotations
    }));
    if (!k.replacements.empty()) {
      auto replacements = OR_RETURN(read_replacements(k.replacements, folder));
      for (size_t i = 0; i < replacements.size(); ++i)
        OR_RETURN(seen(
            "replacements", i, &replacements[i].spot, [&] { return apply_replacement(set, replacements[i]); },
            &replacements[i]));
      trace(all, by_builtin(k, trail, "ReplacementTransformer"));
    }
    if (!k.transformers.empty()) OR_RETURN(run_plugins(folder, k.transformers, k, all, trail));
    return {};
  }

  Result<> run_labels(const Folder& folder, const Kustomization& k, Accumulated& all, const Trail& trail) {
    if (k.labels.empty() && k.common_labels.empty()) return {};
    const Configuration& c = all.configuration;
    auto step = [&](const char* field, const Spot* spot, const Pairs& pairs,
                    const std::vector<FieldSpec>& fields) -> Result<> {
      OR_RETURN(observed(
          all.resources,
          {.field = field, .kustomization = &k, .folder = &folder, .configuration = &all.configuration, .spot = spot},
          [&] { return add_pairs(all.resources, pairs, fields); }));
      trace(all, by_builtin(k, trail, "LabelTransformer"));
      return {};
    };
    // Entries that nobody looks at one by one are added together, when they are for the same fields.
    bool joins = !traced_ && !request_.observer;
    std::vector<const Pairs*> waiting;
    std::vector<FieldSpec> waiting_fields;
    std::unordered_set<std::string_view> waiting_keys;
    auto add_waiting = [&]() -> Result<> {
      waiting_keys.clear();
      return waiting.empty() ? Result<>() : add_joined_pairs(all.resources, std::exchange(waiting, {}), waiting_fields);
    };
    for (const Labels& labels : k.labels) {
      std::vector<FieldSpec> fields = labels.fields;
      auto add = [&](const std::vector<FieldSpec>& more) -> Result<> {
        return placed(add_fields(fields, more).context("failed to merge labels"), {nullptr, k.file, ""});
      };
      OR_RETURN(add(c.labels));
      if (labels.selectors) {
        OR_RETURN(add(c.common_labels));
      } else {
        if (labels.templates) OR_RETURN(add(c.template_labels));
        if (labels.claims) OR_RETURN(add(c.claim_labels));
        FieldSpec own = FieldSpec::of_path("metadata/labels");
        own.create = true;
        OR_RETURN(add({own}));
      }
      if (!joins || labels.pairs.empty() || !can_join(labels.pairs, fields)) {
        OR_RETURN(add_waiting());
        OR_RETURN(step("labels", &labels.spot, labels.pairs, fields));
        continue;
      }
      bool repeats =
          std::ranges::any_of(labels.pairs, [&](const auto& pair) { return waiting_keys.contains(pair.first); });
      if (repeats || fields != waiting_fields) OR_RETURN(add_waiting());
      for (const auto& [key, text] : labels.pairs) waiting_keys.insert(key);
      waiting.push_back(&labels.pairs);
      waiting_fields = std::move(fields);
    }
    OR_RETURN(add_waiting());
    return step("commonLabels", nullptr, k.common_labels, c.common_labels);
  }

  // Plugins are given inline, in files, or as kustomizations that make them; those inline come first.
  Result<Accumulated> load_plugins(const Folder& folder, const std::vector<Named>& entries, const Kustomization& k,
                                   const Trail& trail) {
    Accumulated plugins(budget_);
    auto is_inline = [](const Named& entry) {
      return entry.text.find('\n') != entry.text.npos || entry.text.starts_with('{');
    };
    for (const Named& entry : entries) {
      if (!is_inline(entry)) continue;
      plugins.bringers.emplace_back(plugins.resources.all().size(), &entry);
      auto read = read_resources(entry.text, "", &known_);
      if (!read) return text_within(entry.spot, entry.text).placed(std::move(read).error());
      for (Resource& r : *read) {
        if (r.flaw) return text_within(entry.spot, entry.text).placed(*r.flaw);
        r.origin = entry.spot.place();
        if (traced_) r.from = origin_of(into_entry(trail, k.file.substr(k.file.rfind('/') + 1)));
        OR_RETURN(with_bringers(plugins.resources.append(std::move(r)), plugins));
      }
    }
    for (const Named& entry : entries)
      if (!is_inline(entry) && !entry.text.empty()) {  // an empty entry is none
        plugins.bringers.emplace_back(plugins.resources.all().size(), &entry);
        OR_RETURN(accumulate_entry(folder, entry, plugins, trail, 1, ""));
      }
    for (const Resource& r : plugins.resources.all())
      if (r.flaw && has_flaw(r.object())) return *r.flaw;
    return plugins;
  }

  Result<> run_plugins(const Folder& folder, const std::vector<Named>& entries, const Kustomization& k,
                       Accumulated& all, const Trail& trail) {
    Accumulated plugins = OR_RETURN(load_plugins(folder, entries, k, trail));
    for (const Resource& plugin : plugins.resources.all()) {
      std::string what = fmt::format("{} {}", plugin.gvk().kind, plugin.name());
      OR_RETURN(observed(all.resources,
                         {.field = "transformers",
                          .what = what.c_str(),
                          .kustomization = &k,
                          .folder = &folder,
                          .place = plugin.origin,
                          .fresh_from = is_function(plugin) ? 0 : SIZE_MAX},
                         [&] {
                           return is_function(plugin) ? transform_by_function(all.resources, plugin, folder,
                                                                              request_.functions, &known_)
                                                      : run_transformer(all.resources, plugin, folder, &known_);
                         }));
      all.resources.drop_removed();
      trace(all, by_plugin(plugin));
    }
    return {};
  }

  // A validator is a transformer that must leave everything as it was.
  Result<> run_validators(const Folder& folder, const Kustomization& k, Accumulated& all, const Trail& trail) {
    Accumulated plugins = OR_RETURN(load_plugins(folder, k.validators, k, trail));
    for (const Resource& plugin : plugins.resources.all()) {
      if (is_function(plugin)) {
        OR_RETURN(validate_by_function(all.resources, plugin, folder, request_.functions, &known_));
        continue;
      }
      std::vector<Resource> before = all.resources.all();
      std::string what = fmt::format("{} {}", plugin.gvk().kind, plugin.name());
      OR_RETURN(observed(
          all.resources,
          {.field = "validators", .what = what.c_str(), .kustomization = &k, .folder = &folder, .place = plugin.origin},
          [&] { return run_transformer(all.resources, plugin, folder, &known_); }));
      if (!is_left_alone(before, all.resources.all()))
        return fail(ErrorKind::invalid, "validator shouldn't modify the resource map: {} \"{}\" does",
                    plugin.gvk().kind, plugin.name())
            .at(plugin.origin);
    }
    return {};
  }

  // ---- at the root

  Result<Built> finish(const Kustomization& k, Accumulated& all) {
    ResourceSet& set = all.resources;
    auto look = [&](const char* what, const char* field = "") {
      if (request_.observer)
        request_.observer->after(set, {.field = field, .what = what, .kustomization = &k, .vars = &all.vars});
    };
    add_name_hashes(set);
    look("name hash");
    for (const Resource& r : set.all())
      if (!r.is_removed()) OR_RETURN(r.check_earlier());
    OR_RETURN(built_in(k, update_name_references(set, all.configuration.name_references)));
    look("name reference");
    size_t told = warnings_.size();
    OR_RETURN(built_in(k, resolve_vars(set, all.vars, all.configuration.vars, warnings_)));
    look("vars");
    for (; request_.warn && told < warnings_.size(); ++told) request_.warn(warnings_[told]);
    for (Resource& r : set.all()) {
      const Value* local = r.object()["metadata"]["annotations"].find("config.kubernetes.io/local-config");
      if (local && local->as_string() != "false") set.remove(r);
    }
    set.drop_removed();
    if (k.sort) {
      auto sorted = sort_resources(set, *k.sort);
      if (!sorted) return std::move(sorted).error().at(k.sort->spot.place());
    } else if (request_.legacy_order) {
      OR_RETURN(sort_resources(set, {.order = "legacy"}));
    }
    auto wants = [&](const char* option) {
      return std::ranges::find(k.build_metadata, option) != k.build_metadata.end();
    };
    if (request_.managed_by_label || wants("managedByLabel")) {
      FieldSpec own = FieldSpec::of_path("metadata/labels");
      own.create = true;
      OR_RETURN(add_pairs(set, {{"app.kubernetes.io/managed-by", fmt::format("kustomize-{}", kustomize_version)}},
                          std::vector{own}));
      look(wants("managedByLabel") ? "" : "--enable-managedby-label", wants("managedByLabel") ? "buildMetadata" : "");
    }
    for (Resource& r : set.all())
      OR_RETURN(make_printable(r, wants("originAnnotations"), wants("transformerAnnotations")));
    look("", "buildMetadata");
    if (request_.observer) request_.observer->finished(set);
    return Built{std::move(set.all()), std::move(warnings_)};
  }

  static Trail into_entry(const Trail& trail, const std::string& entry) {
    auto remote = parse_remote(entry);
    if (!remote || !*remote) return {joined(trail.path, entry), trail.repo, trail.ref};
    // "notCloned" is what kustomize writes for a repository's root.
    const RemoteSpec& spec = **remote;
    return {spec.folder.empty() ? "notCloned" : spec.folder, spec.url, spec.ref_is_said ? spec.ref : ""};
  }
  static Provenance origin_of(Trail trail) {
    return {.path = std::move(trail.path), .repo = std::move(trail.repo), .ref = std::move(trail.ref)};
  }
  static std::string joined(const std::string& trail, const std::string& path) {
    // Like a path, but ".." may lead above the root of the build.
    std::vector<std::string> parts;
    for (std::string_view part : base::split(trail.empty() ? path : trail + "/" + path, '/')) {
      if (part.empty() || part == ".") continue;
      if (part == ".." && !parts.empty() && parts.back() != "..")
        parts.pop_back();
      else
        parts.emplace_back(part);
    }
    return base::join(parts, "/");
  }

  const BuildRequest& request_;
  std::optional<Folder> outside_;  // where a remote root is named
  KnownKinds known_;
  Budget budget_{[this]() -> Result<> {
    if (stopping) return fail(ErrorKind::canceled, "stopped");
    return request_.go_on ? request_.go_on() : Result<>();
  }};
  std::map<std::pair<const sources::Tree*, std::string>, std::vector<Resource>> files_;
  std::map<std::pair<const sources::Tree*, std::string>, std::shared_ptr<const Kustomization>> kustomizations_;
  std::vector<std::string> warnings_;
  bool traced_ = false, has_schema_ = false;
};

}  // namespace

Result<Built> build(const BuildRequest& request) {
  return Build(request).run();
}

void stop_builds() {
  stopping = true;
}

}  // namespace slipway::render::kustomize
