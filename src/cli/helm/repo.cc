// slipway helm repo: names for chart repositories, and their indexes.
#include <algorithm>

#include "base/text.h"
#include "base/time.h"
#include "cli/helm/commands.h"
#include "cli/helm/groups.h"
#include "cli/helm/packages.h"
#include "cli/paths.h"
#include "render/helm/version.h"
#include "value/json.h"
#include "value/yaml.h"

namespace slipway::cli::helm {

namespace rh = render::helm;

namespace {

std::vector<Option> repo_options() {
  return joined({{{"--force-update", "", "replace a repository of the same name"},
                  {"--url", "URL", "of the charts, for repo index"},
                  {"--merge", "FILE", "an index to merge into, for repo index"},
                  {"--output", "FORMAT", "accepted", "", false, 'o'},
                  {"--allow-deprecated-repos", "", "accepted"},
                  {"--no-update", "", "accepted"}},
                 chart_flags(),
                 global_flags()});
}

Result<> write_repositories(World& world, const Flags& flags, const std::vector<NamedRepository>& all) {
  ArrayBuilder list;
  for (const NamedRepository& one : all) {
    ObjectBuilder entry;
    entry.set("name", one.name).set("url", one.url);
    entry.set_unless_empty("username", one.username).set_unless_empty("password", one.password);
    list.push(entry.build());
  }
  std::string path = repositories_file(flags);
  OR_RETURN(world.files().make_directories(path.substr(0, path.rfind('/'))));
  Value root{{"apiVersion", ""}, {"generated", "0001-01-01T00:00:00Z"}, {"repositories", list.build()}};
  return world.files().write_atomically(path, value::to_yaml(root), 0600);
}

Task<Result<std::string>> repo_index(World& world, std::string folder, Flags flags) {
  folder = absolute_path(folder);
  auto files = OR_CO_RETURN(world.files().list(folder));
  std::map<std::string, std::vector<Value>> entries;
  std::string url = flags.text("--url");
  while (url.ends_with('/')) url.pop_back();
  std::string now = base::format_rfc3339(world.now());
  for (const std::string& file : files) {
    if (!file.ends_with(".tgz")) continue;
    std::string bytes = OR_CO_RETURN(world.files().read(folder + "/" + file, 100 << 20));
    auto loaded = rh::load_archive(bytes);
    if (!loaded) co_return std::move(loaded).error().context(file);
    Value entry = rh::to_value(loaded->chart->metadata);
    entry = entry.with_member("created", now)
                .with_member("digest", sources::sha256_hex(bytes))
                .with_member("urls", Value::array({Value((url.empty() ? "" : url + "/") + file)}));
    entries[loaded->chart->name()].push_back(std::move(entry));
  }
  ObjectBuilder all;
  for (auto& [name, versions] : entries) {
    std::ranges::stable_sort(versions, [](const Value& a, const Value& b) {
      return rh::compare_versions(a["version"].as_string(), b["version"].as_string()) > 0;
    });
    all.set(name, Value::array(std::move(versions)));
  }
  Value root{{"apiVersion", "v1"}, {"entries", all.build()}, {"generated", now}};
  OR_CO_RETURN(world.files().write_atomically(folder + "/index.yaml", value::to_yaml(root), 0644));
  co_return std::string();
}

Task<int> repo(runtime::RealWorld& world, Invocation said) {
  auto flags = Flags::parse(repo_options(), said.arguments);
  if (!flags) co_return refuse(flags.error());
  static const Group group{"repo",
                           "",
                           "Names for chart repositories, and their indexes.",
                           {{"add", "give a repository a name"},
                            {"index", "write index.yaml for a folder of archives"},
                            {"list", "say which names there are", "ls"},
                            {"remove", "take names away", "rm"},
                            {"update", "read the indexes again", "up"}}};
  std::string verb = group.verb(*flags);
  if (verb.empty()) co_return group.help();
  auto arguments = std::vector<std::string>(flags->arguments.begin() + 1, flags->arguments.end());
  std::string format = flags->text("--output", "table");
  if (format != "table" && format != "json" && format != "yaml")
    co_return refuse(fmt::format("invalid argument \"{}\" for \"-o, --output\" flag: invalid format type", format));
  if (verb == "index") {
    if (auto fits = check_count(arguments.size(), 1, 1, "repo index", "[DIR]"); !fits) co_return refuse(fits.error());
    auto done = co_await repo_index(world, arguments[0], *flags);
    if (!done) co_return refuse(done.error());
    co_return 0;
  }
  auto known = read_repositories(world, *flags);
  if (!known) co_return refuse(known.error());
  if (verb == "list") {
    if (format != "table") {
      ArrayBuilder list;
      for (const auto& one : *known) list.push(Value{{"name", one.name}, {"url", one.url}});
      print(format == "json" ? value::to_json(list.build()) + "\n" : value::to_yaml(list.build()));
      co_return 0;
    }
    if (known->empty()) co_return refuse("no repositories to show");
    size_t name = 4, url = 3;
    for (const auto& one : *known) name = std::max(name, one.name.size()), url = std::max(url, one.url.size());
    std::string out = fmt::format("{:<{}}\t{:<{}}\n", "NAME", name, "URL", url);
    for (const auto& one : *known) out += fmt::format("{:<{}}\t{:<{}}\n", one.name, name, one.url, url);
    print(out);
    co_return 0;
  }
  if (verb == "add") {
    if (arguments.size() != 2)
      co_return refuse("\"helm repo add\" requires 2 arguments\n\nUsage:  helm repo add [NAME] [URL] [flags]");
    NamedRepository one{arguments[0], arguments[1], flags->text("--username"), flags->text("--password")};
    auto there = std::ranges::find(*known, one.name, &NamedRepository::name);
    if (there != known->end() && !flags->is("--force-update")) {
      if (there->url != one.url || there->username != one.username)
        co_return refuse(fmt::format("repository name ({}) already exists, please specify a different name", one.name));
      print(fmt::format("\"{}\" already exists with the same configuration, skipping\n", one.name));
      co_return 0;
    }
    auto access = access_of(world, *flags);
    if (!access) co_return refuse(access.error());
    auto index = co_await sources::fetch_index(world, one.url, *access);
    if (!index) co_return refuse(index.error());
    if (there != known->end())
      *there = one;
    else
      known->push_back(one);
    if (auto done = write_repositories(world, *flags, *known); !done) co_return refuse(done.error());
    print(fmt::format("\"{}\" has been added to your repositories\n", one.name));
    co_return 0;
  }
  if (verb == "remove") {
    if (auto fits = check_count(arguments.size(), 1, kAny, "repo remove", "[REPO1 [REPO2 ...]]"); !fits)
      co_return refuse(fits.error());
    if (known->empty()) co_return refuse("no repositories configured");
    for (const std::string& name : arguments) {
      auto there = std::ranges::find(*known, name, &NamedRepository::name);
      if (there == known->end()) co_return refuse(fmt::format("no repo named \"{}\" found", name));
      known->erase(there);
      if (auto done = write_repositories(world, *flags, *known); !done) co_return refuse(done.error());
      print(fmt::format("\"{}\" has been removed from your repositories\n", name));
    }
    co_return 0;
  }
  // update
  if (known->empty()) co_return refuse("no repositories found. You must add one before updating");
  print("Hang tight while we grab the latest from your chart repositories...\n");
  bool failed = false;
  for (const NamedRepository& one : *known) {
    if (!arguments.empty() && std::ranges::find(arguments, one.name) == arguments.end()) continue;
    sources::ChartAccess access;
    access.username = one.username;
    access.password = one.password;
    auto index = co_await sources::fetch_index(world, one.url, access);
    if (index) {
      print(fmt::format("...Successfully got an update from the \"{}\" chart repository\n", one.name));
    } else {
      failed = true;
      print(fmt::format("...Unable to get an update from the \"{}\" chart repository ({}):\n\t{}\n", one.name, one.url,
                        index.error().str()));
    }
  }
  if (failed) co_return refuse("failed to update some of the repositories");
  print("Update Complete. ⎈Happy Helming!⎈\n");
  co_return 0;
}

}  // namespace

Command repo_command() {
  return command(
      "helm repo", "add|list|update|remove|index", "names for chart repositories, and their indexes",
      "Names are kept where Helm keeps them (repositories.yaml). Indexes are fetched when they are needed, not cached.",
      repo_options(), repo);
}

}  // namespace slipway::cli::helm
