#include "render/helm/lint.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "kinds/label_rules.h"
#include "lang/semver/semver.h"
#include "render/helm/go_json.h"
#include "render/helm/schema.h"
#include "render/helm/worker.h"

namespace slipway::render::helm {

namespace {

using Fault = std::optional<std::string>;

bool is_request_url(std::string_view s) {
  size_t colon = s.find(':');
  if (colon == s.npos || colon == 0 || colon + 1 >= s.size() || s[colon + 1] != '/') return false;
  return std::ranges::all_of(s.substr(0, colon),
                             [](unsigned char c) { return std::isalnum(c) || c == '+' || c == '-' || c == '.'; });
}

bool is_email(std::string_view s) {
  size_t at = s.rfind('@');
  if (at == s.npos || at == 0 || s.find(' ') != s.npos) return false;
  std::string_view domain = s.substr(at + 1);
  size_t dot = domain.rfind('.');
  return dot != domain.npos && dot > 0 && domain.size() - dot > 2;
}

bool is_url(std::string_view s) {
  if (s.size() <= 3 || s.starts_with('.') || s.find(' ') != s.npos) return false;
  size_t scheme = s.find("://");
  std::string_view host = scheme == s.npos ? s : s.substr(scheme + 3);
  host = host.substr(0, host.find('/'));
  return host.find('.') != host.npos || host.starts_with("localhost") || (scheme != s.npos && !host.empty());
}

class Linter {
 public:
  Linter(LintRequest request, std::vector<std::string>& notes) : request_(std::move(request)), notes_(notes) {}

  std::vector<Finding> run() {
    chart_file();
    values_file();
    templates();
    dependencies();
    if (request_.crds) crds();
    return std::move(found_);
  }

 private:
  bool holds(Severity severity, std::string_view path, Fault fault) {
    if (!fault) return true;
    found_.push_back({severity, std::string(path), std::move(*fault)});
    return false;
  }
  bool error(std::string_view path, Fault fault) { return holds(Severity::error, path, std::move(fault)); }

  std::string inner(std::string_view name) const {
    return request_.path.empty() ? std::string(name) : request_.path + "/" + std::string(name);
  }
  Bytes text_of(std::string_view name) const {
    for (const ChartFile& file : request_.beside)
      if (file.name == name) return file.data;
    return request_.tree->read(inner(name)).value_or(nullptr);
  }

  // ---- Chart.yaml

  void chart_file() {
    constexpr std::string_view file = "Chart.yaml";
    Bytes text = text_of(file);
    if (!text) return;
    auto metadata = read_metadata(*text);
    if (!metadata) {
      error(file, "unable to parse YAML\n\t" + metadata.error().str());
      return;
    }
    Value root = read_yaml(*text).value_or(Value());
    const Metadata& m = *metadata;
    error(file, name_fault(m));
    error(file, api_version_fault(m));
    error(file, text_fault(root, "version"));
    error(file, version_fault(m));
    error(file, text_fault(root, "appVersion"));
    error(file, maintainer_fault(m));
    error(file, source_fault(m));
    if (m.icon.empty()) holds(Severity::info, file, "icon is recommended");
    if (!m.icon.empty() && !is_request_url(m.icon)) error(file, fmt::format("invalid icon URL '{}'", m.icon));
    if (!m.type.empty() && m.api_version != "v2")
      error(file,
            fmt::format("chart type is not valid in apiVersion '{}'. It is valid in apiVersion 'v2'", m.api_version));
    if (!m.dependencies.empty() && m.api_version != "v2")
      error(file, fmt::format("dependencies are not valid in the Chart file with apiVersion '{}'. They are valid in "
                              "apiVersion 'v2'",
                              m.api_version));
  }

