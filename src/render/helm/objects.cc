#include "render/helm/objects.h"

#include <algorithm>

#include "base/text.h"
#include "lang/gotemplate/template.h"
#include "render/helm/glob.h"
#include "render/helm/read.h"
#include "value/yaml.h"

namespace slipway::render::helm {

namespace {

using namespace lang::gotemplate;

Any text(const std::string& s) {
  return Any::of(s);
}

const Any* find_member(const Any& self, std::string_view name) {
  return self.dict()->find(name);
}

// ---- .Chart ----

const Type& maintainer_type() {
  static const Type type = [] {
    Type t;
    t.name = "chart.Maintainer";
    t.kind = Kind::structure;
    t.fields = {"Name", "Email", "URL"};
    t.json = [](const Any& self) {
      ObjectBuilder out;
      out.set_unless_empty("name", find_member(self, "Name")->value());
      out.set_unless_empty("email", find_member(self, "Email")->value());
      out.set_unless_empty("url", find_member(self, "URL")->value());
      return out.build();
    };
    return t;
  }();
  return type;
}

Value json_or_null(const Any& v) {
  return to_value(v).value_or(Value());
}

const Type& dependency_type() {
  static const Type type = [] {
    Type t;
    t.name = "chart.Dependency";
    t.kind = Kind::structure;
    t.fields = {"Name", "Version", "Repository", "Condition", "Tags", "Enabled", "ImportValues", "Alias"};
    t.json = [](const Any& self) {
      auto get = [&](const char* key) { return json_or_null(*find_member(self, key)); };
      ObjectBuilder out;
      out.set("name", get("Name")).set_unless_empty("version", get("Version")).set("repository", get("Repository"));
      out.set_unless_empty("condition", get("Condition")).set_unless_empty("tags", get("Tags"));
      out.set_unless_empty("enabled", get("Enabled")).set_unless_empty("import-values", get("ImportValues"));
      out.set_unless_empty("alias", get("Alias"));
      return out.build();
    };
    return t;
  }();
  return type;
}

Type named(std::string name, Kind kind, const Type* element, const Type* underlying = nullptr) {
  Type t;
  t.name = std::move(name);
  t.kind = kind;
  t.element = element;
  t.underlying = underlying;
  return t;
}

// Helm 3's .Chart: chart.Metadata embedded beside IsRoot, so its fields are the struct's own.
const Type& chart_type() {
  static const Type type = [] {
    Type t;
    t.name = "struct { chart.Metadata; IsRoot bool }";
    t.kind = Kind::structure;
    t.fields = {"Name",        "Home",        "Sources",     "Version",      "Description", "Keywords",
                "Maintainers", "Icon",        "APIVersion",  "Condition",    "Tags",        "AppVersion",
                "Deprecated",  "Annotations", "KubeVersion", "Dependencies", "Type",        "IsRoot"};
    t.json = [](const Any& self) {
      static const std::pair<const char*, const char*> names[] = {{"Name", "name"},
                                                                  {"Home", "home"},
                                                                  {"Sources", "sources"},
                                                                  {"Version", "version"},
                                                                  {"Description", "description"},
                                                                  {"Keywords", "keywords"},
                                                                  {"Maintainers", "maintainers"},
                                                                  {"Icon", "icon"},
                                                                  {"APIVersion", "apiVersion"},
                                                                  {"Condition", "condition"},
                                                                  {"Tags", "tags"},
                                                                  {"AppVersion", "appVersion"},
                                                                  {"Deprecated", "deprecated"},
                                                                  {"Annotations", "annotations"},
                                                                  {"KubeVersion", "kubeVersion"},
                                                                  {"Dependencies", "dependencies"},
                                                                  {"Type", "type"}};
      ObjectBuilder out;
      for (auto [field, json] : names) out.set_unless_empty(json, json_or_null(*find_member(self, field)));
      out.set("IsRoot", find_member(self, "IsRoot")->as_bool());
      return out.build();
    };
    return t;
  }();
  return type;
}

// ---- .Files ----

const Type& files_type();

Any files_of(Heap& heap, std::vector<std::pair<std::string, Any>> files) {
  Any out = heap.map(files_type());
  for (auto& [name, bytes] : files) out.dict()->set(name, std::move(bytes));
  return out;
}

std::string_view content(const Any& files, std::string_view name) {
  const Any* bytes = files.dict()->find(name);
  return bytes ? bytes->bytes() : std::string_view();
}

std::string yaml_of(const Value& object) {
  std::string yaml = value::to_yaml(object);
  if (yaml.ends_with('\n')) yaml.pop_back();
  return yaml;
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
      Glob glob(call.text(0));
      std::vector<std::pair<std::string, Any>> found;
      for (const Dict::Entry& e : call.self().dict()->entries())
        if (glob.matches(e.key.view())) found.emplace_back(e.key.str(), e.value);
      return files_of(call.heap(), std::move(found));
    });
    method("AsConfig", {}, &types::string, [](Call& call) {
      ObjectBuilder out;
      for (const Dict::Entry& e : call.self().dict()->entries()) out.set(base_name(e.key.view()), e.value.bytes());
      return Any::of(yaml_of(out.build()));
    });
    method("AsSecrets", {}, &types::string, [](Call& call) {
      ObjectBuilder out;
      for (const Dict::Entry& e : call.self().dict()->entries())
        out.set(base_name(e.key.view()), base::base64_encode(e.value.bytes()));
      return Any::of(yaml_of(out.build()));
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
  // Glob gives the type itself, which has an address only now.
  static const bool tied = [] {
    for (const Method& m : type.methods)
      if (m.name == "Glob") const_cast<Method&>(m).signature.out = &type;
    return true;
  }();
  (void)tied;
  return type;
}

// ---- .Capabilities ----

const Type& version_set_type() {
  static const Type type = [] {
    Type t = named("chartutil.VersionSet", Kind::slice, &types::string, &types::string_list);
    t.methods.push_back({"Has", Signature{{&types::string}, false, &types::boolean}, [](Call& call) {
                           bool has = std::ranges::any_of(call.self().list()->items(),
                                                          [&](const Any& v) { return v.text() == call.text(0); });
                           return Any::of(has);
                         }});
    return t;
  }();
  return type;
}

Any kube_text(Call& call) {
  return *find_member(call.self(), " normal");
}

const Type& kube_version_type() {
  static const Type type = [] {
    Type t = named("chartutil.KubeVersion", Kind::structure, nullptr);
    t.fields = {"Version", "Major", "Minor"};
    t.methods.push_back({"String", Signature{{}, false, &types::string}, kube_text});
    t.methods.push_back({"GitVersion", Signature{{}, false, &types::string}, kube_text});
    t.json = [](const Any& self) {
      auto get = [&](const char* key) { return find_member(self, key)->value(); };
      return Value{{"Version", get("Version")}, {"Major", get("Major")}, {"Minor", get("Minor")}};
    };
    t.text = [](const Any& self) { return std::string(find_member(self, " normal")->text()); };
    return t;
  }();
  return type;
}

const Type& helm_version_type() {
  static const Type type = [] {
    Type t = named("version.BuildInfo", Kind::structure, nullptr);
    t.fields = {"Version", "GitCommit", "GitTreeState", "GoVersion"};
    t.json = [](const Any& self) {
      auto get = [&](const char* key) { return find_member(self, key)->value(); };
      ObjectBuilder out;
      out.set_unless_empty("version", get("Version")).set_unless_empty("git_commit", get("GitCommit"));
      out.set_unless_empty("git_tree_state", get("GitTreeState")).set_unless_empty("go_version", get("GoVersion"));
      return out.build();
    };
    return t;
  }();
  return type;
}

const Type& capabilities_type() {
  static const Type structure = [] {
    Type t = named("chartutil.Capabilities", Kind::structure, nullptr);
    t.fields = {"KubeVersion", "APIVersions", "HelmVersion"};
    t.json = [](const Any& self) {
      auto get = [&](const char* key) { return json_or_null(*find_member(self, key)); };
      return Value{{"KubeVersion", get("KubeVersion")},
                   {"APIVersions", get("APIVersions")},
                   {"HelmVersion", get("HelmVersion")}};
    };
    return t;
  }();
  return structure;
}

}  // namespace

const Type& values_type(Compat compat) {
  static const Type three = named("chartutil.Values", Kind::map, &types::any, &types::any_map);
  static const Type four = named("common.Values", Kind::map, &types::any, &types::any_map);
  return compat == Compat::helm4 ? four : three;
}

Any chart_object(Heap& heap, const Chart& chart, Compat compat) {
  const Metadata& m = chart.metadata;
  Any annotations = heap.map(types::string_map);
  for (const auto& [key, note] : m.annotations) annotations.dict()->set(key, text(note));
  std::vector<Any> maintainers, dependencies;
  for (const Maintainer& one : m.maintainers)
    maintainers.push_back(heap.structure(
        maintainer_type(), {{"Name", text(one.name)}, {"Email", text(one.email)}, {"URL", text(one.url)}}));
  for (const auto& d : m.dependencies) {
    if (!d) continue;
    dependencies.push_back(heap.structure(
        dependency_type(), {{"Name", text(d->name)},
                            {"Version", text(d->version)},
                            {"Repository", text(d->repository)},
                            {"Condition", text(d->condition)},
                            {"Tags", heap.strings(d->tags)},
                            {"Enabled", Any::of(d->enabled)},
                            {"ImportValues", d->import_values.is_array() ? heap.of(d->import_values) : heap.list({})},
                            {"Alias", text(d->alias)}}));
  }
  static const Type maintainer_list = named("[]*chart.Maintainer", Kind::slice, &maintainer_type());
  static const Type dependency_list = named("[]*chart.Dependency", Kind::slice, &dependency_type());
  std::vector<Dict::Entry> fields = {{"Name", text(m.name)},
                                     {"Home", text(m.home)},
                                     {"Sources", heap.strings(m.sources)},
                                     {"Version", text(m.version)},
                                     {"Description", text(m.description)},
                                     {"Keywords", heap.strings(m.keywords)},
                                     {"Maintainers", heap.list(std::move(maintainers), maintainer_list)},
                                     {"Icon", text(m.icon)},
                                     {"APIVersion", text(m.api_version)},
                                     {"Condition", text(m.condition)},
                                     {"Tags", text(m.tags)},
                                     {"AppVersion", text(m.app_version)},
                                     {"Deprecated", Any::of(m.deprecated)},
                                     {"Annotations", std::move(annotations)},
                                     {"KubeVersion", text(m.kube_version)},
                                     {"Dependencies", heap.list(std::move(dependencies), dependency_list)},
                                     {"Type", text(m.type)},
                                     {"IsRoot", Any::of(chart.is_root())}};
  if (compat == Compat::helm3) return heap.structure(chart_type(), std::move(fields));
  Any out = heap.map();
  for (Dict::Entry& e : fields) out.dict()->set(e.key, std::move(e.value).as_held());
  return out;
}

Any files_object(Heap& heap, const Chart& chart) {
  std::vector<std::pair<std::string, Any>> files;
  for (const ChartFile& file : chart.files) files.emplace_back(file.name, bytes_of(*file.data));
  return files_of(heap, std::move(files));
}

Any capabilities_object(Heap& heap, const Capabilities& capabilities, Compat compat) {
  const KubeVersion& kube = capabilities.kube;
  std::vector<Any> versions;
  for (const std::string& v : capabilities.api_versions) versions.push_back(text(v));
  bool four = compat == Compat::helm4;
  return heap.structure(
      capabilities_type(),
      {{"KubeVersion", heap.structure(kube_version_type(), {{"Version", text(kube.version)},
                                                            {"Major", text(kube.major)},
                                                            {"Minor", text(kube.minor)},
                                                            {" normal", text(kube.normal)}})},
       {"APIVersions", heap.list(std::move(versions), version_set_type())},
       {"HelmVersion", heap.structure(helm_version_type(), {{"Version", text(four ? "v4.3" : "v3.22")},
                                                            {"GitCommit", text("")},
                                                            {"GitTreeState", text("")},
                                                            {"GoVersion", text("go1.26.8")}})}});
}

Any release_object(Heap& heap, const ReleaseInfo& release) {
  Any out = heap.map();
  Dict& d = *out.dict();
  d.set("Name", text(release.name).as_held());
  d.set("Namespace", text(release.ns).as_held());
  d.set("IsUpgrade", Any::of(release.upgrade).as_held());
  d.set("IsInstall", Any::of(!release.upgrade).as_held());
  d.set("Revision", Any::of_int(1).as_held());
  d.set("Service", text("Helm").as_held());
  return out;
}

}  // namespace slipway::render::helm
