// The `git` program, run so that neither a repository nor the machine's settings can make it run anything else, ask
// anybody or read other configuration; about a remote, if a person asks, with that person's own settings.
#pragma once

#include <string>
#include <vector>

#include "sources/repositories.h"

namespace slipway::sources {

struct GitCall {
  std::vector<std::string> args;
  std::string git_dir;  // of the repository; empty: none
  std::string input;
  std::vector<std::pair<std::string, std::string>>
      config;  // as `-c key=value`, but by environment: seen by nobody else
  std::vector<std::string> env;
  std::vector<std::string> remove_after;  // files that only this run may see
  Asker asker = Asker::server;            // whose environment and configuration it runs with
  size_t output_max = 64 << 20;
  std::string* said = nullptr;  // its stderr, when all went well
};

class Git {
 public:
  Git(World& world, Duration time_max) : world_(world), time_max_(time_max) {}
  // Its stdout. Errors: unauthorized, not_found, unavailable, timeout, io, too_large, in git's own words.
  Task<Result<std::string>> run(GitCall call);

 private:
  World& world_;
  Duration time_max_;
};

// What git's stderr means.
Error git_error(std::string_view stderr_text);

}  // namespace slipway::sources
