// `slipway diff` and `slipway app diff`: what an Application comes to, without a cache and without changing anything.
#include <set>
#include <tuple>

#include "base/text.h"
#include "gitops/application/tracking.h"
#include "gitops/compare/normalize.h"
#include "gitops/compare/state.h"
#include "gitops/credentials.h"
#include "gitops/engine.h"
#include "gitops/engine/desired.h"

namespace slipway::gitops {

using cluster::ObjectKey;

namespace {

// People compare what objects do, not whose they are.
Value tracked_as(Value target, const Value& live) {
  const Value& theirs = live["metadata"]["annotations"][tracking_annotation];
  Value annotations = target["metadata"]["annotations"];
  if (!annotations.is_object()) annotations = Value::object();
  annotations = theirs.is_null() ? annotations.without_member(tracking_annotation)
                                 : annotations.with_member(tracking_annotation, theirs);
  return annotations.empty() ? target.without("/metadata/annotations")
                             : target.with("/metadata/annotations", annotations);
}

Value without_tracking(Value object) {
  const Value& annotations = object["metadata"]["annotations"];
  if (!annotations.has(tracking_annotation)) return object;
  Value left = annotations.without_member(tracking_annotation);
  return left.empty() ? object.without("/metadata/annotations") : object.with("/metadata/annotations", left);
}

Error first_problem(const std::vector<Condition>& conditions) {
  std::vector<std::string> texts;
  for (const Condition& c : conditions) {
    if (c.type.ends_with("Error")) texts.push_back(c.message);
  }
  return Error(ErrorKind::invalid, base::join(texts, "\n"));
}

Task<Result<Value>> live_object(cluster::Cluster& cluster, ObjectKey key) {
  if (!cluster.catalog().find(key.kind)) co_return Value();
  auto live = co_await cluster.get(std::move(key));
  if (live.failed_with(ErrorKind::not_found)) co_return Value();
  co_return live;
}

}  // namespace

Task<Result<Comparison>> compare(World& world, cluster::Cluster& cluster, sources::Repositories& repositories,
                                 Value application) {
  EngineOptions options;
  Application app = read_application(application, options.control_namespace, {application["spec"]["project"].str()});
  std::vector<Condition> problems = app.spec_errors;
  problems.insert(problems.end(), app.comparison_errors.begin(), app.comparison_errors.end());
  if (!problems.empty()) co_return first_problem(problems);

  ObjectKey settings_key{config_map_kind, options.control_namespace, std::string(settings_name)};
  Value settings = OR_CO_RETURN(co_await live_object(cluster, std::move(settings_key)));
  Value project = OR_CO_RETURN(co_await live_object(cluster, {project_kind, options.control_namespace, app.project}));
  std::vector<std::string> own;  // whom Secrets are not shown, has none
  if (!project.is_null())
    if (auto access = co_await read_access(cluster)) own = repositories_of_project(access->secrets, app.project);
  RenderSettings rules = read_render_settings(settings, project, app.project, own);
  if (auto refused = refused_repository(app, rules)) co_return first_problem({*refused});
  std::vector<sources::Commit> commits;
  for (const Source& source : app.sources)
    commits.push_back(OR_CO_RETURN(co_await repositories.resolve(source.url, source.revision, app.project)));
  auto desired = OR_CO_RETURN(co_await load_desired(world, repositories, cluster, app, commits, std::move(rules)));
  if (!desired->loaded()) co_return first_problem(desired->targets.conditions);

  Comparison comparison;
  comparison.commit = commits.front();
  comparison.warnings = desired->warnings;
  for (const Condition& c : desired->targets.conditions) comparison.warnings.push_back(c.message);
  for (const Target& target : desired->targets.list) {
    if (target.hook.is_hook || target.key.name.empty()) continue;
    Value live = OR_CO_RETURN(co_await live_object(cluster, target.key));
    Difference difference{target.key, Value(), Value()};
    if (live.is_null()) {
      difference.target = without_tracking(normalize_state(target.kind, normalize_intent(target.object), {}));
    } else {
      bool differ = OR_CO_RETURN(differs(target.kind, tracked_as(target.object, live), live, app.ignore_differences,
                                         &difference.live, &difference.target));
      if (!differ) continue;
      difference.live = without_tracking(std::move(difference.live));
      difference.target = without_tracking(std::move(difference.target));
    }
    mask_secrets(difference.live, difference.target);
    comparison.differences.push_back(std::move(difference));
  }
  // What the application has and Git no longer names.
  auto place = [](const ObjectKey& key) { return std::tuple(key.kind.group, key.kind.kind, key.ns, key.name); };
  std::set<std::tuple<std::string, std::string, std::string, std::string>> wanted;
  for (const Target& target : desired->targets.list) wanted.insert(place(target.key));
  for (const Value& r : application["status"]["resources"].items()) {
    ObjectKey key{{r["group"].str(), r["version"].str(), r["kind"].str()}, r["namespace"].str(), r["name"].str()};
    if (wanted.contains(place(key)) || r["hook"].as_bool()) continue;
    Value live = OR_CO_RETURN(co_await live_object(cluster, key));
    auto tracking = TrackingId::of(live);
    if (!tracking || tracking->application != app.tracking_name || !tracking->names(live)) continue;
    Value none;
    Value shown = without_tracking(normalize_state(cluster.catalog().find(key.kind), normalize_intent(live), {}));
    mask_secrets(shown, none);
    comparison.differences.push_back({key, std::move(shown), Value()});
  }
  co_return comparison;
}

Value application_for(std::string_view name, std::string_view repository, std::string_view path,
                      std::string_view revision, std::string_view control_namespace) {
  Value source{{"repoURL", repository},
               {"path", path.empty() ? std::string_view(".") : path},
               {"targetRevision", revision.empty() ? std::string_view("HEAD") : revision}};
  Value policy{{"automated", Value{{"prune", true}, {"selfHeal", true}}},
               {"syncOptions", Value::array({Value("CreateNamespace=true")})}};
  Value spec{{"project", "default"},
             {"source", source},
             {"destination", Value{{"server", default_server}, {"namespace", "default"}}},
             {"syncPolicy", policy}};
  return Value{{"apiVersion", application_kind.api_version()},
               {"kind", application_kind.kind},
               {"metadata", Value{{"name", name}, {"namespace", control_namespace}}},
               {"spec", spec}};
}

}  // namespace slipway::gitops
