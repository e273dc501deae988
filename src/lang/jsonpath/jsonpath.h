// kubectl's JSONPath templates: "{.metadata.name}", "{range .items[*]}{.metadata.name}{'\n'}{end}".
// Source of semantics: client-go util/jsonpath (v0.35), quirks included: `['a.b']` is two fields (write `['a\.b']`),
// `..` also meets strings, comparing other types than two numbers of one sort, two strings or two booleans is an error.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "value/value.h"

namespace slipway::lang::jsonpath {

struct Program;

// A compiled template: cheap to copy, never changes, any thread may use it.
class Path {
 public:
  explicit Path(std::shared_ptr<const Program> program) : program_(std::move(program)) {}
  const Program& program() const { return *program_; }

 private:
  std::shared_ptr<const Program> program_;
};

// Errors: bad_request with client-go's text ("unterminated array"), too_large past 64 KiB or 50 levels.
Result<Path> compile(std::string_view text);
// A path without braces, as CRD printer columns write it: ".spec.replicas".
Result<Path> compile_column(std::string_view path);
// What kubectl's custom columns and --sort-by accept: "metadata.name", ".metadata.name", "{metadata.name}",
// "{.metadata.name}", as the template "{.metadata.name}". Empty stays empty.
Result<std::string> relaxed(std::string_view expression);

enum class Missing {
  allow,   // a field that is not there gives nothing (kubectl's default, and printer columns)
  refuse,  // ... is the error "x is not found"
};

// The values of each text and action, in order. Errors: bad_request with client-go's text ("array index out of bounds:
// index 3, length 2"), too_large.
Result<std::vector<std::vector<Value>>> evaluate(const Path& path, const Value& document,
                                                 Missing missing = Missing::allow);

// The values of the first action; nothing when it cannot be evaluated. A printer column shows the first of them.
std::vector<Value> find(const Path& path, const Value& document);

// As kubectl prints -o jsonpath=...: values of one action separated by a blank, nothing between actions, no newline at
// the end; lists and mappings as JSON.
Result<std::string> render(const Path& path, const Value& document, Missing missing = Missing::allow);
// As -o jsonpath-as-json=...: each action's values as an indented JSON list and a newline.
Result<std::string> render_json(const Path& path, const Value& document, Missing missing = Missing::allow);

// One value as render() prints it: text without quotes, null, numbers as Go's %v, lists and mappings as JSON.
std::string print(const Value& v);

}  // namespace slipway::lang::jsonpath
