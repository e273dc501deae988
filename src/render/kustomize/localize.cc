// One walk over each kustomization: every field that names a file or folder is a row of a table; what it names is
// copied to the same place below the scope, and the field gets the path that is right there.
#include "render/kustomize/localize.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/text.h"
#include "render/kustomize/documents.h"
#include "render/kustomize/kustomization_file.h"
#include "render/kustomize/printable.h"
#include "sources/url.h"
#include "value/yaml.h"

namespace slipway::render::kustomize {
namespace {

constexpr int kDepthMax = 100;

// "../base" as seen from "apps/web", when it is "apps/base".
std::string relative(const std::string& to, const std::string& from) {
  auto split = [](const std::string& path) {
    std::vector<std::string> parts;
    for (std::string_view part : base::split(path, '/'))
      if (!part.empty()) parts.emplace_back(part);
    return parts;
  };
  auto a = split(from), b = split(to);
  size_t same = 0;
  while (same < a.size() && same < b.size() && a[same] == b[same]) ++same;
  std::vector<std::string> out(a.size() - same, "..");
  out.insert(out.end(), b.begin() + static_cast<long>(same), b.end());
  return out.empty() ? "." : base::join(out, "/");
}
std::string joined(const std::string& folder, std::string_view path) {
  return folder.empty() ? std::string(path) : path.empty() ? folder : fmt::format("{}/{}", folder, path);
}

// "127.0.0.1" of "https://user@127.0.0.1:80/"; and what follows the host.
std::pair<std::string, std::string> host_and_path(std::string_view url) {
  if (size_t scheme = url.find("://"); scheme != url.npos) url.remove_prefix(scheme + 3);
  size_t end = url.find_first_of("/:");
  if (size_t at = url.find('@'); at != url.npos && at < url.find('/')) {
    url.remove_prefix(at + 1);
    end = url.find_first_of("/:");
  }
  std::string host(url.substr(0, end));
  size_t slash = url.find('/', end == url.npos ? 0 : end);
  if (end != url.npos && url[end] == ':' &&
      (slash == url.npos || !base::parse_int(url.substr(end + 1, slash - end - 1))))
    slash = end;  // git@host:path
  std::string path(slash == url.npos ? "" : url.substr(slash + 1));
  while (path.starts_with('/')) path.erase(0, 1);
  return {host, path};
}

constexpr const char* files_folder = "localized-files";

// Where a remote root and all around it in its repository is put. Repositories of this machine stand apart from hosts.
std::string folder_of(const RemoteSpec& spec) {
  auto [host, path] = host_and_path(spec.url);
  if (spec.url.starts_with("file://")) host = "file-schemed";
  while (path.ends_with('/')) path.pop_back();
  if (path.ends_with(".git")) path.resize(path.size() - 4);
  return joined(joined(joined(files_folder, host), path), spec.ref);
}

class Localizer {
 public:
  // `scope` and folders below are paths of `tree`; they come to stand below `place`.
  Localizer(std::shared_ptr<const sources::Tree> tree, std::string scope, std::string place, RemoteBases* remotes,
            Localized* out, int depth)
      : tree_(std::move(tree)),
        scope_(std::move(scope)),
        place_(std::move(place)),
        remotes_(remotes),
        out_(*out),
        depth_(depth) {}

  Result<> root(const Folder& folder) {
    if (depth_ > kDepthMax) return fail(ErrorKind::too_large, "kustomizations are nested deeper than {}", kDepthMax);
    Folder::File file = OR_RETURN(folder.kustomization());
    auto read = OR_RETURN(KustomizationFile::read(*file.text, file.path, KustomizationFile::As::written));
    place_of_ = [&read](const std::string& pointer) { return read.place(pointer); };
    Value fields = read.fields;
    for (const char* field : {"resources", "bases", "components"})
      OR_RETURN(each(fields, field,
                     [&](const Value& v) { return entry(folder, v, std::string_view(field) == "resources"); }));
    for (const char* field : {"crds", "configurations"})
      OR_RETURN(each(fields, field, [&](const Value& v) { return named_file(folder, v); }));
    OR_RETURN(each(fields, "patchesStrategicMerge", [&](const Value& v) { return patch_or_file(folder, v); }));
    for (const char* field : {"generators", "transformers", "validators"})
      OR_RETURN(each(fields, field, [&](const Value& v) { return plugins(folder, v); }));
    OR_RETURN(own_fields(folder, fields));
    OR_RETURN(charts(folder, fields));
    std::string name = file.path.substr(file.path.rfind('/') + 1);
    out_.files[joined(put(folder.root()), name)] = value::to_yaml(fields);
    return {};
  }

