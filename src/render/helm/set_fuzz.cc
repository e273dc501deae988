// Any text as what follows --set and its like: values that can be written down, or an error with words.
#include <cstdlib>

#include "render/helm/set.h"
#include "value/json.h"

using namespace slipway;
using namespace slipway::render::helm;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto file = [](std::string path) -> Result<Value> { return Value(path); };
  static const Value before{{"a", Value{{"b", Value::array({1, Value{{"c", "d"}}})}}}, {"n", Value()}};
  Result<> (*const ways[])(Value&, std::string_view, Compat, SetKeys*, SetBudget*) = {set_typed, set_strings, set_json,
                                                                                      set_literal};
  for (Compat compat : {Compat::helm3, Compat::helm4}) {
    for (auto set : ways) {
      Value values = before;
      SetKeys keys;
      if (auto done = set(values, text, compat, &keys, nullptr); !done && done.error().message().empty()) std::abort();
      (void)value::to_json(values).size();
    }
    Value values = before;
    if (auto done = set_files(values, text, file, compat); !done && done.error().message().empty()) std::abort();
  }
  return 0;
}
