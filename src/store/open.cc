#include "store/live_store.h"

namespace slipway::store {

namespace {

struct Opened {
  std::unique_ptr<Database> database;
  Loaded loaded;
};

Result<Opened> open_and_load(World& world, const std::string& path, std::string seed) {
  Opened opened;
  opened.database = OR_RETURN(open_database(world, path, std::move(seed)));
  opened.loaded = OR_RETURN(opened.database->load());
  return opened;
}

}  // namespace

Task<Result<std::unique_ptr<Store>>> open_store(World& world, StoreOptions options) {
  Opened opened;
  if (!options.path.empty()) {
    std::string seed = world.random().bytes(64);
    auto done = co_await world.on_pool([&] { return open_and_load(world, options.path, std::move(seed)); });
    opened = OR_CO_RETURN(std::move(done).context("opening the store"));
  }
  co_return std::unique_ptr<Store>(
      std::make_unique<LiveStore>(world, std::move(options), std::move(opened.database), std::move(opened.loaded)));
}

}  // namespace slipway::store
