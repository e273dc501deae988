#include <algorithm>
#include <map>

#include "base/text.h"
#include "check/rules.h"
#include "gitops/compare/targets.h"
#include "kinds/object.h"

namespace slipway::check {
namespace {

using kinds::GroupVersionKind;

// Of Argo CD 3.3 and Helm 3; what stands under these prefixes and is not here has no effect.
const std::vector<std::string> argocd_annotations = {
    "argocd.argoproj.io/application-set-refresh",
    "argocd.argoproj.io/compare-options",
    "argocd.argoproj.io/hook",
    "argocd.argoproj.io/hook-delete-policy",
    "argocd.argoproj.io/ignore-default-links",
    "argocd.argoproj.io/ignore-healthcheck",
    "argocd.argoproj.io/ignore-resource-updates",
    "argocd.argoproj.io/installation-id",
    "argocd.argoproj.io/manifest-generate-paths",
    "argocd.argoproj.io/refresh",
    "argocd.argoproj.io/skip-reconcile",
    "argocd.argoproj.io/sync-options",
    "argocd.argoproj.io/sync-wave",
    "argocd.argoproj.io/tracking-id",
};
const std::vector<std::string> helm_annotations = {"helm.sh/hook", "helm.sh/hook-weight", "helm.sh/hook-delete-policy",
                                                   "helm.sh/hook-output-log-policy", "helm.sh/resource-policy"};
const std::vector<std::string> application_finalizers = {
    "resources-finalizer.argocd.argoproj.io", "resources-finalizer.argocd.argoproj.io/background",
    "resources-finalizer.argocd.argoproj.io/foreground", "post-delete-finalizer.argocd.argoproj.io",
    "post-delete-finalizer.argocd.argoproj.io/cleanup"};

std::string served_as(const Subject& subject, std::string_view kind_name) {
  for (const kinds::Kind* kind : subject.catalog.all())
    if (kind->id.kind == kind_name) return kind->id.api_version();
  return "";
}

void check_unknown_kind(const Subject& subject, const render::RenderedObject& rendered, const GroupVersionKind& id,
                        Findings& out) {
  if (const kinds::Kind* other = subject.catalog.find_kind(id.group, id.kind)) {
    out.push_back(finding(Severity::error, "unknown-version", rendered,
                          fmt::format("{} is not served in version {}", id.kind, id.version),
                          fmt::format("write apiVersion: {}", other->id.api_version())));
    return;
  }
  if (subject.objects.define(id.group, id.kind)) return;
  std::vector<std::string> known;
  for (const kinds::Kind* kind : subject.catalog.all()) known.push_back(kind->id.kind);
  auto near = base::nearest(id.kind, known);
  bool misspelt = near && *near != id.kind;
  out.push_back(finding(Severity::warning, "unknown-kind", rendered,
                        fmt::format("no kind {} of {} is known, and no CustomResourceDefinition here defines it",
                                    id.kind, id.api_version()),
                        misspelt ? fmt::format("did you mean {}?", *near)
                        : near   ? fmt::format("{} is of {}", *near, served_as(subject, *near))
                                 : "the sync fails unless something else has defined it"));
}

void check_names(const std::vector<std::string>& known, std::string_view word, const render::RenderedObject& about,
                 const char* what, Findings& out) {
  if (std::ranges::find(known, word) != known.end()) return;
  auto near = base::nearest(word, known);
  out.push_back(finding(Severity::warning, fmt::format("unknown-{}", what), about,
                        fmt::format("the {} {} has no effect", what, word),
                        near ? fmt::format("did you mean {}?", *near) : "nothing reads it"));
}

// "spec.template.metadata.annotations[example.org/a].b" in parts.
std::vector<std::string> parts_of(std::string_view field) {
  std::vector<std::string> parts(1);
  bool bracket = false;
  for (char c : field) {
    bool ends = c == '[' || c == ']' || (c == '.' && !bracket);
    if (c == '[' || c == ']') bracket = c == '[';
    if (!ends)
      parts.back() += c;
    else if (!parts.back().empty())
      parts.emplace_back();
  }
  if (parts.back().empty()) parts.pop_back();
  return parts;
}

// "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32": spec.replicas.
std::string_view field_of(std::string_view message) {
  constexpr std::string_view before = "Go struct field ";
  size_t from = message.find(before);
  if (from == message.npos) return {};
  message.remove_prefix(from + before.size());
  message = message.substr(0, message.find(' '));
  return message.substr(std::min(message.find('.'), message.size() - 1) + 1);
}

}  // namespace

base::Place field_place(const Subject& subject, const render::RenderedObject& about, std::string_view field) {
  if (!subject.rendered.field_place) return gitops::place_of(about.origin, field, &subject.tree);
  size_t object = static_cast<size_t>(&about - subject.rendered.objects.data());
  base::Place place = subject.rendered.field_place(object, parts_of(field));
  return place.line ? place : about.origin;
}

void check_schema(const Subject& subject, Findings& out) {
  std::map<std::string, base::Place> seen;
  for (const auto& rendered : subject.rendered.objects) {
    auto id = GroupVersionKind::of(rendered.object);
    std::string key = fmt::format("{}/{}/{}/{}", id.group, id.kind, kinds::namespace_of(rendered.object),
                                  kinds::name_of(rendered.object));
    if (auto [first, fresh] = seen.try_emplace(key, rendered.origin);
        !fresh && !kinds::name_of(rendered.object).empty())
      out.push_back(finding(Severity::warning, "duplicate-object", rendered,
                            fmt::format("it stands in {} already; the last one wins", first->second.str()),
                            "keep one of them"));
    const kinds::Kind* kind = subject.catalog.find(id);
    if (!kind) {
      check_unknown_kind(subject, rendered, id, out);
      continue;
    }
    if (!kind->type) continue;
    auto conformed = kinds::conform(*kind, rendered.object);
    if (!conformed) {
      out.push_back(finding(Severity::error, "wrong-type", rendered, conformed.error().message()));
      out.back().place = field_place(subject, rendered, field_of(conformed.error().message()));
      continue;
    }
    for (const std::string& problem : conformed->problems) {
      size_t from = problem.find('"'), to = problem.rfind('"');
      std::string field = to > from && from != problem.npos ? problem.substr(from + 1, to - from - 1) : "";
      Finding found =
          finding(Severity::error, "unknown-field", rendered, problem + gitops::nearest_field(*kind, field));
      found.place = field_place(subject, rendered, field);
      out.push_back(std::move(found));
    }
    Value whole = kinds::apply_defaults(*kind, conformed->object);
    if (kind->namespaced && kinds::namespace_of(whole).empty()) whole = whole.with("/metadata/namespace", "default");
    if (kinds::name_of(whole).empty() && whole["metadata"].has("generateName"))
      whole = whole.with("/metadata/name", whole["metadata"]["generateName"].str() + "x");
    for (const base::Cause& cause : kinds::validate(*kind, whole, nullptr)) {
      Finding found = finding(Severity::error, "invalid", rendered, fmt::format("{}: {}", cause.field, cause.message));
      found.place = field_place(subject, rendered, cause.field);
      out.push_back(std::move(found));
    }
  }
}

void check_annotations(const Subject& subject, Findings& out) {
  for (const auto& rendered : subject.rendered.objects) {
    const Value& metadata = rendered.object["metadata"];
    for (const auto& [key, value] : metadata["annotations"].members()) {
      if (key.view().starts_with("argocd.argoproj.io/"))
        check_names(argocd_annotations, key.view(), rendered, "annotation", out);
      if (key.view().starts_with("helm.sh/")) check_names(helm_annotations, key.view(), rendered, "annotation", out);
    }
    if (kinds::kind_of(rendered.object) != "Application") continue;
    for (const Value& finalizer : metadata["finalizers"].items()) {
      if (finalizer.as_string().find("argocd") != std::string_view::npos)
        check_names(application_finalizers, finalizer.as_string(), rendered, "finalizer", out);
    }
  }
}

}  // namespace slipway::check
