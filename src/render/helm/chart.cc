#include "render/helm/chart.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "render/helm/go_json.h"
#include "render/helm/ignore.h"
#include "render/helm/read.h"

namespace slipway::render::helm {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string_view extension(std::string_view name) {
  name = name.substr(name.rfind('/') + 1);
  size_t dot = name.rfind('.');
  return dot == name.npos ? std::string_view() : name.substr(dot);
}

class Loader {
 public:
  Loader(const ChartLimits& limits, sources::ArchiveBudget& budget, std::vector<std::string>& warnings)
      : limits_(limits), budget_(budget), warnings_(warnings) {}

  Result<std::shared_ptr<Chart>> chart(std::vector<ChartFile> files, int depth) {
    if (depth > limits_.nesting_max)
      return fail(ErrorKind::too_large, "charts are nested deeper than {} levels", limits_.nesting_max);
    auto chart = std::make_shared<Chart>();
    chart->raw = files;
    bool has_metadata = false;
    for (const ChartFile& file : files) {
      if (file.name != "Chart.yaml") continue;
      auto metadata = read_metadata(*file.data);
      if (!metadata) return std::move(metadata).error().context("cannot load Chart.yaml");
      chart->metadata = std::move(*metadata);
      if (chart->metadata.api_version.empty()) chart->metadata.api_version = "v1";
      has_metadata = true;
    }
    std::map<std::string, std::vector<ChartFile>> below;
    for (ChartFile& file : files) OR_RETURN(take(*chart, file, below));
    if (!has_metadata) return fail(ErrorKind::invalid, "Chart.yaml file is missing");
    OR_RETURN(validate(chart->metadata));
    for (auto& [name, its_files] : below) {
      if (name.starts_with('_') || name.starts_with('.')) continue;
      auto child = sub_chart(*chart, name, its_files, depth);
      if (!child)
        return std::move(child).error().context(fmt::format("error unpacking subchart {} in {}", name, chart->name()));
      if (!*child) continue;
      (*child)->parent = chart.get();
      chart->dependencies.push_back(std::move(*child));
    }
    return chart;
  }

 private:
  // One file to its place. What lies in charts/ is gathered by its first name.
  Result<> take(Chart& chart, ChartFile& file, std::map<std::string, std::vector<ChartFile>>& below) {
    bool v1 = chart.metadata.api_version == "v1";
    if (file.name == "Chart.yaml") return {};
    if (file.name == "Chart.lock" || file.name == "requirements.lock") {
      auto lock = read_lock(*file.data);
      if (!lock) return std::move(lock).error().context("cannot load " + file.name);
      chart.lock = std::move(*lock);
      if (file.name == "Chart.lock") return {};
      if (v1)
        chart.files.push_back(file);
      else
        warnings_.push_back(
            "load.go:138: Warning: Dependency locking is handled in Chart.lock since apiVersion \"v2\". We recommend "
            "migrating to Chart.lock.");
      return {};
    }
    if (file.name == "values.yaml") {
      auto values = read_yaml_mapping(*file.data, limits_.merge_values_documents);
      if (!values) return std::move(values).error().context("cannot load values.yaml");
      chart.values = std::move(*values);
      return {};
    }
    if (file.name == "values.schema.json") {
      chart.schema = file.data;
      return {};
    }
    if (file.name == "requirements.yaml") {
      if (!v1)
        warnings_.push_back(
            "load.go:120: Warning: Dependencies are handled in Chart.yaml since apiVersion \"v2\". We recommend "
            "migrating "
            "dependencies to Chart.yaml.");
      if (auto done = read_requirements(*file.data, chart.metadata); !done)
        return std::move(done).error().context("cannot load requirements.yaml");
      if (v1) chart.files.push_back(file);
      return {};
    }
    if (file.name.starts_with("templates/")) {
      chart.templates.push_back(file);
      return {};
    }
    if (!file.name.starts_with("charts/")) {
      chart.files.push_back(file);
      return {};
    }
    if (extension(file.name) == ".prov") {
      chart.files.push_back(file);
      return {};
    }
    std::string inner = file.name.substr(7);
    below[inner.substr(0, inner.find('/'))].push_back({inner, file.data});
    return {};
  }

  // Null for a file in charts/ that is no chart.
  Result<std::shared_ptr<Chart>> sub_chart(const Chart& chart, const std::string& name, std::vector<ChartFile>& files,
                                           int depth) {
    if (extension(name) == ".tgz") {
      if (files[0].name != name) {
        return fail(ErrorKind::invalid, "error unpacking subchart tar in {}: expected {}, got {}", chart.name(), name,
                    files[0].name);
      }
      auto unpacked = OR_RETURN(sources::read_archive(*files[0].data, limits_, &budget_));
      return this->chart(std::move(unpacked), depth + 1);
    }
    std::vector<ChartFile> inner;
    for (ChartFile& file : files) {
      size_t slash = file.name.find('/');
      if (slash != file.name.npos) inner.push_back({file.name.substr(slash + 1), file.data});
    }
    return this->chart(std::move(inner), depth + 1);
  }

