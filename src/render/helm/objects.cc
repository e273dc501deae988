#include "render/helm/objects.h"

#include <algorithm>

#include "base/text.h"
#include "lang/gotemplate/template.h"
#include "lang/sprig/sprig.h"
#include "render/glob.h"
#include "render/helm/read.h"
#include "render/helm/release.h"

namespace slipway::render::helm {

namespace {

using namespace lang::gotemplate;

Any text(const std::string& s) {
  return Any::of(s);
}

const Any* find_member(const Any& self, std::string_view name) {
  return self.dict()->find(name);
}

Type named(std::string name, Kind kind, const Type* element, const Type* underlying = nullptr) {
  Type t;
  t.name = std::move(name);
  t.kind = kind;
  t.element = element;
  t.underlying = underlying;
  return t;
}

// ---- .Chart ----

const Type& maintainer_type() {
  static const Type type = [] {
    Type t = named("chart.Maintainer", Kind::structure, nullptr);
    t.fields = {{"Name", "name", true}, {"Email", "email", true}, {"URL", "url", true}};
    return t;
  }();
  return type;
}

const Type& dependency_type() {
  static const Type type = [] {
    Type t = named("chart.Dependency", Kind::structure, nullptr);
    t.fields = {{"Name", "name"},
                {"Version", "version", true},
                {"Repository", "repository"},
                {"Condition", "condition", true},
                {"Tags", "tags", true},
                {"Enabled", "enabled", true},
                {"ImportValues", "import-values", true},
                {"Alias", "alias", true}};
    for (Field& field : t.fields) field.yaml_tags = true;
    return t;
  }();
  return type;
}

Type pointer_to(const Type& type) {
  Type t = named("*" + type.name, Kind::pointer, &type);
  t.fields = type.fields;
  return t;
}

const Type& pointer_to_maintainer() {
  static const Type type = pointer_to(maintainer_type());
  return type;
}
const Type& pointer_to_dependency() {
  static const Type type = pointer_to(dependency_type());
  return type;
}

const Type& metadata_type() {
  static const Type type = [] {
    Type t = named("chart.Metadata", Kind::structure, nullptr);
    t.fields = {{"Name", "name", true},
                {"Home", "home", true},
                {"Sources", "sources", true},
                {"Version", "version", true},
                {"Description", "description", true},
                {"Keywords", "keywords", true},
                {"Maintainers", "maintainers", true},
                {"Icon", "icon", true},
                {"APIVersion", "apiVersion", true},
                {"Condition", "condition", true},
                {"Tags", "tags", true},
                {"AppVersion", "appVersion", true},
                {"Deprecated", "deprecated", true},
                {"Annotations", "annotations", true},
                {"KubeVersion", "kubeVersion", true},
                {"Dependencies", "dependencies", true},
                {"Type", "type", true}};
    return t;
  }();
  return type;
}

// Helm 3's .Chart: chart.Metadata embedded beside IsRoot.
const Type& chart_type() {
  static const Type type = [] {
    Type t = named("struct { chart.Metadata; IsRoot bool }", Kind::structure, nullptr);
    Field metadata("Metadata");
    metadata.embedded = true;
    t.fields = {std::move(metadata), {"IsRoot"}};
    return t;
  }();
  return type;
}

// ---- .Files ----

const Type& files_type();

Any files_of(Heap& heap, std::vector<std::pair<std::string, Any>> files) {
  Any out = heap.map(files_type());
  std::ranges::stable_sort(files, {}, &std::pair<std::string, Any>::first);  // each goes to the end of the map then
  for (auto& [name, bytes] : files) out.dict()->set(name, std::move(bytes));
  return out;
}

std::string_view content(const Any& files, std::string_view name) {
  const Any* bytes = files.dict()->find(name);
  return bytes ? bytes->bytes() : std::string_view();
}

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

const Type& files_type() {
  static const Type type = [] {
    Type t = named("engine.files", Kind::map, &types::bytes);
    static const Type map_of_bytes = named("map[string][]uint8", Kind::map, &types::bytes);
    t.underlying = &map_of_bytes;
    auto method = [&t](const char* name, std::vector<const Type*> in, const Type* out, Any (*run)(Call&)) {
      t.methods.push_back({name, Signature{std::move(in), false, out}, run});
    };
    method("Get", {&types::string}, &types::string,
           [](Call& call) { return Any::of(content(call.self(), call.text(0))); });
    method("GetBytes", {&types::string}, &types::bytes,
           [](Call& call) { return bytes_of(std::string(content(call.self(), call.text(0)))); });
    method("Glob", {&types::string}, nullptr, [](Call& call) {
      auto glob =
          Glob::create(call.text(0), Glob::Parts::by_slash);  // what is no pattern matches everything, as in Helm
      std::vector<std::pair<std::string, Any>> found;
      for (const Dict::Entry& e : call.self().dict()->entries())
        if (!glob || glob->matches(e.key.view())) found.emplace_back(e.key.str(), e.value);
      return files_of(call.heap(), std::move(found));
    });
    method("AsConfig", {}, &types::string, [](Call& call) {
      ObjectBuilder out;
      for (const Dict::Entry& e : call.self().dict()->entries()) out.set(base_name(e.key.view()), e.value.bytes());
      return Any::of(lang::sprig::to_yaml(call.heap().of(out.build())));
    });
    method("AsSecrets", {}, &types::string, [](Call& call) {
      ObjectBuilder out;
      for (const Dict::Entry& e : call.self().dict()->entries())
        out.set(base_name(e.key.view()), base::base64_encode(e.value.bytes()));
      return Any::of(lang::sprig::to_yaml(call.heap().of(out.build())));
    });
    method("Lines", {&types::string}, &types::string_list, [](Call& call) {
      std::string_view bytes = content(call.self(), call.text(0));
      std::vector<std::string> lines;
      if (!bytes.empty()) {
        if (bytes.ends_with('\n')) bytes.remove_suffix(1);
        for (std::string_view line : base::split(bytes, '\n')) lines.emplace_back(line);
      }
      return call.heap().strings(lines);
    });
    return t;
  }();
  return type;
}

// ---- .Capabilities ----

const Type& version_set_type(Compat compat) {
  static const auto make = [](const char* name) {
    Type t = named(name, Kind::slice, &types::string, &types::string_list);
    t.methods.push_back({"Has", Signature{{&types::string}, false, &types::boolean}, [](Call& call) {
                           bool has = std::ranges::any_of(call.self().list()->items(),
                                                          [&](const Any& v) { return v.text() == call.text(0); });
                           return Any::of(has);
                         }});
    return t;
  };
  static const Type three = make("chartutil.VersionSet"), four = make("common.VersionSet");
  return compat == Compat::helm4 ? four : three;
}

constexpr const char* kNormal = " normalizedVersion";

std::string kube_text(const Any& self) {
  return std::string(find_member(self, kNormal)->text());
}

Field hidden_field(const char* name) {
  Field field(name);
  field.hidden = true;
  return field;
}

// Helm 4 has moved its types to another package, and keeps beside the version what ranges are asked of.
const Type& kube_version_type(Compat compat) {
  static const auto make = [](const char* name, std::vector<Field> fields) {
    Type t = named(name, Kind::structure, nullptr);
    t.fields = std::move(fields);
    t.shown = kube_text;
    t.methods.push_back({"String", Signature{{}, false, &types::string},
                         [](Call& call) { return Any::of(kube_text(call.self())); }, true});
    t.methods.push_back({"GitVersion", Signature{{}, false, &types::string},
                         [](Call& call) { return *find_member(call.self(), "Version"); }, true});
    return t;
  };
  static const Type three = make("chartutil.KubeVersion", {{"Version"}, {"Major"}, {"Minor"}});
  static const Type four =
      make("common.KubeVersion", {{"Version"}, hidden_field("normalizedVersion"), {"Major"}, {"Minor"}});
  return compat == Compat::helm4 ? four : three;
}

const Type& helm_version_type(Compat compat) {
  static const auto make = [](bool four) {
    Type t = named("version.BuildInfo", Kind::structure, nullptr);
    t.fields = {{"Version", "version", true},
                {"GitCommit", "git_commit", true},
                {"GitTreeState", "git_tree_state", true},
                {"GoVersion", "go_version", true}};
    if (four) t.fields.emplace_back("KubeClientVersion", "kube_client_version", true);
    return t;
  };
  static const Type three = make(false), four = make(true);
  return compat == Compat::helm4 ? four : three;
}

const Type& capabilities_type(Compat compat) {
  static const auto make = [](const char* name) {
    Type t = named(name, Kind::structure, nullptr);
    t.fields = {{"KubeVersion"}, {"APIVersions"}, {"HelmVersion"}};
    return t;
  };
  static const Type three = make("chartutil.Capabilities"), four = make("common.Capabilities");
  static const auto to = [](const Type& type) {
    Type t = pointer_to(type);
    t.methods.push_back({"Copy", Signature{{}, false, nullptr}, [](Call& call) { return call.self(); }});
    return t;
  };
  static const Type to_three = to(three), to_four = to(four);
  return compat == Compat::helm4 ? to_four : to_three;
}

// A []string field that is not given is nil in Go; Helm 4 makes lists of it all.
Any texts(Heap& heap, const std::vector<std::string>& items, Compat compat) {
  if (compat == Compat::helm3) return items.empty() ? Any(types::string_list, nullptr) : heap.strings(items);
  std::vector<Any> all;
  for (const std::string& item : items) all.push_back(text(item).as_held());
  return heap.list(std::move(all));
}

// Once the import-values have been looked at, each is a map[string]string.
Any import_values(Heap& heap, const Value& given, Compat compat) {
  if (!given.is_array()) return compat == Compat::helm3 ? Any(types::any_list, nullptr) : heap.list({});
  std::vector<Any> all;
  for (const Value& item : given.items()) {
    Any one = heap.map(types::string_map);
    for (const value::Member& m : item.members()) one.dict()->set(m.key, Any::of(m.value.as_string()));
    all.push_back((item.is_object() ? one : heap.of(item)).as_held());
  }
  return heap.list(std::move(all));
}

// A struct as Helm 3 has it; a map of the same fields in Helm 4.
Any fields_of(Heap& heap, const Type& type, std::vector<Dict::Entry> fields, Compat compat) {
  if (compat == Compat::helm3) return heap.structure(type, std::move(fields));
  Any out = heap.map();
  for (Dict::Entry& e : fields) out.dict()->set(e.key, std::move(e.value).as_held());
  return out;
}

Any list_of(Heap& heap, const Type& element, std::vector<Any> items, Compat compat) {
  if (compat == Compat::helm4) {
    for (Any& item : items) item = std::move(item).as_held();
    return heap.list(std::move(items));
  }
  static const Type maintainers = named("[]*chart.Maintainer", Kind::slice, &pointer_to_maintainer());
  static const Type dependencies = named("[]*chart.Dependency", Kind::slice, &pointer_to_dependency());
  const Type& type = &element == &pointer_to_maintainer() ? maintainers : dependencies;
  return items.empty() ? Any(type, nullptr) : heap.list(std::move(items), type);
}

}  // namespace

Any chart_object(Heap& heap, const Chart& chart, Compat compat) {
  const Metadata& m = chart.metadata;
  Any annotations = m.annotations.empty() ? Any(types::string_map, nullptr) : heap.map(types::string_map);
  for (const auto& [key, note] : m.annotations) annotations.dict()->set(key, text(note));
  std::vector<Any> maintainers, dependencies;
  for (const Maintainer& one : m.maintainers)
    maintainers.push_back(fields_of(heap, pointer_to_maintainer(),
                                    {{"Name", text(one.name)}, {"Email", text(one.email)}, {"URL", text(one.url)}},
                                    compat));
  for (const auto& d : m.dependencies) {
    if (!d) continue;
    dependencies.push_back(fields_of(heap, pointer_to_dependency(),
                                     {{"Name", text(d->name)},
                                      {"Version", text(d->version)},
                                      {"Repository", text(d->repository)},
                                      {"Condition", text(d->condition)},
                                      {"Tags", texts(heap, d->tags, compat)},
                                      {"Enabled", Any::of(d->enabled)},
                                      {"ImportValues", import_values(heap, d->import_values, compat)},
                                      {"Alias", text(d->alias)}},
                                     compat));
  }
  std::vector<Dict::Entry> fields = {
      {"Name", text(m.name)},
      {"Home", text(m.home)},
      {"Sources", texts(heap, m.sources, compat)},
      {"Version", text(m.version)},
      {"Description", text(m.description)},
      {"Keywords", texts(heap, m.keywords, compat)},
      {"Maintainers", list_of(heap, pointer_to_maintainer(), std::move(maintainers), compat)},
      {"Icon", text(m.icon)},
      {"APIVersion", text(m.api_version)},
      {"Condition", text(m.condition)},
      {"Tags", text(m.tags)},
      {"AppVersion", text(m.app_version)},
      {"Deprecated", Any::of(m.deprecated)},
      {"Annotations", std::move(annotations)},
      {"KubeVersion", text(m.kube_version)},
      {"Dependencies", list_of(heap, pointer_to_dependency(), std::move(dependencies), compat)},
      {"Type", text(m.type)}};
  Dict::Entry is_root{"IsRoot", Any::of(chart.is_root())};
  if (compat == Compat::helm4) {
    fields.push_back(std::move(is_root));
    return fields_of(heap, chart_type(), std::move(fields), compat);
  }
  std::vector<Dict::Entry> all = fields;  // an embedded struct's fields are the outer one's as well
  all.push_back({"Metadata", heap.structure(metadata_type(), std::move(fields))});
  all.push_back(std::move(is_root));
  return heap.structure(chart_type(), std::move(all));
}

Any files_object(Heap& heap, const Chart& chart) {
  std::vector<std::pair<std::string, Any>> files;
  for (const ChartFile& file : chart.files) files.emplace_back(file.name, bytes_of(file.data));
  return files_of(heap, std::move(files));
}

Any helm_version_object(Heap& heap, Compat compat) {
  std::vector<Dict::Entry> fields = {{"Version", text(helm_version(compat))},
                                     {"GitCommit", text("")},
                                     {"GitTreeState", text("")},
                                     {"GoVersion", text("go1.26.8")}};
  if (compat == Compat::helm4) fields.push_back({"KubeClientVersion", text("v1.37")});
  return heap.structure(helm_version_type(compat), std::move(fields));
}

Any capabilities_object(Heap& heap, const Capabilities& capabilities, Compat compat) {
  const KubeVersion& kube = capabilities.kube;
  std::vector<Any> versions;
  for (const std::string& v : capabilities.api_versions) versions.push_back(text(v));
  return heap.structure(capabilities_type(compat),
                        {{"KubeVersion", heap.structure(kube_version_type(compat), {{"Version", text(kube.version)},
                                                                                    {"Major", text(kube.major)},
                                                                                    {"Minor", text(kube.minor)},
                                                                                    {kNormal, text(kube.normal)}})},
                         {"APIVersions", heap.list(std::move(versions), version_set_type(compat))},
                         {"HelmVersion", helm_version_object(heap, compat)}});
}

Any release_object(Heap& heap, const ReleaseInfo& release) {
  Any out = heap.map();
  Dict& d = *out.dict();
  d.set("Name", text(release.name).as_held());
  d.set("Namespace", text(release.ns).as_held());
  d.set("IsUpgrade", Any::of(release.upgrade).as_held());
  d.set("IsInstall", Any::of(release.install && !release.upgrade).as_held());
  d.set("Revision", Any::of_int(release.install ? 1 : 0).as_held());
  d.set("Service", text("Helm").as_held());
  return out;
}

}  // namespace slipway::render::helm
