// What `slipway backup` does, whether Slipway runs or not.
#pragma once

#include <string>

#include "store/backup.h"

namespace slipway::wiring {

// Writes the backup of the data directory `data` (absolute) to `path` (absolute), or leaves what stands there. Errors:
// bad_request for a path that cannot be meant; not_found, conflict, io; what is wrong with what was written.
Task<Result<store::BackupFacts>> make_backup(World& world, std::string data, std::string path, bool with_keys);

}  // namespace slipway::wiring
