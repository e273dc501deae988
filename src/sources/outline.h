// What is taken in of a commit that holds more files than may be: as many folders as fit, the smallest first, so that
// one that is too large stands in nobody's way but its own.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sources/tree.h"
#include "sources/unfolded.h"

namespace slipway::sources {

struct Outline {
  std::vector<TreeLine> lines;  // by path; their sizes are not known yet
  std::map<std::string, LeftOut> left_out;
};
// Of the tree `root` (hex, lower case), which lies at `path` in the commit. Nothing: all of it fits. Error: bad_request
// (an entry that no tree may hold, such as "..").
Result<std::optional<Outline>> outline(const Trees& trees, std::string_view root, std::string_view path,
                                       const SourceLimits& limits);

}  // namespace slipway::sources
