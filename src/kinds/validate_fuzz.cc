// Any JSON object as an object of a kind: conformed, defaulted, validated, shown as a row. Conforming again changes
// nothing, and neither does defaulting what has its defaults. A text that is no JSON is read as a kind table.
#include <cstdlib>

#include "kinds/object.h"
#include "kinds/table.h"
#include "value/json.h"

using namespace slipway;
using namespace slipway::kinds;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  static const std::vector<const Kind*> all = builtin_catalog().all();
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto object = value::parse_json(text.substr(1), {.depth_max = 200});
  if (!object) {
    Tables tables;
    auto read = read_tables(tables, {{"fuzz.kinds", text}}, Newer::read);
    if (!read && read.error().str().empty()) std::abort();
    return 0;
  }
  const Kind& kind = *all[data[0] % all.size()];
  auto conformed = conform(kind, *object);
  if (!conformed) {
    if (conformed.error().str().empty()) std::abort();
    return 0;
  }
  auto again = conform(kind, conformed->object);
  if (!again || !again->problems.empty() || !(again->object == conformed->object)) std::abort();
  Value full = apply_defaults(kind, conformed->object);
  if (!(apply_defaults(kind, full) == full)) std::abort();
  for (const Value& o : {conformed->object, full})
    for (const auto& cause : validate(kind, o, nullptr))
      if (cause.message.empty()) std::abort();
  (void)validate(kind, full, &conformed->object).size();
  (void)table_cells(kind, full, WallTime(Duration(1'700'000'000'000'000'000))).size();
  (void)table_row_conditions(kind, full).size();
  return 0;
}
