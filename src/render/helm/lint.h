// What is wrong with a chart, as `helm lint` of Helm 3.22 or 4.3 finds it: rule by rule, in its order and words.
// Templates run in a worker (worker.h). Pure otherwise.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "render/helm/release.h"
#include "sources/tree.h"

namespace slipway::render::helm {

enum class Severity { info, warning, error };

struct Finding {
  Severity severity;
  std::string path;  // "Chart.yaml", "templates/a.yaml", the chart's folder; may be empty
  std::string text;
  std::string str() const;  // "[ERROR] templates/: ..."
};

// What lies at templates/, whether .helmignore names it or not.
enum class TemplatesFolder { there, absent, no_folder };

struct LintRequest {
  Compat compat = Compat::helm3;
  const sources::Tree* tree = nullptr;
  ChartLimits limits;
  std::vector<ChartFile> beside;  // files that rules look at though .helmignore keeps them from the loader
  std::optional<Error> broken;    // why the tree is not all of the chart, which cannot be loaded
  bool chart_file_is_folder = false;
  TemplatesFolder templates = TemplatesFolder::there;
  std::string path;   // of the chart in the tree
  std::string shown;  // of the chart, as messages name it: absolute
  LayeredValues values;
  std::string ns = "default";
  std::optional<KubeVersion> kube;
  bool skip_schema_validation = false;
  FetchedSchemas schemas;  // as ReleaseRequest's
  lang::gotemplate::Environment environment;
};

// `notes`: what Helm prints on stderr meanwhile.
std::vector<Finding> lint(LintRequest request, std::vector<std::string>& notes);

// What is wrong with Chart.yaml, whose text this is.
std::vector<Finding> lint_chart_file(std::string_view text, Compat compat);
// What is wrong with files in crds/, a chart's and those of the charts in it.
std::vector<Finding> lint_crds(const Chart& chart);

// "batch/v1beta1 CronJob is deprecated in v1.21+, unavailable in v1.25+; use batch/v1 CronJob"; "" when it is not, in
// Kubernetes 1.`minor`.
std::string deprecation_of(std::string_view api_version, std::string_view kind, int minor);

}  // namespace slipway::render::helm
