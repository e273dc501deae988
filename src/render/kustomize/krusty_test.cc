// kustomize's own integration cases: a tree of files, and its exact output or the fact that it is refused. Each is
// built twice, as the library orders (Expected) and as the command does (CliOutput). What differs stands, with its
// reason, in testdata/known_failures; a case there that passes must be taken out.
#include <doctest/doctest.h>

#include <cstdlib>
#include <map>

#include "kinds/testing/sets.h"
#include "render/kustomize/build.h"
#include "sources/testing/make_tree.h"
#include "value/yaml.h"

using namespace slipway;
using namespace slipway::render::kustomize;
using kinds::testing::read_file;

namespace {

std::string text_of(const Built& built) {
  std::string out;
  for (const Resource& r : built.resources) {
    if (!out.empty()) out += "---\n";
    out += value::to_yaml(r.object());
  }
  return out;
}

// Why it differs; empty when it does not.
std::string difference(const BuildRequest& request, const Value& c, std::string_view expected) {
  auto built = build(request);
  if (c["Err"].as_bool()) return built ? "built, though it must be refused" : "";
  if (!built) return "refused: " + built.error().str();
  std::string got = text_of(*built);
  if (got == expected) return "";
  return fmt::format("--- expected\n{}--- got\n{}", expected, got);
}

std::string run(const Value& c) {
  std::vector<std::pair<std::string, sources::testing::Content>> files;
  for (const auto& [path, text] : c["Files"].members()) {
    auto clean = sources::clean_path(path.view().substr(path.view().starts_with('/') ? 1 : 0));
    if (!clean) return clean.error().str();
    files.emplace_back(*clean, text.str());
  }
  std::string directory = c["Dir"].str();
  auto clean = sources::clean_path(directory);
  if (!clean) return clean.error().str();
  BuildRequest request{.tree = sources::testing::make_tree(std::move(files)), .path = *clean};
  for (const Value& flag : c["Flags"].items()) request.unrestricted |= flag.as_string() == "LoadRestrictionsNone";
  request.legacy_order = false;
  if (std::string why = difference(request, c, c["Expected"].as_string()); !why.empty()) return why;
  request.legacy_order = true;
  if (!c.has("CliOutput")) return "";
  return difference(request, c, c["CliOutput"].as_string());
}

std::map<std::string, std::string> known_failures() {
  std::map<std::string, std::string> out;
  std::istringstream lines(read_file("testdata/known_failures"));
  for (std::string line; std::getline(lines, line);)
    if (size_t colon = line.find(": "); colon != line.npos && !line.starts_with('#'))
      out[line.substr(0, colon)] = line.substr(colon + 2);
  return out;
}

void check_set(const char* name, const char* file) {
  auto folder = kinds::testing::testdata("kustomize-krusty");
  if (!folder) return;
  auto known = known_failures();
  Value cases = kinds::testing::read_json(*folder / file);
  const char* only = std::getenv("CASE");  // one case, in full
  int passed = 0;
  for (const Value& c : cases.items()) {
    std::string id = c["Id"].str();
    if (only && id != only) continue;
    std::string why = run(c);
    passed += why.empty();
    if (only) fmt::print("{}\n{}\n", id, why.empty() ? "passes" : why);
    if (why.empty())
      CHECK_MESSAGE(!known.contains(id), id, " passes: take it out of testdata/known_failures");
    else
      CHECK_MESSAGE(known.contains(id), id, ": ", why.substr(0, 1500));
  }
  if (!only) kinds::testing::report(name, passed, static_cast<int>(cases.size()));
}

}  // namespace

TEST_CASE("kustomize's cases, v5.5.0") {
  check_set("krusty-5.5.0", "cases_v5.5.0.json");
}
TEST_CASE("kustomize's cases, after v5.8.1") {
  check_set("krusty-head", "cases_head.json");
}
