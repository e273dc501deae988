// Dependencies are resolved as Helm resolves them: which repositories are known by name, what their indexes offer,
// which version that means; then everything is fetched, and only then is anything written.
#include "cli/helm/packages.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "cli/helm/folder.h"
#include "cli/paths.h"
#include "cli/user_file.h"
#include "lang/semver/semver.h"
#include "render/helm/lock.h"
#include "render/helm/read.h"
#include "render/helm/version.h"
#include "sources/url.h"
#include "value/json.h"
#include "value/yaml.h"

namespace slipway::cli::helm {

namespace {

using rh::Dependency;

struct Fetched {
  std::string file, bytes;
};

std::string quoted(const Dependency& d) {
  return fmt::format("\"{}\" (repository \"{}\", version \"{}\")", d.name, sources::shown_url(d.repository), d.version);
}

bool is_local(const Dependency& d) {
  return d.repository.starts_with("file://");
}

bool is_served(const Dependency& d) {  // by a repository with an index
  return !d.repository.empty() && !is_local(d) && !d.repository.starts_with("oci://");
}

bool same_url(std::string a, std::string b) {
  while (a.ends_with('/')) a.pop_back();
  while (b.ends_with('/')) b.pop_back();
  return a == b;
}

// One `dependency update` or `build` of one chart.
class Dependencies {
 public:
  Dependencies(World& world, std::string path, Wanted wanted, Flags flags, Say say)
      : world_(world), path_(std::move(path)), flags_(std::move(flags)), say_(std::move(say)), wanted_(wanted) {}

  Task<Result<>> run() {
    directory_ = absolute_path(path_);
    chart_ = OR_CO_RETURN(co_await load_folder(world_, directory_));
    for (const auto& d : chart_->metadata.dependencies) requested_.push_back(*d);
    if (requested_.empty()) co_return Result<>();
    bool by_lock = wanted_ == Wanted::locked && chart_->lock.has_value();
    repositories_ = OR_CO_RETURN(read_repositories(world_, flags_));
    OR_CO_RETURN(name_repositories());
    if (by_lock) {
      auto by = rh::check_lock(*chart_, requested_, OR_CO_RETURN(compat_of(flags_)));
      bool v1 = chart_->metadata.api_version == "v1";
      if (v1 && (!by || *by == rh::LockedBy::helm2)) say_of_helm2();
      if (!by) co_return std::move(by).error();
    }
    OR_CO_RETURN(co_await read_indexes(by_lock));
    if (by_lock)
      locked_ = chart_->lock->dependencies;
    else
      OR_CO_RETURN(co_await resolve());
    say_(fmt::format("Saving {} charts\n", locked_.size()));
    for (Dependency& d : locked_) {
      auto done = co_await fetch(&d);
      if (done) continue;
      say_(fmt::format("Save error occurred:  {}\n", done.error().str()));
      co_return std::move(done).error();
    }
    co_return write(by_lock);
  }

 private:
  void say_of_helm2() {
    warn({"manager.go:122: warning: a valid Helm v3 hash was not found. Checking against Helm v2 hash..."},
         flags_.text("--compat") == "helm4");
  }

  // Folders must be there; @NAME becomes the repository's address.
  Result<> name_repositories() {
    std::string missing;
    bool words = false;  // something that is neither an address nor an alias
    for (Dependency& d : requested_) {
      if (is_local(d)) OR_RETURN(folder_of(d.repository.substr(7)));
      if (!is_served(d)) continue;
      bool alias = d.repository.starts_with('@') || d.repository.starts_with("alias:");
      std::string name = alias ? d.repository.substr(d.repository[0] == '@' ? 1 : 6) : "";
      auto one = std::ranges::find(repositories_, name, &NamedRepository::name);
      if (alias && one != repositories_.end()) {
        d.repository = one->url;
      } else if (alias || d.repository.find(':') == d.repository.npos) {
        missing += (missing.empty() ? "" : ", ") + d.repository;
        words = words || (!alias && d.repository.find("//") == d.repository.npos);
      }
    }
    if (missing.empty()) return {};
    return fail(ErrorKind::not_found, "no repository definition for {}. Please add them via 'helm repo add'{}", missing,
                words ? "\nNote that repositories must be URLs or aliases. For example, to refer to the \"example\"\n"
                        "repository, use \"https://charts.example.com/\" or \"@example\" instead of\n"
                        "\"example\". Don't forget to add the repo, too ('helm repo add')."
                      : "");
  }

