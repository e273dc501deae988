#include "sources/repositories.h"

#include "base/text.h"
#include "sources/chart_repository.h"
#include "sources/clones.h"
#include "sources/local_repository.h"
#include "sources/object_store.h"
#include "sources/withheld.h"

namespace slipway::sources {
namespace {

constexpr Duration kHeardFor = 1s;    // that a file system answered is believed
constexpr size_t kRefsMax = 200'000;  // that are looked through for the nearest name

class GitRepositories final : public Repositories {
 public:
  GitRepositories(World& world, RepositoriesOptions options)
      : world_(world),
        options_(std::move(options)),
        git_(world, options_.limits),
        objects_(world, git_, options_.directory, options_.limits),
        clones_(world, git_, objects_, options_.directory, options_.limits, options_.asker) {}

  Task<Result<Commit>> resolve(std::string url, std::string revision, std::string project) override {
    if (revision.empty()) revision = "HEAD";
    if (!is_tag_range(revision)) OR_CO_RETURN(check_revision(revision));
    Location location = OR_CO_RETURN(locate(url));
    Result<Commit> commit = location.way == Location::Way::local
                                ? co_await resolve_local(location.path, revision)
                                : co_await clones_.resolve(location, credentials_of(url, project), revision);
    if (!commit) co_return std::move(commit).context(shown_url(url));
    commit->url = std::move(url);
    commit->revision = std::move(revision);
    commit->project = std::move(project);
    co_return std::move(commit);
  }

  Task<Result<std::shared_ptr<const Tree>>> tree(Commit commit, std::string path) override {
    path = OR_CO_RETURN(clean_path(path));
    if (!is_object_id(commit.sha)) co_return fail(ErrorKind::bad_request, "\"{}\" is no commit's SHA", commit.sha);
    std::string key = fmt::format("{}\n{}\n{}\n{}\n{}", clones_.age(), commit.project, commit.url, commit.sha, path);
    co_return co_await reading_.run(key, [this, commit, path] { return read(commit, path); });
  }

  Task<Result<>> changed(std::string url) override {
    Watching& watching = watching_[normalized_url(url)];
    if (is_local(url) && !watching.watch) {
      Location location = OR_CO_RETURN(locate(url));
      auto repository = OR_CO_RETURN(co_await find(location.path));
      if (!watching.watch) watching.watch = OR_CO_RETURN(world_.files().watch(repository.watched()));
      co_return Result<>();  // what changed before the watch stood nobody can tell
    }
    if (std::exchange(watching.remembered, false)) co_return Result<>();
    auto told = runtime::OneShot<void>::create();
    watching.waiting.push_back(told);
    if (!watching.watch || watching.is_pumped) co_return co_await told->wait();

    watching.is_pumped = true;
    runtime::Scope& scope = co_await runtime::current_scope();
    TaskGroup pump(scope);
    pump.spawn(tell_changes(&watching));
    Result<> result = co_await told->wait();
    co_await pump.stop();
    watching.is_pumped = false;
    tell(watching);  // the others: one of them pumps from now on
    watching.remembered = false;
    co_return result;
  }

  void notify(std::string_view url) override {
    clones_.outdate();
    std::string changed = normalized_url(url);
    if (auto found = watching_.find(changed); found != watching_.end()) tell(found->second);
  }

  void access_changed() override {
    clones_.outdate();
    for (auto& [url, watching] : watching_)
      if (!watching.watch) tell(watching);
  }

  bool is_local(std::string_view url) const override {
    auto location = locate(url);
    return location && location->way == Location::Way::local;
  }

 private:
  struct Watching {
    std::unique_ptr<runtime::PathWatch> watch;  // of a local repository
    std::vector<std::shared_ptr<runtime::OneShot<void>>> waiting;
    bool remembered = false;  // it changed, and nobody waited
    bool is_pumped = false;   // one of those who wait reads the watch for all
  };

  static void tell(Watching& watching) {
    watching.remembered = watching.waiting.empty();
    for (auto& shot : std::exchange(watching.waiting, {})) shot->resolve({});
  }
  static Task<void> tell_changes(Watching* watching) {
    Result<> changed = co_await watching->watch->changed();
    if (changed.failed_with(ErrorKind::canceled)) co_return;
    if (!changed) watching->watch.reset();  // made again by the next call
    tell(*watching);
  }

  Result<Location> locate(std::string_view url) const { return parse_url(through_mirrors(url, options_.mirrors)); }
  Credentials credentials_of(std::string_view url, std::string_view project) const {
    if (!options_.credentials) return {};
    return options_.credentials(url, project).value_or(Credentials{});
  }

