// Helm 4's rule for crds/: each document is a CustomResourceDefinition. At what is no YAML it stops.
#include "render/helm/lint.h"
#include "render/helm/lint_objects.h"
#include "render/helm/object_stream.h"

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

}  // namespace

std::vector<Finding> lint_crds(const Chart& chart) {
  std::vector<Finding> out;
  for (const CrdFile& file : crds_of(chart)) {
    std::string path(within_its_chart(file.path));
    ObjectStream objects(*file.data);
    for (;;) {
      auto more = objects.next([&](const Value& object) -> Result<> {
        auto linted = OR_RETURN(linted_object(object, Compat::helm4));
        if (object.is_null()) return {};
        if (!linted.api_version.starts_with("apiextensions.k8s.io"))
          out.push_back({Severity::error, path, "apiVersion is not in 'apiextensions.k8s.io'"});
        if (linted.kind != "CustomResourceDefinition")
          out.push_back({Severity::error, path, "object kind is not 'CustomResourceDefinition'"});
        return {};
      });
      if (!more) {
        out.push_back({Severity::error, path, "unable to parse YAML: " + more.error().str()});
        return out;
      }
      if (!*more) break;
    }
  }
  return out;
}

}  // namespace slipway::render::helm
