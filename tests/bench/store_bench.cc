// store_bench FOLDER: what the store does on this machine's disk, in a fresh folder that is removed afterwards.
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <filesystem>

#include "runtime/real_world.h"
#include "store/store.h"
#include "value/json.h"

using namespace slipway;
using namespace slipway::store;

namespace {

constexpr int writers = 32, writes_each = 200, pods = 10'000;

Value pod(int number, int version) {  // about 3 KB
  ArrayBuilder env;
  for (int i = 0; i < 30; ++i) {
    env.push(
        Value{{"name", fmt::format("SETTING_{}", i)}, {"value", fmt::format("the value of setting {}", i + number)}});
  }
  Value container{{"name", "web"}, {"image", "registry.example.com/shop/web:1.2.3"}, {"env", env.build()}};
  return Value{{"apiVersion", "v1"},
               {"kind", "Pod"},
               {"metadata", Value{{"name", fmt::format("pod-{}", number)}, {"namespace", "shop"}}},
               {"spec", Value{{"containers", Value::array({container})}}},
               {"status", Value{{"observed", version}}}};
}

double seconds_since(World& world, SteadyTime begin) {
  return std::chrono::duration<double>(world.steady_now() - begin).count();
}

Task<void> write_many(Store* store, int writer, std::vector<double>* took, World* world) {
  for (int i = 0; i < writes_each; ++i) {
    std::vector<Change> changes;
    changes.push_back(
        {{"pods", "shop", fmt::format("pod-{}-{}", writer, i % 50)}, pod(writer, i), {}, Durability::disk});
    SteadyTime begin = world->steady_now();
    auto done = co_await store->commit(std::move(changes));
    if (!done) throw std::runtime_error(done.error().str());
    took->push_back(seconds_since(*world, begin));
  }
}

Task<int> measure(World& world, std::string path) {
  auto opened = co_await open_store(world, {.path = path});
  if (!opened) throw std::runtime_error(opened.error().str());
  Store* store = opened->get();
  std::vector<double> took;
  SteadyTime begin = world.steady_now();
  {
    TaskGroup group(world.executor());
    for (int i = 0; i < writers; ++i) group.spawn(write_many(store, i, &took, &world));
    co_await group.join();
  }
  fmt::print("store: durable commits, {} writers\t{:.0f}\t/s\n", writers,
             writers * writes_each / seconds_since(world, begin));
  std::sort(took.begin(), took.end());
  fmt::print("store: commit, p99\t{:.2f}\tms\n", took[took.size() * 99 / 100] * 1e3);
  (void)co_await store->close();
  co_return 0;
}

Task<int> weigh(World& world) {
  size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
  auto opened = co_await open_store(world, {});
  if (!opened) throw std::runtime_error(opened.error().str());
  for (int i = 0; i < pods; ++i) {
    std::vector<Change> changes;
    auto parsed = value::parse_json(value::to_json(pod(i, 0)));  // as a client sends it
    if (!parsed) throw std::runtime_error(parsed.error().str());
    changes.push_back({{"pods", "shop", fmt::format("pod-{}", i)}, *parsed, {}, Durability::disk});
    auto done = co_await (*opened)->commit(std::move(changes));
    if (!done) throw std::runtime_error(done.error().str());
  }
  size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
  fmt::print("store: heap with {} pods of 3 KB\t{:.1f}\tMB\n", pods, static_cast<double>(after - before) / 1e6);
  (void)co_await (*opened)->close();
  co_return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "store_bench FOLDER\n");
    return 2;
  }
  auto folder = std::filesystem::absolute(argv[1]) / "store_bench.tmp";
  std::filesystem::create_directories(folder);
  auto world = runtime::RealWorld::create();
  world->run(measure(*world, folder / "state.db"));
  std::filesystem::remove_all(folder);
  return world->run(weigh(*world));
}
