// Files that people name, or keep under Git.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/world.h"

namespace slipway::cli {

// As a shell's ">" leaves it: a link stays one and its target is written, a pipe or device (/dev/stdout, /dev/null)
// gets the text, a file that is there keeps its mode and owner; a new one gets `mode` less the umask. A regular file
// changes whole or not at all, unless nothing else may be written in its folder or its owner is somebody else: then it
// is written in place. Errors: those of the system; forbidden for a file that may not be written.
Result<> write_user_file(runtime::Files& files, const std::string& path, std::string_view text, uint32_t mode = 0666);

}  // namespace slipway::cli
