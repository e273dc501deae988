// Flags that Helm 3 and Helm 4 do not share, and what Helm 4 says of those it would rather not be given.
#pragma once

#include <string>
#include <vector>

#include "cli/helm/flags.h"
#include "render/helm/values.h"

namespace slipway::cli::helm {

// What --compat says among the words, before they are read.
render::helm::Compat compat_said(const std::vector<std::string>& words);

// Those that this Helm has, and as it reads them.
std::vector<Option> options_of(std::vector<Option> options, render::helm::Compat compat);

// Helm 4's line on stderr about a flag that was given; "" for most.
std::string remark_on(const std::string& flag, const std::string& value);

// --color, which Helm 4 judges before anything else, flags that it does not know included. Error: bad_request, a line
// of its log.
Result<> check_color(const std::vector<std::string>& words);

// Of flags that are not given together: the words of Helm 4's library. Error: bad_request.
Result<> check_exclusive(const Flags& flags, render::helm::Compat compat);

}  // namespace slipway::cli::helm
