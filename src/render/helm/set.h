// What --set, --set-string, --set-file, --set-json and --set-literal say: "a.b[0]=c,d={x,y}". Pure. Source: Helm's
// strvals (reference/render.md 1.4).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "render/helm/values.h"
#include "value/value.h"

namespace slipway::render::helm {

// The keys that a text sets, as value_at() takes them: "a.b[0]", "c".
using SetKeys = std::vector<std::string>;

// What the words of one rendering may take together: "a[65536]" alone fills a list with nulls, and each word makes what
// it changes anew.
struct SetBudget {
  uint64_t grown = 4 << 20;    // items that lists come to
  uint64_t copied = 64 << 20;  // items and members of lists and tables that words change
};

// Puts what `text` says into `values` (an object), and adds to `keys` which it sets. Without `budget` each text has one
// of its own. Errors: invalid, without "failed parsing --set data: "; too_large.
Result<> set_typed(Value& values, std::string_view text, Compat compat = Compat::helm3, SetKeys* keys = nullptr,
                   SetBudget* budget = nullptr);  // true, null, 12 mean what they look like; 1.5 stays a text
Result<> set_strings(Value& values, std::string_view text, Compat compat = Compat::helm3, SetKeys* keys = nullptr,
                     SetBudget* budget = nullptr);  // all texts
// a=JSON,b=JSON; for Helm 4 also {"a": ...}, over what is there. An error repeats the text, as Helm does.
Result<> set_json(Value& values, std::string_view text, Compat compat = Compat::helm3, SetKeys* keys = nullptr,
                  SetBudget* budget = nullptr);
Result<> set_literal(Value& values, std::string_view text, Compat compat = Compat::helm3, SetKeys* keys = nullptr,
                     SetBudget* budget = nullptr);  // everything after the first =
// What stands after = is what `read` makes of it: a file's content.
Result<> set_files(Value& values, std::string_view text, const std::function<Result<Value>(std::string)>& read,
                   Compat compat = Compat::helm3, SetKeys* keys = nullptr, SetBudget* budget = nullptr);

// Every number in it a real, as Go decodes JSON.
Value with_reals(const Value& v);

}  // namespace slipway::render::helm
