// Dependencies of a chart in a tree: put in place from the tree, or from what was fetched before; else named.
#include <algorithm>

#include "base/text.h"
#include "render/helm/application.h"
#include "render/helm/fetch_schemas.h"
#include "render/helm/go_json.h"
#include "render/helm/lock.h"
#include "render/helm/version.h"
#include "sources/chart_repository.h"
#include "sources/url.h"

namespace slipway::render::helm {

namespace {

using Trees = std::map<std::string, std::shared_ptr<const sources::Tree>>;

constexpr int kDepthMax = 8;

bool is_remote(const std::string& repository) {
  return repository.starts_with("https://") || repository.starts_with("http://") || repository.starts_with("oci://");
}

class Placer {
 public:
  Placer(const sources::Tree& tree, const Trees& fetched, Wanted* wanted, std::vector<std::string>& warnings)
      : tree_(tree), fetched_(fetched), wanted_(wanted), warnings_(warnings) {}

  Result<> place(const std::string& path, Chart& chart, int depth) {
    if (depth > kDepthMax)
      return fail(ErrorKind::too_large, "chart {}: file:// dependencies go deeper than {} levels", chart.name(),
                  kDepthMax);
    for (size_t i = 0; i < chart.metadata.dependencies.size(); ++i) {
      const Dependency& d = *chart.metadata.dependencies[i];
      bool there = std::ranges::any_of(chart.dependencies, [&](const auto& c) { return c->name() == d.name; });
      if (there) continue;
      if (d.repository.starts_with("file://")) OR_RETURN(local(path, chart, d, depth));
      if (is_remote(d.repository)) OR_RETURN(remote(chart, d, i));
    }
    return {};
  }

 private:
  static Error about(Error error, const Chart& chart, const Dependency& d) {
    return std::move(error).context(
        fmt::format("chart {}: dependency {} ({})", chart.name(), d.name, sources::shown_url(d.repository)));
  }

  Result<> local(const std::string& path, Chart& chart, const Dependency& d, int depth) {
    auto at = sources::join_path(path, d.repository.substr(7));
    if (!at) return about(std::move(at).error(), chart, d);
    auto loaded = load_directory(tree_, *at);
    if (!loaded) return about(std::move(loaded).error(), chart, d);
    const std::string& version = loaded->chart->metadata.version;
    if (!in_range(d.version.empty() ? "*" : d.version, version) && d.version != version) {
      return fail(ErrorKind::invalid, "chart {}: dependency {} wants version {}, {} holds {}", chart.name(), d.name,
                  d.version, *at, version);
    }
    OR_RETURN(place(*at, *loaded->chart, depth + 1));
    add(chart, std::move(*loaded));
    return {};
  }

  Result<> remote(Chart& chart, const Dependency& d, size_t index) {
    WantedChart wanted{d.repository, d.name, d.version};
    if (chart.lock) {
      std::vector<Dependency> all;
      for (const auto& one : chart.metadata.dependencies) all.push_back(*one);
      if (lock_digest(all, chart.lock->dependencies) != chart.lock->digest)
        return out_of_sync().context("chart " + chart.name());
      if (index < chart.lock->dependencies.size()) wanted.version = chart.lock->dependencies[index].version;
    }
    auto tree = fetched_.find(wanted.key());
    if (tree == fetched_.end()) {
      if (wanted_) wanted_->charts.push_back(std::move(wanted));
      return {};
    }
    auto loaded = load_directory(*tree->second, d.name);
    if (!loaded) return about(std::move(loaded).error(), chart, d);
    add(chart, std::move(*loaded));
    return {};
  }

  void add(Chart& chart, LoadedChart loaded) {
    warnings_.insert(warnings_.end(), loaded.warnings.begin(), loaded.warnings.end());
    loaded.chart->parent = &chart;
    chart.dependencies.push_back(std::move(loaded.chart));
  }

  const sources::Tree& tree_;
  const Trees& fetched_;
  Wanted* wanted_;
  std::vector<std::string>& warnings_;
};

}  // namespace

std::string WantedChart::key() const {
  return sources::chart_url(repository, name) + "@" + version;
}

Result<LoadedChart> load_with_dependencies(const sources::Tree& tree, std::string_view path, const Trees& fetched,
                                           Wanted* wanted) {
  LoadedChart loaded = OR_RETURN(load_directory(tree, path));
  std::vector<std::string> warnings;
  OR_RETURN(Placer(tree, fetched, wanted, warnings).place(std::string(path), *loaded.chart, 0));
  loaded.warnings.insert(loaded.warnings.end(), warnings.begin(), warnings.end());
  return loaded;
}

Result<Wanted> wanted_by(const RenderRequest& request) {
  Wanted wanted;
  bool is_chart = request.helm.is_object() || (request.directory.is_null() && request.kustomize.is_null() &&
                                               detect(*request.tree, request.path) == Tool::helm);
  if (!is_chart) return wanted;
  for (const Value& file : request.helm["valueFiles"].items())
    if (is_remote(file.str()) && !file.as_string().starts_with("oci://")) wanted.urls.push_back(file.str());
  std::string folder = OR_RETURN(request.tree->real_path(request.path));
  // Most charts depend on nothing: those are not loaded twice.
  bool depends = false, has_schemas = false;
  for (const char* name : {"Chart.yaml", "requirements.yaml"}) {
    auto text = request.tree->read(folder.empty() ? name : folder + "/" + name);
    depends = depends || (text && (*text)->find("repository") != std::string::npos);
  }
  auto files = request.tree->files_below(folder);
  if (!files) has_schemas = true;  // a folder was left out, which the chart may ignore: loading it tells
  for (const std::string& file : files ? *files : std::vector<std::string>()) {
    if (!file.ends_with("values.schema.json")) continue;
    auto text = request.tree->read(file);
    has_schemas = has_schemas || (text && (*text)->find("\"http") != std::string::npos);
  }
  if (!depends && !has_schemas) return wanted;
  auto loaded = load_with_dependencies(*request.tree, folder, request.charts, &wanted);
  if (!loaded) return std::move(loaded).error();
  if (has_schemas && !wanted_schemas(*loaded->chart, request.schemas).empty()) wanted.chart = std::move(loaded->chart);
  return wanted;
}

}  // namespace slipway::render::helm
