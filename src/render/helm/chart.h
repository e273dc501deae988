// A chart as Helm 3 loads it: metadata, values, templates, files and sub-charts, from a folder in a Tree or from a
// .tgz. Pure: bytes in, chart out. What is refused is refused in Helm's words. Source: Helm 3.22
// (reference/render.md 1.3).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sources/archive.h"
#include "sources/tree.h"
#include "value/value.h"

namespace slipway::render::helm {

using Bytes = std::shared_ptr<const std::string>;

using ChartFile = sources::ArchiveFile;  // name: from the chart's root, "templates/web.yaml"

struct Maintainer {
  std::string name, email, url;
  bool is_null = false;  // a null in the list, which validate() refuses
};

struct Dependency {
  std::string name, version, repository, condition, alias;
  std::vector<std::string> tags;
  Value import_values;  // an array, or null
  bool enabled = false;
  bool imported = false;  // import_values were carried out
};

struct Metadata {
  std::string name, home, version, description, icon, api_version, condition, tags, app_version, kube_version, type;
  std::vector<std::string> sources, keywords;
  std::vector<Maintainer> maintainers;
  bool deprecated = false;
  std::vector<std::pair<std::string, std::string>> annotations;  // sorted by key
  bool has_annotations = false;
  // Shared between a chart and its aliased copies, as Helm's pointers are: what an alias renames stays renamed.
  std::vector<std::shared_ptr<Dependency>> dependencies;
  bool has_dependencies = false;  // a list, be it empty
};

struct Lock {
  std::string generated, digest;
  std::vector<Dependency> dependencies;
};

struct Chart {
  Metadata metadata;
  std::optional<Lock> lock;
  Value values;  // an object; null when there is no values.yaml
  Bytes schema;  // values.schema.json; null when there is none
  std::vector<ChartFile> raw, templates, files;
  std::vector<std::shared_ptr<Chart>> dependencies;
  Chart* parent = nullptr;  // lives at least as long as this, see `kept`
  // Charts that aliases were copied from: their sub-charts may still name them as parents.
  std::vector<std::shared_ptr<Chart>> kept;
  // For explanations, once dependencies are processed: `values` as they were, and what import-values laid below them.
  struct Imported {
    std::string from;  // "web/charts/db/values.yaml (import-values data)"
    Value values;
  };
  std::optional<Value> own_values;
  std::vector<Imported> imported;
  std::string bare_name;  // Chart.yaml's, where an alias took its place; else ""

  const std::string& name() const { return metadata.name; }
  bool is_root() const { return parent == nullptr; }
  std::string full_path() const;   // "web/charts/redis"; below an alias: "web/charts/cache"
  std::string files_path() const;  // where its files are: "web/charts/redis" for an alias too
  bool is_library() const;         // `type: library`, in any case
  void set_dependencies(std::vector<std::shared_ptr<Chart>> charts);
};

// A file below crds/ with an ending that Helm installs: this chart's first, then those of its dependencies.
struct CrdFile {
  std::string path;  // "web/crds/a.yaml"
  Bytes data;
};
std::vector<CrdFile> crds_of(const Chart& chart);

struct ChartLimits : sources::ArchiveLimits {
  int nesting_max = 32;                 // archives and folders within charts/
  bool merge_values_documents = false;  // several documents in values.yaml: all of them, as Helm 4; else the first
};

struct LoadedChart {
  std::shared_ptr<Chart> chart;
  std::vector<std::string> warnings;  // "load.go:120: Warning: ...": what Helm prints on stderr
};
// Names are relative to the chart's root. `budget`: of the archives in charts/ and within one another; null: one of the
// chart's own. Errors: invalid, in Helm's words; too_large.
Result<LoadedChart> load_files(std::vector<ChartFile> files, const ChartLimits& limits = {},
                               sources::ArchiveBudget* budget = nullptr);
// A folder of the tree, .helmignore applied, symlinks followed inside the tree. Errors: also not_found, forbidden (a
// link leaves the tree), too_large.
Result<LoadedChart> load_directory(const sources::Tree& tree, std::string_view path, const ChartLimits& limits = {},
                                   sources::ArchiveBudget* budget = nullptr);
// A packed chart. Errors: also too_large; names that would leave the chart are refused.
Result<LoadedChart> load_archive(std::string_view bytes, const ChartLimits& limits = {});

// Chart.yaml alone, without the rules of validate(). Scalars become the text that a field wants.
Result<Metadata> read_metadata(std::string_view chart_yaml);
Result<> validate(Metadata& metadata);  // cleans texts as Helm does, then checks
// As Helm writes Chart.yaml into a package: keys sorted, empty ones left out.
Value to_value(const Metadata& metadata);

}  // namespace slipway::render::helm
