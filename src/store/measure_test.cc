// Not run by default: store_test --no-skip -tc='measure*' prints what the store does on this machine.
#include <doctest/doctest.h>
#include <malloc.h>

#include <cstdio>
#include <filesystem>

#include "runtime/real_world.h"
#include "store/index.h"
#include "store/store_contract.h"
#include "value/json.h"

using namespace slipway;
using namespace slipway::store;

namespace {

constexpr int writers = 32, writes_each = 300, pods = 10'000;

Value pod(int number, int version) {
  ArrayBuilder env;
  for (int i = 0; i < 30; ++i) {
    env.push(Value{{"name", "SETTING_" + std::to_string(i)},
                   {"value", "the value of setting " + std::to_string(i + number)}});
  }
  Value container{{"name", "web"}, {"image", "registry.example.com/shop/web:1.2.3"}, {"env", env.build()}};
  Value metadata{{"name", "pod-" + std::to_string(number)}, {"namespace", "shop"}, {"labels", Value{{"app", "web"}}}};
  return Value{{"apiVersion", "v1"},
               {"kind", "Pod"},
               {"metadata", metadata},
               {"spec", Value{{"containers", Value::array({container})}}},
               {"status", Value{{"phase", "Running"}, {"observed", version}}}};
}

size_t heap_bytes() {
  struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

Task<void> write_many(Store* store, int writer, int count) {
  for (int i = 0; i < count; ++i) {
    std::vector<Change> changes;
    std::string name = "pod-" + std::to_string(writer) + "-" + std::to_string(i % 200);
    changes.push_back({{"pods", "shop", name}, pod(writer, i), {}, Durability::disk});
    auto done = co_await store->commit(std::move(changes));
    REQUIRE(done.has_value());
  }
}

Task<int> measure(World& world, std::string path) {
  auto opened = co_await open_store(world, {.path = path});
  REQUIRE(opened.has_value());
  Store* store = opened->get();
  auto begin = world.steady_now();
  {
    TaskGroup group(world.executor());
    for (int i = 0; i < writers; ++i) group.spawn(write_many(store, i, writes_each));
    co_await group.join();
  }
  double seconds = std::chrono::duration<double>(world.steady_now() - begin).count();
  std::printf("durable writes, %d writers, %zu B each: %.0f/s\n", writers, value::to_json(pod(1, 1)).size(),
              writers * writes_each / seconds);
  for (auto& file : std::filesystem::directory_iterator(std::filesystem::path(path).parent_path())) {
    std::printf("  %s: %zu KB\n", file.path().filename().c_str(), size_t(file.file_size() / 1024));
  }
  (void)co_await store->close();
  co_return 0;
}

Task<int> weigh(World& world) {
  size_t before = heap_bytes();
  auto opened = co_await open_store(world, {});
  REQUIRE(opened.has_value());
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < pods; ++i) {
      std::vector<Change> changes;
      auto parsed = value::parse_json(value::to_json(pod(i, round)));  // as a client sends it
      REQUIRE(parsed.has_value());
      changes.push_back({{"pods", "shop", "pod-" + std::to_string(i)}, *parsed, {}, Durability::disk});
      REQUIRE((co_await (*opened)->commit(std::move(changes))).has_value());
    }
    std::printf("%d pods, each written %d times: %.1f MB\n", pods, round + 1,
                double(heap_bytes() - before) / (1 << 20));
  }
  (void)co_await (*opened)->close();
  co_return 0;
}

}  // namespace

TEST_CASE("measure writes" * doctest::skip()) {
  auto directory = std::filesystem::path("measure-store.tmp");
  std::filesystem::create_directory(directory);
  auto world = runtime::RealWorld::create();
  world->run(measure(*world, std::filesystem::absolute(directory / "state.db")));
  std::filesystem::remove_all(directory);
}

TEST_CASE("measure memory" * doctest::skip()) {
  auto world = runtime::RealWorld::create();
  world->run(weigh(*world));
}
