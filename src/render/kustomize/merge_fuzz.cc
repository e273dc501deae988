// A resource, a patch and, when there is a third part, a schema, parted by lines of ===: laid over each other once, and
// the patch over the result again. A result or an error with words, never a crash, and a result that can be written.
#include <cstdlib>

#include "render/kustomize/merge.h"
#include "value/note.h"

using namespace slipway;
using namespace slipway::render::kustomize;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> parts;
  for (size_t at = 0; at != rest.npos && parts.size() < 3;) {
    at = rest.find("\n===\n");
    parts.emplace_back(rest.substr(0, at));
    rest.remove_prefix(at == rest.npos ? rest.size() : at + 5);
  }
  if (parts.size() < 2) return 0;
  value::YamlLimits limits{.bytes_max = 64 << 10, .depth_max = 50, .nodes_max = 5000, .expanded_bytes_max = 1 << 20};
  auto read = [&](const std::string& text) {
    auto documents = value::parse_yaml_noted(text, {}, limits, value::DuplicateKeys::as_nodes);
    return documents && !documents->empty() ? (*documents)[0].value : Value();
  };
  Value target = read(parts[0]), patch = read(parts[1]);
  KnownKinds known;
  if (parts.size() == 3)
    if (auto schema = OpenApi::read(parts[2], "schema")) known.add(*schema);
  for (int i = 0; i < 2; ++i) {
    auto merged = merge_over(target, patch, &known);
    if (!merged && merged.error().str().empty()) std::abort();
    if (!merged || !*merged) return 0;
    target = **merged;
    (void)value::to_yaml(value::written_meaning(target)).size();
  }
  return 0;
}
