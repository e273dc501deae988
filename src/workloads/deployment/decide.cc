// The pure part of the Deployment controller: which replica sets there should be, and how large.
// The new set is the one whose template equals the deployment's; a rolling update moves pods from the old sets to it
// within maxSurge and maxUnavailable; Recreate empties the old ones first. One call plans one step; changed replica
// sets wake the next.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "base/time.h"
#include "workloads/deployment/deployment.h"
#include "workloads/kinds.h"
#include "workloads/pods.h"

namespace slipway::workloads {

namespace {

constexpr const char* revision_key = "deployment.kubernetes.io/revision";
constexpr const char* history_key = "deployment.kubernetes.io/revision-history";
constexpr const char* desired_key = "deployment.kubernetes.io/desired-replicas";
constexpr const char* max_key = "deployment.kubernetes.io/max-replicas";
constexpr const char* hash_label = "pod-template-hash";

int64_t annotation_number(const Value& object, const char* key) {
  return base::parse_int(object["metadata"]["annotations"][key].as_string()).value_or(0);
}

constexpr size_t history_bytes_max = 2000;  // as Kubernetes' revHistoryLimitInChars

// The oldest revisions make room for the new one.
std::string with_revision(std::string_view history, int64_t revision) {
  std::string added = std::to_string(revision);
  while (!history.empty() && history.size() + 1 + added.size() > history_bytes_max) {
    size_t comma = history.find(',');
    history = comma == history.npos ? std::string_view() : history.substr(comma + 1);
  }
  return history.empty() ? added : fmt::format("{},{}", history, added);
}

class Planner {
 public:
  Planner(const Value& deployment, const std::vector<Value>& sets, const std::vector<Value>& pods, WallTime now)
      : d_(deployment), pods_(pods), now_(now), bounds_(rollout_bounds(deployment)) {
    wanted_ = d_["spec"]["replicas"].as_int(1);
    conditions_ = d_["status"]["conditions"];
    gather(sets);
  }

  DeploymentPlan plan() {
    if (is_terminating(d_)) {
      write_status();
      return std::move(plan_);
    }
    if (d_["spec"]["paused"].as_bool()) {
      note_paused(true);
      scale_together();
    } else {
      note_paused(false);
      sync_revision();
      if (is_scaling()) {
        scale_together();
      } else if (d_["spec"]["strategy"]["type"].as_string() == "Recreate") {
        recreate();
      } else {
        roll();
      }
    }
    collect_updates();
    write_status();
    trim_history();
    return std::move(plan_);
  }

 private:
  // A replica set as it is and as it will be.
  struct Set {
    Value was, object;
    int64_t replicas() const { return object["spec"]["replicas"].as_int(); }
    int64_t available() const { return was["status"]["availableReplicas"].as_int(); }
  };

  void gather(const std::vector<Value>& sets) {
    auto selector = kinds::Selector::from_label_selector(d_["spec"]["selector"]);
    for (const Value& set : sets) {
      bool matches = selector && !selector->matches_everything() && selector->matches(set["metadata"]["labels"]);
      if (is_controlled_by(set, d_)) {
        all_.push_back({set, set});
      } else if (matches && kinds::controller_of(set).is_null() && !is_terminating(set) && !is_terminating(d_)) {
        plan_.adopt.push_back(set);
        all_.push_back({set, set});
      }
    }
    std::sort(all_.begin(), all_.end(), [](const Set& a, const Set& b) {
      auto born = [](const Set& s) { return s.was["metadata"]["creationTimestamp"].str(); };
      return std::pair(born(a), kinds::name_of(a.was)) < std::pair(born(b), kinds::name_of(b.was));
    });
    Value wanted = without_hash(d_["spec"]["template"]);
    for (size_t i = 0; i < all_.size(); ++i) {
      if (without_hash(all_[i].was["spec"]["template"]) == wanted) {
        new_ = i;
        break;
      }
    }
  }

  static Value without_hash(const Value& pod_template) {
    return pod_template.without(std::string("/metadata/labels/") + hash_label).without("/metadata/creationTimestamp");
  }

  std::vector<Set*> old_sets() {
    std::vector<Set*> old;
    for (size_t i = 0; i < all_.size(); ++i) {
      if (i != new_) old.push_back(&all_[i]);
    }
    return old;
  }
  Set* new_set() { return new_ ? &all_[*new_] : nullptr; }
  int64_t total_replicas() const {
    int64_t sum = created_replicas_;
    for (const Set& s : all_) sum += s.replicas();
    return sum;
  }

