// Whatever parses is written as YAML that reads back as the same value, by either set of rules.
#include <cstdlib>

#include "value/json.h"
#include "value/yaml.h"

using namespace slipway;
using namespace slipway::value;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)parse_yaml(text, "f.yaml", {.rules = YamlRules::kustomize}).has_value();
  (void)locate_yaml(text, "f.yaml", 0, "/a/0/b").line;
  auto documents = parse_yaml_documents(text, "f.yaml");
  if (!documents) {
    if (documents.error().str().empty()) std::abort();
    return 0;
  }
  for (const Document& d : *documents) {
    std::string json = to_json(d.value);
    if (json.size() > 100'000 || json.find("\xc2\x85") != json.npos || json.find("\\u202") != json.npos)
      continue;  // line breaks to YAML: folded
    std::string yaml = to_yaml(d.value);
    auto back = parse_yaml(yaml, "again.yaml", {.depth_max = 1000});
    if (!back || !(*back == *parse_json(json))) std::abort();
  }
  return 0;
}
