#include "render/helm/lint.h"

#include <re2/re2.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "kinds/label_rules.h"
#include "render/helm/go_json.h"
#include "render/helm/lint_objects.h"
#include "render/helm/manifest.h"
#include "render/helm/object_stream.h"
#include "render/helm/schema.h"
#include "render/helm/worker.h"

namespace slipway::render::helm {

namespace {

using Fault = std::optional<std::string>;

constexpr size_t kLineBytesMax = 65536;  // of Go's scanner

// filepath.Ext
std::string extension_of(const std::string& name) {
  size_t dot = name.rfind('.');
  return dot == name.npos || name.find('/', dot) != name.npos ? "" : name.substr(dot);
}

class Linter {
 public:
  Linter(LintRequest request, std::vector<std::string>& notes) : request_(std::move(request)), notes_(notes) {}

  std::vector<Finding> run() {
    if (request_.chart_file_is_folder) {
      error("Chart.yaml", "should be a file, not a directory");
      error("Chart.yaml", fmt::format("unable to parse YAML\n\tread {}/Chart.yaml: is a directory", request_.shown));
    }
    if (Bytes text = text_of("Chart.yaml"))
      for (Finding& one : lint_chart_file(*text, request_.compat)) found_.push_back(std::move(one));
    values_file();
    templates();
    dependencies();
    if (helm4()) crds();
    return std::move(found_);
  }

 private:
  bool holds(Severity severity, std::string_view path, Fault fault) {
    if (!fault) return true;
    found_.push_back({severity, std::string(path), std::move(*fault)});
    return false;
  }
  bool helm4() const { return request_.compat == Compat::helm4; }
  bool error(std::string_view path, Fault fault) { return holds(Severity::error, path, std::move(fault)); }

  std::string inner(std::string_view name) const {
    return request_.path.empty() ? std::string(name) : request_.path + "/" + std::string(name);
  }
  Bytes text_of(std::string_view name) const {
    for (const ChartFile& file : request_.beside)
      if (file.name == name) return file.data;
    return request_.tree->read(inner(name)).value_or(nullptr);
  }

  // ---- values.yaml

  void values_file() {
    constexpr std::string_view file = "values.yaml";
    Bytes text = text_of(file);
    if (!text) {
      holds(Severity::info, file, "file does not exist");
      return;
    }
    auto values = read_yaml(*text);
    if (!values) {
      error(file, "unable to parse YAML: " + values.error().message());
      return;
    }
    if (!values->is_object() && !values->is_null()) {
      error(file,
            fmt::format("unable to parse YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal "
                        "{} into Go value of type {}.Values",
                        json_word(*values), helm4() ? "common" : "chartutil"));
      return;
    }
    Value all = Coalescer(request_.compat, notes_)
                    .merge_tables(request_.values.all, values->is_object() ? *values : Value::object());
    Bytes schema = text_of("values.schema.json");
    // The flag keeps Helm 3 from the charts' schemas together, not from this one.
    if (!schema || schema->empty() || (helm4() && request_.skip_schema_validation)) return;
    auto faults = schema_faults(*schema, all, request_.schemas, notes_);
    if (!faults) {
      error(file, faults.error().message());
    } else if (!faults->empty()) {
      error(file, *faults);
    }
  }

  // ---- templates

