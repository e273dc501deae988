// A machine that runs Slipway in simulated time: store on a simulated disk, API server on a simulated network, GitOps
// engine (embedded, or over the network as against any cluster), workload controllers, and a node whose containers are
// simulated. It can be killed, lose its power and start again; the repository and the containers live beside it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "apiserver/server.h"
#include "cluster/embedded/embedded.h"
#include "cluster/remote/remote.h"
#include "gitops/engine.h"
#include "gitops/testing/fake_repositories.h"
#include "node/agent.h"
#include "node/simulated/simulated.h"
#include "reconcile/reconcile.h"
#include "runtime/http.h"
#include "sim/sim_world.h"
#include "store/store.h"
#include "store/testing/dishonest_world.h"

namespace slipway::simulation {

using gitops::testing::Files;
inline const std::string repository = "/srv/shop";

// A repository whose answers take their time, and so may overtake one another.
class SlowRepositories final : public gitops::testing::FakeRepositories {
 public:
  explicit SlowRepositories(sim::SimWorld& world) : world_(world) {}
  Duration answer_time_max{};
  bool stale = false;  // a guard off: the first answer for ever
  uint64_t reordered = 0;
  Task<Result<sources::Commit>> resolve(std::string url, std::string revision, std::string project) override;

 private:
  sim::SimWorld& world_;
  uint64_t asked_ = 0, last_answered_ = 0;
  std::optional<sources::Commit> first_;
};

struct MachineOptions {
  bool remote = false;  // the engine speaks to the API server over the network
  store::testing::Disk disk = store::testing::Disk::honest;
  bool node = true, engine = true;  // guards off: nothing runs pods, nobody looks at Git
};

class Machine {
 public:
  explicit Machine(uint64_t seed, MachineOptions options = {});
  ~Machine();

  // Starts Slipway, after whatever happened to the machine; again and again while faults end it.
  void start();
  void stop();  // in good order; after a crash: winds up what lived
  bool runs() const { return life_ != nullptr && !world.off(); }
  // Lets time pass; a crash in it is followed by a restart.
  void pass(Duration d);

  // What a person at a client asks, over the network; nothing when the machine went off or no client gets through.
  std::optional<Result<cluster::Written>> ask(cluster::Write write);
  Value get(std::string_view word, std::string name, std::string ns = "shop");
  std::vector<Value> list(std::string_view word, std::string ns = "shop");
  Value application(std::string name = "shop") { return get("Application", std::move(name), "argocd"); }
  std::string summary();   // "Synced/Healthy"
  std::string revision();  // that the Application says it runs
  void faults_off();
  std::map<std::string, uint64_t> injected() const;  // of every kind

  sim::SimWorld world;
  SlowRepositories git;
  std::vector<std::string> wrong;  // what was seen and must never be
  uint64_t starts = 0, reordered_replies = 0;
  std::string pull_fault;      // what a registry says instead of giving an image
  Duration reply_delay_max{};  // of the API server's answers

 private:
  struct Life;
  static Task<void> begin(Machine* machine);
  Task<Result<>> serve_and_connect();
  void end_life();
  static Task<void> listen(Machine* machine, std::unique_ptr<store::Subscription> events);
  Task<void> answer(runtime::Handler below, runtime::Exchange& exchange);

  const MachineOptions options_;
  store::testing::DishonestWorld dishonest_;
  std::unique_ptr<Life> life_;
  std::set<uint64_t> revisions_;  // of all events that anybody was told
  uint64_t requests_ = 0, last_answered_ = 0;
  sim::Loss last_loss_ = sim::Loss::process;

 public:
  void crash_at_step(uint64_t n, sim::Loss loss) {
    last_loss_ = loss;
    world.crash_at_step(n, loss);
  }
};

}  // namespace slipway::simulation
