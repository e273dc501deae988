// For tests, of other rooms too: a repository on disk, made with the git program.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "base/text.h"
#include "runtime/world.h"

namespace slipway::sources::testing {

// Runs `script` by sh in `directory`, with an identity and without the machine's git settings; gives its stdout.
inline Task<std::string> shell(World& world, std::string directory, std::string script) {
  runtime::Command command{.argv = {"sh", "-ec", std::move(script)}, .directory = std::move(directory)};
  command.env = {"GIT_CONFIG_NOSYSTEM=1",
                 "GIT_CONFIG_GLOBAL=/dev/null",
                 "GIT_AUTHOR_NAME=Ann",
                 "GIT_AUTHOR_EMAIL=ann@test",
                 "GIT_COMMITTER_NAME=Ann",
                 "GIT_COMMITTER_EMAIL=ann@test",
                 "GIT_AUTHOR_DATE=1700000000 +0000",
                 "GIT_COMMITTER_DATE=1700000000 +0000"};
  auto finished = co_await world.processes().run(std::move(command));
  REQUIRE(finished.has_value());
  REQUIRE_MESSAGE(finished->status.ok(), finished->err);
  co_return std::string(base::trim(finished->out));
}

}  // namespace slipway::sources::testing
