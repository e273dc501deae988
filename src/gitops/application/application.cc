#include "gitops/application/application.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "sources/chart_repository.h"
#include "sources/url.h"

namespace slipway::gitops {

namespace {

// `where`: "spec.source", "spec.sources[1]".
void read_source(const Value& said, const std::string& where, Application& app) {
  auto refuse = [&](std::string message) { app.comparison_errors.push_back({"ComparisonError", std::move(message)}); };
  Source source{said, said["repoURL"].str(), said["targetRevision"].str(), said["path"].str(), {}};
  if (app.has_several()) source.ref = said["ref"].str();
  if (source.revision.empty()) source.revision = "HEAD";
  std::string chart = said["chart"].str();
  if (source.url.empty() || (source.path.empty() && chart.empty() && source.ref.empty())) {
    app.spec_errors.push_back(
        {"InvalidSpecError",
         app.has_several() ? fmt::format("{0}: repoURL and either path, chart or ref are required", where)
                           : "spec.source.repoURL and either spec.source.path or spec.source.chart are required"});
    return;
  }
  if (sources::is_chart_url(source.url)) {
    app.spec_errors.push_back(
        {"InvalidSpecError",
         fmt::format("{0}.repoURL: \"{1}\" is no URL: name the repository as it is, and its chart in {0}.chart", where,
                     sources::shown_url(source.url))});
    return;
  }
  if (!chart.empty() && !source.ref.empty())
    return refuse(
        fmt::format("{}: source has a 'chart' field defined, but Helm charts are not yet not supported for "
                    "'ref' sources",
                    where));
  if (!chart.empty()) {
    // Argo CD's registries are written without a scheme.
    std::string repository = source.url.find("://") == source.url.npos ? "oci://" + source.url : source.url;
    source.url = sources::chart_url(repository, chart);
    source.path = chart;
  }
  app.sources.push_back(std::move(source));
  if (said["plugin"].is_object()) return refuse(where + ".plugin: plugins are not offered");
  std::string blocks;
  for (const char* block : {"Kustomize", "Helm", "Directory"}) {
    if (!said[base::to_lower(block)].is_object() || said[base::to_lower(block)].empty()) continue;
    blocks += (blocks.empty() ? "" : ",") + std::string(block);
  }
  if (blocks.find(',') != blocks.npos) {
    refuse(
        fmt::format("Failed to load target state: error getting app source type: multiple application sources "
                    "defined: {}",
                    blocks));
  }
}

void read_sources(const Value& spec, Application& app) {
  if (spec["sourceHydrator"].is_object()) {
    app.comparison_errors.push_back({"ComparisonError", "spec.sourceHydrator is not offered yet"});
    return;
  }
  app.source = source_of(spec);
  if (!app.has_several()) return read_source(app.source, "spec.source", app);
  for (size_t i = 0; i < app.source.size(); ++i) read_source(app.source[i], fmt::format("spec.sources[{}]", i), app);
}

void read_destination(const Value& spec, Application& app) {
  const Value& destination = spec["destination"];
  std::string server = destination["server"].str(), name = destination["name"].str();
  app.destination_ns = destination["namespace"].str();
  auto refuse = [&](std::string message) { app.spec_errors.push_back({"InvalidSpecError", std::move(message)}); };
  if (!server.empty() && !name.empty()) {
    return refuse(fmt::format("application destination can't have both name and server defined: {} {}", name, server));
  }
  if (server.empty() && name.empty()) return refuse("Destination server missing from app spec");
  while (server.ends_with('/')) server.pop_back();
  if (!server.empty() && server != default_server) {
    refuse(fmt::format(
        "error getting cluster by server \"{}\": rpc error: code = NotFound desc = cluster \"{}\" not found", server,
        server));
  }
  if (!name.empty() && name != "in-cluster") refuse(fmt::format("there are no clusters with this name: {}", name));
}

void read_policy(const Value& spec, Application& app) {
  const Value& policy = spec["syncPolicy"];
  const Value& automated = policy["automated"];
  app.automated = automated.is_object() && automated["enabled"].as_bool(true);
  app.prune = automated["prune"].as_bool();
  app.self_heal = automated["selfHeal"].as_bool();
  app.allow_empty = automated["allowEmpty"].as_bool();
  if (policy["retry"].is_object()) app.retry = Retry::from(policy["retry"]);
  app.options = SyncOptions::from_list(policy["syncOptions"]);
  auto warn = [&](std::string message) { app.warnings.push_back({"UnsupportedOptionWarning", std::move(message)}); };
  if (app.options.value("ServerSideApply") == "true") {
    warn("syncOptions ServerSideApply=true is not offered yet: objects are applied as by kubectl apply");
  }
  for (const Value& rule : spec["ignoreDifferences"].items()) {
    if (!rule["jqPathExpressions"].empty()) {
      warn("ignoreDifferences: jqPathExpressions are not offered yet, they ignore nothing; use jsonPointers");
    }
    if (!rule["managedFieldsManagers"].empty()) {
      warn("ignoreDifferences: managedFieldsManagers are not offered yet, they ignore nothing; use jsonPointers");
    }
  }
}

}  // namespace

Application read_application(const Value& object, std::string_view control_namespace,
                             const std::vector<std::string>& projects, const IgnoreRules& known_rules) {
  Application app;
  const Value& spec = object["spec"];
  app.name = kinds::name_of(object);
  app.ns = kinds::namespace_of(object);
  app.tracking_name = app.ns == control_namespace ? app.name : app.ns + "_" + app.name;
  app.project = spec["project"].str();
  if (app.project.empty()) app.project = "default";
  const Value& ignored = spec["ignoreDifferences"];
  app.ignore_differences = known_rules.said() == ignored ? known_rules : IgnoreRules(ignored);
  read_sources(spec, app);
  read_destination(spec, app);
  read_policy(spec, app);
  if (app.project != "default" && std::ranges::find(projects, app.project) == projects.end()) {
    app.spec_errors.push_back(
        {"InvalidSpecError", fmt::format("Application referencing project {} which does not exist", app.project)});
  }
  return app;
}

std::vector<std::string> Application::urls() const {
  std::vector<std::string> all;
  for (const Source& one : sources) all.push_back(one.url);
  return all;
}

Application Application::at(const std::vector<std::string>& revisions) const {
  Application other = *this;
  for (size_t i = 0; i < other.sources.size() && i < revisions.size(); ++i)
    if (!revisions[i].empty()) other.sources[i].revision = revisions[i];
  return other;
}

std::vector<std::string> revisions_of(const Value& sync) {
  std::vector<std::string> all;
  for (const Value& one : sync["revisions"].items()) all.push_back(one.str());
  if (all.empty() && !sync["revision"].as_string().empty()) all.push_back(sync["revision"].str());
  return all;
}

std::string short_revisions(const std::vector<std::string>& revisions) {
  std::vector<std::string> all;
  for (const std::string& one : revisions) all.push_back(one.substr(0, 8));
  return base::join(all, " ");
}

Value source_of(const Value& sync) {
  const Value& several = sync["sources"];
  return several.is_array() && !several.empty() ? several : sync["source"];
}

std::vector<Value> sources_of(const Value& spec) {
  Value said = source_of(spec);
  if (said.is_array()) return {said.items().begin(), said.items().end()};
  return said.is_object() ? std::vector<Value>{said} : std::vector<Value>();
}

void set_revisions(ObjectBuilder& sync, const Value& source, const std::vector<std::string>& revisions) {
  if (!source.is_array()) {
    sync.set("revision", revisions.empty() ? std::string() : revisions.front());
    return;
  }
  ArrayBuilder all;
  for (const std::string& one : revisions) all.push(one);
  sync.set("revisions", all.build());
}

void set_source(ObjectBuilder& sync, const Value& source) {
  if (!source.is_null()) sync.set(source.is_array() ? "sources" : "source", source);
}

std::string readable(std::string message) {
  constexpr size_t kMost = 8192, kKept = 3000;
  message = sources::shown_text(message);  // Git, charts and values name URLs, and what stands in them
  auto commands_a_terminal = [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t') || c == 0x7f;
  };
  if (std::ranges::any_of(message, commands_a_terminal)) {  // names of files in Git may hold anything
    std::string plain;
    for (char c : message)
      plain += commands_a_terminal(c) ? fmt::format("\\x{:02x}", static_cast<unsigned>(c)) : std::string(1, c);
    message = std::move(plain);
  }
  if (message.size() <= kMost) return message;
  auto at_character = [&](size_t i) {
    while (i > 0 && (message[i] & 0xC0) == 0x80) --i;
    return i;
  };
  size_t head = at_character(kKept), tail = at_character(message.size() - kKept);
  return fmt::format("{}\n... ({} bytes left out) ...\n{}", message.substr(0, head), tail - head, message.substr(tail));
}

Retry Retry::from(const Value& retry) {
  Retry r;
  r.limit = retry["limit"].as_int(retry.is_object() ? 0 : 5);
  r.refresh = retry["refresh"].as_bool();
  const Value& backoff = retry["backoff"];
  auto read = [](const Value& v, Duration otherwise) {
    // A bare number counts seconds.
    if (v.is_int()) return Duration(std::chrono::seconds(v.as_int()));
    if (auto seconds = base::parse_int(v.as_string())) return Duration(std::chrono::seconds(*seconds));
    auto d = base::parse_go_duration(v.as_string());
    return d && *d > Duration(0) ? *d : otherwise;
  };
  r.duration = read(backoff["duration"], r.duration);
  r.duration_max = read(backoff["maxDuration"], r.duration_max);
  if (backoff["factor"].is_number()) r.factor = backoff["factor"].as_double();
  if (r.factor < 1) r.factor = 1;
  return r;
}

Duration Retry::delay_after(int64_t retries) const {
  double seconds = std::chrono::duration<double>(duration).count() * std::pow(factor, static_cast<double>(retries));
  double longest = std::chrono::duration<double>(duration_max).count();
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(std::min(seconds, longest)));
}

