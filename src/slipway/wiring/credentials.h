// A corrected Secret is tried at once, not when the next retry comes.
#pragma once

#include "cluster/cluster.h"
#include "sources/repositories.h"

namespace slipway::wiring {

// Tells the repositories when an object changes that says how remote ones are reached. They and the cache live as long
// as the cache runs.
void follow_credentials(cluster::Cache& cache, sources::Repositories& repositories);

}  // namespace slipway::wiring
