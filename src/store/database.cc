// SQLite in WAL mode with synchronous=FULL. No secondary index: the key of a row is read at the start and kept in
// memory. A checksum on each row finds what SQLite's own check cannot: a flipped bit inside an object.
#include "store/database.h"

#include <sqlite3.h>

#include "base/text.h"
#include "store/index.h"
#include "store/sqlite_files.h"
#include "value/json.h"

namespace slipway::store {

namespace {

constexpr int format_version = 2;           // 2: bodies may be sealed
constexpr int application_id = 0x536c7770;  // "Slwp"
constexpr int log_pages_max = 1000;         // 4 MB of write-ahead log, then it is moved into the database
constexpr int free_pages_max = 4096;        // 16 MB of free pages are kept, more are given back

int64_t checksum(const Key& key, Revision revision, std::string_view body) {
  uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  auto add = [&hash](std::string_view text) {
    for (unsigned char c : text) hash = (hash ^ c) * 0x100000001b3;
    hash = (hash ^ 0xff) * 0x100000001b3;
  };
  add(key.resource);
  add(key.ns);
  add(key.name);
  add(std::to_string(revision));
  add(body);
  return static_cast<int64_t>(hash);
}

class Statement {
 public:
  Statement() = default;
  Statement(Statement&& o) noexcept : statement_(std::exchange(o.statement_, nullptr)) {}
  Statement& operator=(Statement&& o) noexcept {
    std::swap(statement_, o.statement_);
    return *this;
  }
  ~Statement() { sqlite3_finalize(statement_); }
  int prepare(sqlite3* db, const char* sql) {
    return sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
  }
  void bind(int at, int64_t number) { sqlite3_bind_int64(statement_, at, number); }
  // The text must live until the next step() is done.
  void bind(int at, std::string_view text) {
    sqlite3_bind_text(statement_, at, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
  }
  void bind_blob(int at, std::string_view bytes) {
    sqlite3_bind_blob(statement_, at, bytes.data(), static_cast<int>(bytes.size()), SQLITE_STATIC);
  }
  int step() { return sqlite3_step(statement_); }
  int run() {
    int code = sqlite3_step(statement_);
    sqlite3_reset(statement_);
    return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
  }
  void reset() { sqlite3_reset(statement_); }
  int64_t number(int column) const { return sqlite3_column_int64(statement_, column); }
  std::string_view bytes(int column) const {
    auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    return {data ? data : "", static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
  }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

class SqliteDatabase final : public Database {
 public:
  SqliteDatabase(World& world, DatabaseOptions options)
      : path_(std::move(options.path)),
        key_file_(std::move(options.key_file)),
        keys_(std::move(options.keys)),
        files_(world, path_, std::move(options.seed)) {}
  ~SqliteDatabase() override { shut(); }

  Result<> open();
  Result<> write(const Batch& batch) override;
  Result<Loaded> load() override;
  Result<Revision> reserved() override;
  bool wants_tidying() const override { return log_pages_ > log_pages_max; }
  Result<> tidy() override;
  void use(Keyring keys) override { keys_ = std::move(keys); }
  Result<> scrub() override;
  Result<> close() override;

 private:
  Result<> create();
  Result<> check_whole();
  int transact(const Batch& batch);
  Result<Value> object_of(const Row& row, std::string_view body) const;
  Result<> run(const char* sql);
  Result<int64_t> ask(const char* sql);
  void shut();
  std::string directory() const { return path_.substr(0, path_.rfind('/')); }
  Error error(std::string_view doing);
  Error damaged(std::string_view what) const;

  std::string path_, key_file_;
  Keyring keys_;
  SqliteFiles files_;
  sqlite3* db_ = nullptr;
  Statement begin_, commit_, rollback_, put_, remove_, reserve_;
  int log_pages_ = 0;
};

Result<> SqliteDatabase::open() {
  OR_RETURN(files_.mark().check());
  int code = sqlite3_open_v2(path_.c_str(), &db_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                             files_.name());
  if (code != SQLITE_OK) return error("open");
  sqlite3_extended_result_codes(db_, 1);
  OR_RETURN(run("PRAGMA locking_mode=EXCLUSIVE"));
  OR_RETURN(run("PRAGMA temp_store=MEMORY"));
  OR_RETURN(run("PRAGMA cache_size=-1024"));  // rows are read once; what is kept helps writing only
  int64_t found = OR_RETURN(ask("PRAGMA user_version"));
  int64_t tables = OR_RETURN(ask("SELECT count(*) FROM sqlite_master"));
  if (found == 0 && tables == 0) {
    OR_RETURN(create());
  } else if (OR_RETURN(ask("PRAGMA application_id")) != application_id) {
    return fail(ErrorKind::io, "{}: an SQLite database of another program, not Slipway's; name another file", path_);
  } else if (found > format_version) {
    return fail(ErrorKind::io, "{}: written by a newer Slipway (format {}, this one reads up to {}); start that one",
                path_, found, format_version);
  }
  OR_RETURN(run("PRAGMA journal_mode=WAL"));
  OR_RETURN(run("PRAGMA synchronous=FULL"));
  OR_RETURN(run("PRAGMA wal_autocheckpoint=0"));
  sqlite3_wal_hook(
      db_,
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<SqliteDatabase*>(self)->log_pages_ = pages;
        return SQLITE_OK;
      },
      this);
  OR_RETURN(check_whole());
  code = begin_.prepare(db_, "BEGIN IMMEDIATE");
  if (!code) code = commit_.prepare(db_, "COMMIT");
  if (!code) code = rollback_.prepare(db_, "ROLLBACK");
  if (!code) {
    code = put_.prepare(db_,
                        "INSERT INTO object(id, resource, ns, name, ring, revision, checksum, body) "
                        "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT(id) DO UPDATE SET "
                        "revision = excluded.revision, checksum = excluded.checksum, body = excluded.body");
  }
  if (!code) code = remove_.prepare(db_, "DELETE FROM object WHERE id = ?1");
  if (!code) code = reserve_.prepare(db_, "UPDATE revisions SET reserved = ?1");
  if (code) return error("prepare");
  return {};
}

Result<> SqliteDatabase::create() {
  // These must stand before the first page is written.
  OR_RETURN(run("PRAGMA page_size=4096"));
  OR_RETURN(run("PRAGMA auto_vacuum=INCREMENTAL"));
  OR_RETURN(run("PRAGMA journal_mode=WAL"));
  OR_RETURN(run("PRAGMA synchronous=FULL"));
  OR_RETURN(run("BEGIN IMMEDIATE"));
  OR_RETURN(
      run("CREATE TABLE object(id INTEGER PRIMARY KEY, resource TEXT NOT NULL, ns TEXT NOT NULL, name TEXT NOT NULL, "
          "ring INTEGER NOT NULL, revision INTEGER NOT NULL, checksum INTEGER NOT NULL, body BLOB NOT NULL)"));
  OR_RETURN(run("CREATE TABLE revisions(reserved INTEGER NOT NULL)"));
  OR_RETURN(run("INSERT INTO revisions VALUES(0)"));
  OR_RETURN(run(fmt::format("PRAGMA application_id={}", application_id).c_str()));
  OR_RETURN(run(fmt::format("PRAGMA user_version={}", format_version).c_str()));
  return run("COMMIT");
}

Result<> SqliteDatabase::check_whole() {
  Statement check;
  if (check.prepare(db_, "PRAGMA quick_check(1)") != SQLITE_OK || check.step() != SQLITE_ROW) return error("check");
  if (check.bytes(0) != "ok") return damaged(check.bytes(0));
  return {};
}

Result<> SqliteDatabase::write(const Batch& batch) {
  files_.begin();
  files_.take_problem();
  int code = transact(batch);
  if (code == SQLITE_OK) return {};
  Error problem = error("write").context("nothing was written");
  if (!sqlite3_get_autocommit(db_)) rollback_.run();
  files_.undo();
  return problem;
}

int SqliteDatabase::transact(const Batch& batch) {
  if (int code = begin_.run()) return code;
  std::string body;
  for (const Row& row : batch.put) {
    body.clear();
    value::append_json(body, row.object);
    if (!row.nonce.empty()) {
      auto sealed = keys_.seal(row.nonce, bound_to(row.key, row.revision), body);
      SLIPWAY_CHECK(sealed.has_value());  // fails for keys and nonces of a wrong size only
      body = std::move(*sealed);
    }
    put_.bind(1, row.id);
    put_.bind(2, row.key.resource);
    put_.bind(3, row.key.ns);
    put_.bind(4, row.key.name);
    put_.bind(5, row.ring ? 1 : 0);
    put_.bind(6, static_cast<int64_t>(row.revision));
    put_.bind(7, checksum(row.key, row.revision, body));
    put_.bind_blob(8, body);
    if (int code = put_.run()) return code;
  }
  for (int64_t id : batch.remove) {
    remove_.bind(1, id);
    if (int code = remove_.run()) return code;
  }
  if (batch.reserve) {
    reserve_.bind(1, static_cast<int64_t>(*batch.reserve));
    if (int code = reserve_.run()) return code;
  }
  return commit_.run();
}

Result<Loaded> SqliteDatabase::load() {
  Loaded loaded;
  loaded.reserved = OR_RETURN(reserved());
  Statement rows;
  int code = rows.prepare(db_, "SELECT id, resource, ns, name, ring, revision, checksum, body FROM object ORDER BY id");
  if (code != SQLITE_OK) return error("read");
  while ((code = rows.step()) == SQLITE_ROW) {
    Row row;
    row.id = rows.number(0);
    row.key = {std::string(rows.bytes(1)), std::string(rows.bytes(2)), std::string(rows.bytes(3))};
    row.ring = rows.number(4) != 0;
    row.revision = static_cast<Revision>(rows.number(5));
    std::string_view body = rows.bytes(7);
    auto what = [&row] { return row.key.resource + " " + place_of(row.key); };
    if (rows.number(6) != checksum(row.key, row.revision, body)) return damaged(what() + ": wrong checksum");
    if (row.revision > loaded.reserved) return damaged(what() + ": a revision that was never reserved");
    row.object = OR_RETURN(object_of(row, body));
    if (must_be_sealed(row.key) && !keys_.empty() && sealed_by(body) != keys_.current()) {
      loaded.to_seal.push_back(loaded.rows.size());
    }
    loaded.rows.push_back(std::move(row));
  }
  if (code != SQLITE_DONE) return error("read");
  loaded.old_format = OR_RETURN(ask("PRAGMA user_version")) < format_version;
  return loaded;
}

Result<Revision> SqliteDatabase::reserved() {
  return static_cast<Revision>(OR_RETURN(ask("SELECT reserved FROM revisions")));
}

Result<Value> SqliteDatabase::object_of(const Row& row, std::string_view body) const {
  auto what = [&row] { return row.key.resource + " " + place_of(row.key); };
  std::string opened;
  if (!sealed_by(body).empty()) {
    auto plain = keys_.open(bound_to(row.key, row.revision), body);
    if (plain.failed_with(ErrorKind::not_found)) {
      return fail(
          ErrorKind::io,
          "{}: {} is {}. Put the file of keys back at {} (it is part of every backup), or: slipway restore FILE "
          "--force --data {}",
          path_, what(), plain.error().str(), key_file_.empty() ? "its place" : key_file_, directory());
    }
    if (!plain) return damaged(what() + ": " + plain.error().str());
    opened = std::move(*plain);
    body = opened;
  }
  auto object = value::parse_json(body);
  if (!object) return damaged(what() + ": " + object.error().str());
  return object;
}

Result<> SqliteDatabase::tidy() {
  files_.take_problem();
  int64_t free_pages = OR_RETURN(ask("PRAGMA freelist_count"));
  if (free_pages > free_pages_max) OR_RETURN(run("PRAGMA incremental_vacuum(1024)"));
  int code = sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (code != SQLITE_OK) return error("tidy");
  log_pages_ = 0;  // the log is written from its beginning again
  return {};
}

Result<> SqliteDatabase::scrub() {
  files_.take_problem();
  OR_RETURN(run("VACUUM"));
  OR_RETURN(run(fmt::format("PRAGMA user_version={}", format_version).c_str()));
  int code = sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (code != SQLITE_OK) return error("empty the log");
  log_pages_ = 0;
  return {};
}

Result<> SqliteDatabase::close() {
  files_.take_problem();
  int code = sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  Result<> done = code == SQLITE_OK ? Result<>() : Result<>(error("close"));
  shut();
  return done;
}

void SqliteDatabase::shut() {
  for (Statement* statement : {&begin_, &commit_, &rollback_, &put_, &remove_, &reserve_}) *statement = Statement();
  sqlite3_close(db_);
  db_ = nullptr;
}

Result<> SqliteDatabase::run(const char* sql) {
  if (sqlite3_exec(db_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return error(sql);
  return {};
}

Result<int64_t> SqliteDatabase::ask(const char* sql) {
  Statement statement;
  if (statement.prepare(db_, sql) != SQLITE_OK) return error(sql);
  int code = statement.step();
  if (code == SQLITE_DONE) return fail(ErrorKind::io, "{}: {}: no answer", path_, sql);
  if (code != SQLITE_ROW) return error(sql);
  return statement.number(0);
}

Error SqliteDatabase::error(std::string_view doing) {
  int code = db_ ? sqlite3_extended_errcode(db_) : SQLITE_NOMEM;
  const char* text = db_ ? sqlite3_errmsg(db_) : "out of memory";
  std::string problem = files_.take_problem();
  if ((code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB) return damaged(text);
  if (!problem.empty()) return fail(ErrorKind::io, "{}", problem);  // it names the file and the system's word
  return fail(ErrorKind::io, "{}: {}: {}", path_, doing, text);
}

Error SqliteDatabase::damaged(std::string_view what) const {
  return fail(
      ErrorKind::io,
      "{0}: the database is damaged ({1}). It was left as it is. Bring back what a backup holds: slipway restore "
      "FILE --force --data {2} - or move {0}* away to begin with an empty cluster, which Git fills "
      "again",
      path_, what, directory());
}

}  // namespace

Result<std::unique_ptr<Database>> open_database(World& world, DatabaseOptions options) {
  auto database = std::make_unique<SqliteDatabase>(world, std::move(options));
  OR_RETURN(database->open());
  return std::unique_ptr<Database>(std::move(database));
}

}  // namespace slipway::store
