// The files of one log in the order in which they were written: N.log, and N.log.<time> that it was renamed to when it
// had grown.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/world.h"

namespace slipway::node {

// Names of rotated files of N.log, N.log.<time>, the oldest first.
Result<std::vector<std::string>> rotated_files(runtime::Files& files, const std::string& path);

// Where the last `lines` lines begin, and how many there are (fewer: the file has no more).
struct Tail {
  uint64_t from = 0;
  int64_t lines = 0;
};
Result<Tail> find_tail(runtime::File& file, int64_t lines);

// A place in a log, and what is read from there on. A file is held by what it is and not by its name: a reader may be a
// rotation or more behind, and reads each file to its end before the next.
class LogFiles {
 public:
  LogFiles(runtime::Files& files, std::string path) : files_(files), path_(std::move(path)) {}
  // At the last `lines` lines of the file, or at its beginning; at those of the newest rotated one where the file has
  // fewer than asked for, since it is empty right after a rotation. No file at all is fine.
  Result<> begin(std::optional<int64_t> lines);
  // The next bytes of the file that is being read. 0: its end, for now.
  Result<size_t> read(std::span<char> into);
  // Goes on with the file after it, at the file's end. False: none is known.
  bool skip_to_next();
  // Looks at the disk for what came after the last known file. When that has begun, nothing more comes into the one
  // before - but for what is on its way, so that one must be read to its end again.
  enum class Found { nothing, rotated, newest };
  Result<Found> find_next();

 private:
  struct Part {
    std::unique_ptr<runtime::File> file;
    uint64_t at = 0;
  };
  std::vector<std::string> rotated_since() const;  // after passed_

  runtime::Files& files_;
  std::string path_;
  std::deque<Part> parts_;  // the first is being read
  std::string passed_;      // the newest rotated name that is not after the last of parts_
};

}  // namespace slipway::node
