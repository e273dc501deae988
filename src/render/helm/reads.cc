// The templates are walked with sets of things in the place of values (things.h): a variable that may be .Values.a or
// .Values.b is both. A template is walked once for each set of things it is called with, again and again until nothing
// new is learnt; with too many such sets, the rest share one. Everything only grows, so that there is an end.
#include "render/helm/reads.h"

#include "base/text.h"
#include "render/helm/manifest.h"
#include "render/helm/read_walk.h"

namespace slipway::render::helm {

namespace {

std::unique_ptr<ChartUse> use_of(const Chart& chart, std::string name, std::string path, ReadPath& values) {
  auto use = std::make_unique<ChartUse>();
  use->chart = &chart;
  use->name = std::move(name);
  use->path = std::move(path);
  use->values = &values;
  auto add = [&](const Chart& child, const std::string& as) {
    for (const auto& there : use->below)
      if (there->name == as) return;
    use->below.push_back(use_of(child, as, use->path + "/charts/" + as, values.at(as)));
  };
  // What the dependencies call it comes first: a chart's own name counts only where none of them means it.
  for (const auto& child : chart.dependencies) {
    bool declared = false;
    for (const auto& d : chart.metadata.dependencies) {
      if (!d) continue;
      if (d->alias == child->name()) {
        declared = true;
        add(*child, d->alias);  // processed already
      } else if (d->name == child->name()) {
        declared = true;
        add(*child, d->alias.empty() ? d->name : d->alias);
      }
    }
    if (!declared) add(*child, child->name());
  }
  return use;
}

void read_path(ReadPath& from, std::string_view path, bool whole) {
  ReadPath* here = &from;
  for (std::string_view part : base::split(path, '.')) here = &here->at(part);
  here->whole = here->whole || whole;
}

// What Helm itself reads: conditions, tags, import-values. Tags are looked for in all charts above too.
void read_declared(const ChartUse& use, std::vector<ReadPath*> above) {
  above.push_back(use.values);
  for (const auto& d : use.chart->metadata.dependencies) {
    if (!d) continue;
    for (std::string_view word : base::split(trim_space(d->condition), ','))
      if (!base::trim(word).empty()) read_path(*use.values, base::trim(word), false);
    for (const std::string& tag : d->tags)
      for (ReadPath* values : above) values->at("tags").at(tag);
    ReadPath& child = use.values->at(d->alias.empty() ? d->name : d->alias);
    for (const Value& entry : d->import_values.items())
      read_path(child, entry.is_object() ? entry["child"].str() : "exports." + entry.str(), true);
  }
  for (const auto& child : use.below) read_declared(*child, above);
}

}  // namespace

ReadPath& ReadPath::at(std::string_view key) {
  auto found = below.find(key);
  if (found == below.end()) found = below.emplace(std::string(key), std::make_unique<ReadPath>()).first;
  return *found->second;
}

const ReadPath* ReadPath::find(std::string_view key) const {
  auto found = below.find(key);
  return found == below.end() ? nullptr : found->second.get();
}

std::unique_ptr<Reads> find_reads(const Chart& chart, const std::vector<const Value*>& said, uint64_t work_max) {
  auto reads = std::make_unique<Reads>();
  reads->root = std::move(*use_of(chart, chart.name(), chart.name(), reads->values));
  read_declared(reads->root, {});
  reads->known = walk_templates(reads->root, said, work_max, reads->runs_texts);
  return reads;
}

}  // namespace slipway::render::helm