  // A folder named from the chart's own. Error: not_found, as Helm names it.
  Result<std::string> folder_of(const std::string& said) {
    std::string shown = clean_path(said.starts_with('/') ? said : path_ + "/" + said);
    std::string whole = absolute_path(shown);
    if (world_.files().exists(whole)) return whole;
    return fail(ErrorKind::not_found, "directory {} not found", shown);
  }

  const NamedRepository* named(const std::string& url) const {
    for (const NamedRepository& one : repositories_)
      if (same_url(one.url, url)) return &one;
    return nullptr;
  }

  // Asked for once.
  Task<Result<const Result<sources::ChartIndex>*>> index_at(std::string url) {
    if (!indexes_.contains(url)) {
      auto access = OR_CO_RETURN(access_to(world_, flags_, named(url)));
      indexes_.emplace(url, co_await sources::fetch_index(world_, url, access));
    }
    co_return &indexes_.at(url);
  }

  Task<Result<>> read_index(std::string url, std::string shown) {
    const auto& index = *OR_CO_RETURN(co_await index_at(url));
    if (index) {
      say_(fmt::format("...Successfully got an update from the \"{}\" chart repository\n", sources::shown_url(shown)));
      co_return Result<>();
    }
    std::string address = shown == url ? "" : fmt::format(" ({})", sources::shown_url(url));
    say_(fmt::format("...Unable to get an update from the \"{}\" chart repository{}:\n\t{}\n",
                     sources::shown_url(shown), address, without_looks(index.error().str())));
    co_return Result<>();
  }

  // Those that Chart.yaml names and nobody else, then all that have names.
  Task<Result<>> read_indexes(bool by_lock) {
    if (flags_.is("--skip-refresh")) co_return Result<>();
    bool told = by_lock;
    std::set<std::string> asked;
    for (const Dependency& d : requested_) {
      if (by_lock || !is_served(d) || named(d.repository)) continue;
      OR_CO_RETURN(check_protocol(d.repository));
      if (!told) say_("Getting updates for unmanaged Helm repositories...\n");
      told = true;
      if (!asked.insert(d.repository).second) continue;
      OR_CO_RETURN(co_await read_index(d.repository, d.repository));
    }
    if (repositories_.empty()) co_return Result<>();
    say_("Hang tight while we grab the latest from your chart repositories...\n");
    for (const NamedRepository& one : repositories_) OR_CO_RETURN(co_await read_index(one.url, one.name));
    say_("Update Complete. ⎈Happy Helming!⎈\n");
    co_return Result<>();
  }

  Task<Result<const sources::ChartIndex*>> index_of(Dependency d) {
    if (!indexes_.contains(d.repository)) OR_CO_RETURN(check_protocol(d.repository));
    const auto& index = *OR_CO_RETURN(co_await index_at(d.repository));
    if (index) co_return &*index;
    Error why = index.error();
    co_return std::move(why).context(
        fmt::format("dependency {} {} of {}", d.name, d.version, sources::shown_url(d.repository)));
  }

  // From ranges to versions.
  Task<Result<>> resolve() {
    std::vector<std::string> missing;
    for (const Dependency& d : requested_) {
      if (!lang::semver::Range::parse(d.version))
        co_return fail(ErrorKind::invalid,
                       "dependency \"{}\" has an invalid version/constraint format: improper constraint: \"{}\"",
                       d.name, d.version);
      Dependency locked;
      locked.name = d.name;
      locked.repository = d.repository;
      locked.version = d.version;
      if (d.repository.empty()) {
        OR_CO_RETURN(folder_of("charts/" + d.name));
      } else if (is_local(d)) {
        auto folder = OR_CO_RETURN(folder_of(d.repository.substr(7)));
        auto chart = OR_CO_RETURN(co_await load_folder(world_, folder));
        locked.version = chart->metadata.version;
        if (!rh::in_range(d.version, locked.version)) missing.push_back(quoted(d));
      } else if (is_served(d)) {
        const auto* index = OR_CO_RETURN(co_await index_of(d));
        const auto* versions = index->versions(d.name);
        if (!versions)
          co_return explained(
              fail(ErrorKind::not_found, "{} chart not found in repo {}", d.name, sources::shown_url(d.repository)),
              index->offers(d.name));
        auto fits = [&](const auto& one) { return !one.urls.empty() && rh::in_range(d.version, one.version); };
        auto found = std::ranges::find_if(*versions, fits);
        if (found == versions->end())
          missing.push_back(quoted(d));
        else
          locked.version = found->version;
      } else {
        auto access = OR_CO_RETURN(access_of(world_, flags_));
        locked.version = OR_CO_RETURN(co_await sources::resolve_chart(world_, d.repository, d.name, d.version, access));
      }
      locked_.push_back(std::move(locked));
    }
    if (missing.empty()) co_return Result<>();
    co_return fail(ErrorKind::not_found,
                   "can't get a valid version for {} subchart(s): {}. Make sure a matching chart version exists in the "
                   "repo, or change the version constraint in Chart.yaml",
                   missing.size(), base::join(missing, ", "));
  }

