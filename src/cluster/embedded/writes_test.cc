// Scenarios as data: testdata/*.yaml, a list of steps each, on a cluster of its own. A step:
//
//   do: create | update | patch | delete | get | list | forget      forget: removes it from the store, unasked
//   kind: Deployment.apps    (or the body's)      ns, name, sub: subresource
//   body: {...}              type: json | merge | strategic
//   strict, dry_run: true    grace: 5             propagation: foreground    uid: x    revision: 7
//   gives: {...}             what the answer must contain; a null: must not be there. Lists must be equal
//   refuses: text            the whole message     as: not found (the error's kind)     causes: [field: message]
//   warns: [...]             removed: true         unchanged: true (the revision of the last answer)
//   names: [a, b]            of a list
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "cluster/embedded/embedded.h"
#include "sim/sim_world.h"
#include "value/json.h"
#include "value/yaml.h"

using namespace slipway;
using namespace slipway::cluster;

namespace {

Value load(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  auto parsed = value::parse_yaml(text, path.string());
  REQUIRE_MESSAGE(parsed.has_value(), (parsed ? "" : parsed.error().str()));
  return *parsed;
}

// Where `got` lacks something of `wanted`; empty: nowhere.
std::string missing(const Value& wanted, const Value& got, const std::string& at) {
  if (!wanted.is_object()) {
    if (wanted == got) return {};
    return at + ": expected " + value::to_json(wanted) + ", got " + value::to_json(got);
  }
  if (!got.is_object()) return at + ": expected an object, got " + value::to_json(got);
  if (wanted.empty() && !got.empty()) return at + ": expected {}, got " + value::to_json(got);
  for (const value::Member& member : wanted.members()) {
    std::string here = at + "/" + member.key.str();
    if (member.value.is_null()) {
      if (got.has(member.key)) return here + ": expected nothing, got " + value::to_json(got[member.key]);
    } else if (auto problem = missing(member.value, got[member.key], here); !problem.empty()) {
      return problem;
    }
  }
  return {};
}

struct Scenario {
  sim::SimWorld* world;
  store::Store* store;
  Cluster* cluster;
  std::string last_revision;
};

GroupVersionKind kind_of(const Scenario& scenario, const Value& step) {
  if (!step.has("kind")) return GroupVersionKind::of(step["body"]);
  std::string word = step["kind"].str();
  auto dot = word.find('.');
  const kinds::Kind* kind = scenario.cluster->catalog().find_kind(
      dot == std::string::npos ? "" : std::string_view(word).substr(dot + 1), std::string_view(word).substr(0, dot));
  REQUIRE_MESSAGE(kind, "no kind " << word);
  return kind->id;
}

Write write_of(const Scenario& scenario, const Value& step) {
  Write write;
  std::string verb = step["do"].str(), type = step["type"].str("merge"), propagation = step["propagation"].str();
  write.key = {kind_of(scenario, step), step["ns"].str(), step["name"].str()};
  write.body = step["body"];
  write.subresource = step["sub"].str();
  write.verb = verb == "create"   ? Verb::create
               : verb == "update" ? Verb::update
               : verb == "patch"  ? Verb::patch
               : verb == "apply"  ? Verb::apply
                                  : Verb::remove;
  if (verb == "patch") {
    write.patch_type = type == "json" ? PatchType::json : type == "merge" ? PatchType::merge : PatchType::strategic;
  }
  if (step["strict"].as_bool()) write.field_validation = kinds::FieldValidation::strict;
  write.dry_run = step["dry_run"].as_bool();
  if (step.has("grace")) write.grace_period_s = step["grace"].as_int();
  if (step.has("uid")) write.uid = step["uid"].str();
  if (step.has("revision")) write.resource_version = static_cast<uint64_t>(step["revision"].as_int());
  write.propagation = propagation == "foreground"   ? Propagation::foreground
                      : propagation == "orphan"     ? Propagation::orphan
                      : propagation == "background" ? Propagation::background
                                                    : Propagation::unset;
  return write;
}

void check_refusal(const Value& step, const Error& error) {
  if (!step.has("refuses")) FAIL_CHECK("refused: " << error.str());
  CHECK(error.str() == step["refuses"].str());
  if (step.has("as")) CHECK(std::string(base::to_string(error.kind())) == step["as"].str());
  if (step.has("causes")) {
    ArrayBuilder causes;
    for (const base::Cause& cause : error.causes()) causes.push(Value{{cause.field, cause.message}});
    CHECK(missing(step["causes"], causes.build(), "causes") == "");
  }
}

void check_answer(Scenario& scenario, const Value& step, const Value& object) {
  if (step.has("refuses")) FAIL_CHECK("expected a refusal, got " << value::to_json(object));
  CHECK(missing(step["gives"].is_null() ? Value() : step["gives"], step["gives"].is_null() ? Value() : object, "") ==
        "");
  std::string revision = object["metadata"]["resourceVersion"].str();
  if (step["unchanged"].as_bool()) CHECK(revision == scenario.last_revision);
  scenario.last_revision = revision;
}

Task<void> run_write(Scenario* scenario, Value step) {
  auto written = co_await scenario->cluster->write(write_of(*scenario, step));
  if (!written) {
    check_refusal(step, written.error());
    co_return;
  }
  check_answer(*scenario, step, written->object);
  CHECK(written->removed == step["removed"].as_bool());
  ArrayBuilder warnings;
  for (const std::string& warning : written->warnings) warnings.push(warning);
  Value warned = warnings.build();
  if (step.has("warns") || !warned.empty()) CHECK(missing(step["warns"], warned, "warnings") == "");
}

Task<void> run_list(Scenario* scenario, Value step) {
  ListOptions options;
  options.ns = step["ns"].str();
  options.label_selector = step["labels"].str();
  options.field_selector = step["fields"].str();
  options.limit = static_cast<size_t>(step["limit"].as_int());
  options.resource_version_match = step["match"].str();
  if (step.has("revision")) options.resource_version = static_cast<uint64_t>(step["revision"].as_int());
  ArrayBuilder names;
  std::string pages;
  while (true) {
    auto list = co_await scenario->cluster->list(kind_of(*scenario, step), options);
    if (!list) {
      check_refusal(step, list.error());
      co_return;
    }
    for (const Value& object : list->items) names.push(object["metadata"]["name"]);
    pages += (pages.empty() ? "" : " ") + std::to_string(list->items.size());
    if (list->remaining) pages += "+" + std::to_string(*list->remaining);
    if (list->continue_token.empty()) break;
    options.continue_token = list->continue_token;
  }
  CHECK(missing(step["names"], names.build(), "names") == "");
  if (step.has("pages")) CHECK(pages == step["pages"].str());
}

Task<void> run_step(Scenario* scenario, Value step) {
  std::string verb = step["do"].str();
  if (verb == "get") {
    auto object = co_await scenario->cluster->get({kind_of(*scenario, step), step["ns"].str(), step["name"].str()});
    object ? check_answer(*scenario, step, *object) : check_refusal(step, object.error());
  } else if (verb == "list") {
    co_await run_list(scenario, step);
  } else if (verb == "wait") {
    (void)co_await runtime::sleep(std::chrono::seconds(step["seconds"].as_int()));
  } else {
    co_await run_write(scenario, step);
  }
}

Task<void> run(sim::SimWorld* world, const Value* steps) {
  auto store = co_await store::open_store(*world, {});
  REQUIRE(store.has_value());
  auto cluster = make_embedded_cluster(*world, **store, kinds::builtin_catalog());
  REQUIRE(cluster.has_value());
  Scenario scenario{world, store->get(), cluster->get(), {}};
  Value space = Value{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", Value{{"name", "shop"}}}};
  auto made = co_await (*cluster)->write(create(space));
  REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().str()));
  Value account = Value{{"apiVersion", "v1"},
                        {"kind", "ServiceAccount"},
                        {"metadata", Value{{"name", "default"}, {"namespace", "shop"}}}};
  auto served = co_await (*cluster)->write(create(account));
  REQUIRE_MESSAGE(served.has_value(), (served ? "" : served.error().str()));
  int number = 0;
  for (const Value& step : steps->items()) {
    INFO("step ", ++number, ": ", value::to_json(step));
    co_await run_step(&scenario, step);
  }
  (void)co_await (*store)->close();
}

}  // namespace

