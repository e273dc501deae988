#include "render/render.h"

#include "base/text.h"
#include "cli/client_commands.h"
#include "cli/connection.h"
#include "cli/local_tree.h"
#include "render/helm/environment.h"
#include "value/json.h"
#include "value/yaml.h"

namespace slipway::cli {

static Task<Result<render::Rendered>> render_path(World& world, std::string path) {
  auto local = OR_CO_RETURN(co_await read_local_tree(world, path));
  render::RenderRequest request{.tree = local.tree, .path = local.inside, .catalog = &kinds::builtin_catalog()};
  request.environment = render::helm::environment_of(world);
  co_return render::render(request);
}

static Task<int> render(runtime::RealWorld& world, Invocation said) {
  auto rendered = co_await render_path(world, said.arguments.empty() ? "." : said.arguments[0]);
  if (!rendered) co_return report(rendered.error());
  for (const auto& warning : rendered->warnings) complain(fmt::format("slipway: warning: {}\n", warning));
  if (rendered->objects.empty())
    complain("slipway: no objects: this folder has neither a kustomization.yaml, a Chart.yaml nor YAML files\n");
  if (said.json()) {
    ArrayBuilder items;
    for (const auto& object : rendered->objects) items.push(object.object);
    print(value::to_json_pretty(Value{{"apiVersion", "v1"}, {"kind", "List"}, {"items", items.build()}}) + "\n");
    co_return 0;
  }
  bool first = true;
  std::string out;
  for (const auto& object : rendered->objects) {
    if (!first) out += "---\n";
    first = false;
    out += value::to_yaml(object.object);
  }
  print(out);
  co_return 0;
}

Command render_command() {
  return {.words = "render",
          .arguments = "[PATH]",
          .summary = "print the objects that a folder comes to",
          .help =
              "Finds out by itself what PATH is: a kustomization, a Helm chart, or a folder of YAML. No cluster is "
              "asked.\n\n"
              "  slipway render apps/shop/overlays/prod\n",
          .options = {json_option},
          .arguments_max = 1,
          .run = render};
}

}  // namespace slipway::cli
