#include "base/text.h"
#include "cli/client_commands.h"
#include "cli/connection.h"
#include "cli/table.h"
#include "value/json.h"

namespace slipway::cli {

// What a Slipway knows of itself beside its objects; an empty object from other clusters, and from those who may not
// ask.
static Task<Value> state_of_server(World& world, apiserver::Connection connection) {
  auto client = http_client(world, connection);
  runtime::ClientRequest request{.url = connection.server + "/slipway/state"};
  if (!connection.bearer_token.empty()) request.headers.add("Authorization", "Bearer " + connection.bearer_token);
  auto response = co_await client->send(std::move(request));
  if (!response || response->status != 200) co_return Value::object();
  auto text = co_await response->body->read_all(1 << 20);
  auto state = text ? value::parse_json(*text) : Result<Value>(text.error());
  co_return state && state->is_object() ? *state : Value::object();
}

static void print_write_failure(const Value& failure) {
  if (failure.is_null()) return;
  std::string message = failure["message"].str(), directory = failure["directory"].str();
  print(fmt::format("the last write failed, at {}: {}\n", failure["time"].as_string(), message));
  bool full = message.find("No space left") != message.npos || message.find("quota") != message.npos;
  if (full)
    print(
        fmt::format("  Make room on the file system of {0} (df {0}). Until then changes and deletions are refused and "
                    "reading works; no restart is needed after it.\n",
                    directory));
}

// What a person asks first: does it run, what is delivered, what is wrong.
static Task<int> status(runtime::RealWorld& world, Invocation said) {
  auto connection = find_connection(world, said);
  if (!connection) co_return report(connection.error(), "start a cluster with slipway up");
  auto connected = co_await connect(world, said);
  if (!connected) co_return report(connected.error(), "Slipway does not run; start it with slipway up");
  cluster::Cluster& cluster = **connected;
  auto apps = co_await cluster.list({"argoproj.io", "v1alpha1", "Application"}, {});
  if (!apps) co_return report(apps.error());
  auto pods = co_await cluster.list({"", "v1", "Pod"}, {});
  if (!pods) co_return report(pods.error());
  auto nodes = co_await cluster.list({"", "v1", "Node"}, {});
  if (!nodes) co_return report(nodes.error());
  Value state = co_await state_of_server(world, *connection);
  size_t running = 0;
  std::vector<std::vector<std::string>> troubled;
  const kinds::Kind* pod_kind = kinds::builtin_catalog().find({"", "v1", "Pod"});
  for (const Value& pod : pods->items) {
    std::string state = kinds::table_cells(*pod_kind, pod, world.now())[2].str();
    if (state == "Running" || state == "Completed") {
      ++running;
    } else {
      troubled.push_back({fmt::format("{}/{}", kinds::namespace_of(pod), kinds::name_of(pod)), state});
    }
  }
  if (said.json()) {
    ArrayBuilder list;
    for (const Value& app : apps->items) {
      list.push(Value{{"name", app["metadata"]["name"]},
                      {"sync", app["status"]["sync"]["status"]},
                      {"health", app["status"]["health"]["status"]},
                      {"revision", app["status"]["sync"]["revision"]}});
    }
    Value told{{"server", connection->server},
               {"nodes", static_cast<int64_t>(nodes->items.size())},
               {"pods", static_cast<int64_t>(pods->items.size())},
               {"podsRunning", static_cast<int64_t>(running)},
               {"applications", list.build()}};
    if (state.has("writeFailure")) told = told.with_member("writeFailure", state["writeFailure"]);
    print(value::to_json_pretty(told) + "\n");
    co_return 0;
  }
  print(fmt::format("{}: {} node{}, {} of {} pods run\n", connection->server, nodes->items.size(),
                    nodes->items.size() == 1 ? "" : "s", running, pods->items.size()));
  print_write_failure(state["writeFailure"]);
  for (const Value& app : apps->items) {
    print(fmt::format("application {}: {}, {}\n", kinds::name_of(app),
                      app["status"]["sync"]["status"].as_string("not compared yet"),
                      app["status"]["health"]["status"].as_string("unknown")));
    for (const Value& condition : app["status"]["conditions"].items())
      print(fmt::format("  {}: {}\n", condition["type"].as_string(), condition["message"].as_string()));
  }
  print_table(troubled);
  co_return 0;
}

Command status_command() {
  return {.words = "status",
          .summary = "does it run, what is delivered, what is wrong",
          .options = {data_option, json_option, kubeconfig_option},
          .run = status};
}

}  // namespace slipway::cli
