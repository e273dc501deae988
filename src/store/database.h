// Database: the rows on the disk. Current state only: one row an object, found by a number that the object keeps for
// life, so that a change rewrites one page and no index. Blocking calls: run them on the pool, one at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/world.h"
#include "store/store.h"

namespace slipway::store {

struct Row {
  int64_t id = 0;
  Key key;
  Revision revision = 0;
  bool ring = false;
  Value object;
};

struct Batch {
  std::vector<Row> put;
  std::vector<int64_t> remove;      // rows that are not there are fine
  std::optional<Revision> reserve;  // revisions up to this one may be given out from now on
};

struct Loaded {
  std::vector<Row> rows;
  Revision reserved = 0;  // no revision above this one was ever given out
};

class Database {
 public:
  virtual ~Database() = default;
  // All or nothing, and on the disk when it returns. Error: io with the system's words; nothing was written then.
  virtual Result<> write(const Batch& batch) = 0;
  // Every row, checked. Error: io, saying what is damaged and how to go on.
  virtual Result<Loaded> load() = 0;
  // Moves the write-ahead log into the database when it has grown; call it when nobody waits.
  virtual bool wants_tidying() const = 0;
  virtual Result<> tidy() = 0;
  virtual Result<> close() = 0;
};

// Opens or creates. Errors: io; a damaged, foreign or newer file is refused and left as it is.
Result<std::unique_ptr<Database>> open_database(World& world, std::string path, std::string seed);

}  // namespace slipway::store