  const ChartLimits& limits_;
  sources::ArchiveBudget& budget_;
  std::vector<std::string>& warnings_;
};

// The files of a chart's folder: walked as Helm walks, a link to a folder followed, each part's name in byte order.
class Walker {
 public:
  Walker(const sources::Tree& tree, const IgnoreRules& rules, const ChartLimits& limits)
      : tree_(tree), rules_(rules), limits_(limits) {}

  Result<> walk(const std::string& folder, const std::string& prefix, int depth) {
    if (depth > 64)
      return fail(ErrorKind::too_large, "{}: folders are nested deeper than 64 levels, or link in a circle", prefix);
    std::vector<std::string> names = tree_.list(folder);
    if (const Error* why = tree_.unreadable(folder)) return *why;
    for (const std::string& name : names) {
      std::string path = folder.empty() ? name : folder + "/" + name;
      std::string inner = prefix + name;
      auto real = tree_.real_path(path);
      if (!real) return std::move(real).error().context(fmt::format("chart file {}", inner));
      bool directory = tree_.is_directory(*real);
      if (rules_.ignores(inner, directory)) continue;
      if (directory) {
        OR_RETURN(walk(*real, inner + "/", depth + 1));
        continue;
      }
      const sources::FileEntry* entry = tree_.entry(*real);
      if (entry && entry->kind == sources::FileEntry::Kind::submodule) continue;
      if (entry && entry->size > limits_.file_bytes_max)
        return fail(ErrorKind::too_large, "chart file \"{}\" is larger than the maximum file size {}", name,
                    limits_.file_bytes_max);
      Bytes data = OR_RETURN(tree_.read(*real));
      if (data->starts_with(kByteOrderMark)) data = std::make_shared<const std::string>(data->substr(3));
      if (files.size() >= limits_.files_max)
        return fail(ErrorKind::too_large, "the chart holds more than {} files", limits_.files_max);
      total_ += data->size();
      if (total_ > limits_.archive_bytes_max)
        return fail(ErrorKind::too_large, "the chart is larger than {} bytes", limits_.archive_bytes_max);
      files.push_back({inner, std::move(data)});
    }
    return {};
  }

  std::vector<ChartFile> files;

 private:
  const sources::Tree& tree_;
  const IgnoreRules& rules_;
  const ChartLimits& limits_;
  uint64_t total_ = 0;
};

void add_crds(const Chart& chart, std::vector<CrdFile>& out) {
  for (const ChartFile& file : chart.files) {
    std::string ending = base::to_lower(extension(file.name));
    if (file.name.starts_with("crds/") && (ending == ".yaml" || ending == ".yml" || ending == ".json"))
      out.push_back({chart.full_path() + "/" + file.name, file.data});
  }
  for (const auto& child : chart.dependencies) add_crds(*child, out);
}

}  // namespace

std::string Chart::full_path() const {
  return parent ? parent->full_path() + "/charts/" + name() : name();
}

std::string Chart::files_path() const {
  const std::string& own = bare_name.empty() ? name() : bare_name;
  return parent ? parent->files_path() + "/charts/" + own : own;
}

bool Chart::is_library() const {
  return base::to_lower(metadata.type) == "library";
}

void Chart::set_dependencies(std::vector<std::shared_ptr<Chart>> charts) {
  for (auto& old : dependencies) kept.push_back(std::move(old));
  dependencies = std::move(charts);
  for (auto& child : dependencies) child->parent = this;
}

std::vector<CrdFile> crds_of(const Chart& chart) {
  std::vector<CrdFile> out;
  add_crds(chart, out);
  return out;
}

Result<LoadedChart> load_files(std::vector<ChartFile> files, const ChartLimits& limits,
                               sources::ArchiveBudget* budget) {
  LoadedChart out;
  sources::ArchiveBudget own;
  out.chart = OR_RETURN(Loader(limits, budget ? *budget : own, out.warnings).chart(std::move(files), 0));
  return out;
}

Result<LoadedChart> load_archive(std::string_view bytes, const ChartLimits& limits) {
  return load_files(OR_RETURN(sources::read_archive(bytes, limits)), limits);
}

Result<LoadedChart> load_directory(const sources::Tree& tree, std::string_view path, const ChartLimits& limits,
                                   sources::ArchiveBudget* budget) {
  std::string root = OR_RETURN(tree.real_path(path));
  std::string_view ignore_text;
  Bytes ignore_file;
  std::string ignore_path = root.empty() ? ".helmignore" : root + "/.helmignore";
  if (tree.entry(ignore_path)) {
    ignore_file = OR_RETURN(tree.read(ignore_path));
    ignore_text = *ignore_file;
  }
  IgnoreRules rules = OR_RETURN(IgnoreRules::parse(ignore_text));
  Walker walker(tree, rules, limits);
  OR_RETURN(walker.walk(root, "", 0));
  return load_files(std::move(walker.files), limits, budget);
}

}  // namespace slipway::render::helm
