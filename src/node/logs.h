// Container logs as containerd writes them (CRI format): `<RFC 3339 time> stdout|stderr F|P <text>`. P: the line goes
// on.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "node/streams.h"
#include "runtime/world.h"

namespace slipway::node {

struct LogLine {
  std::string_view time, stream, text;
  bool partial = false;
};
std::optional<LogLine> parse_log_line(std::string_view line);  // nothing: not CRI's format

// Turns raw lines into what the user asked for; stateful (partial lines, the byte limit). Pure.
class LogFilter {
 public:
  LogFilter(const LogRequest& request, WallTime now);
  // One line without its newline; appends to `out`. False: the limit is reached.
  bool add(std::string_view line, std::string& out);
  std::optional<WallTime> since() const { return since_; }  // older lines are left out

 private:
  bool timestamps_, with_stdout_, with_stderr_, in_line_ = false;
  std::optional<WallTime> since_;
  std::optional<int64_t> left_;
};

// Writes the log to `sink`: the file, and before it the newest rotated one where the file has fewer lines than asked
// for, since it is empty right after a rotation. While `still_running` says so and request.follow is set, waits for
// more; a follower that is rotations behind reads all that is still on the disk, in order. A missing file is an empty
// log.
Task<Result<>> read_log(World& world, std::string path, LogRequest request, LogSink& sink,
                        std::function<bool()> still_running);

// Of a container that runs. Keeps at most five files of 10 MiB: N.log becomes N.log.<time>, and containerd is told to
// open a new one by `reopen`; also where N.log is missing, since a rotation was interrupted: what the container writes
// goes into the file that was renamed. Errors: the system's, and reopen's.
Task<Result<>> rotate_log(World& world, std::string path, std::function<Task<Result<>>()> reopen,
                          uint64_t size_max = 10 << 20, size_t files_max = 5);

// The last lines of a log, at most `bytes_max` and `lines_max`, texts only: for FallbackToLogsOnError.
std::string log_tail(World& world, const std::string& path, size_t bytes_max = 2048, size_t lines_max = 80);

}  // namespace slipway::node
