// What an Application asks for, read from its object. Pure. Source: Argo CD 3.2 (reference/gitops.md 1.2, 4.10, 4.16).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "cluster/cluster.h"
#include "gitops/compare/ignore_rules.h"

namespace slipway::gitops {

inline const cluster::GroupVersionKind application_kind{"argoproj.io", "v1alpha1", "Application"};
inline const cluster::GroupVersionKind project_kind{"argoproj.io", "v1alpha1", "AppProject"};
// Where Argo CD keeps its settings and the passwords of repositories.
inline const cluster::GroupVersionKind config_map_kind{"", "v1", "ConfigMap"};
inline const cluster::GroupVersionKind secret_kind{"", "v1", "Secret"};

inline constexpr std::string_view refresh_annotation = "argocd.argoproj.io/refresh";
inline constexpr std::string_view cascade_finalizer = "resources-finalizer.argocd.argoproj.io";
inline constexpr std::string_view default_server = "https://kubernetes.default.svc";

// status.conditions: `type` ends in Error or Warning.
struct Condition {
  std::string type, message;
  bool operator==(const Condition&) const = default;
  auto operator<=>(const Condition&) const = default;
};

struct Retry {
  int64_t limit = 5;  // below 0: for ever
  Duration duration = 5s, duration_max = 3min;
  double factor = 2;
  bool refresh = false;
  static Retry from(const Value& retry);        // spec.syncPolicy.retry or operation.retry; absent fields by default
  Duration delay_after(int64_t retries) const;  // before retry number `retries` + 1
};

// syncOptions of the application or of one object; a later word wins.
struct SyncOptions {
  std::vector<std::string> words;  // "CreateNamespace=true"
  static SyncOptions from_list(const Value& list);
  static SyncOptions from_annotation(const Value& object);  // argocd.argoproj.io/sync-options
  bool has(std::string_view word) const;
  std::string_view value(std::string_view key) const;  // "" when absent
};

// spec.source, or one of spec.sources.
struct Source {
  Value said;            // as it is written
  std::string url;       // a chart's: what sources::chart_url() gives
  std::string revision;  // "HEAD" where none is said; or the commit that an operation asks for
  std::string path;      // a chart's: its name; empty: nothing is rendered, other sources use its files
  std::string ref;       // $ref/... in valueFiles of the others
};

struct Application {
  std::string name, ns, project;
  std::string tracking_name;  // <name>, or <ns>_<name> outside the control namespace
  Value source;               // spec.source, or the list spec.sources; null when there is none that we could use
  std::vector<Source> sources;
  std::string destination_ns;
  bool automated = false, prune = false, self_heal = false, allow_empty = false;
  std::optional<Retry> retry;
  SyncOptions options;
  IgnoreRules ignore_differences;
  std::vector<Condition> spec_errors;        // InvalidSpecError: nothing else is done
  std::vector<Condition> comparison_errors;  // what is not offered yet: nothing can be compared
  std::vector<Condition> warnings;

  bool has_several() const { return source.is_array(); }  // spec.sources, be it one
  std::vector<std::string> urls() const;
  // The same, of these commits: an operation says which. Left out or empty ones stay what the sources say.
  Application at(const std::vector<std::string>& revisions) const;
};
// What stands in spec.sources, else spec.source: one, or none.
std::vector<Value> sources_of(const Value& spec);
// "source" and "revision" of a status or an operation, or "sources" and "revisions".
std::vector<std::string> revisions_of(const Value& sync);
std::string short_revisions(const std::vector<std::string>& revisions);  // "01234567 89abcdef", for people
Value source_of(const Value& sync);                                      // null where there is none
void set_revisions(ObjectBuilder& sync, const Value& source, const std::vector<std::string>& revisions);
void set_source(ObjectBuilder& sync, const Value& source);
// A message as people read it: of what is very long (a chart that includes itself a thousand times says so a thousand
// times) the beginning and the end, and how much was left out.
std::string readable(std::string message);

// Never fails: what is wrong stands in the lists. `projects`: names of the AppProjects that exist. `known_rules`: those
// of the object as it was read before, which are taken when it still says the same.
Application read_application(const Value& object, std::string_view control_namespace,
                             const std::vector<std::string>& projects, const IgnoreRules& known_rules = {});

// status.conditions with `next` (any order) in place of all: sorted, and with the times of those that stay.
Value conditions_of(const Value& before, std::vector<Condition> next, WallTime now);

}  // namespace slipway::gitops