  void templates() {
    constexpr std::string_view folder = "templates/";
    if (helm4() && request_.templates == TemplatesFolder::absent) {
      holds(Severity::warning, folder, "directory does not exist");
      return;
    }
    if (request_.templates == TemplatesFolder::no_folder) {
      holds(helm4() ? Severity::error : Severity::warning, folder, "not a directory");
      return;
    }
    auto loaded = load();
    if (!loaded) {
      error(folder, loaded.error().str());
      return;
    }
    std::vector<ChartFile> files = loaded->chart->templates;
    std::string name = loaded->chart->name();
    ReleaseRequest release;
    release.chart = std::move(loaded->chart);
    release.values = request_.values.all;
    release.layers = request_.values.layers;
    release.release = {"test-release", request_.ns, false, false};
    release.capabilities.api_versions = Capabilities::default_api_versions();
    if (request_.kube) release.capabilities.kube = *request_.kube;
    release.engine.compat = request_.compat;
    release.engine.lint = true;
    release.engine.environment = request_.environment;
    release.skip_schema_validation = request_.skip_schema_validation;
    release.schemas = request_.schemas;
    auto rendered = render_apart(std::move(release), notes_);
    if (!rendered) {
      // Of values that do not fit together Helm says nothing, and looks at no template.
      if (!rendered.error().coalescing) error(folder, rendered.error().error.str());
      return;
    }
    for (const ChartFile& file : files) {
      std::string extension = extension_of(file.name);
      if (extension != ".yaml" && extension != ".yml" && extension != ".tpl" && extension != ".txt")
        error(file.name,
              fmt::format("file extension '{}' not valid. Valid extensions are .yaml, .yml, .tpl, or .txt", extension));
      if (!helm4()) leftovers_of_helm2(file);
      extension = helm4() ? base::to_lower(extension) : extension;
      if (extension != ".yaml" && !(helm4() && extension == ".yml")) continue;
      auto text = rendered->files.find(name + "/" + file.name);
      if (text != rendered->files.end() && !trim_space(text->second).empty() &&
          !manifest(file.name, std::string(text->second)))
        return;
    }
  }

  // Looked for in the template's text.
  void leftovers_of_helm2(const ChartFile& file) {
    static const RE2 crd_hook(R"("?helm\.sh/hook"?:\s+crd-install)");
    if (RE2::PartialMatch(*file.data, crd_hook))
      holds(Severity::warning, file.name,
            "manifest is a crd-install hook. This hook is no longer supported in v3 and all CRDs should also exist the "
            "crds/ directory at the top level of the chart");
    if (file.data->find(".Release.Time") != std::string::npos)
      error(file.name,
            ".Release.Time has been removed in v3, please replace with the `now` function in your templates");
  }

  // False: Helm looks at no further file.
  bool manifest(const std::string& path, const std::string& text) {
    for (std::string_view line : base::split(text, '\n')) {
      if (line.size() >= kLineBytesMax) {
        holds(Severity::warning, path, "bufio.Scanner: token too long");
        break;
      }
      if (trim_space(line).empty()) continue;
      if (line.starts_with(' ') || line.starts_with('\t'))
        holds(Severity::warning, path,
              fmt::format("document starts with an illegal indent: {}, which may cause parsing problems",
                          go_quote(line)));
      break;
    }
    ObjectStream objects(text);
    for (;;) {
      auto more = objects.next([&](const Value& object) -> Result<> {
        auto linted = OR_RETURN(linted_object(object, request_.compat));
        if (!object.is_null()) one_object(path, linted, text);
        return {};
      });
      if (!more) return error(path, "unable to parse YAML: " + more.error().str());
      if (!*more) return true;
    }
  }

  void one_object(const std::string& path, const LintedObject& object, const std::string& whole) {
    const auto& [version, kind, name] = object;
    object_name(path, kind, name);
    int minor = 0;
    const KubeVersion kube = request_.kube.value_or(KubeVersion());
    minor = static_cast<int>(base::parse_int(kube.minor).value_or(0));
    if (std::string said = deprecation_of(version, kind, minor); !said.empty()) holds(Severity::warning, path, said);
    static constexpr std::string_view selecting[] = {"Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"};
    if (std::ranges::find(selecting, kind) != std::end(selecting) && whole.find("matchLabels") == whole.npos &&
        whole.find("matchExpressions") == whole.npos)
      error(path,
            fmt::format("a {} must contain matchLabels or matchExpressions, and {} does not", kind, go_quote(name)));
    if (kind == "List") error(path, list_fault(whole));
  }

