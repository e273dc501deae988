// The two readers agree on what both read, and whatever parses is written as YAML that reads back as the same value, by
// either set of rules.
#include <cstdlib>

#include "value/json.h"
#include "value/note.h"
#include "value/yaml_common.h"
#include "value/yaml_node.h"

using namespace slipway;
using namespace slipway::value;

static bool same_notes(const Value& a, const Value& b) {
  if (note_of(a) != note_of(b)) return false;
  for (size_t i = 0; i < a.items().size(); ++i)
    if (!same_notes(a[i], b[i])) return false;
  for (size_t i = 0; i < a.members().size(); ++i)
    if (!same_notes(a.members()[i].value, b.members()[i].value)) return false;
  return true;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)parse_yaml(text, "f.yaml", {.rules = YamlRules::kustomize}).has_value();
  (void)locate_yaml(text, "f.yaml", 0, "/a/0/b").line;
  if (auto nodes = read_yaml_nodes(text)) (void)write_yaml_nodes(*nodes).size();
  for (bool notes : {false, true}) {
    YamlLimits limits{.rules = notes ? YamlRules::kustomize : YamlRules::sigs};
    auto common = read_common_yaml(text, limits, DuplicateKeys::refuse, notes);
    if (!common) continue;
    auto any = read_any_yaml(text, "f.yaml", limits, DuplicateKeys::refuse, notes);
    if (!any || any->size() != common->size()) std::abort();
    for (size_t i = 0; i < any->size(); ++i) {
      const Document &a = (*any)[i], &b = (*common)[i];
      if (a.line != b.line || !(a.value == b.value) || !same_notes(a.value, b.value)) std::abort();
    }
  }
  auto documents = parse_yaml_documents(text, "f.yaml");
  if (!documents) {
    if (documents.error().str().empty()) std::abort();
    return 0;
  }
  for (const Document& d : *documents) {
    std::string json = to_json(d.value);
    if (json.size() > 100'000 || json.find("\xc2\x85") != json.npos || json.find("\\u202") != json.npos)
      continue;                                       // line breaks to YAML: folded
    if (json.find("\"<<\":") != json.npos) continue;  // go-yaml leaves "<<" unquoted: read again, it merges
    std::string yaml = to_yaml(d.value);
    auto back = parse_yaml(yaml, "again.yaml", {.depth_max = 1000});
    if (!back || !(*back == *parse_json(json))) std::abort();
  }
  return 0;
}
