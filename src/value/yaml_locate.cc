// Places for errors: the events once more, down along a JSON pointer.
#include "base/text.h"
#include "value/number.h"
#include "value/yaml.h"
#include "value/yaml_events.h"
#include "value/yaml_scalar.h"

namespace slipway::value {

namespace {

class Locator {
 public:
  Locator(std::string_view text, std::string_view file) : events_(text, file) {}

  base::Place find(size_t document, std::string_view pointer) {
    for (;;) {
      if (!events_.next() || events_.type() == YAML_STREAM_END_EVENT) return {};
      if (events_.type() != YAML_DOCUMENT_START_EVENT) continue;
      if (!events_.next()) return {};
      bool empty = events_.type() == YAML_SCALAR_EVENT && events_.event().data.scalar.length == 0 &&
                   events_.event().data.scalar.plain_implicit && events_.event().data.scalar.tag == nullptr;
      if (!empty && document-- == 0) return descend(pointer_split(pointer));
      if (!skip()) return {};
    }
  }

 private:
  // The current event begins the root.
  base::Place descend(const std::vector<std::string>& segments) {
    base::Place at = events_.place();
    for (const std::string& segment : segments) {
      if (events_.type() == YAML_ALIAS_EVENT) return at;
      if (events_.type() == YAML_MAPPING_START_EVENT) {
        if (!to_member(segment, at)) return merged_;
      } else if (events_.type() == YAML_SEQUENCE_START_EVENT) {
        auto index = base::parse_int(segment);
        if (!index || *index < 0) return {};
        for (long long i = 0;; ++i) {
          if (!events_.next() || events_.type() == YAML_SEQUENCE_END_EVENT) return {};
          if (i == *index) break;
          if (!skip()) return {};
        }
        at = events_.place();
      } else {
        return {};
      }
    }
    return at;
  }

  // To the value of the last member of this name; false: merged_ says where it may have come from.
  bool to_member(const std::string& name, base::Place& at) {
    merged_ = {};
    for (;;) {
      if (!events_.next() || events_.type() == YAML_MAPPING_END_EVENT) return false;
      base::Place key = events_.place();
      bool found = false;
      if (events_.type() == YAML_SCALAR_EVENT) {
        std::string_view text = events_.scalar();
        found = text == name || key_text(text) == name;
        if (!found && text == "<<") merged_ = key;
      } else if (!skip()) {
        return false;
      }
      if (!events_.next()) return false;
      if (found) {
        at = events_.place().line == key.line ? events_.place() : key;
        return true;
      }
      if (!skip()) return false;
    }
  }

  // Keys such as `on` and `1.0` have another name in the Value.
  static std::string key_text(std::string_view text) {
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

  // To the end of the node that the current event begins.
  bool skip() {
    for (int depth = 0;;) {
      switch (events_.type()) {
        case YAML_MAPPING_START_EVENT:
        case YAML_SEQUENCE_START_EVENT:
          ++depth;
          break;
        case YAML_MAPPING_END_EVENT:
        case YAML_SEQUENCE_END_EVENT:
          --depth;
          break;
        default:
          break;
      }
      if (depth == 0) return true;
      if (!events_.next()) return false;
    }
  }

  YamlEvents events_;
  base::Place merged_;
};

}  // namespace

base::Place locate_yaml(std::string_view text, std::string_view file, size_t document, std::string_view json_pointer) {
  return Locator(text, file).find(document, json_pointer);
}

}  // namespace slipway::value
