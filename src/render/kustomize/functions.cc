#include "render/kustomize/functions.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "render/kustomize/documents.h"
#include "render/kustomize/fields.h"
#include "render/kustomize/notes.h"
#include "value/note.h"
#include "value/yaml.h"

namespace slipway::render::kustomize {

std::string FunctionCall::key() const {
  std::string key;
  for (const auto* words : {&argv, &env})
    for (const std::string& word : *words) key += word + '\0';
  return key + directory + '\0' + input;
}

bool is_function(const Resource& plugin) {
  return !plugin.gvk().group.empty() || plugin.gvk().version != "builtin";
}

namespace {

struct Mount {
  std::string type, source, target;
  bool writable = false;
};
struct Specification {
  std::string image, path;
  bool network = false;
  std::vector<Mount> mounts;
  std::vector<std::string> container_env, args, exec_env;
  std::string described() const {
    if (!image.empty()) return fmt::format("container image {}", image);
    return path.empty() ? "neither exec nor container" : fmt::format("executable {}", path);
  }
};

Result<Specification> read_specification(const std::string& text, const std::string& key) {
  Value v = OR_RETURN(value::parse_yaml(text).context(key));
  Source source{.text = std::make_shared<const std::string>(text), .file = "", .fault = {}};
  Specification out;
  Fields fields(source, v);
  fields.flag("deferFailure");
  fields.inner("container", [&](Fields& c) {
    out.image = c.text("image");
    out.network = c.flag("network");
    out.container_env = c.texts("envs");
    c.each("mounts", [&](Fields& m) {
      out.mounts.push_back({m.text("type"), m.text("src"), m.text("dst"), m.flag("rw")});
      m.done("a mount");
    });
    c.done("container");
  });
  fields.inner("exec", [&](Fields& e) {
    out.path = e.text("path");
    out.args = e.texts("args");
    out.exec_env = e.texts("envs");
    e.done("exec");
  });
  fields.done(key);
  if (source.fault) return fail(ErrorKind::invalid, "{}: {}", key, source.fault->message());
  return out;
}

// Nothing: it is none, as far as can be told.
Result<std::optional<Specification>> specification_of(const Resource& plugin) {
  const Value& metadata = plugin.object()["metadata"];
  for (const char* key : {"config.kubernetes.io/function", "config.k8s.io/function"})
    if (const Value* text = metadata["annotations"].find(key); text && !scalar_text(*text).empty())
      return std::optional(OR_RETURN(read_specification(scalar_text(*text), key)));
  if (const Value* own = metadata.find("configFn"); own && !own->is_null())
    return std::optional(OR_RETURN(read_specification(value::to_yaml(*own), "configFn")));
  if (const Value* image = metadata["annotations"].find("config.kubernetes.io/container"))
    return std::optional(Specification{.image = scalar_text(*image)});
  return std::optional<Specification>();
}

// ---- what may run

Error refused(const Resource& plugin, std::string_view why) {
  return Error(ErrorKind::unsupported, fmt::format("{} \"{}\" {}", plugin.gvk().kind, plugin.name(), why))
      .at(plugin.origin);
}

std::string without_dot(std::string path) {
  while (path.starts_with("./")) path.erase(0, 2);
  return path;
}

Result<> check_allowed(const Resource& plugin, const std::optional<Specification>& spec, const Folder& folder,
                       const Functions* functions) {
  bool executable = !spec || spec->image.empty();
  std::string what = spec ? spec->described() : "no function: it has no annotation config.kubernetes.io/function";
  const char* flags = executable ? "--enable-alpha-plugins --enable-exec" : "--enable-alpha-plugins";
  if (!functions)
    return refused(plugin, fmt::format("is an external plugin ({}), and here only the built-in ones (apiVersion: "
                                       "builtin) run; `slipway kustomize build {}` runs functions",
                                       what, flags));
  if (!functions->plugins)
    return refused(plugin, fmt::format("is an external plugin ({}), and external plugins are disabled: {} lets "
                                       "functions run",
                                       what, flags));
  if (!spec) return refused(plugin, fmt::format("is {}; other plugins of kustomize's plugin home are not run", what));
  if (!spec->path.empty() && executable && !functions->exec)
    return refused(plugin, fmt::format("is an exec function ({}), which --enable-exec lets run", what));
  if (folder.shared_tree().get() != functions->tree)
    return refused(plugin, fmt::format("is a function ({}) of a remote kustomization, which has no folder here to run "
                                       "in: copy it (kustomize localize) to run it",
                                       what));
  for (const Mount& mount : spec->mounts) {
    std::string clean = without_dot(mount.source);
    if (mount.source.starts_with('/'))
      return refused(plugin, fmt::format("mounts '{}', which is not permitted: mount paths must be relative to the "
                                         "current kustomization directory",
                                         mount.source));
    if (clean.starts_with("..") || clean.find("/..") != clean.npos)
      return refused(plugin, fmt::format("mounts '{}', which is not permitted: mount paths must be under the current "
                                         "kustomization directory",
                                         mount.source));
  }
  if (spec->network && !functions->network)
    return refused(plugin, "couldn't execute function: network required but not enabled with --network");
  return {};
}

// ---- the process

// Those with a value by name, the later one counts; those without are handed through.
struct Environment {
  std::map<std::string, std::string> values;
  std::vector<std::string> handed;
  void add(const std::vector<std::string>& words) {
    for (const std::string& word : words) {
      size_t equals = word.find('=');
      if (equals != word.npos)
        values[word.substr(0, equals)] = word.substr(equals + 1);
      else if (std::ranges::find(handed, word) == handed.end())
        handed.push_back(word);
    }
  }
};

Mount read_mount(const std::string& word) {
  Mount mount;
  for (std::string_view option : base::split(word, ',')) {
    size_t equals = option.find('=');
    if (equals == option.npos) continue;
    std::string_view key = option.substr(0, equals), text = option.substr(equals + 1);
    if (key == "type") mount.type = text;
    if (key == "src" || key == "source") mount.source = text;
    if (key == "dst" || key == "target") mount.target = text;
    if (key == "rw") mount.writable = text == "true";
  }
  return mount;
}

FunctionCall container_call(const Specification& spec, const Functions& functions, const std::string& directory) {
  FunctionCall call{{functions.engine, "run", "--rm", "-i", "-a", "STDIN", "-a", "STDOUT", "-a", "STDERR", "--network",
                     spec.network ? "host" : "none", "--user", functions.user, "--security-opt=no-new-privileges"},
                    {},
                    directory,
                    ""};
  std::vector<Mount> mounts = spec.mounts;
  for (const std::string& word : functions.mounts) mounts.push_back(read_mount(word));
  for (const Mount& mount : mounts) {
    std::string source = without_dot(mount.source);
    if (!source.starts_with('/')) source = source.empty() || source == "." ? directory : directory + "/" + source;
    call.argv.insert(call.argv.end(), {"--mount", fmt::format("type={},source={},target={}{}", mount.type, source,
                                                              mount.target, mount.writable ? "" : ",readonly")});
  }
  Environment environment;
  environment.add({"LOG_TO_STDERR=true", "STRUCTURED_RESULTS=true"});
  environment.add(spec.container_env);
  environment.add(functions.env);
  for (const auto& [name, text] : environment.values) call.argv.insert(call.argv.end(), {"-e", name + "=" + text});
  for (const std::string& name : environment.handed) call.argv.insert(call.argv.end(), {"-e", name});
  call.argv.push_back(spec.image);
  return call;
}

FunctionCall exec_call(const Specification& spec, const Functions& functions, const std::string& directory) {
  FunctionCall call{{spec.path}, {}, directory, ""};
  if (spec.path.find('/') != spec.path.npos && !spec.path.starts_with('/')) call.argv[0] = directory + "/" + spec.path;
  call.argv.insert(call.argv.end(), spec.args.begin(), spec.args.end());
  std::map<std::string, std::string> values;
  for (const auto* words : {&spec.exec_env, &functions.env})
    for (const std::string& word : *words)
      if (std::ranges::count(word, '=') == 1) values[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
  for (const auto& [name, text] : values) call.env.push_back(name + "=" + text);
  return call;
}

// ---- what it is given

// kyaml writes some annotations behind the sorted others, in quotes.
using Added = std::vector<std::pair<std::string, std::string>>;

std::string item_text(const Value& object, const Added& added, std::string_view first, std::string_view indent) {
  constexpr std::string_view mark = "annotations-stand-here";
  std::string annotations;
  const Value& own = object["metadata"]["annotations"];
  if (own.is_object() && own.size()) annotations = value::to_yaml(own);
  for (const auto& [key, text] : added) annotations += fmt::format("{}: '{}'\n", key, text);
  std::string text = value::to_yaml(object.with("/metadata/annotations", Value(mark))), out;
  std::string line_of_mark = fmt::format("  annotations: {}", mark);
  bool in_metadata = false, done = false;
  auto put = [&](std::string_view line) {
    if (!line.empty()) out += fmt::format("{}{}", out.empty() ? first : indent, line);
    out += '\n';
  };
  for (std::string_view line : base::split(base::trim(text), '\n')) {
    if (line == "metadata:") in_metadata = true;
    if (done || !in_metadata || line != line_of_mark) {
      put(line);
      continue;
    }
    done = true;
    put("  annotations:");
    for (std::string_view inner : base::split(base::trim(annotations), '\n'))
      put(inner.empty() ? "" : fmt::format("    {}", inner));
  }
  return out;
}

Value with_text_annotations(const Value& object) {
  Value out = value::written_meaning(object);
  for (const auto& [key, text] : object["metadata"]["annotations"].members())
    if (!text.is_string() || value::note_of(text) != value::Note::none)
      out = out.with(fmt::format("/metadata/annotations/{}", value::pointer_escape(key)), Value(scalar_text(text)));
  return out;
}

constexpr const char* local_config = "config.kubernetes.io/local-config";

std::string input_text(const Value& config, const std::vector<std::pair<Value, Added>>& items) {
  std::string out = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:";
  out += items.empty() ? " []\n" : "\n";
  for (size_t i = 0; i < items.size(); ++i) {
    std::string number = std::to_string(i), id = std::to_string(i + 1);
    Added added = items[i].second;
    for (const auto& [key, text] : Added{{"config.kubernetes.io/index", number},
                                         {"internal.config.kubernetes.io/index", number},
                                         {"internal.config.kubernetes.io/annotations-migration-resource-id", number},
                                         {"internal.config.kubernetes.io/id", id},
                                         {"config.k8s.io/id", id}})
      added.emplace_back(key, text);
    out += item_text(items[i].first, added, "- ", "  ");
  }
  return out + "functionConfig:\n" + item_text(config, {{local_config, "true"}}, "  ", "  ");
}

constexpr const char* id_annotation = "kustomize.config.k8s.io/id";

Value with_id(const Resource& r) {
  Value id = Value::object();
  for (const auto& [key, text] : {std::pair<const char*, std::string>{"group", r.gvk().group},
                                  {"kind", r.gvk().kind},
                                  {"name", std::string(r.name())},
                                  {"namespace", std::string(r.scope_name())},
                                  {"version", r.gvk().version}})
    if (!text.empty()) id = id.with_member(key, Value(text));
  Value object = with_text_annotations(with_notes(r));
  const Value& annotations = object["metadata"]["annotations"];
  return object.with(
      "/metadata/annotations",
      (annotations.is_object() ? annotations : Value::object()).with_member(id_annotation, Value(value::to_yaml(id))));
}

// ---- what it gives

Result<std::vector<Resource>> run(const Resource& plugin, const Folder& folder, Functions* functions,
                                  const KnownKinds* known, const std::vector<std::pair<Value, Added>>& items,
                                  bool* skipped) {
  auto spec = specification_of(plugin);
  if (!spec)
    return std::move(spec)
        .error()
        .context(fmt::format("{} \"{}\"", plugin.gvk().kind, plugin.name()))
        .at(plugin.origin);
  OR_RETURN(check_allowed(plugin, *spec, folder, functions));
  *skipped = (*spec)->image.empty() && (*spec)->path.empty();
  if (*skipped) return std::vector<Resource>();
  std::string directory = functions->root + folder.root();
  bool container = !(*spec)->image.empty();
  if (container && functions->engine.empty())
    return refused(plugin,
                   fmt::format("runs in a container ({}), and neither docker nor podman is in PATH", (*spec)->image));
  if (!container && folder.root().empty())
    return refused(plugin, "couldn't execute function: root working directory '/' not allowed");
  FunctionCall call =
      container ? container_call(**spec, *functions, directory) : exec_call(**spec, *functions, directory);
  call.input = input_text(with_text_annotations(plugin.object()), items);
  auto answer = functions->answers.find(call.key());
  if (answer == functions->answers.end()) {
    functions->wanted = std::move(call);
    return fail(ErrorKind::unavailable, "the function {} \"{}\" has yet to run", plugin.gvk().kind, plugin.name());
  }
  auto failed = [&](std::string_view why) {
    return refused(plugin, fmt::format("({}): couldn't execute function: {}", (*spec)->described(), why));
  };
  if (!answer->second) return failed(answer->second.error().message());
  if (!answer->second->status.empty()) return failed(answer->second->status);
  auto made = read_resources(answer->second->out, fmt::format("output of {}", (*spec)->described()), known);
  if (!made) return std::move(made).error().context(fmt::format("{} \"{}\"", plugin.gvk().kind, plugin.name()));
  for (Resource& r : *made) {
    Value annotations = r.object()["metadata"]["annotations"];
    Value left = annotations;
    for (const char* key :
         {id_annotation, "internal.config.kubernetes.io/id", "config.k8s.io/id", "internal.config.kubernetes.io/index",
          "config.kubernetes.io/index", "internal.config.kubernetes.io/seqindent",
          "internal.config.kubernetes.io/annotations-migration-resource-id"})
      if (left.has(key)) left = left.without_member(key);
    if (left.same_node(annotations)) continue;
    r.set_object(left.empty() ? r.object().without("/metadata/annotations")
                              : r.object().with("/metadata/annotations", left));
  }
  return made;
}

Result<std::vector<std::pair<Value, Added>>> items_of(const ResourceSet& set) {
  std::vector<std::pair<Value, Added>> items;
  for (const Resource& r : set.all()) {
    if (r.flaw && has_flaw(r.object())) return *r.flaw;
    if (!r.is_removed()) items.emplace_back(with_id(r), Added());
  }
  return items;
}

}  // namespace

Result<std::vector<Resource>> generate_by_function(const Resource& plugin, const Folder& folder, Functions* functions,
                                                   const KnownKinds* known) {
  bool skipped = false;
  auto made = OR_RETURN(run(plugin, folder, functions, known,
                            {{with_text_annotations(plugin.object()), {{local_config, "true"}}}}, &skipped));
  for (Resource& r : made) {
    set_with_notes(r, r.object());
    r.generated = true;
    r.behavior = Behavior::unspecified;
    for (const char* key : {"kustomize.config.k8s.io/needs-hash", "kustomize.config.k8s.io/behavior"}) {
      const Value* found = r.object()["metadata"]["annotations"].find(key);
      if (!found) continue;
      std::string word = scalar_text(*found);
      static const std::set<std::string> yes = {"1", "t", "T", "true", "TRUE", "True"};
      static const std::set<std::string> no = {"0", "f", "F", "false", "FALSE", "False"};
      if (std::string_view(key).ends_with("hash")) {
        if (!yes.contains(word) && !no.contains(word))
          return fail(ErrorKind::invalid, "the annotation \"{}\" contains an invalid value (\"{}\")", key, word)
              .at(r.origin);
        r.needs_hash = yes.contains(word);
      } else {
        r.behavior = behavior_of(word);
      }
      r.set_object(r.object().without(fmt::format("/metadata/annotations/{}", value::pointer_escape(key))));
    }
  }
  return made;
}

Result<> transform_by_function(ResourceSet& set, const Resource& plugin, const Folder& folder, Functions* functions,
                               const KnownKinds* known) {
  bool skipped = false;
  auto items = OR_RETURN(items_of(set));
  auto made = OR_RETURN(run(plugin, folder, functions, known, items, &skipped));
  if (skipped) return {};
  std::set<std::string> given;
  for (Resource& r : made) {
    if (!given.insert(r.id().key()).second)
      return fail(ErrorKind::invalid, "plugin api: {}, kind: {}, name: {} generated duplicate resource: {}",
                  plugin.gvk().api_version(), plugin.gvk().kind, plugin.name(), r.id().str())
          .at(plugin.origin);
    auto there = set.with_current_id(r.id());
    if (there.size() > 1) return fail(ErrorKind::invalid, "multiple matches for Id {}", r.id().str()).at(plugin.origin);
    if (there.empty()) {
      set_with_notes(r, r.object());
      OR_RETURN(set.append(std::move(r)));
    } else {
      set_with_notes(set.all()[there[0]], r.object());
      set.all()[there[0]].flaw = r.flaw;
      set.touched(there[0]);
    }
  }
  for (Resource& r : set.all())
    if (!r.is_removed() && !given.contains(r.id().key())) set.remove(r);
  return {};
}

Result<> validate_by_function(const ResourceSet& set, const Resource& plugin, const Folder& folder,
                              Functions* functions, const KnownKinds* known) {
  bool skipped = false;
  auto items = OR_RETURN(items_of(set));
  auto made = OR_RETURN(run(plugin, folder, functions, known, items, &skipped));
  std::set<std::string> ids;
  for (const Resource& r : set.all())
    if (!r.is_removed()) ids.insert(r.id().key());
  for (const Resource& r : made)
    if (ids.contains(r.id().key()))
      return fail(ErrorKind::invalid, "validator shouldn't modify the resource map: {} \"{}\" gives {} anew",
                  plugin.gvk().kind, plugin.name(), r.id().str())
          .at(plugin.origin);
  return {};
}

}  // namespace slipway::render::kustomize
