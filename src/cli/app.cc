// slipway app list | get | diff | sync | wait: Applications of any cluster that a kubeconfig names.
#include <unistd.h>

#include "base/text.h"
#include "base/time.h"
#include "cli/client_commands.h"
#include "cli/connection.h"
#include "cli/object_diff.h"
#include "cli/table.h"
#include "gitops/application/application.h"
#include "gitops/engine.h"
#include "sources/repositories.h"
#include "sources/url.h"
#include "value/json.h"

namespace slipway::cli {

namespace {

// Of each source, parted by commas.
std::string of_sources(const Value& app, std::string (*what)(const Value& source)) {
  std::vector<std::string> all;
  for (const Value& source : gitops::sources_of(app["spec"])) all.push_back(what(source));
  return base::join(all, ", ");
}
std::string place_of_source(const Value& source) {
  for (const char* field : {"path", "chart"})
    if (!source[field].str().empty()) return source[field].str();
  return source["ref"].str().empty() ? "" : "$" + source["ref"].str();
}
Result<> has_one_source(const Value& app) {
  if (!gitops::source_of(app["spec"]).is_array()) return {};
  return fail(ErrorKind::bad_request, "--revision: {} has several sources, each with its targetRevision",
              app["metadata"]["name"].as_string());
}

const kinds::GroupVersionKind application_kind{"argoproj.io", "v1alpha1", "Application"};
const Option app_namespace{"--app-namespace", "NS", "where the Application stands", "argocd", false, 'N'};

std::string or_dash(std::string_view text) {
  return text.empty() ? "-" : std::string(text);
}

struct Target {
  std::unique_ptr<cluster::Cluster> cluster;
  cluster::ObjectKey key;
  Value app;
};

Task<Result<Target>> find_app(World& world, Invocation said) {
  auto connected = co_await connect(world, said);
  if (!connected) co_return connected.error();
  Target target{std::move(*connected), {application_kind, said.option("--app-namespace"), said.arguments[0]}, {}};
  auto app = co_await target.cluster->get(target.key);
  if (app.failed_with(ErrorKind::not_found)) {
    auto all = co_await target.cluster->list(application_kind, {.ns = target.key.ns});
    std::vector<std::string> names;
    if (all) {
      for (const Value& other : all->items) names.emplace_back(kinds::name_of(other));
    }
    auto near = base::nearest(target.key.name, names);
    co_return fail(ErrorKind::not_found, "there is no application \"{}\"{}", target.key.name,
                   near            ? fmt::format("; did you mean {}?", *near)
                   : names.empty() ? "; none is there yet"
                                   : "; there are: " + base::join(names, ", "));
  }
  if (!app) co_return app.error();
  target.app = std::move(*app);
  co_return target;
}

Task<int> app_list(runtime::RealWorld& world, Invocation said) {
  auto connected = co_await connect(world, said);
  if (!connected) co_return report(connected.error());
  auto list = co_await (*connected)->list(application_kind, {});
  if (!list) co_return report(list.error());
  if (said.json()) {
    print(value::to_json_pretty(Value{{"items", Value::array(list->items)}}) + "\n");
    co_return 0;
  }
  std::vector<std::vector<std::string>> rows = {{"NAME", "SYNC", "HEALTH", "REVISION", "REPOSITORY", "PATH"}};
  for (const Value& app : list->items) {
    const Value& status = app["status"];
    rows.push_back({app["metadata"]["name"].str(), or_dash(status["sync"]["status"].as_string()),
                    or_dash(status["health"]["status"].as_string()),
                    or_dash(gitops::short_revisions(gitops::revisions_of(status["sync"]))),
                    of_sources(app, [](const Value& s) { return sources::shown_url(s["repoURL"].as_string()); }),
                    of_sources(app, place_of_source)});
  }
  if (rows.size() == 1) {
    complain("There are no applications. slipway up REPO makes one.\n");
  } else {
    print_table(rows);
  }
  co_return 0;
}

void describe(const Value& app) {
  const Value& status = app["status"];
  std::string revisions = gitops::short_revisions(gitops::revisions_of(status["sync"]));
  print(fmt::format(
      "Name:        {}\nRepository:  {}\nPath:        {}\nRevision:    {}\nSync:        {}{}\nHealth:      {}\n",
      app["metadata"]["name"].as_string(),
      of_sources(app, [](const Value& s) { return sources::shown_url(s["repoURL"].as_string()); }),
      of_sources(app, place_of_source),
      of_sources(app,
                 [](const Value& s) {
                   return s["targetRevision"].str().empty() ? std::string("HEAD") : s["targetRevision"].str();
                 }),
      or_dash(status["sync"]["status"].as_string()), revisions.empty() ? "" : " at " + revisions,
      or_dash(status["health"]["status"].as_string())));
  const Value& operation = status["operationState"];
  if (!operation.is_null()) {
    print(fmt::format("Operation:   {} {}\n", operation["phase"].as_string(), operation["message"].as_string()));
  }
  for (const Value& condition : status["conditions"].items()) {
    print(fmt::format("{:<12} {}\n", condition["type"].str() + ":", condition["message"].as_string()));
  }
  std::vector<std::vector<std::string>> rows = {{"KIND", "NAMESPACE", "NAME", "STATUS", "HEALTH", "MESSAGE"}};
  for (const Value& resource : status["resources"].items()) {
    std::string message = resource["health"]["message"].str();
    for (const Value& result : operation["syncResult"]["resources"].items()) {
      bool same = result["kind"] == resource["kind"] && result["name"] == resource["name"] &&
                  result["namespace"] == resource["namespace"];
      if (same && message.empty()) message = result["message"].str();
    }
    rows.push_back({resource["kind"].str(), or_dash(resource["namespace"].as_string()), resource["name"].str(),
                    or_dash(resource["status"].as_string()), or_dash(resource["health"]["status"].as_string()),
                    message});
  }
  if (rows.size() > 1) {
    print("\n");
    print_table(rows);
  }
}

Task<int> app_get(runtime::RealWorld& world, Invocation said) {
  auto target = co_await find_app(world, said);
  if (!target) co_return report(target.error());
  if (said.json()) {
    print(value::to_json_pretty(target->app) + "\n");
  } else {
    describe(target->app);
  }
  co_return 0;
}

// Compares here and now, with this machine's git: nothing in the cluster is changed.
Task<int> app_diff(runtime::RealWorld& world, Invocation said) {
  auto target = co_await find_app(world, to_connect(world, said));
  if (!target) co_return report(target.error());
  auto repositories = co_await repositories_of(world, said, *target->cluster);
  Value app = target->app;
  if (said.has("--revision")) {
    if (auto one = has_one_source(app); !one) co_return report(one.error());
    app = app.with("/spec/source/targetRevision", said.option("--revision"));
  }
  auto comparison = co_await gitops::compare(world, *target->cluster, *repositories, app);
  if (!comparison) co_return report(comparison.error());
  for (const auto& warning : comparison->warnings) complain(fmt::format("slipway: warning: {}\n", warning));
  co_return print_differences(*comparison, said.json());
}

Task<Result<Value>> request(cluster::Cluster& cluster, cluster::ObjectKey key, Value patch) {
  auto written = co_await cluster.write(cluster::merge_patch(std::move(key), std::move(patch)));
  if (!written) co_return written.error();
  co_return written->object;
}

struct Goal {
  bool synced = false, healthy = false;
  // The operation that stood in this revision has ended. Not a time: the server's clock may be another.
  uint64_t operation_of = 0;
};

bool reached(const Value& app, const Goal& goal) {
  const Value& status = app["status"];
  if (!app["operation"].is_null()) return false;
  if (goal.operation_of > 0 &&
      (kinds::revision_of(app) < goal.operation_of || status["operationState"]["phase"].as_string() == "Running"))
    return false;
  if (goal.synced && status["sync"]["status"].as_string() != "Synced") return false;
  return !goal.healthy || status["health"]["status"].as_string() == "Healthy";
}

// What stands between an application and the goal.
std::string waits_for(const Value& app, const Goal& goal) {
  const Value& status = app["status"];
  const Value& operation = status["operationState"];
  bool runs = operation["phase"].as_string() == "Running" || operation["phase"].as_string() == "Terminating";
  if (!app["operation"].is_null() && !runs)
    return fmt::format("the sync has not begun: first {} is looked at",
                       of_sources(app, [](const Value& s) { return sources::shown_url(s["repoURL"].as_string()); }));
  if (runs) return fmt::format("the sync runs: {}", operation["message"].as_string());
  std::string errors;
  for (const Value& condition : status["conditions"].items())
    if (condition["type"].as_string().ends_with("Error")) errors += "; " + condition["message"].str();
  return fmt::format("sync {}, health {}{}", or_dash(status["sync"]["status"].as_string()),
                     or_dash(status["health"]["status"].as_string()), errors);
}

// For a person who waits: a line whenever it is something else that is waited for.
Task<void> tell_progress(const Value* app, const Goal* goal) {
  std::string told;
  auto rested = co_await runtime::sleep(1500ms);
  while (rested) {
    std::string now = app->is_null() ? "the server has not answered" : waits_for(*app, *goal);
    if (now != told) complain(fmt::format("slipway: {}\n", now));
    told = std::move(now);
    rested = co_await runtime::sleep(500ms);
  }
}

// Watches until the goal is reached, the operation failed, or time is up; `seen` is what was last heard.
Task<Result<Value>> follow(cluster::Cluster& cluster, cluster::ObjectKey key, Goal goal, Value* seen) {
  cluster::WatchOptions options{.ns = key.ns, .field_selector = "metadata.name=" + key.name};
  while (true) {
    auto watch = co_await cluster.watch(key.kind, options);
    if (!watch) co_return watch.error();
    while (true) {
      auto event = co_await (*watch)->next();
      if (event.failed_with(ErrorKind::unavailable) || event.failed_with(ErrorKind::gone)) break;
      if (!event) co_return event.error();
      if (event->type == cluster::WatchType::deleted)
        co_return fail(ErrorKind::not_found, "application \"{}\" was deleted", key.name);
      if (event->type == cluster::WatchType::bookmark) continue;
      *seen = event->object;
      auto phase = event->object["status"]["operationState"]["phase"].as_string();
      bool failed = phase == "Failed" || phase == "Error";
      bool ours = goal.operation_of > 0 && kinds::revision_of(event->object) >= goal.operation_of;
      if (failed && ours && event->object["operation"].is_null()) {
        co_return fail(ErrorKind::invalid, "the sync failed: {}",
                       event->object["status"]["operationState"]["message"].as_string());
      }
      if (reached(event->object, goal)) co_return event->object;
    }
    auto rested = co_await runtime::sleep(500ms);
    if (!rested) co_return rested.error();
  }
}

Task<int> wait_for(cluster::Cluster& cluster, cluster::ObjectKey key, Goal goal, Invocation said) {
  auto timeout = base::parse_go_duration(said.option("--timeout"));
  if (!timeout)
    co_return report(
        fail(ErrorKind::bad_request, "--timeout {}: expected a time such as 90s or 5m", said.option("--timeout")));
  Value seen;
  runtime::Scope& scope = co_await runtime::current_scope();
  TaskGroup progress(scope);
  if (::isatty(STDERR_FILENO)) progress.spawn(tell_progress(&seen, &goal));
  auto app = co_await runtime::with_timeout(*timeout, follow(cluster, key, goal, &seen));
  co_await progress.stop();
  if (app.failed_with(ErrorKind::timeout)) {
    if (!seen.is_null()) describe(seen);
    co_return report(fail(ErrorKind::timeout, "after {} the application is not there yet: {}", said.option("--timeout"),
                          seen.is_null() ? "the server has not answered" : waits_for(seen, goal)));
  }
  if (!app) co_return report(app.error());
  if (said.json()) {
    print(value::to_json_pretty(*app) + "\n");
  } else {
    describe(*app);
  }
  co_return 0;
}

Task<int> app_sync(runtime::RealWorld& world, Invocation said) {
  auto target = co_await find_app(world, said);
  if (!target) co_return report(target.error());
  ObjectBuilder sync;
  if (said.has("--revision")) {
    if (auto one = has_one_source(target->app); !one) co_return report(one.error());
    sync.set("revision", said.option("--revision"));
  }
  if (said.has("--prune")) sync.set("prune", true);
  if (said.has("--dry-run")) sync.set("dryRun", true);
  Value operation{{"initiatedBy", Value{{"username", "slipway"}}}, {"sync", sync.build()}};
  Value annotations{{"argocd.argoproj.io/refresh", "normal"}};
  auto asked = co_await request(*target->cluster, target->key,
                                Value{{"operation", operation}, {"metadata", Value{{"annotations", annotations}}}});
  if (!asked) co_return report(asked.error());
  Goal goal{.operation_of = kinds::revision_of(*asked)};
  co_return co_await wait_for(*target->cluster, target->key, goal, said);
}

Task<int> app_wait(runtime::RealWorld& world, Invocation said) {
  auto target = co_await find_app(world, said);
  if (!target) co_return report(target.error());
  bool either = said.has("--sync") || said.has("--health");
  Goal goal{.synced = !either || said.has("--sync"), .healthy = !either || said.has("--health")};
  co_return co_await wait_for(*target->cluster, target->key, goal, said);
}

const Option timeout_option{"--timeout", "TIME", "give up after", "5m"};

}  // namespace

Command app_list_command() {
  return {.words = "app list",
          .summary = "the applications, their sync and health",
          .options = {json_option, data_option, kubeconfig_option},
          .run = app_list};
}

Command app_get_command() {
  return {.words = "app get",
          .arguments = "NAME",
          .summary = "one application: state, conditions, every object",
          .options = {app_namespace, json_option, data_option, kubeconfig_option},
          .arguments_min = 1,
          .arguments_max = 1,
          .run = app_get};
}

Command app_diff_command() {
  return {.words = "app diff",
          .arguments = "NAME",
          .summary = "what Git says against what is there",
          .help =
              "Compares without changing anything. Exit code 1: there are differences.\n\n  slipway app diff shop "
              "--revision my-branch\n",
          .options = {{"--revision", "REV", "compare with this branch, tag or commit"},
                      clones_option,
                      app_namespace,
                      json_option,
                      kubeconfig_option},
          .arguments_min = 1,
          .arguments_max = 1,
          .run = app_diff};
}

Command app_sync_command() {
  return {.words = "app sync",
          .arguments = "NAME",
          .summary = "apply what Git says now, and wait for the end",
          .options = {{"--revision", "REV", "this branch, tag or commit"},
                      {"--prune", "", "delete what is not in Git any more"},
                      {"--dry-run", "", "only try"},
                      timeout_option,
                      app_namespace,
                      json_option,
                      data_option,
                      kubeconfig_option},
          .arguments_min = 1,
          .arguments_max = 1,
          .run = app_sync};
}

Command app_wait_command() {
  return {.words = "app wait",
          .arguments = "NAME",
          .summary = "wait until an application is synced and healthy",
          .options = {{"--sync", "", "only until it is synced"},
                      {"--health", "", "only until it is healthy"},
                      timeout_option,
                      app_namespace,
                      json_option,
                      data_option,
                      kubeconfig_option},
          .arguments_min = 1,
          .arguments_max = 1,
          .run = app_wait};
}

}  // namespace slipway::cli
