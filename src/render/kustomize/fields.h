// Reading a YAML mapping strictly into a struct: every field typed, unknown ones refused with the nearest name. Names
// match whatever their case, as kustomize's do. The first fault is kept with its place; later calls give empty values.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "value/value.h"
#include "value/yaml_places.h"

namespace slipway::render::kustomize {

// A value within a text, remembered cheaply: its line is found by parsing again, when somebody must be shown it; once
// for all who share `places`.
struct Spot {
  std::shared_ptr<const std::string> text;
  std::string file, pointer;
  int line = 0;  // where there is no text
  std::shared_ptr<value::YamlPlaces> places = nullptr;
  base::Place place() const;
};

// What is wrong in a file that the entry names: who names it stands in front. Without a place it gets the entry's.
Error from_entry(Error error, const Spot& entry);

// A text that is being read.
struct Source {
  std::shared_ptr<const std::string> text;
  std::string file;
  std::optional<Error> fault;
  bool lenient = false;                                          // unknown fields are passed over
  bool numbers_are_texts = false;                                // where a text is meant; and so are true and false
  std::shared_ptr<value::YamlPlaces> places = nullptr;           // for the spots; made when there is one
  void refuse(const std::string& pointer, std::string message);  // keeps the first
};

using Pairs = std::vector<std::pair<std::string, std::string>>;  // sorted by key

class Fields {
 public:
  // `value` null reads as an empty mapping.
  Fields(Source& source, const Value& value, std::string pointer = {});
  ~Fields() = default;

  std::string text(std::string_view name);
  bool flag(std::string_view name);
  int64_t number(std::string_view name);
  std::vector<std::string> texts(std::string_view name);
  Pairs pairs(std::string_view name);
  const Value& any(std::string_view name);  // null when absent
  // Each element of a list of mappings; the body must call done() on what it is given.
  void each(std::string_view name, const std::function<void(Fields&)>& body);
  void inner(std::string_view name, const std::function<void(Fields&)>& body);  // a mapping; not called when absent
  bool has(std::string_view name);
  std::string path(std::string_view name);  // a text of names to walk along, not deeper than YAML may be
  void refuse(std::string_view name, std::string message);
  // Refuses what nobody asked for.
  void done(std::string_view what);
  Spot spot(std::string_view name = {}) const;

 private:
  const Value* take(std::string_view name);
  // Null when it is none.
  std::optional<std::string> text_of(const Value& v) const;
  void expected(std::string_view name, std::string_view what, const Value& found);
  std::string pointer_to(std::string_view name) const;
  Source& source_;
  const Value& value_;
  std::string pointer_;
  std::vector<std::string> known_;
};

}  // namespace slipway::render::kustomize
