// testdata/yaml_nodes.jsonl: texts of our own, and what go.yaml.in/yaml v3.0.5 writes of the nodes it reads (indent 2,
// compact lists, as kyaml has it); null where it refuses them or finds nothing.
#include "value/yaml_node.h"

#include <doctest/doctest.h>

#include <fstream>

#include "value/json.h"

using namespace slipway;
using namespace slipway::value;

namespace {

std::string rewritten(std::string_view text) {
  auto nodes = read_yaml_nodes(text);
  return nodes ? write_yaml_nodes(*nodes) : "refused: " + nodes.error().message();
}

}  // namespace

TEST_CASE("nodes are written as go-yaml writes them") {
  std::ifstream file("testdata/yaml_nodes.jsonl");
  size_t count = 0;
  for (std::string line; std::getline(file, line); ++count) {
    Value v = *parse_json(line);
    std::string got = rewritten(v[0].as_string());
    if (v[1].is_null())
      CHECK_MESSAGE(got.starts_with("refused: "), v[0].str());
    else
      CHECK_MESSAGE(got == v[1].str(), v[0].str());
  }
  CHECK(count > 100);
}

TEST_CASE("a changed text keeps its type and quotes, and all around it") {
  auto nodes = *read_yaml_nodes("# all\n\nb: '1' # one\na: 2\n\nc: x\n");
  nodes.root.find("b")->text = "7";
  nodes.root.find("a")->text = "two";
  nodes.root.find("c")->text = "3";
  CHECK(nodes.root.find("d") == nullptr);
  CHECK(write_yaml_nodes(nodes) == "# all\n\nb: '7' # one\na: !!int two\nc: \"3\"\n");
}

TEST_CASE("tags that go on where libyaml ends them") {
  for (const char* text :
       {"a: [1, !!null, 1.50]\n", "a: {b: !!null,c: 1}\n", "a: [!b]c, d]\n", "a: !!str,b 5\n", "a: [!!map, {b: c}]\n"})
    CHECK(rewritten(text) == text);
  CHECK(rewritten("a: [!b%21, d, !b%2C, c]\n") == "a: [!b%21, d, !b,, c]\n");
  CHECK(rewritten("a: [!<!b>, c]\n").starts_with("refused: "));
}

TEST_CASE("limits of nodes") {
  CHECK(rewritten(std::string(100'000, '[')).starts_with("refused: "));
  std::string dashes;
  for (int i = 0; i < 300; ++i) dashes += "- ";
  CHECK(rewritten(dashes + "x\n") == "refused: the text nests deeper than 200 levels");
  CHECK(rewritten("a: &x [1]\nb: [*x, *x]\n") == "a: &x [1]\nb: [*x, *x]\n");
}
