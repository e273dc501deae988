// What --set, --set-string, --set-file, --set-json and --set-literal say: "a.b[0]=c,d={x,y}". Pure. Source: Helm's
// strvals (reference/render.md 1.4).
#pragma once

#include <functional>
#include <string_view>

#include "render/helm/values.h"
#include "value/value.h"

namespace slipway::render::helm {

// Puts what `text` says into `values` (an object). Errors: invalid, without "failed parsing --set data: ".
Result<> set_typed(Value& values, std::string_view text,
                   Compat compat = Compat::helm3);  // true, null, 12 mean what they look like; 1.5 stays a text
Result<> set_strings(Value& values, std::string_view text, Compat compat = Compat::helm3);  // all texts
// a=JSON,b=JSON; for Helm 4 also {"a": ...}, over what is there. An error repeats the text, as Helm does.
Result<> set_json(Value& values, std::string_view text, Compat compat = Compat::helm3);
Result<> set_literal(Value& values, std::string_view text,
                     Compat compat = Compat::helm3);  // everything after the first =
// What stands after = is what `read` makes of it: a file's content.
Result<> set_files(Value& values, std::string_view text, const std::function<Result<Value>(std::string)>& read,
                   Compat compat = Compat::helm3);

// Every number in it a real, as Go decodes JSON.
Value with_reals(const Value& v);

}  // namespace slipway::render::helm
