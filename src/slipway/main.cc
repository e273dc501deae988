#include <malloc.h>

#include "cli/command.h"
#include "render/helm/worker.h"
#include "slipway/wiring/commands.h"

namespace {

// For commands that answer and end: one heap that grows in large steps, and takes large texts too, instead of a heap
// per thread and a mapping per text. Half of a rendering was the kernel handing out pages.
void use_one_heap() {
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_TOP_PAD, 1 << 20);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace slipway;
  render::helm::render_in_workers(true);
  std::vector<cli::Command> commands = {wiring::up_command(), wiring::down_command(), wiring::backup_command(),
                                        wiring::restore_command(), wiring::encryption_rotate_command()};
  for (auto& command : cli::client_commands()) commands.push_back(std::move(command));
  auto make_world = [](bool serves) {
    if (!serves) use_one_heap();
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
