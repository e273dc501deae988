#include "render/kustomize/kustomization.h"

#include <algorithm>

#include "base/text.h"
#include "render/kustomize/first_document.h"
#include "render/kustomize/printable.h"

namespace slipway::render::kustomize {
namespace {

std::vector<Named> read_named(Fields& fields, std::string_view name) {
  std::vector<Named> out;
  auto texts = fields.texts(name);
  Spot list = fields.spot(name);
  for (size_t i = 0; i < texts.size(); ++i) {
    Spot spot = list;
    spot.pointer += fmt::format("/{}", i);
    out.push_back({std::move(texts[i]), std::move(spot)});
  }
  return out;
}

void deprecated(Kustomization& k, Fields& fields, std::string_view field, std::string_view instead,
                std::string_view note = "") {
  if (!fields.has(field)) return;
  k.warnings.push_back({fmt::format("# Warning: '{}' is deprecated. Please use '{}' instead. {}Run 'kustomize edit "
                                    "fix' to update your Kustomization automatically.",
                                    field, instead, note),
                        fields.spot(field)});
}

GeneratorOptions read_options(Fields& fields) {
  GeneratorOptions options;
  options.labels = fields.pairs("labels");
  options.annotations = fields.pairs("annotations");
  options.disable_name_suffix_hash = fields.flag("disableNameSuffixHash");
  options.immutable = fields.flag("immutable");
  fields.done("generator options");
  return options;
}

void add_missing(Pairs& own, const Pairs& general) {
  for (const auto& pair : general)
    if (std::ranges::find(own, pair.first, &Pairs::value_type::first) == own.end()) own.push_back(pair);
  std::ranges::sort(own);
}
void inherit(GeneratorOptions& own, const GeneratorOptions& general) {
  add_missing(own.labels, general.labels);
  add_missing(own.annotations, general.annotations);
  own.disable_name_suffix_hash = own.disable_name_suffix_hash || general.disable_name_suffix_hash;
  own.immutable = own.immutable || general.immutable;
}

FieldOptions read_field_options(Fields& fields) {
  FieldOptions options;
  options.delimiter = fields.text("delimiter");
  options.index = fields.number("index");
  options.create = fields.flag("create");
  (void)fields.text("encoding");  // accepted and without effect, as there
  fields.done("options");
  return options;
}

Var read_var(Fields& fields) {
  Var var;
  var.spot = fields.spot();
  var.name = fields.text("name");
  var.path = "metadata.name";
  fields.inner("objref", [&](Fields& f) {
    std::string api_version = f.text("apiVersion");
    var.kind = {f.text("group"), f.text("version"), f.text("kind")};
    if (size_t slash = api_version.find('/'); slash != api_version.npos) {
      var.kind.group = api_version.substr(0, slash);
      var.kind.version = api_version.substr(slash + 1);
    } else if (!api_version.empty()) {
      var.kind.version = api_version;
    }
    var.object_name = f.text("name");
    var.ns = f.text("namespace");
    f.done("objref");
  });
  fields.inner("fieldref", [&](Fields& f) {
    if (std::string path = f.path("fieldPath"); !path.empty()) var.path = path;
    if (std::string path = f.path("fieldpath"); !path.empty()) var.path = path;
    f.done("fieldref");
  });
  fields.done("a var");
  return var;
}

void read_patches(Fields& fields, std::string_view name, std::vector<Patch>& out) {
  fields.each(name, [&](Fields& f) { out.push_back(read_patch(f)); });
}

// What became helmCharts and helmGlobals. Some fields never meant anything there.
void read_old_charts(Fields& fields, Kustomization& k) {
  HelmGlobals globals;
  fields.each("helmChartInflationGenerator", [&](Fields& f) {
    HelmChart chart;
    chart.spot = f.spot();
    chart.name = f.text("chartName");
    chart.version = f.text("chartVersion");
    chart.repo = f.text("chartRepoUrl");
    chart.values_file = f.text("values");
    chart.values_merge = f.text("valuesMerge");
    chart.release_name = f.text("releaseName");
    f.inner("valuesLocal", [&](Fields&) {});
    chart.values_inline = f.any("valuesLocal");
    if (std::string home = f.text("chartHome"); !home.empty()) globals.chart_home = home;
    if (std::string home = f.text("helmHome"); !home.empty()) globals.config_home = home;
    for (const char* without_effect : {"chartRepoName", "helmBin", "releaseNamespace"}) (void)f.text(without_effect);
    (void)f.texts("extraArgs");
    f.done("a helmChartInflationGenerator entry");
    k.charts.push_back(std::move(chart));
  });
  if (!fields.has("helmGlobals")) k.helm_globals = std::move(globals);
}

void read_all(Fields& fields, Kustomization& k) {
  std::string kind = fields.text("kind"), api_version = fields.text("apiVersion");
  fields.inner("metadata", [](Fields& f) {  // read, and of no effect
    for (const char* name : {"name", "namespace"}) (void)f.text(name);
    for (const char* name : {"labels", "annotations"}) (void)f.pairs(name);
    f.done("the metadata");
  });
  k.resources = read_named(fields, "resources");
  deprecated(k, fields, "bases", "resources");
  for (Named& base : read_named(fields, "bases")) k.resources.push_back(std::move(base));
  k.components = read_named(fields, "components");
  k.crds = read_named(fields, "crds");
  k.configurations = read_named(fields, "configurations");
  k.generators = read_named(fields, "generators");
  k.transformers = read_named(fields, "transformers");
  k.validators = read_named(fields, "validators");
  k.name_prefix = fields.text("namePrefix");
  k.name_suffix = fields.text("nameSuffix");
  k.ns = fields.text("namespace");
  deprecated(k, fields, "commonLabels", "labels");
  k.common_labels = fields.pairs("commonLabels");
  fields.each("labels", [&](Fields& f) { k.labels.push_back(read_labels(f)); });
  k.common_annotations = fields.pairs("commonAnnotations");
  k.strategic_patches = read_named(fields, "patchesStrategicMerge");
  read_patches(fields, "patchesJson6902", k.json_patches);
  read_patches(fields, "patches", k.patches);
  fields.each("images", [&](Fields& f) { k.images.push_back(read_image(f)); });
  deprecated(k, fields, "imageTags", "images");
  fields.each("imageTags", [&](Fields& f) { k.images.push_back(read_image(f)); });
  deprecated(k, fields, "patchesJson6902", "patches");
  deprecated(k, fields, "patchesStrategicMerge", "patches");
  fields.each("replicas", [&](Fields& f) { k.replicas.push_back(read_replica(f)); });
  fields.each("replacements", [&](Fields& f) { k.replacements.push_back(read_replacement(f)); });
  deprecated(k, fields, "vars", "replacements", "[EXPERIMENTAL] ");
  fields.each("vars", [&](Fields& f) { k.vars.push_back(read_var(f)); });
  fields.each("configMapGenerator", [&](Fields& f) { k.generated.push_back(read_generator(f, false)); });
  fields.each("secretGenerator", [&](Fields& f) { k.generated.push_back(read_generator(f, true)); });
  fields.inner("generatorOptions", [&](Fields& f) {
    GeneratorOptions general = read_options(f);
    for (Generator& generator : k.generated) inherit(generator.options, general);
  });
  fields.inner("sortOptions", [&](Fields& f) {
    k.sort.emplace();
    k.sort->order = f.text("order");
    k.sort->spot = f.spot(f.has("order") ? "order" : "");
    f.inner("legacySortOptions", [&](Fields& lists) {
      k.sort->custom = true;
      k.sort->first = lists.texts("orderFirst");
      k.sort->last = lists.texts("orderLast");
      lists.done("legacySortOptions");
    });
    f.done("sortOptions");
  });
  k.build_metadata = fields.texts("buildMetadata");
  fields.each("helmCharts", [&](Fields& f) { k.charts.push_back(read_chart(f)); });
  fields.inner("helmGlobals", [&](Fields& f) {
    k.helm_globals = read_globals(f);
    f.done("helmGlobals");
  });
  read_old_charts(fields, k);
  k.openapi = fields.pairs("openapi");
  k.openapi_spot = fields.spot("openapi");
  k.component = kind == "Component";
  fields.done("the kustomization");
}

bool holds_control_character(const Value& v) {
  if (v.is_string()) return control_character(v.as_string()).has_value();
  return std::ranges::any_of(v.items(), holds_control_character) ||
         std::ranges::any_of(v.members(), [](const value::Member& m) {
           return control_character(m.key.view()) || holds_control_character(m.value);
         });
}

// kustomize hands these fields to its plugins as JSON, and reads that as YAML.
void check_plugin_fields(const Value& v, Source& source) {
  static constexpr std::pair<std::string_view, std::string_view> plugins[] = {
      {"configMapGenerator", "ConfigMapGenerator"},
      {"secretGenerator", "SecretGenerator"},
      {"patchesStrategicMerge", "PatchStrategicMergeTransformer"},
      {"patches", "PatchTransformer"},
      {"namespace", "NamespaceTransformer"},
      {"namePrefix", "PrefixTransformer"},
      {"nameSuffix", "SuffixTransformer"},
      {"labels", "LabelTransformer"},
      {"commonLabels", "LabelTransformer"},
      {"commonAnnotations", "AnnotationsTransformer"},
      {"patchesJson6902", "PatchJson6902Transformer"},
      {"replicas", "ReplicaCountTransformer"},
      {"images", "ImageTagTransformer"},
      {"imageTags", "ImageTagTransformer"},
      {"replacements", "ReplacementTransformer"},
  };
  for (const auto& [field, plugin] : plugins)
    if (holds_control_character(v[field]))
      source.refuse(fmt::format("/{}", field),
                    fmt::format("builtin {} marshal: yaml: control characters are not allowed", plugin));
}

// kustomize's rule: something besides apiVersion and kind must be said; an empty list is something.
}  // namespace

bool says_nothing(const Value& v) {
  return std::ranges::all_of(v.members(), [](const value::Member& m) {
    return m.key == value::Key("apiVersion") || m.key == value::Key("kind") || m.value.is_null() ||
           (m.value.is_string() && m.value.as_string().empty());
  });
}

Result<Kustomization> read_kustomization(std::shared_ptr<const std::string> text, const std::string& file,
                                         bool may_be_empty) {
  Value v = OR_RETURN(read_first_document(*text, file));
  if (v.is_null() && !may_be_empty) return fail(ErrorKind::invalid, "kustomization.yaml is empty").at({file, 1, 1});
  Kustomization k;
  k.file = file;
  Source source{.text = text, .file = file};
  Fields fields(source, v);
  k.spot = fields.spot();
  read_all(fields, k);
  std::string_view kind = v["kind"].as_string(), api_version = v["apiVersion"].as_string();
  if (!kind.empty() && kind != "Kustomization" && kind != "Component")
    source.refuse("/kind", fmt::format("kind should be Kustomization or Component, not \"{}\"", kind));
  std::string_view wanted = k.component ? "kustomize.config.k8s.io/v1alpha1" : "kustomize.config.k8s.io/v1beta1";
  if (!api_version.empty() && api_version != wanted)
    source.refuse("/apiVersion", fmt::format("apiVersion for {} should be {}, not \"{}\"",
                                             k.component ? "Component" : "Kustomization", wanted, api_version));
  if (!may_be_empty && says_nothing(v)) source.refuse("", "kustomization.yaml is empty");
  if (!may_be_empty) check_plugin_fields(v, source);
  if (source.fault) return std::move(*source.fault);
  return k;
}

Selector read_selector(Fields& fields) {
  Selector selector;
  selector.group = fields.text("group");
  selector.version = fields.text("version");
  selector.kind = fields.text("kind");
  selector.name = fields.text("name");
  selector.ns = fields.text("namespace");
  selector.labels = fields.text("labelSelector");
  selector.annotations = fields.text("annotationSelector");
  return selector;
}

Patch read_patch(Fields& fields) {
  Patch patch;
  patch.spot = fields.spot();
  patch.path = fields.text("path");
  patch.text = fields.text("patch");
  fields.inner("target", [&](Fields& f) {
    patch.target = read_selector(f);
    f.done("a patch's target");
  });
  fields.inner("options", [&](Fields& f) {
    patch.allow_name_change = f.flag("allowNameChange");
    patch.allow_kind_change = f.flag("allowKindChange");
    f.done("a patch's options");
  });
  fields.done("a patch");
  return patch;
}

Image read_image(Fields& fields) {
  Image image{fields.text("name"),   fields.text("newName"),   fields.text("newTag"),
              fields.text("digest"), fields.text("tagSuffix"), fields.spot()};
  fields.done("an image");
  return image;
}

HelmGlobals read_globals(Fields& fields) {
  return {fields.text("chartHome"), fields.text("configHome")};
}

Labels read_labels(Fields& fields) {
  Labels labels;
  labels.pairs = fields.pairs("pairs");
  labels.selectors = fields.flag("includeSelectors");
  labels.templates = fields.flag("includeTemplates");
  labels.claims = fields.flag("includeVolumeClaimTemplates");
  labels.fields = read_field_specs(fields, "fields");
  labels.spot = fields.spot();
  fields.done("labels");
  return labels;
}

Replica read_replica(Fields& fields) {
  Replica replica{fields.text("name"), fields.number("count"), fields.spot()};
  fields.done("replicas");
  return replica;
}

HelmChart read_chart(Fields& fields) {
  HelmChart chart;
  chart.spot = fields.spot();
  chart.name = fields.text("name");
  chart.version = fields.text("version");
  chart.repo = fields.text("repo");
  chart.release_name = fields.text("releaseName");
  chart.ns = fields.text("namespace");
  chart.values_file = fields.text("valuesFile");
  chart.values_merge = fields.text("valuesMerge");
  chart.name_template = fields.text("nameTemplate");
  chart.kube_version = fields.text("kubeVersion");
  chart.additional_values_files = fields.texts("additionalValuesFiles");
  chart.api_versions = fields.texts("apiVersions");
  fields.inner("valuesInline", [&](Fields&) {});
  chart.values_inline = fields.any("valuesInline");
  chart.include_crds = fields.flag("includeCRDs");
  chart.skip_hooks = fields.flag("skipHooks");
  chart.skip_tests = fields.flag("skipTests");
  chart.devel = fields.flag("devel");
  (void)fields.flag("debug");  // without effect
  fields.done("a helmCharts entry");
  return chart;
}

Generator read_generator(Fields& fields, bool secret) {
  Generator g;
  g.secret = secret;
  g.spot = fields.spot();
  g.name = fields.text("name");
  g.ns = fields.text("namespace");
  g.behavior = fields.text("behavior");
  if (secret) g.type = fields.text("type");
  g.literals = fields.texts("literals");
  g.files = fields.texts("files");
  g.envs = fields.texts("envs");
  if (std::string env = fields.text("env"); !env.empty()) g.envs.push_back(env);
  fields.inner("options", [&](Fields& f) { g.options = read_options(f); });
  fields.done(secret ? "a secretGenerator" : "a configMapGenerator");
  return g;
}

Replacement read_replacement(Fields& fields) {
  Replacement r;
  r.spot = fields.spot();
  r.path = fields.text("path");
  if (fields.has("sourceValue")) r.source_value = fields.text("sourceValue");
  r.source_path = "metadata.name";
  fields.inner("source", [&](Fields& f) {
    r.source = read_selector(f);
    if (std::string path = f.path("fieldPath"); !path.empty()) r.source_path = path;
    f.inner("options", [&](Fields& o) { r.source_options = read_field_options(o); });
    f.done("a replacement's source");
  });
  fields.each("targets", [&](Fields& f) {
    ReplacementTarget target;
    target.spot = f.spot();
    f.inner("select", [&](Fields& s) {
      target.select = read_selector(s);
      s.done("select");
    });
    f.each("reject", [&](Fields& s) {
      target.reject.push_back(read_selector(s));
      s.done("reject");
    });
    target.paths = f.texts("fieldPaths");
    for (const std::string& path : target.paths)
      if (std::ranges::count(path, '.') >= yaml_depth_max)
        f.refuse("fieldPaths", fmt::format("fieldPaths: a path of more than {} names", yaml_depth_max));
    if (target.paths.empty()) target.paths.push_back("metadata.name");
    f.inner("options", [&](Fields& o) { target.options = read_field_options(o); });
    f.done("a replacement's target");
    r.targets.push_back(std::move(target));
  });
  fields.done("a replacement");
  return r;
}

std::vector<FieldSpec> read_field_specs(Fields& fields, std::string_view name) {
  std::vector<FieldSpec> out;
  fields.each(name, [&](Fields& f) {
    FieldSpec spec = FieldSpec::of_path(f.path("path"));
    if (std::string kind = f.text("kind"); !kind.empty()) spec.kinds.push_back(kind);
    spec.group = f.text("group");
    spec.version = f.text("version");
    spec.create = f.flag("create");
    f.done("a field spec");
    out.push_back(std::move(spec));
  });
  return out;
}

}  // namespace slipway::render::kustomize
