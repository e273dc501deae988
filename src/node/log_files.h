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
// Looks for them from the end, a piece at a time: files may be huge.
class TailSearch {
 public:
  TailSearch(runtime::File& file, int64_t lines) : file_(file), lines_(lines) {}
  Result<std::optional<Tail>> step();  // nothing: not found yet

 private:
  runtime::File& file_;
  int64_t lines_, seen_ = 0;
  std::optional<uint64_t> end_;
  uint64_t at_ = 0;
  std::string block_;
};
// A place, at the beginning of a line, before which all lines are older than `since`; close before the first that is
// not, for lines lie in the order of their times. (But for the moment in which two streams overtake each other, and for
// a clock that was set back: by more than a minute, and what was written before it may be left out.)
Result<uint64_t> find_since(runtime::File& file, WallTime since);

// A place in a log, and what is read from there on. A file is held by what it is and not by its name: a reader may be a
// rotation or more behind, and reads each file to its end before the next.
class LogFiles {
 public:
  LogFiles(World& world, std::string path) : world_(world), files_(world.files()), path_(std::move(path)) {}
  // At the last `lines` lines of the file, or at its beginning; at those of the newest rotated one where the file has
  // fewer than asked for, since it is empty right after a rotation. Lines older than `since` may be passed over. No
  // file at all is fine. What is read for it is read on the pool.
  Task<Result<>> begin(std::optional<int64_t> lines, std::optional<WallTime> since);
  // The next bytes of the file that is being read. 0: its end, for now. May be called on the pool.
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

  World& world_;
  runtime::Files& files_;
  std::string path_;
  std::deque<Part> parts_;  // the first is being read
  std::string passed_;      // the newest rotated name that is not after the last of parts_
};

}  // namespace slipway::node
