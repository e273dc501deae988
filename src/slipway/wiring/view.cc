#include "slipway/wiring/view.h"

#include <algorithm>

#include "base/text.h"
#include "base/time.h"
#include "cli/command.h"
#include "cli/table.h"

namespace slipway::wiring {

namespace {

const kinds::GroupVersionKind application_kind{"argoproj.io", "v1alpha1", "Application"};
const kinds::GroupVersionKind pod_kind{"", "v1", "Pod"};
constexpr size_t pods_shown_max = 30;

std::string or_dash(std::string_view text) {
  return text.empty() ? "-" : std::string(text);
}

// One line of what is wrong with an application: its first condition, else the failed operation.
std::string trouble(const Value& app) {
  for (const Value& condition : app["status"]["conditions"].items()) {
    if (condition["type"].as_string().ends_with("Error")) return condition["message"].str();
  }
  auto phase = app["status"]["operationState"]["phase"].as_string();
  if (phase == "Failed" || phase == "Error") return app["status"]["operationState"]["message"].str();
  return {};
}

}  // namespace

void View::step(std::string_view what, std::string_view detail) {
  SteadyTime now = world_.steady_now(), since = last_ == SteadyTime{} ? begun_ : last_;
  last_ = now;
  say(fmt::format("  {:<14}{:>6.2f} s  {}", what, std::chrono::duration<double>(now - since).count(), detail));
}

void View::say(std::string_view line) {
  cli::print(fmt::format("{}\n", line));
}

std::vector<std::string> View::lines(const cluster::Cache& cache) const {
  std::vector<std::vector<std::string>> apps = {{"APPLICATION", "SYNC", "HEALTH", "REVISION", ""}};
  for (const Value& app : cache.list(application_kind)) {
    const Value& status = app["status"];
    apps.push_back({app["metadata"]["name"].str(), or_dash(status["sync"]["status"].as_string()),
                    or_dash(status["health"]["status"].as_string()),
                    or_dash(status["sync"]["revision"].str().substr(0, 8)), trouble(app)});
  }
  std::vector<std::vector<std::string>> pods = {{"POD", "READY", "STATUS", "RESTARTS"}};
  const kinds::Kind* kind = kinds::builtin_catalog().find(pod_kind);
  for (const Value& pod : cache.list(pod_kind)) {
    if (pods.size() > pods_shown_max) break;
    Value cells = kinds::table_cells(*kind, pod, world_.now());
    pods.push_back({fmt::format("{}/{}", kinds::namespace_of(pod), kinds::name_of(pod)), cells[1].str(), cells[2].str(),
                    cells[3].str()});
  }
  std::vector<std::string> all;
  if (apps.size() > 1) all = cli::table(apps);
  if (apps.size() > 1 && pods.size() > 1) all.emplace_back();
  if (pods.size() > 1) {
    for (auto& line : cli::table(pods)) all.push_back(std::move(line));
  }
  return all;
}

void View::redraw(const cluster::Cache& cache) {
  auto next = lines(cache);
  if (next == shown_) return;
  std::string out = shown_.empty() ? "" : fmt::format("\x1b[{}A\x1b[J", shown_.size());
  for (const auto& line : next) out += line + "\n";
  shown_ = std::move(next);
  cli::print(out);
}

void View::print_changes(const cluster::Cache& cache) {
  auto next = lines(cache);
  std::string time = base::format_rfc3339(world_.now()).substr(11, 8);
  for (const auto& line : next) {
    bool head = line.starts_with("APPLICATION") || line.starts_with("POD ") || line.empty();
    if (!head && std::find(shown_.begin(), shown_.end(), line) == shown_.end())
      cli::print(fmt::format("{}  {}\n", time, line));
  }
  shown_ = std::move(next);
}

Task<void> View::follow(cluster::Cache& cache) {
  auto changed = std::make_shared<runtime::Signal>();
  for (const auto& kind : {application_kind, pod_kind}) {
    cache.on_change(kind, [changed](const Value&, const Value&) { changed->notify(); });
  }
  changed->notify();
  while (true) {
    auto woken = co_await changed->wait();
    if (!woken) co_return;
    if (plain_) {
      print_changes(cache);
    } else {
      redraw(cache);
    }
    // Many changes come together: ten pictures a second are enough.
    auto rested = co_await runtime::sleep(100ms);
    if (!rested) co_return;
  }
}

}  // namespace slipway::wiring
