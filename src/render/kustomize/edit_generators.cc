#include "render/kustomize/edit_words.h"

namespace slipway::render::kustomize {
namespace {

struct GeneratorKind {
  const char *field, *word, *kind;
};
GeneratorKind generator_kind(const EditRequest& r) {
  return r.what == "secret" ? GeneratorKind{"secretGenerator", "secret", "Secret"}
                            : GeneratorKind{"configMapGenerator", "configmap", "ConfigMap"};
}
bool same_namespace(std::string_view a, std::string_view b) {
  return (a.empty() ? "default" : a) == (b.empty() ? "default" : b);
}
size_t find_generator(const Value& list, std::string_view name, std::string_view ns) {
  size_t i = 0;
  while (i < list.size() &&
         !(list[i]["name"].as_string() == name && same_namespace(list[i]["namespace"].as_string(), ns)))
    ++i;
  return i;
}
// The general options become this entry's own, as there: also when they say nothing.
Value with_general_options(Value entry, const Value& general) {
  if (general.is_null()) return entry;
  Value own = entry["options"];
  if (own.is_null()) own = Value::object();
  for (const char* map : {"labels", "annotations"})
    for (const auto& [key, text] : general[map].members())
      if (!own[map].has(key)) own = own.with_member(map, own[map].with_member(key, text));
  for (const char* flag : {"disableNameSuffixHash", "immutable"})
    if (general[flag].as_bool()) own = own.with_member(flag, true);
  return entry.with_member("options", own);
}

Result<std::vector<std::string>> expand_files(EditRequest& r) {
  std::vector<std::string> out;
  auto said = r.options.find("from-file");
  if (said == r.options.end()) return out;
  for (const std::string& all : said->second)
    for (const std::string& source : comma_list(all)) {
      auto parts = base::split(source, '=');
      bool keyed = parts.size() == 2;
      std::string pattern(keyed ? parts[1] : parts[0]);
      auto found = glob(*r.tree, r.folder, pattern);
      if (found.empty()) r.log.push_back(fmt::format("{} has no match", pattern));
      if (keyed && found.size() != 1)
        return fail(ErrorKind::bad_request, "failed to expand file source: '{}' names {} files, should name one",
                    source, found.size());
      for (const std::string& path : found) out.push_back(keyed ? fmt::format("{}={}", parts[0], path) : path);
    }
  return out;
}

// What the generator would make must be right. Only its shape is tried: files are read when it is built.
Result<> check_literals(const EditRequest& r, const Value& entry) {
  std::vector<std::string> keys;
  for (const Value& literal : entry["literals"].items()) {
    std::string text = literal.str();
    size_t equals = text.find('=');
    if (equals == text.npos || equals == 0)
      return fail(ErrorKind::bad_request,
                  "failed to create {}: loading KV pairs: literal sources: invalid literal source, expected key=value",
                  r.what);
    keys.push_back(text.substr(0, equals));
  }
  for (const Value& file : entry["files"].items()) {
    std::string text = file.str();
    size_t equals = text.find('=');
    keys.push_back(equals == text.npos ? text.substr(text.rfind('/') + 1) : text.substr(0, equals));
  }
  std::ranges::sort(keys);
  if (auto twice = std::ranges::adjacent_find(keys); twice != keys.end())
    return fail(ErrorKind::bad_request, "failed to create {}: {} {} illegally repeats the key `{}`", r.what, r.what,
                entry["name"].as_string(), *twice);
  return {};
}

}  // namespace

Result<bool> add_generator(Value& fields, EditRequest& r) {
  GeneratorKind kind = generator_kind(r);
  auto files = OR_RETURN(expand_files(r));
  std::vector<std::string> literals = r.options["from-literal"];
  std::string env = option_or(r, "from-env-file"), behavior = option_or(r, "behavior"), ns = option_or(r, "namespace");
  auto refused = [](std::string_view why) { return fail(ErrorKind::bad_request, "failed to validate flags: {}", why); };
  if (r.arguments.size() != 1) return refused("name must be specified once");
  if (env.empty() && files.empty() && literals.empty())
    return refused("at least from-env-file, or from-file or from-literal must be set");
  if (!env.empty() && (files.size() || literals.size()))
    return refused("from-env-file cannot be combined with from-file or from-literal");
  if (!behavior.empty() && behavior != "create" && behavior != "merge" && behavior != "replace")
    return refused("invalid behavior: must be one of \"create\", \"merge\", or \"replace\"");
  Value list = fields[kind.field];
  if (!list.is_array()) list = Value::array();
  size_t at = find_generator(list, r.arguments[0], ns);
  Value entry = list[at];
  if (at == list.size()) {
    entry = Value{{"name", r.arguments[0]}};
    if (!ns.empty()) entry = entry.with_member("namespace", ns);
    if (r.what == "secret") entry = entry.with_member("type", option_or(r, "type", "Opaque"));
  }
  for (const std::string& literal : literals)
    entry = entry.with_member("literals", entry["literals"].appended(literal));
  for (const std::string& file : files) entry = entry.with_member("files", entry["files"].appended(file));
  if (!env.empty()) entry = entry.with_member("envs", entry["envs"].appended(env));
  if (r.flag("disableNameSuffixHash")) entry = entry.with_member("options", Value{{"disableNameSuffixHash", true}});
  if (!behavior.empty()) entry = entry.with_member("behavior", behavior);
  entry = with_general_options(entry, fields["generatorOptions"]);
  OR_RETURN(check_literals(r, entry));
  fields = fields.with_member(kind.field, list.with_item(at, entry));
  return true;
}

Result<bool> set_generator(Value& fields, EditRequest& r) {
  GeneratorKind kind = generator_kind(r);
  const auto& literals = r.options["from-literal"];
  std::string to = option_or(r, "new-namespace");
  if (r.arguments.size() != 1) return wants("failed to validate flags: name must be specified once");
  if (literals.empty() && to.empty())
    return wants("failed to validate flags: at least one of [--from-literal, --new-namespace] must be specified");
  const Value& list = fields[kind.field];
  size_t at = find_generator(list, r.arguments[0], option_or(r, "namespace"));
  if (at == list.size())
    return fail(ErrorKind::bad_request,
                "failed to create {}: could not set new {} value: unable to find {} with name \"{}\"", kind.word,
                kind.kind, kind.kind, r.arguments[0]);
  Value entry = list[at];
  auto key_of = [](std::string_view literal) -> Result<std::string> {
    if (std::ranges::count(literal, '=') != 1)
      return fail(ErrorKind::bad_request, "invalid format: literal values must be specified in the key=value format");
    return std::string(literal.substr(0, literal.find('=')));
  };
  std::string failed = fmt::format("failed to create {}: failed to update literal sources", kind.word);
  for (const std::string& literal : literals) {
    std::string key = OR_RETURN(key_of(literal).context(failed + ": failed to update resource"));
    std::vector<Value> after;
    bool found = false;
    for (const Value& old : entry["literals"].items()) {
      bool same = OR_RETURN(key_of(old.as_string()).context(failed + ": failed to update resource")) == key;
      after.push_back(same ? Value(literal) : old);
      found = found || same;
    }
    if (!found) return fail(ErrorKind::bad_request, "{}: key '{}' not found in resource", failed, key);
    entry = entry.with_member("literals", Value::array(std::move(after)));
  }
  if (!to.empty()) entry = entry.with_member("namespace", to);
  entry = with_general_options(entry, fields["generatorOptions"]);
  fields = fields.with_member(kind.field, list.with_item(at, entry));
  return true;
}

Result<bool> remove_generator(Value& fields, EditRequest& r) {
  GeneratorKind kind = generator_kind(r);
  if (r.arguments.empty()) return fail(ErrorKind::bad_request, "at least one {} name must be specified", kind.word);
  if (r.arguments.size() > 1)
    return fail(ErrorKind::bad_request,
                "too many arguments: [{}]; to provide multiple {}s to remove, please separate {} names by commas",
                base::join(r.arguments, " "), kind.word, kind.word);
  auto names = comma_list(r.arguments[0]);
  std::vector<Value> kept;
  std::vector<std::string> found;
  for (const Value& entry : fields[kind.field].items()) {
    std::string name = entry["name"].str();
    if (std::ranges::find(names, name) != names.end() &&
        same_namespace(entry["namespace"].as_string(), option_or(r, "namespace")))
      found.push_back(name);
    else
      kept.push_back(entry);
  }
  if (found.empty())
    return fail(ErrorKind::bad_request, "no specified {}(s) were found in the kustomization.yaml file", kind.word);
  for (const std::string& name : names)
    if (std::ranges::find(found, name) == found.end())
      r.log.push_back(fmt::format("{} {} doesn't exist in kustomization file", kind.word, name));
  fields = fields.with_member(kind.field, Value::array(std::move(kept)));
  return true;
}

}  // namespace slipway::render::kustomize
