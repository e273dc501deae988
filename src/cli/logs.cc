#include "base/text.h"
#include "base/time.h"
#include "cli/client_commands.h"
#include "cli/connection.h"
#include "cluster/remote/remote.h"
#include "value/json.h"

namespace slipway::cli {

// An answer that is no success, as the Status it carries.
static Task<Error> answer_error(runtime::ClientResponse response) {
  auto text = co_await response.body->read_all(1 << 20);
  auto status = text ? value::parse_json(*text) : Result<Value>(Value());
  co_return cluster::error_of_status(status ? *status : Value(), response.status);
}

static Task<int> logs(runtime::RealWorld& world, Invocation said) {
  auto connection = find_connection(world, said);
  if (!connection) co_return report(connection.error());
  auto client = http_client(world, *connection);
  auto pod = pod_named(said.arguments[0]);
  if (!pod) co_return report(pod.error());
  std::string ns = said.option("--namespace", connection->ns);
  std::string target =
      fmt::format("/api/v1/namespaces/{}/pods/{}/log?", runtime::percent_encode(ns), runtime::percent_encode(*pod));
  auto add = [&](const char* option, const char* name) {
    if (said.has(option))
      target += fmt::format(
          "{}={}&", name, runtime::percent_encode(said.option(option, "true").empty() ? "true" : said.option(option)));
  };
  add("--container", "container");
  add("--follow", "follow");
  add("--previous", "previous");
  add("--timestamps", "timestamps");
  add("--tail", "tailLines");
  if (said.has("--since")) {
    auto since = base::parse_go_duration(said.option("--since"));
    if (!since)
      co_return report(
          fail(ErrorKind::bad_request, "--since {}: expected a time such as 10m or 1h30m", said.option("--since")));
    target += fmt::format("sinceSeconds={}&", std::chrono::duration_cast<std::chrono::seconds>(*since).count());
  }
  runtime::ClientRequest request{.url = target};
  if (!connection->bearer_token.empty()) request.headers.add("Authorization", "Bearer " + connection->bearer_token);
  auto response = co_await client->send(std::move(request));
  if (!response) co_return report(response.error());
  if (response->status >= 300) {
    Error error = co_await answer_error(std::move(*response));
    co_return report(error);
  }
  while (true) {
    auto piece = co_await response->body->read();
    if (!piece) co_return report(piece.error());
    if (piece->empty()) co_return 0;
    print(*piece);
  }
}

Command logs_command() {
  return {.words = "logs",
          .arguments = "POD",
          .summary = "show what a pod's containers wrote",
          .help = "  slipway logs web-6d5f-abcde -n shop -f --tail 20\n",
          .options = {namespace_option,
                      {"--container", "NAME", "which container", "", false, 'c'},
                      {"--follow", "", "go on as more is written", "", false, 'f'},
                      {"--previous", "", "of the run before the last restart", "", false, 'p'},
                      {"--timestamps", "", "with the time of each line"},
                      {"--tail", "N", "only the last N lines"},
                      {"--since", "TIME", "only what is younger, such as 10m"},
                      data_option,
                      kubeconfig_option},
          .arguments_min = 1,
          .arguments_max = 1,
          .run = logs};
}

}  // namespace slipway::cli
