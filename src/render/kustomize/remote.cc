// Where the repository ends and the folder begins: behind "_git/NAME", else at "//", else behind ".git", else after two
// parts of the path. What has neither form is tried as a file of this tree.
#include "render/kustomize/remote.h"

#include <charconv>

#include "base/text.h"
#include "sources/chart_exchange.h"
#include "sources/url.h"

namespace slipway::render::kustomize {
namespace {

constexpr size_t kFileMax = 10 << 20;
constexpr size_t kRemotesMax = 200;  // of one build

struct Query {
  std::string ref = "HEAD";
  bool said = false;
};
// "%2F" and "+" as they stand in queries; nothing where an escape is none.
std::optional<std::string> unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    unsigned byte = 0;
    const char* digits = text.data() + i + 1;
    if (i + 2 >= text.size() || std::from_chars(digits, digits + 2, byte, 16).ptr != digits + 2) return std::nullopt;
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}
// A query with a fault anywhere says nothing, as there; of several refs the first counts.
Query read_query(std::string_view query) {
  std::optional<std::string> ref, version;
  for (std::string_view pair : base::split(query, '&')) {
    size_t equals = pair.find('=');
    auto name = unescaped(pair.substr(0, equals));
    auto text = unescaped(equals == pair.npos ? "" : pair.substr(equals + 1));
    if (!name || !text || pair.find(';') != pair.npos) return {};
    if (*name == "ref" && !ref) ref = *text;
    if (*name == "version" && !version) version = *text;
  }
  for (const auto& said : {ref, version})
    if (said && !said->empty()) return {*said, true};
  return {};
}

// "https://host/", "ssh://user@host:22/", "git@host:", "file:///"; empty when there is none.
std::string_view host_of(std::string_view path) {
  for (std::string_view scheme : {"https://", "http://", "ssh://"})
    if (path.starts_with(scheme)) {
      size_t slash = path.find('/', scheme.size());
      return slash == path.npos ? std::string_view() : path.substr(0, slash + 1);
    }
  if (path.starts_with("file://")) return path.substr(0, 7);
  size_t at = path.find('@'), colon = path.find(':');
  if (at != path.npos && colon != path.npos && at < colon && path.find('/') > colon) return path.substr(0, colon + 1);
  return {};
}

struct Split {
  std::string_view repository, folder;
};
std::optional<Split> split(std::string_view path, bool is_file) {
  constexpr std::string_view azure = "_git/", suffix = ".git";
  if (size_t at = path.find(azure); at != path.npos) {
    size_t end = path.find('/', at + azure.size());
    return Split{path.substr(0, end), end == path.npos ? "" : path.substr(end + 1)};
  }
  if (size_t two = path.find("//"); two != path.npos) return Split{path.substr(0, two), path.substr(two + 2)};
  if (size_t git = path.find(suffix); git != path.npos)
    return Split{path.substr(0, git + suffix.size()), path.substr(git + suffix.size())};
  if (is_file) return Split{path, ""};
  size_t first = path.find('/');
  if (first == path.npos || first + 1 >= path.size()) return std::nullopt;
  size_t second = path.find('/', first + 1);
  return Split{path.substr(0, second), second == path.npos ? "" : path.substr(second + 1)};
}

}  // namespace

Result<std::optional<RemoteSpec>> parse_remote(std::string_view path) {
  if (path.starts_with("git::")) path.remove_prefix(5);
  size_t question = path.find('?');
  Query query = read_query(question == path.npos ? "" : path.substr(question + 1));
  path = path.substr(0, question);
  std::string whole(path);
  for (std::string_view bare : {"github.com/", "github.com:"})
    if (path.starts_with(bare)) whole = fmt::format("https://github.com/{}", path.substr(bare.size()));
  std::string_view host = host_of(whole);
  if (host.empty()) return std::optional<RemoteSpec>();
  bool is_file = host == "file://";
  auto parts = split(std::string_view(whole).substr(host.size()), is_file);
  if (!parts || parts->repository.empty()) return std::optional<RemoteSpec>();
  while (parts->folder.starts_with('/')) parts->folder.remove_prefix(1);
  auto folder = sources::clean_path(parts->folder);
  if (!folder) return fail(ErrorKind::invalid, "url path exits repo: {}", path);
  return std::optional(RemoteSpec{fmt::format("{}{}", host, parts->repository), *folder, query.ref, query.said});
}

