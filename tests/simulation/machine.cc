#include "machine.h"

#include <algorithm>

#include "apiserver/testing/as_administrator.h"
#include "base/text.h"
#include "cluster/watched_kinds.h"
#include "workloads/deployment/deployment.h"
#include "workloads/endpoints/endpoints.h"
#include "workloads/garbage/garbage.h"
#include "workloads/namespaces/namespaces.h"
#include "workloads/nodes/nodes.h"
#include "workloads/replicaset/replicaset.h"
#include "workloads/scheduler/scheduler.h"

namespace slipway::simulation {

namespace {

constexpr auto database = "/data/slipway.db";
constexpr auto containers = "/data/simulated.json";

Task<void> run_one(World& world, cluster::Cache& cache, reconcile::Reconciler& reconciler) {
  co_await reconcile::run_controller(world, cache, reconciler);
}

template <class T>
Task<void> keep(Task<T> task, std::optional<T>* out) {
  out->emplace(co_await task);
}

}  // namespace

Task<Result<sources::Commit>> SlowRepositories::resolve(std::string url, std::string revision, std::string project) {
  uint64_t mine = ++asked_;
  auto answer = co_await FakeRepositories::resolve(std::move(url), std::move(revision), std::move(project));
  if (answer && !first_) first_ = *answer;
  if (answer_time_max > Duration{}) {
    auto slept = co_await runtime::sleep(
        Duration(static_cast<int64_t>(world_.random().below(static_cast<uint64_t>(answer_time_max.count())))));
    if (!slept) co_return slept.error();
  }
  if (mine < last_answered_) ++reordered;
  last_answered_ = std::max(last_answered_, mine);
  if (stale && answer) co_return *first_;
  co_return answer;
}

// What dies with the process.
struct Machine::Life {
  explicit Life(World& world) : group(world.executor()) {}
  TaskGroup group;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<cluster::Cluster> cluster;
  std::unique_ptr<apiserver::ApiServer> api;
  std::unique_ptr<runtime::HttpServer> server;
  std::unique_ptr<cluster::Cluster> person, engine_cluster;  // over the network
  std::unique_ptr<reconcile::EventRecorder> events;
  std::unique_ptr<cluster::Cache> cache, engine_cache;
  std::vector<std::unique_ptr<reconcile::Reconciler>> reconcilers;
  std::unique_ptr<node::simulated::SimulatedRuntime> runtime;
  std::unique_ptr<node::NodeAgent> agent;
  bool ready = false;
  std::string problem;
};

Machine::Machine(uint64_t seed, MachineOptions options)
    : world(seed), git(world), options_(options), dishonest_(world, options.disk) {
  SLIPWAY_CHECK(world.files().make_directories("/data").has_value());
  SLIPWAY_CHECK(world.files().sync_directory("/").has_value());
}

Machine::~Machine() {
  end_life();
}

void Machine::start() {
  for (int tries = 0; !runs(); ++tries) {
    end_life();
    if (world.off()) {
      world.restart();
      // Without power no container goes on.
      if (last_loss_ == sim::Loss::power) (void)world.files().remove(containers).has_value();
    }
    if (tries > 10) faults_off();
    if (tries > 20) throw std::runtime_error("it does not start");
    ++starts;
    life_ = std::make_unique<Life>(world);
    bool lived = world.run(begin(this));
    if (lived && life_->ready) return;
    if (lived && life_->problem.find("damaged") != std::string::npos) wrong.push_back(life_->problem);
    if (lived && life_->problem.find("acknowledged") != std::string::npos) {
      wrong.push_back(life_->problem);
      (void)world.files().remove(std::string(database) + "-mark").has_value();  // goes on with what is left
    }
    end_life();
    world.run_for(1s);  // as systemd's RestartSec
  }
}

Task<void> Machine::begin(Machine* machine) {
  Life& life = *machine->life_;
  World& world = machine->world;
  World& disk = machine->options_.disk == store::testing::Disk::honest ? world : machine->dishonest_;
  auto opened = co_await store::open_store(disk, {.path = database, .key_file = "/data/encryption.keys"});
  if (!opened) {
    life.problem = opened.error().str();
    co_return;
  }
  life.store = std::move(*opened);
  auto events = life.store->subscribe("", life.store->revision());
  if (events) life.group.spawn(listen(machine, std::move(*events)));
  cluster::EmbeddedOptions embedded;
  embedded.sign_token = [](const Value&) -> Result<std::string> { return std::string("token"); };
  life.cluster =
      cluster::make_embedded_cluster(world, *life.store, kinds::builtin_catalog(), std::move(embedded)).value();
  for (const char* name : {"default", "argocd", "shop", "kube-node-lease"}) {
    auto made = co_await life.cluster->write(
        cluster::create(Value{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", Value{{"name", name}}}}));
    if (!made && !made.error().is(ErrorKind::already_exists)) {
      life.problem = made.error().str();
      co_return;
    }
  }
  auto connected = co_await machine->serve_and_connect();
  if (!connected) {
    life.problem = connected.error().str();
    co_return;
  }
  life.events = reconcile::make_recorder(world, *life.cluster, life.group, "slipway");
  life.cache = cluster::make_cache(world, *life.cluster, cluster::watched_kinds(life.cluster->catalog()));
  auto& list = life.reconcilers;
  list.push_back(std::make_unique<workloads::NamespaceReconciler>(world, *life.cluster, "the CA"));
  list.push_back(std::make_unique<workloads::DeploymentReconciler>(world, *life.cluster, *life.events));
  list.push_back(std::make_unique<workloads::ReplicaSetReconciler>(world, *life.cluster, *life.events));
  list.push_back(std::make_unique<workloads::EndpointsReconciler>(*life.cluster));
  list.push_back(std::make_unique<workloads::GarbageReconciler>(*life.cluster, *life.events));
  list.push_back(std::make_unique<workloads::SchedulerReconciler>(world, *life.cluster, *life.events));
  list.push_back(std::make_unique<workloads::NodeReconciler>(*life.cluster));
  for (auto& one : list) life.group.spawn(run_one(world, *life.cache, *one));
  if (machine->options_.engine) {
    cluster::Cluster& seen = machine->options_.remote ? *life.engine_cluster : *life.cluster;
    if (machine->options_.remote)
      life.engine_cache = cluster::make_cache(world, seen, cluster::watched_kinds(seen.catalog()));
    cluster::Cache& cache = machine->options_.remote ? *life.engine_cache : *life.cache;
    list.push_back(gitops::make_application_reconciler(world, seen, cache, machine->git, *life.events));
    life.group.spawn(run_one(world, cache, *list.back()));
    if (life.engine_cache) life.group.spawn(life.engine_cache->run());
  }
  life.group.spawn(life.cache->run());
  if (machine->options_.node) {
    node::simulated::SimulatedOptions simulated;
    simulated.file = containers;
    simulated.pull_fault = [machine](const std::string&) -> std::optional<Error> {
      if (machine->pull_fault.empty()) return std::nullopt;
      return Error(ErrorKind::not_found, machine->pull_fault);
    };
    life.runtime = node::simulated::create(world, std::move(simulated));
    node::NodeOptions node{.name = "n1", .addresses = {"192.0.2.10"}, .data_directory = "/data"};
    life.agent = node::NodeAgent::create(world, *life.cluster, *life.runtime, std::move(node));
    life.group.spawn(life.agent->run());
  }
  life.ready = true;
}

Task<Result<>> Machine::serve_and_connect() {
  Life& life = *life_;
  life.api = std::make_unique<apiserver::ApiServer>(world, *life.cluster, apiserver::ApiServerOptions{});
  auto listener = OR_CO_RETURN(world.network().listen({"127.0.0.1", 8001}));
  runtime::Handler handler = [this, below = life.api->handler()](runtime::Exchange& exchange) {
    return answer(below, exchange);
  };
  life.server = runtime::HttpServer::create(world, std::move(listener), nullptr, std::move(handler));
  life.group.spawn(life.server->serve());
  life.person = OR_CO_RETURN(co_await cluster::connect_remote(world, {.server = "http://127.0.0.1:8001"}));
  if (options_.remote)
    life.engine_cluster = OR_CO_RETURN(co_await cluster::connect_remote(world, {.server = "http://127.0.0.1:8001"}));
  co_return Result<>();
}

Task<void> Machine::answer(runtime::Handler below, runtime::Exchange& exchange) {
  uint64_t mine = ++requests_;
  if (reply_delay_max > Duration{}) {
    auto slept = co_await runtime::sleep(
        Duration(static_cast<int64_t>(world.random().below(static_cast<uint64_t>(reply_delay_max.count())))));
    if (!slept) co_return;
    if (mine < last_answered_) ++reordered_replies;
    last_answered_ = std::max(last_answered_, mine);
  }
  apiserver::testing::AsAdministrator administrator(exchange);
  co_await below(administrator);
}

// Every revision that anybody was told of, over all lives.
Task<void> Machine::listen(Machine* machine, std::unique_ptr<store::Subscription> events) {
  while (true) {
    auto event = co_await events->next();
    if (!event) co_return;
    if (!machine->revisions_.insert(event->revision).second)
      machine->wrong.push_back(fmt::format("revision {} was given twice", event->revision));
  }
}

void Machine::stop() {
  end_life();
}

void Machine::end_life() {
  if (!life_) return;
  world.run(life_->group.stop());
  life_->agent = nullptr;
  life_->runtime = nullptr;
  life_->reconcilers.clear();
  life_->engine_cache = nullptr;
  life_->cache = nullptr;
  life_->events = nullptr;
  life_->engine_cluster = nullptr;
  life_->person = nullptr;
  life_->server = nullptr;
  life_->api = nullptr;
  life_->cluster = nullptr;
  if (life_->store) {
    std::optional<Result<>> closed;
    world.run(keep(life_->store->close(), &closed));
  }
  life_ = nullptr;
}

void Machine::pass(Duration d) {
  SteadyTime end = world.steady_now() + d;
  while (world.steady_now() < end) {
    // In pieces: what a crash leaves standing must not go on for long.
    world.run_for(std::min<Duration>(end - world.steady_now(), 100ms));
    if (!runs()) start();
  }
}

std::optional<Result<cluster::Written>> Machine::ask(cluster::Write write) {
  if (!runs()) start();
  std::optional<Result<cluster::Written>> out;
  bool lived = world.run(keep(life_->person->write(std::move(write)), &out));
  if (!lived) out.reset();
  if (!runs()) start();
  return out;
}

Value Machine::get(std::string_view word, std::string name, std::string ns) {
  const kinds::Kind* kind = kinds::builtin_catalog().find_word(word);
  SLIPWAY_CHECK(kind && runs());
  auto object = world.run(life_->cluster->get({kind->id, kind->namespaced ? ns : "", std::move(name)}));
  return object ? *object : Value();
}

std::vector<Value> Machine::list(std::string_view word, std::string ns) {
  const kinds::Kind* kind = kinds::builtin_catalog().find_word(word);
  SLIPWAY_CHECK(kind && runs());
  auto found = world.run(life_->cluster->list(kind->id, {.ns = std::move(ns)}));
  return found ? found->items : std::vector<Value>();
}

std::string Machine::summary() {
  Value status = application()["status"];
  return status["sync"]["status"].str() + "/" + status["health"]["status"].str();
}

std::string Machine::revision() {
  return application()["status"]["sync"]["revision"].str();
}

void Machine::faults_off() {
  world.disk().faults = {};
  world.net().faults = {};
  git.answer_time_max = {};
  reply_delay_max = {};
  git.fail_with(repository, std::nullopt);
}

std::map<std::string, uint64_t> Machine::injected() const {
  auto all = world.injected();
  all["reordered Git answer"] = git.reordered;
  all["reordered reply"] = reordered_replies;
  return all;
}

}  // namespace slipway::simulation
