// Places for errors: the events once more, and what begins where kept as a tree, down which a JSON pointer leads.
#include "value/yaml_places.h"
#include "base/text.h"
#include "value/number.h"
#include "value/yaml.h"
#include "value/yaml_events.h"
#include "value/yaml_scalar.h"

namespace slipway::value {
namespace {

enum class Shape : uint8_t { scalar, mapping, sequence, alias };

}  // namespace

// Values in the order in which they begin. A text that breaks off has those before.
struct YamlPlaces::Found {
  struct Node {
    Shape shape = Shape::scalar;
    bool named = false;  // a member, by its key; false where that is no scalar
    int line = 0, column = 0;
    std::string key = {};
    int key_line = 0, key_column = 0;
    std::vector<uint32_t> children = {};
  };
  std::vector<Node> nodes;
  std::vector<uint32_t> roots;  // of the documents, empty ones left out
};

namespace {

using Found = YamlPlaces::Found;
using Node = Found::Node;

// Iterative: a text may be deeper than a stack.
class Reader {
 public:
  Reader(std::string_view text, std::string_view file) : events_(text, file, YamlRules::kustomize) {}

  Found read() {
    while (events_.next() && events_.kind() != Kind::stream_end) take();
    return std::move(found_);
  }

 private:
  using Kind = YamlEvent::Kind;
  struct Open {
    uint32_t node;
    bool key_next;  // of a mapping
  };

  void take() {
    switch (events_.kind()) {
      case Kind::scalar:
        return begin(Shape::scalar);
      case Kind::alias:
        return begin(Shape::alias);
      case Kind::mapping_start:
        return begin(Shape::mapping);
      case Kind::sequence_start:
        return begin(Shape::sequence);
      case Kind::mapping_end:
      case Kind::sequence_end:
        if (within_key_ && --within_key_ > 0) return;
        if (was_key_) return ended_key();
        if (!open_.empty()) open_.pop_back();
        return;
      default:
        return;
    }
  }

  void begin(Shape shape) {
    bool collection = shape == Shape::mapping || shape == Shape::sequence;
    if (within_key_) {  // nobody asks for what is part of a key
      within_key_ += collection;
      return;
    }
    if (!open_.empty() && found_.nodes[open_.back().node].shape == Shape::mapping && open_.back().key_next)
      return begin_key(shape, collection);
    base::Place at = events_.place();
    Node node{.shape = shape, .line = at.line, .column = at.column};
    if (open_.empty() && shape == Shape::scalar && is_empty()) return;
    auto number = static_cast<uint32_t>(found_.nodes.size());
    if (open_.empty()) {
      found_.roots.push_back(number);
    } else {
      Open& around = open_.back();
      node.named = key_.named;
      node.key = std::exchange(key_.key, {});
      node.key_line = key_.key_line, node.key_column = key_.key_column;
      found_.nodes[around.node].children.push_back(number);
      around.key_next = true;
    }
    found_.nodes.push_back(std::move(node));
    if (collection) open_.push_back({number, true});
  }

  void begin_key(Shape shape, bool collection) {
    base::Place at = events_.place();
    key_ = {.named = shape == Shape::scalar, .key_line = at.line, .key_column = at.column};
    if (key_.named) key_.key = events_.event().text;
    open_.back().key_next = false;
    within_key_ = was_key_ = collection;
  }
  void ended_key() { was_key_ = false; }

  bool is_empty() const {
    const YamlEvent& scalar = events_.event();
    return scalar.text.empty() && scalar.implicit && scalar.tag.empty();
  }

  YamlEvents events_;
  Found found_;
  std::vector<Open> open_;
  Node key_;  // of the value that comes next
  size_t within_key_ = 0;
  bool was_key_ = false;  // a collection that is a key ends now
};

// Keys such as `on` and `1.0` have another name in the Value.
std::string key_text(std::string_view text) {
  Scalar s = resolve_plain(text, YamlRules::sigs);
  switch (s.kind) {
    case Scalar::Kind::boolean:
      return s.boolean ? "true" : "false";
    case Scalar::Kind::integer:
      return std::to_string(s.integer);
    case Scalar::Kind::real:
      return go_format_g(s.real, true);
    default:
      return std::string(text);
  }
}

}  // namespace

YamlPlaces::YamlPlaces(std::shared_ptr<const std::string> text, std::string file)
    : text_(std::move(text)), file_(std::move(file)) {}
YamlPlaces::~YamlPlaces() = default;

base::Place YamlPlaces::find(size_t document, std::string_view json_pointer) {
  if (!found_) found_ = std::make_unique<const Found>(Reader(*text_, file_).read());
  if (document >= found_->roots.size()) return {};
  const Node* node = &found_->nodes[found_->roots[document]];
  base::Place at{file_, node->line, node->column};
  for (const std::string& segment : pointer_split(json_pointer)) {
    const Node* next = nullptr;
    if (node->shape == Shape::alias) return at;
    if (node->shape == Shape::scalar) return {};
    if (node->shape == Shape::sequence) {
      auto index = base::parse_int(segment);
      if (!index || *index < 0 || static_cast<size_t>(*index) >= node->children.size()) return {};
      next = &found_->nodes[node->children[static_cast<size_t>(*index)]];
      at = {file_, next->line, next->column};
    } else {
      base::Place merged;
      for (uint32_t number : node->children) {
        const Node& child = found_->nodes[number];
        if (!child.named) continue;
        if (child.key == segment || key_text(child.key) == segment) {
          next = &child;
          break;
        }
        if (child.key == "<<") merged = {file_, child.key_line, child.key_column};
      }
      if (!next) return merged;
      bool beside = next->line == next->key_line;
      at = {file_, next->key_line, beside ? next->column : next->key_column};
    }
    node = next;
  }
  return at;
}

base::Place locate_yaml(std::string_view text, std::string_view file, size_t document, std::string_view json_pointer) {
  return YamlPlaces(std::make_shared<const std::string>(text), std::string(file)).find(document, json_pointer);
}

}  // namespace slipway::value