  // ---- the new replica set and its revision ----

  void sync_revision() {
    int64_t newest = 0;
    for (Set* s : old_sets()) newest = std::max(newest, annotation_number(s->was, revision_key));
    std::string revision = std::to_string(newest + 1);
    if (Set* s = new_set()) {
      s->object = with_annotations(s->object, revision);
      if (reconcile::find_condition(conditions_, "Progressing").is_null()) {
        set_progressing("True", "FoundNewReplicaSet",
                        fmt::format("Found new replica set \"{}\"", kinds::name_of(s->was)));
      }
      revision = s->object["metadata"]["annotations"][revision_key].str();
      if (s->object["spec"]["minReadySeconds"].as_int() != d_["spec"]["minReadySeconds"].as_int()) {
        s->object = s->object.with("/spec/minReadySeconds", d_["spec"]["minReadySeconds"].as_int());
      }
    }
    next_revision_ = revision;
    if (new_set()) tell_revision();
  }

  // The Deployment is at the revision of its new set, so not before there is one: Recreate first waits for old pods.
  void tell_revision() {
    if (d_["metadata"]["annotations"][revision_key].as_string() != next_revision_) plan_.revision = next_revision_;
  }

  Value with_annotations(const Value& set, const std::string& revision) {
    Value annotations = set["metadata"]["annotations"];
    if (annotations.is_null()) annotations = Value::object();
    std::vector<value::Member> inherited;
    for (const auto& [key, value] : d_["metadata"]["annotations"].members()) {
      if (key.view().starts_with("deployment.kubernetes.io/") ||
          key.view() == "kubectl.kubernetes.io/last-applied-configuration" ||
          key.view() == "deprecated.deployment.rollback.to") {
        continue;
      }
      inherited.push_back({key, value});
    }
    annotations = annotations.with_members(std::move(inherited));
    int64_t old = annotation_number(set, revision_key);
    int64_t next = base::parse_int(revision).value_or(1);
    if (old < next) {
      if (old > 0) {
        annotations = annotations.with_member(history_key, with_revision(annotations[history_key].str(), old));
      }
      annotations = annotations.with_member(revision_key, revision);
    }
    return set.with("/metadata/annotations", annotations);
  }

  Value with_size(const Value& set, int64_t replicas) {
    Value annotations = set["metadata"]["annotations"];
    if (annotations.is_null()) annotations = Value::object();
    annotations = annotations.with_member(desired_key, std::to_string(wanted_))
                      .with_member(max_key, std::to_string(wanted_ + bounds_.surge_max));
    return set.with("/metadata/annotations", annotations).with("/spec/replicas", replicas);
  }

  void create_new(int64_t replicas) {
    int64_t collisions = d_["status"]["collisionCount"].as_int();
    std::string hash = pod_template_hash(d_["spec"]["template"], collisions);
    Value pod_template = d_["spec"]["template"].with(std::string("/metadata/labels/") + hash_label, hash);
    Value selector = d_["spec"]["selector"].with(std::string("/matchLabels/") + hash_label, hash);
    std::string name = fmt::format("{}-{}", kinds::name_of(d_), hash);
    ObjectBuilder spec;
    spec.set("replicas", replicas).set_unless_empty("minReadySeconds", d_["spec"]["minReadySeconds"]);
    spec.set("selector", selector).set("template", pod_template);
    Value set{{"apiVersion", "apps/v1"},
              {"kind", "ReplicaSet"},
              {"metadata", Value{{"name", name},
                                 {"namespace", d_["metadata"]["namespace"]},
                                 {"labels", pod_template["metadata"]["labels"]},
                                 {"ownerReferences", Value::array({controller_reference(d_)})}}},
              {"spec", spec.build()}};
    plan_.create = with_size(with_annotations(set, next_revision_), replicas);
    created_replicas_ = replicas;
    tell_revision();
    set_progressing("True", "NewReplicaSetCreated", fmt::format("Created new replica set \"{}\"", name));
    if (replicas > 0) {
      plan_.events.push_back(
          {"Normal", "ScalingReplicaSet", fmt::format("Scaled up replica set {} from 0 to {}", name, replicas)});
    }
  }

  void resize(Set& s, int64_t replicas) {
    int64_t before = s.replicas();
    s.object = with_size(s.object, replicas);
    if (before == replicas) return;
    plan_.events.push_back({"Normal", "ScalingReplicaSet",
                            fmt::format("Scaled {} replica set {} from {} to {}", replicas > before ? "up" : "down",
                                        kinds::name_of(s.was), before, replicas)});
  }

