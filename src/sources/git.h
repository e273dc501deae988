// The `git` program, run so that neither a repository nor the machine's settings can make it run anything else, ask
// anybody or read other configuration; about a remote, if a person asks, with that person's own settings.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sources/repositories.h"

namespace slipway::sources {

// What a call does says how long it may take. Whatever it is: it is killed at its limit, with all that it started.
enum class Doing {
  looking,   // what a repository on this machine is, or a few of its commits: moments
  reading,   // a repository on this machine: any silence of twenty seconds means that its file system is not there
  asking,    // a remote, for little
  fetching,  // much, maybe slowly, but going on
};

struct GitCall {
  std::vector<std::string> args;
  std::string git_dir;  // of the repository; empty: none
  std::string place;    // whose file system it depends on; empty: that of git_dir
  std::string input;
  Doing doing = Doing::reading;
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
  Git(World& world, SourceLimits limits) : world_(world), limits_(limits) {}
  // Its stdout. Errors: unauthorized, not_found, unavailable, timeout, io, too_large, in git's own words. While one
  // that was killed at its limit cannot end, the place that it waits for is unavailable to the next.
  Task<Result<std::string>> run(GitCall call);

 private:
  void set_limits(Doing doing, runtime::Command& command) const;

  World& world_;
  SourceLimits limits_;
  std::map<std::string, std::function<bool()>> left_;  // by place: has it ended?
};

// What git's stderr means.
Error git_error(std::string_view stderr_text);

}  // namespace slipway::sources
