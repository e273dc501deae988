// spec.source.kustomize: Argo CD runs `kustomize edit` on a copy of the file before it builds. The same edits are made
// here to the fields as they stand in the file, and what was edited is read again; the rest keeps its lines.
#include <algorithm>

#include "base/text.h"
#include "render/kustomize/build.h"
#include "render/kustomize/edit.h"
#include "render/kustomize/kustomization_file.h"
#include "render/variables.h"
#include "value/json.h"

namespace slipway::render::kustomize {
namespace {

struct Options {
  std::string name_prefix, name_suffix, ns;
  std::vector<std::string> images, replicas, components;
  Pairs labels, annotations;
  bool force_labels = false, force_annotations = false, without_selector = false, include_templates = false;
  bool annotations_have_variables = false, ignore_missing_components = false;
  std::vector<Patch> patches;
};

Result<Options> read_options(const Value& overrides) {
  Source source{.text = std::make_shared<const std::string>(value::to_json_pretty(overrides)), .file = ""};
  Fields f(source, overrides);
  Options o;
  o.name_prefix = f.text("namePrefix");
  o.name_suffix = f.text("nameSuffix");
  o.ns = f.text("namespace");
  o.images = f.texts("images");
  f.each("replicas", [&](Fields& r) {
    std::string name = r.text("name");
    const Value& count = r.any("count");
    auto number = count.is_string() ? base::parse_int(count.as_string())
                  : count.is_int()  ? std::optional<long long>(count.as_int())
                                    : std::nullopt;
    if (!number) source.refuse("/replicas", fmt::format("replicas: \"{}\" is no number", count.str()));
    r.done("replicas");
    o.replicas.push_back(fmt::format("{}={}", name, number.value_or(0)));
  });
  o.labels = f.pairs("commonLabels");
  o.annotations = f.pairs("commonAnnotations");
  o.force_labels = f.flag("forceCommonLabels");
  o.force_annotations = f.flag("forceCommonAnnotations");
  o.without_selector = f.flag("labelWithoutSelector");
  o.include_templates = f.flag("labelIncludeTemplates");
  o.annotations_have_variables = f.flag("commonAnnotationsEnvsubst");
  f.each("patches", [&](Fields& p) {
    o.patches.push_back(read_patch(p));
    o.patches.back().spot = {nullptr, fmt::format("spec.source.kustomize.patches[{}]", o.patches.size() - 1), ""};
  });
  o.ignore_missing_components = f.flag("ignoreMissingComponents");
  o.components = f.texts("components");
  for (const char* word : {"version", "kubeVersion"}) (void)f.text(word);  // for those who chose what to build with
  (void)f.texts("apiVersions");
  f.done("spec.source.kustomize");
  if (source.fault) return fail(ErrorKind::invalid, "{}", source.fault->message());
  return o;
}

// One `kustomize edit` after another, on the fields of one file.
class Edits {
 public:
  Edits(Value fields, const Folder& folder) : fields_(std::move(fields)), folder_(folder) {}
  const Value& fields() const { return fields_; }

  Result<> run(const char* verb, const char* what, std::vector<std::string> arguments,
               std::vector<std::string> switches = {}) {
    if (arguments.empty()) return {};
    EditRequest request{.verb = verb,
                        .what = what,
                        .arguments = std::move(arguments),
                        .options = {},
                        .tree = &folder_.tree(),
                        .folder = folder_.root(),
                        .file = {},
                        .log = {}};
    for (const std::string& name : switches) request.options[name] = {"true"};
    auto done = edit(fields_, request);
    if (!done) return std::move(done).error();
    return {};
  }

 private:
  Value fields_;
  const Folder& folder_;
};

std::vector<std::string> words(const std::string& text) {
  return text.empty() ? std::vector<std::string>() : std::vector{text};
}
std::vector<std::string> words(const Pairs& pairs, const Variables* variables) {
  std::vector<std::string> out;
  for (const auto& [key, text] : pairs)
    out.push_back(fmt::format("{}:{}", key, variables ? expand(text, *variables) : text));
  return out;
}

Result<Value> edited_fields(const Options& o, const Folder& folder, const Variables& variables) {
  Folder::File file = OR_RETURN(folder.kustomization());
  Edits edits(OR_RETURN(KustomizationFile::read(*file.text, file.path)).fields, folder);
  OR_RETURN(edits.run("set", "nameprefix", words(o.name_prefix)));
  OR_RETURN(edits.run("set", "namesuffix", words(o.name_suffix)));
  std::vector<std::string> images;
  for (const std::string& image : o.images) images.push_back(expand(image, variables));
  OR_RETURN(edits.run("set", "image", std::move(images)));
  OR_RETURN(edits.run("set", "replicas", o.replicas));
  std::vector<std::string> switches;
  if (o.force_labels) switches.emplace_back("force");
  if (o.without_selector) switches.emplace_back("without-selector");
  if (o.include_templates) switches.emplace_back("include-templates");
  OR_RETURN(edits.run("add", "label", words(o.labels, &variables), switches));
  switches.clear();
  if (o.force_annotations) switches.emplace_back("force");
  OR_RETURN(edits.run("add", "annotation", words(o.annotations, o.annotations_have_variables ? &variables : nullptr),
                      switches));
  OR_RETURN(edits.run("set", "namespace", words(o.ns)));
  std::vector<std::string> components = o.components;
  if (o.ignore_missing_components)
    std::erase_if(components, [&](const std::string& path) {
      auto joined = sources::join_path(folder.root(), path);
      return !joined || !folder.tree().real_path(*joined);
    });
  OR_RETURN(edits.run("add", "component", std::move(components)));
  return edits.fields();
}

}  // namespace

Result<> apply_overrides(Kustomization& k, const BuildRequest& request, const Folder& folder) {
  Options o = OR_RETURN(read_options(request.overrides));
  Value fields = OR_RETURN(edited_fields(o, folder, request.variables));
  if (says_nothing(fields) && o.patches.empty())
    return fail(ErrorKind::invalid, "kustomization.yaml is empty, and so are the options").at({k.file, 1, 1});
  Source source{.text = nullptr, .file = k.file};
  Fields f(source, fields);
  k.name_prefix = f.text("namePrefix");
  k.name_suffix = f.text("nameSuffix");
  k.ns = f.text("namespace");
  if (!o.images.empty()) {
    k.images.clear();
    f.each("images", [&](Fields& image) { k.images.push_back(read_image(image)); });
  }
  if (!o.replicas.empty()) {
    k.replicas.clear();
    f.each("replicas", [&](Fields& r) { k.replicas.push_back(read_replica(r)); });
  }
  if (!o.labels.empty()) {
    k.common_labels = f.pairs("commonLabels");
    k.labels.clear();
    f.each("labels", [&](Fields& labels) { k.labels.push_back(read_labels(labels)); });
  }
  if (!o.annotations.empty()) k.common_annotations = f.pairs("commonAnnotations");
  k.patches.insert(k.patches.end(), o.patches.begin(), o.patches.end());
  for (const std::string& component : f.texts("components"))
    if (std::ranges::find(k.components, component, &Named::text) == k.components.end())
      k.components.push_back({component, {nullptr, "spec.source.kustomize.components", ""}});
  if (source.fault) return std::move(*source.fault);
  return {};
}

}  // namespace slipway::render::kustomize
