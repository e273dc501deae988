// SqliteFiles: SQLite's view of the World's files (a "VFS"). One process and one connection, so locks are not its
// matter (the data directory's is); no shared memory, so WAL needs locking_mode=EXCLUSIVE.
#pragma once

#include <memory>
#include <string>

#include "runtime/world.h"
#include "store/log_mark.h"

struct sqlite3_vfs;

namespace slipway::store {

inline constexpr uint64_t log_room_bytes = 4 << 20;       // of the log, kept for good
inline constexpr uint64_t database_room_bytes = 1 << 20;  // behind the database's end, see SqliteDatabase::make_room

class SqliteFiles {
 public:
  // `seed`: chance for SQLite's salts, taken beforehand on the loop. Both must outlive every connection, of which there
  // is one, to `database`.
  SqliteFiles(World& world, std::string database, std::string seed);
  SqliteFiles(const SqliteFiles&) = delete;
  ~SqliteFiles();

  const char* name() const { return name_.c_str(); }  // for sqlite3_open_v2
  // What the system said about the last call that failed since then; empty when none did.
  std::string take_problem() { return std::exchange(problem_, {}); }

  // A transaction that failed may have left whole frames at the end of the write-ahead log, which a later recovery
  // would take for good. begin() marks the place; undo() makes what was written after it invalid.
  void begin() { log_low_ = ~0ull; }
  void undo();

  // Room that is ours on a full disk: the log keeps its length when it is emptied or closed, and the database some
  // pages behind its end. False: there is none, and take_problem says so.
  bool keep_log_room() { return keep(log_, log_room_bytes, 0); }
  bool keep_database_room(uint64_t bytes) { return keep(database_, bytes, database_room_bytes); }

  LogMark& mark() { return mark_; }

  struct Calls;  // the functions that SQLite calls (sqlite_files.cc)

 private:
  friend struct Calls;
  World& world_;
  std::string seed_;
  LogMark mark_;
  std::string name_;
  std::string problem_;
  std::unique_ptr<sqlite3_vfs> vfs_;
  Result<> empty_log();
  Result<> end_database_at(uint64_t end);
  bool keep(runtime::File* file, uint64_t bytes, uint64_t step);
  runtime::File* log_ = nullptr;       // the open write-ahead log, owned by SQLite's handle
  runtime::File* database_ = nullptr;  // as well
  uint64_t log_low_ = ~0ull;           // lowest offset written to the log since begin()
  uint64_t log_high_ = 0;              // nothing but zeros behind it
  uint64_t database_high_ = 0;         // as well
};

}  // namespace slipway::store
