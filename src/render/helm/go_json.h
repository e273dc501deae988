// How Go reads YAML and JSON into its types: what Helm's messages and defaults are made of.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "value/go_words.h"
#include "value/value.h"

namespace slipway::render::helm {

using value::go_print;
using value::go_type;
using value::json_word;

// The first document, the last of two equal keys, numbers as reals. Errors: invalid, "error converting YAML to JSON:
// yaml: line 2: ..." as sigs.k8s.io/yaml; a cause has the line's number as message. too_large.
Result<Value> read_yaml(std::string_view text);
// The same, which must be a mapping (or nothing: an empty one). Errors: as yaml.Unmarshal into a map.
// `all_documents`: those of a stream merged, the later over the earlier (Helm 4), instead of the first alone.
Result<Value> read_yaml_mapping(std::string_view text, bool all_documents = false);
// What parse_yaml says, in the words of go-yaml: "yaml: line 2: ...".
std::string yaml_message(const Error& error);

// Whether encoding/json puts what `key` names into the field: letter case is nothing to it.
bool fits_field(std::string_view key, std::string_view field);

std::string scalar_text(const Value& v);      // a scalar as sigs.k8s.io/yaml turns it into a string
std::string go_quote(std::string_view text);  // %q
// A line of Go's structured log, as Helm 4 writes: level=WARN msg="..." chart=web
using LogFields = std::vector<std::pair<std::string, std::string>>;
std::string log_line(std::string_view level, const LogFields& fields);
void for_each_rune(std::string_view text, const std::function<void(uint32_t rune, std::string_view bytes)>& visit);

}  // namespace slipway::render::helm
