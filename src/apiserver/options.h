// Query parameters of the API as the cluster's options.
#pragma once

#include <optional>

#include "apiserver/route.h"
#include "cluster/cluster.h"

namespace slipway::apiserver {

enum class Listing { list, watch };
// Errors, in Kubernetes' words: invalid, with each fault as a cause, where it is asked what may not be asked together
// (apimachinery, internalversion/validation); bad_request where a number is none, internal when that is for a watch.
Result<cluster::ListOptions> list_options(const runtime::Request& request, const Route& route, Listing listing);

// A number in the query as Go reads it; nothing when it is not there. Error: bad_request in Go's words.
Result<std::optional<int64_t>> query_number(const runtime::Request& request, std::string_view name);
// How long a watch may last, when the client says. Error: bad_request, in Kubernetes' words.
Result<std::optional<int64_t>> timeout_seconds(const runtime::Request& request);

// fieldManager, fieldValidation, dryRun, force of a write. `manager_default` comes from the User-Agent.
Result<> write_options(const runtime::Request& request, std::string_view options_kind, cluster::Write& write);

}  // namespace slipway::apiserver
