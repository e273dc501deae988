// SqliteFiles: SQLite's view of the World's files (a "VFS"). One process and one connection, so locks are not its
// matter (the data directory's is); no shared memory, so WAL needs locking_mode=EXCLUSIVE.
#pragma once

#include <memory>
#include <string>

#include "runtime/world.h"
#include "store/log_mark.h"

struct sqlite3_vfs;

namespace slipway::store {

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
  // would take for good. begin() marks the place; undo() cuts off what was written after it.
  void begin() { log_low_ = ~0ull; }
  void undo();

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
  runtime::File* log_ = nullptr;  // the open write-ahead log, owned by SQLite's handle
  uint64_t log_low_ = ~0ull;      // lowest offset written to it since begin()
};

}  // namespace slipway::store
