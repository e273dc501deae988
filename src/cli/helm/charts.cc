// slipway helm show, dependency, package, pull, push.
#include <algorithm>
#include <chrono>

#include "base/text.h"
#include "cli/helm/commands.h"
#include "cli/helm/folder.h"
#include "cli/helm/groups.h"
#include "cli/helm/packages.h"
#include "cli/paths.h"
#include "cli/user_file.h"
#include "lang/jsonpath/jsonpath.h"
#include "lang/semver/semver.h"
#include "render/helm/environment.h"
#include "render/helm/schema.h"
#include "render/helm/version.h"
#include "render/helm/worker.h"
#include "value/json.h"
#include "value/yaml.h"

namespace slipway::cli::helm {

namespace rh = render::helm;

namespace {

// What stands before the names of files in this folder.
std::string folder_prefix(const std::string& path) {
  return path == "." ? "" : clean_path(path) + "/";
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
  if (auto fits = check_access(world, *flags); !fits) co_return refuse(fits.error());
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
  if (all || what == "chart") out += value::to_yaml(rh::to_value(chart.metadata)) + "\n";
  if ((all || what == "values") && !chart.values.is_null()) {
    if (all) out += "---\n";
    out += text_of("values.yaml") + "\n";
  }
  if (all || what == "readme") {
    // The first one, in the order of the chart's files.
    auto readme = std::ranges::find_if(chart.files, [](const rh::ChartFile& file) {
      std::string name = base::to_lower(file.name);
      return name == "readme.md" || name == "readme.txt" || name == "readme";
    });
    if (readme != chart.files.end()) out += (all ? "---\n" : "") + *readme->data + "\n";
  }
  if (all || what == "crds") {
    auto crds = rh::crds_of(chart);
    bool four = flags->text("--compat") == "helm4";
    for (size_t i = 0; i < crds.size(); ++i) {
      bool separated = four || (all && i == 0);
      if (separated && !crds[i].data->starts_with("---")) out += "---\n";
      out += *crds[i].data + "\n";
    }
  }
  print(out);
  co_return 0;
}

// ---- dependency ----

std::vector<Option> dependency_options() {
  return joined({{{"--skip-refresh", "", "accepted: indexes are read when they are needed"},
                  {"--max-col-width", "COLUMNS", "for list: longer texts are cut"}},
                 chart_flags({"--version", "--devel", "--repo", "--pass-credentials"}),
                 global_flags()});
}

// Of a version that is there beside the range that is asked for; "" when it fits.
std::string version_fault(const std::string& range, const std::string& version) {
  if (version == range) return {};
  if (!lang::semver::Range::parse(range) || !rh::is_version(version)) return "invalid version";
  return rh::in_range(range, version) ? "" : "wrong version";
}

// Of an archive in charts/; `name`: what it should hold.
std::string archive_status(World& world, const std::string& file, const rh::Dependency& d) {
  auto bytes = world.files().read(file, 64 << 20);
  auto loaded = bytes ? rh::load_archive(*bytes) : Result<rh::LoadedChart>(bytes.error());
  if (!loaded) return "corrupt";
  if (loaded->chart->name() != d.name) return "misnamed";
  std::string wrong = version_fault(d.version, loaded->chart->metadata.version);
  return wrong.empty() ? "ok" : wrong;
}

std::string dependency_status(World& world, const rh::Chart& chart, const rh::Dependency& d,
                              const std::string& directory, const std::vector<std::string>& files) {
  std::vector<std::string> archives;
  for (const std::string& file : files)
    if (file.ends_with(".tgz") && file.starts_with(d.name + "-")) archives.push_back(file);
  if (archives.size() > 1) {
    std::erase_if(archives, [&](const std::string& file) {
      std::string version = file.substr(d.name.size() + 1, file.size() - d.name.size() - 5);
      return !rh::is_version(version) || version[0] == 'v' || std::ranges::count(version, '.') < 2;
    });
    if (archives.size() > 1) return "too many matches";
  }
  if (archives.size() == 1) return archive_status(world, directory + "/charts/" + archives[0], d);
  for (const auto& child : chart.dependencies) {
    if (child->name() != d.name) continue;
    std::string wrong = version_fault(d.version, child->metadata.version);
    return wrong.empty() ? "unpacked" : wrong;
  }
  return "missing";
}

Task<int> dependency(runtime::RealWorld& world, Invocation said) {
  auto flags = Flags::parse(dependency_options(), said.arguments);
  if (!flags) co_return refuse(flags.error());
  constexpr std::string_view kFetching =
      "--skip-refresh --verify --keyring --username --password --cert-file --key-file --insecure-skip-tls-verify "
      "--plain-http --ca-file";
  static const Group group{
      "dependency",
      "dependency, dep, dependencies",
      "The charts that a chart depends on: dependencies in Chart.yaml, versions in Chart.lock,\n"
      "archives in charts/.",
      {{"build", "fetch what Chart.lock names into charts/", "", kFetching},
       {"list", "say what is there", "ls", "--max-col-width"},
       {"update", "fetch what Chart.yaml asks for into charts/, and write Chart.lock", "up", kFetching}}};
  std::string verb = group.verb(*flags);
  if (verb.empty()) co_return group.help();
  if (auto fits = group.check_flags(*flags, dependency_options()); !fits) co_return refuse(fits.error());
  if (auto fits = check_count(flags->arguments.size() - 1, 0, 1, "dependency " + verb, "CHART"); !fits)
    co_return refuse(fits.error());
  std::string path = flags->arguments.size() > 1 ? flags->arguments[1] : ".";
  std::string directory = absolute_path(path);
  bool there = world.files().exists(directory);
  if (verb != "list") {
    if (!there) co_return refuse(fmt::format("could not find {0}: stat {0}: no such file or directory", path));
    if (!world.files().exists(directory + "/.")) co_return refuse("only unpacked charts can be updated");
    if (auto fits = check_access(world, *flags); !fits) co_return refuse(fits.error());
    auto wanted = verb == "build" ? Wanted::locked : Wanted::latest;
    auto done = co_await fetch_dependencies(world, path, wanted, *flags, [](std::string_view text) { print(text); });
    co_return done ? 0 : refuse(done.error());
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
    rows.push_back({d->name, d->version, d->repository, dependency_status(world, chart, *d, directory, files)});
  // at most as wide as asked for, cut with dots
  size_t widest = static_cast<size_t>(base::parse_int(flags->text("--max-col-width", "80")).value_or(80));
  for (auto& row : rows)
    for (std::string& cell : row)
      if (widest > 0 && cell.size() > widest) cell = cell.substr(0, widest > 3 ? widest - 3 : 0) + "...";
  std::array<size_t, 4> widths{};
  for (const auto& row : rows)
    for (size_t i = 0; i < 4; ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string out;
  for (const auto& row : rows) {
    for (size_t i = 0; i < 4; ++i) out += fmt::format("{:<{}}{}", row[i], widths[i], i < 3 ? "\t" : "\n");
  }
  out += '\n';
  for (const std::string& file : files) {  // whether or not a chart's loader would look at it
    std::string inner = "charts/" + file, whole = directory + "/" + inner, name;
    if (world.files().exists(whole + "/.")) {
      auto folder = co_await read_chart_folder(world, whole);
      auto loaded = folder.broken ? Result<rh::LoadedChart>(*folder.broken) : rh::load_files(std::move(folder.files));
      if (loaded) name = loaded->chart->name();
    } else if (file.ends_with(".tgz")) {
      auto bytes = world.files().read(whole, 64 << 20);
      auto loaded = bytes ? rh::load_archive(*bytes) : Result<rh::LoadedChart>(bytes.error());
      if (loaded) name = loaded->chart->name();
    } else {
      continue;
    }
    auto is_it = [&](const auto& d) { return d->name == name; };
    if (!name.empty() && std::ranges::any_of(chart.metadata.dependencies, is_it)) continue;
    out += fmt::format("WARNING: \"{}{}\" is not {}.\n", folder_prefix(path), inner,
                       name.empty() ? "a chart" : "in Chart.yaml");
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
                  {"--sign", "", "not offered, refused"},
                  {"--key", "NAME", "of the key for --sign"},
                  {"--passphrase-file", "FILE", "for --sign"}},
                 chart_flags({"--version", "--repo", "--devel", "--verify", "--pass-credentials"}),
                 global_flags()});
}

Task<int> package(runtime::RealWorld& world, Invocation said) {
  auto flags = Flags::parse(package_options(), said.arguments);
  if (!flags) co_return refuse(flags.error());
  if (flags->arguments.empty()) co_return refuse("need at least one argument, the path to the chart");
  if (flags->is("--sign") && flags->text("--key").empty()) co_return refuse("--key is required for signing a package");
  if (flags->is("--sign")) co_return refuse("--sign is not offered: charts are not signed");
  if (auto fits = check_access(world, *flags); !fits) co_return refuse(fits.error());
  for (const std::string& path : flags->arguments) {
    std::string directory = absolute_path(path);
    if (path.empty() || !world.files().exists(directory))
      co_return refuse(fmt::format("stat {}: no such file or directory", path));
    if (flags->is("--dependency-update")) {
      auto done = co_await fetch_dependencies(world, directory, Wanted::latest, *flags, [](std::string_view) {});
      if (!done) co_return refuse(done.error());
    }
    auto loaded = co_await load_folder(world, directory, chart_limits(*flags));
    if (!loaded) co_return refuse(loaded.error());
    rh::Chart& chart = **loaded;
    if (flags->has("--version")) chart.metadata.version = flags->text("--version");
    if (!rh::is_version(chart.metadata.version)) co_return refuse("invalid semantic version");
    if (flags->has("--app-version")) chart.metadata.app_version = flags->text("--app-version");
    if (std::vector<std::string> missing = rh::missing_dependencies(chart); !missing.empty())
      co_return refuse("found in Chart.yaml, but missing in charts/ directory: " + base::join(missing, ", "));
    auto now = std::chrono::duration_cast<std::chrono::seconds>(world.now().time_since_epoch()).count();
    std::string to = flags->text("--destination", ".");
    std::string name = "/" + chart.name() + "-" + chart.metadata.version + ".tgz";
    std::string file = absolute_path(to) + name;
    auto archive = pack(chart, now);
    if (!archive) co_return refuse(archive.error().str());
    if (world.files().exists(absolute_path(to)) && !world.files().exists(absolute_path(to) + "/."))
      co_return refuse("failed to save: is not a directory: " + to);
    if (auto made = world.files().make_directories(file.substr(0, file.rfind('/'))); !made)
      co_return refuse("failed to save: " + in_gos_words(made.error(), "mkdir " + to));
    if (auto done = write_user_file(world.files(), file, *archive); !done)
      co_return refuse("failed to save: " + in_gos_words(done.error(), "open " + clean_path(to + name)));
    print(fmt::format("Successfully packaged chart and saved it to: {}\n", to == "."    ? file
                                                                           : to.empty() ? name.substr(1)
                                                                                        : clean_path(to + name)));
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

// Into FOLDER/NAME, the name that Chart.yaml has. `reference`: what Helm looks for in the folder before it unpacks.
Result<> unpack(World& world, const std::string& folder, const std::string& reference, const std::string& archive) {
  std::string there = clean_path(folder + "/" + reference);
  if (world.files().exists(absolute_path(there)))
    return fail(ErrorKind::conflict, "failed to untar: a file or directory with the name {} already exists", there);
  // names are checked as it is read: none leaves the folder
  auto files = OR_RETURN(sources::read_archive(archive));
  std::string name;
  for (const sources::ArchiveFile& file : files) {
    if (file.name != "Chart.yaml") continue;
    auto metadata = rh::read_metadata(*file.data);
    if (!metadata) return std::move(metadata).error().context("cannot load Chart.yaml");
    name = metadata->name;
  }
  if (name.empty()) return fail(ErrorKind::invalid, "chart name not specified");
  if (name == "." || name == ".." || name.find('/') != name.npos)
    return fail(ErrorKind::invalid, "Chart.yaml: \"{}\" is no name of a folder", name);
  for (const sources::ArchiveFile& file : files) {
    std::string path = absolute_path(folder) + "/" + name + "/" + file.name;
    OR_RETURN(world.files().make_directories(path.substr(0, path.rfind('/'))));
    OR_RETURN(world.files().write_atomically(path, *file.data, 0644));
  }
  return {};
}

Task<int> pull(runtime::RealWorld& world, Invocation said) {
  auto flags = Flags::parse(pull_options(), said.arguments);
  if (!flags) co_return refuse(flags.error());
  if (auto fits = check_count(flags->arguments.size(), 1, kAny, "pull", "[chart URL | repo/chartname] [...]"); !fits)
    co_return refuse(fits.error());
  if (flags->is("--prov")) co_return refuse("--prov is not offered: signatures are not fetched");
  if (auto fits = check_access(world, *flags); !fits) co_return refuse(fits.error());
  for (const std::string& name : flags->arguments) {
    auto fetched = co_await fetch_named(world, name, *flags, tell_of(*flags));
    if (!fetched) co_return refuse(fetched.error());
    std::string to = flags->text("--destination", ".");
    if (to.empty()) to = ".";
    if (!flags->is("--untar")) {
      std::string file = clean_path(to + "/" + fetched->file_name());
      if (auto done = write_user_file(world.files(), absolute_path(file), fetched->archive, 0644); !done)
        co_return refuse(in_gos_words(done.error(), "open " + file));
      continue;
    }
    std::string folder = flags->text("--untardir", ".");
    if (folder.empty()) folder = ".";
    if (!folder.starts_with('/')) folder = to + "/" + folder;
    folder = clean_path(folder);
    if (auto done = unpack(world, folder, name.substr(name.rfind('/') + 1), fetched->archive); !done)
      co_return refuse(done.error());
  }
  co_return 0;
}

std::vector<Option> push_options() {
  return joined(
      {chart_flags({"--version", "--devel", "--repo", "--pass-credentials", "--verify", "--keyring"}), global_flags()});
}

Task<int> push(runtime::RealWorld& world, Invocation said) {
  auto flags = Flags::parse(push_options(), said.arguments);
  if (!flags) co_return refuse(flags.error());
  if (auto fits = check_count(flags->arguments.size(), 2, kAny, "push", "[chart] [remote]"); !fits)
    co_return refuse(fits.error());
  std::string file = flags->arguments[0], remote = flags->arguments[1];
  if (auto fits = check_access(world, *flags); !fits) co_return refuse(fits.error());
  size_t scheme = remote.find("://");
  if (scheme == remote.npos) co_return refuse("scheme prefix missing from remote (e.g. \"oci://\")");
  if (!remote.starts_with("oci://"))
    co_return refuse(fmt::format("scheme \"{}\" not supported", remote.substr(0, scheme)));
  if (!world.files().exists(absolute_path(file))) co_return refuse(fmt::format("{}: no such file", file));
  if (world.files().exists(absolute_path(file) + "/."))
    co_return refuse("cannot push directory, must provide chart archive (.tgz)");
  auto bytes = world.files().read(absolute_path(file), 64 << 20);
  if (!bytes) co_return refuse(bytes.error());
  if (auto fits = check_gzip(*bytes, file); !fits) co_return refuse(fits.error());
  auto loaded = rh::load_archive(*bytes);
  if (!loaded) co_return refuse(loaded.error());
  auto access = access_of(world, *flags);
  if (!access) co_return refuse(access.error());
  const rh::Metadata& m = loaded->chart->metadata;
  auto digest =
      co_await sources::push_chart(world, remote, m.name, m.version, value::to_json(rh::to_value(m)), *bytes, *access);
  if (!digest) co_return refuse(digest.error());
  while (remote.ends_with('/')) remote.pop_back();
  std::string pushed = fmt::format("{}/{}:{}", remote.substr(6), m.name, base::replace_all(m.version, "+", "_"));
  Tell tell = tell_of(*flags);
  tell(exchanged("Pushed", pushed, *digest));
  co_return 0;
}

}  // namespace

Command show_command() {
  return command("helm show", "all|chart|values|readme|crds CHART", "print parts of a chart",
                 "CHART is a folder, an archive, REPO/NAME, a URL, or NAME with --repo.", show_options(), show);
}
Command inspect_command() {
  return also_called(show_command(), "helm inspect", "the same, by its older name");
}
Command dependency_command() {
  return command("helm dependency", "build|update|list [CHART]", "fetch what Chart.yaml depends on into charts/",
                 "build takes the versions in Chart.lock, update looks for the newest that fit and writes Chart.lock.\n"
                 "Repositories are file://, https:// and oci://, or @NAME of `helm repo add`. Nothing is written "
                 "before all is fetched.",
                 dependency_options(), dependency);
}
Command dep_command() {
  return also_called(dependency_command(), "helm dep", "the same, shorter");
}
Command dependencies_command() {
  return also_called(dependency_command(), "helm dependencies", "the same, longer");
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