  // ---- strategies ----

  int64_t new_size() {
    int64_t current = new_set() ? new_set()->replicas() : 0;
    if (d_["spec"]["strategy"]["type"].as_string() == "Recreate") return wanted_;
    int64_t room = wanted_ + bounds_.surge_max - total_replicas();
    if (room <= 0) return current;
    return current + std::min(room, wanted_ - current);
  }

  void roll() {
    Set* s = new_set();
    if (!s) {
      create_new(new_size());
      return;
    }
    if (s->replicas() > wanted_) {
      resize(*s, wanted_);
      return;
    }
    if (s->replicas() < wanted_) {
      int64_t size = new_size();
      if (size != s->replicas()) {
        resize(*s, size);
        return;
      }
    }
    shrink_old(*s);
  }

  void shrink_old(const Set& fresh) {
    int64_t available = 0, old_total = 0;
    for (Set* s : old_sets()) old_total += s->replicas();
    if (old_total == 0) return;
    for (const Set& s : all_) available += s.available();
    int64_t available_min = wanted_ - bounds_.unavailable_max;
    int64_t budget = total_replicas() - available_min - (fresh.replicas() - fresh.available());
    if (budget <= 0) return;
    // Broken pods of old sets go first: they serve nobody.
    int64_t cleaned = 0;
    for (Set* s : old_sets()) {
      int64_t broken = std::min(budget - cleaned, s->replicas() - s->available());
      if (s->replicas() == 0 || broken <= 0) continue;
      resize(*s, s->replicas() - broken);
      cleaned += broken;
    }
    int64_t spare = available - available_min;
    for (Set* s : old_sets()) {
      int64_t less = std::min(spare, s->replicas());
      if (less <= 0) continue;
      resize(*s, s->replicas() - less);
      spare -= less;
    }
  }

  void recreate() {
    bool emptied = false;
    for (Set* s : old_sets()) {
      if (s->replicas() == 0) continue;
      resize(*s, 0);
      emptied = true;
    }
    if (emptied || old_pods_running()) return;
    Set* s = new_set();
    if (!s) {
      create_new(wanted_);
    } else if (s->replicas() != wanted_) {
      resize(*s, wanted_);
    }
  }

  bool old_pods_running() {
    for (const Value& pod : pods_) {
      auto phase = pod["status"]["phase"].as_string();
      if (phase == "Succeeded" || phase == "Failed") continue;
      for (Set* s : old_sets()) {
        if (is_controlled_by(pod, s->was)) return true;
      }
    }
    return false;
  }

  // ---- spec.replicas changed, or paused: no new template is rolled out ----

  bool is_scaling() {
    for (const Set& s : all_) {
      if (s.replicas() > 0 && s.was["metadata"]["annotations"].has(desired_key) &&
          annotation_number(s.was, desired_key) != wanted_) {
        return true;
      }
    }
    return false;
  }

  void scale_together() {
    std::vector<Set*> active;
    for (Set& s : all_) {
      if (s.replicas() > 0) active.push_back(&s);
    }
    if (active.size() <= 1) {
      Set* only = !active.empty() ? active[0] : new_set() ? new_set() : all_.empty() ? nullptr : &all_.back();
      if (only && (only->replicas() != wanted_ || is_scaling())) resize(*only, wanted_);
      return;
    }
    Set* fresh = new_set();
    if (fresh && fresh->replicas() == wanted_ && fresh->available() == wanted_ &&
        annotation_number(fresh->was, desired_key) == wanted_) {
      for (Set* s : old_sets()) {
        if (s->replicas() > 0) resize(*s, 0);
      }
      return;
    }
    if (d_["spec"]["strategy"]["type"].as_string() == "Recreate") return;
    int64_t allowed = wanted_ > 0 ? wanted_ + bounds_.surge_max : 0;
    int64_t to_add = allowed - total_replicas(), added = 0;
    // The larger set takes more; among equals the newer grows and the older shrinks first.
    std::sort(active.begin(), active.end(), [&](const Set* a, const Set* b) {
      if (a->replicas() != b->replicas()) return a->replicas() > b->replicas();
      return to_add > 0 ? a > b : a < b;
    });
    std::vector<int64_t> sizes;
    for (Set* s : active) {
      int64_t share = 0;
      if (to_add != 0) {
        share = fraction(*s);
        share =
            to_add > 0 ? std::clamp<int64_t>(share, 0, to_add - added) : std::clamp<int64_t>(share, to_add - added, 0);
      }
      sizes.push_back(s->replicas() + share);
      added += share;
    }
    if (to_add != 0) sizes[0] = std::max<int64_t>(0, sizes[0] + to_add - added);
    for (size_t i = 0; i < active.size(); ++i) resize(*active[i], sizes[i]);
  }

