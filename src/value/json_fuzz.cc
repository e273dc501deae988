// Whatever parses is written and read back as the same text; patches of it never break anything. (The same value it is
// only from the second reading on: a real beyond 2^53 is written with the digits of another integer, and -0.0 as "-0",
// which is the integer 0; in Go too.)
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
  std::string written = to_json(*v);
  v = parse_json(written);
  if (!v) std::abort();
  written = to_json(*v);
  auto again = parse_json(written);
  if (!again || !(*again == *v) || again->hash() != v->hash()) std::abort();
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
