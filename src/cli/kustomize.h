// What the `kustomize` commands share.
#pragma once

#include <memory>

#include "cli/command.h"
#include "render/kustomize/build_options.h"
#include "render/kustomize/functions.h"
#include "render/kustomize/resource.h"
#include "runtime/real_world.h"
#include "sources/repositories.h"

namespace slipway::cli {

Command kustomize_build_command();
Command kustomize_edit_command();
Command kustomize_create_command();
Command kustomize_init_command();
Command kustomize_localize_command();
Command kustomize_version_command();

// For remote bases, as the git of the person who runs this would reach them. Clones are kept below XDG_CACHE_HOME or
// ~/.cache.
std::unique_ptr<sources::Repositories> open_remote_bases(World& world);

// --enable-helm and --load-restrictor, for commands that render whatever a folder is.
std::vector<Option> build_flags();
Result<render::kustomize::BuildOptions> build_options_of(const Invocation& said);

// For --explain KIND/NAME: follows such resources through a build. Errors: bad_request.
struct Explained {
  std::string kind, name;
};
Result<Explained> explained_of(const std::string& word);
extern const Option explain_option;

// As `kustomize build` prints them.
std::string kustomize_text(const std::vector<render::kustomize::Resource>& resources);

// What `kustomize build` was told about functions (render/kustomize/functions.h).
struct FunctionFlags {
  bool plugins = false, exec = false, as_current_user = false, network = false;
  std::vector<std::string> mounts, env;
};
// `tree`: this machine's files from / on; it outlives the result.
std::shared_ptr<render::kustomize::Functions> allowed_functions(const FunctionFlags& flags, const sources::Tree& tree);
// Runs the function that a build wanted, if any, and hands on what it says on stderr; true: build again.
Task<bool> run_wanted(runtime::RealWorld& world, render::kustomize::Functions* functions);

}  // namespace slipway::cli
