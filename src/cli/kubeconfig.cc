#include "cli/client_commands.h"
#include "cli/connection.h"
#include "cli/paths.h"

namespace slipway::cli {

static Task<int> kubeconfig(runtime::RealWorld& world, Invocation said) {
  std::string path = kubeconfig_of(world, absolute_path(said.option("--data")));
  auto text = world.files().read(path);
  if (!text) co_return report(text.error(), "start a cluster with slipway up, or name its directory: --data DIR");
  print(*text);
  co_return 0;
}

Command kubeconfig_command() {
  return {.words = "kubeconfig",
          .summary = "print the kubeconfig of this machine's cluster",
          .help = "Prints a kubeconfig with everything inline.\n\n  slipway kubeconfig > ~/.kube/config\n",
          .options = {{"--data", "DIR", "where the cluster is kept", "/var/lib/slipway"}},
          .run = kubeconfig};
}

}  // namespace slipway::cli
