#include "cli/helm/post_renderer.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/text.h"
#include "cli/paths.h"

namespace slipway::cli::helm {

namespace {

bool is_program(const std::string& path) {
  struct stat found{};
  return ::stat(path.c_str(), &found) == 0 && S_ISREG(found.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

Result<std::string> find_post_renderer(const std::string& program) {
  auto refused = [&](const std::string& why) {
    return fail(ErrorKind::bad_request,
                "invalid argument \"{}\" for \"--post-renderer\" flag: unable to find binary at {}: exec: \"{}\": {}",
                program, program, program, why);
  };
  if (program.find('/') != program.npos) {
    std::string path = absolute_path(program);
    if (is_program(path)) return path;
    struct stat found{};
    if (::stat(path.c_str(), &found) < 0)
      return refused("stat " + program + (errno == ENOTDIR ? ": not a directory" : ": no such file or directory"));
    return refused(S_ISDIR(found.st_mode) ? "is a directory" : "permission denied");
  }
  const char* path = std::getenv("PATH");
  for (std::string_view folder : base::split(path ? path : "", ':')) {
    std::string file = std::string(folder.empty() ? "." : folder) + "/" + program;
    if (is_program(file)) return absolute_path(file);
  }
  return refused("executable file not found in $PATH");
}

Task<Result<std::string>> post_render(World& world, std::string program, std::string path,
                                      std::vector<std::string> arguments, std::string manifests) {
  auto wrong = [](std::string_view what) {
    return fail(ErrorKind::invalid, "error while running post render on files: {}", what);
  };
  runtime::Command command;  // without a limit, as Helm: a person waits, and ends it
  command.daemons_stay = true;
  command.argv = {path};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  auto done = co_await world.processes().run(std::move(command), std::move(manifests), 512 << 20);
  if (!done) co_return std::move(done).error().context("error while running post render on files");
  if (!done->status.ok()) {
    std::string how = done->status.signal != 0 ? "signal: " + base::to_lower(strsignal(done->status.signal))
                                               : fmt::format("exit status {}", done->status.code);
    co_return wrong(fmt::format("error while running command {}. error output:\n{}: {}", path, done->err, how));
  }
  co_return std::move(done->out);
}

}  // namespace slipway::cli::helm
