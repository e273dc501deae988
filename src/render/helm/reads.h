// Which values the templates of a chart and its sub-charts can read, told from the templates alone, by path: fields are
// followed through `with`, `range`, variables, dicts and lists, `include`, `tpl` and the functions that give members of
// a table. What is handed on whole (toYaml, printing, a function that is not known here) is read whole. Every branch
// counts, and every sub-chart, so that a path that is not here is read under no values whatever. In doubt it is read.
// Pure.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "render/helm/chart.h"

namespace slipway::render::helm {

// A table, list or scalar that templates name.
struct ReadPath {
  bool whole = false;     // with all that is in it
  bool iterated = false;  // its keys are: range, keys, len, a name that is computed
  bool tested = false;    // whether it is empty: if, with, default, and what type it is
  std::map<std::string, std::unique_ptr<ReadPath>, std::less<>> below;  // "*": of any key, of any item
  ReadPath& at(std::string_view key);
  const ReadPath* find(std::string_view key) const;
};

// A chart as its parent knows it.
struct ChartUse {
  const Chart* chart = nullptr;
  std::string name;  // the alias, if it has one
  std::string path;  // "web/charts/db"
  ReadPath* values = nullptr;
  std::vector<std::unique_ptr<ChartUse>> below;
};

struct Reads {
  // False: some template does not parse, or it would take too long: nothing can be said.
  bool known = false;
  bool runs_texts = false;  // tpl runs texts in values: users may read there what templates do not
  ReadPath values;          // of the root chart; those of sub-charts lie below their names
  ChartUse root;
};

// `chart`: whether its dependencies are processed or not. `said`: what users say; tpl may run the texts in it, and
// those in the defaults. `work_max`: steps, of some 50 ns.
std::unique_ptr<Reads> find_reads(const Chart& chart, const std::vector<const Value*>& said,
                                  uint64_t work_max = 20'000'000);

}  // namespace slipway::render::helm
