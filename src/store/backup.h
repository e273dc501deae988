// A backup: all that a cluster is, in one file. Lines of JSON: a head, the files of the data directory that belong to
// it (certificates, keys), every object with uid and revision - Secrets sealed, as in the database -, and an end with a
// digest of all that stands before it. What can be made again is not in it: images, logs, clones of repositories.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "store/keyring.h"
#include "store/store.h"

namespace slipway::store {

// The names within a data directory that a store has.
inline constexpr std::string_view database_name = "slipway.db", key_file_name = "encryption.keys";
// Stands in a data directory while its database is being exchanged: whoever finds it must not start.
inline constexpr std::string_view unfinished_restore_name = "restore.unfinished";
// What is to come in, before that; without the mark nobody needs it any more.
inline constexpr std::string_view restore_staging_name = "restore.new";
// A backup that came by a pipe, keys and all, while it is restored; of no use to a later one either.
inline constexpr std::string_view restore_received_name = "restore.received";

struct BackupFile {
  std::string name;  // within the data directory: "pki/ca.crt"
  uint32_t mode = 0600;
  std::string content;  // may be a key: never logged
};

// Writes the text of a backup, piece by piece.
class BackupWriter {
 public:
  // `keys` seal the Secrets; empty: they stand in clear.
  BackupWriter(World& world, Snapshot snapshot, std::vector<BackupFile> files, Keyring keys);
  std::optional<std::string> next();  // some 256 KB; nothing after the end

 private:
  void add(std::string line);
  World& world_;
  const Snapshot snapshot_;
  const std::vector<BackupFile> files_;
  const Keyring keys_;
  size_t at_file_ = 0, at_object_ = 0;
  bool begun_ = false, ended_ = false;
  std::string digest_, piece_;
};

struct BackupFacts {
  std::string taken;  // RFC 3339
  Revision given = 0;
  size_t objects = 0, files = 0;
};
// Reads one, checking as it goes; blocking.
class BackupReader {
 public:
  // Errors: not_found, io; invalid: no backup, or one of a newer Slipway.
  static Result<BackupReader> open(World& world, std::string path);
  struct Object {
    StoredObject stored;  // with a null object when it is sealed
    std::string sealed;
  };
  using Item = std::variant<BackupFile, Object>;
  // Nothing at the end, which has been found whole then. Error: invalid with the line: damaged or cut off.
  Result<std::optional<Item>> next();
  const BackupFacts& facts() const { return facts_; }  // counts: of what was read

 private:
  BackupReader() = default;
  Result<std::string> line(size_t bytes_max);
  Error damaged(std::string_view what) const;
  std::string path_;
  std::unique_ptr<runtime::File> file_;
  uint64_t offset_ = 0;
  std::string ahead_;
  size_t begin_ = 0, line_ = 0;
  std::string digest_;
  BackupFacts facts_;
};
// Reads all of it; opens every seal with the keys in the backup or else `keys`. Errors: as the reader's, not_found for
// a key that is nowhere.
Result<BackupFacts> verify_backup(World& world, std::string path, const Keyring& keys = {});

struct RestoreOptions {
  std::string file;
  std::string directory;  // the data directory; the caller holds its lock
  bool force = false;     // what stands there is put aside
  // Told now and then, for those who wait: "checking" or "writing", and how many objects that has done.
  std::function<void(std::string_view doing, size_t objects)> progress = {};
};
struct Restored {
  BackupFacts facts;
  std::string aside;   // where the former state lies now; empty: there was none
  Revision begin = 0;  // the restored store gives revisions above this one only
  bool keys = true;    // certificates and keys were in the backup
};
// Blocking. Everything is checked and written beside before anything in the directory changes. Interrupted at any
// moment the directory is as it was, or refuses to start until restore is said again. Errors: conflict (something is
// there and not force); those of verify_backup; io.
Result<Restored> restore_backup(World& world, RestoreOptions options);

}  // namespace slipway::store
