#include "cli/command.h"
#include "render/helm/worker.h"
#include "runtime/heap.h"
#include "slipway/wiring/commands.h"

int main(int argc, char** argv) {
  using namespace slipway;
  render::helm::render_in_workers(true);
  static auto& commands = *new std::vector<cli::Command>();  // used to the end: not worth freeing
  for (auto command : {wiring::up_command, wiring::down_command, wiring::backup_command, wiring::restore_command,
                       wiring::encryption_rotate_command})
    commands.push_back(command());
  std::ranges::move(cli::client_commands(), std::back_inserter(commands));
  auto make_world = [](bool serves) {
    if (!serves) runtime::use_one_heap();
    runtime::RealWorldOptions options;
    // Commands that answer and end need no threads and tell only what went wrong.
    // A server has some to spare: charts render on them, up to a minute each, and the store writes on them. More than
    // Applications are looked at at a time (wiring/controllers.cc): charts without an end leave two.
    options.pool_threads = serves ? 12 : 1;
    options.log_level = serves ? runtime::LogLevel::info : runtime::LogLevel::warning;
    return runtime::RealWorld::create(options);
  };
  return cli::run(commands, make_world, argc, argv);
}
