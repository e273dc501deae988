// What stands in for something empty, and what a value is.
#include "lang/sprig/families.h"

namespace slipway::lang::sprig {

void add_defaults(Functions& f) {
  f.add("default", "(any, ...any) any", [](Call& c) { return c.size() < 2 || is_empty(c[1]) ? c[0] : c[1]; });
  f.add("empty", "(any) bool", [](Call& c) { return Any::of(is_empty(c[0])); });
  f.add("coalesce", "(...any) any", [](Call& c) {
    for (const Any& v : c.arguments())
      if (!is_empty(v)) return v;
    return Any();
  });
  f.add("all", "(...any) bool", [](Call& c) {
    for (const Any& v : c.arguments())
      if (is_empty(v)) return Any::of(false);
    return Any::of(true);
  });
  f.add("any", "(...any) bool", [](Call& c) {
    for (const Any& v : c.arguments())
      if (!is_empty(v)) return Any::of(true);
    return Any::of(false);
  });
  f.add("ternary", "(any, any, bool) any", [](Call& c) { return c[2].as_bool() ? c[0] : c[1]; });
  f.add("fail", "(string) string", [](Call& c) { return c.fail(std::string(c.text(0))); });
  f.add("getHostByName", "(string) string", [](Call&) { return Any::of(""); });

  f.add("typeOf", "(any) string", [](Call& c) { return Any::of(c[0].type_name()); });
  f.add("typeIs", "(string, any) bool", [](Call& c) { return Any::of(c[1].type_name() == c.text(0)); });
  f.add("typeIsLike", "(string, any) bool", [](Call& c) {
    std::string_view name = c[1].type_name();
    return Any::of(name == c.text(0) || (name.starts_with('*') && name.substr(1) == c.text(0)));
  });
  f.add("kindOf", "(any) string", [](Call& c) { return Any::of(gotemplate::to_string(c[0].kind())); });
  f.add("kindIs", "(string, any) bool",
        [](Call& c) { return Any::of(gotemplate::to_string(c[1].kind()) == c.text(0)); });
  f.add("deepEqual", "(any, any) bool", [](Call& c) { return Any::of(gotemplate::deep_equal(c[0], c[1])); });
}

}  // namespace slipway::lang::sprig
