// A repository on this machine: where its parts lie.
#pragma once

#include <string>
#include <vector>

#include "runtime/world.h"

namespace slipway::sources {

struct LocalRepository {
  std::string git_dir;                       // holds HEAD
  std::string common_dir;                    // holds refs and objects; another one for a linked work tree
  std::vector<std::string> watched() const;  // what changes when a ref does
};
// `path`: a work tree, its .git, or a bare repository. Error: not_found, naming the repository that `path` lies in.
Result<LocalRepository> find_local_repository(runtime::Files& files, std::string path);

}  // namespace slipway::sources
