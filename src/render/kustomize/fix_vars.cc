#include "render/kustomize/fix_vars.h"

#include <algorithm>

#include "base/text.h"
#include "kinds/object.h"
#include "render/kustomize/field_names.h"
#include "render/kustomize/first_document.h"
#include "value/yaml.h"

namespace slipway::render::kustomize {
namespace {

constexpr int kDepthMax = 100;

struct Touched {
  std::string path;             // as seen from the folder
  std::optional<Value> target;  // of the patch that it is; null when that has none
};

// The files of resources and patches, those of folders too.
Result<> gather(const Folder& folder, const Value& fields, const std::string& prefix, int depth,
                std::vector<Touched>& out) {
  if (depth > kDepthMax) return fail(ErrorKind::too_large, "kustomizations are nested deeper than {}", kDepthMax);
  auto joined = [&](const std::string& path) { return prefix.empty() ? path : fmt::format("{}/{}", prefix, path); };
  for (const Value& entry : fields["resources"].items()) {
    std::string path = entry.str();
    if (is_remote(path)) continue;
    if (!folder.is_folder(path)) {
      out.push_back({joined(path), std::nullopt});
      continue;
    }
    Folder inner = OR_RETURN(folder.open(path));
    Folder::File file = OR_RETURN(inner.kustomization());
    Value below = with_field_names(OR_RETURN(read_first_document(*file.text, file.path)));
    OR_RETURN(gather(inner, below, joined(path), depth + 1, out));
  }
  for (const Value& patch : fields["patches"].items())
    if (!patch["path"].str().empty()) out.push_back({joined(patch["path"].str()), patch["target"]});
  return {};
}

struct Hit {
  base::Place place;  // in its file: hits are told in the order in which they stand there
  std::string path;
  Value options;
};

// How the name stands within a text: parted from what is around it by one character.
Result<Value> options_for(const std::string& text, const std::string& var) {
  size_t at = text.find(var);
  std::string before = text.substr(0, at), after = text.substr(at + var.size());
  if (before.empty() && after.empty()) return Value();
  if (!before.empty() && !after.empty() && before.back() != after.front())
    return fail(ErrorKind::invalid, "cannot convert all vars to replacements; {} is not delimited", var);
  char delimiter = before.empty() ? after.front() : before.back();
  Value options{{"delimiter", std::string(1, delimiter)}};
  auto index = std::ranges::count(before, delimiter);
  return index ? options.with_member("index", static_cast<int64_t>(index)) : options;
}

// Every text that holds `var`.
Result<> find(const Value& v, const std::string& var, const std::string& path, const std::string& pointer,
              std::vector<Hit>& hits) {
  auto joined = [&](std::string_view part) {
    return path.empty() ? std::string(part) : fmt::format("{}.{}", path, part);
  };
  if (v.is_string() && v.as_string().find(var) != std::string_view::npos) {
    Value options = OR_RETURN(options_for(v.str(), var));
    hits.push_back({{"", 0, 0}, path, std::move(options)});
    hits.back().place.file = pointer;
  }
  for (size_t i = 0; v.is_array() && i < v.size(); ++i)
    OR_RETURN(find(v[i], var, joined(std::to_string(i)), fmt::format("{}/{}", pointer, i), hits));
  for (const auto& [key, item] : v.members()) {
    bool dotted = key.view().find('.') != std::string_view::npos;
    OR_RETURN(find(item, var, joined(dotted ? fmt::format("[{}]", key.view()) : key.str()),
                   fmt::format("{}/{}", pointer, value::pointer_escape(key)), hits));
  }
  return {};
}

Value id_of(const Value& object) {
  Value id{{"kind", kinds::kind_of(object)}, {"name", kinds::name_of(object)}};
  std::string version = object["apiVersion"].str();
  if (size_t slash = version.find('/'); slash != version.npos) {
    id = id.with_member("group", version.substr(0, slash));
    version.erase(0, slash + 1);
  }
  if (!version.empty()) id = id.with_member("version", version);
  std::string_view ns = kinds::namespace_of(object);
  return ns.empty() ? id : id.with_member("namespace", ns);
}

// Of a patch what its target says, but in the namespace that it names itself.
Value select_for(const Touched& file, const Value& object) {
  if (!file.target) return id_of(object);
  Value select = file.target->is_object() ? *file.target : Value::object();
  std::string_view ns = kinds::namespace_of(object);
  return ns.empty() ? select : select.with_member("namespace", ns);
}

Result<> add_targets(const Touched& file, const std::string& text, const std::string& var,
                     std::vector<Value>& targets) {
  auto documents = OR_RETURN(value::parse_yaml_documents(
      text, file.path, {.depth_max = yaml_depth_max, .rules = value::YamlRules::kustomize}));
  for (size_t d = 0; d < documents.size(); ++d) {
    const Value& document = documents[d].value;
    if (!document.is_object()) {  // a JSON patch, which may stand there as long as no var does
      std::vector<Hit> hits;
      OR_RETURN(find(document, var, "", "", hits));
      if (hits.empty()) continue;
      return fail(ErrorKind::invalid, "expected a resource or a strategic merge patch around {}", var)
          .at({file.path, documents[d].line});
    }
    bool list = kinds::kind_of(document).ends_with("List") && document["items"].is_array();
    for (size_t i = 0; i < (list ? document["items"].size() : 1); ++i) {
      const Value& object = list ? document["items"][i] : document;
      std::vector<Hit> hits;
      OR_RETURN(find(object, var, "", list ? fmt::format("/items/{}", i) : "", hits));
      for (Hit& hit : hits) hit.place = value::locate_yaml(text, "", d, hit.place.file);
      std::ranges::sort(hits, {}, [](const Hit& h) { return std::pair(h.place.line, h.place.column); });
      for (Hit& hit : hits) {
        Value target{{"fieldPaths", Value::array({Value(hit.path)})}, {"select", select_for(file, object)}};
        targets.push_back(hit.options.is_null() ? target : target.with_member("options", hit.options));
      }
    }
  }
  return {};
}

Value source_of(const Value& var) {
  const Value& object = var["objref"];
  // A group and version that stand by themselves are dropped, as there.
  Value source = Value::object();
  for (const char* field : {"kind", "name", "namespace"})
    if (const Value* found = object.find(field)) source = source.with_member(field, *found);
  std::string version = object["apiVersion"].str();
  if (size_t slash = version.find('/'); slash != version.npos) {
    source = source.with_member("group", version.substr(0, slash));
    version.erase(0, slash + 1);
  }
  if (!version.empty()) source = source.with_member("version", version);
  if (std::string path = var["fieldref"]["fieldPath"].str(); !path.empty())
    source = source.with_member("fieldPath", path);
  return source;
}

}  // namespace

Result<std::map<std::string, std::string>> fix_vars(Value& fields, const Folder& folder) {
  if (fields["vars"].items().empty()) {  // what it is made of is not looked at then
    fields = fields.without_member("vars");
    return std::map<std::string, std::string>();
  }
  std::vector<Touched> touched;
  OR_RETURN(gather(folder, fields, "", 0, touched));
  std::map<std::string, std::string> before, after;
  auto tree_path = [&](const std::string& path) { return sources::join_path(folder.root(), path); };
  for (const Touched& file : touched) {
    auto text = OR_RETURN(folder.tree().read(OR_RETURN(tree_path(file.path))));
    before[file.path] = after[file.path] = *text;
  }
  std::vector<Value> replacements(fields["replacements"].items().begin(), fields["replacements"].items().end());
  for (const Value& var : fields["vars"].items()) {
    std::string name = var["name"].str(), word = fmt::format("$({})", name);
    std::vector<Value> targets;
    for (const Touched& file : touched) {
      OR_RETURN(add_targets(file, before[file.path], word, targets).context(fmt::format("error with {}", file.path)));
      after[file.path] = base::replace_all(after[file.path], word, name + "_PLACEHOLDER");
    }
    Value replacement{{"source", source_of(var)}};
    if (!targets.empty()) replacement = replacement.with_member("targets", Value::array(std::move(targets)));
    replacements.push_back(std::move(replacement));
  }
  std::erase_if(after, [&](const auto& file) { return before[file.first] == file.second; });
  fields = fields.without_member("vars");
  if (!replacements.empty()) fields = fields.with_member("replacements", Value::array(std::move(replacements)));
  return after;
}

}  // namespace slipway::render::kustomize
