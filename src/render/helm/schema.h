// values.schema.json: JSON Schema draft 4, 6, 7, 2019-09 and 2020-12, with the messages of the validator that
// Helm 3.18.5 and later use. Source: reference/render.md 1.4, point 5.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "render/helm/chart.h"

namespace slipway::render::helm {

// Texts that schemas name at http(s) addresses, or why each could not be had.
using FetchedSchemas = std::map<std::string, Result<std::string>>;

// As Helm 4 logs with --debug which schemas it reads.
void log_schemas(const Chart& chart, std::vector<std::string>& out);

// The chart's schema and those of its sub-charts, against the coalesced values. Error: invalid, "values don't meet the
// specifications of the schema(s) in the following chart(s): ...".
Result<> check_schemas(const Chart& chart, const Value& values, const FetchedSchemas& elsewhere,
                       std::vector<std::string>& warnings);

// The faults of one value, indented lines ("- at '/age': minimum: got -5, want 0\n"); empty: none. Error: a schema that
// cannot be used.
Result<std::string> schema_faults(std::string_view schema_json, const Value& values, const FetchedSchemas& elsewhere,
                                  std::vector<std::string>& warnings);

}  // namespace slipway::render::helm