  static Fault name_fault(const Metadata& m) {
    if (m.name.empty()) return "name is required";
    if (m.name.find('/') != m.name.npos) return fmt::format("chart name {} is invalid", go_quote(m.name));
    return std::nullopt;
  }
  static Fault api_version_fault(const Metadata& m) {
    constexpr std::string_view wanted = R"(The value must be either "v1" or "v2")";
    if (m.api_version.empty()) return fmt::format("apiVersion is required. {}", wanted);
    if (m.api_version == "v1" || m.api_version == "v2") return std::nullopt;
    return fmt::format("apiVersion '{}' is not valid. {}", m.api_version, wanted);
  }
  static Fault text_fault(const Value& root, const char* field) {
    const Value* v = root.find(field);
    if (!v || v->is_string()) return std::nullopt;
    return fmt::format("{} should be of type string but it's of type {}", field, go_type(*v));
  }
  static Fault version_fault(const Metadata& m) {
    if (m.version.empty()) return "version is required";
    auto version = lang::semver::Version::parse(m.version);
    if (!version) return fmt::format("version '{}' is not a valid SemVer", m.version);
    if (auto range = lang::semver::Range::parse(">0.0.0-0"); range && !range->contains(*version))
      return fmt::format("version {} is less than or equal to 0.0.0-0", m.version);
    return std::nullopt;
  }
  static Fault maintainer_fault(const Metadata& m) {
    for (const Maintainer& one : m.maintainers) {
      if (one.name.empty()) return "each maintainer requires a name";
      if (!one.email.empty() && !is_email(one.email))
        return fmt::format("invalid email '{}' for maintainer '{}'", one.email, one.name);
      if (!one.url.empty() && !is_url(one.url))
        return fmt::format("invalid url '{}' for maintainer '{}'", one.url, one.name);
    }
    return std::nullopt;
  }
  static Fault source_fault(const Metadata& m) {
    for (const std::string& source : m.sources)
      if (!is_request_url(source)) return fmt::format("invalid source URL '{}'", source);
    return std::nullopt;
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
                        "{} into Go value of type chartutil.Values",
                        json_word(*values)));
      return;
    }
    Value all = Coalescer(Compat::helm3, notes_)
                    .merge_tables(request_.values.all, values->is_object() ? *values : Value::object());
    Bytes schema = text_of("values.schema.json");
    if (!schema || schema->empty() || request_.skip_schema_validation) return;
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
    release.release = {"test-release", request_.ns, false};
    release.capabilities.api_versions = Capabilities::default_api_versions();
    if (request_.kube) release.capabilities.kube = *request_.kube;
    release.engine.lint = true;
    release.engine.environment = request_.environment;
    release.skip_schema_validation = request_.skip_schema_validation;
    release.schemas = request_.schemas;
    auto rendered = render_apart(std::move(release), notes_);
    if (!rendered) {
      error(folder, rendered.error().error.str());
      return;
    }
    for (const ChartFile& file : files) {
      size_t dot = file.name.rfind('.');
      std::string extension =
          dot == file.name.npos || file.name.find('/', dot) != file.name.npos ? "" : file.name.substr(dot);
      if (extension != ".yaml" && extension != ".yml" && extension != ".tpl" && extension != ".txt")
        error(file.name,
              fmt::format("file extension '{}' not valid. Valid extensions are .yaml, .yml, .tpl, or .txt", extension));
      if (extension != ".yaml") continue;
      auto text = rendered->files.find(name + "/" + file.name);
      if (text != rendered->files.end() && !trim_space(text->second).empty() &&
          !manifest(file.name, std::string(text->second)))
        return;
    }
  }

  // False: Helm looks at no further file.
  bool manifest(const std::string& path, const std::string& text) {
    for (std::string_view line : base::split(text, '\n')) {
      if (trim_space(line).empty()) continue;
      if (line.starts_with(' ') || line.starts_with('\t'))
        holds(Severity::warning, path,
              fmt::format("document starts with an illegal indent: {}, which may cause parsing problems",
                          go_quote(line)));
      break;
    }
    std::string document;
    auto lines = base::split(text, '\n');
    for (size_t i = 0; i < lines.size(); ++i) {
      bool last = i + 1 == lines.size();
      if (!lines[i].starts_with("---")) {
        document += lines[i];
        if (!last) document += '\n';
      }
      if (lines[i].starts_with("---")) {
        std::string_view behind = base::trim(lines[i].substr(3));
        if (!behind.empty() && behind[0] != '#')
          return error(path, fmt::format("unable to parse YAML: invalid Yaml document separator: {}", behind));
      }
      if (!lines[i].starts_with("---") && !last) continue;
      if (!document.empty() && !one_document(path, document, text)) return false;
      document.clear();
    }
    return true;
  }

  bool one_document(const std::string& path, const std::string& document, const std::string& whole) {
    auto read = read_yaml(document);
    if (!read) return error(path, "unable to parse YAML: " + read.error().message());
    if (read->is_null()) return true;
    if (!read->is_object())
      return error(path, fmt::format("unable to parse YAML: error unmarshaling JSON: while decoding JSON: json: cannot "
                                     "unmarshal {} into Go value of type rules.K8sYamlStruct",
                                     json_word(*read)));
    const Value& object = *read;
    std::string kind = scalar_text(object["kind"]), name = scalar_text(object["metadata"]["name"]),
                version = scalar_text(object["apiVersion"]);
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
    if (kind == "List")
      for (const Value& item : object["items"].items())
        if (item["metadata"]["annotations"].has("helm.sh/resource-policy")) {
          error(path, "Annotation 'helm.sh/resource-policy' within List objects are ignored");
          break;
        }
    return true;
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
