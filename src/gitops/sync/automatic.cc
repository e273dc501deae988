#include "gitops/sync/automatic.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "gitops/application/tracking.h"
#include "value/json.h"

namespace slipway::gitops {

namespace {

constexpr Duration heal_delay_first = 2s, heal_delay_max = 300s, heal_calm = 330s;
constexpr size_t paths_max = 4, value_chars_max = 60;

// Since the last sync ended; very long when that cannot be told, or the clock went back behind it.
Duration since(const Value& finished_at, WallTime now) {
  auto at = base::parse_rfc3339(finished_at.as_string());
  return at && *at <= now ? now - *at : Duration(24h);
}

Duration heal_delay(int64_t attempts) {
  if (attempts <= 0) return Duration(0);
  Duration delay = heal_delay_first;
  for (int64_t i = 1; i < attempts && delay < heal_delay_max; ++i) delay *= 3;
  return std::min(delay, heal_delay_max);
}

bool only_prunes_are_needed(const State& state) {
  for (const Resource& r : state.resources) {
    if (r.counts && r.status == SyncStatus::out_of_sync && !r.requires_pruning) return false;
  }
  return true;
}

bool would_remove_all(const State& state) {
  bool any = false;
  for (const Resource& r : state.resources) {
    if (!r.counts || r.status == SyncStatus::none) continue;
    if (!r.requires_pruning) return false;
    any = true;
  }
  return any;
}

Value operation_for(const Application& app, const std::vector<std::string>& commits, bool prune) {
  Value retry = app.retry ? Value::object() : Value{{"limit", 5}};
  ObjectBuilder sync;
  if (prune) sync.set("prune", true);
  set_revisions(sync, app.source, commits);
  set_source(sync, app.source);
  if (!app.options.words.empty()) {
    ArrayBuilder words;
    for (const std::string& word : app.options.words) words.push(word);
    sync.set("syncOptions", words.build());
  }
  return Value{{"initiatedBy", Value{{"automated", true}}}, {"retry", retry}, {"sync", sync.build()}};
}

}  // namespace

bool can_be_healed(const Resource& r) {
  bool is_going = r.requires_pruning && !r.live["metadata"]["deletionTimestamp"].is_null();
  return r.counts && r.status == SyncStatus::out_of_sync && !is_going;
}

Automatic decide_automatic(const Application& app, const Value& application, const State& state,
                           const std::vector<std::string>& commits, WallTime now) {
  Automatic automatic;
  if (!app.automated || !application["operation"].is_null()) return automatic;
  if (!application["metadata"]["deletionTimestamp"].is_null() || state.status != SyncStatus::out_of_sync) {
    return automatic;
  }
  bool prune = app.prune && !state.incomplete;
  if (!prune && only_prunes_are_needed(state)) return automatic;

  const Value& last = application["status"]["operationState"];
  const Value& result = last["syncResult"];
  bool attempted = !last.is_null() && revisions_of(result) == commits && source_of(result) == app.source &&
                   !last["operation"]["sync"]["dryRun"].as_bool();
  Value operation = operation_for(app, commits, prune);
  if (app.retry) operation = operation.with_member("retry", application["spec"]["syncPolicy"]["retry"]);
  if (attempted) {
    if (last["phase"].as_string() != "Succeeded") {
      automatic.conditions.push_back({"SyncError", fmt::format("Failed last sync attempt to [{}]: {}",
                                                               base::join(commits, " "), last["message"].as_string())});
      return automatic;
    }
    if (!app.self_heal) return automatic;
    int64_t attempts = last["operation"]["sync"]["autoHealAttemptsCount"].as_int();
    Duration ago = since(last["finishedAt"], now);
    if (ago >= heal_calm) attempts = 0;
    if (Duration delay = heal_delay(attempts); ago < delay) {
      automatic.again_after = delay - ago;
      return automatic;
    }
    ArrayBuilder resources;
    for (const Resource& r : state.resources) {
      if (!can_be_healed(r)) continue;
      ObjectBuilder one;
      one.set_unless_empty("group", r.key.kind.group).set("kind", r.key.kind.kind).set("name", r.key.name);
      one.set_unless_empty("namespace", r.key.ns);
      resources.push(one.build());
    }
    Value healed = resources.build();
    if (healed.empty()) return automatic;  // who went is heard of
    Value sync = operation["sync"].with_member("autoHealAttemptsCount", attempts + 1);
    operation = operation.with_member("sync", sync.with_member("resources", std::move(healed)));
    automatic.heals = true;
  }
  if (prune && !app.allow_empty && would_remove_all(state)) {
    automatic.heals = false;
    automatic.conditions.push_back(
        {"SyncError", fmt::format("Skipping sync attempt to [{}]: auto-sync will wipe out all resources",
                                  base::join(commits, " "))});
    return automatic;
  }
  automatic.operation = std::move(operation);
  return automatic;
}

namespace {

struct Change {
  std::string path;
  Value live, target;
};

std::string member_path(const std::string& path, std::string_view key) {
  bool plain = key.find_first_of(".[]") == key.npos;
  if (!plain) return fmt::format("{}[\"{}\"]", path, key);
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

// List items that carry names are shown by them: containers[api], not containers[2].
void collect(const std::string& path, const Value& live, const Value& target, std::vector<Change>& changes) {
  if (live == target) return;
  if (live.is_object() && target.is_object()) {
    for (const auto& [key, value] : live.members()) {
      collect(member_path(path, key.view()), value, target[key.view()], changes);
    }
    for (const auto& [key, value] : target.members()) {
      if (!live.has(key.view())) collect(member_path(path, key.view()), Value(), value, changes);
    }
    return;
  }
  if (live.is_array() && target.is_array() && live.size() == target.size()) {
    for (size_t i = 0; i < live.size(); ++i) {
      std::string name = live[i]["name"].str();
      bool same_name = !name.empty() && target[i]["name"].as_string() == name;
      collect(fmt::format("{}[{}]", path, same_name ? name : std::to_string(i)), live[i], target[i], changes);
    }
    return;
  }
  changes.push_back({path, live, target});
}

std::string short_text(const Value& value) {
  if (value.is_null()) return "nothing";
  std::string text = value::to_json(value);
  if (text.size() > value_chars_max) text = text.substr(0, value_chars_max - 3) + "...";
  return text;
}

}  // namespace

std::string describe_drift(const Resource& resource) {
  std::string object = fmt::format("{} {}{}{}", resource.key.kind.kind, resource.key.ns,
                                   resource.key.ns.empty() ? "" : "/", resource.key.name);
  if (resource.live.is_null()) return object + " was deleted";
  if (resource.target.is_null()) return object + " is not in Git";
  std::vector<Change> changes;
  collect("", resource.normal_live, resource.normal_target, changes);
  bool secret = resource.key.kind.kind == "Secret" && resource.key.kind.group.empty();
  std::vector<std::string> texts;
  for (const Change& change : changes) {
    if (texts.size() == paths_max) break;
    texts.push_back(
        secret ? change.path + " differs"
               : fmt::format("{} is {}, not {}", change.path, short_text(change.live), short_text(change.target)));
  }
  std::string text = object + ": " + base::join(texts, "; ");
  if (changes.size() > paths_max) text += fmt::format("; and {} more", changes.size() - paths_max);
  return text;
}

}  // namespace slipway::gitops
