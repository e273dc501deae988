// Repositories of real users, unchanged.
#include <filesystem>

#include "gitops/testing/engine_fixture.h"
#include "kinds/testing/sets.h"

namespace slipway::gitops::testing {

namespace {

Files files_below(const std::filesystem::path& folder) {
  Files files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    files.emplace_back(std::filesystem::relative(entry.path(), folder).string(),
                       kinds::testing::read_file(entry.path()));
  }
  return files;
}

}  // namespace

TEST_CASE("spitikos: the tree of Applications appears; what cannot be fetched says so where it stands") {
  auto seed = kinds::testing::testdata("apps/spitikos");
  if (!seed) return;
  EngineFixture f;
  f.repositories.commit("https://github.com/spitikos/spitikos.git", files_below(*seed));
  f.repositories.fail_with("https://github.com/spitikos/charts.git",
                           Error(ErrorKind::unavailable, "Could not resolve host: github.com"));
  f.create(kinds::testing::read_file(*seed / "argocd/root-app.yaml"));
  f.settle(5s);
  CHECK(f.status("root")["sync"]["status"].as_string() == "Synced");
  CHECK(f.status("root")["resources"].size() == 5);
  CHECK(f.condition("ComparisonError", "root") == "");
  for (const char* child : {"api", "homepage", "kube-dashboard", "nginx", "prometheus"}) {
    CAPTURE(child);
    CHECK(f.status(child)["sync"]["status"].as_string() == "Unknown");
    CHECK(f.condition("ComparisonError", child).find("Could not resolve host: github.com") != std::string::npos);
  }
}

TEST_CASE("bizspark-infra, overlay prod: 19 objects; what has no controller says so, pods say what they miss") {
  auto seed = kinds::testing::testdata("apps/bizspark-infra");
  if (!seed) return;
  EngineFixture f;
  f.repositories.commit(repository, files_below(*seed));
  f.apply_application(f.application("bizpark", "apps/bizpark/overlays/prod"));
  f.settle(5s);
  INFO(value::to_json_pretty(f.status("bizpark")["conditions"]));
  INFO(f.status("bizpark")["operationState"]["message"].str());
  CHECK(f.status("bizpark")["resources"].size() == 19);
  CHECK(f.summary("bizpark") == "Synced/Progressing");
  CHECK(f.status("bizpark")["sourceType"].as_string() == "Kustomize");
  int without_controller = 0;
  Value status = f.status("bizpark");
  for (const Value& r : status["resources"].items()) {
    without_controller += r["health"]["message"].as_string() == "no controller yet";
  }
  CHECK(without_controller == 4);  // SealedSecret, Certificate, ClusterIssuer, Ingress
  auto revision = f.store->revision();
  f.settle(300s);
  CHECK(f.store->revision() == revision);
}

}  // namespace slipway::gitops::testing
