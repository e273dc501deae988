// slipway helm lint, show, dependency, package, pull, push, repo.
#include <algorithm>
#include <chrono>

#include "base/text.h"
#include "cli/helm/commands.h"
#include "cli/helm/packages.h"
#include "cli/paths.h"
#include "lang/jsonpath/jsonpath.h"
#include "render/helm/environment.h"
#include "render/helm/schema.h"
#include "render/helm/version.h"
#include "render/helm/worker.h"
#include "value/json.h"
#include "value/yaml.h"

namespace slipway::cli::helm {

namespace rh = render::helm;

namespace {

constexpr size_t kAny = SIZE_MAX;

// Helm's words for too few or too many arguments. `usage`: behind the command's own words.
Result<> check_count(size_t count, size_t least, size_t most, std::string_view command, std::string_view usage) {
  if (count >= least && count <= most) return {};
  std::string wanted = least == most   ? fmt::format("requires {}", least)
                       : count < least ? fmt::format("requires at least {}", least)
                                       : fmt::format("accepts at most {}", most);
  size_t named = count < least ? least : most;
  return fail(ErrorKind::bad_request, "\"helm {}\" {} argument{}\n\nUsage:  helm {} {} [flags]", command, wanted,
              named == 1 ? "" : "s", command, usage);
}

std::string without_slashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

// The first word of commands that have commands of their own. Errors: bad_request with those that there are.
Result<std::string> verb_of(const Flags& flags, std::string_view command, std::string_view known) {
  std::string said = flags.arguments.empty() ? "" : flags.arguments[0];
  for (std::string_view word : base::split(known, ' '))
    if (said == word) return said;
  return fail(ErrorKind::bad_request, "unknown command \"{}\" for \"helm {}\": expected one of {}", said, command,
              known);
}

// ---- show ----

std::vector<Option> show_options() {
  return joined({{{"--jsonpath", "TEMPLATE", "what of the values to print"}}, chart_flags(), global_flags()});
}

Task<int> show(runtime::RealWorld& world, Invocation said) {
  auto flags = Flags::parse(show_options(), said.arguments);
  if (!flags) co_return refuse(flags.error());
  auto verb = verb_of(*flags, "show", "all chart values readme crds");
  if (!verb) co_return refuse(verb.error());
  std::string what = *verb;
  if (auto fits = check_count(flags->arguments.size() - 1, 1, 1, "show " + what, "[CHART]"); !fits)
    co_return refuse(fits.error());
  if (flags->has("--jsonpath") && what != "values") co_return refuse("unknown flag: --jsonpath");
  auto found = co_await find_chart(world, flags->arguments[1], *flags);
  if (!found) co_return refuse(found.error());
  const rh::Chart& chart = *found->chart;
  if (flags->has("--jsonpath")) {
    std::string text = flags->text("--jsonpath");
    auto path = lang::jsonpath::compile(text);
    if (!path) co_return refuse(fmt::format("error parsing jsonpath {}: {}", text, path.error().message()));
    auto shown = lang::jsonpath::render(*path, chart.values);
    if (!shown) co_return refuse(shown.error());
    print(*shown);
    co_return 0;
  }
  auto text_of = [&](std::string_view name) -> std::string {
    for (const rh::ChartFile& file : chart.raw)
      if (base::to_lower(file.name) == name) return *file.data;
    return {};
  };
  bool all = what == "all";
  std::string out;
  if (all || what == "chart") out += value::to_yaml(rh::to_value(chart.metadata)) + (all ? "" : "\n");
  if (all || what == "values") {
    if (all) out += "\n---\n";
    out += text_of("values.yaml") + "\n";
  }
  if (all || what == "readme") {
    std::string readme = text_of("readme.md");
    if (readme.empty()) readme = text_of("readme.txt");
    if (readme.empty()) readme = text_of("readme");
    if (all && !readme.empty()) out += "---\n";
    if (!readme.empty()) out += readme + "\n";
  }
  if (all || what == "crds") {
    auto crds = rh::crds_of(chart);
    if (all && !crds.empty() && !crds[0].data->starts_with("---")) out += "---\n";
    for (const rh::CrdFile& crd : crds) out += *crd.data + "\n";
  }
  print(out);
  co_return 0;
}

// ---- dependency ----

std::vector<Option> dependency_options() {
  return joined({{{"--skip-refresh", "", "accepted: indexes are read when they are needed"},
                  {"--max-col-width", "N", "accepted"}},
                 chart_flags(),
                 global_flags()});
}

std::string dependency_status(const rh::Chart& chart, const rh::Dependency& d, const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    if (!file.ends_with(".tgz") || !file.starts_with(d.name + "-")) continue;
    std::string version = file.substr(d.name.size() + 1, file.size() - d.name.size() - 5);
    if (!rh::is_version(version)) continue;
    return version == d.version || rh::in_range(d.version, version) ? "ok" : "wrong version";
  }
  for (const auto& child : chart.dependencies) {
    if (child->name() != d.name) continue;
    return child->metadata.version == d.version || rh::in_range(d.version, child->metadata.version) ? "unpacked"
                                                                                                    : "wrong version";
  }
  return "missing";
}

Task<int> dependency(runtime::RealWorld& world, Invocation said) {
  auto flags = Flags::parse(dependency_options(), said.arguments);
  if (!flags) co_return refuse(flags.error());
  auto word = verb_of(*flags, "dependency", "build update list up ls");
  if (!word) co_return refuse(word.error());
  std::string verb = *word == "up" ? "update" : *word == "ls" ? "list" : *word;
  if (auto fits = check_count(flags->arguments.size() - 1, 0, 1, "dependency " + verb, "CHART"); !fits)
    co_return refuse(fits.error());
  std::string path = flags->arguments.size() > 1 ? flags->arguments[1] : ".";
  std::string directory = absolute_path(path);
  bool there = world.files().exists(directory);
  if (verb != "list") {
    if (!there) co_return refuse(fmt::format("could not find {0}: stat {0}: no such file or directory", path));
    auto done =
        co_await fetch_dependencies(world, directory, verb == "build" ? Wanted::locked : Wanted::latest, *flags);
    if (!done) co_return refuse(done.error());
    print(*done);
    co_return 0;
  }
  if (!there) co_return refuse(fmt::format("stat {}: no such file or directory", path));
  auto found = co_await find_chart(world, directory, *flags);
  if (!found) co_return refuse(found.error());
  const rh::Chart& chart = *found->chart;
  if (chart.metadata.dependencies.empty()) {
    print(fmt::format("WARNING: no dependencies at {}charts\n", path == "." ? "" : without_slashes(path) + "/"));
    co_return 0;
  }
  auto files = world.files().list(directory + "/charts").value_or(std::vector<std::string>());
  std::vector<std::array<std::string, 4>> rows = {{"NAME", "VERSION", "REPOSITORY", "STATUS"}};
  for (const auto& d : chart.metadata.dependencies)
    rows.push_back({d->name, d->version, d->repository, dependency_status(chart, *d, files)});
  std::array<size_t, 4> widths{};
  for (const auto& row : rows)
    for (size_t i = 0; i < 4; ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string out;
  for (const auto& row : rows) {
    for (size_t i = 0; i < 4; ++i) out += fmt::format("{:<{}}{}", row[i], widths[i], i < 3 ? "\t" : "\n");
  }
  out += '\n';
  for (const auto& child : chart.dependencies) {
    std::string folder = "charts/" + child->name();
    if (!world.files().exists(directory + "/" + folder)) continue;
    auto is_it = [&](const auto& d) { return d->name == child->name(); };
    if (std::ranges::none_of(chart.metadata.dependencies, is_it))
      out += fmt::format("WARNING: \"{}{}\" is not in Chart.yaml.\n", path == "." ? "" : without_slashes(path) + "/",
                         folder);
  }
  print(out);
  co_return 0;
}

// ---- package, pull, push ----

std::vector<Option> package_options() {
  return joined({{{"--destination", "DIR", "where to write the archive", ".", false, 'd'},
                  {"--version", "VERSION", "in place of the one in Chart.yaml"},
                  {"--app-version", "VERSION", "in place of the one in Chart.yaml"},
                  {"--dependency-update", "", "fetch dependencies first", "", false, 'u'},
                  {"--sign", "", "not offered, refused"}},
                 global_flags()});
}

Task<int> package(runtime::RealWorld& world, Invocation said) {
  auto flags = Flags::parse(package_options(), said.arguments);
  if (!flags) co_return refuse(flags.error());
  if (flags->arguments.empty()) co_return refuse("need at least one argument, the path to the chart");
  if (flags->is("--sign")) co_return refuse("--sign is not offered: charts are not signed");
  for (const std::string& path : flags->arguments) {
    std::string directory = absolute_path(path);
    if (!world.files().exists(directory)) co_return refuse(fmt::format("stat {}: no such file or directory", path));
    if (flags->is("--dependency-update")) {
      auto done = co_await fetch_dependencies(world, directory, Wanted::latest, *flags);
      if (!done) co_return refuse(done.error());
    }
    auto found = co_await find_chart(world, directory, *flags);
    if (!found) co_return refuse(found.error());
    rh::Chart& chart = *found->chart;
    if (flags->has("--version")) {
      chart.metadata.version = flags->text("--version");
      if (!rh::is_version(chart.metadata.version)) co_return refuse("invalid semantic version");
    }
    if (flags->has("--app-version")) chart.metadata.app_version = flags->text("--app-version");
    if (!rh::is_version(chart.metadata.version))
      co_return refuse(fmt::format("validation: chart.metadata.version \"{}\" is invalid", chart.metadata.version));
    if (std::string missing = rh::missing_dependencies(chart); !missing.empty())
      co_return refuse("found in Chart.yaml, but missing in charts/ directory: " + missing);
    auto now = std::chrono::duration_cast<std::chrono::seconds>(world.now().time_since_epoch()).count();
    std::string to = flags->text("--destination", ".");
    std::string name = "/" + chart.name() + "-" + chart.metadata.version + ".tgz";
    std::string file = absolute_path(to) + name;
    if (auto made = world.files().make_directories(file.substr(0, file.rfind('/'))); !made)
      co_return refuse(made.error());
    if (auto done = world.files().write_atomically(file, pack(chart, now), 0644); !done) co_return refuse(done.error());
    print(fmt::format("Successfully packaged chart and saved it to: {}\n",
                      to == "." ? file : without_slashes(to) + name));
  }
  co_return 0;
}

std::vector<Option> pull_options() {
  return joined({{{"--destination", "DIR", "where to write the archive", ".", false, 'd'},
                  {"--untar", "", "unpack it"},
                  {"--untardir", "DIR", "where to unpack it", "."},
                  {"--prov", "", "not offered, refused"}},
                 chart_flags(),
                 global_flags()});
}

Task<int> pull(runtime::RealWorld& world, Invocation said) {
  auto flags = Flags::parse(pull_options(), said.arguments);
  if (!flags) co_return refuse(flags.error());
  if (auto fits = check_count(flags->arguments.size(), 1, kAny, "pull", "[chart URL | repo/chartname] [...]"); !fits)
    co_return refuse(fits.error());
  if (flags->is("--prov")) co_return refuse("--prov is not offered: signatures are not fetched");
  for (const std::string& name : flags->arguments) {
    auto fetched = co_await fetch_named(world, name, *flags);
    if (!fetched) co_return refuse(fetched.error());
    auto loaded = rh::load_archive(fetched->archive);
    if (!loaded) co_return refuse(std::move(loaded).error().context(fetched->url));
    const rh::Chart& chart = *loaded->chart;
    if (name.starts_with("oci://"))
      complain(fmt::format("Pulled: {}\nDigest: {}\n", fetched->url.substr(6), fetched->digest));
    if (flags->is("--untar")) {
      // names were checked when it was read: none leaves the folder
      std::string folder = absolute_path(flags->text("--untardir", ".")) + "/" + chart.name();
      if (world.files().exists(folder))
        co_return refuse(fmt::format("failed to untar: a file or directory with the name {} already exists", folder));
      for (const rh::ChartFile& file : chart.raw) {
        std::string path = folder + "/" + file.name;
        if (auto made = world.files().make_directories(path.substr(0, path.rfind('/'))); !made)
          co_return refuse(made.error());
        if (auto done = world.files().write_atomically(path, *file.data, 0644); !done) co_return refuse(done.error());
      }
      continue;
    }
    std::string file =
        absolute_path(flags->text("--destination", ".")) + "/" + chart.name() + "-" + chart.metadata.version + ".tgz";
    if (auto done = world.files().write_atomically(file, fetched->archive, 0644); !done) co_return refuse(done.error());
  }
  co_return 0;
}

std::vector<Option> push_options() {
  return joined({chart_flags(), global_flags()});
}

Task<int> push(runtime::RealWorld& world, Invocation said) {
  auto flags = Flags::parse(push_options(), said.arguments);
  if (!flags) co_return refuse(flags.error());
  if (auto fits = check_count(flags->arguments.size(), 2, kAny, "push", "[chart] [remote]"); !fits)
    co_return refuse(fits.error());
  std::string file = flags->arguments[0], remote = flags->arguments[1];
  if (!remote.starts_with("oci://"))
    co_return refuse(fmt::format("scheme prefix missing from remote (e.g. \"oci://\"): {}", remote));
  auto bytes = world.files().read(absolute_path(file), 64 << 20);
  if (world.files().exists(absolute_path(file) + "/."))
    co_return refuse("cannot push directory, must provide chart archive (.tgz)");
  if (!bytes) co_return refuse(fmt::format("{}: no such file", file));
  auto loaded = rh::load_archive(*bytes);
  if (!loaded) co_return refuse(loaded.error());
  auto access = access_of(world, *flags);
  if (!access) co_return refuse(access.error());
  const rh::Metadata& m = loaded->chart->metadata;
  auto digest =
      co_await sources::push_chart(world, remote, m.name, m.version, value::to_json(rh::to_value(m)), *bytes, *access);
  if (!digest) co_return refuse(digest.error());
  while (remote.ends_with('/')) remote.pop_back();
  complain(fmt::format("Pushed: {}/{}:{}\nDigest: {}\n", remote.substr(6), m.name,
                       base::replace_all(m.version, "+", "_"), *digest));
  co_return 0;
}

// ---- repo ----

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
  auto word = verb_of(*flags, "repo", "add list update remove index ls up rm");
  if (!word) co_return refuse(word.error());
  std::string verb = *word;
  auto arguments = std::vector<std::string>(flags->arguments.begin() + 1, flags->arguments.end());
  std::string format = flags->text("--output", "table");
  if (format != "table" && format != "json" && format != "yaml")
    co_return refuse(fmt::format("invalid argument \"{}\" for \"-o, --output\" flag: invalid format type", format));
  if (verb == "index")
    if (auto fits = check_count(arguments.size(), 1, 1, "repo index", "[DIR]"); !fits) co_return refuse(fits.error());
  if (verb == "index") {
    auto done = co_await repo_index(world, arguments[0], *flags);
    if (!done) co_return refuse(done.error());
    co_return 0;
  }
  auto known = read_repositories(world, *flags);
  if (!known) co_return refuse(known.error());
  if (verb == "list" || verb == "ls") {
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
  if (verb == "remove" || verb == "rm") {
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

Command command(const char* words, const char* arguments, const char* summary, const char* help,
                std::vector<Option> options, Task<int> (*run)(runtime::RealWorld&, Invocation)) {
  Command c;
  c.words = words;
  c.arguments = arguments;
  c.summary = summary;
  c.help = help;
  c.options = std::move(options);
  c.arguments_max = 100;
  c.own_words = true;
  c.run = run;
  return c;
}

}  // namespace

Command show_command() {
  return command("helm show", "all|chart|values|readme|crds CHART", "print parts of a chart",
                 "CHART is a folder, an archive, REPO/NAME, a URL, or NAME with --repo.", show_options(), show);
}
Command dependency_command() {
  return command("helm dependency", "build|update|list [CHART]", "fetch what Chart.yaml depends on into charts/",
                 "build takes the versions in Chart.lock, update looks for the newest that fit and writes Chart.lock.\n"
                 "Repositories are file://, https:// and oci://, or @NAME of `helm repo add`. Nothing is written "
                 "before all is fetched.",
                 dependency_options(), dependency);
}
Command dep_command() {
  Command c = dependency_command();
  c.words = "helm dep";
  c.summary = "the same, shorter";
  return c;
}
Command package_command() {
  return command("helm package", "[CHART...]", "pack a chart into NAME-VERSION.tgz", "Packs charts as Helm does.",
                 package_options(), package);
}
Command pull_command() {
  return command("helm pull", "CHART...", "fetch a chart's archive",
                 "From https:// repositories and oci:// registries; the digest that they name is checked.",
                 pull_options(), pull);
}
Command push_command() {
  return command("helm push", "ARCHIVE oci://HOST/PATH", "send a chart's archive to a registry", "", push_options(),
                 push);
}
Command repo_command() {
  return command(
      "helm repo", "add|list|update|remove|index", "names for chart repositories, and their indexes",
      "Names are kept where Helm keeps them (repositories.yaml). Indexes are fetched when they are needed, not cached.",
      repo_options(), repo);
}

}  // namespace slipway::cli::helm
