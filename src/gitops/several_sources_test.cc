// Applications of several sources: each rendered by itself, values files of one for the chart of another.
#include "gitops/testing/engine_fixture.h"
#include "gitops/testing/manifests.h"

namespace slipway::gitops::testing {

namespace {

const std::string settings_repository = "/srv/settings";

const Files chart_files = {{"chart/Chart.yaml", "{apiVersion: v2, name: web, version: 1.0.0}"},
                           {"chart/values.yaml", "greeting: none\nteam: none\n"},
                           {"chart/templates/config.yaml",
                            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"
                            "data:\n  greeting: {{ .Values.greeting }}\n  team: {{ .Values.team }}\n"}};

Value source(const std::string& url, const char* rest) {
  Value said = value::parse_yaml(rest).value();
  return said.with_member("repoURL", url).with_member("targetRevision", "main");
}

struct Several : EngineFixture {
  explicit Several(Reach reach = Reach::embedded, const char* value_files = "[$settings/prod/web.yaml]")
      : EngineFixture(1, reach) {
    chart = repositories.commit(repository, chart_files);
    settings = repositories.commit(settings_repository, {{"prod/web.yaml", "greeting: hello\nteam: $HOME\n"},
                                                         {"prod/more.yaml", "team: red\n"},
                                                         {"extra/config.yaml", config_map("extra", "a")}});
    std::string helm = fmt::format("{{path: chart, helm: {{valueFiles: {}}}}}", value_files);
    Value sources = Value::array({source(repository, helm.c_str()), source(settings_repository, "{ref: settings}"),
                                  source(settings_repository, "{path: extra}")});
    Value app = application();
    app = app.with_member("spec", app["spec"].without_member("source").with_member("sources", sources));
    apply_application(app);
  }
  Value data() { return get("ConfigMap", "web")["data"]; }
  std::string chart, settings;
};

}  // namespace

TEST_CASE("each of several sources is rendered, with values files of another") {
  for (Reach reach : {Reach::embedded, Reach::remote}) {
    Several f(reach);
    CHECK(f.condition("ComparisonError") == "");
    CHECK(f.summary() == "Synced/Healthy");
    CHECK(f.data()["greeting"].as_string() == "hello");
    CHECK(f.data()["team"].as_string() == "$HOME");
    CHECK(f.get("ConfigMap", "extra")["data"]["key"].as_string() == "a");
    Value status = f.status();
    Value revisions = Value::array({f.chart, f.settings, f.settings});
    CHECK(status["sync"]["revisions"] == revisions);
    CHECK_FALSE(status["sync"].has("revision"));
    CHECK(status["sync"]["comparedTo"]["sources"].size() == 3);
    CHECK(status["sourceTypes"] == Value::array({"Helm", "", "Directory"}));
    CHECK(status["operationState"]["syncResult"]["revisions"] == revisions);
    CHECK(status["history"][0]["revisions"] == revisions);
    CHECK(status["history"][0]["sources"].size() == 3);
    CHECK(f.has_event("shop", fmt::format("Initiated automated sync to [{} {} {}]", f.chart, f.settings, f.settings)));
  }
}

TEST_CASE("a commit to any of the sources is heard, and nothing is written when nothing changes") {
  Several f;
  std::string next = f.repositories.commit(
      settings_repository, {{"prod/web.yaml", "greeting: again\n"}, {"extra/config.yaml", config_map("extra", "b")}});
  f.settle();
  CHECK(f.data()["greeting"].as_string() == "again");
  CHECK(f.get("ConfigMap", "extra")["data"]["key"].as_string() == "b");
  CHECK(f.status()["sync"]["revisions"] == Value::array({f.chart, next, next}));
  CHECK(f.status()["history"].size() == 2);
  f.settle(10s);
  auto before = f.store->revision();
  f.settle(300s);
  CHECK(f.store->revision() == before);
}

TEST_CASE("drift is undone, and an operation may ask for older commits") {
  Several f;
  f.patch("ConfigMap", "extra", R"({"data": {"key": "by hand"}})");
  f.settle(30s);
  CHECK(f.get("ConfigMap", "extra")["data"]["key"].as_string() == "a");
  f.patch("Application", "shop", R"({"spec": {"syncPolicy": {"automated": null}}})", "argocd");
  f.repositories.commit(settings_repository,
                        {{"prod/web.yaml", "greeting: again\n"}, {"extra/config.yaml", config_map("extra", "b")}});
  f.settle();
  CHECK(f.summary() == "OutOfSync/Healthy");
  f.patch("Application", "shop",
          fmt::format(R"({{"operation": {{"sync": {{"revisions": ["", "{}", ""]}}}}}})", f.settings), "argocd");
  f.settle();
  CHECK(f.status()["operationState"]["phase"].as_string() == "Succeeded");
  CHECK(f.data()["greeting"].as_string() == "hello");
  CHECK(f.get("ConfigMap", "extra")["data"]["key"].as_string() == "b");
}

TEST_CASE("patterns, the root and what leaves another source's tree") {
  auto refused = [](const char* value_files) {
    Several f(Reach::embedded, value_files);
    return f.condition("ComparisonError");
  };
  Several all(Reach::embedded, "['$settings/prod/*.yaml']");
  CHECK(all.data()["team"].as_string() == "$HOME");  // web.yaml comes behind more.yaml
  CHECK(refused("[$other/prod/web.yaml]") ==
        "Failed to load target state: failed to generate manifest for source 1 of 3: source referenced \"$other\", "
        "which is not one of the available sources ($settings)");
  CHECK(refused("[$settings/../../etc/passwd]").find("leads out of the repository") != std::string::npos);
  CHECK(refused("[$settings/prod/wbe.yaml]").find("web.yaml") != std::string::npos);
}

TEST_CASE("what is wrong with one of several sources names it") {
  Several f;
  f.patch("Application", "shop", R"({"spec": {"sources": [{"repoURL": "/srv/shop"}]}})", "argocd");
  f.settle();
  CHECK(f.condition("InvalidSpecError") == "spec.sources[0]: repoURL and either path, chart or ref are required");
  CHECK(f.get("ConfigMap", "web")["data"]["greeting"].as_string() == "hello");
}

TEST_CASE("comparing several sources for people") {
  Several f;
  f.patch("Application", "shop", R"({"spec": {"syncPolicy": {"automated": null}}})", "argocd");
  f.repositories.commit(settings_repository,
                        {{"prod/web.yaml", "greeting: again\n"}, {"extra/config.yaml", config_map("extra", "a")}});
  f.settle();
  auto comparison = f.world.run(compare(f.world, *f.cluster, f.repositories, f.app()));
  REQUIRE(comparison.has_value());
  REQUIRE(comparison->differences.size() == 1);
  CHECK(comparison->differences[0].target["data"]["greeting"].as_string() == "again");
}

TEST_CASE("charts see the version and the kinds of the cluster that they are for") {
  for (Reach reach : {Reach::embedded, Reach::remote}) {
    EngineFixture f(1, reach);
    f.repositories.commit(repository,
                          {{"Chart.yaml", "{apiVersion: v2, name: web, version: 1.0.0, kubeVersion: '>=1.35'}"},
                           {"templates/config.yaml",
                            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: seen}\ndata:\n"
                            "  version: {{ .Capabilities.KubeVersion.Version }}\n"
                            "  jobs: {{ .Capabilities.APIVersions.Has \"batch/v1/Job\" | quote }}\n"
                            "  other: {{ .Capabilities.APIVersions.Has \"example.org/v1\" | quote }}\n"}});
    f.apply_application(f.application());
    Value seen = f.get("ConfigMap", "seen")["data"];
    CHECK(seen["version"].as_string() == "v1.35.4");
    CHECK(seen["jobs"].as_string() == "true");
    CHECK(seen["other"].as_string() == "false");
    f.patch("Application", "shop",
            R"({"spec": {"source": {"helm": {"kubeVersion": "1.36", "apiVersions": ["example.org/v1"]}}}})", "argocd");
    f.settle();
    seen = f.get("ConfigMap", "seen")["data"];
    CHECK(seen["version"].as_string() == "v1.36");
    CHECK(seen["jobs"].as_string() == "false");
    CHECK(seen["other"].as_string() == "true");
  }
}

}  // namespace slipway::gitops::testing
