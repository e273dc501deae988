
#include "base/text.h"
#include "cli/client_commands.h"
#include "cli/connection.h"
#include "cli/object_diff.h"
#include "cli/paths.h"
#include "gitops/engine.h"
#include "sources/repositories.h"

namespace slipway::cli {

static Task<int> diff(runtime::RealWorld& world, Invocation said) {
  auto connected = co_await connect(world, to_connect(world, said));
  if (!connected) co_return report(connected.error());
  std::string repository = said.arguments[0];
  if (repository.find(':') == std::string::npos) repository = absolute_path(repository);
  auto repositories = co_await repositories_of(world, said, **connected);
  Value app = gitops::application_for("diff", repository, said.option("--path"), said.option("--revision"), "argocd");
  auto comparison = co_await gitops::compare(world, **connected, *repositories, app);
  if (!comparison) co_return report(comparison.error());
  for (const auto& warning : comparison->warnings) complain(fmt::format("slipway: warning: {}\n", warning));
  co_return print_differences(*comparison, said.json());
}

Command diff_command() {
  return {.words = "diff",
          .arguments = "REPO",
          .summary = "what a repository would change in the cluster",
          .help =
              "Renders and compares without changing anything. Exit code 1: there are differences.\n\n"
              "  slipway diff ~/src/infra --path apps/shop/overlays/prod --revision my-branch\n",
          .options = {{"--path", "DIR", "the folder in the repository", "."},
                      {"--revision", "REV", "branch, tag or commit", "HEAD"},
                      clones_option,
                      json_option,
                      kubeconfig_option},
          .arguments_min = 1,
          .arguments_max = 1,
          .run = diff};
}

}  // namespace slipway::cli
