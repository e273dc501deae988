// Stands in for render/ until that room opens: plain directories only.
#include "base/text.h"
#include "render/render.h"
#include "value/yaml.h"

namespace slipway::render {

std::string_view to_string(Tool) {
  return "directory";
}
Tool detect(const sources::Tree&, std::string_view) {
  return Tool::directory;
}
Result<Rendered> render(const RenderRequest& request) {
  Rendered rendered;
  for (const std::string& path : request.tree->files_below(request.path)) {
    if (!path.ends_with(".yaml")) continue;
    auto text = OR_RETURN(request.tree->read(path));
    auto documents = OR_RETURN(value::parse_yaml_documents(*text, path));
    for (const auto& document : documents) {
      if (document.value.is_object()) rendered.objects.push_back({document.value, {path, document.line, 1}});
    }
  }
  return rendered;
}

}  // namespace slipway::render
