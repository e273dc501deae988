// Each edit is one row of a table: its name, and a function over the fields. The words of errors are kustomize's.
#include "render/kustomize/edit.h"

#include <fnmatch.h>
#include <re2/re2.h>

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "render/kustomize/edit_words.h"
#include "render/kustomize/image_name.h"
#include "render/kustomize/kustomization.h"
#include "value/number.h"

namespace slipway::render::kustomize {

const std::string* EditRequest::option(const std::string& name) const {
  auto found = options.find(name);
  return found == options.end() || found->second.empty() ? nullptr : &found->second.back();
}

std::vector<std::string> glob(const sources::Tree& tree, const std::string& folder, const std::string& pattern) {
  bool wild = pattern.find_first_of("*?[") != pattern.npos;
  bool absolute = pattern.starts_with('/');
  std::vector<std::string> found = {""};  // as the pattern names them
  for (std::string_view part : base::split(pattern, '/')) {
    std::vector<std::string> next;
    for (const std::string& at : found) {
      auto add = [&](std::string_view name) {
        next.push_back(at.empty()          ? std::string(name)
                       : at.ends_with('/') ? at + std::string(name)
                                           : fmt::format("{}/{}", at, name));
      };
      if (part.empty()) {
        if (at.empty())
          next.emplace_back("/");
        else if (!wild)
          next.push_back(at);
        continue;
      }
      std::string inside = absolute ? at.substr(at.size() ? 1 : 0) : sources::join_path(folder, at).value_or("");
      if (part.find_first_of("*?[") == part.npos) {
        auto joined = sources::join_path(inside, part);
        if (joined && (tree.real_path(*joined) || tree.unreadable(*joined))) add(part);
        continue;
      }
      auto real = tree.real_path(inside);
      if (!real) continue;
      for (const std::string& name : tree.list(*real))
        if (fnmatch(std::string(part).c_str(), name.c_str(), 0) == 0) add(name);
    }
    found = std::move(next);
  }
  if (wild) {
    for (std::string& path : found) path = std::filesystem::path(path).lexically_normal().string();
  } else if (!found.empty()) {  // as it was said: "base/"
    auto real = tree.real_path(absolute ? found[0].substr(1) : sources::join_path(folder, found[0]).value_or(""));
    found = {pattern};
    if (pattern.ends_with('/') && (!real || !tree.is_directory(*real))) return {};
  }
  std::string_view last = std::string_view(pattern).substr(pattern.rfind('/') + 1);
  if (!last.starts_with('.'))
    std::erase_if(found, [](const std::string& path) { return path.substr(path.rfind('/') + 1).starts_with('.'); });
  return found;
}

Result<Value> pairs_from(const std::vector<std::string>& words, std::string_view kind) {
  std::map<std::string, Value> pairs;  // of two for one key the last
  for (const std::string& word : words) {
    size_t colon = word.find(':');
    if (colon == 0)
      return fail(ErrorKind::bad_request, "invalid {}: '{}' (need k:v pair where v may be quoted)", kind, word);
    std::string_view text = colon == word.npos ? "" : std::string_view(word).substr(colon + 1);
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
    pairs.insert_or_assign(word.substr(0, colon), Value(text));
  }
  std::vector<value::Member> members;
  for (auto& [key, text] : pairs) members.push_back({key, std::move(text)});
  return Value::object(std::move(members));
}

namespace {

// All at once: there may be very many.
Value with_pairs(const Value& there, const Value& pairs) {
  return there.with_members({pairs.members().begin(), pairs.members().end()});
}

// ---- lists of files

Result<std::vector<std::string>> existing(EditRequest& r, bool may_be_remote) {
  std::vector<std::string> out;
  for (const std::string& pattern : r.arguments) {
    if (may_be_remote && r.flag("no-verify")) {
      out.push_back(pattern);
      continue;
    }
    auto found = pattern.empty() ? std::vector<std::string>() : glob(*r.tree, r.folder, pattern);
    if (found.empty() && may_be_remote) {
      if (!is_remote(pattern))
        return fail(ErrorKind::bad_request, "{} has no match: there is no such file or folder, and it is no URL",
                    pattern);
      found.push_back(pattern);
    }
    if (found.empty()) r.log.push_back(fmt::format("{} has no match", pattern));
    out.insert(out.end(), found.begin(), found.end());
  }
  return out;
}

struct FileField {
  const char* what;
  const char* field;
  bool may_be_remote;
  const char* missing;
};
constexpr FileField file_fields[] = {
    {"resource", "resources", true, "must specify a resource file"},
    {"component", "components", true, "must specify a component file"},
    {"configuration", "configurations", false, "must specify a yaml file which contains a configuration resource"},
    {"generator", "generators", false, "must specify a yaml file which contains a generator plugin resource"},
    {"transformer", "transformers", false, "must specify a yaml file which contains a transformer plugin resource"}};
const FileField& file_field(const EditRequest& r) {
  return *std::ranges::find_if(file_fields, [&](const FileField& f) { return r.what == f.what; });
}

Result<bool> add_files(Value& fields, EditRequest& r) {
  const FileField& f = file_field(r);
  if (r.arguments.empty()) return wants(f.missing);
  auto found = OR_RETURN(existing(r, f.may_be_remote));
  if (found.empty()) return false;
  for (const std::string& path : found) {
    if (f.may_be_remote && path == r.file) continue;
    if (contains(fields[f.field], path))
      r.log.push_back(fmt::format("{} {} already in kustomization file", r.what, path));
    else
      fields = fields.with_member(f.field, fields[f.field].appended(path));
  }
  return true;
}

Result<bool> remove_files(Value& fields, EditRequest& r) {
  const FileField& f = file_field(r);
  if (r.arguments.empty())
    return wants(r.what == "transformer" ? "must specify a transformer file"
                                         : fmt::format("must specify a {} file", r.what));
  std::vector<Value> kept;
  for (const Value& path : fields[f.field].items())
    if (std::ranges::none_of(r.arguments, [&](const std::string& pattern) {
          return fnmatch(pattern.c_str(), path.str().c_str(), FNM_PATHNAME) == 0;
        }))
      kept.push_back(path);
  if (kept.size() == fields[f.field].size()) return false;
  fields = fields.with_member(f.field, Value::array(std::move(kept)));
  return true;
}

Result<bool> add_base(Value& fields, EditRequest& r) {
  if (r.arguments.size() != 1) return wants("must specify a base directory");
  for (const std::string& path : comma_list(r.arguments[0])) {
    auto joined = sources::join_path(r.folder, path);
    bool is_there = joined && r.tree->real_path(*joined) && (!path.ends_with('/') || r.tree->is_directory(*joined));
    if (!is_there) return fail(ErrorKind::bad_request, "{} does not exist", path);
    if (contains(fields["resources"], path))
      return fail(ErrorKind::bad_request, "base {} already in kustomization file", path);
    fields = fields.with_member("resources", fields["resources"].appended(path));
  }
  return true;
}

// ---- texts

Result<bool> set_text(Value& fields, EditRequest& r) {
  const char* field = r.what == "nameprefix" ? "namePrefix" : r.what == "namesuffix" ? "nameSuffix" : "namespace";
  if (r.arguments.size() != 1)
    return fail(ErrorKind::bad_request, "must specify exactly one {} value",
                r.what == "namespace" ? "namespace" : r.what.substr(4));
  fields = fields.with_member(field, r.arguments[0]);
  return true;
}

// ---- labels and annotations

const char* common_field(const EditRequest& r) {
  return r.what == "label" ? "commonLabels" : "commonAnnotations";
}
Error is_there(const EditRequest& r, std::string_view key) {
  return fail(ErrorKind::bad_request, "{} {} already in kustomization file. Use --force to override.", r.what, key);
}

Result<bool> set_pairs(Value& fields, EditRequest& r) {
  if (r.arguments.empty()) return fail(ErrorKind::bad_request, "must specify {}", r.what);
  Value pairs = OR_RETURN(pairs_from(r.arguments, r.what)), there = fields[common_field(r)];
  static const RE2 key_form(
      R"(([a-zA-Z](([-a-zA-Z0-9.]{0,251})[a-zA-Z0-9])?\/)?[a-zA-Z0-9]([-a-zA-Z0-9_.]{0,61}[a-zA-Z0-9])?)");
  for (const auto& [key, text] : pairs.members())
    if (r.what == "annotation" && !RE2::FullMatch(key.view(), key_form))
      return fail(ErrorKind::bad_request, "invalid annotation key \"{}\": letters, digits, -, _ and . may stand in it",
                  key.view());
  fields = fields.with_member(common_field(r), with_pairs(there, pairs));
  return true;
}

Result<bool> add_pairs_to_labels(Value& fields, const EditRequest& r, const Value& pairs) {
  bool templates = r.flag("include-templates");
  Value labels = fields["labels"];
  size_t i = 0;
  while (i < labels.size() &&
         (labels[i]["includeSelectors"].as_bool() || labels[i]["includeTemplates"].as_bool() != templates))
    ++i;
  Value entry = i < labels.size() ? labels[i] : templates ? Value{{"includeTemplates", true}} : Value::object();
  for (const auto& [key, text] : pairs.members())
    if (entry["pairs"].has(key) && !r.flag("force")) return is_there(r, key);
  entry = entry.with_member("pairs", with_pairs(entry["pairs"], pairs));
  if (!labels.is_array()) labels = Value::array();
  fields = fields.with_member("labels", labels.with_item(i, entry));
  return true;
}

Result<bool> add_pairs(Value& fields, EditRequest& r) {
  if (r.arguments.empty()) return fail(ErrorKind::bad_request, "must specify {}", r.what);
  if (r.flag("include-templates") && !r.flag("without-selector"))
    return wants("--without-selector flag must be specified for --include-templates to work");
  Value pairs = OR_RETURN(pairs_from(r.arguments, r.what));
  if (r.flag("without-selector")) return add_pairs_to_labels(fields, r, pairs);
  Value there = fields[common_field(r)];
  for (const auto& [key, text] : pairs.members())
    if (there.has(key) && !r.flag("force")) return is_there(r, key);
  fields = fields.with_member(common_field(r), with_pairs(there, pairs));
  return true;
}

Result<bool> remove_pairs(Value& fields, EditRequest& r) {
  // Annotations are called labels in these two, as there.
  if (r.arguments.empty()) return wants("must specify label");
  if (r.arguments.size() > 1) return wants("labels must be comma-separated, with no spaces");
  bool ignore = r.flag("ignore-non-existence");
  Value there = fields[common_field(r)];
  auto keys = comma_list(r.arguments[0]);
  if (std::ranges::find(keys, "") != keys.end()) return wants("invalid label: '' (name is empty)");
  if (!there.is_object() && !ignore)
    return fail(ErrorKind::bad_request, "{} is not defined in kustomization file", common_field(r));
  for (const std::string& key : keys) {
    if (!there.has(key) && !ignore)
      return fail(ErrorKind::bad_request, "{} {} is not defined in kustomization file", r.what, key);
    if (there.is_object()) there = there.without_member(key);
  }
  fields = fields.with_member(common_field(r), there);
  return true;
}

// ---- images, replicas

constexpr const char* image_forms =
    "invalid format of image, use one of the following options:\n- <image>=<newimage>:<newtag>\n"
    "- <image>=<newimage>@<digest>\n- <image>=<newimage>:<newtag>@<digest>\n- <image>=<newimage>\n- <image>:<newtag>\n"
    "- <image>:<newtag>@<digest>\n- <image>@<digest>";

// By name, each once; the last wins.
Value sorted_by_name(const std::map<std::string, Value>& entries) {
  std::vector<Value> out;
  for (const auto& [name, entry] : entries) out.push_back(entry);
  return Value::array(std::move(out));
}

Result<bool> set_image(Value& fields, EditRequest& r) {
  if (r.arguments.empty()) return wants("no image specified");
  std::map<std::string, Value> images;
  for (const std::string& word : r.arguments) {
    size_t equals = word.find('=');
    std::string key = equals == word.npos ? "" : word.substr(0, equals);
    ImageName parts =
        split_image_name(equals == word.npos ? std::string_view(word) : std::string_view(word).substr(equals + 1));
    if (parts.name == word) return wants(image_forms);
    std::string name = key.empty() ? parts.name : key;
    Value image{{"name", name}, {"newTag", parts.tag}, {"digest", parts.digest}};
    if (!key.empty()) image = image.with_member("newName", parts.name);
    images[name] = image;
  }
  auto keep = [](Value image, const Value& old) {
    for (const char* field : {"newName", "newTag", "digest"})
      if (image[field].as_string() == "*") {
        image = image.with_member(field, old[field].str());
        image = image.without_member("tagSuffix");
      }
    return image;
  };
  for (const Value& old : fields["images"].items()) {
    auto [at, fresh] = images.try_emplace(old["name"].str(), old);
    if (!fresh) at->second = keep(at->second, old);
  }
  for (auto& [name, image] : images) {
    image = keep(image, Value());
    for (const char* field : {"name", "newName", "newTag", "digest"})
      if (image[field].as_string().empty()) image = image.without_member(field);
  }
  fields = fields.with_member("images", sorted_by_name(images));
  return true;
}

Result<bool> set_replicas(Value& fields, EditRequest& r) {
  if (r.arguments.empty()) return wants("no replicas specified");
  std::map<std::string, Value> replicas;
  for (const std::string& word : r.arguments) {
    auto parts = base::split(word, '=');
    auto count = parts.size() == 2 ? value::go_atoi(parts[1]) : std::nullopt;
    if (!count) return wants("invalid format of replica, use the following format: <name>=<count>");
    Value replica{{"name", parts[0]}, {"count", *count}};
    replicas[std::string(parts[0])] = parts[0].empty() ? replica.without_member("name") : replica;
  }
  for (const Value& old : fields["replicas"].items()) replicas.try_emplace(old["name"].str(), old);
  fields = fields.with_member("replicas", sorted_by_name(replicas));
  return true;
}

// ---- patches

Value patch_of(const EditRequest& r) {
  Value patch = Value::object(), target = Value::object();
  for (const char* name : {"path", "patch"})
    if (auto* text = r.option(name)) patch = patch.with_member(name, *text);
  for (auto [name, field] : {std::pair{"group", "group"},
                             {"version", "version"},
                             {"kind", "kind"},
                             {"name", "name"},
                             {"namespace", "namespace"},
                             {"annotation-selector", "annotationSelector"},
                             {"label-selector", "labelSelector"}})
    if (auto* text = r.option(name)) target = target.with_member(field, *text);
  return target.size() ? patch.with_member("target", target) : patch;
}

Result<bool> edit_patch(Value& fields, EditRequest& r) {
  if (r.option("path") && r.option("patch")) return wants("patch and path can't be set at the same time");
  bool adds = r.verb == "add";
  if (adds && !r.option("path") && !r.option("patch")) return wants("must provide either patch or path");
  Value patch = patch_of(r);
  std::vector<Value> kept;
  for (const Value& there : fields["patches"].items())
    if (!(there == patch)) kept.push_back(there);
  bool found = kept.size() < fields["patches"].size();
  if (found == adds) {
    r.log.push_back(adds ? "patch already in kustomization file"
                         : fmt::format("patch {} doesn't exist in kustomization file", option_or(r, "patch")));
    return false;
  }
  if (adds) kept.push_back(patch);
  fields = fields.with_member("patches", Value::array(std::move(kept)));
  return true;
}

// ---- buildMetadata

Result<bool> edit_metadata(Value& fields, EditRequest& r) {
  if (r.arguments.empty()) return wants("must specify a buildMetadata option");
  if (r.arguments.size() > 1)
    return fail(ErrorKind::bad_request,
                "too many arguments: [{}]; to provide multiple buildMetadata options, please separate options by comma",
                base::join(r.arguments, " "));
  auto options = comma_list(r.arguments[0]);
  for (const std::string& option : options)
    if (option != "originAnnotations" && option != "transformerAnnotations" && option != "managedByLabel")
      return fail(ErrorKind::bad_request, "invalid buildMetadata option: {}", option);
  Value list = fields["buildMetadata"];
  if (r.verb == "set") {
    list = texts(options);
  } else if (r.verb == "add") {
    for (const std::string& option : options) {
      if (contains(list, option))
        return fail(ErrorKind::bad_request, "buildMetadata option {} already in kustomization file", option);
      list = list.appended(option);
    }
  } else {
    std::vector<Value> kept;
    for (const Value& there : list.items())
      if (std::ranges::find(options, there.as_string()) == options.end()) kept.push_back(there);
    list = Value::array(std::move(kept));
  }
  fields = fields.with_member("buildMetadata", list);
  return true;
}

using Edit = Result<bool> (*)(Value& fields, EditRequest& request);
const std::map<std::string, Edit>& table() {
  static const std::map<std::string, Edit> edits = {{"set image", set_image},
                                                    {"set replicas", set_replicas},
                                                    {"set namespace", set_text},
                                                    {"set nameprefix", set_text},
                                                    {"set namesuffix", set_text},
                                                    {"set label", set_pairs},
                                                    {"set annotation", set_pairs},
                                                    {"set buildmetadata", edit_metadata},
                                                    {"set configmap", set_generator},
                                                    {"set secret", set_generator},
                                                    {"add resource", add_files},
                                                    {"add component", add_files},
                                                    {"add configuration", add_files},
                                                    {"add generator", add_files},
                                                    {"add transformer", add_files},
                                                    {"add base", add_base},
                                                    {"add label", add_pairs},
                                                    {"add annotation", add_pairs},
                                                    {"add configmap", add_generator},
                                                    {"add secret", add_generator},
                                                    {"add patch", edit_patch},
                                                    {"add buildmetadata", edit_metadata},
                                                    {"remove resource", remove_files},
                                                    {"remove component", remove_files},
                                                    {"remove transformer", remove_files},
                                                    {"remove label", remove_pairs},
                                                    {"remove annotation", remove_pairs},
                                                    {"remove configmap", remove_generator},
                                                    {"remove secret", remove_generator},
                                                    {"remove patch", edit_patch},
                                                    {"remove buildmetadata", edit_metadata}};
  return edits;
}

}  // namespace

const std::vector<std::string>& edits() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const auto& [name, function] : table()) out.push_back(name);
    return out;
  }();
  return names;
}

