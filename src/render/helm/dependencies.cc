// Which sub-charts take part, under which names, and what they export to their parents. Helm's steps, in its order,
// with its side effects: the dependency entries are shared by aliased copies of a chart.
#include <algorithm>
#include <set>

#include "base/text.h"
#include "render/helm/go_json.h"
#include "render/helm/manifest.h"
#include "render/helm/shared_tables.h"
#include "render/helm/values.h"
#include "render/helm/version.h"
#include "sources/url.h"

namespace slipway::render::helm {

namespace {

class Processor {
 public:
  Processor(Compat compat, std::vector<std::string>& warnings)
      : compat_(compat), coalescer_(compat, warnings), warnings_(warnings) {}

  Result<> enable(Chart& chart, const Value& values, const std::string& path) {
    auto& wanted = chart.metadata.dependencies;
    if (wanted.empty() && !chart.metadata.has_dependencies) return {};  // an empty list leads on to the charts below
    std::vector<std::shared_ptr<Chart>> charts;
    for (const auto& there : chart.dependencies) {
      bool declared = std::ranges::any_of(wanted, [&](const auto& d) {
        return there->name() == d->name && in_range(d->version, there->metadata.version);
      });
      if (!declared) charts.push_back(there);
    }
    for (const auto& d : wanted) {
      if (auto copy = aliased(chart.dependencies, *d)) charts.push_back(std::move(copy));
      if (!d->alias.empty()) d->name = d->alias;
    }
    chart.set_dependencies(std::move(charts));
    for (const auto& d : wanted) d->enabled = true;
    Value all = OR_RETURN(coalescer_.coalesce(chart, values));
    apply_tags(wanted, all);
    apply_conditions(wanted, all, path);
    std::set<std::string> off;
    for (const auto& d : wanted)
      if (!d->enabled) off.insert(d->name);
    std::vector<std::shared_ptr<Chart>> on;
    for (const auto& child : chart.dependencies)
      if (!off.contains(child->name())) on.push_back(child);
    std::vector<std::shared_ptr<Dependency>> left;
    for (const auto& d : wanted)
      if (!off.contains(d->name)) left.push_back(d);
    for (const auto& child : on) OR_RETURN(enable(*child, all, path + child->name() + "."));
    chart.metadata.has_dependencies = !left.empty();
    chart.metadata.dependencies = std::move(left);
    chart.set_dependencies(std::move(on));
    return {};
  }

  // From the leaves up: what the sub-charts export lies under the chart's own values.
  Result<> import(Chart& chart) {
    for (const auto& child : chart.dependencies) OR_RETURN(import(*child));
    if (chart.metadata.dependencies.empty()) return {};
    Value all = OR_RETURN(coalescer_.merge(chart, Value())), imported;
    if (std::ranges::any_of(chart.metadata.dependencies, [](const auto& d) { return !d->import_values.is_null(); }))
      OR_RETURN(import_entries(chart, all, imported));
    if (!chart.own_values) chart.own_values = chart.values;
    chart.values = coalescer_.merge_tables(all, imported);
    return {};
  }

 private:
  // `all`: changed where entries meet. The entries stand in .Chart.Dependencies as Helm leaves them, and are not read
  // again where a chart and its alias share them.
  Result<> import_entries(Chart& chart, Value& all, Value& imported) {
    SharedTables tables;
    auto* values = tables.make(all);
    auto* out = tables.make();
    auto lay = [&](const Dependency& d, const std::string& what, SharedTables::Table* table) {
      remember(chart, d, what, tables.value(table));
      tables.merge(out, table, [&](int line, std::string message) { coalescer_.warn(line, std::move(message)); });
    };
    for (const auto& d : chart.metadata.dependencies) {
      std::vector<Value> seen;
      for (const Value& entry : d->imported ? Value().items() : d->import_values.items()) {
        std::string missing;
        if (entry.is_object()) {
          std::string child = go_print(entry["child"]), parent = go_print(entry["parent"]);
          seen.push_back(Value{{"child", child}, {"parent", parent}});
          auto* table = tables.at(values, d->name + "." + child, &missing);
          if (table) {
            lay(*d, fmt::format("{} as {}", child, parent), tables.under(parent, table));
            continue;
          }
          std::string error = go_quote(missing) + " is not a table";
          warn(270, fmt::format("Warning: ImportValues missing table from chart {}: {}", d->name, error),
               {{"msg", "ImportValues missing table from chart"}, {"chart", d->name}, {"error", error}});
        } else if (entry.is_string()) {
          seen.push_back(Value{{"child", "exports." + entry.str()}, {"parent", "."}});
          auto* table = tables.at(values, d->name + ".exports." + entry.str(), &missing);
          if (table) {
            lay(*d, "exports." + entry.str(), table);
            continue;
          }
          std::string error = go_quote(missing) + " is not a table";
          warn(287, "Warning: ImportValues missing table: " + error,
               {{"msg", "ImportValues missing table"}, {"error", error}});
        }
      }
      d->import_values = seen.empty() ? Value() : Value::array(std::move(seen));
      d->imported = true;
    }
    all = tables.value(values);
    imported = tables.value(out);
    if (!tables.endless()) return {};
    return fail(ErrorKind::invalid, "import-values of chart {} make a table hold itself, without end", chart.name());
  }

