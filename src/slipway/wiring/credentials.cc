#include "slipway/wiring/credentials.h"

#include "gitops/credentials.h"

namespace slipway::wiring {

void follow_credentials(cluster::Cache& cache, sources::Repositories& repositories) {
  auto tell = [&repositories](const Value& before, const Value& after) {
    if (gitops::is_about_access(before) || gitops::is_about_access(after)) repositories.access_changed();
  };
  for (const char* kind : {"Secret", "ConfigMap"}) cache.on_change({"", "v1", kind}, tell);
}

}  // namespace slipway::wiring