  int64_t fraction(const Set& s) {
    if (wanted_ == 0) return -s.replicas();
    int64_t before = annotation_number(s.was, max_key);
    if (before <= 0) before = std::max<int64_t>(1, d_["status"]["replicas"].as_int());
    double size = static_cast<double>(s.replicas()) * static_cast<double>(wanted_ + bounds_.surge_max) /
                  static_cast<double>(before);
    return std::llround(size) - s.replicas();
  }

  // ---- status ----

  void note_paused(bool paused) {
    if (!d_["spec"].has("progressDeadlineSeconds")) return;
    auto reason = reconcile::find_condition(conditions_, "Progressing")["reason"].str();
    if (reason == "ProgressDeadlineExceeded") return;
    if (paused && reason != "DeploymentPaused") set_progressing("Unknown", "DeploymentPaused", "Deployment is paused");
    if (!paused && reason == "DeploymentPaused")
      set_progressing("Unknown", "DeploymentResumed", "Deployment is resumed");
  }

  void set_progressing(std::string_view status, std::string_view reason, std::string_view message) {
    set_condition("Progressing", status, reason, message);
  }

  // DeploymentConditions carry lastUpdateTime too, and the one that changed goes to the end.
  void set_condition(std::string_view type, std::string_view status, std::string_view reason, std::string_view message,
                     bool touch = false) {
    Value old = reconcile::find_condition(conditions_, type);
    bool same = old["status"].as_string() == status && old["reason"].as_string() == reason;
    if (same && !touch) return;
    std::string now = base::format_rfc3339(now_);
    Value since = old["status"].as_string() == status ? old["lastTransitionTime"] : Value(now);
    std::vector<Value> list;
    for (const Value& c : conditions_.items()) {
      if (c["type"].as_string() != type) list.push_back(c);
    }
    list.push_back(Value{{"type", type},
                         {"status", status},
                         {"lastUpdateTime", now},
                         {"lastTransitionTime", since},
                         {"reason", reason},
                         {"message", message}});
    conditions_ = Value::array(std::move(list));
  }

  void write_status() {
    int64_t replicas = 0, ready = 0, available = 0, terminating = 0;
    for (const Set& s : all_) {
      replicas += s.was["status"]["replicas"].as_int();
      ready += s.was["status"]["readyReplicas"].as_int();
      available += s.available();
      terminating += s.was["status"]["terminatingReplicas"].as_int();
    }
    int64_t updated = new_set() ? new_set()->was["status"]["replicas"].as_int() : 0;
    if (available >= wanted_ - bounds_.unavailable_max) {
      set_condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.");
    } else {
      set_condition("Available", "False", "MinimumReplicasUnavailable",
                    "Deployment does not have minimum availability.");
    }
    bool complete = updated == wanted_ && replicas == wanted_ && available == wanted_ && !plan_.create;
    if (!d_["spec"]["paused"].as_bool()) judge_progress(replicas, updated, ready, available, complete);
    complete_ = complete;

    const Value& old = d_["status"];
    ObjectBuilder status;
    status.set("observedGeneration", d_["metadata"]["generation"]);
    status.set_unless_empty("replicas", replicas).set_unless_empty("updatedReplicas", updated);
    status.set_unless_empty("readyReplicas", ready).set_unless_empty("availableReplicas", available);
    status.set_unless_empty("unavailableReplicas", std::max<int64_t>(0, total_replicas() - available));
    status.set_unless_empty("conditions", conditions_).set_unless_empty("collisionCount", old["collisionCount"]);
    status.set("terminatingReplicas", terminating);
    plan_.status = status.build();
  }

