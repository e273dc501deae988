// Label and field selectors as a query gives them, and a LabelSelector as an object does. What parses is written and
// parsed again, and selects the same.
#include <cstdlib>

#include "kinds/object.h"
#include "value/json.h"

using namespace slipway;
using namespace slipway::kinds;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Value labels[] = {Value{{"a", "1"}, {"b", ""}, {"app.kubernetes.io/name", "x"}}, Value::object(),
                                 Value(), Value{{"a", "10"}, {"c", "d"}}};
  static const Value object = *value::parse_json(
      R"({"metadata":{"name":"x","namespace":"n"},"spec":{"nodeName":"a"},"status":{"phase":"Running"}})");
  static const Kind& pod = *builtin_catalog().find_word("pod");
  std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto selector = Selector::parse(text)) {
    std::string written = selector->str();
    auto again = Selector::parse(written);
    if (!again || again->str() != written) std::abort();
    for (const Value& l : labels)
      if (again->matches(l) != selector->matches(l)) std::abort();
  } else if (selector.error().str().empty()) {
    std::abort();
  }
  if (auto fields = FieldSelector::parse(pod, text)) {
    (void)fields->matches(object);
    (void)fields->exact("metadata.name").has_value();
  } else if (fields.error().str().empty()) {
    std::abort();
  }
  if (auto json = value::parse_json(text)) {
    auto selector = Selector::from_label_selector(*json);
    if (selector)
      for (const Value& l : labels) (void)selector->matches(l);
    (void)Selector::from_map(*json).matches(labels[0]);
  }
  return 0;
}
