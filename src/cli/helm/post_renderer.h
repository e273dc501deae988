// --post-renderer: a program of the user's that gets the manifests on its stdin and prints those to take instead. It
// runs with all rights of the user, apart from the worker that renders. Source: Helm 3.22's postrender package.
#pragma once

#include <string>
#include <vector>

#include "runtime/world.h"

namespace slipway::cli::helm {

// Where the program lies. Error: bad_request, in Helm's words.
Result<std::string> find_post_renderer(const std::string& program);
// What it printed, which may be nothing. Error: invalid, with what it wrote to its stderr.
Task<Result<std::string>> post_render(World& world, std::string program, std::string path,
                                      std::vector<std::string> arguments, std::string manifests);

}  // namespace slipway::cli::helm
