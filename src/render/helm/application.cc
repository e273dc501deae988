#include "render/helm/application.h"

#include <algorithm>

#include "base/text.h"
#include "render/helm/go_json.h"
#include "render/helm/unread.h"
#include "render/helm/unread_memory.h"
#include "render/helm/version.h"
#include "render/helm/worker.h"
#include "render/lists.h"
#include "value/yaml.h"

namespace slipway::render::helm {

namespace {

// To find unread values: when asked to look closer, and when it is one thing among others.
constexpr size_t kLocatedMax = 1 << 20;  // bytes of a file that is read again for each line that is told
constexpr uint64_t kWorkMax = 20'000'000, kWorkMaxOnTheWay = 2'000'000;

// The chart's name in front of a manifest's path is the folder it lies in.
std::string file_of(const std::string& folder, const std::string& manifest) {
  size_t slash = manifest.find('/');
  std::string inner = slash == manifest.npos ? manifest : manifest.substr(slash + 1);
  return folder.empty() ? inner : folder + "/" + inner;
}

Result<> add_objects(std::string_view text, const std::string& file, std::vector<RenderedObject>& out) {
  value::YamlLimits limits;
  auto documents = value::parse_yaml_documents(text, file, limits, value::DuplicateKeys::last_wins);
  if (!documents)
    return fail(ErrorKind::invalid, "{}: what the template made is no YAML: {}", file, documents.error().message());
  for (value::Document& document : *documents) {
    if (document.value.is_null()) continue;
    if (!document.value.is_object())
      return fail(ErrorKind::invalid, "{}: the template made {} where an object was expected", file,
                  json_word(document.value));
    if (auto items = items_of_list(document.value)) {
      for (Value& item : *items) {
        if (!item.is_object())
          return fail(ErrorKind::invalid, "{}: the template made {} where an object was expected, in a list", file,
                      json_word(item));
        out.push_back({std::move(item), {file, 0, 0}});
      }
      continue;
    }
    out.push_back({std::move(document.value), {file, 0, 0}});
  }
  return {};
}

// Values files beside the chart that this rendering does not use: values-prod.yaml.
std::vector<Layer> other_values(const LayeredValues& used, const sources::Tree& tree, const std::string& folder) {
  std::vector<Layer> out;
  for (const std::string& name : tree.list(folder)) {
    bool is_values =
        name.starts_with("values") && name != "values.yaml" && (name.ends_with(".yaml") || name.ends_with(".yml"));
    std::string file = folder.empty() ? name : folder + "/" + name;
    if (!is_values || std::ranges::any_of(used.layers, [&](const Layer& layer) { return layer.file == file; }))
      continue;
    auto text = tree.read(file);
    if (!text) continue;
    if (auto said = read_yaml_mapping(**text)) out.push_back({name, std::move(*said), file});
  }
  return out;
}

// What of the values nobody reads, with places.
void add_unread(const Chart& chart, const LayeredValues& values, const sources::Tree& tree, const std::string& folder,
                bool look_closer, std::vector<Hazard>& out) {
  std::vector<Layer> layers;
  for (const Layer& layer : values.layers) {  // a file that is named again says nothing more
    auto same = [&](const Layer& other) { return other.values.same_node(layer.values); };
    if (layer.file.empty() || std::ranges::none_of(layers, same)) layers.push_back(layer);
  }
  if (look_closer) std::ranges::move(other_values(values, tree, folder), std::back_inserter(layers));
  if (layers.empty() && !look_closer) return;
  auto add = [&](const Unread& one, const char* rule) {
    base::Place place{.file = one.file.empty() ? folder : one.file};
    if (!one.file.empty())
      if (auto text = tree.read(one.file); text && (*text)->size() <= kLocatedMax)
        place = value::locate_yaml(**text, one.file, 0, one.pointer);
    out.push_back({rule, place, one.message, one.fix});
  };
  std::vector<const Value*> said;
  for (const Layer& layer : layers) said.push_back(&layer.values);
  if (!look_closer) {
    static auto& lately = *new UnreadMemory();
    auto search = [&] {
      auto reads = find_reads(chart, said, kWorkMaxOnTheWay);
      std::vector<Unread> found = unread_values(*reads, layers);
      std::ranges::move(unread_by_parents(*reads), std::back_inserter(found));
      return found;
    };
    for (const Unread& one : lately.find(chart, layers, search)) add(one, kUnreadValue);
    return;
  }
  auto reads = find_reads(chart, said, kWorkMax);
  for (const Unread& one : unread_values(*reads, layers)) add(one, kUnreadValue);
  for (const Unread& one : unread_by_parents(*reads)) add(one, kUnreadValue);
  for (const Unread& one : unread_defaults(*reads, folder)) add(one, "unread-default");
}

}  // namespace

Result<Rendered> render_application(const RenderRequest& request) {
  const Value& helm = request.helm;
  Rendered out;
  out.tool = Tool::helm;
  std::string folder = OR_RETURN(request.tree->real_path(request.path));
  LoadedChart loaded = OR_RETURN(load_with_dependencies(*request.tree, folder, request.charts));
  out.warnings = std::move(loaded.warnings);
  OR_RETURN(check_installable(*loaded.chart, Compat::helm3, out.warnings));
  ReleaseRequest release;
  release.chart = std::move(loaded.chart);
  LayeredValues values = OR_RETURN(values_of_source(request, folder));
  add_unread(*release.chart, values, *request.tree, folder, request.look_closer, out.hazards);
  release.values = std::move(values.all);
  release.layers = std::move(values.layers);
  release.release.name = helm["releaseName"].as_string().empty() ? request.release_name : helm["releaseName"].str();
  release.release.ns = helm["namespace"].as_string().empty() ? request.release_namespace : helm["namespace"].str();
  if (release.release.name.empty()) release.release.name = "release-name";
  if (release.release.ns.empty()) release.release.ns = "default";
  OR_RETURN(check_release_name(release.release.name, Compat::helm3));
  std::string version = helm["kubeVersion"].as_string().empty() ? request.kube_version : helm["kubeVersion"].str();
  if (!version.empty()) release.capabilities.kube = OR_RETURN(KubeVersion::parse(version));
  release.capabilities.api_versions = Capabilities::default_api_versions();
  auto& known = release.capabilities.api_versions;
  if (helm["apiVersions"].empty()) known.insert(known.end(), request.api_versions.begin(), request.api_versions.end());
  for (const Value& v : helm["apiVersions"].items()) known.push_back(v.str());
  release.engine.environment = request.environment;
  release.engine.limits.steps_max = 200'000'000;
  release.engine.limits.output_bytes_max = 64 << 20;
  release.engine.limits.memory_bytes_max = 8ull << 30;  // counted up only
  release.skip_schema_validation = helm["skipSchemaValidation"].as_bool();
  release.schemas = request.schemas;
  auto done = render_apart(std::move(release), out.warnings);
  if (!done) {
    Error error = std::move(done.error().error);
    if (done.error().explanation.empty()) return error;
    return fail(error.kind(), "{}\n{}", error.str(), base::trim(done.error().explanation));
  }
  if (!helm["skipCrds"].as_bool())
    for (const CrdFile& crd : done->crds) OR_RETURN(add_objects(*crd.data, file_of(folder, crd.path), out.objects));
  for (const Manifest& m : done->documents.manifests)
    OR_RETURN(add_objects(m.text, file_of(folder, m.path), out.objects));
  for (const Hook& hook : done->documents.hooks) {
    if (helm["skipTests"].as_bool() && hook.is_test()) continue;
    OR_RETURN(add_objects(hook.manifest.text, file_of(folder, hook.manifest.path), out.objects));
  }
  return out;
}

}  // namespace slipway::render::helm