 private:
  // Where a path of the tree comes to stand.
  std::string put(const std::string& path) const {
    return joined(place_, scope_.empty()   ? path
                          : path == scope_ ? ""
                                           : std::string_view(path).substr(scope_.size() + 1));
  }
  bool in_scope(const std::string& path) const {
    return scope_.empty() || path == scope_ || path.starts_with(scope_ + "/");
  }

  // Errors that name no place yet get that of the field.
  Result<Value> at_place(Result<Value> changed) const {
    if (changed || !place_of_ || !changed.error().place().file.empty()) return changed;
    return std::move(changed).error().at(place_of_(pointer_));
  }
  Result<> each(Value& fields, const char* field, auto&& change) {
    if (!fields.has(field)) return {};
    std::vector<Value> items;
    std::string before = pointer_;
    for (const Value& item : fields[field].items()) {
      pointer_ = fmt::format("{}/{}/{}", before, field, items.size());
      items.push_back(OR_RETURN(at_place(change(item)).context(fmt::format("unable to localize {} entry", field))));
    }
    pointer_ = before;
    fields = fields.with_member(field, Value::array(std::move(items)));
    return {};
  }
  Result<> member(Value& of, const char* name, auto&& change) {
    const Value* text = of.find(name);
    if (!text || text->str().empty()) return {};
    std::string before = std::exchange(pointer_, fmt::format("{}/{}", pointer_, name));
    of = of.with_member(name, OR_RETURN(at_place(change(*text))));
    pointer_ = before;
    return {};
  }

  // Fields that hold a path deeper inside; the same names stand in files of plugins.
  Result<> own_fields(const Folder& folder, Value& fields) {
    auto file = [&](const Value& v) { return named_file(folder, v); };
    for (const char* field : {"patches", "patchesJson6902", "replacements"})
      OR_RETURN(each(fields, field, [&](Value v) -> Result<Value> {
        OR_RETURN(member(v, "path", file));
        return v;
      }));
    for (const char* field : {"configMapGenerator", "secretGenerator"})
      OR_RETURN(each(fields, field, [&](Value v) -> Result<Value> {
        OR_RETURN(data_sources(folder, v));
        return v;
      }));
    if (Value openapi = fields["openapi"]; openapi.is_object()) {
      pointer_ = "/openapi";
      OR_RETURN(member(openapi, "path", file).context("unable to localize openapi path"));
      pointer_.clear();
      fields = fields.with_member("openapi", openapi);
    }
    return {};
  }

  Result<> data_sources(const Folder& folder, Value& generator) {
    auto file = [&](const Value& v) { return named_file(folder, v); };
    OR_RETURN(each(generator, "envs", file));
    OR_RETURN(member(generator, "env", file));
    return each(generator, "files", [&](const Value& v) { return file_source(folder, v); });
  }
  // "key=path", or the path alone.
  Result<Value> file_source(const Folder& folder, const Value& v) {
    std::string text = v.str();
    size_t equals = text.find('=');
    if (equals == text.npos) return named_file(folder, v);
    Value path = OR_RETURN(named_file(folder, Value(text.substr(equals + 1))));
    return Value(fmt::format("{}={}", text.substr(0, equals), path.as_string()));
  }

