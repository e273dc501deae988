// Where a list that comes in pages goes on: the Link headers of its answer (RFC 8288).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace slipway::sources {

// `asked`: the whole URL that was answered. Gives that of the next page, "" after the last. What says no relation at
// all counts as the next page, as in Helm. Error: invalid, when it lies on another server: whoever follows a list is
// led nowhere else.
Result<std::string> next_page(const std::string& asked, const std::vector<std::string>& links);

}  // namespace slipway::sources
