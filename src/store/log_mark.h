// LogMark: how far the write-ahead log was known to be on the disk, in a small file beside the database.
//
// SQLite takes a log as far as it is whole and forgets the rest without a word, and a database that is not there for a
// new one. The mark tells what a crash leaves, where nothing acknowledged can be missing, from a damaged or lost file.
// It is written after each sync of the log and not synced itself: it may lag after a power loss, but never leads.
// Source of the log's format: SQLite 3.40, "WAL File Format".
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/world.h"

namespace slipway::store {

inline constexpr std::string_view mark_suffix = "-mark";  // behind the database's name

class LogMark {
 public:
  LogMark(World& world, std::string database) : files_(world.files()), database_(std::move(database)) {}

  // Before the database is opened. Error: io: what was acknowledged is not there, and how to go on. Nothing is changed.
  Result<> check();

  // What SQLite does to its log.
  void wrote(uint64_t offset, std::string_view bytes);
  void synced();      // a mark that cannot be written keeps nobody from writing
  Result<> forget();  // before the log is emptied or removed; on the disk when it returns
  void undone() { end_ = {}; }

 private:
  // The end of a transaction in the log.
  struct End {
    uint64_t offset = 0;
    std::string sum;  // of all frames up to it
    bool operator==(const End&) const = default;
  };
  Result<> check_log(std::string_view salts, const End& end);
  Result<> write(std::string_view what, bool sync);
  Error lost(std::string_view why) const;
  std::string path() const { return database_ + std::string(mark_suffix); }

  runtime::Files& files_;
  std::string database_;
  std::unique_ptr<runtime::File> file_;
  std::string salts_;  // of the log as it is now
  std::optional<End> end_, marked_;
};

}  // namespace slipway::store
