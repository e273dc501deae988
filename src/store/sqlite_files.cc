#include "store/sqlite_files.h"

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <new>

namespace slipway::store {

namespace {

// SQLite allocates szOsFile bytes and lets us build our handle there.
struct Handle {
  sqlite3_file base;
  SqliteFiles* owner;
  std::unique_ptr<runtime::File> file;
  std::string path;
  bool is_log = false;
  bool new_name = false;  // its directory entry is not known to be on the disk
};

Handle& handle(sqlite3_file* file) {
  return *reinterpret_cast<Handle*>(file);
}

std::string parent(const std::string& path) {
  size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

}  // namespace

struct SqliteFiles::Calls {
  static SqliteFiles& owner(sqlite3_vfs* vfs) { return *static_cast<SqliteFiles*>(vfs->pAppData); }

  static int failed(SqliteFiles& owner, const Error& error, int code) {
    owner.problem_ = error.str();
    return code;
  }

  static int close(sqlite3_file* file) {
    Handle& h = handle(file);
    if (h.owner->log_ == h.file.get()) h.owner->log_ = nullptr;
    h.~Handle();
    return SQLITE_OK;
  }
  static int read(sqlite3_file* file, void* into, int count, sqlite3_int64 offset) {
    Handle& h = handle(file);
    std::span<char> space(static_cast<char*>(into), static_cast<size_t>(count));
    auto got = h.file->read_at(static_cast<uint64_t>(offset), space);
    if (!got) return failed(*h.owner, got.error(), SQLITE_IOERR_READ);
    if (*got == space.size()) return SQLITE_OK;
    std::memset(space.data() + *got, 0, space.size() - *got);
    return SQLITE_IOERR_SHORT_READ;
  }
  static int write(sqlite3_file* file, const void* from, int count, sqlite3_int64 offset) {
    Handle& h = handle(file);
    if (h.is_log) h.owner->log_low_ = std::min(h.owner->log_low_, static_cast<uint64_t>(offset));
    auto done = h.file->write_at(static_cast<uint64_t>(offset),
                                 std::string_view(static_cast<const char*>(from), static_cast<size_t>(count)));
    if (!done) return failed(*h.owner, done.error(), SQLITE_IOERR_WRITE);
    if (h.is_log)
      h.owner->mark_.wrote(static_cast<uint64_t>(offset), {static_cast<const char*>(from), static_cast<size_t>(count)});
    return SQLITE_OK;
  }
  static int truncate(sqlite3_file* file, sqlite3_int64 size) {
    Handle& h = handle(file);
    auto done = h.is_log && size == 0 ? h.owner->mark_.forget() : Result<>();
    if (done) done = h.file->truncate(static_cast<uint64_t>(size));
    return done ? SQLITE_OK : failed(*h.owner, done.error(), SQLITE_IOERR_TRUNCATE);
  }
  static int sync(sqlite3_file* file, int) {
    Handle& h = handle(file);
    auto done = h.file->sync();
    if (!done) return failed(*h.owner, done.error(), SQLITE_IOERR_FSYNC);
    if (h.new_name) {
      auto named = h.owner->world_.files().sync_directory(parent(h.path));
      if (!named) return failed(*h.owner, named.error(), SQLITE_IOERR_DIR_FSYNC);
      h.new_name = false;
    }
    if (h.is_log) h.owner->mark_.synced();
    return SQLITE_OK;
  }
  static int size(sqlite3_file* file, sqlite3_int64* size) {
    Handle& h = handle(file);
    auto got = h.file->size();
    if (!got) return failed(*h.owner, got.error(), SQLITE_IOERR_FSTAT);
    *size = static_cast<sqlite3_int64>(*got);
    return SQLITE_OK;
  }
  static int lock(sqlite3_file*, int) { return SQLITE_OK; }
  static int check_lock(sqlite3_file*, int* held) {
    *held = 0;
    return SQLITE_OK;
  }
  static int control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
  static int sector_size(sqlite3_file*) { return 4096; }
  // A torn write does not harm its neighbours: what every journaling file system and today's disks promise.
  static int traits(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
    static const sqlite3_io_methods methods = {1,    close, read,       write,   truncate,    sync,  size,
                                               lock, lock,  check_lock, control, sector_size, traits};
    SqliteFiles& owner = Calls::owner(vfs);
    file->pMethods = nullptr;
    if (!path || (flags & SQLITE_OPEN_DELETEONCLOSE)) return SQLITE_CANTOPEN;  // temporary files live in memory
    bool writes = flags & SQLITE_OPEN_READWRITE;
    bool existed = !(flags & SQLITE_OPEN_CREATE) || owner.world_.files().exists(path);
    auto mode = !writes                      ? runtime::OpenMode::read
                : flags & SQLITE_OPEN_CREATE ? runtime::OpenMode::create
                                             : runtime::OpenMode::read_write;
    auto opened = owner.world_.files().open(path, mode);
    if (!opened) return failed(owner, opened.error(), SQLITE_CANTOPEN);
    auto* h = new (file) Handle{{&methods}, &owner, std::move(*opened), path};
    h->is_log = flags & SQLITE_OPEN_WAL;
    h->new_name = !existed;
    if (h->is_log) owner.log_ = h->file.get();
    if (out_flags) *out_flags = flags;
    return SQLITE_OK;
  }
  static int remove(sqlite3_vfs* vfs, const char* path, int sync_directory) {
    SqliteFiles& owner = Calls::owner(vfs);
    auto done = std::string_view(path).ends_with("-wal") ? owner.mark_.forget() : Result<>();
    if (done) done = owner.world_.files().remove(path);
    if (!done) {
      if (done.error().is(ErrorKind::not_found)) return SQLITE_IOERR_DELETE_NOENT;
      return failed(owner, done.error(), SQLITE_IOERR_DELETE);
    }
    if (!sync_directory) return SQLITE_OK;
    auto synced = owner.world_.files().sync_directory(parent(path));
    return synced ? SQLITE_OK : failed(owner, synced.error(), SQLITE_IOERR_DIR_FSYNC);
  }
  static int access(sqlite3_vfs* vfs, const char* path, int, int* out) {
    auto stat = Calls::owner(vfs).world_.files().stat(path);
    *out = stat.has_value() && stat->size > 0;  // as SQLite's own: an empty journal is none
    return SQLITE_OK;
  }
  static int full_path(sqlite3_vfs*, const char* path, int space, char* out) {
    if (std::strlen(path) >= static_cast<size_t>(space)) return SQLITE_CANTOPEN;
    std::strcpy(out, path);
    return SQLITE_OK;
  }
  static int chance(sqlite3_vfs* vfs, int count, char* out) {
    const std::string& seed = Calls::owner(vfs).seed_;
    for (int i = 0; i < count; ++i) out[i] = seed.empty() ? 0 : seed[static_cast<size_t>(i) % seed.size()];
    return count;
  }
  static int sleep(sqlite3_vfs*, int) { return 0; }
  static int now_ms(sqlite3_vfs* vfs, sqlite3_int64* out) {
    constexpr sqlite3_int64 unix_epoch_ms = 210866760000000;  // in Julian days' milliseconds
    auto since = Calls::owner(vfs).world_.now().time_since_epoch();
    *out = unix_epoch_ms + std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
    return SQLITE_OK;
  }
  static int now_days(sqlite3_vfs* vfs, double* out) {
    sqlite3_int64 ms = 0;
    now_ms(vfs, &ms);
    *out = static_cast<double>(ms) / 86400000.0;
    return SQLITE_OK;
  }
  static int last_error(sqlite3_vfs*, int, char*) { return 0; }
};

SqliteFiles::SqliteFiles(World& world, std::string database, std::string seed)
    : world_(world), seed_(std::move(seed)), mark_(world, std::move(database)) {
  static std::atomic<int> count = 0;
  name_ = "slipway-" + std::to_string(++count);
  vfs_ = std::make_unique<sqlite3_vfs>();
  vfs_->iVersion = 2;
  vfs_->szOsFile = sizeof(Handle);
  vfs_->mxPathname = 4096;
  vfs_->zName = name_.c_str();
  vfs_->pAppData = this;
  vfs_->xOpen = Calls::open;
  vfs_->xDelete = Calls::remove;
  vfs_->xAccess = Calls::access;
  vfs_->xFullPathname = Calls::full_path;
  vfs_->xRandomness = Calls::chance;
  vfs_->xSleep = Calls::sleep;
  vfs_->xCurrentTime = Calls::now_days;
  vfs_->xGetLastError = Calls::last_error;
  vfs_->xCurrentTimeInt64 = Calls::now_ms;
  SLIPWAY_CHECK(sqlite3_vfs_register(vfs_.get(), 0) == SQLITE_OK);
}

SqliteFiles::~SqliteFiles() {
  sqlite3_vfs_unregister(vfs_.get());
}

void SqliteFiles::undo() {
  mark_.undone();
  if (!log_ || log_low_ == ~0ull) return;
  // Best effort: if this fails too, the next transaction overwrites the same place.
  auto size = log_->size();
  if (size && *size > log_low_ && log_->truncate(log_low_)) (void)log_->sync();
}

}  // namespace slipway::store
