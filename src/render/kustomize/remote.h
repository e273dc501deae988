// Resources that lie elsewhere: a folder of a Git repository, or one file behind https. What a path means is decided
// here, purely; fetching goes through sources.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sources/repositories.h"

namespace slipway::render::kustomize {

// "https://github.com/o/r//base?ref=v1" in parts.
struct RemoteSpec {
  std::string url;     // of the repository
  std::string folder;  // in it; "" its root
  std::string ref;     // "HEAD" unless said
  bool ref_is_said = false;
};
// Nothing when the path names no repository. Error: invalid (a folder that leaves the repository).
Result<std::optional<RemoteSpec>> parse_remote(std::string_view path);

struct Remote {
  std::shared_ptr<const sources::Tree> tree;  // of a repository; null: a file
  std::string folder;
  std::shared_ptr<const std::string> text;  // of a file
};
using Remotes = std::map<std::string, Result<Remote>>;  // by the path as it is written

struct RemoteBases {
  Remotes fetched;
  std::vector<std::string> wanted;  // filled by a build: what it could not go on without
};

// As kustomize: an http(s) URL is read as a file first unless it says that it is a repository; then Git. `local`: also
// repositories of this machine (file://). Errors: those of Repositories; forbidden; unavailable, not_found with the
// status of the answer.
Task<Result<Remote>> fetch_remote(World& world, sources::Repositories& repositories, bool local, std::string path);

// Fetches what a build wanted; false: it wanted nothing more, its answer stands. `bases` outlives the task.
Task<bool> fetch_wanted(World& world, sources::Repositories& repositories, bool local, RemoteBases* bases);

}  // namespace slipway::render::kustomize
