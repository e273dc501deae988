#include "gitops/compare/state.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/text.h"
#include "gitops/application/tracking.h"
#include "gitops/compare/normalize.h"
#include "gitops/compare/three_way.h"
#include "kinds/conversion.h"
#include "kinds/pod_template.h"

namespace slipway::gitops {

namespace {

using Place = std::tuple<std::string, std::string, std::string, std::string>;  // group, kind, namespace, name
Place place_of(const cluster::ObjectKey& key) {
  return {key.kind.group, key.kind.kind, key.ns, key.name};
}

std::string shown(const cluster::ObjectKey& key) {
  return fmt::format("{}/{}:{}/{}", key.kind.group, key.kind.kind, key.ns, key.name);
}

bool annotation_says(const Value& object, std::string_view annotation, std::string_view word) {
  std::string text = object["metadata"]["annotations"][annotation].str();
  for (std::string_view part : base::split(text, ',')) {
    if (base::trim(part) == word) return true;
  }
  return false;
}

// Of one resource; the kinds that nobody acts on say so, and do not count.
Health health_of(const Resource& resource, const Found& found) {
  if (resource.live.is_null()) return {HealthStatus::missing, ""};
  if (resource.kind && resource.kind->controller_missing && resource.key.kind.group != application_kind.group) {
    return {HealthStatus::none, "no controller yet"};
  }
  Health health = assess(resource.live);
  if (health.status == HealthStatus::progressing || health.status == HealthStatus::degraded) {
    std::string stuck = found.stuck ? found.stuck(resource.live) : "";
    if (!stuck.empty()) health.message += (health.message.empty() ? "" : " ") + ("(" + stuck + ")");
  }
  return health;
}

Health overall_health(const std::vector<Resource>& resources) {
  Health worst{HealthStatus::healthy, ""};
  std::vector<std::string> causes;
  bool any = false, any_live = false;
  for (const Resource& r : resources) {
    if (r.hook.is_hook || r.hook.skip || r.is_copy) continue;
    any = true;
    any_live = any_live || !r.live.is_null();
    if (r.live.is_null() || r.health.status == HealthStatus::none) continue;
    if (annotation_says(r.live, "argocd.argoproj.io/ignore-healthcheck", "true")) continue;
    bool child = r.key.kind.group == application_kind.group && r.key.kind.kind == application_kind.kind;
    if (child && (r.health.status == HealthStatus::missing || r.health.status == HealthStatus::unknown)) continue;
    if (r.health.status > worst.status) {
      worst.status = r.health.status;
      causes.clear();
    }
    if (r.health.status == worst.status && worst.status != HealthStatus::healthy) {
      causes.push_back(shown(r.key) + (r.health.message.empty() ? "" : " (" + r.health.message + ")"));
    }
  }
  if (any && !any_live) return {HealthStatus::missing, ""};
  if (!causes.empty()) {
    size_t more = causes.size() > 3 ? causes.size() - 3 : 0;
    causes.resize(causes.size() - more);
    worst.message = "Caused by " + base::join(causes, ", ");
    if (more > 0) worst.message += fmt::format(", and {} more", more);
  }
  return worst;
}

}  // namespace

std::set<std::string> images_of(const Value& object) {
  std::set<std::string> images;
  for (const Value* pod : kinds::pod_templates(object)) {
    for (const char* list : {"containers", "initContainers"}) {
      for (const Value& container : (*pod)["spec"][list].items()) {
        if (container["image"].is_string()) images.insert(container["image"].str());
      }
    }
  }
  return images;
}

std::string_view to_string(SyncStatus status) {
  switch (status) {
    case SyncStatus::none:
      return "";
    case SyncStatus::synced:
      return "Synced";
    case SyncStatus::out_of_sync:
      return "OutOfSync";
    case SyncStatus::unknown:
      return "Unknown";
  }
  return "";
}

Result<bool> differs(const kinds::Kind* kind, const Value& target, const Value& live, const IgnoreRules& ignore,
                     Value* normal_live, Value* normal_target) {
  Value wanted = normalize_intent(target), before = normalize_intent(last_applied(live));
  // What was applied had annotations, at least the one that said so: leaving them out now takes nothing away.
  if (!wanted["metadata"]["annotations"].is_object()) wanted = wanted.with("/metadata/annotations", Value::object());
  // Never applied by anybody: what it has and we do not name, may stay.
  if (before.is_null()) before = wanted;
  Value shown_live = normalize_intent(live).without_member("status");
  auto patch = OR_RETURN(three_way(kind, before, wanted.without_member("status"), shown_live));
  Value predicted = patch.empty() ? shown_live : OR_RETURN(patched(kind, shown_live, patch));
  Value a = normalize_state(kind, shown_live, ignore), b = normalize_state(kind, predicted, ignore);
  if (a == b) return false;
  if (normal_live) *normal_live = std::move(a);
  if (normal_target) *normal_target = std::move(b);
  return true;
}

State compare_state(const Application& app, const Targets& targets, const Found& found, const kinds::Catalog& catalog,
                    bool target_known) {
  State state;
  state.conditions = targets.conditions;
  std::map<Place, Resource> by_place;
  std::vector<Resource> unnamed;
  for (const Target& target : targets.list) {
    Resource r;
    r.key = target.key;
    r.kind = target.kind;
    r.target = target.object;
    r.hook = target.hook;
    if (r.key.name.empty())
      unnamed.push_back(std::move(r));
    else
      by_place[place_of(target.key)] = std::move(r);
  }
  for (const Value& live : found.live) {
    auto key = cluster::ObjectKey::of(live);
    Resource& r = by_place[place_of(key)];
    // What is compared is the version that Git has.
    r.live = r.kind ? kinds::converted(*r.kind, live) : live;
    if (!r.target.is_null()) continue;
    r.key = key;
    r.kind = catalog.find(key.kind);
    r.hook = hook_of(live);
    auto tracking = TrackingId::of(live);
    r.is_copy = !tracking || !tracking->names(live);
    r.requires_pruning = !r.is_copy;
  }
  bool unknown = !target_known;
  for (auto& [place, r] : by_place) {
    r.health = health_of(r, found);
    bool is_plain = !r.hook.is_hook && !r.hook.skip && !r.is_copy;
    if (!is_plain) {
      r.counts = false;
      if (r.hook.is_hook && r.target.is_null()) r.requires_pruning = true;
    } else if (unknown) {
      r.status = SyncStatus::unknown;
    } else if (r.target.is_null() || r.live.is_null()) {
      r.status = SyncStatus::out_of_sync;
      r.counts =
          !(r.target.is_null() && annotation_says(r.live, "argocd.argoproj.io/compare-options", "IgnoreExtraneous"));
    } else {
      auto differ = found.known
                        ? found.known->differs(r.key, r.kind, r.target, r.live, app.ignore_differences, &r.normal_live,
                                               &r.normal_target)
                        : differs(r.kind, r.target, r.live, app.ignore_differences, &r.normal_live, &r.normal_target);
      if (!differ) {
        state.conditions.push_back({"ComparisonError", fmt::format("Failed to compare desired state to live state: "
                                                                   "{}: {}",
                                                                   r.key.str(), differ.error().str())});
        unknown = true;
      }
      r.status = !differ ? SyncStatus::unknown : *differ ? SyncStatus::out_of_sync : SyncStatus::synced;
      auto owner = TrackingId::of(r.live);
      if (owner && owner->application != app.tracking_name) {
        state.conditions.push_back(
            {"SharedResourceWarning", fmt::format("{}/{} is part of applications {}/{} and {}", r.key.kind.kind,
                                                  r.key.name, app.ns, app.name, owner->application)});
      }
    }
    if (r.counts && r.status == SyncStatus::out_of_sync) state.status = SyncStatus::out_of_sync;
  }
  if (unknown) state.status = SyncStatus::unknown;
  for (auto& [place, r] : by_place) {
    if (unknown && r.status != SyncStatus::none) r.status = SyncStatus::unknown;
    state.resources.push_back(std::move(r));
  }
  for (Resource& r : unnamed) {
    r.counts = false;
    state.resources.push_back(std::move(r));
  }
  state.health = overall_health(state.resources);
  return state;
}

Result<bool> Comparisons::differs(const cluster::ObjectKey& key, const kinds::Kind* kind, const Value& target,
                                  const Value& live, const IgnoreRules& ignore, Value* normal_live,
                                  Value* normal_target) {
  auto at = known_.find(key);
  bool same = at != known_.end() && at->second.target.same_node(target) && at->second.live.same_node(live) &&
              at->second.ignore == ignore.said();
  if (!same) {
    Known next{.target = target, .live = live, .ignore = ignore.said(), .normal_live = {}, .normal_target = {}};
    next.differ = OR_RETURN(gitops::differs(kind, target, live, ignore, &next.normal_live, &next.normal_target));
    at = known_.insert_or_assign(key, std::move(next)).first;
  }
  *normal_live = at->second.normal_live;
  *normal_target = at->second.normal_target;
  return at->second.differ;
}

void Comparisons::keep_only(const std::vector<Resource>& resources) {
  if (known_.size() <= resources.size()) return;
  std::map<cluster::ObjectKey, Known> kept;
  for (const Resource& r : resources) {
    if (auto at = known_.find(r.key); at != known_.end()) kept.insert(known_.extract(at));
  }
  known_ = std::move(kept);
}

Value resources_status(const State& state) {
  ArrayBuilder list;
  for (const Resource& r : state.resources) {
    if (r.key.name.empty()) continue;                  // a hook that gets its name when it runs
    if (r.hook.is_hook && r.live.is_null()) continue;  // hooks show while they are there
    const Value& object = r.live.is_null() ? r.target : r.live;
    ObjectBuilder one;
    one.set_unless_empty("group", r.key.kind.group).set("kind", r.key.kind.kind).set("version", r.key.kind.version);
    one.set_unless_empty("namespace", r.key.ns).set("name", r.key.name);
    if (r.hook.is_hook) one.set("hook", true);
    one.set_unless_empty("status", to_string(r.status));
    one.set_unless_empty("requiresPruning", r.requires_pruning);
    one.set_unless_empty("syncWave", wave_of(object));
    Value health = r.health.value();
    if (!health.is_null() && !r.hook.is_hook) one.set("health", health);
    list.push(one.build());
  }
  return list.size() == 0 ? Value() : list.build();
}

Value summary_of(const State& state) {
  std::set<std::string> images;
  for (const Resource& r : state.resources) {
    images.merge(images_of(r.live));
  }
  if (images.empty()) return Value();
  ArrayBuilder list;
  for (const std::string& image : images) list.push(image);
  return Value{{"images", list.build()}};
}

}  // namespace slipway::gitops
