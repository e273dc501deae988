// Restoring, in an order that can be interrupted anywhere: all is written to a folder beside, a mark is set, the former
// state is moved aside, the new one moved in, the mark taken away.
//
// No revision comes twice: a restored store begins above everything that the backup knows, that the database in place
// reserved, and above the microseconds since 1970 - which no life before it can have reached by counting.
#include "base/text.h"
#include "runtime/sealing.h"
#include "store/backup.h"
#include "store/database.h"
#include "store/index.h"
#include "store/log_mark.h"
#include "value/json.h"

namespace slipway::store {

namespace {

constexpr size_t rows_at_once = 1000;
Result<Value> opened(const BackupReader::Object& object, const Keyring& keys) {
  if (object.sealed.empty()) return object.stored.object;
  std::string what = object.stored.key.resource + " " + place_of(object.stored.key);
  auto plain = keys.open(bound_to(object.stored.key, object.stored.revision), object.sealed);
  if (!plain) return std::move(plain.error()).context(what);
  return value::parse_json(*plain);
}

Result<Keyring> keys_of(const std::vector<BackupFile>& files, const Keyring& otherwise) {
  for (const BackupFile& file : files) {
    if (file.name == key_file_name) return Keyring::read(file.content).context(key_file_name);
  }
  return otherwise;
}

struct Checked {
  BackupFacts facts;
  std::vector<BackupFile> files;
  Keyring keys;
};

using Progress = std::function<void(std::string_view doing, size_t objects)>;

Result<Checked> check(World& world, const std::string& path, const Keyring& otherwise, const Progress& progress = {}) {
  Checked checked;
  BackupReader reader = OR_RETURN(BackupReader::open(world, path));
  bool keys_known = false;
  while (true) {
    auto item = OR_RETURN(reader.next());
    if (!item) break;
    if (auto* file = std::get_if<BackupFile>(&*item)) {
      checked.files.push_back(std::move(*file));
      continue;
    }
    if (progress && reader.facts().objects % rows_at_once == 0) progress("checking", reader.facts().objects);
    if (!std::exchange(keys_known, true)) checked.keys = OR_RETURN(keys_of(checked.files, otherwise));
    auto object = opened(std::get<BackupReader::Object>(*item), checked.keys);
    if (object.failed_with(ErrorKind::not_found)) {
      std::string_view here = checked.keys.empty()
                                  ? "put {0} into the data directory first"
                                  : "{0} in the data directory holds others; put the one of then there";
      return std::move(object.error())
          .context(
              fmt::format("{} was made without its keys; {}", path, fmt::format(fmt::runtime(here), key_file_name)));
    }
    if (!object) return std::move(object.error()).context(path);
  }
  if (!keys_known) checked.keys = OR_RETURN(keys_of(checked.files, otherwise));
  checked.facts = reader.facts();
  return checked;
}

Result<Keyring> keys_in(World& world, const std::string& directory) {
  auto text = world.files().read(directory + "/" + std::string(key_file_name), 1 << 20);
  if (!text) return Keyring();
  auto keys = Keyring::read(*text);
  return keys ? *keys : Keyring();
}

Result<> write_database(World& world, const RestoreOptions& options, const Checked& checked, const std::string& path,
                        Revision begin) {
  auto database = OR_RETURN(
      open_database(world, {.path = path, .seed = world.random().bytes(64), .keys = checked.keys, .key_file = {}}));
  BackupReader reader = OR_RETURN(BackupReader::open(world, options.file));
  Batch batch;
  batch.reserve = begin;
  int64_t last_row = 0;
  while (true) {
    auto item = OR_RETURN(reader.next());
    if (!item || batch.put.size() == rows_at_once) {
      OR_RETURN(database->write(batch));
      batch = {};
      if (options.progress) options.progress("writing", static_cast<size_t>(last_row));
    }
    if (!item) break;
    auto* object = std::get_if<BackupReader::Object>(&*item);
    if (!object) continue;
    Row row{++last_row, object->stored.key, object->stored.revision, object->stored.ring,
            OR_RETURN(opened(*object, checked.keys))};
    if (must_be_sealed(row.key) && !checked.keys.empty()) row.nonce = world.random().bytes(runtime::seal_nonce_bytes);
    batch.put.push_back(std::move(row));
  }
  OR_RETURN(database->close());
  // As it will be opened: the new database must be whole.
  auto again = OR_RETURN(
      open_database(world, {.path = path, .seed = world.random().bytes(64), .keys = checked.keys, .key_file = {}}));
  Loaded loaded = OR_RETURN(again->load());
  OR_RETURN(again->close());
  if (loaded.rows.size() != checked.facts.objects || loaded.reserved != begin)
    return fail(ErrorKind::io, "{}: not what was written", path);
  return {};
}

// What the database in place reserved; 0 when it cannot be read, which is why somebody restores.
Revision reserved_in(World& world, const std::string& path) {
  if (!world.files().exists(path)) return 0;
  auto database = open_database(world, {.path = path, .seed = world.random().bytes(64), .keys = {}, .key_file = {}});
  if (!database) return 0;
  Revision reserved = (*database)->reserved().value_or(0);
  (void)(*database)->close().has_value();
  return reserved;
}

Result<> write_files(World& world, const std::vector<BackupFile>& files, const std::string& directory) {
  for (const BackupFile& file : files) {
    std::string path = directory + "/" + file.name;
    OR_RETURN(world.files().make_directories(path.substr(0, path.rfind('/')), 0700));
    OR_RETURN(world.files().write_atomically(path, file.content, file.mode));
  }
  return {};
}

constexpr std::string_view aside_prefix = "before-restore-";

// The directory for the former state, which the mark names: one that was interrupted has put a part of it there, and
// the rest must not come to lie elsewhere.
std::string place_aside(World& world, const std::string& home, const std::string& mark) {
  std::string said = world.files().read(mark).value_or("");
  auto lines = base::split_lines(said);
  std::string name(lines.size() > 1 ? lines[1] : std::string_view());
  if (name.starts_with(aside_prefix) && name.find('/') == name.npos) return home + "/" + name;
  std::string time = base::format_rfc3339(world.now());
  std::erase_if(time, [](char c) { return c == ':' || c == '-'; });
  std::string aside = home + "/" + std::string(aside_prefix) + time;
  while (world.files().exists(aside)) aside += "+";
  return aside;
}

}  // namespace

Result<BackupFacts> verify_backup(World& world, std::string path, const Keyring& keys) {
  Checked checked = OR_RETURN(check(world, path, keys));
  return checked.facts;
}

Result<Restored> restore_backup(World& world, RestoreOptions options) {
  auto& files = world.files();
  const std::string& home = options.directory;
  const std::string staging = home + "/" + std::string(restore_staging_name);
  const std::string mark = home + "/" + std::string(unfinished_restore_name);
  const std::string database = std::string(database_name);

  Checked checked = OR_RETURN(check(world, options.file, OR_RETURN(keys_in(world, home)), options.progress));
  if (!options.force && files.exists(home + "/" + database)) {
    return fail(ErrorKind::conflict,
                "{0} holds a cluster already. Its state is put aside, not lost, with: slipway restore {1} "
                "--force --data {0} - or restore into another directory: --data DIR",
                home, options.file);
  }
  Restored restored{.facts = checked.facts, .keys = !checked.files.empty()};
  auto now = std::chrono::duration_cast<std::chrono::microseconds>(world.now().time_since_epoch()).count();
  restored.begin = std::max({checked.facts.given, reserved_in(world, home + "/" + database),
                             static_cast<Revision>(std::max<int64_t>(now, 0))}) +
                   1;

  const std::string aside = place_aside(world, home, mark);
  auto write_staging = [&]() -> Result<> {
    OR_RETURN(files.remove_tree(staging));
    OR_RETURN(files.make_directories(staging, 0700));
    OR_RETURN(write_files(world, checked.files, staging));
    OR_RETURN(write_database(world, options, checked, staging + "/" + database, restored.begin));
    OR_RETURN(files.sync_directory(staging));
    OR_RETURN(files.sync_directory(home));
    // From here on the directory is neither the one nor the other until the mark is gone.
    return files.write_atomically(mark, options.file + "\n" + aside.substr(home.size() + 1) + "\n", 0600);
  };
  if (auto written = write_staging(); !written) {
    if (!files.exists(mark)) (void)files.remove_tree(staging).has_value();  // keys lie there
    return std::move(written).error();
  }
  std::vector<std::string> arriving = OR_RETURN(files.list(staging));
  std::vector<std::string> leaving = arriving;
  for (const char* more : {"-wal", "-shm", "-journal", mark_suffix.data()}) leaving.push_back(database + more);
  for (const std::string& name : leaving) {
    if (!files.exists(home + "/" + name)) continue;
    OR_RETURN(files.make_directories(aside, 0700));
    // What lies there under this name is the former one; then this is of the backup that did not get in whole.
    if (files.exists(aside + "/" + name)) {
      OR_RETURN(files.remove_tree(home + "/" + name));
    } else {
      OR_RETURN(files.rename(home + "/" + name, aside + "/" + name));
    }
  }
  if (files.exists(aside)) restored.aside = aside;
  for (const std::string& name : arriving) OR_RETURN(files.rename(staging + "/" + name, home + "/" + name));
  OR_RETURN(files.sync_directory(home));
  OR_RETURN(files.remove_tree(staging));
  OR_RETURN(files.remove(mark));
  OR_RETURN(files.sync_directory(home));
  return restored;
}

}  // namespace slipway::store
