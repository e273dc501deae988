// Repositories are files over HTTP: an index, and the archives that it names.
#include "sources/chart_repository.h"

#include <algorithm>

#include "base/text.h"
#include "runtime/digest.h"
#include "sources/chart_exchange.h"
#include "sources/chart_registry.h"
#include "sources/url.h"

namespace slipway::sources {

namespace {

constexpr size_t kIndexBytesMax = 64 << 20;

// What an index names, from where the index lies. The repository's query is asked along (a token, say).
std::string joined(std::string_view base, std::string_view relative) {
  if (relative.find("://") != relative.npos) return std::string(relative);
  base = base.substr(0, base.find('#'));
  std::string_view query = base.substr(std::min(base.find('?'), base.size()));
  base.remove_suffix(query.size());
  if (!query.empty()) relative = relative.substr(0, relative.find('?'));
  while (base.ends_with('/')) base.remove_suffix(1);
  if (relative.starts_with('/')) {
    size_t scheme = base.find("://");
    base = base.substr(0, base.find('/', scheme == base.npos ? 0 : scheme + 3));
    relative.remove_prefix(1);
  }
  return fmt::format("{}/{}{}", base, relative, query);
}

}  // namespace

std::string FetchedChart::file_name() const {
  if (manifest_digest.empty()) {
    std::string path = url.substr(0, url.find_first_of("?#"));
    return path.substr(path.rfind('/') + 1);
  }
  if (!version.starts_with('@')) return name + "-" + version + ".tgz";
  size_t colon = version.find(':');  // Helm takes it for the one before a tag
  return name + version.substr(0, colon) + "-" + version.substr(colon + 1) + ".tgz";
}

Task<Result<std::string>> download(World& world, std::string url, ChartAccess access) {
  runtime::ClientRequest request;
  request.url = url;
  if (!access.username.empty()) request.headers.set("authorization", basic(access.username, access.password));
  Answer answer = OR_CO_RETURN(co_await exchange(world, std::move(request), access, access.bytes_max));
  auto parsed = runtime::Url::parse(url);
  if (answer.status != 200) co_return refused(answer.status, parsed ? without_password(*parsed) : "the download");
  co_return std::move(answer.body);
}

Task<Result<ChartIndex>> fetch_index(World& world, std::string repository, ChartAccess access) {
  access.bytes_max = kIndexBytesMax;
  auto text = co_await download(world, joined(repository, "index.yaml"), access);
  if (!text)
    co_return std::move(text).error().context("looks like \"" + shown_url(repository) +
                                              "\" is not a valid chart repository or cannot be reached");
  auto index = co_await world.on_pool([&text] { return ChartIndex::parse(*text); });
  if (!index)
    co_return std::move(index).error().context("looks like \"" + shown_url(repository) +
                                               "\" is not a valid chart repository or cannot be reached");
  co_return index;
}

Task<Result<FetchedChart>> fetch_chart(World& world, std::string repository, std::string name, std::string range,
                                       ChartAccess access) {
  if (repository.starts_with("oci://")) co_return co_await fetch_from_registry(world, repository, name, range, access);
  auto index = OR_CO_RETURN(co_await fetch_index(world, repository, access));
  auto found = OR_CO_RETURN(
      co_await find_listed(world, std::make_shared<ChartIndex>(std::move(index)), repository, name, range));
  co_return co_await fetch_listed(world, repository, std::move(found), std::move(access));
}

Task<Result<ChartVersion>> find_listed(World& world, std::shared_ptr<const ChartIndex> index, std::string repository,
                                       std::string name, std::string range) {
  co_return co_await world.on_pool([&]() -> Result<ChartVersion> {
    auto found = index->find(name, range);
    if (!found)
      found = fail(found.error().kind(), "repository {}: {}; {}", shown_url(repository), found.error().message(),
                   index->offers(name));
    index.reset();  // letting go of a large one takes its time as well
    return found;
  });
}

Task<Result<FetchedChart>> fetch_listed(World& world, std::string repository, ChartVersion found, ChartAccess access) {
  if (found.urls.empty()) co_return fail(ErrorKind::invalid, "chart \"{}\" has no downloadable URLs", found.name);
  std::string url = joined(repository, found.urls[0]);
  if (!access.pass_credentials && !same_host(url, repository)) access.username = access.password = "";
  std::string archive = OR_CO_RETURN(co_await download(world, url, access));
  std::string digest = co_await world.on_pool([&archive] { return runtime::sha256_hex(archive); });
  std::string wanted = found.digest.starts_with("sha256:") ? found.digest.substr(7) : found.digest;
  if (!wanted.empty() && wanted != digest)
    co_return fail(ErrorKind::invalid, "repository {}: {}-{}: the archive's digest is sha256:{}, the index says {}",
                   shown_url(repository), found.name, found.version, digest, found.digest);
  co_return FetchedChart{found.name, found.version, url, "sha256:" + digest, std::move(archive), {}};
}

Task<Result<std::string>> resolve_chart(World& world, std::string repository, std::string name, std::string range,
                                        ChartAccess access) {
  if (repository.starts_with("oci://")) co_return co_await resolve_in_registry(world, repository, name, range, access);
  auto index = OR_CO_RETURN(co_await fetch_index(world, repository, access));
  auto found = OR_CO_RETURN(
      co_await find_listed(world, std::make_shared<ChartIndex>(std::move(index)), repository, name, range));
  co_return found.version;
}

}  // namespace slipway::sources
