// Why a rendering failed, beyond Helm's words: the rendered lines around what is wrong, the lines of templates that
// made them, and where the values in them come from. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lang/gotemplate/trace.h"
#include "render/helm/chart.h"

namespace slipway::render::helm {

// One source of values: a chart's values.yaml, a file of -f, a --set, spec.source.helm.valuesObject.
struct Layer {
  std::string name;
  Value values;      // an object
  std::string file;  // where they stand in a tree; "" when they stand in no file
  // Of a --set, whose name is only that: what it sets may be secret, and so may what it sets beside what is asked.
  std::vector<std::string> keys = {};
};
// Layers merged, the lowest first.
struct LayeredValues {
  Value all = Value::object();
  std::vector<Layer> layers;
};
// What a chart and its sub-charts (below their names) bring themselves, the lowest layer first; what import-values
// takes is a layer of its own once dependencies are processed.
std::vector<Layer> chart_layers(const Chart& chart);

// The value at "image.tag" or "list[0].name"; null: there is none.
const Value* value_at(const Value& values, std::string_view key);

// What --explain-values prints: who sets the value at `key` ("image.tag", "db.global.zone", ".Values.list[0]"), the
// weakest first, and what it comes to. `chart`: its dependencies processed, with `layers` those of chart_layers() after
// that and the user's. Errors: bad_request (no key), not_found (nobody has it).
Result<std::string> explain_value(const Chart& chart, const std::vector<Layer>& layers, const Value& all,
                                  std::string_view key);

// For each `.Values.a.b` that a text about the chart at `template_path` ("web/charts/db/templates/a.yaml") names: which
// layers set it. A line each, with a newline; "" when it names none.
std::string origins_of_values(const std::vector<Layer>& layers, std::string_view template_path, std::string_view text);
// The same for the places that schema faults name: "- at '/image/tag': ...", below a line with the chart's name.
std::string origins_of_faults(const Chart& chart, const std::vector<Layer>& layers, std::string_view faults);

// Line `line` (from 1) of what `path` rendered to, with its neighbours and the template's lines behind it. Within a
// Secret values are left out.
std::string rendered_lines(std::string_view path, std::string_view rendered, int line,
                           const std::vector<lang::gotemplate::Origin>& origins);

}  // namespace slipway::render::helm
