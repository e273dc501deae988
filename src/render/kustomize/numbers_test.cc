// Numbers of a resource that a JSON patch touched: kustomize reads all of it from JSON anew, where each is a float64.
// Each expected text is what kustomize 5.8.2 printed.
#include <doctest/doctest.h>

#include "base/text.h"
#include "render/kustomize/build.h"
#include "sources/testing/make_tree.h"
#include "value/yaml.h"

using namespace slipway;
using namespace slipway::render::kustomize;

namespace {

std::string built(std::vector<std::pair<std::string, sources::testing::Content>> files) {
  auto done = build({.tree = sources::testing::make_tree(std::move(files)), .path = "app"});
  if (!done) return done.error().str();
  std::string out;
  for (const Resource& r : done->resources) out += value::to_yaml(r.object());
  return out;
}

struct Number {
  const char *written, *printed, *text;  // where a number stands; where it is put into a text, or is an annotation
};

constexpr Number numbers[] = {
    {"1000000", "1000000", "1e+06"},
    {"999999", "999999", "999999"},
    {"-1000000", "-1000000", "-1e+06"},
    {"12345678", "12345678", "1.2345678e+07"},
    {"1.50", "1.5", "1.5"},
    {"1e3", "1000", "1000"},
    {"0.00001", "1e-05", "1e-05"},
    {"1234567.5", "1.2345675e+06", "1.2345675e+06"},
    {"9007199254740992", "9007199254740992", "9.007199254740992e+15"},
    {"9007199254740993", "9007199254740992", "9.007199254740992e+15"},
    {"-9007199254740993", "-9007199254740992", "-9.007199254740992e+15"},
    {"9223372036854775807", "9223372036854776000", "9.223372036854776e+18"},
    {"-9223372036854775808", "-9.223372036854776e+18", "-9.223372036854776e+18"},
    {"18446744073709551615", "1.8446744073709552e+19", "1.8446744073709552e+19"},
    {"18446744073709551616", "1.8446744073709552e+19", "1.8446744073709552e+19"},
    {"1e21", "1e+21", "1e+21"},
};

}  // namespace

TEST_CASE("numbers of what a JSON patch touched have gone through float64") {
  for (const auto& [written, printed, text] : numbers) {
    CAPTURE(written);
    std::string resource = fmt::format(
        "apiVersion: v1\nkind: Foo\nmetadata:\n  name: m\n  annotations: {{note: {0}}}\nspec: {{here: {0}}}\n---\n"
        "apiVersion: v1\nkind: Bar\nmetadata: {{name: b}}\nspec: {{text: a-b, untouched: {0}}}\n",
        written);
    std::string patch =
        fmt::format("resources: [r.yaml]\npatches: [{{target: {{kind: Foo}}, patch: '{}'}}]\n",
                    fmt::format(R"([{{"op": "add", "path": "/spec/brought", "value": [{}]}}])", written));
    std::string got =
        built({{"base/kustomization.yaml", patch},
               {"base/r.yaml", resource},
               {"app/kustomization.yaml",
                "resources: [../base]\nreplacements: [{source: {kind: Foo, fieldPath: spec.here}, targets: "
                "[{select: {kind: Bar}, fieldPaths: [spec.text], options: {delimiter: '-', index: 1}}]}]\n"}});
    auto has = [&](const std::string& line) { CHECK_MESSAGE(got.find(line) != got.npos, line, "\nin: ", got); };
    has(fmt::format("spec:\n  brought:\n  - {0}\n  here: {0}\n", printed));
    has(fmt::format("    note: \"{}\"\n", text));
    has(fmt::format("  text: a-{}\n", text));
    if (std::string_view(written) == "9007199254740993") has("  untouched: 9007199254740993\n");
  }
}
