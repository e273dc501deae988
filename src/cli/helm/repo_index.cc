#include "cli/helm/repo_index.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "base/time.h"
#include "cli/helm/packages.h"
#include "cli/paths.h"
#include "cli/user_file.h"
#include "render/helm/version.h"
#include "runtime/digest.h"
#include "value/go_words.h"
#include "value/json.h"
#include "value/yaml.h"

namespace slipway::cli::helm {

namespace {

using Entries = std::map<std::string, std::vector<Value>>;

// In the order of Helm's types; other names follow by the alphabet.
constexpr std::string_view kFields[] = {
    "name",    "home",       "sources",    "version",     "repository",  "description",  "keywords", "maintainers",
    "email",   "icon",       "url",        "apiVersion",  "condition",   "tags",         "enabled",  "import-values",
    "alias",   "appVersion", "deprecated", "annotations", "kubeVersion", "dependencies", "type",     "urls",
    "created", "removed",    "digest",     "generated",   "entries"};

// As Go prints types: members in the order of their fields, maps by the alphabet.
void append_ordered(std::string& out, const Value& v, bool is_map, const std::string& indent) {
  std::string inner = indent + "  ";
  if (v.is_array() && !v.items().empty()) {
    out += "[";
    for (size_t i = 0; i < v.items().size(); ++i) {
      out += (i > 0 ? ",\n" : "\n") + inner;
      append_ordered(out, v.items()[i], false, inner);
    }
    out += "\n" + indent + "]";
    return;
  }
  if (!v.is_object() || v.members().empty()) {
    out += value::escaped_for_html(value::to_json(v));
    return;
  }
  std::vector<std::pair<size_t, const value::Member*>> members;
  for (const value::Member& one : v.members()) {
    auto at = std::ranges::find(kFields, one.key.view());
    members.push_back({is_map ? 0 : static_cast<size_t>(at - std::begin(kFields)), &one});
  }
  std::ranges::sort(members, [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : a.second->key.view() < b.second->key.view();
  });
  out += "{";
  for (size_t i = 0; i < members.size(); ++i) {
    std::string_view key = members[i].second->key.view();
    out += (i > 0 ? ",\n" : "\n") + inner + value::to_json(Value(std::string(key))) + ": ";
    append_ordered(out, members[i].second->value, !is_map && (key == "entries" || key == "annotations"), inner);
  }
  out += "\n" + indent + "}";
}

Result<> write_index(World& world, const std::string& file, Entries entries, const std::string& now, bool json) {
  ObjectBuilder all;
  for (auto& [name, versions] : entries) {
    std::ranges::stable_sort(versions, [](const Value& a, const Value& b) {
      return rh::compare_versions(a["version"].as_string(), b["version"].as_string()) > 0;
    });
    all.set(name, Value::array(std::move(versions)));
  }
  Value root{{"apiVersion", "v1"}, {"entries", all.build()}, {"generated", now}};
  std::string text;
  if (json)
    append_ordered(text, root, false, "");
  else
    text = value::to_yaml(root);
  auto done = write_user_file(world.files(), file, text, 0644);
  if (done) return {};
  return fail(done.error().kind(), "{}", in_gos_words(done.error(), "open " + file));
}

// What an older index lists and this folder does not hold. One that is not there is made, as Helm makes it.
Result<> merge_index(World& world, const std::string& file, Entries& entries, const std::string& now, bool json) {
  std::string whole = absolute_path(file);
  if (!world.files().exists(whole)) return write_index(world, whole, {}, now, json);
  std::string text = OR_RETURN(world.files().read(whole, 64 << 20));
  auto index = sources::ChartIndex::parse(text);
  if (!index) return std::move(index).error().context("merge failed");
  for (const std::string& name : index->names()) {
    for (const sources::ChartVersion& one : *index->versions(name)) {
      auto& versions = entries[name];
      auto same = [&](const Value& v) { return v["version"].as_string() == one.version; };
      if (std::ranges::any_of(versions, same)) continue;
      bool dated = !one.entry["created"].is_null();
      versions.push_back(dated ? one.entry : one.entry.with_member("created", "0001-01-01T00:00:00Z"));
    }
  }
  return {};
}

// path.Join of Go, behind a URL's host and before its query.
std::string joined_url(const std::string& url, const std::string& name) {
  if (url.empty()) return name;
  size_t end = std::min(url.find_first_of("?#"), url.size()), scheme = url.substr(0, end).find("://");
  size_t path = scheme == url.npos ? 0 : std::min(url.find('/', scheme + 3), end);
  std::string whole = clean_path(url.substr(path, end - path) + "/" + name);
  return url.substr(0, path) + whole + url.substr(end);
}

}  // namespace

Result<> index_folder(World& world, const std::string& folder, const Flags& flags) {
  std::string whole = absolute_path(folder), url = flags.text("--url");
  std::string now = base::format_rfc3339(world.now());
  Entries entries;
  auto add = [&](const std::string& below) -> Result<> {
    auto files = world.files().list(whole + "/" + below).value_or(std::vector<std::string>());
    for (const std::string& file : files) {
      std::string path = below + file;
      if (!file.ends_with(".tgz") || world.files().exists(whole + "/" + path + "/.")) continue;
      std::string bytes = OR_RETURN(world.files().read(whole + "/" + path, 100 << 20));
      auto loaded = rh::load_archive(bytes);
      if (!loaded) continue;  // no chart: Helm passes over it as well
      Value entry = rh::to_value(loaded->chart->metadata);
      entries[loaded->chart->name()].push_back(entry.with_member("created", now)
                                                   .with_member("digest", runtime::sha256_hex(bytes))
                                                   .with_member("urls", Value::array({Value(joined_url(url, path))})));
    }
    return {};
  };
  OR_RETURN(add(""));
  for (const std::string& child : world.files().list(whole).value_or(std::vector<std::string>()))
    if (world.files().exists(whole + "/" + child + "/.")) OR_RETURN(add(child + "/"));
  bool json = flags.is("--json");
  if (std::string old = flags.text("--merge"); !old.empty()) OR_RETURN(merge_index(world, old, entries, now, json));
  return write_index(world, whole + "/index.yaml", std::move(entries), now, json);
}

}  // namespace slipway::cli::helm
