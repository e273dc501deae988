#include "render/kustomize/hazards.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "render/kustomize/first_document.h"
#include "render/kustomize/image_name.h"
#include "render/kustomize/patch.h"
#include "render/kustomize/patch_index.h"
#include "render/kustomize/replacement.h"
#include "render/kustomize/transform.h"
#include "value/json.h"
#include "value/note.h"
#include "value/yaml.h"

namespace slipway::render::kustomize {
namespace {

std::vector<Value> objects_of(const ResourceSet& set) {
  std::vector<Value> out;
  out.reserve(set.all().size());
  for (const Resource& r : set.all()) out.push_back(r.object());
  return out;
}

bool same(const std::vector<Value>& before, const ResourceSet& set) {
  return std::ranges::equal(before, set.all(),
                            [](const Value& v, const Resource& r) { return v.same_node(r.object()); });
}

std::string words(const Selector& s) {
  std::vector<std::string> parts;
  for (auto [name, text] : {std::pair{"group", &s.group},
                            {"version", &s.version},
                            {"kind", &s.kind},
                            {"name", &s.name},
                            {"namespace", &s.ns},
                            {"labelSelector", &s.labels},
                            {"annotationSelector", &s.annotations}})
    if (!text->empty()) parts.push_back(fmt::format("{} {}", name, *text));
  return parts.empty() ? "{}" : base::join(parts, ", ");
}

// Names that are compared with those that were not found, in all: where very many were not found, the first are told
// what they may have meant.
constexpr size_t kComparedMax = 300'000;

// The nearest name of what has the right kind.
std::string nearest_fix(const ResourceSet& set, const Selector& s, size_t& compared) {
  if (compared > kComparedMax) return "";
  compared += set.all().size();
  std::vector<std::string> names, kinds;
  std::set<std::string_view> seen;
  for (const Resource& r : set.all()) {
    if (seen.insert(r.gvk().kind).second) kinds.push_back(r.gvk().kind);
    if (s.kind.empty() || r.gvk().kind == s.kind) names.push_back(r.original_id().name);
  }
  if (auto near = base::nearest(s.name, names); near && *near != s.name) return fmt::format("did you mean {}?", *near);
  if (auto near = base::nearest(s.kind, kinds); near && *near != s.kind) return fmt::format("did you mean {}?", *near);
  return names.empty() && !s.kind.empty() ? fmt::format("there is no {} here", s.kind) : "";
}

void gather_images(const Value& v, std::vector<std::string>& out) {
  for (const Value& item : v.items()) gather_images(item, out);
  for (const auto& [key, item] : v.members()) {
    if (key.view() == "image" && item.is_string())
      out.push_back(split_image_name(item.as_string()).name);
    else
      gather_images(item, out);
  }
}

// Where the API server refuses any other selector than the first.
bool has_fixed_selector(const GroupVersionKind& id) {
  return (id.group == "apps" &&
          (id.kind == "Deployment" || id.kind == "StatefulSet" || id.kind == "DaemonSet" || id.kind == "ReplicaSet")) ||
         (id.group == "batch" && id.kind == "Job");
}

std::string_view folder_of(std::string_view file) {
  return file.substr(0, file.rfind('/') + 1);
}

base::Place place_of(const Step& step) {
  if (step.spot) return step.spot->place();
  Spot field = step.kustomization->spot;
  field.pointer = fmt::format("/{}", step.field);
  return field.place();
}

}  // namespace

void HazardObserver::add(Hazard hazard) {
  if (known_.emplace(hazard.rule, hazard.place.str()).second) found_.push_back(std::move(hazard));
}

void HazardObserver::begin() {
  found_.clear();
  known_.clear();
  warned_.clear();
  vars_.clear();
  compared_ = 0;
}

void HazardObserver::loaded(const Kustomization& k) {
  look_at_documents(k);
  warned_.insert(warned_.end(), k.warnings.begin(), k.warnings.end());
  for (const Var& var : k.vars) vars_.push_back({var.name, var.spot});
}

void HazardObserver::place(std::vector<std::string>& warnings) {
  constexpr std::string_view prefix = "# Warning: ", unused = "well-defined vars that were never replaced: ";
  for (const Named& warning : warned_) {
    std::erase(warnings, warning.text);
    add({"deprecated-field", warning.spot.place(), warning.text.substr(prefix.size()), ""});
  }
  std::erase_if(warnings, [&](const std::string& warning) {
    if (!warning.starts_with(unused)) return false;
    for (std::string_view name : base::split(std::string_view(warning).substr(unused.size()), ','))
      for (const Named& var : vars_)
        if (var.text == name)
          add({"unused-var", var.spot.place(), fmt::format("no field that vars are looked for in says $({})", name),
               ""});
    return true;
  });
}

// Of a kustomization's file the first document counts, and nobody is told of the others.
void HazardObserver::look_at_documents(const Kustomization& k) {
  if (!k.spot.text) return;
  bool content = false, ended = false;
  int number = 0;
  for (std::string_view line : base::split_lines(*k.spot.text)) {
    ++number;
    bool marker = line == "---" || line.starts_with("--- ") || line == "..." || line.starts_with("... ");
    std::string_view rest = base::trim(marker ? line.substr(3) : line);
    if (marker) ended = ended || content;
    if (rest.empty() || rest.starts_with('#') || (!content && rest.starts_with('%'))) continue;
    if (ended)
      return add({"second-document",
                  {k.file, number, 1},
                  "what stands here belongs to a second document, which nobody reads: only the first counts",
                  "join the two, or give the other one a folder of its own"});
    content = true;
  }
}

void HazardObserver::before(ResourceSet& set, const Step& step) {
  const Kustomization& k = *step.kustomization;
  if (step.is("patches")) look_at_patch(set, k.patches[step.entry], *step.folder);
  if (step.is("patchesJson6902")) look_at_patch(set, k.json_patches[step.entry], *step.folder);
  if (step.is("replacements")) look_at_replacements(set, step);
  if (step.is("images") || step.is("labels") || step.is("commonLabels")) before_ = objects_of(set);
}

void HazardObserver::after(ResourceSet& set, const Step& step) {
  if (step.is("images") && same(before_, set)) look_at_image(set, step);
  if (step.is("labels") || step.is("commonLabels")) look_at_selectors(set, step);
  before_.clear();
}

void HazardObserver::look_at_patch(ResourceSet& set, const Patch& patch, const Folder& folder) {
  if (!patch.target) return;  // it names its object, and must find it
  auto matcher = Matcher::create(*patch.target);
  if (!matcher) return;
  auto targets = matcher->select(set);
  if (!targets.empty()) return look_at_indexes(set, patch, folder, targets);
  add({"patch-matches-nothing", patch.spot.place(),
       fmt::format("this patch changes nothing: its target ({}) selects no resource", words(*patch.target)),
       nearest_fix(set, *patch.target, compared_)});
}

void HazardObserver::look_at_indexes(ResourceSet& set, const Patch& patch, const Folder& folder,
                                     const std::vector<size_t>& targets) {
  Folder::File file;
  if (!patch.path.empty()) {
    auto read = folder.read(patch.path);
    if (!read) return;  // the build says so
    file = std::move(*read);
  }
  const std::string& text = file.text ? *file.text : patch.text;
  auto documents = value::parse_yaml_documents(text, {}, yaml_limits, value::DuplicateKeys::last_wins);
  if (!documents || documents->empty() || !(*documents)[0].value.is_array()) return;
  const Value& operations = (*documents)[0].value;
  look_at_pointers(operations, patch, folder);
  IndexDoubts doubts(operations, text);
  for (size_t i : targets) {
    const Resource& r = set.all()[i];
    for (IndexDoubt& doubt : doubts.about(r.object()))
      add_in_patch(
          patch, folder, fmt::format("/{}", doubt.operation),
          {"patch-index", {}, fmt::format("{} {}: {}", r.gvk().kind, r.name(), doubt.message), std::move(doubt.fix)});
  }
}

// The place is looked up only for those that have something to say.
void HazardObserver::add_in_patch(const Patch& patch, const Folder& folder, const std::string& pointer, Hazard hazard) {
  auto source = find_patch_source(patch, folder);
  if (!source) return;
  hazard.place = source->place(pointer);
  if (!hazard.place.line) hazard.place = source->entry;
  add(std::move(hazard));
}

void HazardObserver::look_at_pointers(const Value& operations, const Patch& patch, const Folder& folder) {
  for (size_t i = 0; i < operations.size(); ++i)
    for (const char* field : {"path", "from"}) {
      std::string_view pointer = operations[i][field].as_string();
      size_t slash = before_first_slash(pointer);
      if (slash == 0) continue;
      add_in_patch(
          patch, folder, fmt::format("/{}/{}", i, field),
          {"patch-pointer",
           {},
           fmt::format("\"{}\" does not begin with a slash: \"{}\" is passed over, and what it means is \"{}\"",
                       pointer, pointer.substr(0, slash), pointer.substr(slash)),
           fmt::format("write \"/{}\"", pointer)});
    }
}

void HazardObserver::look_at_replacements(ResourceSet& set, const Step& step) {
  for (const ReplacementTarget& target : step.replacement->targets) {
    if (!target.select) continue;
    auto selected = select_targets(set, target);
    if (!selected || !selected->empty()) continue;
    add({"replacement-matches-nothing", target.spot.place(),
         fmt::format("a target of this replacement ({}) selects no resource", words(*target.select)),
         nearest_fix(set, *target.select, compared_)});
  }
}

// Nothing changed: because the image is so already, or because nobody uses it. A name that none has tells.
void HazardObserver::look_at_image(ResourceSet& set, const Step& step) {
  const Image& image = step.kustomization->images[step.entry];
  ResourceSet copy = set;
  for (Resource& r : copy.all()) r.history = nullptr;
  Image probe{.name = image.name,
              .new_name = "nobody.invalid/probe",
              .new_tag = {},
              .digest = {},
              .tag_suffix = {},
              .spot = {}};
  auto tried = set_image(copy, probe, step.configuration->images);
  if (!tried || !same(before_, copy)) return;
  std::vector<std::string> names;
  for (const Value& object : before_) gather_images(object, names);
  auto near = base::nearest(image.name, names);
  add({"image-matches-nothing", place_of(step), fmt::format("no container here has the image \"{}\"", image.name),
       near ? fmt::format("did you mean \"{}\"?", *near) : ""});
}

void HazardObserver::look_at_selectors(const ResourceSet& set, const Step& step) {
  std::string first, labels;
  size_t more = 0;
  for (size_t i = 0; i < set.all().size() && i < before_.size(); ++i) {
    const Resource& r = set.all()[i];
    if (before_[i].same_node(r.object()) || !has_fixed_selector(r.gvk())) continue;
    // Labels beside the manifests were there when those were: it is a base that runs elsewhere without them.
    if (folder_of(r.origin.file) == folder_of(step.kustomization->file)) continue;
    const Value& old = before_[i]["spec"]["selector"]["matchLabels"];
    const Value& now = r.object()["spec"]["selector"]["matchLabels"];
    if (old.empty() || old == now) continue;
    if (!first.empty()) {
      ++more;
      continue;
    }
    first = fmt::format("{} {}", r.gvk().kind, r.name());
    for (const auto& [key, text] : now.members())
      if (!(old[key] == text)) labels += fmt::format("{}{}={}", labels.empty() ? "" : ", ", key.view(), text.str());
  }
  if (first.empty()) return;
  bool common = step.is("commonLabels");
  add({"selector-changes", place_of(step),
       fmt::format("{} {} to the selector of {}{}, which cannot change: where it runs with another one, "
                   "every sync is refused",
                   common ? "commonLabels adds" : "includeSelectors adds", labels, first,
                   more ? fmt::format(" and of {} more", more) : ""),
       common ? "say it under labels, without includeSelectors" : "say includeTemplates instead of includeSelectors"});
}

}  // namespace slipway::render::kustomize
