#include "slipway/wiring/delivery.h"

#include "apiserver/status.h"
#include "base/text.h"
#include "gitops/credentials.h"
#include "slipway/wiring/credentials.h"

namespace slipway::wiring {

namespace {

std::string application_name(const std::string& repository) {
  std::string name = repository.substr(repository.find_last_of("/:") + 1);
  if (name.ends_with(".git")) name.resize(name.size() - 4);
  std::string clean;
  for (char c : base::to_lower(name)) clean += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
  while (!clean.empty() && clean.front() == '-') clean.erase(0, 1);
  while (!clean.empty() && clean.back() == '-') clean.pop_back();
  return clean.empty() ? "app" : clean.substr(0, 53);
}

}  // namespace

std::unique_ptr<sources::Repositories> make_repositories(World& world, const UpOptions& options,
                                                         cluster::Cache& cache) {
  sources::RepositoriesOptions repositories{
      .directory = options.data + "/repositories", .own_data = options.data, .mirrors = options.mirrors};
  repositories.credentials = [&cache](std::string_view url, std::string_view project) {
    return gitops::credentials_for(gitops::access_in(cache), url, project);
  };
  auto made = sources::Repositories::create(world, std::move(repositories));
  follow_credentials(cache, *made);
  return made;
}

std::function<Task<bool>(runtime::Exchange&)> Webhook::handler() {
  return [this](runtime::Exchange& exchange) { return serve(exchange); };
}

Task<bool> Webhook::serve(runtime::Exchange& exchange) {
  if (exchange.request().path() != "/api/webhook") co_return false;
  auto answer = [&](int code, std::string text) {
    runtime::Headers headers;
    headers.add("Content-Type", "text/plain; charset=utf-8");
    return exchange.respond(code, std::move(headers), std::move(text));
  };
  Result<> told;
  if (exchange.request().method != "POST") {
    told = co_await answer(405, "a push event is POSTed here\n");
    co_return true;
  }
  if (!cache_) {
    told = co_await answer(503, "still starting\n");
    co_return true;
  }
  auto body = co_await bodies_.read(exchange);
  Result<std::vector<std::string>> woken =
      body ? gitops::webhook(*cache_, *repositories_, *body) : Result<std::vector<std::string>>(body.error());
  if (woken) {
    told = co_await answer(200, fmt::format("{} applications look at it\n", woken->size()));
  } else {
    told = co_await answer(apiserver::http_code(woken.error()), woken.error().str() + "\n");
  }
  (void)told.has_value();  // a client that went away hears nothing
  co_return true;
}

Task<Result<std::string>> apply_application(cluster::Cluster& cluster, UpOptions options) {
  std::string name = application_name(options.repository);
  Value wanted = gitops::application_for(name, options.repository, options.path, options.revision, "argocd");
  auto there = co_await cluster.get(cluster::ObjectKey::of(wanted));
  if (there.failed_with(ErrorKind::not_found)) {
    auto made = co_await cluster.write(cluster::create(wanted));
    if (!made) co_return std::move(made.error()).context("writing the Application " + name);
    co_return name;
  }
  if (!there) co_return there.error();
  Value next = there->with_member("spec", wanted["spec"]);
  if (!(next == *there)) {
    auto written = co_await cluster.write(cluster::update(next));
    if (!written) co_return std::move(written.error()).context("writing the Application " + name);
  }
  co_return name;
}

}  // namespace slipway::wiring
