// The events of a text, with places in errors and go-yaml's words for them. For this room.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "value/yaml.h"
#include "value/yaml_parser.h"

namespace slipway::value {

class YamlEvents {
 public:
  using Kind = YamlEvent::Kind;

  // `file` is for errors only. The text must outlive this. go-yaml has two versions: v3's is YamlRules::kustomize.
  YamlEvents(std::string_view text, std::string_view file, YamlRules rules = YamlRules::sigs);
  YamlEvents(const YamlEvents&) = delete;
  YamlEvents& operator=(const YamlEvents&) = delete;

  // Moves on; false on a syntax error: take error(). The event lives until the next call.
  bool next();
  const YamlEvent& event() const { return event_; }
  Kind kind() const { return event_.kind; }
  base::Place place() const { return place(event_.start); }
  base::Place place(const YamlPosition& position) const { return {file_, position.line + 1, position.column + 1}; }
  Error error() const;
  std::string go_error() const;  // the same in go-yaml v2's words

 private:
  const char* refused_ = nullptr;  // what is wrong with UTF-16
  std::string converted_;          // from that
  std::string_view text_;          // without a byte order mark
  std::string file_;
  YamlParser parser_;
  YamlEvent event_;
};

}  // namespace slipway::value
