// Database: the rows on the disk. Current state only: one row an object, found by a number that the object keeps for
// life, so that a change rewrites one page and no index. Blocking calls: run them on the pool, one at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runtime/world.h"
#include "store/keyring.h"
#include "store/store.h"

namespace slipway::store {

struct Row {
  int64_t id = 0;
  Key key;
  Revision revision = 0;
  bool ring = false;
  Value object;
  std::string nonce;  // chance for its seal, taken beforehand on the loop; empty: written as it is
};

struct Batch {
  std::vector<Row> put;
  std::vector<int64_t> remove;      // rows that are not there are fine
  std::optional<Revision> reserve;  // revisions up to this one may be given out from now on
};

struct Loaded {
  std::vector<Row> rows;
  Revision reserved = 0;        // no revision above this one was ever given out
  std::vector<size_t> to_seal;  // rows that must be sealed, and are not, or by an older key
  bool old_format = false;      // from a time when nothing was sealed
};

class Database {
 public:
  virtual ~Database() = default;
  // All or nothing, and on the disk when it returns. Error: io with the system's words; nothing was written then.
  virtual Result<> write(const Batch& batch) = 0;
  // Every row, checked. Error: io, saying what is damaged and how to go on.
  virtual Result<Loaded> load() = 0;
  virtual Result<Revision> reserved() = 0;  // as Loaded says it, without reading the rows
  // Moves the write-ahead log into the database when it has grown; call it when nobody waits.
  virtual bool wants_tidying() const = 0;
  virtual Result<> tidy() = 0;
  // Seals with these keys from now on.
  virtual void use(Keyring keys) = 0;
  // Writes the whole file anew and empties the log: nothing that was replaced can be found in them. Says then that the
  // file has the newest format.
  virtual Result<> scrub() = 0;
  virtual Result<> close() = 0;
};

struct DatabaseOptions {
  std::string path;
  std::string seed;      // chance, see SqliteFiles
  Keyring keys;          // open what is sealed
  std::string key_file;  // for messages
};
// Opens or creates. Errors: io; a damaged, foreign or newer file is refused and left as it is.
Result<std::unique_ptr<Database>> open_database(World& world, DatabaseOptions options);

}  // namespace slipway::store
