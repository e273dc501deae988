// Hooks over a whole sync. Nobody runs Jobs here: tests end them by hand.
#include "gitops/testing/engine_fixture.h"
#include "gitops/testing/manifests.h"

namespace slipway::gitops::testing {

namespace {

void end_job(EngineFixture& f, std::string name, bool well) {
  f.patch("Job", std::move(name),
          well ? R"({"status": {"startTime": "2026-05-28T20:26:40Z", "completionTime": "2026-05-28T20:26:50Z",
                     "succeeded": 1, "conditions": [
                       {"type": "SuccessCriteriaMet", "status": "True", "lastTransitionTime": "2026-05-28T20:26:50Z"},
                       {"type": "Complete", "status": "True", "message": "Reached expected number of succeeded pods",
                        "lastTransitionTime": "2026-05-28T20:26:50Z"}]}})"
               : R"({"status": {"startTime": "2026-05-28T20:26:40Z", "failed": 1, "conditions": [
                       {"type": "FailureTarget", "status": "True", "lastTransitionTime": "2026-05-28T20:26:50Z"},
                       {"type": "Failed", "status": "True", "message": "Job has reached the specified backoff limit",
                        "lastTransitionTime": "2026-05-28T20:26:50Z"}]}})",
          "shop", "status");
  f.settle();
}
Value result(EngineFixture& f, std::string_view name) {
  Value state = f.status()["operationState"];
  for (const Value& r : state["syncResult"]["resources"].items()) {
    if (r["name"].as_string() == name) return r;
  }
  return Value();
}

}  // namespace

TEST_CASE("a PreSync hook comes first, and runs again with the next commit") {
  EngineFixture f;
  auto files = [](const char* value) {
    return Files{{"migrate.yaml", job("migrate", "{argocd.argoproj.io/hook: PreSync}")},
                 {"config.yaml", config_map("settings", value)}};
  };
  f.commit(files("a"));
  f.apply_application(f.application());
  CHECK(f.get("ConfigMap", "settings").is_null());
  CHECK(f.status()["operationState"]["message"].as_string() == "waiting for completion of hook batch/Job/migrate");
  end_job(f, "migrate", true);
  CHECK_FALSE(f.get("ConfigMap", "settings").is_null());
  CHECK(f.status()["operationState"]["phase"].as_string() == "Succeeded");
  Value r = result(f, "migrate");
  CHECK(r["hookType"].as_string() == "PreSync");
  CHECK(r["hookPhase"].as_string() == "Succeeded");
  CHECK(r["message"].as_string() == "Reached expected number of succeeded pods");
  CHECK_FALSE(r.has("status"));
  CHECK(f.summary() == "Synced/Healthy");

  std::string uid(kinds::uid_of(f.get("Job", "migrate")));
  f.commit(files("b"));
  f.settle(5s);
  CHECK(f.get("ConfigMap", "settings")["data"]["key"].as_string() == "a");
  CHECK(kinds::uid_of(f.get("Job", "migrate")) != uid);  // BeforeHookCreation
  end_job(f, "migrate", true);
  CHECK(f.get("ConfigMap", "settings")["data"]["key"].as_string() == "b");
}

TEST_CASE("when a hook fails nothing is applied, SyncFail hooks run, and the operation fails") {
  EngineFixture f;
  f.commit({{"migrate.yaml", job("migrate", "{argocd.argoproj.io/hook: PreSync}")},
            {"sorry.yaml", config_map("sorry", "x", "{argocd.argoproj.io/hook: SyncFail}")},
            {"config.yaml", config_map("settings", "a")}});
  Value app = f.application().with("/spec/syncPolicy/retry", Value{{"limit", 0}});
  f.apply_application(app);
  end_job(f, "migrate", false);
  CHECK(f.get("ConfigMap", "settings").is_null());
  CHECK_FALSE(f.get("ConfigMap", "sorry").is_null());
  Value state = f.status()["operationState"];
  CHECK(state["phase"].as_string() == "Failed");
  CHECK(state["message"].as_string() ==
        "one or more synchronization tasks completed unsuccessfully, reason: Job has reached the specified backoff "
        "limit");
}

TEST_CASE("HookSucceeded hooks go at the end, PostSync ones come last") {
  EngineFixture f;
  f.commit({{"after.yaml", job("after",
                               "{argocd.argoproj.io/hook: PostSync, argocd.argoproj.io/hook-delete-policy: "
                               "HookSucceeded}")},
            {"config.yaml", config_map("settings", "a")}});
  f.apply_application(f.application());
  CHECK_FALSE(f.get("ConfigMap", "settings").is_null());
  CHECK_FALSE(f.get("Job", "after").is_null());
  CHECK(f.status()["operationState"]["phase"].as_string() == "Running");
  f.stop();
  f.start();
  CHECK(f.status()["operationState"]["phase"].as_string() == "Running");
  end_job(f, "after", true);
  CHECK(f.status()["operationState"]["phase"].as_string() == "Succeeded");
  f.settle(5s);
  CHECK(f.get("Job", "after").is_null());
  CHECK(f.summary() == "Synced/Healthy");
}

TEST_CASE("a hook with generateName has a name of its own in each sync") {
  EngineFixture f;
  std::string hook = job("x", "{argocd.argoproj.io/hook: PreSync}");
  std::string sha = f.commit({{"h.yaml", base::replace_all(hook, "name: x", "generateName: migrate-")},
                              {"config.yaml", config_map("settings", "a")}});
  f.apply_application(f.application());
  auto jobs = f.world.run(f.cluster->list({"batch", "v1", "Job"}, {.ns = "shop"}));
  REQUIRE(jobs->items.size() == 1);
  std::string name(kinds::name_of(jobs->items[0]));
  CHECK(name.starts_with("migrate-" + sha.substr(0, 7) + "-presync-"));
  end_job(f, name, true);
  CHECK(f.summary() == "Synced/Healthy");
}

TEST_CASE("an operation can be terminated, and one that waits gives way to a newer commit") {
  EngineFixture f;
  f.commit({{"migrate.yaml", job("migrate", "{argocd.argoproj.io/hook: PreSync}")}, {"a.yaml", config_map("a", "1")}});
  f.apply_application(f.application());
  CHECK(f.status()["operationState"]["phase"].as_string() == "Running");
  SUBCASE("terminated") {
    f.patch("Application", "shop", R"({"status": {"operationState": {"phase": "Terminating"}}})", "argocd");
    f.settle();
    CHECK(f.status()["operationState"]["phase"].as_string() == "Failed");
    CHECK(f.status()["operationState"]["message"].as_string() == "Operation terminated");
    CHECK(f.app()["operation"].is_null());
  }
  SUBCASE("superseded") {
    f.commit({{"a.yaml", config_map("a", "2")}});
    f.settle(5s);
    CHECK(f.get("ConfigMap", "a")["data"]["key"].as_string() == "2");
    CHECK(f.summary() == "Synced/Healthy");
  }
}

}  // namespace slipway::gitops::testing
