// kustomize reads the text into go-yaml's nodes, finds fields as in a resource, and writes the nodes again; so here
// (value/yaml_node.h). The finder in replacement.cc does the same on resources, which are Values.
#include "render/kustomize/text_within.h"

#include <re2/re2.h>

#include <deque>

#include "base/text.h"
#include "render/kustomize/first_document.h"
#include "render/kustomize/resource.h"
#include "value/go_words.h"
#include "value/json.h"
#include "value/note.h"
#include "value/yaml.h"
#include "value/yaml_node.h"

namespace slipway::render::kustomize {
namespace {

using value::YamlNode;
using value::YamlNodes;
using Kind = YamlNode::Kind;
using Style = YamlNode::Style;

YamlNode scalar_node(std::string_view text, std::string tag = {}, Style style = Style::plain) {
  YamlNode n;
  n.text = text;
  n.tag = std::move(tag);
  n.style = style;
  return n;
}

// As it would have been read. Which quotes a text stood in, comments and the order of keys are not known any more.
YamlNode node_of(const Value& v) {
  YamlNode n;
  if (v.is_array()) {
    n.kind = Kind::list;
    n.tag = "!!seq";
    for (const Value& item : v.items()) n.items.push_back(node_of(item));
    return n;
  }
  if (v.is_object()) {
    n.kind = Kind::mapping;
    n.tag = "!!map";
    for (const auto& [key, item] : v.members()) {
      n.items.push_back(scalar_node(key.view(), "!!str"));
      n.items.push_back(node_of(item));
    }
    return n;
  }
  std::string text = scalar_text(v);
  value::Note note = value::note_of(v);
  if (note == value::Note::untagged) return scalar_node(text);
  if (v.is_string() && note == value::Note::quoted)
    return scalar_node(text, "!!str", text.find('\n') == text.npos ? Style::double_quoted : Style::literal);
  bool plain = !v.is_string() || note == value::Note::spelled;
  return scalar_node(text, plain ? fmt::format("!!{}", value::plain_tag(text)) : "!!str");
}

// The nodes that a path leads to. What is missing on the way is made where `create` says of what kind the last is.
class NodeFinder {
 public:
  explicit NodeFinder(std::optional<Kind> create) : create_(create) {}
  std::vector<YamlNode*> found;

  Result<> find(YamlNode& node, std::span<const std::string> path) {
    if (path.empty()) {
      found.push_back(&node);
      return {};
    }
    auto rest = path.subspan(1);
    if (auto index = base::parse_int(path[0]); index && *index >= 0)
      return find_index(node, static_cast<size_t>(*index), rest);
    if (path[0].starts_with('[') && path[0].ends_with(']')) return find_matching(node, path[0], rest);
    if (path[0] != "*") return find_field(node, path[0], rest);
    OR_RETURN(expect(node, Kind::list));
    for (size_t i = 0; i < length(node); ++i) OR_RETURN(find(node.items[i], rest));
    return {};
  }

 private:
  static size_t length(const YamlNode& node) { return node.kind == Kind::list ? node.items.size() : 0; }
  static Result<> expect(const YamlNode& node, Kind kind) {
    if (node.is_null() || node.kind == kind) return {};
    return fail(ErrorKind::invalid, "expected a {}", kind == Kind::list ? "list" : "mapping");
  }
  YamlNode made(std::span<const std::string> rest) const {
    YamlNode n;
    n.kind = rest.empty()                                                             ? *create_
             : rest[0].starts_with('[') || base::parse_int(rest[0]).value_or(-1) >= 0 ? Kind::list
                                                                                      : Kind::mapping;
    return n;
  }

  // What is added to a null is found, and never written.
  Result<> find_field(YamlNode& node, const std::string& name, std::span<const std::string> rest) {
    OR_RETURN(expect(node, Kind::mapping));
    YamlNode* field = node.find(name);
    if (!field) {
      if (!create_) return {};
      node.items.push_back(scalar_node(name));
      node.items.push_back(made(rest));
      field = &node.items.back();
    }
    if (field->kind != Kind::scalar || rest.empty()) return find(*field, rest);
    // A text within the text: looked into, and what is written there is lost.
    return find(aside_.emplace_back(OR_RETURN(value::read_yaml_nodes(field->text))).root, rest);
  }

  Result<> find_index(YamlNode& node, size_t index, std::span<const std::string> rest) {
    OR_RETURN(expect(node, Kind::list));
    if (index == length(node) && create_) {
      node.items.push_back(made(rest));
      return find(node.items.back(), rest);
    }
    if (index >= length(node))
      return fail(ErrorKind::invalid, "index {} specified but only {} elements found", index, length(node));
    return find(node.items[index], rest);
  }

