// What --set, --set-string, --set-file, --set-json and --set-literal say: "a.b[0]=c,d={x,y}". Pure. Source: Helm's
// strvals (reference/render.md 1.4).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "render/helm/values.h"
#include "value/value.h"

namespace slipway::render::helm {

// The keys that a text sets, as value_at() takes them: "a.b[0]", "c".
using SetKeys = std::vector<std::string>;

// Puts what `text` says into `values` (an object), and adds to `keys` which it sets. Errors: invalid, without "failed
// parsing --set data: ".
Result<> set_typed(Value& values, std::string_view text, Compat compat = Compat::helm3,
                   SetKeys* keys = nullptr);  // true, null, 12 mean what they look like; 1.5 stays a text
Result<> set_strings(Value& values, std::string_view text, Compat compat = Compat::helm3,
                     SetKeys* keys = nullptr);  // all texts
// a=JSON,b=JSON; for Helm 4 also {"a": ...}, over what is there. An error repeats the text, as Helm does.
Result<> set_json(Value& values, std::string_view text, Compat compat = Compat::helm3, SetKeys* keys = nullptr);
Result<> set_literal(Value& values, std::string_view text, Compat compat = Compat::helm3,
                     SetKeys* keys = nullptr);  // everything after the first =
// What stands after = is what `read` makes of it: a file's content.
Result<> set_files(Value& values, std::string_view text, const std::function<Result<Value>(std::string)>& read,
                   Compat compat = Compat::helm3, SetKeys* keys = nullptr);

// Every number in it a real, as Go decodes JSON.
Value with_reals(const Value& v);

}  // namespace slipway::render::helm
