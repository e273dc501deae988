// The commands of this room, one function a file; client_commands() in client_commands.cc lists them.
#pragma once

#include "cli/command.h"

namespace slipway::cli {

Command app_list_command();
Command app_get_command();
Command app_diff_command();
Command app_sync_command();
Command app_wait_command();
Command status_command();
Command get_command();
Command logs_command();
Command exec_command();
Command render_command();
Command check_command();
Command diff_command();
Command kubeconfig_command();
Command completion_command();
Command version_command();

}  // namespace slipway::cli
