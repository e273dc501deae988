// Whole scenarios on fake time: a repository, an Application, a cluster, and what people do to each.
#include "gitops/testing/engine_fixture.h"
#include "gitops/testing/manifests.h"
#include "sources/chart_repository.h"

namespace slipway::gitops::testing {

namespace {

struct Shop : EngineFixture {
  explicit Shop(Files files) {
    sha = commit(std::move(files));
    apply_application(application());
  }
  std::string sha;
};

}  // namespace

TEST_CASE("a directory becomes objects, and the status says so") {
  Shop f({{"web.yaml", deployment("web", "web:1")}, {"config.yaml", config_map("settings", "a")}});
  CHECK(f.get("Deployment", "web")["spec"]["replicas"].as_int() == 1);
  CHECK(f.get("ConfigMap", "settings")["data"]["key"].as_string() == "a");
  CHECK(f.get("ConfigMap", "settings")["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"].as_string() ==
        "shop:/ConfigMap:shop/settings");
  CHECK(f.summary() == "Synced/Progressing");
  f.run_pods();
  CHECK(f.summary() == "Synced/Healthy");
  Value status = f.status();
  CHECK(status["sync"]["revision"].as_string() == f.sha);
  CHECK(status["operationState"]["phase"].as_string() == "Succeeded");
  CHECK(status["operationState"]["message"].as_string() == "successfully synced (all tasks run)");
  CHECK(status["operationState"]["syncResult"]["resources"].size() == 2);
  CHECK(status["history"].size() == 1);
  CHECK(status["sourceType"].as_string() == "Directory");
  CHECK(status["summary"]["images"][0].as_string() == "web:1");
  CHECK(f.app()["operation"].is_null());
  CHECK(f.condition("ComparisonError") == "");
  CHECK(f.has_event("shop", "OperationStarted: Initiated automated sync to [" + f.sha + "]"));
  CHECK(f.has_event("shop", "OperationCompleted: Sync operation to " + f.sha + " succeeded"));
}

TEST_CASE("when nothing changes, nothing is written") {
  Shop f({{"web.yaml", deployment("web", "web:1")}, {"config.yaml", config_map("settings", "a")}});
  f.run_pods();
  f.settle(10s);
  auto before = f.store->revision();
  f.settle(300s);
  CHECK(f.store->revision() == before);
}

TEST_CASE("a commit changes what it names, and nothing else") {
  Shop f({{"web.yaml", deployment("web", "web:1")}, {"api.yaml", deployment("api", "api:1")}});
  f.run_pods();
  Value api = f.get("Deployment", "api");
  std::string sha = f.commit({{"web.yaml", deployment("web", "web:2")}, {"api.yaml", deployment("api", "api:1")}});
  CHECK(f.get("Deployment", "web")["spec"]["template"]["spec"]["containers"][0]["image"].as_string() == "web:2");
  CHECK(f.get("Deployment", "api")["metadata"]["resourceVersion"] == api["metadata"]["resourceVersion"]);
  CHECK(f.status()["sync"]["revision"].as_string() == sha);
  CHECK(f.status()["history"].size() == 2);
}

TEST_CASE("what people change is undone, and an Event says what") {
  Shop f({{"web.yaml", deployment("web", "web:1", 2)}, {"config.yaml", config_map("settings", "a")}});
  f.run_pods();
  f.patch("Deployment", "web", R"({"spec": {"replicas": 5}})");
  f.settle();
  CHECK(f.get("Deployment", "web")["spec"]["replicas"].as_int() == 2);
  CHECK(f.has_event("shop", "SelfHealed: Undone: Deployment shop/web: spec.replicas is 5, not 2"));
  f.settle(400s);
  f.remove("ConfigMap", "settings");
  f.settle();
  CHECK(f.get("ConfigMap", "settings")["data"]["key"].as_string() == "a");
  CHECK(f.has_event("shop", "SelfHealed: Undone: ConfigMap shop/settings was deleted"));
  f.settle(400s);
  f.patch("ConfigMap", "settings", R"({"data": {"key": "b"}})");
  f.settle();
  CHECK(f.get("ConfigMap", "settings")["data"]["key"].as_string() == "a");
  CHECK(f.status()["operationState"]["operation"]["sync"]["autoHealAttemptsCount"].as_int() == 1);
  // What Git does not speak of is left alone.
  f.patch("Deployment", "web", R"({"metadata": {"labels": {"mine": "yes"}}})");
  f.settle(10s);
  CHECK(f.get("Deployment", "web")["metadata"]["labels"]["mine"].as_string() == "yes");
  CHECK(f.summary() == "Synced/Healthy");
}

TEST_CASE("a hook whose state cannot be written runs once all the same") {
  EngineFixture f;
  f.commit({{"before.yaml", config_map("before", "a", "{argocd.argoproj.io/hook: PreSync}")},
            {"settings.yaml", config_map("settings", "a")}});
  std::set<std::string> uids;
  bool ran = false;
  f.refuses = [&](const cluster::Write& write) {
    ran = ran || write.body["metadata"]["name"].as_string() == "before";
    return ran && write.key.kind.kind == "Application";
  };
  f.apply_application(f.application());
  for (int i = 0; i < 20; ++i) {
    f.settle(3s);
    if (Value hook = f.get("ConfigMap", "before"); !hook.is_null()) uids.insert(std::string(kinds::uid_of(hook)));
  }
  CHECK(uids.size() == 1);
  f.refuses = nullptr;
  f.settle(100s);
  CHECK(f.summary() == "Synced/Healthy");
  uids.insert(std::string(kinds::uid_of(f.get("ConfigMap", "before"))));
  CHECK(uids.size() == 1);
  CHECK(f.get("ConfigMap", "settings")["data"]["key"].as_string() == "a");
}

TEST_CASE("a chart that another depends on may be published after the commit") {
  EngineFixture f;
  std::string index = sources::chart_url("https://charts.example/x", "web");
  f.commit({{"Chart.yaml",
             "apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies:\n"
             "- {name: web, version: 1.0.0, repository: https://charts.example/x}\n"}});
  f.apply_application(f.application());
  CHECK(f.summary() == "Unknown/Healthy");
  CHECK(f.condition("ComparisonError").find("web 1.0.0 of https://charts.example/x") != std::string::npos);
  int asked = f.repositories.resolved;
  f.settle(50s);
  CHECK(f.repositories.resolved == asked);
  f.repositories.commit(index,
                        {{"web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"},
                         {"web/templates/a.yaml", config_map("from-web", "a")}},
                        "1.0.0");
  f.settle(20s);
  CHECK_MESSAGE(f.summary() == "Synced/Healthy", f.condition("ComparisonError"));
  CHECK(f.get("ConfigMap", "from-web")["data"]["key"].as_string() == "a");
}

TEST_CASE("another name for the same commit is heard of where options name it") {
  EngineFixture f;
  std::string sha = f.commit({{"Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"},
                              {"templates/a.yaml", config_map("settings", "{{ .Values.rev }}")}});
  f.repositories.set_branch(repository, sha, "v2");
  Value parameter{{"name", "rev"}, {"value", "is-$ARGOCD_APP_SOURCE_TARGET_REVISION"}};
  f.apply_application(f.application().with("/spec/source/helm", Value{{"parameters", Value::array({parameter})}}));
  CHECK(f.get("ConfigMap", "settings")["data"]["key"].as_string() == "is-main");
  f.patch("Application", "shop", R"({"spec": {"source": {"targetRevision": "v2"}}})", "argocd");
  f.settle(10s);
  CHECK(f.get("ConfigMap", "settings")["data"]["key"].as_string() == "is-v2");
}

TEST_CASE("what a sync prunes and is slow to go is no drift") {
  Shop f({{"config.yaml", config_map("settings", "a")}, {"other.yaml", config_map("other", "a")}});
  f.patch("ConfigMap", "settings", R"({"metadata": {"finalizers": ["example.org/slow"]}})");
  f.settle();
  f.commit({{"other.yaml", config_map("other", "a")}});
  f.settle(100s);
  CHECK(!f.get("ConfigMap", "settings")["metadata"]["deletionTimestamp"].is_null());
  CHECK(!f.has_event("shop", "SelfHealed"));
  CHECK(f.status()["operationState"]["operation"]["sync"]["autoHealAttemptsCount"].is_null());
  f.patch("ConfigMap", "settings", R"({"metadata": {"finalizers": null}})");
  f.settle(100s);
  CHECK(f.get("ConfigMap", "settings").is_null());
  CHECK(f.summary() == "Synced/Healthy");
}

TEST_CASE("without self-heal drift is shown, not undone") {
  EngineFixture f;
  f.commit({{"config.yaml", config_map("settings", "a")}});
  f.apply_application(f.application().with("/spec/syncPolicy/automated/selfHeal", false));
  f.patch("ConfigMap", "settings", R"({"data": {"key": "b"}})");
  f.settle(30s);
  CHECK(f.summary() == "OutOfSync/Healthy");
  CHECK(f.get("ConfigMap", "settings")["data"]["key"].as_string() == "b");
}

TEST_CASE("a removed manifest is pruned, in the foreground, only with prune: true") {
  for (bool prune : {true, false}) {
    CAPTURE(prune);
    EngineFixture f;
    f.commit({{"web.yaml", deployment("web", "web:1")}, {"config.yaml", config_map("settings", "a")}});
    f.apply_application(f.application().with("/spec/syncPolicy/automated/prune", prune));
    f.run_pods();
    f.commit({{"web.yaml", deployment("web", "web:1")}});
    f.settle(5s);
    CHECK(f.get("ConfigMap", "settings").is_null() == prune);
    CHECK(f.summary() == (prune ? "Synced/Healthy" : "OutOfSync/Healthy"));
    if (!prune) CHECK(f.resource("ConfigMap", "settings")["requiresPruning"].as_bool());
  }
}

TEST_CASE("an empty commit wipes nothing out") {
  Shop f({{"config.yaml", config_map("settings", "a")}});
  f.commit({{"README", "nothing here"}});
  CHECK_FALSE(f.get("ConfigMap", "settings").is_null());
  CHECK(f.condition("SyncError").find("auto-sync will wipe out all resources") != std::string::npos);
}

TEST_CASE("a commit that cannot be used changes nothing, says where and why, and the next one heals") {
  struct Bad {
    const char* what;
    Files files;
    const char* path;  // of the application
    std::vector<const char*> says;
  };
  std::string good = config_map("settings", "a");
  for (const Bad& bad : {
           Bad{"broken YAML",
               {{"app/config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n data: {\n"}},
               "app",
               {"app/config.yaml:"}},
           Bad{"an unknown field",
               {{"app/config.yaml", config_map("settings", "b")},
                {"app/web.yaml", deployment("web", "web:1") + "  replica: 3\n"}},
               "app",
               {"app/web.yaml:", "unknown field \"spec.replica\"", "did you mean \"replicas\"?"}},
           Bad{"a missing file",
               {{"app/kustomization.yaml", "resources: [config.yaml, wbe.yaml]\n"},
                {"app/config.yaml", config_map("settings", "b")},
                {"app/web.yaml", deployment("web", "web:1")}},
               "app",
               {"app/kustomization.yaml", "wbe.yaml"}},
           Bad{"a cycle",
               {{"app/kustomization.yaml", "resources: [config.yaml, ../base]\n"},
                {"app/config.yaml", config_map("settings", "b")},
                {"base/kustomization.yaml", "resources: [../app]\n"}},
               "app",
               {"kustomization.yaml", "cycle"}},
           Bad{"no such folder", {{"apps/config.yaml", good}}, "app", {"app: app path does not exist", "\"apps\""}},
       }) {
    CAPTURE(bad.what);
    EngineFixture f;
    f.commit({{"app/config.yaml", good}});
    f.apply_application(f.application("shop", bad.path));
    REQUIRE(f.summary() == "Synced/Healthy");
    Value before = f.get("ConfigMap", "settings");
    f.commit(bad.files);
    f.settle(60s);
    CHECK(f.summary() == "Unknown/Healthy");
    for (const char* part : bad.says) {
      INFO(f.condition("ComparisonError"));
      CHECK(f.condition("ComparisonError").find(part) != std::string::npos);
    }
    CHECK(f.get("ConfigMap", "settings")["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]);
    CHECK(f.get("Deployment", "web").is_null());
    f.commit({{"app/config.yaml", config_map("settings", "c")}});
    CHECK(f.summary() == "Synced/Healthy");
    CHECK(f.condition("ComparisonError") == "");
    CHECK(f.get("ConfigMap", "settings")["data"]["key"].as_string() == "c");
  }
}

TEST_CASE("nothing is applied half: an object that the cluster refuses stops the sync before the first change") {
  Shop f({{"a.yaml", config_map("a", "1")}});
  f.commit({{"a.yaml", config_map("a", "2")},
            {"b.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: b}\nspec: {ports: [{port: 99999}]}\n"}});
  CHECK(f.get("ConfigMap", "a")["data"]["key"].as_string() == "1");
  Value state = f.status()["operationState"];
  CHECK(state["message"].as_string().find("one or more objects failed to apply (dry run)") == 0);
  CHECK(state["message"].as_string().find("spec.ports[0].port") != std::string::npos);
  // A good commit does not wait for the bad one's retries.
  f.commit({{"a.yaml", config_map("a", "3")}});
  CHECK(f.get("ConfigMap", "a")["data"]["key"].as_string() == "3");
  CHECK(f.summary() == "Synced/Healthy");
}

TEST_CASE("an unknown kind fails the sync, and is tried again a few times") {
  Shop f({{"a.yaml", config_map("a", "1")},
          {"w.yaml", "apiVersion: foo.example/v1\nkind: Widget\nmetadata: {name: w}\nspec: {}\n"}});
  CHECK(f.get("ConfigMap", "a").is_null());
  CHECK(f.status()["operationState"]["message"].as_string().find(
            "The Kubernetes API could not find foo.example/Widget for requested resource shop/w.") !=
        std::string::npos);
  f.settle(600s);
  Value state = f.status()["operationState"];
  CHECK(state["phase"].as_string() == "Failed");
  CHECK(state["retryCount"].as_int() == 5);
  CHECK(state["message"].as_string().find("(retried 5 times).") != std::string::npos);
  CHECK(f.condition("SyncError").find("Failed last sync attempt to [" + f.sha + "]") == 0);
  CHECK(f.summary() == "OutOfSync/Missing");
}

TEST_CASE("waves follow one another when the one before is healthy") {
  Shop f({{"b.yaml", config_map("b", "1", "{argocd.argoproj.io/sync-wave: '1'}")},
          {"web.yaml", deployment("web", "web:1")}});
  CHECK_FALSE(f.get("Deployment", "web").is_null());
  CHECK(f.get("ConfigMap", "b").is_null());
  CHECK(f.status()["operationState"]["phase"].as_string() == "Running");
  CHECK(f.status()["operationState"]["message"].as_string() == "waiting for healthy state of apps/Deployment/web");
  f.stop();
  f.start();  // a restart in between loses nothing
  CHECK(f.get("ConfigMap", "b").is_null());
  f.run_pods();
  CHECK_FALSE(f.get("ConfigMap", "b").is_null());
  CHECK(f.summary() == "Synced/Healthy");
}

TEST_CASE("an operation in the object starts a sync") {
  EngineFixture f;
  f.commit({{"config.yaml", config_map("settings", "a")}});
  f.apply_application(f.application().without("/spec/syncPolicy/automated"));
  CHECK(f.summary() == "OutOfSync/Missing");
  f.patch("Application", "shop", R"({"operation": {"initiatedBy": {"username": "ann"}, "sync": {"dryRun": true}}})",
          "argocd");
  f.settle();
  CHECK(f.get("ConfigMap", "settings").is_null());
  CHECK(f.status()["operationState"]["phase"].as_string() == "Succeeded");
  CHECK(f.status()["history"].empty());
  f.patch("Application", "shop", R"({"operation": {"initiatedBy": {"username": "ann"}, "sync": {}}})", "argocd");
  f.settle();
  CHECK(f.summary() == "Synced/Healthy");
  CHECK(f.app()["operation"].is_null());
  CHECK(f.status()["history"][0]["initiatedBy"]["username"].as_string() == "ann");
}

TEST_CASE("a null in a chart's values stays one on its way through the operation") {
  EngineFixture f;
  f.commit(
      {{"Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"},
       {"values.yaml", "b: {c: default, d: kept}\n"},
       {"templates/a.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {has: '{{ hasKey .Values.b \"c\" }}'}\n"}});
  f.apply_application(f.application().with("/spec/source/helm", Value{{"valuesObject", {{"b", {{"c", nullptr}}}}}}));
  CHECK(f.summary() == "Synced/Healthy");
  CHECK(f.get("ConfigMap", "settings")["data"]["has"].as_string() == "false");
  CHECK(f.status()["history"].size() == 1);
  auto before = f.store->revision();
  f.settle(60s);
  CHECK(f.store->revision() == before);
}

TEST_CASE("what a chart is given must have the types that it has in Argo CD") {
  auto says = [](Value helm, std::string_view expected) {
    EngineFixture f;
    f.commit({{"Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"},
              {"templates/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"}});
    f.apply_application(f.application().with("/spec/source/helm", std::move(helm)));
    CAPTURE(f.condition("ComparisonError"));
    CHECK(f.condition("ComparisonError").find(expected) != std::string::npos);
  };
  says({{"parameters", Value::array({{{"name", "a"}, {"value", 5}}})}},
       "spec.source.helm.parameters[0].value: expected a text, found a number: put it in quotes");
  says({{"skipCrds", "yes"}}, "skipCrds: expected true or false, found a string");
  says({{"valueFiles", "x.yaml"}}, "valueFiles: expected a list, found a string");
  says({{"apiVersions", Value::array({7})}}, "apiVersions[0]: expected a text, found a number");
}

TEST_CASE("the refresh annotation is answered and taken away") {
  Shop f({{"config.yaml", config_map("settings", "a")}});
  std::string before = f.status()["reconciledAt"].str();
  f.settle(5s);
  f.patch("Application", "shop", R"({"metadata": {"annotations": {"argocd.argoproj.io/refresh": "hard"}}})", "argocd");
  f.settle();
  CHECK_FALSE(f.app()["metadata"]["annotations"].has("argocd.argoproj.io/refresh"));
  CHECK(f.status()["reconciledAt"].as_string() > before);
}

TEST_CASE("the cascade finalizer takes the objects along; without it they stay") {
  for (bool cascade : {true, false}) {
    CAPTURE(cascade);
    EngineFixture f;
    f.commit({{"web.yaml", deployment("web", "web:1")}, {"config.yaml", config_map("settings", "a")}});
    Value app = f.application();
    if (cascade)
      app = app.with("/metadata/finalizers", Value::array({Value("resources-finalizer.argocd.argoproj.io")}));
    f.apply_application(app);
    f.remove("Application", "shop", "argocd");
    f.settle(5s);
    CHECK(f.app().is_null());
    CHECK(f.get("ConfigMap", "settings").is_null() == cascade);
    CHECK(f.get("Deployment", "web").is_null() == cascade);
  }
}

TEST_CASE("applications of applications") {
  EngineFixture f;
  Value child = f.application("child", "child");
  f.commit({{"root/child.yaml", value::to_json(child)}, {"child/config.yaml", config_map("settings", "a")}});
  f.apply_application(f.application("root", "root").with("/spec/destination/namespace", "argocd"));
  f.settle(5s);
  CHECK(f.summary("root") == "Synced/Healthy");
  CHECK(f.summary("child") == "Synced/Healthy");
  CHECK(f.get("ConfigMap", "settings")["data"]["key"].as_string() == "a");
  CHECK(f.resource("Application", "child", "root")["health"]["status"].as_string() == "Healthy");
}

TEST_CASE("an application says why its pods do not start") {
  Shop f({{"web.yaml", deployment("web", "web:1")}});
  auto pods = f.world.run(f.cluster->list({"", "v1", "Pod"}, {.ns = "shop"}));
  REQUIRE(pods->items.size() == 1);
  Value waiting{{"reason", "CreateContainerConfigError"}, {"message", "secret \"db\" not found"}};
  Value container{{"name", "main"}, {"image", "web:1"},  {"imageID", ""},
                  {"ready", false}, {"restartCount", 0}, {"state", Value{{"waiting", waiting}}}};
  Value patch{{"status", Value{{"phase", "Pending"}, {"containerStatuses", Value::array({container})}}}};
  f.write(cluster::merge_patch(cluster::ObjectKey::of(pods->items[0]), patch, "status"));
  f.settle();
  CHECK(f.summary() == "Synced/Progressing");
  std::string message = f.status()["health"]["message"].str();
  CHECK(message.find("secret \"db\" not found") != std::string::npos);
  CHECK(message.find("CreateContainerConfigError") != std::string::npos);
}

TEST_CASE("kinds that nobody acts on yet are stored, and say so") {
  Shop f({{"s.yaml",
           "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: s}\nspec: {encryptedData: {a: "
           "AgB}}\n"}});
  CHECK(f.summary() == "Synced/Healthy");
  CHECK(f.resource("SealedSecret", "s")["health"]["message"].as_string() == "no controller yet");
}

TEST_CASE("remote repositories: polled, named by a webhook, and out of reach") {
  EngineFixture f;
  std::string url = "https://git.example/team/shop.git";
  f.repositories.commit(url, {{"config.yaml", config_map("settings", "a")}});
  f.apply_application(f.application().with("/spec/source/repoURL", url));
  CHECK(f.summary() == "Synced/Healthy");
  f.repositories.commit(url, {{"config.yaml", config_map("settings", "b")}});
  f.settle(60s);
  CHECK(f.get("ConfigMap", "settings")["data"]["key"].as_string() == "a");
  f.settle(61s);
  CHECK(f.get("ConfigMap", "settings")["data"]["key"].as_string() == "b");

  f.repositories.commit(url, {{"config.yaml", config_map("settings", "c")}});
  auto told = webhook(*f.cache, f.repositories,
                      R"({"ref": "refs/heads/main", "repository": {"clone_url": "https://git.example/team/shop"}})");
  REQUIRE(told.has_value());
  CHECK(told->size() == 1);
  f.settle();
  CHECK(f.get("ConfigMap", "settings")["data"]["key"].as_string() == "c");
  auto other = webhook(*f.cache, f.repositories,
                       R"({"ref": "refs/heads/else", "repository": {"clone_url": "https://git.example/team/shop"}})");
  CHECK(other->empty());
  CHECK(webhook(*f.cache, f.repositories, "{}").failed_with(ErrorKind::bad_request));

  f.repositories.fail_with(url, Error(ErrorKind::unavailable, "Could not resolve host: git.example"));
  f.settle(130s);
  CHECK(f.summary() == "Unknown/Healthy");
  CHECK(f.condition("ComparisonError").find("Could not resolve host") != std::string::npos);
  CHECK(f.get("ConfigMap", "settings")["data"]["key"].as_string() == "c");
  f.repositories.fail_with(url, std::nullopt);
  f.settle(130s);
  CHECK(f.summary() == "Synced/Healthy");
}

TEST_CASE("what a server tells those with the right password it tells nobody else, and the other way round") {
  for (bool is_chart : {false, true}) {
    EngineFixture f;
    auto url = [](std::string_view who) { return fmt::format("https://{}example.org/Priv", who); };
    auto add = [&](const std::string& name, const std::string& url) {
      Value one = f.application(name).with("/spec/source/repoURL", url);
      if (is_chart) {
        Value source{{"repoURL", url}, {"chart", "web"}, {"targetRevision", "1.0.0"}};
        one = one.with("/spec/source", source);
      }
      f.apply_application(one);
    };
    std::string right = url("ann:s3cret@");
    if (is_chart) {
      f.repositories.commit(sources::chart_url(right, "web"),
                            {{"web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"}}, "1.0.0");
    } else {
      f.repositories.commit(right, {{"a.yaml", config_map("settings", "a")}});
    }
    f.repositories.lets_in = [&](const std::string& asked, const std::string&) {
      return asked.find("ann:s3cret@example.org/Priv") != asked.npos && asked.find("http://") == asked.npos;
    };
    add("early", url("ann:wr0ng@"));
    CHECK(f.summary("early") == "Unknown/Healthy");
    add("right", right);
    CHECK_MESSAGE(f.summary("right").starts_with("Synced"), f.condition("ComparisonError", "right"));
    add("nobody", url(""));
    add("wrong", url("ann:wr0ng@"));
    add("other-case", url("ann:S3CRET@"));
    add("other-way", "http" + right.substr(5));
    for (const char* name : {"early", "nobody", "wrong", "other-case", "other-way"})
      CHECK_MESSAGE(f.summary(name) == "Unknown/Healthy", std::string(name));
    CHECK(f.summary("right").starts_with("Synced"));
  }
}

TEST_CASE("each project asks by its own password, and may use what its own Secrets name") {
  EngineFixture f;
  const std::string url = "https://example.org/priv";
  f.repositories.commit(url, {{"a.yaml", config_map("settings", "a")}});
  f.repositories.lets_in = [](const std::string&, const std::string& project) { return project == "red"; };
  for (const char* name : {"red", "blue"}) {
    f.create(
        fmt::format("{{apiVersion: argoproj.io/v1alpha1, kind: AppProject, metadata: {{name: {}, namespace: "
                    "argocd}}, spec: {{sourceRepos: ['https://example.org/open'], destinations: [{{server: '*', "
                    "namespace: '*'}}]}}}}",
                    name));
    Value app = f.application(name).with("/spec/source/repoURL", url).with("/spec/project", name);
    f.apply_application(app);
    CHECK(f.condition("InvalidSpecError", name) ==
          fmt::format("application repo {} is not permitted in project '{}'", url, name));
  }
  auto secret = [&](const char* name, const char* project) {
    f.create(
        fmt::format("{{apiVersion: v1, kind: Secret, metadata: {{name: {}, namespace: argocd, labels: "
                    "{{argocd.argoproj.io/secret-type: repository}}}}, stringData: {{url: '{}', project: {}}}}}",
                    name, url, project));
    f.settle();
  };
  secret("red", "red");
  CHECK(f.summary("red") == "Synced/Healthy");
  CHECK(f.condition("InvalidSpecError", "blue") != "");
  // Allowed, and without a password: what the server told the other project is not for this one.
  secret("blue", "blue");
  CHECK(f.condition("InvalidSpecError", "blue") == "");
  CHECK(f.condition("ComparisonError", "blue").find("401 Unauthorized") != std::string::npos);
  CHECK(f.summary("red") == "Synced/Healthy");
}

TEST_CASE("conditions tell no password and no token of what a chart depends on") {
  for (std::string url : {"https://ann:s3cret@charts.example/x", "https://charts.example/x?token=s3cret"}) {
    EngineFixture f;
    f.commit({{"Chart.yaml", fmt::format("apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies:\n"
                                         "- {{name: web, version: 1.0.0, repository: '{}'}}\n",
                                         url)}});
    f.repositories.fail_with(sources::chart_url(url, "web"), Error(ErrorKind::not_found, "GET " + url + ": 404"));
    f.apply_application(f.application());
    std::string said = f.condition("ComparisonError");
    CHECK_MESSAGE(said.find("web 1.0.0 of https://charts.example/x") != said.npos, said);
    CHECK_MESSAGE(value::to_json(f.status("shop")).find("s3cret") == std::string::npos, said);
    f.write(cluster::create(value::parse_yaml("{apiVersion: argoproj.io/v1alpha1, kind: AppProject,"
                                              " metadata: {name: default, namespace: argocd},"
                                              " spec: {sourceRepos: [/srv/**]}}")
                                .value()));
    f.settle(70s);
    said = f.condition("ComparisonError");
    CHECK_MESSAGE(said.find("helm repos https://charts.example/x") != said.npos, said);
    CHECK_MESSAGE(value::to_json(f.status("shop")).find("s3cret") == std::string::npos, said);
  }
}

TEST_CASE("a local repository that gave no answer for a moment is asked anew when it changes, and in time by itself") {
  Shop f({{"config.yaml", config_map("settings", "a")}});
  f.repositories.silent = true;
  f.repositories.notify(repository);
  f.settle(1s);
  f.repositories.silent = false;
  f.commit({{"config.yaml", config_map("settings", "b")}});
  f.settle(4s);
  CHECK(f.get("ConfigMap", "settings")["data"]["key"].as_string() == "b");
  CHECK(f.summary() == "Synced/Healthy");

  f.repositories.fail_with(repository, Error(ErrorKind::timeout, "git cat-file gave no answer for 20 s"));
  f.repositories.notify(repository);
  f.settle(1h);
  CHECK(f.condition("ComparisonError") == "Failed to load target state: git cat-file gave no answer for 20 s");
  int before = f.repositories.resolved;
  f.settle(10min);
  CHECK(f.repositories.resolved - before >= 15);
  CHECK(f.repositories.resolved - before <= 25);
  f.repositories.fail_with(repository, std::nullopt);
  f.settle(31s);
  CHECK(f.summary() == "Synced/Healthy");
  CHECK(f.get("ConfigMap", "settings")["data"]["key"].as_string() == "b");
}

TEST_CASE("comparing for people") {
  Shop f({{"web.yaml", deployment("web", "web:1")},
          {"secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: one}\n"}});
  f.repositories.commit(repository,
                        {{"web.yaml", deployment("web", "web:2")},
                         {"secret.yaml",
                          "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: "
                          "two}\n"}},
                        "next");
  auto same = f.world.run(compare(f.world, *f.cluster, f.repositories, f.app()));
  REQUIRE(same.has_value());
  CHECK(same->differences.empty());
  Value app = f.app().with("/spec/source/targetRevision", "next");
  auto comparison = f.world.run(compare(f.world, *f.cluster, f.repositories, app));
  REQUIRE(comparison.has_value());
  REQUIRE(comparison->differences.size() == 2);
  for (const Difference& d : comparison->differences) {
    if (d.key.kind.kind == "Secret") {
      CHECK(d.live["data"]["password"].as_string() == "++++++++");
      CHECK(d.target["data"]["password"].as_string() == "++++++++++++");
    } else {
      CHECK(d.target["spec"]["template"]["spec"]["containers"][0]["image"].as_string() == "web:2");
    }
  }
}

TEST_CASE("a dependency by the name that somebody's helm has for a repository is said to be one") {
  for (std::string alias : {"@charts", "alias:charts"}) {
    EngineFixture f;
    f.commit({{"Chart.yaml", fmt::format("apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies:\n"
                                         "- {{name: web, version: 1.0.0, repository: '{}'}}\n",
                                         alias)}});
    f.apply_application(f.application());
    std::string said = f.condition("ComparisonError");
    CHECK_MESSAGE(said.find(fmt::format("chart dependency web ({}): names of repositories are not known here",
                                        alias)) != said.npos,
                  said);
    f.commit({{"Chart.yaml", fmt::format("apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies:\n"
                                         "- {{name: web, version: 1.0.0, repository: '{}'}}\n",
                                         alias)},
              {"charts/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"}});
    f.settle();
    CHECK(f.condition("ComparisonError") == "");
  }
}

TEST_CASE("how charts are spelled within is no repository's URL") {
  EngineFixture f;
  f.repositories.commit(sources::chart_url("https://h.example/priv", "web"),
                        {{"web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"}}, "1.0.0");
  Value source{{"repoURL", "chart+https://h.example/priv#web"}, {"path", "web"}, {"targetRevision", "1.0.0"}};
  f.apply_application(f.application("spelt").with("/spec/source", source));
  Value list = ArrayBuilder().push(source.with("/ref", "v")).build();
  f.apply_application(f.application("several").with("/spec/source", Value()).with("/spec/sources", list));
  CHECK(f.condition("InvalidSpecError", "spelt") ==
        "spec.source.repoURL: \"chart+https://h.example/priv#web\" is no URL: name the repository as it is, and its "
        "chart "
        "in spec.source.chart");
  CHECK(f.condition("InvalidSpecError", "several").starts_with("spec.sources[0].repoURL: "));
  CHECK(f.repositories.resolved == 0);
}

TEST_CASE("a project says where its applications' own repositories may be") {
  Shop f({{"config.yaml", config_map("settings", "a")}});
  f.create(
      "{apiVersion: argoproj.io/v1alpha1, kind: AppProject, metadata: {name: narrow, namespace: argocd}, "
      "spec: {sourceRepos: ['https://elsewhere.example/**'], destinations: [{server: '*', namespace: '*'}]}}");
  f.apply_application(f.application("narrow").with("/spec/project", "narrow"));
  CHECK(f.condition("InvalidSpecError", "narrow") == "application repo /srv/shop is not permitted in project 'narrow'");
  f.patch("AppProject", "narrow", R"({"spec": {"sourceRepos": ["*"]}})", "argocd");
  f.settle();
  CHECK(f.condition("InvalidSpecError", "narrow") == "");
}

}  // namespace slipway::gitops::testing
