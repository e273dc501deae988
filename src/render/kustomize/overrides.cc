// spec.source.kustomize: Argo CD runs `kustomize edit` on a copy of the file before it builds; here the read
// kustomization is edited.
#include <algorithm>

#include "base/text.h"
#include "render/kustomize/build.h"
#include "value/json.h"

namespace slipway::render::kustomize {
namespace {

// "name=new:tag", "name:tag", "name@digest", "name=new": what `kustomize edit set image` takes.
Image parse_image(std::string_view text) {
  Image image;
  size_t equals = text.find('=');
  std::string_view rest = equals == text.npos ? text : text.substr(equals + 1);
  std::string name(rest);
  size_t slash = rest.rfind('/');
  if (size_t at = rest.find('@'); at != rest.npos) {
    image.digest = rest.substr(at + 1);
    name = rest.substr(0, at);
  }
  if (size_t colon = name.find(':', slash == rest.npos ? 0 : slash); colon != name.npos) {
    image.new_tag = name.substr(colon + 1);
    name = name.substr(0, colon);
  }
  if (equals == text.npos) {
    image.name = name;
  } else {
    image.name = text.substr(0, equals);
    if (name != "*") image.new_name = name;
  }
  return image;
}

void set_image_entry(Kustomization& k, std::string_view text) {
  Image image = parse_image(text);
  auto there = std::ranges::find(k.images, image.name, &Image::name);
  if (there == k.images.end()) {
    k.images.push_back(std::move(image));
    return;
  }
  if (!image.new_name.empty()) there->new_name = image.new_name;
  if (!image.new_tag.empty() || !image.digest.empty()) {
    there->new_tag = image.new_tag;
    there->digest = image.digest;
  }
}

Result<> add(Pairs& to, const Pairs& from, bool force, std::string_view what) {
  for (const auto& [key, text] : from) {
    auto there = std::ranges::find(to, key, &Pairs::value_type::first);
    if (there == to.end())
      to.emplace_back(key, text);
    else if (force)
      there->second = text;
    else
      return fail(ErrorKind::invalid, "{} {} already in kustomization file", what, key);
  }
  std::ranges::sort(to);
  return {};
}

}  // namespace

Result<> apply_overrides(Kustomization& k, const Value& overrides, const Folder& folder) {
  Source source{.text = std::make_shared<const std::string>(value::to_json_pretty(overrides)), .file = ""};
  Fields f(source, overrides);
  if (std::string prefix = f.text("namePrefix"); !prefix.empty()) k.name_prefix = prefix;
  if (std::string suffix = f.text("nameSuffix"); !suffix.empty()) k.name_suffix = suffix;
  if (std::string ns = f.text("namespace"); !ns.empty()) k.ns = ns;
  for (const std::string& image : f.texts("images")) set_image_entry(k, image);
  f.each("replicas", [&](Fields& r) {
    Replica replica{r.text("name"), 0, r.spot()};
    const Value& count = r.any("count");
    if (auto number = count.is_string() ? base::parse_int(count.as_string()) : std::optional<long long>(count.as_int()))
      replica.count = *number;
    else
      source.refuse("/replicas", fmt::format("replicas: \"{}\" is no number", count.as_string()));
    r.done("replicas");
    auto there = std::ranges::find(k.replicas, replica.name, &Replica::name);
    if (there == k.replicas.end())
      k.replicas.push_back(std::move(replica));
    else
      there->count = replica.count;
  });
  Pairs labels = f.pairs("commonLabels"), annotations = f.pairs("commonAnnotations");
  bool force_labels = f.flag("forceCommonLabels"), force_annotations = f.flag("forceCommonAnnotations");
  bool without_selector = f.flag("labelWithoutSelector"), templates = f.flag("labelIncludeTemplates");
  bool envsubst = f.flag("commonAnnotationsEnvsubst");
  f.each("patches", [&](Fields& p) {
    Patch patch = read_patch(p);
    patch.spot = {nullptr, "", ""};
    k.patches.push_back(std::move(patch));
  });
  bool ignore_missing = f.flag("ignoreMissingComponents");
  for (const std::string& component : f.texts("components"))
    if (!ignore_missing || folder.is_folder(component)) k.components.push_back({component, {nullptr, k.file, ""}});
  for (const char* word : {"version", "kubeVersion"}) (void)f.text(word);  // one version is built in
  (void)f.texts("apiVersions");
  f.done("spec.source.kustomize");
  if (source.fault) return fail(ErrorKind::invalid, "{}", source.fault->message());
  if (envsubst)
    for (auto& [key, text] : annotations)
      if (text.find('$') != text.npos)
        return fail(ErrorKind::unsupported, "commonAnnotationsEnvsubst: \"{}\" is not substituted yet", key);
  if (without_selector && !labels.empty()) {
    Labels entry;
    entry.pairs = labels;
    entry.templates = templates;
    k.labels.push_back(std::move(entry));
  } else {
    OR_RETURN(add(k.common_labels, labels, force_labels, "label"));
  }
  return add(k.common_annotations, annotations, force_annotations, "annotation");
}

}  // namespace slipway::render::kustomize
