// The families of functions, one file each. For this room.
#pragma once

#include <fmt/format.h>

#include "lang/gotemplate/format.h"
#include "lang/gotemplate/template.h"
#include "lang/sprig/sprig.h"

namespace slipway::lang::sprig {

struct Time;  // go_time.h

using gotemplate::Any;
using gotemplate::Call;
using gotemplate::Dict;
using gotemplate::Functions;
using gotemplate::Heap;
using gotemplate::Kind;
using gotemplate::Type;
namespace types = gotemplate::types;

void add_strings(Functions& f);
void add_encodings(Functions& f);
void add_lists(Functions& f);
void add_dicts(Functions& f);
void add_numbers(Functions& f);
// As StdEncoding.DecodeString: line ends are skipped, padding must be right; else the text of Go's error.
std::string decode64(std::string_view s, bool& ok);

void add_defaults(Functions& f);  // default, empty, ternary, typeOf and the like
void add_json(Functions& f);
void add_yaml(Functions& f);
void add_toml(Functions& f);
void add_dates(Functions& f);
void add_regex(Functions& f);
void add_paths(Functions& f);  // paths, urls
void add_versions(Functions& f);
void add_crypto(Functions& f);
void add_certificates(Functions& f);

// Go's runtime errors, which a template sees as a function's error.
constexpr std::string_view kNilDereference = "runtime error: invalid memory address or nil pointer dereference";
Any to_toml(Call& call, bool must);               // toToml, mustToToml
Any must_to_yaml(Call& call);                     // Helm 4's; toYaml gives "" where this fails
std::string_view trim_space(std::string_view s);  // strings.TrimSpace
// One function under its own name and as must...; how they differ lies in Go only.
template <class F>
void add_must(Functions& f, std::string_view name, std::string_view must, std::string_view signature, F run) {
  f.add(name, signature, run);
  f.add(must, signature, run);
}
// Counts the text as memory of the run; no value when that is too much.
Any counted(Call& call, std::string text);
// Elements of a slice of any type; calls fail and gives false for all else. `what`: "find first on".
bool elements(Call& call, const Any& list, std::string_view refusal, std::vector<Any>& out);
std::vector<std::string> text_list(Call& call, const Any& v);  // strslice: what join joins; fails when that is too much
inline Any nil_list() {
  return Any(types::any_list, static_cast<gotemplate::Node*>(nullptr));
}

bool holds_structures(const Any& v);   // whose fields have an order of their own, and are not what a json hook writes
Any time_any(Time time);               // a time.Time
const Time* as_time(const Any& v);     // null: no time.Time
int local_offset_s(const Call& call);  // of the run's local zone now

}  // namespace slipway::lang::sprig
