// Whatever people do, in whatever order and with restarts in between: in the end the cluster is what Git says.
#include "gitops/testing/engine_fixture.h"
#include "gitops/testing/manifests.h"

namespace slipway::gitops::testing {

namespace {

constexpr int names = 4;
std::string name_of(uint64_t n) {
  return fmt::format("m{}", n);
}

struct Play : EngineFixture {
  using EngineFixture::EngineFixture;
  std::map<std::string, std::string> in_git;

  void commit_git() {
    Files files{{"keep.yaml", config_map("keep", "1")}};
    for (const auto& [name, value] : in_git) {
      std::string wave = fmt::format("{{argocd.argoproj.io/sync-wave: '{}'}}", value.size() % 3);
      files.emplace_back(name + ".yaml", config_map(name, value, wave));
    }
    repositories.commit(repository, std::move(files));
  }
  void act() {
    auto& random = world.random();
    std::string name = name_of(random.below(names));
    cluster::ObjectKey key{{"", "v1", "ConfigMap"}, "shop", name};
    switch (random.below(7)) {
      case 0:
      case 1:
        in_git[name] = fmt::format("{:x}", random.below(1000));
        commit_git();
        break;
      case 2:
        in_git.erase(name);
        commit_git();
        break;
      case 3:
        (void)world.run(cluster->write(cluster::remove(key)));
        break;
      case 4:
        (void)world.run(
            cluster->write(cluster::merge_patch(key, Value{{"data", Value{{"key", "drift"}, {"more", "x"}}}})));
        break;
      case 5:
        stop();
        start();
        break;
      case 6:
        repositories.commit(repository, {{"broken.yaml", "kind: [\n"}});
        break;
    }
    world.run_for(std::chrono::milliseconds(random.below(1500)));
  }
  void check() {
    INFO(value::to_json_pretty(app()));
    for (int n = 0; n < names; ++n) {
      std::string name = name_of(static_cast<uint64_t>(n));
      CAPTURE(name);
      Value there = get("ConfigMap", name);
      auto wanted = in_git.find(name);
      CHECK(there.is_null() == (wanted == in_git.end()));
      if (wanted != in_git.end()) CHECK(there["data"]["key"].as_string() == wanted->second);
    }
    CHECK(summary() == "Synced/Healthy");
    CHECK(app()["operation"].is_null());
  }
};

void play(Reach reach, uint64_t seeds, int acts) {
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    CAPTURE(seed);
    Play f(seed, reach);
    f.commit_git();
    f.apply_application(f.application());
    for (int i = 0; i < acts; ++i) f.act();
    f.commit_git();
    f.settle(2000s);  // self-heal may be backing off
    f.check();
  }
}

}  // namespace

TEST_CASE("everything converges: embedded") {
  play(Reach::embedded, 20, 25);
}

TEST_CASE("everything converges: remote") {
  play(Reach::remote, 6, 12);
}

}  // namespace slipway::gitops::testing