Result<bool> edit(Value& fields, EditRequest& request) {
  auto found = table().find(request.verb + " " + request.what);
  if (found == table().end())
    return fail(ErrorKind::bad_request, "unknown command \"{}\" for \"kustomize edit {}\"", request.what, request.verb);
  return found->second(fields, request);
}

Result<bool> has_work(EditRequest& request) {
  bool files = std::ranges::any_of(file_fields, [&](const FileField& f) { return request.what == f.what; });
  if (request.verb != "add" || !files || request.arguments.empty()) return true;
  EditRequest trial = request;
  auto found = OR_RETURN(existing(trial, file_field(request).may_be_remote));
  if (found.empty()) request.log = std::move(trial.log);
  return !found.empty();
}

Result<> fix(Value& fields, const Folder& folder) {
  std::vector<Value> patches(fields["patches"].items().begin(), fields["patches"].items().end());
  for (const Value& patch : fields["patchesJson6902"].items()) patches.push_back(patch);
  for (const Value& patch : fields["patchesStrategicMerge"].items())
    patches.push_back(Value{{folder.read(patch.as_string()) ? "path" : "patch", patch}});
  fields = fields.without_member("patchesJson6902").without_member("patchesStrategicMerge");
  if (patches.size()) fields = fields.with_member("patches", Value::array(std::move(patches)));
  const Value& common = fields["commonLabels"];
  if (common.empty()) return {};
  for (const Value& entry : fields["labels"].items())
    for (const auto& member : entry["pairs"].members())
      if (common.has(member.key))
        return fail(ErrorKind::invalid, "label name '{}' exists in both commonLabels and labels", member.key.view());
  Value labels = fields["labels"].appended(Value{{"includeSelectors", true}, {"pairs", common}});
  fields = fields.with_member("labels", labels).without_member("commonLabels");
  return {};
}

}  // namespace slipway::render::kustomize