  std::shared_ptr<Chart> aliased(const std::vector<std::shared_ptr<Chart>>& charts, const Dependency& d) const {
    for (const auto& there : charts) {
      if (there->name() != d.name || !in_range(d.version, there->metadata.version)) continue;
      auto copy = std::make_shared<Chart>(*there);
      copy->kept.push_back(there);
      if (compat_ == Compat::helm4) detach(*copy);
      if (!d.alias.empty()) {
        if (copy->bare_name.empty()) copy->bare_name = copy->name();
        copy->metadata.name = d.alias;
      }
      return copy;
    }
    return nullptr;
  }

  // Helm 4 gives a copy entries and sub-charts of its own: what one alias renames or leaves out, another still has.
  static void detach(Chart& copy) {
    for (auto& d : copy.metadata.dependencies) d = std::make_shared<Dependency>(*d);
    std::vector<std::shared_ptr<Chart>> children;
    for (const auto& child : copy.dependencies) children.push_back(std::make_shared<Chart>(*child));
    copy.set_dependencies(std::move(children));
  }

  void apply_tags(const std::vector<std::shared_ptr<Dependency>>& wanted, const Value& values) {
    const Value* tags = table_at(values, "tags");
    if (!tags) return;
    for (const auto& d : wanted) {
      bool on = false, off = false;
      for (const std::string& tag : d->tags) {
        const Value* said = tags->find(tag);
        if (!said) continue;
        if (!said->is_bool())
          warn(95, fmt::format("Warning: Tag '{}' for chart {} returned non-bool value", tag, d->name),
               {{"msg", "returned non-bool value"}, {"tag", tag}, {"chart", d->name}});
        else
          (said->as_bool() ? on : off) = true;
      }
      d->enabled = on || !off;
    }
  }

  void apply_conditions(const std::vector<std::shared_ptr<Dependency>>& wanted, const Value& values,
                        const std::string& path) {
    for (const auto& d : wanted) {
      for (std::string_view word : base::split(trim_space(d->condition), ',')) {
        if (word.empty()) continue;
        std::string full = path + std::string(word);
        size_t dot = full.rfind('.');
        const Value* table = dot == full.npos ? &values : table_at(values, full.substr(0, dot));
        const Value* said = table ? table->find(full.substr(dot == full.npos ? 0 : dot + 1)) : nullptr;
        if (!said || said->is_object()) continue;
        if (said->is_bool()) {
          d->enabled = said->as_bool();
          break;
        }
        warn(64, fmt::format("Warning: Condition path '{}' for chart {} returned non-bool value", word, d->name),
             {{"msg", "returned non-bool value"}, {"path", std::string(word)}, {"chart", d->name}});
      }
    }
  }

  // The lowest first: what is imported first wins.
  static void remember(Chart& chart, const Dependency& d, const std::string& what, const Value& values) {
    std::string from = chart.files_path() + "/charts/" + d.name;
    for (const auto& child : chart.dependencies)
      if (child->name() == d.name) from = child->files_path();
    chart.imported.insert(chart.imported.begin(),
                          {fmt::format("{}/values.yaml (import-values {})", from, what), values});
  }

  // As Helm 3 logs it, and as Helm 4 does.
  void warn(int line, const std::string& three, const LogFields& four) {
    warnings_.push_back(compat_ == Compat::helm4 ? log_line("WARN", four)
                                                 : fmt::format("dependencies.go:{}: {}", line, three));
  }

  const Compat compat_;
  Coalescer coalescer_;
  std::vector<std::string>& warnings_;
};

}  // namespace

Result<> process_dependencies(Chart& chart, const Value& values, Compat compat, std::vector<std::string>& warnings) {
  Processor processor(compat, warnings);
  OR_RETURN(processor.enable(chart, values, ""));
  return processor.import(chart);
}

std::vector<std::string> missing_dependencies(const Chart& chart) {
  std::vector<std::string> missing;
  for (const auto& d : chart.metadata.dependencies) {
    if (std::ranges::none_of(chart.dependencies, [&](const auto& c) { return c->name() == d->name; }))
      missing.push_back(d->name);
  }
  return missing;
}

Error dependencies_missing(std::string_view names, Compat compat) {
  bool four = compat == Compat::helm4;
  return fail(
      ErrorKind::invalid,
      "{} error occurred while checking for chart dependencies. You may need to run {}helm dependency build{} to fetch "
      "missing dependencies: found in Chart.yaml, but missing in charts/ directory: {}",
      four ? "an" : "An", four ? '\'' : '`', four ? '\'' : '`', names);
}

std::string explain_missing_dependencies(const Chart& chart) {
  std::string there, out;
  for (const auto& c : chart.dependencies)
    there += fmt::format("{}{} {}", there.empty() ? "" : ", ", c->name(), c->metadata.version);
  for (const auto& d : chart.metadata.dependencies) {
    if (std::ranges::any_of(chart.dependencies, [&](const auto& c) { return c->name() == d->name; })) continue;
    out += fmt::format("  {} {} of {}: looked for in charts/ of {}, which holds {}; no repository was asked\n", d->name,
                       d->version.empty() ? "(any version)" : d->version,
                       d->repository.empty() ? "no repository" : sources::shown_url(d->repository), chart.name(),
                       there.empty() ? "no chart" : there);
  }
  return out.empty() ? out : out + "  --dependency-update fetches what is missing before it renders\n";
}

}  // namespace slipway::render::helm
