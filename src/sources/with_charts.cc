#include "base/text.h"
#include "sources/archive.h"
#include "sources/chart_repository.h"
#include "sources/sharing.h"
#include "sources/url.h"

namespace slipway::sources {

std::string chart_url(std::string_view repository, std::string_view chart) {
  return "chart+" + std::string(repository) + "#" + std::string(chart);
}

bool is_chart_url(std::string_view url) {
  return url.starts_with("chart+");
}

namespace {

struct ChartUrl {
  std::string repository, name;
};

std::optional<ChartUrl> chart_of(std::string_view url) {
  if (!is_chart_url(url)) return std::nullopt;
  size_t mark = url.rfind('#');
  if (mark == url.npos) return std::nullopt;
  return ChartUrl{std::string(url.substr(6, mark - 6)), std::string(url.substr(mark + 1))};
}

Result<> check_spelling(const ChartUrl& chart) {
  if (!is_devious(chart.repository)) return {};
  return fail(ErrorKind::bad_request,
              R"({}: "." or ".." in it leads elsewhere than it reads, or what ends a host's name stands before an "@")",
              shown_url(chart.repository));
}

class WithCharts : public Repositories {
 public:
  WithCharts(World& world, std::unique_ptr<Repositories> git, CredentialsOf credentials)
      : world_(world), git_(std::move(git)), credentials_(std::move(credentials)) {}

  Task<Result<Commit>> resolve(std::string url, std::string revision, std::string project) override {
    auto chart = chart_of(url);
    if (!chart) co_return co_await git_->resolve(url, revision, project);
    OR_CO_RETURN(check_spelling(*chart));
    std::string range = revision == "HEAD" ? "" : revision;
    std::string version;
    if (is_registry(*chart)) {
      auto resolved =
          co_await resolve_chart(world_, chart->repository, chart->name, range, access(chart->repository, project));
      if (!resolved) co_return explained(std::move(resolved).error(), chart->repository, project);
      version = std::move(*resolved);
    } else {
      auto found = co_await find(*chart, range, project);
      if (!found) co_return explained(std::move(found).error(), chart->repository, project);
      version = found->version;
    }
    co_return Commit{
        .url = url, .sha = version, .revision = revision, .author = {}, .date = {}, .subject = {}, .project = project};
  }

  Task<Result<std::shared_ptr<const Tree>>> tree(Commit commit, std::string path) override {
    auto chart = chart_of(commit.url);
    if (!chart) co_return co_await git_->tree(commit, path);
    OR_CO_RETURN(check_spelling(*chart));
    // The URL with all that it says of who asks: the same chart by another password is another question, and so is
    // one after a change of access.
    std::string key = fmt::format("{}\n{}\n{}@{}", access_age_, commit.project, commit.url, commit.sha);
    if (auto kept = trees_[key].lock()) co_return kept;
    auto got = co_await fetch(*chart, commit.sha, commit.project);
    // An archive may lie with others, who were given nothing.
    if (!got && is_registry(*chart)) co_return explained(std::move(got).error(), chart->repository, commit.project);
    if (!got) co_return std::move(got).error();
    FetchedChart fetched = std::move(*got);
    auto files = co_await world_.on_pool([&fetched] { return read_archive(fetched.archive); });
    if (!files) co_return std::move(files).error().context(shown_url(fetched.url));
    std::map<std::string, FileEntry> entries;
    for (ArchiveFile& file : *files)
      entries[chart->name + "/" + file.name] = {FileEntry::Kind::file, file.data, file.data->size()};
    auto tree = std::make_shared<const Tree>(std::move(entries));
    trees_[key] = tree;
    co_return tree;
  }

  Task<Result<>> changed(std::string url) override {
    // A repository of charts tells nobody of changes; an index is asked again at the poll interval.
    return git_->changed(std::move(url));
  }
  void notify(std::string_view url) override {
    ++age_;
    git_->notify(url);
  }
  void access_changed() override {
    ++age_;
    ++access_age_;
    std::erase_if(trees_, [](const auto& tree) { return tree.second.expired(); });
    git_->access_changed();
  }
  bool is_local(std::string_view url) const override { return !chart_of(url) && git_->is_local(url); }

 private:
  using Index = std::shared_ptr<const ChartIndex>;
  static bool is_registry(const ChartUrl& chart) { return chart.repository.starts_with("oci://"); }

  Task<Result<FetchedChart>> fetch(ChartUrl chart, std::string version, std::string project) {
    if (is_registry(chart))
      co_return co_await fetch_chart(world_, chart.repository, chart.name, version, access(chart.repository, project));
    auto found = OR_CO_RETURN(co_await find(chart, version, project));
    co_return co_await fetch_listed(world_, chart.repository, std::move(found), access(chart.repository, project));
  }
  // All Applications of a repository ask at once, at the poll interval: they share what it costs to read its index.
  Task<Result<ChartVersion>> find(ChartUrl chart, std::string range, std::string project) {
    std::string key = fmt::format("{}\n{}\n{}", age_, project, chart.repository);
    auto index = OR_CO_RETURN(co_await indexes_.run(
        key, [this, repository = chart.repository, project] { return fetch_shared(repository, project); }));
    co_return co_await find_listed(world_, std::move(index), chart.repository, chart.name, range);
  }
  Task<Result<Index>> fetch_shared(std::string repository, std::string project) {
    auto index = OR_CO_RETURN(co_await fetch_index(world_, repository, access(repository, project)));
    co_return std::make_shared<const ChartIndex>(std::move(index));
  }

  ChartAccess access(const std::string& repository, const std::string& project) const {
    ChartAccess out;
    auto known = credentials_ ? credentials_(repository, project) : std::nullopt;
    if (!known) return out;
    out.username = known->username;
    out.password = known->password;
    out.insecure = known->insecure;
    out.plain_http = known->plain_http;
    out.ca_certificates = known->ca_certificates;
    out.client_certificate = known->tls_client_certificate;
    out.client_key = known->tls_client_key;
    return out;
  }

  // As git's refusals are explained: whose password it was, or that there is none.
  Error explained(Error error, const std::string& repository, const std::string& project) const {
    bool about_certificate = error.message().find("tls:") != std::string::npos;
    if (!credentials_ || error.kind() != ErrorKind::unauthorized || about_certificate) return error;
    auto known = credentials_(repository, project);
    std::string why = known && !known->password.empty()
                          ? fmt::format("the server refused the username and password of {}", known->origin)
                          : fmt::format("{} this url and a password, for all projects or for this one", kNoSecret);
    return Error(ErrorKind::unauthorized, fmt::format("{}; {}", error.str(), why));
  }

  World& world_;
  std::unique_ptr<Repositories> git_;
  CredentialsOf credentials_;
  std::map<std::string, std::weak_ptr<const Tree>> trees_;
  uint64_t age_ = 0;  // who asks after a change does not join a question from before
  uint64_t access_age_ = 0;
  Sharing<Index> indexes_;
};

}  // namespace

std::unique_ptr<Repositories> with_charts(World& world, std::unique_ptr<Repositories> git, CredentialsOf credentials) {
  return std::make_unique<WithCharts>(world, std::move(git), std::move(credentials));
}

}  // namespace slipway::sources
