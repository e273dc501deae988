#include "render/kustomize/plugin.h"

#include "base/text.h"
#include "render/helm/manifest.h"
#include "render/kustomize/first_document.h"
#include "render/kustomize/generate.h"
#include "render/kustomize/patch.h"
#include "render/kustomize/replacement.h"
#include "render/kustomize/transform.h"
#include "render/kustomize/value_add.h"
#include "value/note.h"
#include "value/yaml.h"

namespace slipway::render::kustomize {
namespace {

// The configuration reads like the kustomization's own field; it and the text for places in errors are written anew.
struct Config {
  explicit Config(const Resource& plugin)
      : object(value::written_meaning(plugin.object())),
        source{.text = std::make_shared<const std::string>(value::to_yaml(object)),
               .file = plugin.origin.file,
               .lenient = true,
               .numbers_are_texts = true},
        fields(source, object) {}
  Value object;
  Source source;
  Fields fields;

  Result<> done() {
    if (source.fault) return fail(ErrorKind::invalid, "{}", source.fault->message());
    return {};
  }
};

Spot spot_of(const Resource& plugin) {
  return {nullptr, plugin.origin.file, "", plugin.origin.line};
}

Result<> transform(ResourceSet& set, const Resource& plugin, const Folder& folder, const KnownKinds* known) {
  Config config(plugin);
  Fields& f = config.fields;
  const std::string& kind = plugin.gvk().kind;
  if (kind == "PrefixTransformer" || kind == "SuffixTransformer") {
    bool prefix = kind == "PrefixTransformer";
    std::string text = f.text(prefix ? "prefix" : "suffix");
    bool given = f.has("fieldSpecs");
    auto fields = read_field_specs(f, "fieldSpecs");
    OR_RETURN(config.done());
    if (!given) return fail(ErrorKind::invalid, "fieldSpecs is not expected to be nil");
    return prefix ? add_prefix(set, text, fields) : add_suffix(set, text, fields);
  }
  if (kind == "PrefixSuffixTransformer") {
    std::string prefix = f.text("prefix"), suffix = f.text("suffix");
    bool given = f.has("fieldSpecs");
    auto fields = read_field_specs(f, "fieldSpecs");
    OR_RETURN(config.done());
    if (!given) return fail(ErrorKind::invalid, "fieldSpecs is not expected to be nil");
    OR_RETURN(add_prefix(set, prefix, fields));
    return add_suffix(set, suffix, fields);
  }
  if (kind == "LabelTransformer" || kind == "AnnotationsTransformer") {
    Pairs pairs = f.pairs(kind == "LabelTransformer" ? "labels" : "annotations");
    auto fields = read_field_specs(f, "fieldSpecs");
    OR_RETURN(config.done());
    return add_pairs(set, pairs, fields);
  }
  if (kind == "NamespaceTransformer") {
    NamespaceChange change{std::string(plugin.scope_name()), f.flag("unsetOnly"), Subjects::default_only};
    std::string subjects = f.text("setRoleBindingSubjects");
    if (subjects == "allServiceAccounts")
      change.subjects = Subjects::service_accounts;
    else if (subjects == "none")
      change.subjects = Subjects::none;
    else if (!subjects.empty() && subjects != "defaultOnly")
      return fail(ErrorKind::invalid,
                  "invalid value \"{}\" for setRoleBindingSubjects: must be one of \"defaultOnly\", \"none\" or "
                  "\"allServiceAccounts\"",
                  subjects);
    auto fields = read_field_specs(f, "fieldSpecs");
    OR_RETURN(config.done());
    return change_namespace(set, change, fields);
  }
  if (kind == "ImageTagTransformer") {
    Image image;
    f.inner("imageTag", [&](Fields& inner) { image = read_image(inner); });
    auto fields = read_field_specs(f, "fieldSpecs");
    OR_RETURN(config.done());
    return set_image(set, image, fields);
  }
  if (kind == "ReplicaCountTransformer") {
    Replica replica;
    f.inner("replica", [&](Fields& inner) {
      replica = {inner.text("name"), inner.number("count"), spot_of(plugin)};
      inner.done("replica");
    });
    auto fields = read_field_specs(f, "fieldSpecs");
    OR_RETURN(config.done());
    return set_replicas(set, replica, fields);
  }
  if (kind == "PatchTransformer") {
    Patch patch = read_patch(f);
    OR_RETURN(config.done());
    patch.spot = spot_of(plugin);
    return apply_patch(set, patch, folder, known);
  }
  if (kind == "PatchJson6902Transformer") {
    Patch patch;
    patch.path = f.text("path");
    patch.text = f.text("jsonOp");
    f.inner("target", [&](Fields& inner) { patch.target = read_selector(inner); });
    OR_RETURN(config.done());
    return apply_json_patch(set, patch, folder);
  }
  if (kind == "PatchStrategicMergeTransformer") {
    std::vector<Named> patches;
    if (f.texts("paths").empty() && f.text("patches").empty())
      return fail(ErrorKind::invalid, "empty file path and empty patch content");
    for (std::string& path : f.texts("paths")) patches.push_back({std::move(path), spot_of(plugin)});
    if (std::string text = f.text("patches"); !text.empty()) patches.push_back({text + "\n", spot_of(plugin)});
    OR_RETURN(config.done());
    return apply_strategic_patches(set, patches, folder, known);
  }
  if (kind == "ReplacementTransformer") {
    std::vector<Replacement> replacements;
    f.each("replacements", [&](Fields& inner) { replacements.push_back(read_replacement(inner)); });
    OR_RETURN(config.done());
    return apply_replacements(set, replacements, folder);
  }
  if (kind == "ValueAddTransformer") {
    ValueAdd add;
    add.value = helm::trim_space(f.text("value"));
    if (add.value.empty()) add.value = folder.root().substr(folder.root().rfind('/') + 1);
    auto read_targets = [&](Fields& from) {
      from.each("targets", [&](Fields& t) {
        ValueAdd::Target target;
        t.inner("selector", [&](Fields& inner) { target.selector = read_selector(inner); });
        target.field_path = t.path("fieldPath");
        target.file_path_position = t.number("filePathPosition");
        add.targets.push_back(std::move(target));
      });
    };
    read_targets(f);
    if (std::string path = f.text("targetFilePath"); !path.empty()) {
      auto file = OR_RETURN(folder.read(path));
      Value v = OR_RETURN(read_first_document(*file.text, file.path));
      Source source{.text = file.text, .file = file.path, .lenient = true};
      Fields more(source, v);
      read_targets(more);
      if (source.fault) return std::move(*source.fault);
    }
    OR_RETURN(config.done());
    return add_value(set, add);
  }
  if (kind == "HashTransformer") {
    add_name_hashes(set);
    return {};
  }
  return fail(ErrorKind::unsupported, "unable to load builtin {}: no such transformer", plugin.id().str());
}

}  // namespace

Result<> run_transformer(ResourceSet& set, const Resource& plugin, const Folder& folder, const KnownKinds* known) {
  auto done = transform(set, plugin, folder, known);
  if (!done)
    return std::move(done)
        .error()
        .context(fmt::format("{} \"{}\"", plugin.gvk().kind, plugin.name()))
        .at(plugin.origin);
  return {};
}

namespace {

// A ServiceAccount that stands for one of Google's.
Result<Resource> generate_policy(const Resource& plugin, const KnownKinds* known) {
  const Value& o = plugin.object();
  if (o["cloud"].as_string() != "gke")
    return fail(ErrorKind::invalid, "cloud provider {} not supported yet", o["cloud"].as_string()).at(plugin.origin);
  std::string account = fmt::format("{}@{}.iam.gserviceaccount.com", o["serviceAccount"]["name"].as_string(),
                                    o["serviceAccount"]["projectId"].as_string());
  Value metadata{{"annotations", Value{{"iam.gke.io/gcp-service-account", account}}},
                 {"name", o["kubernetesService"]["name"]}};
  if (const Value* ns = o["kubernetesService"].find("namespace")) metadata = metadata.with_member("namespace", *ns);
  return Resource(Value{{"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"metadata", metadata}}, plugin.origin,
                  known);
}

}  // namespace

Result<std::vector<Resource>> run_generator(const Resource& plugin, const Folder& folder, const KnownKinds* known,
                                            const ChartSettings* charts, std::vector<std::string>& warnings) {
  const std::string& kind = plugin.gvk().kind;
  if (kind == "IAMPolicyGenerator") return std::vector<Resource>{OR_RETURN(generate_policy(plugin, known))};
  bool secret = kind == "SecretGenerator", chart = kind == "HelmChartInflationGenerator";
  if (!secret && !chart && kind != "ConfigMapGenerator")
    return fail(ErrorKind::unsupported, "plugin {} is no generator", plugin.id().str()).at(plugin.origin);
  Config config(plugin);
  auto named = [&](auto done) {
    if (!done)
      return decltype(done)(
          std::move(done).error().context(fmt::format("{} \"{}\"", kind, plugin.name())).at(plugin.origin));
    return done;
  };
  if (chart) {
    if (!charts) return fail(ErrorKind::invalid, "must specify --enable-helm").at(plugin.origin);
    HelmGlobals globals = read_globals(config.fields);
    HelmChart entry = read_chart(config.fields);
    OR_RETURN(named(config.done()));
    return named(inflate_chart(entry, globals, folder, "", *charts, known, warnings));
  }
  Generator generator = read_generator(config.fields, secret);
  OR_RETURN(named(config.done()));
  // Name and namespace stand in the metadata.
  if (generator.name.empty()) generator.name = plugin.name();
  if (generator.ns.empty()) generator.ns = plugin.scope_name();
  generator.spot = spot_of(plugin);
  return std::vector<Resource>{OR_RETURN(generate(generator, folder, known))};
}

}  // namespace slipway::render::kustomize
