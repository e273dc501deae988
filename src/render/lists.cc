#include "render/lists.h"

namespace slipway::render {

std::optional<std::vector<Value>> items_of_list(const Value& object) {
  const Value* items = object.find("items");
  if (!items || !object["kind"].as_string().ends_with("List")) return std::nullopt;
  std::vector<Value> out;
  if (items->is_array()) {
    for (const Value& item : items->items()) out.push_back(item);
    return out;
  }
  // A custom resource may be of such a kind too.
  if (!items->is_null() || object.has("spec") || object.has("status")) return std::nullopt;
  return out;
}

}  // namespace slipway::render