  // Helm reads the file's first document here, whichever the List is.
  Fault list_fault(const std::string& whole) const {
    auto annotated = has_annotated_item(read_yaml(whole).value_or(Value()), "helm.sh/resource-policy");
    if (!annotated) return "unable to parse YAML: " + annotated.error().str();
    if (!*annotated) return std::nullopt;
    return fmt::format("{}nnotation 'helm.sh/resource-policy' within List objects are ignored", helm4() ? 'a' : 'A');
  }

  void object_name(const std::string& path, const std::string& kind, const std::string& name) {
    std::string lower = base::to_lower(kind);
    kinds::Problems problems;
    if (lower == "service")
      problems = kinds::dns_1035_label_problems(name);
    else if (lower == "namespace")
      problems = kinds::dns_label_problems(name);
    else if (lower == "role" || lower == "clusterrole" || lower == "rolebinding" || lower == "clusterrolebinding")
      problems = kinds::path_segment_problems(name);
    else if (lower != "certificatesigningrequest")
      problems = kinds::dns_subdomain_problems(name);
    if (problems.empty()) return;
    std::string all;
    for (const std::string& problem : problems)
      all += fmt::format("{}metadata.name: Invalid value: {}: {}", all.empty() ? "" : ", ", go_quote(name), problem);
    holds(Severity::warning, path,
          fmt::format("object name does not conform to Kubernetes naming requirements: {}: {}", go_quote(name),
                      problems.size() > 1 ? "[" + all + "]" : all));
  }

  // ---- dependencies

  void dependencies() {
    auto loaded = load();
    if (!loaded) {
      error("", "unable to load chart\n\t" + loaded.error().str());
      return;
    }
    notes_.insert(notes_.end(), loaded->warnings.begin(), loaded->warnings.end());
    const Chart& chart = *loaded->chart;
    std::vector<std::string> undeclared, shadowing, missing;
    std::set<std::string> names;
    for (const auto& d : chart.metadata.dependencies)
      if (!names.insert(d->alias.empty() ? d->name : d->alias).second)
        shadowing.push_back(d->alias.empty() ? d->name : d->alias);
    for (const auto& child : chart.dependencies)
      if (std::ranges::none_of(chart.metadata.dependencies, [&](const auto& d) { return d->name == child->name(); }))
        undeclared.push_back(child->name());
    for (const auto& d : chart.metadata.dependencies)
      if (std::ranges::none_of(chart.dependencies, [&](const auto& c) { return c->name() == d->name; }))
        missing.push_back(d->name);
    if (!undeclared.empty())
      error(request_.shown, "chart metadata is missing these dependencies: " + base::join(undeclared, ","));
    if (!shadowing.empty())
      error(request_.shown, "multiple dependencies with name or alias: " + base::join(shadowing, ","));
    if (!missing.empty())
      holds(Severity::warning, request_.shown,
            "chart directory is missing these dependencies: " + base::join(missing, ","));
  }

  // ---- crds/

  void crds() {
    constexpr std::string_view folder = "crds/";
    const sources::FileEntry* entry = request_.tree->entry(inner("crds"));
    if (entry && entry->kind == sources::FileEntry::Kind::file) {
      error(folder, "not a directory");
      return;
    }
    if (request_.tree->list(inner("crds")).empty()) return;
    auto loaded = load();
    if (!loaded) {
      error(folder, loaded.error().str());
      return;
    }
    for (Finding& one : lint_crds(*loaded->chart)) found_.push_back(std::move(one));
  }

  Result<LoadedChart> load() const {
    if (request_.broken) return *request_.broken;
    return load_directory(*request_.tree, request_.path, request_.limits);
  }

  LintRequest request_;
  std::vector<std::string>& notes_;
  std::vector<Finding> found_;
};

}  // namespace

std::string Finding::str() const {
  static constexpr const char* words[] = {"INFO", "WARNING", "ERROR"};
  return fmt::format("[{}] {}: {}", words[static_cast<int>(severity)], path, text);
}

std::vector<Finding> lint(LintRequest request, std::vector<std::string>& notes) {
  return Linter(std::move(request), notes).run();
}

}  // namespace slipway::render::helm