  Result<> charts(const Folder& folder, Value& fields) {
    auto file = [&](const Value& v) { return named_file(folder, v); };
    OR_RETURN(each(fields, "helmCharts", [&](Value v) -> Result<Value> {
      OR_RETURN(member(v, "valuesFile", file));
      OR_RETURN(each(v, "additionalValuesFiles", file));
      return v;
    }));
    OR_RETURN(each(fields, "helmChartInflationGenerator", [&](Value v) -> Result<Value> {
      OR_RETURN(member(v, "values", file));
      std::string home = OR_RETURN(copy_home(folder, v["chartHome"].str()));
      if (!home.empty()) v = v.with_member("chartHome", Value(home));
      return v;
    }));
    if (!fields["helmCharts"].size() && !fields["helmGlobals"].is_object()) return {};
    std::string home =
        OR_RETURN(copy_home(folder, fields["helmGlobals"]["chartHome"].str()).context("unable to copy helmGlobals"));
    if (!home.empty()) fields = fields.with("/helmGlobals/chartHome", Value(home));
    return {};
  }
  // A home of charts need not be there: they may be pulled. The path that is right in the copy; "" for the usual one.
  Result<std::string> copy_home(const Folder& folder, const std::string& said) {
    if (said.starts_with('/')) return fail(ErrorKind::unsupported, "absolute path \"{}\" as a home of charts", said);
    bool usual = said.empty() || sources::clean_path(said) == std::string("charts");
    auto there = sources::join_path(folder.root(), said.empty() ? "charts" : said);
    if (there && tree_->is_directory(*there)) {
      // a home around the kustomization itself would hold the copy of what is being copied
      std::string real = OR_RETURN(folder.open(said.empty() ? "charts" : said).context("invalid chart home")).root();
      if (!in_scope(real))
        return fail(ErrorKind::invalid, "root \"{}\" outside localize scope \"{}\"", tree_->shown(real),
                    tree_->shown(scope_));
      if (!usual) there = real;
      for (const std::string& file : OR_RETURN(tree_->files_below(*there)))
        out_.files[put(file)] = *OR_RETURN(tree_->read(file));
    }
    return said.empty() || !there ? said : relative(*there, folder.root());
  }

  // A file, a folder, or one of them elsewhere.
  Result<Value> entry(const Folder& folder, const Value& v, bool may_be_file) {
    std::string path = v.str();
    if (is_remote(path)) return remote_entry(folder, path, may_be_file);
    if (may_be_file && !folder.is_folder(path)) return named_file(folder, v);
    Folder inner = OR_RETURN(folder.open(path));
    if (!in_scope(inner.root()))
      return fail(ErrorKind::invalid, "root \"{}\" outside localize scope \"{}\"", inner.display(),
                  tree_->shown(scope_));
    OR_RETURN(Localizer(tree_, scope_, place_, remotes_, &out_, depth_ + 1).root(inner));
    return Value(relative(inner.root(), folder.root()));
  }

  Result<Value> remote_entry(const Folder& folder, const std::string& path, bool may_be_file) {
    auto spec = parse_remote(path);
    if (may_be_file && !folder.is_folder(path)) {
      auto file = folder.read(path);
      if (file || !spec || !*spec) return remote_file(folder, path);
    }
    if (!spec) return std::move(spec).error();
    if (*spec && (*spec)->ref == "HEAD")
      return fail(ErrorKind::invalid, "localize remote root \"{}\" missing ref query string parameter",
                  sources::shown_url(path));
    Folder inner = OR_RETURN(folder.open(path));
    OR_RETURN(check_room(folder, "root", path));
    std::string below = joined(put(folder.root()), folder_of(**spec));
    OR_RETURN(Localizer(inner.shared_tree(), "", below, remotes_, &out_, depth_ + 1).root(inner));
    return Value(joined(folder_of(**spec), inner.root()));
  }
  // What is fetched is put where nothing stands in the original.
  Result<> check_room(const Folder& folder, std::string_view what, const std::string& path) const {
    if (!folder.tree().real_path(joined(folder.root(), files_folder))) return {};
    return fail(ErrorKind::already_exists, "{} already contains {} needed to store {} \"{}\"", folder.display(),
                files_folder, what, sources::shown_url(path));
  }
  Result<Value> remote_file(const Folder& folder, const std::string& path) {
    auto file = OR_RETURN(folder.read(path));
    OR_RETURN(check_room(folder, "file", path));
    auto [host, rest] = host_and_path(std::string_view(path).substr(0, path.find('?')));
    std::string name = joined(joined(files_folder, host), rest);
    out_.files[joined(put(folder.root()), name)] = *file.text;
    return Value(name);
  }