  // [name=web] or [=text]; what stands behind the = is a regular expression, matched on what would be written.
  Result<> find_matching(YamlNode& node, const std::string& part, std::span<const std::string> rest) {
    size_t equals = part.find('=');
    if (equals == part.npos) return fail(ErrorKind::invalid, "list entry key=value pair expected in \"{}\"", part);
    std::string name = part.substr(1, equals - 1), wanted = part.substr(equals + 1, part.size() - equals - 2);
    OR_RETURN(expect(node, Kind::list));
    RE2 pattern(wanted, RE2::Quiet);
    if (!pattern.ok()) return fail(ErrorKind::invalid, "\"{}\": {}", wanted, pattern.error());
    if (name.empty()) rest = {};
    size_t before = found.size();
    auto visit = [&](YamlNode& item) -> Result<> {
      const YamlNode* field = name.empty() ? &item : item.find(name);
      if (!field || !RE2::PartialMatch(base::trim(value::write_yaml_node(*field)), pattern)) return {};
      return find(item, rest);
    };
    for (size_t i = 0; i < length(node); ++i) OR_RETURN(visit(node.items[i]));
    if (found.size() != before || !create_) return {};
    YamlNode item = scalar_node(wanted);
    if (!name.empty()) {
      YamlNode mapping;
      mapping.kind = Kind::mapping;
      mapping.items.push_back(scalar_node(name));
      mapping.items.push_back(std::move(item));
      item = std::move(mapping);
    }
    node.items.push_back(std::move(item));
    OR_RETURN(visit(node.items.back()));
    if (found.size() == before) return fail(ErrorKind::invalid, "\"{}\" does not match itself", wanted);
    return {};
  }

  const std::optional<Kind> create_;
  std::deque<YamlNodes> aside_;
};

// Only the text of a scalar is written over another: its type and quotes stay.
Result<> write_node(YamlNode& node, const Value& value, const FieldOptions& options) {
  std::string text = scalar_text(value);
  if (node.kind == Kind::scalar) {
    node.text = options.delimiter.empty() ? text : with_part(node.text, text, options);
    return {};
  }
  if (!options.delimiter.empty())
    return fail(ErrorKind::invalid, "delimiter option can only be used with scalar nodes");
  node = node_of(value);
  return {};
}

Result<std::string> as_json(const std::string& yaml, bool pretty) {
  auto read = OR_RETURN(value::parse_yaml_noted(yaml, {}, first_only));
  if (read.empty()) return fail(ErrorKind::invalid, "nothing is left");
  Value plain = value::plain_meaning(read[0].value);
  return value::escaped_for_html(
      std::string(base::trim(pretty ? value::to_json_pretty(plain, 2) : value::to_json(plain))));
}

}  // namespace

std::optional<std::string> written_within(const std::string& text, std::span<const std::string> path,
                                          const Value& value, const FieldOptions& options, Budget* budget) {
  auto nodes = value::read_yaml_nodes(text);
  if (!nodes) return std::nullopt;
  Kind kind = value.is_object() ? Kind::mapping : value.is_array() ? Kind::list : Kind::scalar;
  NodeFinder finder(options.create ? std::optional(kind) : std::nullopt);
  if (!finder.find(nodes->root, path) || finder.found.empty()) return std::nullopt;
  if (budget && !budget->make(value.memory_bytes() * finder.found.size())) return std::nullopt;
  for (YamlNode* node : finder.found)
    if (!write_node(*node, value, options)) return std::nullopt;
  std::string written = value::write_yaml_nodes(*nodes);
  std::string_view trimmed = base::trim(text);
  if (!trimmed.starts_with('{') && !trimmed.starts_with('[')) return std::string(base::trim(written));
  auto json = as_json(written, text.find('\n') != text.npos && text.find("  ") != text.npos);
  if (!json) return std::nullopt;
  return std::move(*json);
}

std::string with_part(std::string_view there, const std::string& value, const FieldOptions& options) {
  std::vector<std::string> parts;
  for (size_t from = 0;;) {
    size_t at = there.find(options.delimiter, from);
    parts.emplace_back(there.substr(from, at == there.npos ? there.npos : at - from));
    if (at == there.npos) break;
    from = at + options.delimiter.size();
  }
  if (options.index < 0)
    parts.insert(parts.begin(), value);
  else if (static_cast<size_t>(options.index) >= parts.size())
    parts.push_back(value);
  else
    parts[static_cast<size_t>(options.index)] = value;
  return base::join(parts, options.delimiter);
}

}  // namespace slipway::render::kustomize