SyncOptions SyncOptions::from_list(const Value& list) {
  SyncOptions options;
  for (const Value& word : list.items()) options.words.push_back(word.str());
  return options;
}

SyncOptions SyncOptions::from_annotation(const Value& object) {
  SyncOptions options;
  std::string text = object["metadata"]["annotations"]["argocd.argoproj.io/sync-options"].str();
  for (std::string_view word : base::split(text, ',')) {
    word = base::trim(word);
    if (!word.empty()) options.words.emplace_back(word);
  }
  return options;
}

bool SyncOptions::has(std::string_view word) const {
  size_t equals = word.find('=');
  return equals != word.npos && value(word.substr(0, equals)) == word.substr(equals + 1);
}

std::string_view SyncOptions::value(std::string_view key) const {
  std::string_view found;
  for (std::string_view word : words) {
    if (word.size() > key.size() && word.starts_with(key) && word[key.size()] == '=') {
      found = word.substr(key.size() + 1);
    }
  }
  return found;
}

Value conditions_of(const Value& before, std::vector<Condition> next, WallTime now) {
  std::ranges::sort(next);
  auto repeated = std::ranges::unique(next);
  next.erase(repeated.begin(), repeated.end());
  ArrayBuilder list;
  for (const Condition& c : next) {
    Value time = base::format_rfc3339(now);
    for (const Value& old : before.items()) {
      if (old["type"].as_string() == c.type && old["message"].as_string() == c.message) {
        time = old["lastTransitionTime"];
      }
    }
    list.push(Value{{"type", c.type}, {"message", c.message}, {"lastTransitionTime", time}});
  }
  return list.size() == 0 ? Value() : list.build();
}

}  // namespace slipway::gitops