  Result<Value> named_file(const Folder& folder, const Value& v) {
    std::string path = v.str();
    if (is_remote(path)) return remote_file(folder, path);
    auto file = folder.read(path);
    if (!file) return std::move(file).error().context("invalid file reference");
    std::string real = OR_RETURN(tree_->real_path(OR_RETURN(sources::join_path(folder.root(), path))));
    out_.files[put(real)] = *file->text;
    return Value(relative(real, folder.root()));
  }

  // Resources, which stand here or in the file of that name; as kustomize finds out, by reading them.
  struct Loaded {
    std::vector<Resource> resources;
    std::optional<Folder::File> file;  // nothing: they stand here
  };
  Result<Loaded> load(const Folder& folder, const std::string& entry) const {
    auto here = read_resources(entry, "", &known_);
    if (here) return Loaded{std::move(*here), std::nullopt};
    if (entry.find('\n') != entry.npos || entry.starts_with('{')) return std::move(here).error();
    auto file = folder.read(entry);
    if (!file) return std::move(file).error().context("invalid file reference");
    return Loaded{OR_RETURN(read_resources(*file->text, file->path, &known_)), std::move(*file)};
  }
  Result<Value> patch_or_file(const Folder& folder, const Value& v) {
    if (!OR_RETURN(load(folder, v.str())).file) return v;
    return named_file(folder, v);
  }

  // Configurations of plugins.
  Result<Value> plugins(const Folder& folder, const Value& v) {
    Loaded loaded = OR_RETURN(load(folder, v.str()));
    if (!loaded.file) return Value(OR_RETURN(localized_plugins(folder, loaded)));
    Value path = OR_RETURN(named_file(folder, v));
    std::string real = OR_RETURN(sources::join_path(folder.root(), path.as_string()));
    out_.files[put(real)] = OR_RETURN(localized_plugins(folder, loaded));
    return path;
  }
  Result<std::string> localized_plugins(const Folder& folder, Loaded& loaded) {
    auto outer = std::exchange(place_of_, nullptr);  // what stands in a text within the kustomization is there
    std::string before = std::exchange(pointer_, "");
    auto done = localize_resources(folder, loaded);
    place_of_ = std::move(outer);
    pointer_ = before;
    return done;
  }
  Result<std::string> localize_resources(const Folder& folder, Loaded& loaded) {
    std::string out;
    ResourceSet distinct;
    for (size_t number = 0; number < loaded.resources.size(); ++number) {
      Resource& r = loaded.resources[number];
      if (loaded.file)
        place_of_ = [&, number](const std::string& pointer) {
          base::Place found = value::locate_yaml(*loaded.file->text, r.origin.file, number, pointer);
          return found.line >= r.origin.line ? found : r.origin;  // above it: a list gave several
        };
      Value plugin = r.object();
      if (plugin["apiVersion"].as_string() == "builtin") OR_RETURN(localize_plugin(folder, plugin));
      r.set_object(std::move(plugin));
      out += (out.empty() ? "" : "---\n") + value::to_yaml(OR_RETURN(printable_object(r)));
      OR_RETURN(distinct.append(std::move(r)));
    }
    return out;
  }
  // A path or a list of paths, wherever one of them may stand; whether that is right the build says.
  Result<> paths(Value& plugin, const char* field, auto&& change) {
    const Value* there = plugin.find(field);
    if (!there || there->is_null()) return {};
    if (there->is_object()) return fail(ErrorKind::invalid, "expected a path or a list of them in {}", field);
    auto one = [&](const Value& v) -> Result<Value> {
      std::string said = scalar_text(v);
      if (said.empty()) return v;
      Value path = OR_RETURN(change(Value(said)));
      return path.as_string() == said ? v : path;
    };
    if (there->is_array()) return each(plugin, field, one);
    std::string before = std::exchange(pointer_, fmt::format("{}/{}", pointer_, field));
    plugin = plugin.with_member(field, OR_RETURN(at_place(one(*there))));
    pointer_ = before;
    return {};
  }
  Result<> localize_plugin(const Folder& folder, Value& plugin) {
    auto one = [&](const Value& v) { return named_file(folder, v); };
    std::string kind = plugin["kind"].str();
    if (kind == "ConfigMapGenerator" || kind == "SecretGenerator") {
      for (const char* field : {"env", "envs"}) OR_RETURN(paths(plugin, field, one));
      return paths(plugin, "files", [&](const Value& v) { return file_source(folder, v); });
    }
    if (kind == "PatchTransformer" || kind == "PatchJson6902Transformer") return paths(plugin, "path", one);
    if (kind == "PatchStrategicMergeTransformer")
      return paths(plugin, "paths", [&](const Value& v) { return patch_or_file(folder, v); });
    if (kind == "ReplacementTransformer" && plugin["replacements"].is_array())
      return each(plugin, "replacements", [&](Value v) -> Result<Value> {
        OR_RETURN(paths(v, "path", one));
        return v;
      });
    if (kind == "HelmChartInflationGenerator") {
      for (const char* field : {"valuesFile", "additionalValuesFiles"}) OR_RETURN(paths(plugin, field, one));
      if (scalar_text(plugin["chartHome"]).empty() || plugin["chartHome"].is_null()) OR_RETURN(copy_home(folder, ""));
      return paths(plugin, "chartHome",
                   [&](const Value& v) -> Result<Value> { return Value(OR_RETURN(copy_home(folder, v.str()))); });
    }
    return {};
  }