  Task<Result<>> fetch(Dependency* d) {
    if (d->repository.empty()) {
      say_(fmt::format("Dependency {} did not declare a repository. Assuming it exists in the charts directory\n",
                       d->name));
      std::string folder = clean_path(path_ + "/charts/" + d->name);
      auto chart = co_await load_folder(world_, absolute_path(folder));
      if (!chart) co_return fail(ErrorKind::invalid, "unable to load chart '{}': {}", folder, chart.error().str());
      const std::string& version = (*chart)->metadata.version;
      if (!rh::in_range(d->version, version))
        co_return fail(ErrorKind::invalid, "dependency {} at version {} does not satisfy the constraint {}", d->name,
                       version, d->version);
      co_return Result<>();
    }
    if (is_local(*d)) {
      auto folder = OR_CO_RETURN(folder_of(d->repository.substr(7)));
      auto chart = OR_CO_RETURN(co_await load_folder(world_, folder));
      const std::string& version = chart->metadata.version;
      if (!rh::in_range(d->version, version) && d->version != version)
        co_return fail(ErrorKind::invalid, "can't get a valid version for dependency {}", d->name);
      d->version = version;
      fetched_.push_back({chart->name() + "-" + version + ".tgz", OR_CO_RETURN(pack(*chart, 0))});
      co_return Result<>();
    }
    auto access = OR_CO_RETURN(access_to(world_, flags_, named(d->repository)));
    sources::FetchedChart got;
    if (is_served(*d)) {
      const auto* index = OR_CO_RETURN(co_await index_of(*d));
      auto version = index->find(d->name, d->version);
      if (!version)
        co_return fail(ErrorKind::not_found, "could not find : chart {} not found in {}: {}", d->name,
                       sources::shown_url(d->repository), version.error().message());
      say_(fmt::format("Downloading {} from repo {}\n", d->name, sources::shown_url(d->repository)));
      auto done = co_await sources::fetch_listed(world_, d->repository, *version, access);
      if (!done) co_return std::move(done).error().context("could not download");
      got = std::move(*done);
    } else {
      say_(fmt::format("Downloading {} from repo {}\n", d->name, sources::shown_url(d->repository)));
      auto done = co_await sources::fetch_chart(world_, d->repository, d->name, d->version, access);
      if (!done)
        co_return std::move(done).error().context(
            fmt::format("could not download {}/{}", sources::shown_url(d->repository), d->name));
      tell_of(flags_)(exchanged("Pulled", done->url.substr(6), done->manifest_digest));
      got = std::move(*done);
    }
    auto chart = rh::load_archive(got.archive);
    if (!chart) co_return std::move(chart).error().context(sources::shown_url(got.url));
    fetched_.push_back({got.file_name(), std::move(got.archive)});
    co_return Result<>();
  }

  Result<> write(bool by_lock) {
    std::string charts = directory_ + "/charts";
    OR_RETURN(world_.files().make_directories(charts));
    auto before = OR_RETURN(world_.files().list(charts));
    for (const Fetched& one : fetched_)
      OR_RETURN(world_.files().write_atomically(charts + "/" + one.file, one.bytes, 0644));
    say_("Deleting outdated charts\n");
    for (const std::string& file : before) OR_RETURN(remove_outdated(charts, file));
    std::string digest = rh::lock_digest(requested_, locked_);
    if (by_lock || (chart_->lock && chart_->lock->digest == digest)) return {};
    ArrayBuilder list;
    for (const auto& d : locked_)
      list.push(Value{{"name", d.name}, {"repository", d.repository}, {"version", d.version}});
    Value lock{{"dependencies", list.build()}, {"digest", digest}, {"generated", base::format_rfc3339(world_.now())}};
    const char* name = chart_->metadata.api_version == "v1" ? "requirements.lock" : "Chart.lock";
    return write_user_file(world_.files(), directory_ + "/" + name, value::to_yaml(lock), 0644);
  }

