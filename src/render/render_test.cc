// Whole applications, and what render() itself decides.
#include "render/render.h"

#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>

#include "base/text.h"
#include "render/testing/tree_on_disk.h"
#include "runtime/digest.h"
#include "value/yaml.h"

using namespace slipway;
using namespace slipway::render;
using sources::testing::make_tree;

namespace {

Result<Rendered> render_at(std::shared_ptr<const sources::Tree> tree, std::string path) {
  RenderRequest request{.tree = std::move(tree), .path = std::move(path), .catalog = &kinds::builtin_catalog()};
  return render::render(request);
}

std::string to_text(const Rendered& rendered) {
  std::string out;
  for (const RenderedObject& o : rendered.objects) out += (out.empty() ? "" : "---\n") + value::to_yaml(o.object);
  return out;
}

// What kustomize itself prints; nothing where it is not installed (see tests/peers).
std::optional<std::string> kustomize_prints(const std::filesystem::path& folder) {
  const char* peers = std::getenv("SLIPWAY_PEERS");
  const char* home = std::getenv("HOME");
  std::string program =
      fmt::format("{}/bin/kustomize", peers ? peers : fmt::format("{}/.cache/slipway/peers", home ? home : ""));
  if (!std::filesystem::exists(program)) {
    fmt::print("SKIPPED: no {} to compare with (SLIPWAY_PEERS names another place)\n", program);
    return std::nullopt;
  }
  std::string command = fmt::format("'{}' build '{}' 2>/dev/null", program, folder.string()), out;
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe);
  char buffer[4096];
  for (size_t n; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.append(buffer, n);
  CHECK(pclose(pipe) == 0);
  return out;
}

}  // namespace

TEST_CASE("lists that a chart makes are opened, and one over nothing is none") {
  auto tree =
      make_tree({{"Chart.yaml", "{apiVersion: v2, name: c, version: 1.0.0}"},
                 {"templates/a.yaml",
                  "apiVersion: v1\nkind: ConfigMapList\nitems:\n"
                  "- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n"
                  "- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}}\n"},
                 {"templates/b.yaml", "apiVersion: v1\nkind: List\nitems:\n{{ range .Values.none }}- {}{{ end }}\n"}});
  auto rendered = render_at(tree, "");
  REQUIRE_MESSAGE(rendered.has_value(), rendered.error().str());
  std::string names;
  for (const RenderedObject& o : rendered->objects) names += o.object["metadata"]["name"].str() + " ";
  CHECK(names == "a b ");
}

TEST_CASE("bizspark's base and overlay are byte for byte what kustomize 5.8.2 prints") {
  auto folder = kinds::testing::testdata("apps/bizspark-infra");
  if (!folder) return;
  std::string recorded = kinds::testing::read_file("testdata/bizspark.sha256");
  for (auto [path, digest] : {std::pair("apps/bizpark/overlays/prod", recorded.substr(0, 64)),
                              std::pair("apps/bizpark/base", recorded.substr(65, 64))}) {
    auto rendered = render_at(testing::tree_on_disk(*folder), path);
    REQUIRE_MESSAGE(rendered.has_value(), rendered.error().str());
    CHECK(rendered->tool == Tool::kustomize);
    CHECK(rendered->objects.size() == 19);
    CHECK(rendered->objects[0].origin.file == "apps/bizpark/base/namespace.yaml");
    CHECK(runtime::sha256_hex(to_text(*rendered)) == digest);
    if (auto theirs = kustomize_prints(*folder / path)) CHECK(to_text(*rendered) == *theirs);
  }
}

TEST_CASE("examples/saas renders as kustomize renders it") {
  std::filesystem::path folder = kinds::testing::project / "examples/saas";
  for (const char* path : {"apps/hoist/overlays/prod", "apps/hoist/base"}) {
    auto rendered = render_at(testing::tree_on_disk(folder), path);
    REQUIRE_MESSAGE(rendered.has_value(), rendered.error().str());
    CHECK(rendered->objects.size() > 5);
    CHECK(rendered->warnings.empty());
    if (auto theirs = kustomize_prints(folder / path)) CHECK(to_text(*rendered) == *theirs);
  }
}

TEST_CASE("the tool is found by its file") {
  auto tree = make_tree({{"k/Kustomization", "resources: []"},
                         {"k/Chart.yaml", "name: x"},
                         {"h/Chart.yaml", "name: x"},
                         {"d/a.yaml", "x: y"},
                         {"d/sub/kustomization.yaml", ""}});
  CHECK(detect(*tree, "k") == Tool::kustomize);
  CHECK(detect(*tree, "h") == Tool::helm);
  CHECK(detect(*tree, "d") == Tool::directory);
  auto helm = render_at(tree, "h");
  CHECK(helm.error().message() == "validation: chart.metadata.version is required");
  auto missing = render_at(tree, "dd");
  CHECK(missing.failed_with(ErrorKind::not_found));
  RenderRequest both{.tree = tree, .path = "k", .catalog = &kinds::builtin_catalog()};
  both.directory = both.kustomize = Value::object();
  CHECK(render::render(both).error().message() == "multiple application sources defined: Directory,Kustomize");
}