TEST_CASE("scenarios") {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator("testdata")) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  REQUIRE(files.size() > 5);
  for (const auto& path : files) {
    INFO(path.string());
    Value steps = load(path);
    sim::SimWorld world(1);
    REQUIRE(world.run(run(&world, &steps)));
  }
}

namespace {

Value read_yaml(std::string_view text) {
  return *value::parse_yaml(text, "test");
}

Task<void> write_status(Cluster& cluster, GroupVersionKind kind, std::string name, Value status) {
  Write write;
  write.verb = Verb::patch;
  write.patch_type = PatchType::merge;
  write.key = {std::move(kind), "shop", std::move(name)};
  write.subresource = "status";
  write.body = Value{{"status", std::move(status)}};
  auto written = co_await cluster.write(std::move(write));
  CHECK_MESSAGE(written.has_value(), (written ? "" : written.error().str()));
}

// Others write the budget and the pod while the eviction waits for the store.
Task<void> evict_among_writers(sim::SimWorld* world, Cluster& cluster, Result<Written>* answer) {
  runtime::TaskGroup group(world->executor());
  Write eviction;
  eviction.verb = Verb::create;
  eviction.key = {{"", "v1", "Pod"}, "shop", "web"};
  eviction.subresource = "eviction";
  eviction.body = read_yaml("{apiVersion: policy/v1, kind: Eviction, metadata: {name: web, namespace: shop}}");
  auto evict = [](Cluster* cluster, Write write, Result<Written>* answer) -> Task<void> {
    *answer = co_await cluster->write(std::move(write));
  };
  auto keep_writing = [](Cluster* cluster, GroupVersionKind kind, std::string_view member) -> Task<void> {
    for (int i = 0; i < 3; ++i) co_await write_status(*cluster, kind, "web", Value{{member, std::to_string(i)}});
  };
  group.spawn(keep_writing(&cluster, {"", "v1", "Pod"}, "message"));
  group.spawn(evict(&cluster, std::move(eviction), answer));
  group.spawn(keep_writing(&cluster, {"", "v1", "Pod"}, "reason"));
  co_await group.join();
}

Task<void> run_eviction(sim::SimWorld* world) {
  auto store = co_await store::open_store(*world, {.path = "/db"});
  REQUIRE(store.has_value());
  auto cluster = make_embedded_cluster(*world, **store, kinds::builtin_catalog());
  REQUIRE(cluster.has_value());
  for (std::string_view text : {
           "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}",
           "{apiVersion: v1, kind: ServiceAccount, metadata: {name: default, namespace: shop}}",
           "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: web, namespace: shop}, "
           "spec: {selector: {matchLabels: {app: web}}}}",
           "{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}}, "
           "spec: {nodeName: one, containers: [{name: c, image: i}]}}",
       }) {
    auto made = co_await (*cluster)->write(create(read_yaml(text)));
    REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().str()));
  }
  co_await write_status(**cluster, {"policy", "v1", "PodDisruptionBudget"}, "web", Value{{"disruptionsAllowed", 2}});
  co_await write_status(**cluster, {"", "v1", "Pod"}, "web", Value{{"phase", "Running"}});

  world->disk().faults.sync_latency = std::chrono::milliseconds(5);  // else each write ends before the next begins
  Result<Written> answer = Error(ErrorKind::internal, "not yet");
  co_await evict_among_writers(world, **cluster, &answer);
  CHECK_MESSAGE(answer.has_value(), (answer ? "" : answer.error().str()));
  auto pod = co_await (*cluster)->get({{"", "v1", "Pod"}, "shop", "web"});
  REQUIRE(pod.has_value());
  CHECK((*pod)["metadata"]["deletionTimestamp"].is_string());
  CHECK((*pod)["status"]["message"].str() == "2");
  CHECK((*pod)["status"]["conditions"].items().front()["type"].str() == "DisruptionTarget");
  auto budget = co_await (*cluster)->get({{"policy", "v1", "PodDisruptionBudget"}, "shop", "web"});
  CHECK((*budget)["status"]["disruptionsAllowed"].as_int() == 1);
  (void)co_await (*store)->close();
}

}  // namespace

