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
constexpr int kChartsMax = 1'000;  // put in place altogether, those in their charts/ among them

// Schemes of the web in any case, as Go reads them; Helm knows registries by "oci://" alone.
bool is_remote(const std::string& repository) {
  std::string scheme = base::to_lower(repository.substr(0, 8));
  return scheme == "https://" || scheme.starts_with("http://") || repository.starts_with("oci://");
}
bool is_alias(const std::string& repository) {
  return repository.starts_with('@') || repository.starts_with("alias:");
}

bool fits(const Dependency& d, const std::string& version) {
  return in_range(d.version.empty() ? "*" : d.version, version) || d.version == version;
}

class Placer {
 public:
  Placer(const sources::Tree& tree, const Trees& fetched, Wanted* wanted, std::vector<std::string>& warnings)
      : tree_(tree), fetched_(fetched), wanted_(wanted), warnings_(warnings) {}

  Result<> place(const std::string& path, Chart& chart, int depth) {
    if (depth > kDepthMax)
      return fail(ErrorKind::too_large, "chart {}: file:// dependencies go deeper than {} levels", chart.name(),
                  kDepthMax);
    // Of what charts/ has, the name counts, as in Helm; one name may be wanted in several versions from elsewhere.
    size_t own = chart.dependencies.size();
    std::vector<const Dependency*> absent;
    bool in_sync = false;
    for (size_t i = 0; i < chart.metadata.dependencies.size(); ++i) {
      const Dependency& d = *chart.metadata.dependencies[i];
      bool there = false;
      for (size_t k = 0; k < chart.dependencies.size() && !there; ++k) {
        const Chart& c = *chart.dependencies[k];
        there = c.name() == d.name && (k < own || fits(d, c.metadata.version));
      }
      if (there) continue;
      // As `helm dependency build`, which Argo CD runs for what is absent. Helm 3 looks no deeper for charts beside it.
      if (!in_sync && (depth == 0 || is_remote(d.repository))) {
        OR_RETURN(check_sync(chart));
        in_sync = true;
      }
      if (d.repository.starts_with("file://")) OR_RETURN(local(path, chart, d, depth));
      if (wanted_ && depth == 0 && is_alias(d.repository))
        wanted_->by_alias.push_back(fmt::format("{} ({})", d.name, d.repository));
      if (!is_remote(d.repository)) continue;
      bool placed = OR_RETURN(remote(chart, d, i));
      if (!placed) absent.push_back(&d);
    }
    return wanted_ ? Result<>() : check_twins(chart, absent);
  }

 private:
  static Error about(Error error, const Chart& chart, const Dependency& d) {
    return std::move(error).context(
        fmt::format("chart {}: dependency {} ({})", chart.name(), d.name, sources::shown_url(d.repository)));
  }

  static Result<> check_sync(const Chart& chart) {
    if (!chart.lock) return {};
    std::vector<Dependency> all;
    for (const auto& one : chart.metadata.dependencies) all.push_back(*one);
    if (auto fits = check_lock(chart, all); !fits) return std::move(fits).error().context("chart " + chart.name());
    return {};
  }

  Result<> local(const std::string& path, Chart& chart, const Dependency& d, int depth) {
    auto at = sources::join_path(path, d.repository.substr(7));
    if (!at) return about(std::move(at).error(), chart, d);
    auto folder = tree_.real_path(*at);
    if (!folder) return about(std::move(folder).error(), chart, d);
    auto loaded = load("file://" + *folder, tree_, *folder);
    if (!loaded) return about(std::move(loaded).error(), chart, d);
    const std::string& version = loaded->chart->metadata.version;
    if (!fits(d, version)) {
      return fail(ErrorKind::invalid, "chart {}: dependency {} wants version {}, {} holds {}", chart.name(), d.name,
                  d.version, *at, version);
    }
    OR_RETURN(place(*at, *loaded->chart, depth + 1));
    add(chart, std::move(*loaded));
    return {};
  }

  // A chart that is absent is missed by its name (check_installable), unless another one has that name.
  static Result<> check_twins(const Chart& chart, const std::vector<const Dependency*>& absent) {
    for (const Dependency* d : absent) {
      auto twin = std::ranges::find_if(chart.dependencies, [d](const auto& c) { return c->name() == d->name; });
      bool fit = std::ranges::any_of(
          chart.dependencies, [d](const auto& c) { return c->name() == d->name && fits(*d, c->metadata.version); });
      if (fit || twin == chart.dependencies.end()) continue;
      return fail(ErrorKind::invalid, "{}\n  {} {} of {}: chart {} has {} {} instead, and no repository was asked",
                  dependencies_missing(d->name, Compat::helm3).message(), d->name,
                  d->version.empty() ? "(any version)" : d->version, sources::shown_url(d->repository), chart.name(),
                  d->name, (*twin)->metadata.version);
    }
    return {};
  }

  // Whether it is in place now.
  Result<bool> remote(Chart& chart, const Dependency& d, size_t index) {
    WantedChart wanted{d.repository, d.name, d.version};
    if (chart.lock && index < chart.lock->dependencies.size()) wanted.version = chart.lock->dependencies[index].version;
    auto tree = fetched_.find(wanted.key());
    if (tree == fetched_.end()) {
      if (wanted_) wanted_->charts.push_back(std::move(wanted));
      return false;
    }
    auto loaded = load(wanted.key(), *tree->second, d.name);
    if (!loaded) return about(std::move(loaded).error(), chart, d);
    add(chart, std::move(*loaded));
    return true;
  }

  // Each folder is read once; every place that wants it gets a copy that shares what the files hold.
  Result<LoadedChart> load(const std::string& key, const sources::Tree& tree, const std::string& path) {
    auto at = loaded_.find(key);
    if (at == loaded_.end())
      at = loaded_.emplace(key, OR_RETURN(load_directory(tree, path, ChartLimits(), &budget_))).first;
    LoadedChart out;
    out.warnings = at->second.warnings;
    out.chart = OR_RETURN(copy(*at->second.chart));
    return out;
  }

  Result<std::shared_ptr<Chart>> copy(const Chart& from) {
    if (++charts_ > kChartsMax)
      return fail(ErrorKind::too_large, "the dependencies come to more than {} charts", kChartsMax);
    auto chart = std::make_shared<Chart>(from);
    for (auto& d : chart->metadata.dependencies) d = std::make_shared<Dependency>(*d);
    for (auto& child : chart->dependencies) {
      child = OR_RETURN(copy(*child));
      child->parent = chart.get();
    }
    return chart;
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
  std::map<std::string, LoadedChart> loaded_;  // by where it came from
  sources::ArchiveBudget budget_;
  int charts_ = 0;
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
