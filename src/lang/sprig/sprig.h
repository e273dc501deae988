// The functions that Helm's templates see beside Go's own: sprig 3.3 (but env and expandenv) and Helm 3.22's toYaml,
// fromYaml and the like. What needs to know of a chart or a cluster (include, tpl, required, lookup) the caller adds;
// fail and getHostByName are here as Helm has them offline, and may be replaced.
//
// Randomness, the time and time zones come from the run's Environment.
#pragma once

#include <string>
#include <string_view>

#include "lang/gotemplate/template.h"

namespace slipway::lang::sprig {

void add_functions(gotemplate::Functions& functions);
// Helm 4 alone has these: mustToYaml, mustToToml, mustToJson, mustToDuration, durationSeconds and the like.
void add_helm4_functions(gotemplate::Functions& functions);

// What Helm's own code calls too.
std::string to_yaml(
    const gotemplate::Any& v);  // as the function toYaml: no newline at the end; "" for what has no YAML
std::string to_json(const gotemplate::Any& v);  // as toJson: <, > and & escaped; "" for what has no JSON
std::string to_text(const gotemplate::Any& v);  // sprig's strval
int64_t to_int64(const gotemplate::Any& v);     // as int64: 0 for what is no number
double to_float64(const gotemplate::Any& v);
bool is_empty(const gotemplate::Any& v);  // as empty
// Why a text that parse_yaml_documents() refused is no YAML, as sigs.k8s.io/yaml says behind "error converting YAML to
// JSON: "; "" where it has no words of its own.
std::string yaml_error(std::string_view text, const Error& error);

}  // namespace slipway::lang::sprig
