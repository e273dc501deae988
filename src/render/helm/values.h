// A chart's values: defaults under what the user says, globals handed down, nulls that delete. Pure. Numbers from files
// are reals, those of --set integers: templates tell them apart. Source: Helm 3.22 and 4.3 (reference/render.md 1.4).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "render/helm/chart.h"

namespace slipway::render::helm {

enum class Compat { helm3, helm4 };

class Coalescer {
 public:
  Coalescer(Compat compat, std::vector<std::string>& warnings) : compat_(compat), warnings_(warnings) {}
  // `values` over the chart's defaults, sub-charts included. Error: invalid, "type mismatch on sub: ...".
  Result<Value> coalesce(const Chart& chart, const Value& values);
  // The same, nulls kept.
  Result<Value> merge(const Chart& chart, const Value& values);
  Value merge_tables(const Value& above, const Value& below) { return tables(above, below, "", true); }
  void warn(int line, std::string message);  // "coalesce.go:237: ..."

 private:
  Result<Value> chart_values(const Chart& chart, Value above, const std::string& prefix, bool merge);
  Value own_values(const Chart& chart, Value above, const std::string& prefix, bool merge);
  Result<Value> sub_charts(const Chart& chart, Value values, const std::string& prefix, bool merge);
  Value globals(const Value& below, const Value& above, const std::string& prefix);
  Value tables(const Value& above, const Value& below, const std::string& prefix, bool merge);

  Compat compat_;
  std::vector<std::string>& warnings_;
};

// -f files and --set words on top of one another.
// As for several -f, and for the documents of one in Helm 4: null is a value, lists replace. In the time of both
// together.
Value merge_files(const Value& below, const Value& above);

// Tags, conditions, aliases, then import-values, for the whole tree of charts: it is changed in place.
Result<> process_dependencies(Chart& chart, const Value& values, Compat compat, std::vector<std::string>& warnings);
// The names that Chart.yaml has and charts/ lacks; that of an entry without one is "", and is missing too.
std::vector<std::string> missing_dependencies(const Chart& chart);
// In Helm's words, of names joined by ", ".
Error dependencies_missing(std::string_view names, Compat compat);
// A line of each: which version, from where, and where it was looked for.
std::string explain_missing_dependencies(const Chart& chart);

// A table at "a.b.c"; null when there is none. `missing`: the first part that is no table.
const Value* table_at(const Value& values, std::string_view path, std::string* missing = nullptr);

}  // namespace slipway::render::helm
