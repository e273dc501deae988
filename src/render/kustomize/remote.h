// What a kustomization names and does not hold: a folder of a Git repository, one file behind https, a chart of a
// repository or registry. What a path means is decided here, purely; fetching goes through sources.
#pragma once

#include <functional>
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

// A chart to be pulled, spelled so that it can stand among remote paths. `version`: "" the newest.
std::string chart_path(std::string_view repository, std::string_view name, std::string_view version);

struct Remote {
  std::shared_ptr<const sources::Tree> tree;  // of a repository or chart; null: a file
  std::string folder;
  std::shared_ptr<const std::string> text;  // of a file
};
using Remotes = std::map<std::string, Result<Remote>, std::less<>>;  // by the path as it is written

struct RemoteBases {
  Remotes fetched;
  // Filled by a build: what it could not go on without, and what it would ask for next.
  std::vector<std::string> wanted, foreseen;
};

// Which of them may be had.
struct FetchRules {
  bool local = false;                                   // also repositories of this machine (file://)
  std::function<Result<>(const std::string& url)> may;  // null: all others. Its error is the build's
  std::string project;                                  // for whom; see sources::CredentialsOf
};

// As kustomize: an http(s) URL is read as a file first unless it says that it is a repository; then Git. Errors: those
// of Repositories; forbidden; unavailable, not_found with the status of the answer.
Task<Result<Remote>> fetch_remote(World& world, sources::Repositories& repositories, FetchRules rules,
                                  std::string path);

// Fetches what a build wanted; false: it wanted nothing more, its answer stands. `bases` outlives the task.
Task<bool> fetch_wanted(World& world, sources::Repositories& repositories, FetchRules rules, RemoteBases* bases);

}  // namespace slipway::render::kustomize
