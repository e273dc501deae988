// Functions of others, run for `slipway kustomize build` where its flags allow it.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/text.h"
#include "cli/client_commands.h"
#include "cli/kustomize.h"
#include "render/kustomize/functions.h"

namespace slipway::cli {
namespace {

bool is_in_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  for (std::string_view folder : base::split(path ? path : "", ':'))
    if (!folder.empty() && ::access(fmt::format("{}/{}", folder, program).c_str(), X_OK) == 0) return true;
  return false;
}

}  // namespace

std::shared_ptr<render::kustomize::Functions> allowed_functions(const FunctionFlags& flags, const sources::Tree& tree) {
  auto functions = std::make_shared<render::kustomize::Functions>();
  functions->plugins = flags.plugins;
  functions->exec = flags.exec;
  functions->network = flags.network;
  functions->mounts = flags.mounts;
  functions->env = flags.env;
  functions->tree = &tree;
  if (flags.as_current_user) functions->user = fmt::format("{}:{}", ::getuid(), ::getgid());
  for (const char* engine : {"docker", "podman"})
    if (flags.plugins && functions->engine.empty() && is_in_path(engine)) functions->engine = engine;
  return functions;
}

Task<bool> run_wanted(runtime::RealWorld& world, render::kustomize::Functions* functions) {
  auto wanted = std::exchange(functions->wanted, std::nullopt);
  if (!wanted) co_return false;
  // Without a limit, as kustomize: a person waits, and ends it.
  runtime::Command command{
      .argv = wanted->argv, .env = wanted->env, .directory = wanted->directory, .daemons_stay = true};
  auto finished = co_await world.processes().run(std::move(command), wanted->input);
  if (!finished) {
    functions->answers.emplace(wanted->key(), std::move(finished).error());
    co_return true;
  }
  complain(finished->err);
  render::kustomize::FunctionAnswer answer{"", std::move(finished->out)};
  if (finished->status.signal)
    answer.status = fmt::format("ended by signal {}", finished->status.signal);
  else if (finished->status.code)
    answer.status = fmt::format("exit status {}", finished->status.code);
  functions->answers.emplace(wanted->key(), std::move(answer));
  co_return true;
}

}  // namespace slipway::cli
