// Any template on a document of every shape: an answer or an error, within the limits.
#include <cstdint>
#include <cstdlib>

#include "lang/jsonpath/jsonpath.h"
#include "value/json.h"

using namespace slipway;
using namespace slipway::lang::jsonpath;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const Value document = *value::parse_json(
      R"({"kind":"List","items":[{"a":{"b":[1,2,3]},"n":1.5,"s":"text","t":true,"z":null},{"a":{"b":[]},"n":2}],"x":{"y":{"z":[[1],[2]]}}})");
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto path = compile(text);
  if (!path) {
    if (path.error().str().empty()) std::abort();
    return 0;
  }
  for (Missing missing : {Missing::allow, Missing::refuse}) {
    auto out = render(*path, document, missing);
    if (!out && out.error().str().empty()) std::abort();
    (void)render_json(*path, document, missing).has_value();
  }
  (void)find(*path, document).size();
  return 0;
}
