// Jobs and CronJobs (kubernetes 1.35, pkg/apis/batch/validation and pkg/registry/batch).
#include <algorithm>
#include <set>

#include "base/text.h"
#include "kinds/checks.h"
#include "kinds/object.h"

namespace slipway::kinds {

namespace {

constexpr int64_t indexed_max = 100'000, indexed_max_of_many = 10'000;
constexpr size_t rules_max = 20, exit_codes_max = 255, managed_by_max = 63, indexes_bytes_max = 64 << 10;
constexpr size_t cron_job_name_max = 52;  // its jobs' names end in eleven letters more

void check_managed_by(Checks& c, const Value& name, const Path& at) {
  if (name.is_null()) return;
  c.domain_prefixed_path(at, name);
  if (name.as_string().size() > managed_by_max) c.too_long(at, managed_by_max);
}

void check_indexed(Checks& c, const Value& spec, const Path& at) {
  const Value &completions = spec["completions"], &parallelism = spec["parallelism"],
              &failed = spec["maxFailedIndexes"];
  if (completions.is_null()) c.required(at / "completions", "when completion mode is Indexed");
  if (parallelism.as_int() > indexed_max)
    c.invalid(at / "parallelism", parallelism,
              fmt::format("must be less than or equal to {} when completion mode is Indexed", indexed_max));
  if (!completions.is_null() && failed.as_int() > completions.as_int())
    c.invalid(at / "maxFailedIndexes", failed, "must be less than or equal to completions");
  if (failed.as_int() > indexed_max)
    c.invalid(at / "maxFailedIndexes", failed, fmt::format("must be less than or equal to {}", indexed_max));
  if (completions.as_int() <= indexed_max || spec["backoffLimitPerIndex"].is_null()) return;
  const std::string of_many = fmt::format(
      "must be less than or equal to {} when completions are above {} and used with backoff limit per index",
      indexed_max_of_many, indexed_max);
  if (failed.is_null())
    c.required(at / "maxFailedIndexes", fmt::format("must be specified when completions is above {}", indexed_max));
  if (parallelism.as_int() > indexed_max_of_many) c.invalid(at / "parallelism", parallelism, of_many);
  if (failed.as_int() > indexed_max_of_many) c.invalid(at / "maxFailedIndexes", failed, of_many);
}

void check_exit_codes(Checks& c, const Value& codes, const std::set<std::string_view>& containers, const Path& at) {
  const Value &values = codes["values"], &container = codes["containerName"];
  std::string_view op = codes["operator"].as_string();
  if (op.empty())
    c.required(at / "operator", R"(valid values: ["In" "NotIn"])");
  else if (op != "In" && op != "NotIn")
    c.not_supported(at / "operator", codes["operator"], {"In", "NotIn"});
  if (!container.is_null() && !containers.contains(container.as_string()))
    c.invalid(at / "containerName", container,
              "must be one of the container or initContainer names in the pod template");
  Path values_at = at / "values";
  if (values.empty())
    c.invalid(values_at, Value::array({}), "at least one value is required");
  else if (values.size() > exit_codes_max)
    c.too_many(values_at, values.size(), exit_codes_max);
  std::set<int64_t> seen;
  bool ordered = true;
  for (size_t i = 0; i < values.size() && !c.full(); ++i) {
    if (op == "In" && values[i].as_int() == 0) c.invalid(values_at[i], values[i], "must not be 0 for the In operator");
    if (!seen.insert(values[i].as_int()).second) c.duplicate(values_at[i], values[i]);
    ordered &= i == 0 || values[i - 1].as_int() <= values[i].as_int();
  }
  if (!ordered) c.invalid(values_at, values, "must be ordered");
}

void check_pod_conditions(Checks& c, const Value& patterns, const Path& at) {
  if (patterns.size() > rules_max) c.too_many(at, patterns.size(), rules_max);
  for (size_t i = 0; i < patterns.size() && !c.full(); ++i) {
    const Value &type = patterns[i]["type"], &status = patterns[i]["status"];
    c.invalid(at[i] / "type", Value(type.as_string()), label_key_problems(type.as_string()));
    if (status.as_string().empty())
      c.required(at[i] / "status", R"(valid values: ["False" "True" "Unknown"])");
    else if (status.as_string() != "False" && status.as_string() != "True" && status.as_string() != "Unknown")
      c.not_supported(at[i] / "status", status, {"False", "True", "Unknown"});
  }
}

void check_failure_rule(Checks& c, const Value& rule, const Value& spec, const std::set<std::string_view>& containers,
                        const Path& at) {
  static const std::vector<std::string> actions = {"Count", "FailIndex", "FailJob", "Ignore"};
  const Value &action = rule["action"], &codes = rule["onExitCodes"], &conditions = rule["onPodConditions"];
  if (action.as_string().empty())
    c.required(at / "action", fmt::format("valid values: [\"{}\"]", base::join(actions, "\" \"")));
  else if (action.as_string() == "FailIndex" && spec["backoffLimitPerIndex"].is_null())
    c.invalid(at / "action", action, "requires the backoffLimitPerIndex to be set");
  else if (std::ranges::find(actions, action.as_string()) == actions.end())
    c.not_supported(at / "action", action, actions);
  if (codes.is_object()) check_exit_codes(c, codes, containers, at / "onExitCodes");
  if (!conditions.empty()) check_pod_conditions(c, conditions, at / "onPodConditions");
  if (codes.is_object() && !conditions.empty())
    c.invalid(at, "specifying both OnExitCodes and OnPodConditions is not supported");
  if (!codes.is_object() && conditions.empty())
    c.invalid(at, "specifying one of OnExitCodes and OnPodConditions is required");
}

void check_failure_policy(Checks& c, const Value& spec, const Path& at) {
  const Value& rules = spec["podFailurePolicy"]["rules"];
  if (rules.size() > rules_max) c.too_many(at, rules.size(), rules_max);
  std::set<std::string_view> containers;
  for (std::string_view list : {"containers", "initContainers"})
    for (const Value& container : spec["template"]["spec"][list].items())
      containers.insert(container["name"].as_string());
  for (size_t i = 0; i < rules.size() && !c.full(); ++i) check_failure_rule(c, rules[i], spec, containers, at[i]);
}

// How many indexes "0,2-4" names, of so many completions; else what is wrong with it.
Result<int64_t> count_of_indexes(std::string_view text, int64_t completions) {
  auto index = [&](std::string_view part) -> Result<int64_t> {
    auto number = base::parse_int(part);
    if (!number) return fail(ErrorKind::invalid, "cannot convert string to integer for index: \"{}\"", part);
    if (*number >= completions) return fail(ErrorKind::invalid, "too large index: \"{}\"", part);
    return *number;
  };
  auto ascending = [](int64_t before, int64_t now) -> Result<> {
    if (before < now) return {};
    return fail(ErrorKind::invalid, "non-increasing order, previous: {}, current: {}", before, now);
  };
  int64_t count = 0;
  std::optional<int64_t> last;
  if (text.empty()) return count;
  for (std::string_view interval : base::split(text, ',')) {
    auto limits = base::split(interval, '-');
    if (limits.size() > 2)
      return fail(ErrorKind::invalid,
                  "the fragment \"{}\" violates the requirement that an index interval can have at most two parts "
                  "separated by '-'",
                  interval);
    int64_t first = OR_RETURN(index(limits[0])), end = first;
    if (limits.size() == 2) {
      end = OR_RETURN(index(limits[1]));
      OR_RETURN(ascending(first, end));
    }
    if (last) OR_RETURN(ascending(*last, first));
    count += end - first + 1;
    last = end;
  }
  return count;
}

void check_success_rule(Checks& c, const Value& rule, int64_t completions, const Path& at) {
  const Value &indexes = rule["succeededIndexes"], &count = rule["succeededCount"];
  if (indexes.is_null() && count.is_null())
    c.required(at, "at least one of succeededCount or succeededIndexes must be specified");
  int64_t named = 0;
  if (!indexes.is_null()) {
    Path here = at / "succeededIndexes";
    if (indexes.as_string().size() > indexes_bytes_max) c.too_long(here, indexes_bytes_max);
    auto counted = count_of_indexes(indexes.as_string(), completions);
    if (counted)
      named = *counted;
    else
      c.invalid(here, indexes, fmt::format("error parsing succeededIndexes: {}", counted.error().message()));
  }
  if (count.is_null()) return;
  Path here = at / "succeededCount";
  c.not_negative(here, count);
  if (count.as_int() > completions)
    c.invalid(here, count,
              fmt::format("must be less than or equal to {} (the number of specified completions)", completions));
  if (!indexes.is_null() && count.as_int() > named)
    c.invalid(here, count,
              fmt::format("must be less than or equal to {} (the number of indexes in the specified succeededIndexes "
                          "field)",
                          named));
}

void check_success_policy(Checks& c, const Value& spec, const Path& at) {
  if (spec["completionMode"].as_string() != "Indexed") {
    c.invalid_printed(at, in_go(type_named("batch.v1.SuccessPolicy"), spec["successPolicy"]),
                      "requires indexed completion mode");
    return;
  }
  const Value& rules = spec["successPolicy"]["rules"];
  if (rules.empty())
    c.required(at / "rules", "at least one rules must be specified when the successPolicy is specified");
  if (rules.size() > rules_max) c.too_many(at / "rules", rules.size(), rules_max);
  for (size_t i = 0; i < rules.size() && !c.full(); ++i)
    check_success_rule(c, rules[i], spec["completions"].as_int(), (at / "rules")[i]);
}

void check_replacement_policy(Checks& c, const Value& spec, const Path& at) {
  const Value& policy = spec["podReplacementPolicy"];
  if (policy.is_null()) return;
  std::vector<std::string> fits = {"Failed"};
  if (!spec["podFailurePolicy"].is_object()) fits.emplace_back("TerminatingOrFailed");
  if (std::ranges::find(fits, policy.as_string()) == fits.end()) c.not_supported(at, policy, fits);
}

void check_job_spec(Checks& c, const Value& spec, const Value* before, const Path& at) {
  for (std::string_view name : {"parallelism", "completions", "activeDeadlineSeconds", "backoffLimit",
                                "ttlSecondsAfterFinished", "backoffLimitPerIndex", "maxFailedIndexes"})
    c.not_negative(at / name, spec[name]);
  if (!spec["maxFailedIndexes"].is_null() && spec["backoffLimitPerIndex"].is_null())
    c.required(at / "backoffLimitPerIndex", "when maxFailedIndexes is specified");
  check_managed_by(c, spec["managedBy"], at / "managedBy");
  const Value& mode = spec["completionMode"];
  c.value(type_named("batch.v1.JobSpec").field("completionMode")->type, mode, nullptr, at / "completionMode");
  if (mode.as_string() == "Indexed") check_indexed(c, spec, at);
  if (mode.as_string("NonIndexed") == "NonIndexed")
    for (std::string_view name : {"backoffLimitPerIndex", "maxFailedIndexes"})
      if (!spec[name].is_null()) c.invalid(at / name, spec[name], "requires indexed completion mode");
  if (spec["podFailurePolicy"].is_object()) check_failure_policy(c, spec, at / "podFailurePolicy" / "rules");
  if (spec["successPolicy"].is_object()) check_success_policy(c, spec, at / "successPolicy");
  check_replacement_policy(c, spec, at / "podReplacementPolicy");
  check_pod_template(c, spec["template"], before ? &(*before)["template"] : nullptr, at / "template");
  const Value& restart = spec["template"]["spec"]["restartPolicy"];
  Path restart_at = at / "template" / "spec" / "restartPolicy";
  if (restart.as_string() == "Always")
    c.required(restart_at, R"(valid values: "OnFailure", "Never")");
  else if (!restart.is_null() && restart.as_string() != "OnFailure" && restart.as_string() != "Never")
    c.not_supported(restart_at, restart, {"OnFailure", "Never"});
  else if (restart.as_string() == "OnFailure" && spec["podFailurePolicy"].is_object())
    c.invalid(restart_at, restart, R"(only "Never" is supported when podFailurePolicy is specified)");
}

// With the selector, which templates of CronJobs lack.
void check_whole_spec(Checks& c, const Value& spec, const Value* before, const Path& at) {
  check_job_spec(c, spec, before, at);
  const Value &selector = spec["selector"], &labels = spec["template"]["metadata"]["labels"];
  if (selector.is_null()) c.required(at / "selector");
  c.label_selector(at / "selector", selector);
  auto parsed = Selector::from_label_selector(selector);  // of none: nothing, which matches no labels
  if (parsed && !parsed->matches(labels))
    c.invalid(at / "template" / "metadata" / "labels", labels, "`selector` does not match template `labels`");
}

// The labels and the selector that every Job gets say whose pods they are; who wrote others of these names is told.
void check_generated_selector(Checks& c, const Value& job) {
  const Value &spec = job["spec"], &selector = spec["selector"], &labels = spec["template"]["metadata"]["labels"];
  if (spec["manualSelector"].as_bool() || !selector.is_object() || !job["metadata"].has("uid")) return;
  Path at("spec"), labels_at = at / "template" / "metadata" / "labels";
  const std::string name = job["metadata"]["name"].str(), uid = job["metadata"]["uid"].str();
  const std::pair<std::string_view, const std::string&> expected[] = {{"controller-uid", uid},
                                                                      {"job-name", name},
                                                                      {"batch.kubernetes.io/controller-uid", uid},
                                                                      {"batch.kubernetes.io/job-name", name}};
  Value all = Value::object();
  for (const auto& [label, value] : expected) {
    all = all.with_member(label, value);
    if (!labels.has(label))
      c.required(labels_at.key(label), fmt::format("must be '{}'", value));
    else if (labels[label].as_string() != value)
      c.invalid(labels_at.key(label), labels, fmt::format("must be '{}'", value));
  }
  auto parsed = Selector::from_label_selector(selector);
  if (parsed && !parsed->matches(all)) c.invalid(at / "selector", selector, "`selector` not auto-generated");
}

// Of a job that was suspended before it ran, whoever places its pods may still say where they go.
Value template_that_may_stand(const Value& now, const Value& job_before) {
  Value before = job_before["spec"]["template"];
  if (!job_before["spec"]["suspend"].as_bool() || !job_before["status"]["startTime"].is_null()) return before;
  for (std::string_view path : {"/metadata/labels", "/metadata/annotations", "/spec/nodeSelector", "/spec/tolerations",
                                "/spec/schedulingGates", "/spec/affinity/nodeAffinity"})
    before = now.at(path).is_null() ? before.without(path) : before.with(path, now.at(path));
  for (std::string_view path : {"/spec/affinity", "/metadata"})
    if (before.at(path).is_object() && before.at(path).empty() && now.at(path).is_null()) before = before.without(path);
  return before;
}

void check_job_update(Checks& c, const Value& job, const Value& job_before, const Path& at) {
  const Value &spec = job["spec"], &before = job_before["spec"], &completions = spec["completions"];
  check_whole_spec(c, spec, &before, at);  // both are looked at, so what is wrong is said twice
  if (spec["completionMode"].as_string() != "Indexed")
    c.unchanged(at / "completions", completions, before["completions"]);
  else if (completions != before["completions"] && !completions.is_null() && completions != spec["parallelism"])
    c.invalid(at / "completions", completions, "can only be modified in tandem with spec.parallelism");
  c.unchanged(at / "selector", spec["selector"], before["selector"]);
  if (spec["template"] != before["template"])
    c.unchanged(at / "template", spec["template"], template_that_may_stand(spec["template"], job_before));
  c.unchanged(at / "completionMode", spec["completionMode"], before["completionMode"]);
  auto printed = [&](std::string_view name, std::string_view type) {
    if (spec[name] != before[name])
      c.invalid_printed(at / name, in_go(type_named(type), spec[name]), "field is immutable");
  };
  printed("podFailurePolicy", "batch.v1.PodFailurePolicy");
  for (std::string_view name : {"backoffLimitPerIndex", "managedBy"}) c.unchanged(at / name, spec[name], before[name]);
  printed("successPolicy", "batch.v1.SuccessPolicy");
}

}  // namespace

void check_job(Checks& c, const Value& job, const Value* before, const Path&) {
  const Value& spec = job["spec"];
  Path at("spec");
  check_generated_selector(c, job);
  // Without a uid the server has yet to add its own selector: a manifest is looked at.
  bool is_manifest = !before && !spec["manualSelector"].as_bool() && job["metadata"]["uid"].as_string().empty();
  (is_manifest ? check_job_spec : check_whole_spec)(c, spec, before ? &(*before)["spec"] : nullptr, at);
  if (int64_t all = spec["completions"].as_int(); spec["completionMode"].as_string() == "Indexed" && all > 0) {
    const Value& name = job["metadata"]["name"];
    std::string last = fmt::format("{}-{}", name.as_string(), all - 1);
    if (!dns_label_problems(last).empty())
      c.invalid(Path("metadata") / "name", name,
                fmt::format("will not able to create pod with invalid DNS label: {}", last));
  }
  if (before) check_job_update(c, job, *before, at);
}

void check_cron_job(Checks& c, const Value& job, const Value* before, const Path&) {
  const Value &spec = job["spec"], &template_spec = spec["jobTemplate"]["spec"];
  Path at("spec"), template_at = at / "jobTemplate" / "spec";
  check_schedule(c, spec, before ? &(*before)["spec"] : nullptr, at);
  c.not_negative(at / "startingDeadlineSeconds", spec["startingDeadlineSeconds"]);
  if (!before || (*before)["spec"]["timeZone"] != spec["timeZone"])
    check_time_zone(c, spec["timeZone"], at / "timeZone");
  c.value(type_named("batch.v1.CronJobSpec").field("concurrencyPolicy")->type, spec["concurrencyPolicy"], nullptr,
          at / "concurrencyPolicy");
  check_job_spec(c, template_spec, nullptr, template_at);
  if (!template_spec["selector"].is_null())
    c.invalid(template_at / "selector", template_spec["selector"], "`selector` will be auto-generated");
  if (template_spec["manualSelector"].as_bool())
    c.not_supported(template_at / "manualSelector", template_spec["manualSelector"], {"nil", "false"});
  for (std::string_view name : {"successfulJobsHistoryLimit", "failedJobsHistoryLimit"})
    c.not_negative(at / name, spec[name]);
  if (const Value& name = job["metadata"]["name"]; !before && name.as_string().size() > cron_job_name_max)
    c.invalid(Path("metadata") / "name", name, fmt::format("must be no more than {} characters", cron_job_name_max));
}

}  // namespace slipway::kinds
