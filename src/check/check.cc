#include "check/check.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "base/text.h"
#include "check/rules.h"
#include "gitops/application/source_overrides.h"
#include "gitops/engine.h"
#include "kinds/object.h"
#include "render/kustomize/folder.h"
#include "render/render.h"
#include "value/yaml.h"

namespace slipway::check {
namespace {

constexpr size_t folders_max = 500;

Value kustomization_in(const sources::Tree& tree, const std::string& folder) {
  for (const char* name : render::kustomize::kustomization_names) {
    auto text = tree.read(folder.empty() ? name : folder + "/" + name);
    if (!text) continue;
    auto read = value::parse_yaml(**text);
    return read ? std::move(*read) : Value();
  }
  return {};
}

// What another one builds on is checked with it: alone it often lacks its namespace, or what overlays bring.
void leave_out_bases(const sources::Tree& tree, std::vector<std::string>& folders) {
  std::set<std::string> bases;
  for (const std::string& folder : folders) {
    Value kustomization = kustomization_in(tree, folder);
    if (kustomization["kind"].as_string() == "Component") bases.insert(folder);
    for (const char* field : {"resources", "bases", "components"}) {
      for (const Value& entry : kustomization[field].items()) {
        auto path = sources::join_path(folder, entry.as_string());
        if (path && *path != folder) bases.insert(*path);
      }
    }
  }
  std::erase_if(folders, [&](const std::string& folder) { return bases.contains(folder); });
}

// A chart inside a chart is rendered with it.
bool is_subchart(const std::string& folder) {
  return folder.find("/charts/") != folder.npos || folder.starts_with("charts/");
}

std::vector<std::string> folders_of(const sources::Tree& tree, const std::string& path) {
  if (render::detect(tree, path) != render::Tool::directory) return {path};
  auto files = tree.files_below(path);
  if (!files) return {path};
  std::vector<std::string> found;
  for (const std::string& file : *files) {
    size_t slash = file.rfind('/');
    std::string folder = slash == file.npos ? "" : file.substr(0, slash);
    if (!found.empty() && found.back() == folder) continue;
    render::Tool tool = render::detect(tree, folder);
    if (tool == render::Tool::directory) continue;
    if (tool == render::Tool::helm && is_subchart(folder)) continue;
    if (std::ranges::find(found, folder) == found.end()) found.push_back(folder);
  }
  leave_out_bases(tree, found);
  if (found.empty()) found.push_back(path);
  return found;
}

void add(Report& report, Finding finding) {
  report.findings.push_back(std::move(finding));
}
// Several folders may bring one file: what is told of it is told once.
void put_in_order(std::vector<Finding>& findings) {
  std::ranges::stable_sort(findings, {}, [](const Finding& f) {
    return std::tie(f.place.file, f.place.line, f.place.column, f.rule, f.object, f.message);
  });
  findings.erase(std::ranges::unique(findings).begin(), findings.end());
}

// What was being done stands in front: which kustomization brought the file, which patch was applied to what.
std::string message_of(const Error& error) {
  std::string whole = error.str(), place = error.place().str();
  size_t own = place.empty() ? 0 : place.size() + 2;
  return whole.substr(0, whole.size() - own - error.message().size()) + error.message();
}

// Applications of what lies here too: overrides that are wrong, and of charts what their values say and no template
// reads.
void check_applications(const std::shared_ptr<const sources::Tree>& tree, const render::Rendered& rendered,
                        const kinds::Catalog& catalog, Report& report) {
  for (const render::RenderedObject& one : rendered.objects) {
    if (kinds::kind_of(one.object) != "Application") continue;
    const Value& source = one.object["spec"]["source"];
    std::string path = source["path"].str(), ns(kinds::namespace_of(one.object)), name(kinds::name_of(one.object));
    auto folder = tree->real_path(path);
    if (path.empty() || !folder || !tree->is_directory(*folder)) continue;  // the repository may be another
    if (!ns.empty() && ns != gitops::EngineOptions().control_namespace) name = ns + "_" + name;
    auto overridden = gitops::override_source(source, *tree, *folder, name);
    if (!overridden) {
      const Error& error = overridden.error();
      base::Place place = error.place();
      if (place.file.empty()) place.file = *folder;
      add(report, {Severity::error, "does-not-render", "", place, message_of(error), ""});
      continue;
    }
    for (const std::string& warning : overridden->warnings)
      add(report, {Severity::warning, "renderer-warning", "", {.file = *folder}, warning, ""});
    const Value& helm = overridden->said["helm"];
    if (!helm.is_object() || render::detect(*tree, path) != render::Tool::helm) continue;
    auto own = render::render({.tree = tree, .path = path, .catalog = &catalog, .helm = helm});
    if (!own) continue;
    for (const render::Hazard& hazard : own->hazards) {
      bool in_file = hazard.place.file != path;
      add(report,
          finding(Severity::warning, hazard.rule, in_file ? render::RenderedObject{one.object, hazard.place} : one,
                  hazard.message, hazard.fix));
    }
  }
}

void check_folder(const std::shared_ptr<const sources::Tree>& tree, const std::string& folder,
                  const kinds::Catalog& catalog, const Options& options, Report& report) {
  report.checked.push_back(folder.empty() ? "." : folder);
  render::RenderRequest request{.tree = tree, .path = folder, .catalog = &catalog};
  request.kustomize_build = options.kustomize_build;
  request.remotes = options.remotes;
  request.look_closer = true;
  if (!options.values_files.empty() && render::detect(*tree, folder) == render::Tool::helm) {
    ArrayBuilder files;
    for (const std::string& file : options.values_files) files.push(Value("/" + file));
    request.helm = Value{{"valueFiles", files.build()}};
  }
  auto rendered = render::render(request);
  if (!rendered) {
    const Error& error = rendered.error();
    base::Place place = error.place();
    if (place.file.empty()) place.file = folder;
    add(report, {Severity::error, "does-not-render", "", place, message_of(error), ""});
    return;
  }
  report.objects += rendered->objects.size();
  for (const std::string& warning : rendered->warnings)
    add(report, {Severity::warning, "renderer-warning", "", {.file = folder}, warning, ""});
  for (const render::Hazard& hazard : rendered->hazards)
    add(report, {Severity::warning, hazard.rule, "", hazard.place, hazard.message, hazard.fix});
  Findings found;
  Objects objects(*rendered);
  Subject subject{*rendered, objects, *tree, catalog};
  for (auto rule : {check_schema, check_annotations, check_config_references, check_service_selectors, check_backends})
    rule(subject, found);
  for (Finding& finding : found) add(report, std::move(finding));
  check_applications(tree, *rendered, catalog, report);
}

}  // namespace

std::string_view to_string(Severity severity) {
  return severity == Severity::error ? "error" : "warning";
}

bool Report::has_errors() const {
  return std::ranges::any_of(findings, [](const Finding& f) { return f.severity == Severity::error; });
}

Finding finding(Severity severity, std::string rule, const render::RenderedObject& about, std::string message,
                std::string fix) {
  std::string ns(kinds::namespace_of(about.object));
  return {
      severity,
      std::move(rule),
      fmt::format("{} {}{}{}", kinds::kind_of(about.object), ns, ns.empty() ? "" : "/", kinds::name_of(about.object)),
      about.origin,
      std::move(message),
      std::move(fix)};
}

Report check(const std::shared_ptr<const sources::Tree>& tree, const std::string& path, const kinds::Catalog& catalog,
             const Options& options) {
  Report report;
  auto folders = folders_of(*tree, path);
  if (folders.size() > folders_max) {
    add(report, {Severity::warning,
                 "too-many-folders",
                 "",
                 {.file = path},
                 fmt::format("only the first {} of {} folders were checked", folders_max, folders.size()),
                 "check a folder further down"});
    folders.resize(folders_max);
  }
  for (const std::string& folder : folders) check_folder(tree, folder, catalog, options, report);
  put_in_order(report.findings);
  return report;
}

}  // namespace slipway::check
