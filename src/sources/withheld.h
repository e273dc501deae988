// The server's own folders: clones of what others may read, keys, the store. Whoever may name a path names none of
// them.
#pragma once

#include <string>
#include <vector>

#include "runtime/world.h"
#include "sources/local_repository.h"

namespace slipway::sources {

// Whether `path` lies elsewhere than in one of `folders`, wherever its symlinks and ".." lead and under whatever name a
// folder is mounted a second time. `examples` in one of them holds what script/up shows, and may be read. Error:
// forbidden.
Result<> check_not_within(runtime::Files& files, std::string_view path, const std::vector<std::string>& folders);
// The same of a repository's parts, and of the object stores that it borrows from.
Result<> check_not_within(runtime::Files& files, const LocalRepository& repository,
                          const std::vector<std::string>& folders);

}  // namespace slipway::sources
