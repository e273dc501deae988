// YAML text to Value (libyaml events) and back, as sigs.k8s.io/yaml reads and writes it: YAML 1.1 scalars
// (yes/no/on/off are strings for sigs.k8s.io/yaml v1.4+? see reference/render.md), JSON types, duplicate keys refused.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "value/value.h"

namespace slipway::value {

struct YamlLimits {
  size_t bytes_max = 16 << 20;
  int depth_max = 200;
  size_t nodes_max = 5'000'000;  // counted after alias expansion: a billion laughs stops here
};
enum class DuplicateKeys { refuse, last_wins };

struct Document {
  Value value;
  int line = 1;  // where the document begins in its file
};

// Exactly one document (an empty text is null). Errors: bad_request with file, line, column and what was expected.
Result<Value> parse_yaml(std::string_view text, std::string_view file = {}, YamlLimits limits = {});
// Every document of a stream; empty ones (only comments) are left out.
Result<std::vector<Document>> parse_yaml_documents(std::string_view text, std::string_view file = {},
                                                   YamlLimits limits = {},
                                                   DuplicateKeys duplicates = DuplicateKeys::refuse);

// As sigs.k8s.io/yaml (go-yaml v2 emitter) writes it: sorted keys, 2 spaces, lists not indented, quoting as go-yaml.
std::string to_yaml(const Value& v);

// Where the value at `json_pointer` stands in `text` (document number counts from 0): parses again. Unknown: line 0.
base::Place locate_yaml(std::string_view text, std::string_view file, size_t document, std::string_view json_pointer);

}  // namespace slipway::value
