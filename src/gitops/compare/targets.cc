#include "gitops/compare/targets.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/text.h"
#include "gitops/application/tracking.h"
#include "kinds/object.h"
#include "value/yaml.h"

namespace slipway::gitops {

namespace {

// "spec.containers[0].image" as "/spec/containers/0/image".
std::string pointer_of(std::string_view path) {
  std::string pointer, word;
  auto flush = [&] {
    if (!word.empty()) pointer += "/" + value::pointer_escape(word);
    word.clear();
  };
  for (char c : path) {
    if (c == '.' || c == '[' || c == ']')
      flush();
    else
      word += c;
  }
  flush();
  return pointer;
}

// The field in `unknown field "spec.replica"`.
std::string_view quoted(std::string_view text) {
  size_t from = text.find('"'), to = text.rfind('"');
  return from == text.npos || to <= from ? std::string_view() : text.substr(from + 1, to - from - 1);
}

// Of what is wrong in very many places no more is told than somebody reads, and no more files are read again for the
// lines than that takes no time.
constexpr size_t kProblemsMax = 10;  // of one object
constexpr size_t kConditionsMax = 100;
struct Budget {
  uint64_t reread_bytes = 4 << 20;
};

// What keeps from syncing stays before what only warns.
void cut(std::vector<Condition>& conditions) {
  if (conditions.size() <= kConditionsMax) return;
  std::ranges::stable_partition(conditions, [](const Condition& c) { return c.type.ends_with("Error"); });
  size_t more = conditions.size() - (kConditionsMax - 1);
  conditions.resize(kConditionsMax);
  conditions.back().message = fmt::format("{} more, of this and other kinds", more);
}

void check_fields(const Target& target, const sources::Tree* tree, Budget& budget, std::vector<Condition>& conditions) {
  auto refuse = [&](const base::Place& place, std::string_view what) {
    std::string at = place.str();
    conditions.push_back(
        {"ComparisonError", fmt::format("Failed to load target state: {}{}{} {}: {}", at, at.empty() ? "" : ": ",
                                        target.key.kind.kind, target.key.name, what)});
  };
  if (!target.kind || !target.kind->type) return;
  auto conformed = kinds::conform(*target.kind, target.object);
  if (!conformed) return refuse(target.origin, conformed.error().message());
  if (conformed->problems.empty()) return;
  uint64_t size = 0;
  if (tree && !target.origin.file.empty())
    if (auto text = tree->read(target.origin.file); text && *text) size = (*text)->size();
  size_t told = 0;
  for (const std::string& problem : conformed->problems) {
    if (told == kProblemsMax) {
      refuse(target.origin, fmt::format("{} more", conformed->problems.size() - told));
      break;
    }
    ++told;
    std::string_view field = quoted(problem);
    base::Place place = target.origin;
    if (size <= budget.reread_bytes) {
      budget.reread_bytes -= size;
      place = place_of(target.origin, field, tree);
    }
    refuse(place, problem + nearest_field(*target.kind, field));
  }
}

}  // namespace

base::Place place_of(const base::Place& origin, std::string_view field, const sources::Tree* tree) {
  if (!tree || origin.file.empty() || field.empty()) return origin;
  auto text = tree->read(origin.file);
  if (!text || !*text) return origin;
  auto documents = value::parse_yaml_documents(**text, origin.file);
  if (!documents) return origin;
  for (size_t i = 0; i < documents->size(); ++i) {
    bool is_last = i + 1 == documents->size();
    if (!is_last && (*documents)[i + 1].line <= origin.line) continue;
    base::Place place = value::locate_yaml(**text, origin.file, i, pointer_of(field));
    return place.line > 0 ? place : origin;
  }
  return origin;
}

std::string nearest_field(const kinds::Kind& kind, std::string_view path) {
  const kinds::Type* type = kind.type;
  std::string word;
  auto descend = [&](std::string_view name) {
    if (!type) return;
    const kinds::Field* field = type->field(name);
    const kinds::FieldType* of = field ? &field->type : nullptr;
    while (of && of->element) of = of->element.get();
    type = of ? of->type : nullptr;
  };
  size_t from = 0;
  while (true) {
    size_t dot = path.find('.', from);
    std::string_view part = path.substr(from, dot == path.npos ? path.npos : dot - from);
    part = part.substr(0, part.find('['));
    if (dot == path.npos) {
      word = part;
      break;
    }
    descend(part);
    from = dot + 1;
  }
  if (!type) return "";
  std::vector<std::string> names;
  for (const kinds::Field* field : type->sorted()) names.push_back(field->name);
  auto near = base::nearest(word, names);
  return near ? fmt::format(" (did you mean \"{}\"?)", *near) : "";
}

bool same_object(const cluster::ObjectKey& a, const cluster::ObjectKey& b) {
  return a.kind.group == b.kind.group && a.kind.kind == b.kind.kind && a.ns == b.ns && a.name == b.name;
}

bool is_excluded(const cluster::GroupVersionKind& id) {
  return (id.kind == "Event" && (id.group.empty() || id.group == "events.k8s.io")) || id.group == "metrics.k8s.io" ||
         (id.kind == "Lease" && id.group == "coordination.k8s.io");
}

Targets make_targets(const Application& app, const std::vector<SourceObjects>& sources, const kinds::Catalog& catalog) {
  Targets targets;
  std::map<std::tuple<std::string, std::string, std::string, std::string>, std::pair<size_t, int>> seen;
  std::vector<std::pair<const render::RenderedObject*, const sources::Tree*>> all;
  for (const SourceObjects& source : sources)
    for (const render::RenderedObject& object : source.objects) all.emplace_back(&object, source.tree.get());
  if (all.size() > objects_max) {
    targets.conditions.push_back(
        {"ComparisonError",
         fmt::format("{} objects in one Application; at most {} are taken. Split it into several: an "
                     "ApplicationSet, or one Application for each folder",
                     all.size(), objects_max)});
    return targets;
  }
  Budget budget;
  for (const auto& [object, tree] : all) {
    const render::RenderedObject& rendered = *object;
    Target target;
    target.origin = rendered.origin;
    target.object = rendered.object;
    auto id = cluster::GroupVersionKind::of(target.object);
    std::string name(kinds::name_of(target.object)), ns(kinds::namespace_of(target.object));
    if (is_excluded(id)) {
      targets.conditions.push_back(
          {"ExcludedResourceWarning",
           fmt::format("Resource {}/{} {} is excluded in the settings", id.group, id.kind, name)});
      continue;
    }
    target.kind = catalog.find(id);
    const kinds::Kind* any_version = target.kind ? target.kind : catalog.find_kind(id.group, id.kind);
    if (any_version && !any_version->namespaced) {
      ns.clear();
    } else if (ns.empty()) {
      ns = app.destination_ns;
      if (ns.empty()) {
        targets.conditions.push_back(
            {"InvalidSpecError", fmt::format("Namespace for {} {}, Kind={} is missing.", name,
                                             id.group.empty() ? "/" + id.version : id.api_version(), id.kind)});
        continue;
      }
    }
    target.object =
        ns.empty() ? target.object.without("/metadata/namespace") : target.object.with("/metadata/namespace", ns);
    if (target.object["metadata"].has("creationTimestamp")) {
      target.object = target.object.without("/metadata/creationTimestamp");
    }
    // Its status and a running operation belong to the engine that runs the child, never to Git.
    if (id.group == application_kind.group && id.kind == application_kind.kind) {
      target.object = target.object.without_member("status").without_member("operation");
    }
    target.hook = hook_of(target.object);
    target.key = {id, ns, name};
    if (target.hook.is_hook && !target.hook.skip && target.hook.phases.empty()) {
      targets.conditions.push_back(
          {"UnsupportedOptionWarning", fmt::format("{} {}: no phase that is offered stands in its hook annotation "
                                                   "(PreSync, Sync, PostSync, SyncFail): it is never applied",
                                                   id.kind, name.empty() ? "hook" : name)});
    }
    if (!app.options.has("Validate=false") && !SyncOptions::from_annotation(target.object).has("Validate=false"))
      check_fields(target, tree, budget, targets.conditions);
    if (id.kind != "CustomResourceDefinition") {
      TrackingId tracking{app.tracking_name, id.group, id.kind, ns.empty() ? app.destination_ns : ns, name};
      Value annotations = target.object["metadata"]["annotations"];
      if (!annotations.is_object()) annotations = Value::object();
      target.object =
          target.object.with("/metadata/annotations", annotations.with_member(tracking_annotation, tracking.str()));
    }
    auto key = std::make_tuple(id.group, id.kind, ns, name);
    if (name.empty()) {  // generateName: a hook, one of its own each time
      targets.list.push_back(std::move(target));
    } else if (auto [at, fresh] = seen.try_emplace(key, targets.list.size(), 1); fresh) {
      targets.list.push_back(std::move(target));
    } else {
      ++at->second.second;
      targets.list[at->second.first] = std::move(target);  // the last one wins
    }
  }
  for (const auto& [key, count] : seen) {
    if (count.second < 2) continue;
    targets.conditions.push_back(
        {"RepeatedResourceWarning",
         fmt::format("Resource {}/{}/{}/{} appeared {} times among application resources.", std::get<0>(key),
                     std::get<1>(key), std::get<2>(key), std::get<3>(key), count.second)});
  }
  cut(targets.conditions);
  return targets;
}

}  // namespace slipway::gitops
