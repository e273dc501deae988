#include "base/text.h"
#include "cli/client_commands.h"
#include "cli/connection.h"
#include "cli/kustomize.h"
#include "cli/local_tree.h"
#include "render/fetching.h"
#include "render/helm/environment.h"
#include "render/kustomize/explain.h"
#include "value/json.h"
#include "value/yaml.h"

namespace slipway::cli {

static Task<Result<render::Rendered>> render_path(World& world, Invocation said,
                                                  render::kustomize::Observer* observer) {
  std::string path = said.arguments.empty() ? "." : said.arguments[0];
  auto local = OR_CO_RETURN(co_await read_local_tree(world, path));
  render::RenderRequest request{.tree = local.tree, .path = local.inside, .catalog = &kinds::builtin_catalog()};
  request.environment = render::helm::environment_of(world);
  request.kustomize_build = OR_CO_RETURN(build_options_of(said));
  request.observer = observer;
  auto repositories = open_remote_bases(world);
  co_return co_await render::render_fetching(world, *repositories, std::move(request), {.local = true, .may = {}},
                                             render::Where::on_pool);
}

static int explain(const render::Rendered& rendered, const render::kustomize::Explanation& explanation,
                   const std::string& name) {
  if (rendered.tool != render::Tool::kustomize)
    return report(fail(ErrorKind::unsupported,
                       "--explain is for kustomizations; this is a {} source. Of a chart's values, "
                       "slipway helm template --explain-values tells the same",
                       render::to_string(rendered.tool)));
  auto told = explanation.tell(name);
  if (!told) return report(told.error());
  print(*told);
  return 0;
}

static std::string_view why_none(render::Tool tool) {
  switch (tool) {
    case render::Tool::directory:
      return "this folder has neither a kustomization.yaml, a Chart.yaml nor YAML files with objects";
    case render::Tool::kustomize:
      return "this kustomization comes to none";
    case render::Tool::helm:
      return "this chart's templates make none with these values";
  }
}

static Task<int> render(runtime::RealWorld& world, Invocation said) {
  Explained explained;
  std::optional<render::kustomize::Explanation> explanation;
  if (said.has("--explain")) {
    auto word = explained_of(said.option("--explain"));
    if (!word) co_return report(word.error());
    explained = std::move(*word);
    explanation.emplace(explained.kind);
  }
  auto rendered = co_await render_path(world, said, explanation ? &*explanation : nullptr);
  if (!rendered) co_return report(rendered.error());
  for (const auto& warning : rendered->warnings) complain(fmt::format("slipway: warning: {}\n", warning));
  if (explanation) co_return explain(*rendered, *explanation, explained.name);
  if (rendered->objects.empty()) complain(fmt::format("slipway: no objects: {}\n", why_none(rendered->tool)));
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
  std::vector<Option> options = build_flags();
  options.push_back(explain_option);
  options.push_back(json_option);
  return {.words = "render",
          .arguments = "[PATH]",
          .summary = "print the objects that a folder comes to",
          .help =
              "Finds out by itself what PATH is: a kustomization, a Helm chart, or a folder of YAML. No cluster is "
              "asked; what a kustomization names elsewhere is fetched.\n\n"
              "  slipway render apps/shop/overlays/prod\n"
              "  slipway render apps/shop/overlays/prod --explain deployment/web\n",
          .options = std::move(options),
          .arguments_max = 1,
          .run = render};
}

}  // namespace slipway::cli
