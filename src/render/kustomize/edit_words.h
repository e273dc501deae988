// What edits share: reading their words, and looking at lists.
#pragma once

#include <algorithm>

#include "base/text.h"
#include "render/kustomize/edit.h"

namespace slipway::render::kustomize {

inline bool contains(const Value& list, std::string_view text) {
  return std::ranges::any_of(list.items(), [&](const Value& item) { return item.as_string() == text; });
}
inline Value texts(const std::vector<std::string>& from) {
  return Value::array(std::vector<Value>(from.begin(), from.end()));
}
inline std::vector<std::string> comma_list(const std::string& text) {
  auto parts = base::split(text, ',');
  return {parts.begin(), parts.end()};
}
inline Error wants(std::string_view what) {
  return fail(ErrorKind::bad_request, "{}", what);
}
inline std::string option_or(const EditRequest& r, const char* name, const char* fallback = "") {
  const std::string* found = r.option(name);
  return found ? *found : fallback;
}

// ConfigMap and Secret generators; edit_generators.cc.
Result<bool> add_generator(Value& fields, EditRequest& request);
Result<bool> set_generator(Value& fields, EditRequest& request);
Result<bool> remove_generator(Value& fields, EditRequest& request);

}  // namespace slipway::render::kustomize