TEST_CASE("an eviction reads again what others changed meanwhile, and is booked once") {
  sim::SimWorld world(1);
  REQUIRE(world.run(run_eviction(&world)));
}

namespace {

// The sizes and the words are a kube-apiserver's, recorded at 1.35.4.
Task<void> grow(sim::SimWorld* world) {
  auto store = co_await store::open_store(*world, {});
  REQUIRE(store.has_value());
  auto cluster = make_embedded_cluster(*world, **store, kinds::builtin_catalog());
  REQUIRE(cluster.has_value());
  auto pod = [](std::string name, size_t bytes, char filled = 'x') {
    return Value{
        {"apiVersion", "v1"},
        {"kind", "Pod"},
        {"metadata", Value{{"name", name}, {"namespace", "shop"}}},
        {"spec", Value{{"containers",
                        Value::array({Value{
                            {"name", "c"}, {"image", "i"}, {"args", Value::array({std::string(bytes, filled)})}}})}}}};
  };
  for (std::string_view text : {"{apiVersion: v1, kind: Namespace, metadata: {name: shop}}",
                                "{apiVersion: v1, kind: ServiceAccount, metadata: {name: default, namespace: shop}}"}) {
    auto made = co_await (*cluster)->write(create(read_yaml(text)));
    REQUIRE(made.has_value());
  }
  auto refused = [](const Result<Written>& written) {
    return written.failed_with(ErrorKind::io) && written.error().str() == "etcdserver: request is too large";
  };
  auto large = co_await (*cluster)->write(create(pod("large", 1'571'000)));
  CHECK(large.has_value());
  auto escaped = co_await (*cluster)->write(create(pod("escaped", 1'500'000, '"')));  // twice of it in JSON
  CHECK(escaped.has_value());
  auto too_large = co_await (*cluster)->write(create(pod("too-large", 1'573'000)));
  CHECK(refused(too_large));
  CHECK(!(*store)->get({"pods", "shop", "too-large"}));

  // What tells of many objects may be larger.
  auto application = [](size_t bytes) {
    return Value{{"apiVersion", "argoproj.io/v1alpha1"},
                 {"kind", "Application"},
                 {"metadata", Value{{"name", fmt::format("of-{}", bytes)}, {"namespace", "shop"}}},
                 {"spec", Value{{"project", "default"}, {"destination", Value::object()}}},
                 {"status", Value{{"summary", std::string(bytes, 's')}}}};
  };
  auto many = co_await (*cluster)->write(create(application(8'000'000)));
  CHECK_MESSAGE(many.has_value(), many.error().str());
  auto too_many = co_await (*cluster)->write(create(application(17'000'000)));
  CHECK(refused(too_many));

  // Growing by what each update adds.
  Write annotate;
  annotate.verb = Verb::patch;
  annotate.patch_type = PatchType::merge;
  annotate.key = {{"", "v1", "Pod"}, "shop", "large"};
  annotate.body = Value{{"metadata", Value{{"annotations", Value{{"a", std::string(100'000, 'y')}}}}}};
  auto grown = co_await (*cluster)->write(annotate);
  CHECK(refused(grown));
  annotate.body = read_yaml("{metadata: {annotations: {a: small}}}");
  auto small = co_await (*cluster)->write(annotate);
  CHECK(small.has_value());
  (void)co_await (*store)->close();
}

}  // namespace

TEST_CASE("an object grows no larger than etcd lets it") {
  sim::SimWorld world(1);
  REQUIRE(world.run(grow(&world)));
}