  void judge_progress(int64_t replicas, int64_t updated, int64_t ready, int64_t available, bool complete) {
    int64_t deadline = d_["spec"]["progressDeadlineSeconds"].as_int(0);
    if (deadline == 0 || deadline == 2147483647) return;
    Value current = reconcile::find_condition(conditions_, "Progressing");
    auto reason = current["reason"].as_string();
    if (replicas == updated && reason == "NewReplicaSetAvailable") return;
    std::string set = new_set() ? fmt::format("ReplicaSet \"{}\"", kinds::name_of(new_set()->was))
                                : fmt::format("Deployment \"{}\"", kinds::name_of(d_));
    const Value& old = d_["status"];
    bool moved = updated > old["updatedReplicas"].as_int() ||
                 replicas - updated < old["replicas"].as_int() - old["updatedReplicas"].as_int() ||
                 ready > old["readyReplicas"].as_int() || available > old["availableReplicas"].as_int();
    if (complete) {
      set_progressing("True", "NewReplicaSetAvailable", set + " has successfully progressed.");
    } else if (moved) {
      set_condition("Progressing", "True", "ReplicaSetUpdated", set + " is progressing.", true);
    } else if (!current.is_null() && reason != "ProgressDeadlineExceeded" && reason != "NewReplicaSetAvailable") {
      auto since = base::parse_rfc3339(current["lastUpdateTime"].as_string());
      if (!since) return;
      // The clock went back: the time begins anew, or it would not end before the clock is there again.
      if (*since > now_ + 1s) {
        set_condition("Progressing", current["status"].as_string(), reason, current["message"].as_string(), true);
        since = now_;
      }
      Duration left = *since + std::chrono::seconds(deadline) - now_;
      if (left <= Duration::zero()) {
        set_progressing("False", "ProgressDeadlineExceeded", set + " has timed out progressing.");
      } else {
        plan_.look_again_after = left + 1s;
      }
    }
  }

  void collect_updates() {
    for (const Set& s : all_) {
      if (!(s.object == s.was)) plan_.update.push_back(s.object);
    }
  }

  void trim_history() {
    if (!complete_ || !d_["spec"].has("revisionHistoryLimit")) return;
    std::vector<Set*> empty;
    for (Set* s : old_sets()) {
      bool settled = s->was["metadata"]["generation"].as_int() <= s->was["status"]["observedGeneration"].as_int();
      if (s->replicas() == 0 && s->was["status"]["replicas"].as_int() == 0 && settled && !is_terminating(s->was)) {
        empty.push_back(s);
      }
    }
    std::sort(empty.begin(), empty.end(), [](const Set* a, const Set* b) {
      return annotation_number(a->was, revision_key) < annotation_number(b->was, revision_key);
    });
    int64_t limit = d_["spec"]["revisionHistoryLimit"].as_int();
    for (int64_t i = 0; i < static_cast<int64_t>(empty.size()) - limit; ++i) plan_.remove.push_back(empty[i]->was);
  }

  const Value& d_;
  const std::vector<Value>& pods_;
  WallTime now_;
  RolloutBounds bounds_;
  int64_t wanted_;
  Value conditions_;
  std::vector<Set> all_;  // oldest first
  std::optional<size_t> new_;
  std::string next_revision_;
  int64_t created_replicas_ = 0;
  bool complete_ = false;
  DeploymentPlan plan_;
};

int64_t resolve(const Value& number, int64_t of, bool round_up, int64_t fallback) {
  if (number.is_int()) return number.as_int();
  auto text = number.as_string();
  if (!text.ends_with('%')) return fallback;
  int64_t percent = base::parse_int(text.substr(0, text.size() - 1)).value_or(0);
  return round_up ? (of * percent + 99) / 100 : of * percent / 100;
}

}  // namespace

DeploymentPlan decide_deployment(const Value& deployment, const std::vector<Value>& sets,
                                 const std::vector<Value>& pods, WallTime now) {
  return Planner(deployment, sets, pods, now).plan();
}

RolloutBounds rollout_bounds(const Value& deployment) {
  if (deployment["spec"]["strategy"]["type"].as_string() == "Recreate") return {};
  const Value& rolling = deployment["spec"]["strategy"]["rollingUpdate"];
  int64_t replicas = deployment["spec"]["replicas"].as_int(1);
  RolloutBounds bounds;
  bounds.surge_max = resolve(rolling["maxSurge"], replicas, true, 0);
  bounds.unavailable_max = resolve(rolling["maxUnavailable"], replicas, false, 0);
  if (bounds.surge_max == 0 && bounds.unavailable_max == 0) bounds.unavailable_max = 1;
  bounds.unavailable_max = std::min(bounds.unavailable_max, replicas);
  return bounds;
}

}  // namespace slipway::workloads
