// Helm 4's rule for crds/: each document is a CustomResourceDefinition. At what is no YAML it stops.
#include "base/text.h"
#include "render/helm/go_json.h"
#include "render/helm/lint.h"
#include "render/helm/lint_objects.h"

namespace slipway::render::helm {

namespace {

// "web/charts/redis/crds/a.yaml" -> "crds/a.yaml"
std::string_view within_its_chart(std::string_view path) {
  for (;;) {
    path.remove_prefix(path.find('/') + 1);  // the chart's name
    if (!path.starts_with("charts/")) return path;
    path.remove_prefix(7);
  }
}

std::vector<std::string> documents_of(std::string_view text) {
  std::vector<std::string> out(1);
  for (std::string_view line : base::split(text, '\n')) {
    if (line.starts_with("---"))
      out.emplace_back();
    else
      out.back() += std::string(line) + "\n";
  }
  return out;
}

}  // namespace

std::vector<Finding> lint_crds(const Chart& chart) {
  std::vector<Finding> out;
  for (const CrdFile& file : crds_of(chart)) {
    std::string path(within_its_chart(file.path));
    for (const std::string& document : documents_of(*file.data)) {
      auto read = read_yaml(document);
      if (read && read->is_null()) continue;
      auto object = read ? linted_object(*read, Compat::helm4) : Result<LintedObject>(read.error());
      if (!object) {
        out.push_back({Severity::error, path, "unable to parse YAML: " + object.error().str()});
        return out;
      }
      if (!object->api_version.starts_with("apiextensions.k8s.io"))
        out.push_back({Severity::error, path, "apiVersion is not in 'apiextensions.k8s.io'"});
      if (object->kind != "CustomResourceDefinition")
        out.push_back({Severity::error, path, "object kind is not 'CustomResourceDefinition'"});
    }
  }
  return out;
}

}  // namespace slipway::render::helm
