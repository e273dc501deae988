// .Values, and what else is a chartutil.Values: a map with methods. Source: pkg/chartutil/values.go of Helm 3.22.
#include <algorithm>

#include "base/text.h"
#include "lang/gotemplate/format.h"
#include "lang/gotemplate/template.h"
#include "lang/sprig/sprig.h"
#include "render/helm/objects.h"

namespace slipway::render::helm {

namespace {

using namespace lang::gotemplate;

bool is_table(const Any& v) {
  return v.type() == &types::any_map;
}

// The table at a path, or the name that leads to none. `type`: that of the values.
std::optional<std::string> find_table(Any& table, const Type& type, std::string_view path) {
  for (std::string_view name : base::split(path, '.')) {
    const Any* next = table.dict() != nullptr ? table.dict()->find(name) : nullptr;
    if (next == nullptr || (!is_table(*next) && next->type() != &type)) return std::string(name);
    table = Any(type, next->node());
  }
  return std::nullopt;
}

Any table_at(Call& call) {
  Any table = call.self();
  if (auto name = find_table(table, *call.self().type(), call.text(0)))
    return call.fail(fmt::format("{} is not a table", quote(*name)));
  return table;
}

Any value_at(Call& call) {
  std::string_view path = call.text(0);
  if (path.empty()) return call.fail("YAML path cannot be empty");
  size_t dot = path.rfind('.');
  std::string_view key = dot == path.npos ? path : path.substr(dot + 1);
  Any table = call.self();
  bool there = dot == path.npos || !find_table(table, *call.self().type(), path.substr(0, dot));
  const Any* found = there && table.dict() != nullptr ? table.dict()->find(key) : nullptr;
  if (found == nullptr || is_table(*found)) return call.fail(fmt::format("{} is not a value", quote(key)));
  return *found;
}

Any as_map(Call& call) {
  return call.self().size() == 0 ? call.heap().map() : Any(types::any_map, call.self().node());
}

Any yaml(Call& call) {
  return Any::of(lang::sprig::to_yaml(call.self()) + "\n");
}

// io.Writer: no value of a template is one.
const Type& writer_type() {
  static const Type type = [] {
    Type t;
    t.name = "io.Writer";
    t.kind = Kind::function;
    return t;
  }();
  return type;
}

Type make(const char* name) {
  Type t;
  t.name = name;
  t.kind = Kind::map;
  t.element = &types::any;
  t.underlying = &types::any_map;
  t.methods = {
      {"AsMap", Signature{{}, false, &types::any_map}, as_map},
      {"Encode", Signature{{&writer_type()}, false, &types::error},
       [](Call& call) {
         return call.fail("runtime error: invalid memory address or nil pointer dereference");  // nil: no writer
       }},
      {"PathValue", Signature{{&types::string}, false, &types::any}, value_at},
      {"Table", Signature{{&types::string}, false, nullptr}, table_at},
      {"YAML", Signature{{}, false, &types::string}, yaml}};
  return t;
}

}  // namespace

const Type& values_type(Compat compat) {
  static const Type three = make("chartutil.Values"), four = make("common.Values");
  return compat == Compat::helm4 ? four : three;
}

bool is_values_method(std::string_view name) {
  return std::ranges::any_of(values_type(Compat::helm3).methods, [&](const Method& m) { return m.name == name; });
}

}  // namespace slipway::render::helm
