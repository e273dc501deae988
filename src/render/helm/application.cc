#include "render/helm/application.h"

#include <algorithm>

#include "base/text.h"
#include "render/helm/go_json.h"
#include "render/helm/set.h"
#include "render/helm/unread.h"
#include "render/helm/version.h"
#include "render/helm/worker.h"
#include "value/yaml.h"

namespace slipway::render::helm {

namespace {

// Where a values file lies: below the chart, or, with a leading slash, below the tree's root.
Result<std::string> values_path(std::string_view chart, const std::string& said) {
  if (said.find("://") != said.npos)
    return fail(ErrorKind::unsupported,
                "valueFiles: {}: values from URLs are not offered; put the file into the repository", said);
  if (said.starts_with('$'))
    return fail(ErrorKind::unsupported, "valueFiles: {}: another source's files ($ref) are not offered yet", said);
  auto path = said.starts_with('/') ? sources::clean_path(said.substr(1)) : sources::join_path(chart, said);
  if (!path) return std::move(path).error().context("valueFiles: " + said);
  return path;
}

// Argo CD's way with --set: commas in a value are no separators, unless it is a list {a,b}.
std::string escaped_commas(std::string_view value) {
  if (value.starts_with('{') && value.ends_with('}')) return std::string(value);
  std::string out;
  bool escaped = false;
  for (char c : value) {
    if (c == ',' && !escaped) out += '\\';
    escaped = c == '\\' && !escaped;
    out += c;
  }
  return out;
}

// The chart's name in front of a manifest's path is the folder it lies in.
std::string file_of(const std::string& folder, const std::string& manifest) {
  size_t slash = manifest.find('/');
  std::string inner = slash == manifest.npos ? manifest : manifest.substr(slash + 1);
  return folder.empty() ? inner : folder + "/" + inner;
}

Result<> add_objects(const std::string& text, const std::string& file, std::vector<RenderedObject>& out) {
  value::YamlLimits limits;
  auto documents = value::parse_yaml_documents(text, file, limits, value::DuplicateKeys::last_wins);
  if (!documents)
    return fail(ErrorKind::invalid, "{}: what the template made is no YAML: {}", file, documents.error().message());
  for (value::Document& document : *documents) {
    if (document.value.is_null()) continue;
    if (!document.value.is_object())
      return fail(ErrorKind::invalid, "{}: the template made {} where an object was expected", file,
                  json_word(document.value));
    if (document.value["kind"].as_string() == "List" && document.value["items"].is_array()) {
      for (const Value& item : document.value["items"].items()) out.push_back({item, {file, 0, 0}});
      continue;
    }
    out.push_back({std::move(document.value), {file, 0, 0}});
  }
  return {};
}

Result<> add_local_dependencies(const sources::Tree& tree, const std::string& path, Chart& chart, int depth,
                                std::vector<std::string>& warnings) {
  if (depth > 8)
    return fail(ErrorKind::too_large, "chart {}: file:// dependencies go deeper than 8 levels", chart.name());
  for (const auto& d : chart.metadata.dependencies) {
    bool there = std::ranges::any_of(chart.dependencies, [&](const auto& c) { return c->name() == d->name; });
    if (there || !d->repository.starts_with("file://")) continue;
    auto at = sources::join_path(path, d->repository.substr(7));
    if (!at)
      return std::move(at).error().context(
          fmt::format("chart {}: dependency {} ({})", chart.name(), d->name, d->repository));
    auto loaded = load_directory(tree, *at);
    if (!loaded)
      return std::move(loaded).error().context(
          fmt::format("chart {}: dependency {} ({})", chart.name(), d->name, d->repository));
    if (!in_range(d->version.empty() ? "*" : d->version, loaded->chart->metadata.version) &&
        d->version != loaded->chart->metadata.version) {
      return fail(ErrorKind::invalid, "chart {}: dependency {} wants version {}, {} holds {}", chart.name(), d->name,
                  d->version, *at, loaded->chart->metadata.version);
    }
    OR_RETURN(add_local_dependencies(tree, *at, *loaded->chart, depth + 1, warnings));
    warnings.insert(warnings.end(), loaded->warnings.begin(), loaded->warnings.end());
    loaded->chart->parent = &chart;
    chart.dependencies.push_back(std::move(loaded->chart));
  }
  return {};
}

}  // namespace

Result<LoadedChart> load_with_dependencies(const sources::Tree& tree, std::string_view path) {
  LoadedChart loaded = OR_RETURN(load_directory(tree, path));
  OR_RETURN(add_local_dependencies(tree, std::string(path), *loaded.chart, 0, loaded.warnings));
  return loaded;
}

Result<Value> values_of_source(const sources::Tree& tree, std::string_view path, const Value& helm) {
  Value all = Value::object();
  bool ignore_missing = helm["ignoreMissingValueFiles"].as_bool();
  for (const Value& file : helm["valueFiles"].items()) {
    std::string at = OR_RETURN(values_path(path, file.str()));
    auto text = tree.read(at);
    if (!text) {
      if (ignore_missing && text.failed_with(ErrorKind::not_found)) continue;
      return std::move(text).error().context("valueFiles: " + file.str());
    }
    auto values = read_yaml_mapping(**text);
    if (!values) return std::move(values).error().context("failed to parse " + at);
    all = merge_files(all, *values);
  }
  if (const Value& object = helm["valuesObject"]; object.is_object() && !object.empty()) {
    all = merge_files(all, with_reals(object));
  } else if (const Value& text = helm["values"]; text.is_string() && !text.as_string().empty()) {
    auto values = read_yaml_mapping(text.as_string());
    if (!values) return std::move(values).error().context("failed to parse spec.source.helm.values");
    all = merge_files(all, *values);
  }
  for (bool force : {false, true}) {
    for (const Value& p : helm["parameters"].items()) {
      if (p["forceString"].as_bool() != force) continue;
      std::string word = p["name"].str() + "=" + escaped_commas(p["value"].as_string());
      auto done = force ? set_strings(all, word) : set_typed(all, word);
      if (!done)
        return std::move(done).error().context(force ? "failed parsing --set-string data"
                                                     : "failed parsing --set data");
    }
  }
  for (const Value& p : helm["fileParameters"].items()) {
    auto read = [&](std::string said) -> Result<Value> {
      std::string at = OR_RETURN(values_path(path, said));
      auto text = OR_RETURN(tree.read(at));
      return Value(*text);
    };
    auto done = set_files(all, p["name"].str() + "=" + p["path"].str(), read);
    if (!done) return std::move(done).error().context("failed parsing --set-file data");
  }
  return all;
}

Result<Rendered> render_application(const RenderRequest& request) {
  const Value& helm = request.helm;
  Rendered out;
  out.tool = Tool::helm;
  std::string folder = OR_RETURN(request.tree->real_path(request.path));
  LoadedChart loaded = OR_RETURN(load_with_dependencies(*request.tree, folder));
  out.warnings = std::move(loaded.warnings);
  OR_RETURN(check_installable(*loaded.chart, Compat::helm3, out.warnings));
  ReleaseRequest release;
  release.chart = std::move(loaded.chart);
  release.values = OR_RETURN(values_of_source(*request.tree, folder, helm));
  for (std::string& sentence : unread_values(*release.chart, release.values))
    out.warnings.push_back(std::move(sentence));
  release.release.name = helm["releaseName"].as_string().empty() ? request.release_name : helm["releaseName"].str();
  release.release.ns = helm["namespace"].as_string().empty() ? request.release_namespace : helm["namespace"].str();
  if (release.release.name.empty()) release.release.name = "release-name";
  if (release.release.ns.empty()) release.release.ns = "default";
  OR_RETURN(check_release_name(release.release.name, Compat::helm3));
  std::string version = helm["kubeVersion"].as_string().empty() ? request.kube_version : helm["kubeVersion"].str();
  if (!version.empty()) release.capabilities.kube = OR_RETURN(KubeVersion::parse(version));
  release.capabilities.api_versions = Capabilities::default_api_versions();
  auto& known = release.capabilities.api_versions;
  if (helm["apiVersions"].empty()) known.insert(known.end(), request.api_versions.begin(), request.api_versions.end());
  for (const Value& v : helm["apiVersions"].items()) known.push_back(v.str());
  release.engine.environment = request.environment;
  release.engine.limits.steps_max = 200'000'000;
  release.engine.limits.output_bytes_max = 64 << 20;
  release.engine.limits.memory_bytes_max = 8ull << 30;  // counted up only
  release.skip_schema_validation = helm["skipSchemaValidation"].as_bool();
  auto done = render_apart(std::move(release), out.warnings);
  if (!done) return std::move(done).error().error;
  if (!helm["skipCrds"].as_bool())
    for (const CrdFile& crd : done->crds) OR_RETURN(add_objects(*crd.data, file_of(folder, crd.path), out.objects));
  for (const Manifest& m : done->documents.manifests)
    OR_RETURN(add_objects(m.text, file_of(folder, m.path), out.objects));
  for (const Hook& hook : done->documents.hooks) {
    if (helm["skipTests"].as_bool() && hook.is_test()) continue;
    OR_RETURN(add_objects(hook.manifest.text, file_of(folder, hook.manifest.path), out.objects));
  }
  return out;
}

}  // namespace slipway::render::helm
