#include "cli/client_commands.h"

#include "cli/helm/commands.h"
#include "cli/kustomize.h"

namespace slipway::cli {

std::vector<Command> client_commands() {
  // Not a list of commands in braces: every one would be copied, at every start.
  static constexpr Command (*make[])() = {status_command,
                                          app_list_command,
                                          app_get_command,
                                          app_diff_command,
                                          app_sync_command,
                                          app_wait_command,
                                          get_command,
                                          logs_command,
                                          exec_command,
                                          render_command,
                                          helm::template_command,
                                          helm::lint_command,
                                          helm::show_command,
                                          helm::inspect_command,
                                          helm::dependency_command,
                                          helm::dep_command,
                                          helm::dependencies_command,
                                          helm::package_command,
                                          helm::pull_command,
                                          helm::push_command,
                                          helm::registry_command,
                                          helm::repo_command,
                                          helm::version_command,
                                          helm::other_command,
                                          kustomize_build_command,
                                          kustomize_edit_command,
                                          kustomize_create_command,
                                          kustomize_init_command,
                                          kustomize_localize_command,
                                          kustomize_version_command,
                                          check_command,
                                          diff_command,
                                          kubeconfig_command,
                                          completion_command,
                                          version_command};
  std::vector<Command> all;
  all.reserve(std::size(make));
  for (auto command : make) all.push_back(command());
  return all;
}

}  // namespace slipway::cli
