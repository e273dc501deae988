// One reconciliation of an Application, from top to bottom. A step of a sync never waits for anything to become
// healthy: it says in the status what it waits for, and the change of that object wakes the next reconciliation. All
// that must survive a restart stands in the Application itself (.operation, status.operationState).
#include "gitops/engine/reconciler.h"

#include <algorithm>

#include "base/text.h"
#include "gitops/application/tracking.h"
#include "gitops/credentials.h"
#include "gitops/sync/automatic.h"
#include "sources/url.h"
#include "value/patch.h"

namespace slipway::gitops {

using cluster::ObjectKey;
using reconcile::Outcome;

namespace {

constexpr size_t renderings_max = 2;
constexpr Duration fetched_retry = 60s;  // of what does not render, and something of it came from elsewhere
constexpr std::string_view skip_annotation = "argocd.argoproj.io/skip-reconcile";

bool has_annotation(const Value& object, std::string_view name) {
  return object["metadata"]["annotations"].has(name);
}

}  // namespace

void ApplicationReconciler::watch(reconcile::Cache& cache, Enqueue enqueue) {
  wake_ = enqueue;
  reconcile::wake_self(cache, application_kind, enqueue);
  live_.watch([this](const ObjectKey& key) {
    if (cache_.get(key)) wake_(key);
  });
  // What Applications may render and fetch is another, and by which passwords: what failed may work now.
  auto wake_all = [this] {
    settings_.clear();
    for (auto& [key, memory] : memories_) forget_failed(memory);
    for (const Value& application : cache_.list(application_kind)) wake_(ObjectKey::of(application));
  };
  auto held = needs();  // a cluster need not know projects
  if (std::ranges::find(held, project_kind) != held.end())
    cache.on_change(project_kind, [wake_all](const Value&, const Value&) { wake_all(); });
  cache.on_change(config_map_kind, [this, wake_all](const Value& before, const Value& after) {
    const Value& object = after.is_null() ? before : after;
    bool settings =
        kinds::name_of(object) == settings_name && kinds::namespace_of(object) == options_.control_namespace;
    if (settings || is_about_access(object)) wake_all();
  });
  cache.on_change(secret_kind, [wake_all](const Value& before, const Value& after) {
    if (is_about_access(before) || is_about_access(after)) wake_all();
  });
}

void ApplicationReconciler::forget_failed(Memory& memory) {
  std::erase_if(memory.renderings, [](const Rendering& r) { return !r.desired; });
}

Application ApplicationReconciler::read(const Value& object, Memory& memory) {
  std::vector<std::string> projects;
  for (const Value& project : cache_.list(project_kind)) projects.emplace_back(kinds::name_of(project));
  Application app = read_application(object, options_.control_namespace, projects, memory.ignore_differences);
  memory.ignore_differences = app.ignore_differences;
  if (auto refused = refused_repository(app, settings_of(app))) app.spec_errors.push_back(std::move(*refused));
  return app;
}

const RenderSettings& ApplicationReconciler::settings_of(const Application& app) {
  auto read = settings_.find(app.project);
  if (read != settings_.end()) return read->second;
  auto known = [this](const ObjectKey& key) {
    const Value* found = cache_.get(key);
    return found ? *found : Value();
  };
  Value project = known({project_kind, options_.control_namespace, app.project});
  std::vector<std::string> own;
  if (!project.is_null()) own = repositories_of_project(access_in(cache_).secrets, app.project);
  const ObjectKey settings{config_map_kind, options_.control_namespace, std::string(settings_name)};
  return settings_[app.project] = read_render_settings(known(settings), project, app.project, own);
}

Task<Outcome> ApplicationReconciler::reconcile(ObjectKey key) {
  Value object = live_.known(key);
  if (object.is_null()) {
    revisions_.follow(key, {});
    live_.want(key, {});
    memories_.erase(key);
    co_return Outcome::done();
  }
  if (object["metadata"]["annotations"][skip_annotation].as_string() == "true") co_return Outcome::done();
  Memory& memory = memories_[key];
  Pass pass{.key = key, .object = object, .app = read(object, memory), .memory = memory, .again_after = {}};
  if (!object["metadata"]["deletionTimestamp"].is_null()) {
    revisions_.follow(key, {});
    co_return co_await remove_all(pass);
  }
  std::vector<std::string> directories;
  for (const Source& source : pass.app.sources)
    if (auto clean = sources::clean_path(source.path)) directories.push_back(std::move(*clean));
  revisions_.follow(key, pass.app.urls(), std::move(directories));
  pass.refresh = has_annotation(object, refresh_annotation);
  if (pass.refresh) {
    for (const std::string& url : pass.app.urls()) revisions_.forget(url);
    forget_failed(pass.memory);
  }
  if (object["metadata"]["annotations"][refresh_annotation].as_string() == "hard") pass.memory.renderings.clear();

  View view = co_await look(pass, pass.app);
  runtime::Scope& scope = co_await runtime::current_scope();
  if (scope.canceled()) co_return Outcome::done();
  std::vector<Condition> automatic_conditions;
  if (view.known() && pass.object["operation"].is_null()) {
    Automatic automatic = decide_automatic(pass.app, pass.object, view.state, view.revisions, world_.now());
    if (automatic.again_after) pass.wake_in(*automatic.again_after);
    automatic_conditions = automatic.conditions;
    if (!automatic.operation.is_null()) {
      pass.memory.undone.clear();
      for (const Resource& r : view.state.resources) {
        if (automatic.heals && can_be_healed(r)) pass.memory.undone.push_back(describe_drift(r));
      }
      OperationState operation = OperationState::begin(automatic.operation, world_.now());
      operation.revisions = view.revisions;
      operation.source = pass.app.source;
      Value status = pass.object["status"].is_object() ? pass.object["status"] : Value::object();
      auto begun = co_await patch(pass, status.with_member("operationState", operation.value()),
                                  Value{{"operation", automatic.operation}});
      if (!begun) co_return Outcome::failed(begun.error());
      events_.record(pass.object, "Normal", "OperationStarted",
                     fmt::format("Initiated automated sync to [{}]", base::join(view.revisions, " ")));
    }
  }
  if (pass.object["operation"].is_object()) {
    auto operated = co_await operate(pass, view);
    if (!operated) co_return Outcome::failed(operated.error());
    view = co_await look(pass, pass.app);
    if (pass.object["operation"].is_null() && view.known()) {
      // What a failed attempt means for the next one is said at once.
      automatic_conditions =
          decide_automatic(pass.app, pass.object, view.state, view.revisions, world_.now()).conditions;
    }
  }
  if (scope.canceled()) co_return Outcome::done();
  auto written = co_await write_status(pass, view, std::move(automatic_conditions));
  if (!written) co_return Outcome::failed(written.error());
  // Still out of sync, by what came meanwhile: look again when a self-heal is due.
  if (pass.object["operation"].is_null() && view.known() && !pass.again_after) {
    Automatic next = decide_automatic(pass.app, pass.object, view.state, view.revisions, world_.now());
    if (next.again_after) pass.wake_in(*next.again_after);
    if (!next.operation.is_null()) pass.wake_in(0s);
  }
  for (const Source& source : pass.app.sources)
    if (auto retry = revisions_.retry_in(source.url, source.revision, pass.app.project)) pass.wake_in(*retry);
  co_return pass.again_after ? Outcome::again_after(*pass.again_after) : Outcome::done();
}

Task<ApplicationReconciler::View> ApplicationReconciler::look(Pass& pass, Application app) {
  View view;
  for (const Source& source : app.sources) view.revisions.push_back(source.revision);
  std::vector<Condition> problems = app.spec_errors;
  problems.insert(problems.end(), app.comparison_errors.begin(), app.comparison_errors.end());
  std::shared_ptr<const Desired> desired;
  if (problems.empty()) {
    std::vector<std::string> commits;
    auto loaded = co_await desired_of(pass, app, &commits);
    if (loaded) {
      desired = *loaded;
      if (desired->loaded()) view.revisions = std::move(commits);
    } else {
      problems.push_back({"ComparisonError", "Failed to load target state: " + loaded.error().str()});
    }
  }
  auto empty = std::make_shared<Desired>();
  bool usable = desired && desired->loaded();
  auto compared = co_await compare(pass, app, usable ? desired : empty);
  if (!compared) {
    problems.push_back({"ComparisonError", "Failed to load live state: " + compared.error().str()});
    usable = false;
  } else {
    view.state = std::move(*compared);
  }
  if (usable) {
    view.desired = desired;
    view.state.incomplete = desired->incomplete;
    for (const std::string& warning : desired->warnings) view.state.conditions.push_back({"RenderWarning", warning});
    std::vector<ObjectKey> wanted;
    for (const Target& target : desired->targets.list) wanted.push_back(target.key);
    bool is_own = app.source == pass.app.source &&
                  std::ranges::equal(app.sources, pass.app.sources, {}, &Source::revision, &Source::revision);
    if (is_own) live_.want(pass.key, wanted);
  } else if (desired) {
    problems.insert(problems.end(), desired->targets.conditions.begin(), desired->targets.conditions.end());
  }
  if (!usable) {
    view.state.status = SyncStatus::unknown;
    for (Resource& r : view.state.resources) {
      if (r.status != SyncStatus::none) r.status = SyncStatus::unknown;
    }
    if (!app.spec_errors.empty() || !compared) view.state.health = {HealthStatus::unknown, ""};
  }
  view.state.conditions.insert(view.state.conditions.end(), problems.begin(), problems.end());
  view.state.conditions.insert(view.state.conditions.end(), app.warnings.begin(), app.warnings.end());
  for (Condition& c : view.state.conditions) c.message = readable(std::move(c.message));
  co_return view;
}

Task<ApplicationReconciler::DesiredResult> ApplicationReconciler::desired_of(Pass& pass, Application app,
                                                                             std::vector<std::string>* revisions) {
  std::vector<sources::Commit> commits;
  ArrayBuilder said, target_revisions;
  for (const Source& source : app.sources) {
    commits.push_back(OR_CO_RETURN(co_await revisions_.resolve(source.url, source.revision, app.project)));
    revisions->push_back(commits.back().sha);
    said.push(source.said.without_member("targetRevision"));
    target_revisions.push(source.said["targetRevision"]);
  }
  Value targeted = target_revisions.build();
  RenderSettings settings = settings_of(app);
  Value inputs{{"settings", settings.inputs()},
               {"sources", said.build()},
               {"version", cluster_.version()},
               {"namespace", app.destination_ns},
               {"project", app.project},
               {"tracking", app.tracking_name},
               {"catalog", cluster_.catalog().generation()},
               {"validate", !app.options.has("Validate=false")}};
  auto& renderings = pass.memory.renderings;
  std::erase_if(renderings, [now = world_.steady_now()](const Rendering& r) { return r.until <= now; });
  for (const Rendering& known : renderings) {
    if (known.commits != *revisions || known.inputs != inputs) continue;
    // The same commit by another name is the same, unless something of it says the name.
    if (known.targeted != targeted && (!known.desired || (*known.desired)->names_revision)) continue;
    if (known.until != SteadyTime::max()) pass.wake_in(known.until - world_.steady_now());
    co_return known.desired;
  }
  pass.asked_anew = true;
  // A commit that touched nothing of what was read last wants the same, to the node, as the one before.
  DesiredResult desired = std::shared_ptr<const Desired>();
  for (const Rendering& known : renderings) {
    if (!known.desired || known.inputs != inputs) continue;
    desired = co_await same_desired(world_, repositories_, *known.desired, commits);
    break;
  }
  bool has_fetched = false;
  if (!*desired)
    desired = co_await load_desired(world_, repositories_, cluster_, app, std::move(commits), std::move(settings),
                                    &has_fetched);
  // A repository that cannot be read now may be readable in a moment, and a chart that a commit names be published
  // after it; what does not render by itself, never will.
  bool refused = desired.failed_with(ErrorKind::bad_request) || desired.failed_with(ErrorKind::invalid) ||
                 desired.failed_with(ErrorKind::not_found) || desired.failed_with(ErrorKind::forbidden) ||
                 desired.failed_with(ErrorKind::unsupported) || desired.failed_with(ErrorKind::too_large);
  if (desired || refused) {
    Rendering rendering{std::move(inputs), std::move(targeted), *revisions, desired};
    if (!desired && has_fetched) {
      rendering.until = world_.steady_now() + fetched_retry;
      pass.wake_in(fetched_retry);
    }
    renderings.insert(renderings.begin(), std::move(rendering));
    if (renderings.size() > renderings_max) renderings.pop_back();
  } else if (!desired.failed_with(ErrorKind::canceled)) {
    pass.wake_in(10s);
  }
  co_return desired;
}

Task<Result<State>> ApplicationReconciler::compare(Pass& pass, Application app,
                                                   std::shared_ptr<const Desired> desired) {
  Found found;
  std::set<ObjectKey> seen;
  auto same = [](ObjectKey key) {
    key.kind.version.clear();
    return key;
  };
  for (const Target& target : desired->targets.list) {
    if (target.key.name.empty()) continue;
    Value live = OR_CO_RETURN(co_await live_.get(target.key));
    seen.insert(same(target.key));
    if (!live.is_null()) found.live.push_back(std::move(live));
  }
  auto mine = OR_CO_RETURN(co_await live_.managed(app.tracking_name, pass.object["status"]["resources"]));
  for (Value& object : mine) {
    if (seen.insert(same(ObjectKey::of(object))).second) found.live.push_back(std::move(object));
  }
  found.stuck = [this](const Value& workload) { return live_.stuck(workload); };
  bool known = desired->loaded() && !desired->commits.empty();
  found.known = &pass.memory.comparisons;
  State state = compare_state(app, desired->targets, found, cluster_.catalog(), known);
  pass.memory.comparisons.keep_only(state.resources);
  co_return state;
}

// ---- the operation ----

Task<Result<>> ApplicationReconciler::operate(Pass& pass, View& view) {
  const Value& asked = pass.object["operation"];
  OperationState operation = OperationState::from(pass.object["status"]["operationState"]);
  auto& doing = pass.memory.doing;
  if (doing && !doing->is_of(asked)) doing.reset();
  if (!operation.is_running() || !operation.is_of(asked)) {
    if (!doing) pass.memory.undone.clear();
    operation = doing ? *doing : OperationState::begin(asked, world_.now());
  } else if (doing && doing->started_at == operation.started_at && !operation.waits_for_retry()) {
    operation.results = doing->results;
  }
  if (operation.phase == "Terminating") {
    std::string text = operation.retries > 0
                           ? fmt::format("Operation terminated (retried {} times).", operation.retries)
                           : "Operation terminated";
    operation.operation = operation.operation.with_member("retry", Value::object());
    co_return co_await finish(pass, operation, false, "Failed", std::move(text));
  }
  // A newer commit takes the place of an automated sync that waits for something; no good commit waits for a bad one.
  bool automated = asked["initiatedBy"]["automated"].as_bool();
  std::vector<std::string> asked_for = revisions_of(asked["sync"]);
  if (automated && view.known() && !asked_for.empty() && asked_for != view.revisions &&
      (operation.waits_for_retry() || !operation.results.empty())) {
    operation.phase = "Terminating";
    co_return co_await finish(pass, operation, false, "Failed", "superseded by " + short_revisions(view.revisions));
  }
  if (operation.waits_for_retry()) {
    auto failed_at = base::parse_rfc3339(operation.finished_at);
    Duration left = failed_at ? *failed_at + operation.retry_delay() - world_.now() : Duration(0);
    if (left > Duration(0) && left <= operation.retry_delay()) {  // more: the clock went back
      pass.wake_in(left);
      co_return Result<>();
    }
    operation.results = {};
    doing.reset();
    operation.finished_at.clear();
    operation.message = fmt::format("Retrying operation. Attempt #{}", operation.retries);
    if (operation.retry().refresh && automated && view.known()) {
      ObjectBuilder latest;
      set_revisions(latest, pass.app.source, view.revisions);
      Value sync = operation.operation["sync"];
      for (const auto& [key, revision] : latest.build().members()) sync = sync.with_member(key, revision);
      operation.operation = operation.operation.with_member("sync", sync);
    }
  }
  co_return co_await advance(pass, operation);
}

Task<Result<>> ApplicationReconciler::advance(Pass& pass, OperationState& operation) {
  const Value sync = operation.operation["sync"];
  if (!sync.is_object()) {
    co_return co_await finish(pass, operation, false, "Error", "Invalid operation request: no operation specified");
  }
  Application app = pass.app;
  if (Value asked = source_of(sync); !asked.is_null() && !(asked == app.source)) {
    Value spec = pass.object["spec"].without_member("source").without_member("sources");
    app = read(pass.object.with_member("spec", spec.with_member(asked.is_array() ? "sources" : "source", asked)),
               pass.memory);
  }
  app = app.at(revisions_of(sync));
  operation.source = app.source;

  SyncRequest request = SyncRequest::from(app, pass.object, operation.operation);
  if (auto started = base::parse_rfc3339(operation.started_at)) request.started = *started;
  auto wrote = [this](const ObjectKey& key, const Value& object) { live_.wrote(key, object); };
  bool is_new = operation.results.empty();
  runtime::Scope& scope = co_await runtime::current_scope();

  // Each turn does one wave, so the number of waves bounds it; what waits leaves at once.
  for (int turn = 0; turn < 1000; ++turn) {
    if (scope.canceled()) co_return fail(ErrorKind::canceled, "canceled");
    View view = co_await look(pass, app);
    if (!view.known()) {
      std::string text;
      for (const Condition& c : view.state.conditions) {
        if (c.type.ends_with("Error")) text += (text.empty() ? "" : "; ") + fmt::format("{}: {}", c.type, c.message);
      }
      operation.revisions.clear();
      co_return co_await finish(pass, operation, false, "Error", std::move(text));
    }
    operation.revisions = view.revisions;
    request.revision = view.revisions.front();
    if (!request.destination_ns.empty()) {
      ObjectKey ns{{"", "v1", "Namespace"}, "", request.destination_ns};
      Value there = OR_CO_RETURN(co_await live_.get(ns));
      request.namespace_exists = !there.is_null();
    }
    auto tasks = plan_tasks(view.state, request, cluster_.catalog());
    co_await fill_named_hooks(&tasks);
    if (is_new) {
      is_new = false;
      if (request.options.has("FailOnSharedResource=true")) {
        for (const Condition& c : view.state.conditions) {
          if (c.type != "SharedResourceWarning") continue;
          co_return co_await finish(pass, operation, false, "Failed", "Shared resource found: " + c.message);
        }
      }
      auto bad = invalid_tasks(tasks, request, cluster_.catalog());
      std::string_view what = "one or more synchronization tasks are not valid";
      if (bad.empty()) {
        bad = co_await dry_run(cluster_, tasks, request);
        what = "one or more objects failed to apply (dry run)";
      }
      if (!bad.empty()) {
        std::vector<std::string> texts;
        for (const TaskResult& r : bad) texts.push_back(r.message);
        for (TaskResult& r : bad) operation.results.set(std::move(r));
        co_return co_await finish(pass, operation, false, "Failed",
                                  fmt::format("{}: {}", what, base::join(texts, "; ")));
      }
    }
    observe(tasks, operation.results);
    Step step = next_step(tasks, operation.results, request);
    switch (step.what) {
      case Step::What::wait: {
        operation.message = step.message;
        co_return co_await save(pass, operation);
      }
      case Step::What::finish: {
        co_await delete_ended_hooks(cluster_, tasks, step.succeeded, wrote);
        co_return co_await finish(pass, operation, step.succeeded, "Failed", step.message);
      }
      case Step::What::run: {
        std::vector<SyncTask> wave;
        for (size_t i : step.tasks) wave.push_back(tasks[i]);
        auto outcome = co_await run_wave(cluster_, std::move(wave), request, wrote);
        bool failed = false;
        for (TaskResult& r : outcome.results) {
          failed = failed || r.failed();
          operation.results.set(std::move(r));
        }
        pass.memory.doing = operation;
        if (outcome.pending) {
          operation.message = "one or more tasks are running";
          co_return co_await save(pass, operation);
        }
        if (step.is_last && !failed) {
          co_await delete_ended_hooks(cluster_, tasks, true, wrote);
          std::string_view text =
              request.dry_run ? "successfully synced (no more tasks)" : "successfully synced (all tasks run)";
          co_return co_await finish(pass, operation, true, "", std::string(text));
        }
        // A crash from here on must know what was done: hooks are not run twice.
        std::vector<const SyncTask*> left;
        for (const SyncTask& task : tasks) {
          if (task.phase != Phase::sync_fail && !operation.results.of(task)) left.push_back(&task);
        }
        operation.message = waiting_for(left);
        OR_CO_RETURN(co_await save(pass, operation));
        break;
      }
    }
  }
  co_return fail(ErrorKind::internal, "a sync of {} comes to no end", pass.key.str());
}

// A hook with generateName has its name now: what lives under it is looked up.
Task<void> ApplicationReconciler::fill_named_hooks(std::vector<SyncTask>* tasks) {
  for (SyncTask& task : *tasks) {
    if (!task.hook.is_hook || !task.live.is_null() || task.prune()) continue;
    auto live = co_await live_.get(task.key);
    if (!live || live->is_null()) continue;
    task.live = *live;
    task.health = assess(task.live);
  }
}

Task<Result<>> ApplicationReconciler::finish(Pass& pass, OperationState& operation, bool succeeded,
                                             std::string phase_when_not, std::string message) {
  operation.end(succeeded, phase_when_not, std::move(message), world_.now());
  if (operation.is_running()) {  // another try
    pass.wake_in(operation.retry_delay());
    co_return co_await save(pass, operation);
  }
  Value status = pass.object["status"].is_object() ? pass.object["status"] : Value::object();
  status = status.with_member("operationState", operation.value());
  const Value& sync = operation.operation["sync"];
  bool partial = !sync["resources"].empty();
  if (succeeded && !partial && !sync["dryRun"].as_bool()) {
    int64_t limit = pass.object["spec"]["revisionHistoryLimit"].as_int(10);
    status = status.with_member("history", with_history(status["history"], operation, limit));
  }
  // With the revision: an operation that somebody asked for meanwhile must not be wiped away unseen.
  Value extra{{"operation", nullptr},
              {"metadata", Value{{"resourceVersion", pass.object["metadata"]["resourceVersion"]}}}};
  OR_CO_RETURN(co_await patch(pass, std::move(status), std::move(extra)));
  pass.memory.doing.reset();
  std::string_view kind = partial ? "Partial sync operation" : "Sync operation";
  if (succeeded) {
    events_.record(pass.object, "Normal", "OperationCompleted",
                   fmt::format("{} to {} succeeded", kind, base::join(operation.revisions, " ")));
    for (const std::string& text : pass.memory.undone) {
      events_.record(pass.object, "Normal", "SelfHealed", "Undone: " + text);
    }
  } else {
    events_.record(pass.object, "Warning", "OperationCompleted",
                   fmt::format("{} to {} failed: {}", kind, base::join(operation.revisions, " "), operation.message));
  }
  pass.memory.undone.clear();
  co_return Result<>();
}

Task<Result<>> ApplicationReconciler::save(Pass& pass, const OperationState& operation) {
  Value status = pass.object["status"].is_object() ? pass.object["status"] : Value::object();
  co_return co_await patch(pass, status.with_member("operationState", operation.value()), Value::object());
}

// ---- the status ----

Task<Result<>> ApplicationReconciler::write_status(Pass& pass, const View& view, std::vector<Condition> conditions) {
  const Value before = pass.object["status"].is_object() ? pass.object["status"] : Value::object();
  const State& state = view.state;
  WallTime now = world_.now();
  std::string at = base::format_rfc3339(now);
  conditions.insert(conditions.end(), state.conditions.begin(), state.conditions.end());

  ObjectBuilder next;
  for (const char* kept : {"operationState", "history"}) {
    if (before.has(kept)) next.set(kept, before[kept]);
  }
  next.set("controllerNamespace", options_.control_namespace);
  Value health{{"status", to_string(state.health.status)}};
  if (!state.health.message.empty()) health = health.with_member("message", state.health.message);
  bool same_health = before["health"]["status"] == health["status"];
  next.set("health",
           health.with_member("lastTransitionTime", same_health && before["health"]["lastTransitionTime"].is_string()
                                                        ? before["health"]["lastTransitionTime"]
                                                        : Value(at)));
  ObjectBuilder compared, sync;
  set_source(compared, source_of(pass.object["spec"]));
  compared.set("destination", pass.object["spec"]["destination"]);
  const Value& ignored = pass.app.ignore_differences.said();
  if (!ignored.empty()) compared.set("ignoreDifferences", ignored);
  sync.set("status", to_string(state.status)).set("comparedTo", compared.build());
  bool told = pass.app.has_several() ? view.known() : pass.app.spec_errors.empty();
  if (told) set_revisions(sync, pass.app.source, view.revisions);
  next.set("sync", sync.build());
  if (Value list = resources_status(state); !list.is_null()) next.set("resources", list);
  if (Value summary = summary_of(state); !summary.is_null()) next.set("summary", summary);
  if (Value list = conditions_of(before["conditions"], std::move(conditions), now); !list.is_null()) {
    next.set("conditions", list);
  }
  if (view.known() && !pass.app.has_several()) next.set("sourceType", view.desired->source_types.front());
  if (view.known() && pass.app.has_several()) {
    ArrayBuilder types;
    for (const std::string& type : view.desired->source_types) types.push(type);
    next.set("sourceTypes", types.build());
  }
  Value status = next.build();

  // reconciledAt alone is no news: a poll that finds nothing new writes nothing.
  bool news = !(status == before.without_member("reconciledAt"));
  if (!news && !pass.refresh) co_return Result<>();
  bool moves = pass.refresh || pass.asked_anew || !before["reconciledAt"].is_string();
  status = status.with_member("reconciledAt", moves ? Value(at) : before["reconciledAt"]);

  Value extra = Value::object();
  if (pass.refresh) {
    Value annotations = Value::object().with_member(refresh_annotation, nullptr);
    extra = Value{{"metadata", Value{{"annotations", annotations}}}};
  }
  OR_CO_RETURN(co_await patch(pass, status, std::move(extra)));
  struct Told {
    const char* what;
    const Value &before, &after;
  };
  for (const Told& told : {Told{"sync", before["sync"]["status"], status["sync"]["status"]},
                           Told{"health", before["health"]["status"], status["health"]["status"]}}) {
    if (told.before == told.after) continue;
    events_.record(
        pass.object, "Normal", "ResourceUpdated",
        fmt::format("Updated {} status: {} -> {}", told.what, told.before.as_string(), told.after.as_string()));
  }
  co_return Result<>();
}

// The Application with this status: only what changed is sent. `extra`: more of a merge patch.
Task<Result<>> ApplicationReconciler::patch(Pass& pass, Value next_status, Value extra) {
  Value before = pass.object["status"].is_object() ? pass.object["status"] : Value::object();
  Value changes = value::merge_diff(before, next_status);
  Value body = std::move(extra);
  if (!changes.empty()) body = body.with_member("status", changes);
  if (body.empty()) co_return Result<>();
  // In a merge patch null takes away; in values (valuesObject) it is a word of its own, and then all is written.
  Value now = value::merge_patch(pass.object, body);
  Value wanted = now;
  if (!changes.empty()) wanted = wanted.with_member("status", next_status);
  if (body["operation"].is_object()) wanted = wanted.with_member("operation", body["operation"]);
  auto write = now == wanted ? cluster::merge_patch(pass.key, std::move(body)) : cluster::update(std::move(wanted));
  write.field_manager = "argocd-controller";
  auto written = co_await cluster_.write(std::move(write));
  if (written.failed_with(ErrorKind::not_found)) co_return fail(ErrorKind::conflict, "{} is gone", pass.key.str());
  if (!written) co_return std::move(written).error().context("writing the status of " + pass.key.str());
  pass.object = written->object;
  live_.wrote(pass.key, pass.object);
  co_return Result<>();
}

std::unique_ptr<reconcile::Reconciler> make_application_reconciler(World& world, cluster::Cluster& cluster,
                                                                   reconcile::Cache& cache,
                                                                   sources::Repositories& repositories,
                                                                   reconcile::EventRecorder& events,
                                                                   EngineOptions options) {
  return std::make_unique<ApplicationReconciler>(world, cluster, cache, repositories, events, std::move(options));
}

}  // namespace slipway::gitops