namespace {

bool says_repository(std::string_view path) {
  std::string_view rest = path.substr(std::min(path.size(), path.find("://") + 3));
  return rest.find("//") != rest.npos || rest.find(".git") != rest.npos || rest.find("?ref=") != rest.npos ||
         rest.find("?version=") != rest.npos;
}

}  // namespace

// "chart+https://charts.example.org#web >=1.2": the address that sources knows charts by, and a version.
std::string chart_path(std::string_view repository, std::string_view name, std::string_view version) {
  return fmt::format("{} {}", sources::chart_url(repository, name), version);
}

namespace {

Result<> may_fetch(const FetchRules& rules, const std::string& url) {
  if (sources::is_chart_url(url)) return fail(ErrorKind::bad_request, "\"{}\" is no URL", sources::shown_url(url));
  if (!rules.local && url.starts_with("file:"))
    return fail(ErrorKind::forbidden, "\"{}\" is a repository of this machine, which an Application may not name", url);
  return rules.may ? rules.may(url) : Result<>();
}

// "https://charts.example.org" of "chart+https://charts.example.org#web".
std::string repository_of(std::string_view chart) {
  chart.remove_prefix(std::string_view("chart+").size());
  return std::string(chart.substr(0, chart.rfind('#')));
}

Task<Result<Remote>> fetch_chart(sources::Repositories& repositories, FetchRules rules, std::string path) {
  size_t mark = path.rfind('#'), blank = path.find(' ', mark);
  std::string url = path.substr(0, blank), name = path.substr(mark + 1, blank - mark - 1);
  OR_CO_RETURN(may_fetch(rules, repository_of(url)));
  auto commit = OR_CO_RETURN(co_await repositories.resolve(url, path.substr(blank + 1), rules.project));
  auto tree = OR_CO_RETURN(co_await repositories.tree(commit, ""));
  co_return Remote{tree, name, nullptr};
}

Task<Result<Remote>> fetch_folder(sources::Repositories& repositories, FetchRules rules, RemoteSpec spec) {
  OR_CO_RETURN(may_fetch(rules, spec.url));
  auto commit = OR_CO_RETURN(co_await repositories.resolve(spec.url, spec.ref, rules.project));
  auto tree = OR_CO_RETURN(co_await repositories.tree(commit, ""));
  std::string folder = OR_CO_RETURN(tree->real_path(spec.folder));
  co_return Remote{tree, folder, nullptr};
}

}  // namespace

Task<Result<Remote>> fetch_remote(World& world, sources::Repositories& repositories, FetchRules rules,
                                  std::string path) {
  if (path.starts_with("chart+")) co_return co_await fetch_chart(repositories, std::move(rules), std::move(path));
  auto spec = OR_CO_RETURN(parse_remote(path));
  if ((path.starts_with("https://") || path.starts_with("http://")) && !says_repository(path)) {
    if (auto may = may_fetch(rules, path); may || !spec) {
      if (!may) co_return std::move(may).error();
      auto answer = co_await sources::exchange(world, {.url = path}, {}, kFileMax);
      if (answer && answer->status / 100 == 2)
        co_return Remote{nullptr, "", std::make_shared<const std::string>(std::move(answer->body))};
      if (!spec && !answer) co_return std::move(answer).error();
      if (!spec)
        co_return fail(ErrorKind::not_found, "{}: HTTP Error: status code {}", sources::shown_url(path),
                       answer->status);
    }
  }
  if (!spec)
    co_return fail(ErrorKind::not_found, "\"{}\" names neither a file nor a repository", sources::shown_url(path));
  auto found = co_await fetch_folder(repositories, std::move(rules), std::move(*spec));
  if (!found) co_return std::move(found).error().context(sources::shown_url(path));
  co_return found;
}

Task<bool> fetch_wanted(World& world, sources::Repositories& repositories, FetchRules rules, RemoteBases* bases) {
  auto paths = std::exchange(bases->wanted, {});
  auto foreseen = std::exchange(bases->foreseen, {});
  if (paths.empty()) co_return false;
  paths.insert(paths.end(), foreseen.begin(), foreseen.end());
  bool any = false;
  for (const std::string& path : paths) {
    if (bases->fetched.contains(path)) continue;
    Result<Remote> fetched = fail(ErrorKind::too_large, "more than {} remote resources", kRemotesMax);
    if (bases->fetched.size() < kRemotesMax) fetched = co_await fetch_remote(world, repositories, rules, path);
    bases->fetched.emplace(path, std::move(fetched));
    any = true;
  }
  co_return any;
}

}  // namespace slipway::render::kustomize
