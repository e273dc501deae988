// Schemas that a chart's values.schema.json names at http(s) addresses, got before the chart renders.
#pragma once

#include "render/helm/schema.h"
#include "runtime/world.h"

namespace slipway::render::helm {

// Never fails: why one cannot be had stands in its place. `known`: changed; the chart outlives the task.
Task<void> fetch_schemas(World& world, const Chart& chart, FetchedSchemas* known);

// Addresses that the schemas of the chart and its sub-charts name and `known` lacks; what is fetched may name more.
std::vector<std::string> wanted_schemas(const Chart& chart, const FetchedSchemas& known);

}  // namespace slipway::render::helm
