// YAML text as go-yaml v3's nodes: with the order of keys, styles, tags, anchors and comments as they were written, so
// that a text can be changed in one place and written again as kustomize does it. For texts within texts; all else is
// read into a Value (yaml.h), which is some times smaller and faster.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::value {

struct YamlNode {
  enum class Kind : uint8_t { scalar, list, mapping, alias };
  enum class Style : uint8_t { plain, single_quoted, double_quoted, literal, folded, flow };

  Kind kind = Kind::scalar;
  Style style = Style::plain;  // of lists and mappings: plain (a block) or flow
  bool tag_written = false;
  std::string tag;     // "!!int", written or understood; empty of a node made anew: it reads as what it then says
  std::string text;    // of a scalar; of an alias: the anchor it names
  std::string anchor;  // its own
  std::string head, line, foot;  // comments, with their '#': above it, behind it, below it
  std::vector<YamlNode> items;   // of a list; of a mapping key, value, key, value

  bool is_null() const { return tag == "!!null"; }
  // The value under a mapping's first key that is written so; nullptr when there is none, or this is no mapping.
  YamlNode* find(std::string_view key);
};

struct YamlNodes {
  YamlNode root;
  std::string head, foot;  // comments of the document
};

// The first document; what stands behind it is looked at no further than go-yaml looks. Errors: bad_request when it is
// no YAML, or empty; too_large when it nests deeper than YamlLimits allow.
Result<YamlNodes> read_yaml_nodes(std::string_view text);

// As kyaml's encoder writes nodes: indented by 2, lists at their key's indent, nothing folded. Ends in a newline.
std::string write_yaml_nodes(const YamlNodes& document);
std::string write_yaml_node(const YamlNode& node);  // alone

}  // namespace slipway::value
