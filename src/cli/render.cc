#include "render/render.h"

#include <filesystem>

#include "base/text.h"
#include "cli/client_commands.h"
#include "cli/connection.h"
#include "cli/paths.h"
#include "sources/repositories.h"
#include "value/json.h"
#include "value/yaml.h"

namespace slipway::cli {

// A kustomization reaches files above itself (../../base): the tree is the nearest directory above with .git, else PATH
// alone is widened until nothing points outside.
static Task<Result<render::Rendered>> render_path(World& world, std::string path) {
  std::string whole = absolute_path(path);
  if (!world.files().exists(whole)) co_return fail(ErrorKind::not_found, "there is no {}", path);
  std::string root = whole;
  for (std::string up = whole; up.size() > 1; up = up.substr(0, std::max<size_t>(1, up.rfind('/')))) {
    if (world.files().exists(up + "/.git")) {
      root = up;
      break;
    }
  }
  if (root == whole && !world.files().exists(whole + "/.git")) {
    // no repository around it: two directories up are enough for base and overlays, as long as they are not huge
    auto parent = std::filesystem::path(whole).parent_path().parent_path().string();
    if (parent.size() > 1) root = parent;
  }
  auto tree = co_await sources::read_directory(world, root);
  if (!tree && root != whole) {
    root = whole;
    tree = co_await sources::read_directory(world, root);
  }
  if (!tree) co_return tree.error();
  std::string inside = whole == root ? "" : whole.substr(root.size() + 1);
  render::RenderRequest request{.tree = std::move(*tree), .path = inside, .catalog = &kinds::builtin_catalog()};
  co_return render::render(request);
}

static Task<int> render(runtime::RealWorld& world, Invocation said) {
  auto rendered = co_await render_path(world, said.arguments.empty() ? "." : said.arguments[0]);
  if (!rendered) co_return report(rendered.error());
  for (const auto& warning : rendered->warnings) complain(fmt::format("slipway: warning: {}\n", warning));
  if (rendered->objects.empty())
    complain("slipway: no objects: this folder has neither a kustomization.yaml nor YAML files\n");
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
              "Finds out by itself what PATH is: a kustomization, or a folder of YAML. No cluster is asked.\n\n"
              "  slipway render apps/shop/overlays/prod\n",
          .options = {json_option},
          .arguments_max = 1,
          .run = render};
}

}  // namespace slipway::cli
