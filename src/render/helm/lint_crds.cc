// Helm 4's rule for crds/: each document is a CustomResourceDefinition. At what is no YAML it stops.
#include "base/text.h"
#include "render/helm/go_json.h"
#include "render/helm/lint.h"

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

// Why Go does not take it for the two fields that the rule looks at; "" when it does.
std::string type_fault(const Value& object) {
  constexpr std::string_view beginning =
      "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go ";
  if (!object.is_object())
    return fmt::format(fmt::runtime(beginning), json_word(object)) + "value of type rules.k8sYamlStruct";
  for (auto [key, field] : {std::pair("apiVersion", "APIVersion"), {"kind", "Kind"}})
    if (const Value& v = object[key]; v.is_object() || v.is_array())
      return fmt::format(fmt::runtime(beginning), json_word(v)) +
             fmt::format("struct field k8sYamlStruct.{} of type string", field);
  return {};
}

}  // namespace

std::vector<Finding> lint_crds(const Chart& chart) {
  std::vector<Finding> out;
  for (const CrdFile& file : crds_of(chart)) {
    std::string path(within_its_chart(file.path));
    for (const std::string& document : documents_of(*file.data)) {
      auto read = read_yaml(document);
      std::string fault = !read ? read.error().message() : read->is_null() ? "" : type_fault(*read);
      if (!fault.empty()) {
        out.push_back({Severity::error, path, "unable to parse YAML: " + fault});
        return out;
      }
      if (read->is_null()) continue;
      if (!scalar_text((*read)["apiVersion"]).starts_with("apiextensions.k8s.io"))
        out.push_back({Severity::error, path, "apiVersion is not in 'apiextensions.k8s.io'"});
      if (scalar_text((*read)["kind"]) != "CustomResourceDefinition")
        out.push_back({Severity::error, path, "object kind is not 'CustomResourceDefinition'"});
    }
  }
  return out;
}

}  // namespace slipway::render::helm