  std::shared_ptr<const sources::Tree> tree_;
  std::string scope_, place_;
  RemoteBases* remotes_;
  Localized& out_;
  int depth_;
  KnownKinds known_;
  std::function<base::Place(const std::string& pointer)> place_of_;  // null: in a text that has no place of its own
  std::string pointer_;                                              // to what is being localized
};

}  // namespace

Result<Localized> localize(const LocalizeRequest& request) {
  Localized out;
  std::string words = fmt::format("unable to localize target \"{}\"", request.target);
  if (is_remote(request.target)) {
    auto spec = OR_RETURN(parse_remote(request.target));
    if (spec && spec->ref == "HEAD")
      return fail(ErrorKind::invalid, "localize remote root \"{}\" missing ref query string parameter",
                  sources::shown_url(request.target));
    Folder outside(request.tree, "", false, request.remotes);
    Folder root = OR_RETURN(outside.open(request.target));
    out.target = root.root();
    OR_RETURN(Localizer(root.shared_tree(), "", "", request.remotes, &out, 0).root(root).context(words));
    return out;
  }
  Folder root(request.tree, request.target, false, request.remotes);
  out.target = request.scope.empty()             ? request.target
               : request.target == request.scope ? ""
                                                 : request.target.substr(request.scope.size() + 1);
  words = fmt::format("unable to localize target \"{}\"", root.display());
  OR_RETURN(Localizer(request.tree, request.scope, "", request.remotes, &out, 0).root(root).context(words));
  return out;
}

std::string localize_destination(std::string_view target) {
  if (is_remote(target))
    if (auto spec = parse_remote(target); spec && *spec) {
      const std::string& in = (*spec)->folder.empty() ? (*spec)->url : (*spec)->folder;
      std::string name = in.substr(in.find_last_of("/:") + 1);
      bool is_said = target.find(".git") != target.npos;  // then it is a part of the name
      if (name.ends_with(".git") && !is_said) name.resize(name.size() - 4);
      return fmt::format("localized-{}-{}", name, base::replace_all((*spec)->ref, "/", "-"));
    }
  while (target.size() > 1 && target.ends_with('/')) target.remove_suffix(1);
  return fmt::format("localized-{}", target.substr(target.rfind('/') + 1));
}

}  // namespace slipway::render::kustomize