  // Archives that nobody asks for any more; those of a chart without a repository stay.
  Result<> remove_outdated(const std::string& charts, const std::string& file) {
    if (world_.files().exists(charts + "/" + file + "/.")) return {};
    if (std::ranges::find(fetched_, file, &Fetched::file) != fetched_.end()) return {};
    auto bytes = world_.files().read(charts + "/" + file, 64 << 20);
    auto chart = bytes ? rh::load_archive(*bytes) : Result<rh::LoadedChart>(bytes.error());
    if (!chart) {
      say_(fmt::format("Could not verify {} for deletion: {} (Skipping)\n", clean_path(path_ + "/charts/" + file),
                       chart.error().str()));
      return {};
    }
    auto stays = [&](const Dependency& d) { return d.repository.empty() && d.name == chart->chart->name(); };
    if (std::ranges::any_of(locked_, stays)) return {};
    return world_.files().remove(charts + "/" + file);
  }

  World& world_;
  const std::string path_;
  const Flags flags_;
  const Say say_;
  const Wanted wanted_;
  std::string directory_;  // path_, absolute
  std::shared_ptr<rh::Chart> chart_;
  std::vector<NamedRepository> repositories_;
  std::vector<Dependency> requested_, locked_;
  std::map<std::string, Result<sources::ChartIndex>> indexes_;  // by URL
  std::vector<Fetched> fetched_;
};

}  // namespace

Task<Result<std::shared_ptr<rh::Chart>>> load_folder(World& world, std::string directory, rh::ChartLimits limits) {
  if (!world.files().exists(directory + "/.")) co_return fail(ErrorKind::invalid, "Chart.yaml file is missing");
  auto folder = co_await read_chart_folder(world, directory, limits);
  warn(folder.warnings());
  if (folder.broken) co_return std::move(*folder.broken);
  auto loaded = rh::load_files(std::move(folder.files), limits);
  if (!loaded) co_return std::move(loaded).error();
  warn(loaded->warnings);
  co_return std::move(loaded->chart);
}

namespace {

Result<> add_files(const rh::Chart& chart, const std::string& below, std::vector<rh::ChartFile>& out) {
  auto add = [&](std::string_view name, std::string text) {
    out.push_back({below + std::string(name), std::make_shared<const std::string>(std::move(text))});
  };
  rh::Metadata metadata = chart.metadata;
  if (metadata.api_version == "v1") metadata.dependencies.clear();  // they stand in requirements.yaml
  add("Chart.yaml", value::to_yaml(rh::to_value(metadata)));
  if (chart.lock && metadata.api_version == "v2") {
    ArrayBuilder list;
    for (const Dependency& d : chart.lock->dependencies) list.push(rh::to_value(d));
    add("Chart.lock",
        value::to_yaml(Value{
            {"dependencies", list.build()}, {"digest", chart.lock->digest}, {"generated", chart.lock->generated}}));
  }
  for (const rh::ChartFile& file : chart.raw)
    if (file.name == "values.yaml") out.push_back({below + file.name, file.data});
  if (chart.schema) {
    if (!value::parse_json(*chart.schema, {.any_number = true}))
      return fail(ErrorKind::invalid, "failed to save: Invalid JSON in values.schema.json");
    out.push_back({below + "values.schema.json", chart.schema});
  }
  for (const auto* files : {&chart.templates, &chart.files})
    for (const rh::ChartFile& file : *files) out.push_back({below + file.name, file.data});
  for (const auto& child : chart.dependencies)
    OR_RETURN(add_files(*child, below + "charts/" + child->name() + "/", out));
  return {};
}

}  // namespace

Result<std::string> pack(const rh::Chart& chart, int64_t modified) {
  std::vector<rh::ChartFile> files;
  OR_RETURN(add_files(chart, "", files));
  return sources::write_archive(chart.name(), files, modified);
}

Task<Result<>> fetch_dependencies(World& world, std::string path, Wanted wanted, Flags flags, Say say) {
  OR_CO_RETURN(refuse_verify(flags));
  Dependencies one(world, std::move(path), wanted, std::move(flags), std::move(say));
  co_return co_await one.run();
}

}  // namespace slipway::cli::helm
