#include "cli/helm/packages.h"

#include <algorithm>
#include <chrono>

#include "base/text.h"
#include "cli/paths.h"
#include "render/helm/lock.h"
#include "render/helm/read.h"
#include "render/helm/version.h"
#include "value/json.h"
#include "value/yaml.h"

namespace slipway::cli::helm {

namespace rh = render::helm;

namespace {

Task<Result<std::shared_ptr<rh::Chart>>> load(World& world, std::string directory) {
  auto tree = OR_CO_RETURN(co_await sources::read_directory(world, directory));
  auto loaded = rh::load_directory(*tree, "");
  if (!loaded) co_return std::move(loaded).error();
  co_return std::move(loaded->chart);
}

struct Fetched {
  rh::Dependency locked;
  std::string file, bytes;
};

Task<Result<Fetched>> fetch_one(World& world, std::string directory, rh::Dependency d, std::string range, Flags flags) {
  auto tried = [&](Error error) {
    return std::move(error).context(fmt::format("dependency {} {} of {}", d.name, d.version, d.repository));
  };
  Fetched out;
  out.locked.name = d.name;
  out.locked.repository = d.repository;
  if (d.repository.starts_with("file://")) {
    std::string said = d.repository.substr(7);
    std::string path = said.starts_with('/') ? said : absolute_path(directory + "/" + said);
    if (!world.files().exists(path)) co_return tried(fail(ErrorKind::not_found, "directory {} not found", path));
    auto chart = co_await load(world, path);
    if (!chart) co_return tried(std::move(chart).error());
    const std::string& version = (*chart)->metadata.version;
    if (!rh::in_range(range.empty() ? "*" : range, version) && range != version)
      co_return tried(fail(ErrorKind::not_found, "can't get a valid version for dependency {}: {} holds {}", d.name,
                           path, version));
    out.locked.version = version;
    out.bytes = pack(**chart, 0);
    out.file = d.name + "-" + version + ".tgz";
    co_return out;
  }
  std::string url = d.repository;
  auto access = OR_CO_RETURN(access_of(world, flags));
  if (url.starts_with('@') || url.starts_with("alias:")) {
    std::string name = url.substr(url.starts_with('@') ? 1 : 6);
    auto repositories = OR_CO_RETURN(read_repositories(world, flags));
    auto one = std::ranges::find(repositories, name, &NamedRepository::name);
    if (one == repositories.end())
      co_return tried(fail(ErrorKind::not_found,
                           "no repository definition for {}. Please add the missing repos via 'helm repo add'", url));
    url = one->url;
    access.username = one->username;
    access.password = one->password;
  }
  auto fetched = co_await sources::fetch_chart(world, url, d.name, range, access);
  if (!fetched) co_return tried(std::move(fetched).error());
  auto loaded = rh::load_archive(fetched->archive);
  if (!loaded) co_return tried(std::move(loaded).error());
  out.locked.version = loaded->chart->metadata.version;
  out.file = d.name + "-" + out.locked.version + ".tgz";
  out.bytes = std::move(fetched->archive);
  co_return out;
}

}  // namespace

std::string pack(const rh::Chart& chart, int64_t modified) {
  std::vector<rh::ChartFile> files;
  files.push_back({"Chart.yaml", std::make_shared<const std::string>(value::to_yaml(rh::to_value(chart.metadata)))});
  for (const rh::ChartFile& file : chart.raw)
    if (file.name != "Chart.yaml") files.push_back(file);
  return sources::write_archive(chart.name(), files, modified);
}

Task<Result<std::string>> fetch_dependencies(World& world, std::string directory, Wanted wanted, Flags flags) {
  OR_CO_RETURN(refuse_verify(flags));
  auto chart = OR_CO_RETURN(co_await load(world, directory));
  std::vector<rh::Dependency> requested;
  for (const auto& d : chart->metadata.dependencies) requested.push_back(*d);
  if (requested.empty()) co_return std::string();
  bool by_lock = wanted == Wanted::locked && chart->lock.has_value();
  std::vector<std::string> ranges;
  for (const auto& d : requested) ranges.push_back(d.version);
  if (by_lock) {
    const rh::Lock& lock = *chart->lock;
    if (rh::lock_digest(requested, lock.dependencies) != lock.digest) co_return rh::out_of_sync();
    for (size_t i = 0; i < requested.size() && i < lock.dependencies.size(); ++i)
      ranges[i] = lock.dependencies[i].version;
  }
  std::vector<Fetched> all;
  std::vector<rh::Dependency> locked;
  std::string said;
  for (size_t i = 0; i < requested.size(); ++i) {
    if (requested[i].repository.empty()) {
      // it must lie in charts/ already
      auto there =
          std::ranges::find_if(chart->dependencies, [&](const auto& c) { return c->name() == requested[i].name; });
      if (there == chart->dependencies.end())
        co_return fail(ErrorKind::not_found,
                       "no repository definition for , {}: Chart.yaml names none, and charts/ does not hold it",
                       requested[i].name);
      rh::Dependency as_is;
      as_is.name = requested[i].name;
      as_is.version = requested[i].version;
      locked.push_back(as_is);
      const std::string& version = (*there)->metadata.version;
      if (!rh::in_range(as_is.version.empty() ? "*" : as_is.version, version))
        co_return fail(ErrorKind::invalid, "dependency {} at version {} does not satisfy the constraint {}", as_is.name,
                       version, as_is.version);
      said += fmt::format("Dependency {} did not declare a repository. Assuming it exists in the charts directory\n",
                          as_is.name);
      continue;
    }
    all.push_back(OR_CO_RETURN(co_await fetch_one(world, directory, requested[i], ranges[i], flags)));
    locked.push_back(all.back().locked);
    said += requested[i].repository.starts_with("file://")
                ? ""
                : fmt::format("Downloading {} from repo {}\n", requested[i].name, requested[i].repository);
  }
  std::string charts = directory + "/charts";
  OR_CO_RETURN(world.files().make_directories(charts));
  auto before = OR_CO_RETURN(world.files().list(charts));
  for (const Fetched& one : all) OR_CO_RETURN(world.files().write_atomically(charts + "/" + one.file, one.bytes, 0644));
  for (const std::string& file : before) {
    if (!file.ends_with(".tgz")) continue;
    bool kept = std::ranges::any_of(all, [&](const Fetched& one) { return one.file == file; });
    bool ours = std::ranges::any_of(
        requested, [&](const rh::Dependency& d) { return file.starts_with(d.name + "-") && !d.repository.empty(); });
    if (!kept && ours) OR_CO_RETURN(world.files().remove(charts + "/" + file));
  }
  if (!by_lock) {
    ArrayBuilder list;
    for (const auto& d : locked)
      list.push(Value{{"name", d.name}, {"repository", d.repository}, {"version", d.version}});
    Value lock{{"dependencies", list.build()},
               {"digest", rh::lock_digest(requested, locked)},
               {"generated", base::format_rfc3339(world.now())}};
    const char* name = chart->metadata.api_version == "v1" ? "requirements.lock" : "Chart.lock";
    OR_CO_RETURN(world.files().write_atomically(directory + "/" + name, value::to_yaml(lock), 0644));
  }
  co_return fmt::format("Saving {} charts\n{}Deleting outdated charts\n", requested.size(), said);
}

}  // namespace slipway::cli::helm
