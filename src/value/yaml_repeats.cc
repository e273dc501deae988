#include "value/yaml_repeats.h"

#include <set>

#include "value/yaml_events.h"
#include "value/yaml_scalar.h"

namespace slipway::value {

namespace {

using Kind = YamlEvent::Kind;

struct Open {
  bool mapping = false;
  bool key_next = true;
  std::string key;  // "" when the last one was no scalar
  int line = 0;     // of its value
  std::set<std::string> keys;
};

// As Go's %#v prints it, which also keeps "1" and 1 apart.
std::string key_of(const YamlEvent& event) {
  bool plain = event.style == YamlScalarStyle::plain && event.tag.empty();
  auto kind = plain ? resolve_plain(event.text, YamlRules::sigs).kind : Scalar::Kind::string;
  if (kind == Scalar::Kind::merge) return {};
  if (kind == Scalar::Kind::string || kind == Scalar::Kind::timestamp) return '"' + event.text + '"';
  return event.text;
}

}  // namespace

std::vector<RepeatedKey> repeated_keys_of(std::string_view text) {
  YamlEvents events(text, {});
  std::vector<RepeatedKey> out;
  std::vector<Open> open;
  // A value ends: go-yaml puts it into its mapping now, after what lies in it.
  auto complete = [&] {
    if (open.empty() || !open.back().mapping) return;
    Open& o = open.back();
    if (!o.key_next && !o.key.empty() && !o.keys.insert(o.key).second) out.push_back({o.key, o.line});
    o.key_next = !o.key_next;
  };
  while (events.next() && events.kind() != Kind::document_end && events.kind() != Kind::stream_end) {
    const YamlEvent& event = events.event();
    bool begins = event.kind == Kind::mapping_start || event.kind == Kind::sequence_start;
    bool ends = event.kind == Kind::mapping_end || event.kind == Kind::sequence_end;
    bool leaf = event.kind == Kind::scalar || event.kind == Kind::alias;
    if ((begins || leaf) && !open.empty() && open.back().mapping) {
      if (open.back().key_next)
        open.back().key = event.kind == Kind::scalar ? key_of(event) : "";
      else
        open.back().line = events.place().line;
    }
    if (begins) open.push_back({event.kind == Kind::mapping_start, true, {}, 0, {}});
    if (ends) open.pop_back();
    if (ends || leaf) complete();
  }
  return out;
}

}  // namespace slipway::value
