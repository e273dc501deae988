// KRM functions: generators, transformers and validators that others wrote, as executables or container images. A build
// runs none: it says which process it wants, as for remote bases (remote.h); who built runs it (only the command line
// does, when its flags allow it) and builds again.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "render/kustomize/folder.h"
#include "render/kustomize/resource.h"

namespace slipway::render::kustomize {

struct FunctionCall {
  std::vector<std::string> argv;
  std::vector<std::string> env;  // "A=b", beside our own
  std::string directory;         // absolute: the kustomization's
  std::string input;             // a ResourceList
  std::string key() const;
};
struct FunctionAnswer {
  std::string status;  // "" it ended well; else "exit status 3"
  std::string out;
};

// What the flags of `kustomize build` allow, and what ran so far.
struct Functions {
  bool plugins = false;  // --enable-alpha-plugins: without it none
  bool exec = false;     // --enable-exec
  bool network = false;
  std::vector<std::string> mounts, env;
  std::string user = "nobody";                                         // of containers
  std::string engine;                                                  // "docker" or "podman"; "": there is none
  std::string root = "/";                                              // where the tree lies on this machine
  const sources::Tree* tree = nullptr;                                 // that one: functions of other trees are not run
  std::map<std::string, Result<FunctionAnswer>, std::less<>> answers;  // by FunctionCall::key()
  std::optional<FunctionCall> wanted;
};

// Whether it is no built-in plugin.
bool is_function(const Resource& plugin);

// Errors: unsupported, naming plugin, file and flag, for what is not allowed or no function; invalid for a wrong
// specification, an output that is none, a function that failed; unavailable for one that must run first. `functions`
// null: none is run here.
Result<std::vector<Resource>> generate_by_function(const Resource& plugin, const Folder& folder, Functions* functions,
                                                   const KnownKinds* known);
// What it gives for a resource takes its place, what is new comes last, what it leaves out goes.
Result<> transform_by_function(ResourceSet& set, const Resource& plugin, const Folder& folder, Functions* functions,
                               const KnownKinds* known);
// As kustomize: an answer that holds one of the resources counts as a change, and is refused.
Result<> validate_by_function(const ResourceSet& set, const Resource& plugin, const Folder& folder,
                              Functions* functions, const KnownKinds* known);

}  // namespace slipway::render::kustomize
