// A kustomization file as it was written, checked: kustomize.config.k8s.io/v1beta1 Kustomization and v1alpha1
// Component.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "render/kustomize/field_path.h"
#include "render/kustomize/fields.h"

namespace slipway::render::kustomize {

// Something named in a file, and where it is named.
struct Named {
  std::string text;
  Spot spot;
};

struct Selector {
  std::string group, version, kind, name, ns;  // anchored regular expressions; empty: any
  std::string labels, annotations;             // selector texts
  bool names_anything() const { return !(group + version + kind + name + ns).empty(); }
};

struct Patch {
  std::string path, text;  // one of them
  std::optional<Selector> target;
  bool allow_name_change = false, allow_kind_change = false;
  Spot spot;
};

struct GeneratorOptions {
  Pairs labels, annotations;
  bool disable_name_suffix_hash = false, immutable = false;
};
struct Generator {
  bool secret = false;
  std::string name, ns, behavior, type;
  std::vector<std::string> literals, files, envs;
  GeneratorOptions options;
  Spot spot;
};

struct Labels {
  Pairs pairs;
  bool selectors = false, templates = false, claims = false;
  std::vector<FieldSpec> fields;
  Spot spot = {};
};
struct Image {
  std::string name, new_name, new_tag, digest, tag_suffix;
  Spot spot = {};
};
struct Replica {
  std::string name;
  int64_t count = 0;
  Spot spot;
};

struct FieldOptions {
  std::string delimiter;
  int64_t index = 0;
  bool create = false;
};
struct ReplacementTarget {
  std::optional<Selector> select;
  std::vector<Selector> reject;
  std::vector<std::string> paths;
  FieldOptions options;
  Spot spot = {};
};
struct Replacement {
  std::string path;  // of a file with replacements; then the rest is empty
  std::optional<Selector> source;
  std::string source_path;
  FieldOptions source_options;
  std::optional<std::string> source_value;
  std::vector<ReplacementTarget> targets;
  Spot spot;
};

struct Var {
  std::string name;
  GroupVersionKind kind;
  std::string object_name, ns, path;
  Spot spot;
};

struct SortOptions {
  std::string order;
  bool custom = false;  // first and last are given
  std::vector<std::string> first, last;
  Spot spot = {};
};

struct HelmChart {
  std::string name, version, repo, release_name, ns, values_file, values_merge, name_template, kube_version;
  std::vector<std::string> additional_values_files, api_versions;
  Value values_inline;
  bool include_crds = false, skip_hooks = false, skip_tests = false;
  bool devel = false;  // pre-releases may be pulled, where no version is said
  Spot spot;
};
struct HelmGlobals {
  std::string chart_home, config_home;
};

struct Kustomization {
  std::string file;
  Spot spot;  // of the whole
  bool component = false;
  std::vector<Named> resources, components, crds, configurations, generators, transformers, validators;
  std::string name_prefix, name_suffix, ns;
  Pairs common_labels, common_annotations;
  std::vector<Labels> labels;
  std::vector<Named> strategic_patches;  // a file or the patch itself
  std::vector<Patch> json_patches, patches;
  std::vector<Image> images;
  std::vector<Replica> replicas;
  std::vector<Replacement> replacements;
  std::vector<Var> vars;
  std::vector<Generator> generated;  // config maps first
  std::optional<SortOptions> sort;
  std::vector<std::string> build_metadata;
  std::vector<Named> warnings;  // deprecated fields, in kustomize's words
  std::vector<HelmChart> charts;
  HelmGlobals helm_globals;
  Pairs openapi;  // path, version
  Spot openapi_spot;
};

// Errors: bad_request (no YAML), invalid (unknown or mistyped field, wrong kind, empty), each with file and line.
// `may_be_empty`: while it is edited.
Result<Kustomization> read_kustomization(std::shared_ptr<const std::string> text, const std::string& file,
                                         bool may_be_empty = false);
// Whether a file, or what edits left of it, has nothing but a version and a kind, for which kustomize calls it empty.
bool says_nothing(const Value& kustomization);

// The same parts where they stand in files of their own (built-in plugins, replacements by path).
Selector read_selector(Fields& fields);
Patch read_patch(Fields& fields);
Image read_image(Fields& fields);
Labels read_labels(Fields& fields);
Replica read_replica(Fields& fields);
Replacement read_replacement(Fields& fields);
Generator read_generator(Fields& fields, bool secret);
HelmChart read_chart(Fields& fields);
HelmGlobals read_globals(Fields& fields);
std::vector<FieldSpec> read_field_specs(Fields& fields, std::string_view name);

}  // namespace slipway::render::kustomize
