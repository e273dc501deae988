#include "render/helm/source_types.h"

#include <fmt/format.h>

#include "base/text.h"
#include "value/go_words.h"

namespace slipway::render::helm {

namespace {

enum class Shape { text, yes_or_no, texts, objects, object };
struct Field {
  std::string_view list, name;  // list: of whose items it is a member
  Shape shape;
};
constexpr Field kFields[] = {{"", "releaseName", Shape::text},
                             {"", "namespace", Shape::text},
                             {"", "version", Shape::text},
                             {"", "kubeVersion", Shape::text},
                             {"", "values", Shape::text},
                             {"", "valuesObject", Shape::object},
                             {"", "valueFiles", Shape::texts},
                             {"", "apiVersions", Shape::texts},
                             {"", "ignoreMissingValueFiles", Shape::yes_or_no},
                             {"", "skipCrds", Shape::yes_or_no},
                             {"", "skipTests", Shape::yes_or_no},
                             {"", "skipSchemaValidation", Shape::yes_or_no},
                             {"", "passCredentials", Shape::yes_or_no},
                             {"", "parameters", Shape::objects},
                             {"parameters", "name", Shape::text},
                             {"parameters", "value", Shape::text},
                             {"parameters", "forceString", Shape::yes_or_no},
                             {"", "fileParameters", Shape::objects},
                             {"fileParameters", "name", Shape::text},
                             {"fileParameters", "path", Shape::text}};

Result<> check(const Value& v, const std::string& at, Shape shape) {
  auto wrong = [&](std::string_view expected, const Value& found, const std::string& where) {
    bool quotes = expected == "a text" && !found.is_object() && !found.is_array();
    return fail(ErrorKind::invalid, "spec.source.helm.{}: expected {}, found {} {}{}", where, expected,
                found.is_object() || found.is_array() ? "an" : "a", value::json_word(found),
                quotes ? ": put it in quotes" : "");
  };
  if (v.is_null()) return {};
  switch (shape) {
    case Shape::text:
      if (!v.is_string()) return wrong("a text", v, at);
      break;
    case Shape::yes_or_no:
      if (!v.is_bool()) return wrong("true or false", v, at);
      break;
    case Shape::object:
      if (!v.is_object()) return wrong("an object", v, at);
      break;
    case Shape::texts:
    case Shape::objects:
      if (!v.is_array()) return wrong("a list", v, at);
      for (size_t i = 0; i < v.size(); ++i) {
        bool good = shape == Shape::texts ? v[i].is_string() : v[i].is_object();
        if (!good) return wrong(shape == Shape::texts ? "a text" : "an object", v[i], fmt::format("{}[{}]", at, i));
      }
  }
  return {};
}

}  // namespace

Result<> check_source_types(const Value& helm) {
  for (const Field& field : kFields) {
    if (field.list.empty()) {
      OR_RETURN(check(helm[field.name], std::string(field.name), field.shape));
      continue;
    }
    const Value& items = helm[field.list];
    for (size_t i = 0; i < items.size(); ++i)
      OR_RETURN(check(items[i][field.name], fmt::format("{}[{}].{}", field.list, i, field.name), field.shape));
  }
  return {};
}

}  // namespace slipway::render::helm
