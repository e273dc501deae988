// The YAML that manifests are mostly made of - block mappings and lists, plain and quoted scalars of one line, `|`
// blocks, flow collections of one line - read straight into a tree, five times as fast as by events. What it
// reads it reads as YamlReader does; what it does not know well, or finds wrong, it leaves to that one. For this room.
#pragma once

#include <optional>
#include <vector>

#include "value/yaml.h"

namespace slipway::value {

// Nothing: read it otherwise (which also finds the words for what is wrong). `notes`: see note.h.
std::optional<std::vector<Document>> read_common_yaml(std::string_view text, const YamlLimits& limits,
                                                      DuplicateKeys duplicates, bool notes);

// By its events, whatever it is.
Result<std::vector<Document>> read_any_yaml(std::string_view text, std::string_view file, const YamlLimits& limits,
                                            DuplicateKeys duplicates, bool notes);

}  // namespace slipway::value