  // Where the repository's parts lie. A file system that does not answer (a mount whose server is gone) holds whoever
  // asks it, and we ask on the loop: so git asks first, and is given up when it has no answer. Whatever it answers, the
  // place does, for the moment that we need.
  Task<Result<LocalRepository>> find(std::string path) {
    auto heard = heard_.find(path);
    if (heard == heard_.end() || world_.steady_now() - heard->second > kHeardFor) {
      OR_CO_RETURN(co_await hearing_.run(path, [this, path] { return hear(path); }));
      heard_[path] = world_.steady_now();
    }
    if (options_.asker == Asker::person) co_return find_local_repository(world_.files(), path);
    std::vector<std::string> withheld = {options_.directory};
    if (!options_.own_data.empty()) withheld.push_back(options_.own_data);
    OR_CO_RETURN(check_not_within(world_.files(), path, withheld));  // first: errors too would tell what is there
    auto repository = OR_CO_RETURN(find_local_repository(world_.files(), path));
    OR_CO_RETURN(check_not_within(world_.files(), repository, withheld));
    co_return repository;
  }
  Task<Result<bool>> hear(std::string path) {
    auto answer =
        co_await git_.run({.args = {"rev-parse", "--git-dir"}, .git_dir = path + "/.git", .doing = Doing::looking});
    for (ErrorKind silent : {ErrorKind::timeout, ErrorKind::unavailable, ErrorKind::canceled})
      if (answer.failed_with(silent)) co_return std::move(answer).error();
    co_return true;
  }

  Task<Result<Commit>> resolve_local(std::string path, std::string revision) {
    auto repository = OR_CO_RETURN(co_await find(path));
    std::vector<std::string> names = OR_CO_RETURN(co_await names_of(repository.git_dir, revision));
    Commit commit = OR_CO_RETURN(co_await objects_.find_commit(repository.git_dir, names));
    if (!commit.sha.empty()) {
      heard_[path] = world_.steady_now();
      co_return std::move(commit);
    }
    co_return co_await explain(repository.git_dir, std::move(names), revision);
  }

  // Why there is no such commit. Looking through all references may take longer than it may; then without the nearest.
  Task<Error> explain(std::string git_dir, std::vector<std::string> names, std::string revision) {
    std::string said;
    GitCall call{.args = {"for-each-ref", fmt::format("--count={}", kRefsMax),
                          "--format=%(objectname)%09%(refname)%(if)%(HEAD)%(then)%09HEAD%(end)"},
                 .git_dir = git_dir,
                 .said = &said};
    auto text = co_await git_.run(std::move(call));
    if (text.failed_with(ErrorKind::canceled)) co_return text.error();
    if (!text) co_return std::move(text).error().context(unresolved_words(revision));
    if (revision == "HEAD") {  // a branch is among the references; a commit of its own is not
      auto at = co_await git_.run(
          {.args = {"rev-parse", "--verify", "-q", "HEAD"}, .git_dir = git_dir, .doing = Doing::looking});
      if (at && is_object_id(base::trim(*at))) *text += fmt::format("{}\tHEAD\n", base::trim(*at));
    }
    co_return co_await world_.on_pool([&] { return why_unresolved(*text, said, names, revision); });
  }

  // What of a repository `revision` may name, in this order.
  Task<Result<std::vector<std::string>>> names_of(std::string git_dir, std::string revision) {
    std::vector<std::string> names;
    if (is_tag_range(revision)) {
      GitCall call{.args = {"for-each-ref", "--format=%(objectname)%09%(refname)", "refs/tags"}, .git_dir = git_dir};
      std::string text = OR_CO_RETURN(co_await git_.run(std::move(call)));
      std::string tag = newest_tag(parse_ls_remote(text), revision);
      if (!tag.empty()) names.push_back("refs/tags/" + tag);
    }
    if (revision == "HEAD" || revision.starts_with("refs/"))
      names.push_back(revision);
    else if (check_revision(revision))
      names.insert(names.end(), {"refs/heads/" + revision, "refs/tags/" + revision, "refs/" + revision});
    if (is_id_prefix(revision)) names.push_back(revision);
    co_return names;
  }

  Task<Result<std::shared_ptr<const Tree>>> read(Commit commit, std::string path) {
    Location location = OR_CO_RETURN(locate(commit.url));
    Result<std::shared_ptr<const Tree>> tree =
        location.way == Location::Way::local
            ? co_await read_local(location.path, commit.sha, path)
            : co_await clones_.tree(location, credentials_of(commit.url, commit.project), commit.sha, path);
    co_return std::move(tree).context(fmt::format("{} at {}", shown_url(commit.url), commit.sha.substr(0, 8)));
  }
  Task<Result<std::shared_ptr<const Tree>>> read_local(std::string repository_path, std::string sha, std::string path) {
    auto repository = OR_CO_RETURN(co_await find(repository_path));
    co_return co_await objects_.tree(repository.common_dir + "/objects", sha, path);
  }

  World& world_;
  const RepositoriesOptions options_;
  Git git_;
  ObjectStore objects_;
  Clones clones_;
  Sharing<std::shared_ptr<const Tree>> reading_;
  Sharing<bool> hearing_;
  std::map<std::string, SteadyTime> heard_;  // when a local repository's file system last answered, by path
  std::map<std::string, Watching> watching_;
};

}  // namespace

std::unique_ptr<Repositories> Repositories::create(World& world, RepositoriesOptions options) {
  auto credentials = options.credentials;
  return with_charts(world, std::make_unique<GitRepositories>(world, std::move(options)), std::move(credentials));
}

}  // namespace slipway::sources
