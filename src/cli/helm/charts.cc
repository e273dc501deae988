// slipway helm show, dependency, package, pull, push.
#include <algorithm>
#include <chrono>

#include "base/text.h"
#include "cli/helm/commands.h"
#include "cli/helm/groups.h"
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

std::string without_slashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

// What stands before the names of files in this folder.
std::string folder_prefix(const std::string& path) {
  return path == "." ? "" : without_slashes(path) + "/";
}

// ---- show ----

std::vector<Option> show_options() {
  return joined({{{"--jsonpath", "TEMPLATE", "what of the values to print"}}, chart_flags(), global_flags()});
}

Task<int> show(runtime::RealWorld& world, Invocation said) {
  auto flags = Flags::parse(show_options(), said.arguments);
  if (!flags) co_return refuse(flags.error());
  static const Group group{"show",
                           "show, inspect",
                           "What a chart is made of.",
                           {{"all", "everything of it, one after another"},
                            {"chart", "its Chart.yaml"},
                            {"crds", "its CustomResourceDefinitions"},
                            {"readme", "its README"},
                            {"values", "its values.yaml"}}};
  std::string what = group.verb(*flags);
  if (what.empty()) co_return group.help();
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
  static const Group group{"dependency",
                           "dependency, dep, dependencies",
                           "The charts that a chart depends on: dependencies in Chart.yaml, versions in Chart.lock,\n"
                           "archives in charts/.",
                           {{"build", "fetch what Chart.lock names into charts/"},
                            {"list", "say what is there", "ls"},
                            {"update", "fetch what Chart.yaml asks for into charts/, and write Chart.lock", "up"}}};
  std::string verb = group.verb(*flags);
  if (verb.empty()) co_return group.help();
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
    print(fmt::format("WARNING: no dependencies at {}charts\n", folder_prefix(path)));
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
      out += fmt::format("WARNING: \"{}{}\" is not in Chart.yaml.\n", folder_prefix(path), folder);
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

}  // namespace

Command show_command() {
  return command("helm show", "all|chart|values|readme|crds CHART", "print parts of a chart",
                 "CHART is a folder, an archive, REPO/NAME, a URL, or NAME with --repo.", show_options(), show);
}
Command inspect_command() {
  Command c = show_command();
  c.words = "helm inspect";
  c.summary = "the same, by its older name";
  return c;
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
Command dependencies_command() {
  Command c = dependency_command();
  c.words = "helm dependencies";
  c.summary = "the same, longer";
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

}  // namespace slipway::cli::helm
