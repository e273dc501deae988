// libyaml's events, with what go-yaml does differently put right, and places in errors. For this room.
#pragma once

#include <yaml.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "value/yaml.h"

namespace slipway::value {

class YamlEvents {
 public:
  // `file` is for errors only. The text must outlive this. go-yaml has two versions: v3's is YamlRules::kustomize.
  YamlEvents(std::string_view text, std::string_view file, YamlRules rules = YamlRules::sigs);
  ~YamlEvents();
  YamlEvents(const YamlEvents&) = delete;
  YamlEvents& operator=(const YamlEvents&) = delete;

  // Moves on; false on a syntax error: take error(). The event lives until the next call.
  bool next();
  bool in_flow() const { return flow_depth_ > 0; }  // the event is within [] or {}, or begins such
  const yaml_event_t& event() const { return event_; }
  yaml_event_type_t type() const { return event_.type; }
  base::Place place() const { return place(event_.start_mark); }
  base::Place place(const yaml_mark_t& mark) const;
  Error error() const;
  std::string go_error() const;  // the same in go-yaml v2's words

  // A scalar's text, the masked characters put back.
  std::string_view scalar();

 private:
  void open();
  bool refuse(const char* message);
  bool reread_repaired();
  bool repair();
  bool reread_with(auto&& change);
  std::optional<size_t> behind_tag();
  bool take(std::optional<std::string> repaired);
  size_t byte_of(size_t character);
  static size_t byte_of_const(std::string_view text, size_t character);

  std::string masked_;     // the text with masks, when it needed any
  std::string_view text_;  // without a leading byte order mark
  std::string file_;
  YamlRules rules_;
  bool utf16_ = false, has_slash_escape_ = false;
  std::string bom_mask_, colon_mask_, escape_mask_;  // empty: not in use
  int rereads_ = 0;
  size_t delivered_ = 0;  // events
  int flow_depth_ = 0;
  size_t cursor_byte_ = 0, cursor_character_ = 0;
  yaml_parser_t parser_;
  yaml_event_t event_{};
  const char* refused_ = nullptr;
  std::string scalar_;
};

}  // namespace slipway::value
