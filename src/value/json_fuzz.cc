// Whatever parses is written and read back as the same value; patches of it never break anything.
#include <cstdlib>

#include "value/json.h"
#include "value/patch.h"

using namespace slipway;
using namespace slipway::value;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<std::string> duplicates;
  auto v = parse_json(text, {}, &duplicates);
  if (!v) {
    if (v.error().str().empty()) std::abort();
    return 0;
  }
  auto again = parse_json(to_json(*v));
  if (!again || !(*again == *v) || again->hash() != v->hash() || to_json(*again) != to_json(*v)) std::abort();
  auto pretty = parse_json(to_json_pretty(*v, 4));
  if (!pretty || !(*pretty == *v)) std::abort();
  if (!differences(*v, *again).empty() || !(merge_diff(*v, *again) == (v->is_object() ? Value::object() : *v)))
    std::abort();
  // as [target, operations]
  auto patched = json_patch((*v)[0], (*v)[1]);
  if (patched) (void)to_json(*patched).size();
  (void)to_json(merge_patch((*v)[0], (*v)[1])).size();
  return 0;
}
