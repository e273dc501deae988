// Opening: the file of keys, then the database and its rows, then what an older Slipway left in clear is sealed.
#include "base/text.h"
#include "runtime/sealing.h"
#include "store/backup.h"
#include "store/live_store.h"

namespace slipway::store {

namespace {

struct Opened {
  std::unique_ptr<Database> database;
  Loaded loaded;
  Keyring keys;
};

Result<Keyring> read_keys(World& world, const std::string& path) {
  if (path.empty()) return Keyring();
  auto text = world.files().read(path, 1 << 20);
  if (text.failed_with(ErrorKind::not_found)) return Keyring();
  if (!text) return text.error();
  auto keys = Keyring::read(*text);
  if (!keys) {
    return fail(ErrorKind::io, "{}: {}. Put a copy of it back, or: slipway restore FILE --force --data {}", path,
                keys.error().str(), path.substr(0, path.rfind('/')));
  }
  auto stat = world.files().stat(path);
  if (stat && (stat->mode & 077) != 0) {
    world.log().write(runtime::LogLevel::warning, "store: " + path + " was readable for others; it is not any more");
    OR_RETURN(world.files().set_mode(path, 0600));
  }
  return keys;
}

Result<Opened> open_and_load(World& world, const StoreOptions& options, std::string seed, std::string fresh_key) {
  Opened opened;
  std::string directory = options.path.substr(0, options.path.rfind('/'));
  if (world.files().exists(directory + "/" + std::string(unfinished_restore_name))) {
    return fail(ErrorKind::io,
                "{0}: a restore was interrupted here; say it again: slipway restore FILE --force --data {0}",
                directory);
  }
  for (std::string_view left : {restore_staging_name, restore_received_name})
    OR_RETURN(world.files().remove_tree(directory + "/" + std::string(left)));
  opened.keys = OR_RETURN(read_keys(world, options.key_file));
  const bool made = opened.keys.empty() && !options.key_file.empty();
  opened.database = OR_RETURN(open_database(
      world, {.path = options.path, .seed = std::move(seed), .keys = opened.keys, .key_file = options.key_file}));
  opened.loaded = OR_RETURN(opened.database->load());
  // Only now: what loads without a key has nothing sealed in it, and a new key takes nobody's place.
  if (made) {
    opened.keys.add(std::move(fresh_key), world.now());
    OR_RETURN(world.files().write_atomically(options.key_file, opened.keys.text(), 0600));
    opened.database->use(opened.keys);
    for (size_t i = 0; i < opened.loaded.rows.size(); ++i) {
      if (must_be_sealed(opened.loaded.rows[i].key)) opened.loaded.to_seal.push_back(i);
    }
  }
  return opened;
}

Result<> seal_old_rows(Opened& opened, const std::vector<std::string>& nonces) {
  Batch batch;
  for (size_t i = 0; i < nonces.size(); ++i) {
    Row row = opened.loaded.rows[opened.loaded.to_seal[i]];
    row.nonce = nonces[i];
    batch.put.push_back(std::move(row));
  }
  OR_RETURN(opened.database->write(batch));
  return opened.database->scrub();
}

}  // namespace

Task<Result<std::unique_ptr<Store>>> open_store(World& world, StoreOptions options) {
  Opened opened;
  if (!options.path.empty()) {
    std::string seed = world.random().bytes(64);
    std::string fresh_key = world.random().bytes(runtime::seal_key_bytes);
    auto done =
        co_await world.on_pool([&] { return open_and_load(world, options, std::move(seed), std::move(fresh_key)); });
    opened = OR_CO_RETURN(std::move(done).context("opening the store"));
    if (!options.key_file.empty() && (opened.loaded.old_format || !opened.loaded.to_seal.empty())) {
      std::vector<std::string> nonces(opened.loaded.to_seal.size());
      for (std::string& nonce : nonces) nonce = world.random().bytes(runtime::seal_nonce_bytes);
      auto sealed = co_await world.on_pool([&] { return seal_old_rows(opened, nonces); });
      if (sealed) {
        world.log().write(runtime::LogLevel::info, fmt::format("store: sealed {} Secrets on the disk", nonces.size()));
      } else {
        // All can be read as they are; a disk without room must not keep the rest from starting.
        world.log().write(
            runtime::LogLevel::warning,
            fmt::format("store: {} Secrets are not sealed with the current key, which the next start tries again: {}",
                        nonces.size(), sealed.error().str()));
      }
    }
  }
  co_return std::unique_ptr<Store>(std::make_unique<LiveStore>(world, std::move(options), std::move(opened.database),
                                                               std::move(opened.loaded), std::move(opened.keys)));
}

}  // namespace slipway::store
