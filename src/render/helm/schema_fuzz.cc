// Any JSON as a chart's values.schema.json, and as the values that it judges (behind a NUL byte): faults, none, or an
// error with words.
#include <cstdlib>

#include "render/helm/schema.h"
#include "value/json.h"

using namespace slipway;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  size_t cut = text.find('\0');
  std::string_view schema = text.substr(0, cut);
  static const Value some{{"a", Value{{"b", Value::array({1.0, "two", Value()})}}}, {"n", 3.5}, {"s", "text"}};
  auto said = cut == text.npos ? Result<Value>(some) : value::parse_json(text.substr(cut + 1));
  if (!said) return 0;
  std::vector<std::string> warnings;
  auto faults = render::helm::schema_faults(schema, *said, {}, warnings);
  if (!faults && faults.error().message().empty()) std::abort();
  return 0;
}
