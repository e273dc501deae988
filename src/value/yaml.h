// YAML text to Value (its events) and back, as sigs.k8s.io/yaml v1.6 (go-yaml v2, what kubectl and Helm use) reads
// and writes it. YAML 1.1: unquoted y, yes, on, true are true, n, no, off, false are false, ~ and null are null; 0777,
// 0o777, 0x1f, 0b11 and 1_000 are integers; dates stay strings; !!binary is decoded. Keys become strings: `on: x` has
// the key "true", `1.0: x` the key "1". Numbers go the way of JSON text: 1.0 and 1e3 are the integers 1 and 1000.
//
// Chosen where sigs leaves room: duplicate keys are refused (unless asked); beside a merge `<<` the mapping's own keys
// win, wherever they stand. Refused as go-yaml refuses them: %YAML other than 1.1, "\/" in double quotes, `?` inside a
// plain scalar in flow context, unknown anchors, a value that contains itself, excessive aliasing, .inf and .nan (JSON
// has no such numbers), null, lists and mappings as keys.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "value/value.h"

namespace slipway::value {

enum class YamlRules {
  sigs,       // YAML 1.1 as above
  kustomize,  // go-yaml v3 as kyaml uses it: yes, no, on, off, y, n are strings, dates become RFC 3339, keys must be
              // strings
};

// Time is bounded by size and nodes: reading is linear in both.
struct YamlLimits {
  size_t bytes_max = 16 << 20;
  int depth_max = 200;
  size_t nodes_max = 5'000'000;           // counted after alias expansion: a billion laughs stops here
  size_t expanded_bytes_max = 256 << 20;  // text of scalars, counted after alias expansion
  YamlRules rules = YamlRules::sigs;
  bool reals = false;       // every number is a real, as Go decodes JSON into interface{}: what Helm's templates see
  bool first_only = false;  // nothing after the first document is read, as yaml.Unmarshal
};
enum class DuplicateKeys {
  refuse,
  last_wins,  // as sigs.k8s.io/yaml without Strict: also between a mapping's own keys and merged ones
  as_nodes,   // what can be read only as go-yaml's nodes is kept: see `repeated_keys`
};

// How a mapping is kept that no JSON can hold: the first of several equal keys stands, a key that is no text stands as
// its text, and this member beside has a list under each such key: the values that stood there later. Notes (note.h)
// mark scalars of that sort.
inline constexpr std::string_view repeated_keys = "\x01 repeated keys";

struct Document {
  Value value;
  int line = 1;  // where the document's content begins in its file
};

// Exactly one document (an empty text is null). Errors: bad_request with file, line, column and what was expected;
// too_large with the limit. The message of a syntax error begins with go-yaml's words.
Result<Value> parse_yaml(std::string_view text, std::string_view file = {}, YamlLimits limits = {});
// Every document of a stream; empty ones (only comments) are left out.
Result<std::vector<Document>> parse_yaml_documents(std::string_view text, std::string_view file = {},
                                                   YamlLimits limits = {},
                                                   DuplicateKeys duplicates = DuplicateKeys::refuse);

// Byte for byte as sigs.k8s.io/yaml (go-yaml v2 emitter): keys in go-yaml's natural order ("a2" before "a10"), 2
// spaces, lists at their key's indent, what would not read back as a string in double quotes, several lines as |,
// folded past column 80. Ends in a newline. Bytes that are no UTF-8 become U+FFFD.
enum class YamlStyle {
  sigs,        // as above
  go_yaml_v3,  // go-yaml v3 alone, as Helm's toYamlPretty: lists indented under their key, no folding, tabs kept in |
               // blocks, reals as %v prints them
};
std::string to_yaml(const Value& v, YamlStyle style = YamlStyle::sigs);

// The syntax error of a text in go-yaml v2's words and with its line: "yaml: line 2: mapping values are not allowed in
// this context". Empty when there is none before the end (`first_only`: of the first document), or before it nests
// deeper than readers go.
std::string go_yaml_error(std::string_view text, bool first_only = false);

// Where the value at `json_pointer` stands in `text` (document number counts from 0, empty ones left out): parses
// again. A value on lines below its key: the key's place. Merged from an anchor: the `<<`. Behind an alias: the alias.
// Unknown: line 0.
base::Place locate_yaml(std::string_view text, std::string_view file, size_t document, std::string_view json_pointer);

}  // namespace slipway::value
