#include "slipway/wiring/view.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <unordered_set>

#include "base/text.h"
#include "base/time.h"
#include "cli/command.h"
#include "cli/table.h"
#include "gitops/application/application.h"

namespace slipway::wiring {

namespace {

const kinds::GroupVersionKind application_kind{"argoproj.io", "v1alpha1", "Application"};
const kinds::GroupVersionKind pod_kind{"", "v1", "Pod"};
const kinds::GroupVersionKind service_kind{"", "v1", "Service"};
constexpr size_t pods_shown_max = 30, doors_shown_max = 3;
using Rows = std::vector<std::vector<std::string>>;

std::string or_dash(std::string_view text) {
  return text.empty() ? "-" : std::string(text);
}

// One line of what is wrong with an application: its first condition, else the failed operation.
std::string trouble(const Value& app) {
  for (const Value& condition : app["status"]["conditions"].items()) {
    if (condition["type"].as_string().ends_with("Error")) return condition["message"].str();
  }
  if (app["status"]["sync"]["status"].as_string() == "Synced") return {};  // an old failure is history
  auto phase = app["status"]["operationState"]["phase"].as_string();
  if (phase == "Failed" || phase == "Error") return app["status"]["operationState"]["message"].str();
  return {};
}

// As many characters as a line of the terminal takes; what would end the line is a space.
std::string fit(std::string_view text, size_t width) {
  std::string out;
  size_t characters = 0;
  for (char c : text) {
    bool begins = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    if (begins && characters++ == width) break;
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out;
}

// Where a service answers in a browser's language; empty when nothing says that it does.
std::string address_of(const Value& service) {
  std::string ip = service["spec"]["clusterIP"].str();
  if (ip.empty() || ip == "None") return {};
  for (const Value& port : service["spec"]["ports"].items()) {
    bool http = port["port"].as_int() == 80 || port["name"].as_string() == "web";
    if (http)
      return port["port"].as_int() == 80 ? "http://" + ip : fmt::format("http://{}:{}", ip, port["port"].as_int());
  }
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

std::vector<View::Line> View::lines(const cluster::Cache& cache) const {
  Rows apps = {{"APPLICATION", "SYNC", "HEALTH", "REVISION", ""}};
  for (const Value& app : cache.list(application_kind)) {
    const Value& status = app["status"];
    apps.push_back({app["metadata"]["name"].str(), or_dash(status["sync"]["status"].as_string()),
                    or_dash(status["health"]["status"].as_string()),
                    or_dash(gitops::short_revisions(gitops::revisions_of(status["sync"]))), trouble(app)});
  }
  Rows pods = {{"POD", "READY", "STATUS", "RESTARTS"}};
  const kinds::Kind* kind = kinds::builtin_catalog().find(pod_kind);
  for (const Value& pod : cache.list(pod_kind)) {
    if (pods.size() > pods_shown_max) break;
    Value cells = kinds::table_cells(*kind, pod, world_.now());
    pods.push_back({fmt::format("{}/{}", kinds::namespace_of(pod), kinds::name_of(pod)), cells[1].str(), cells[2].str(),
                    cells[3].str()});
  }
  Rows doors = {{"SERVICE", "TRY"}};
  if (reachable_) {
    for (const Value& service : cache.list(service_kind)) {
      if (doors.size() > doors_shown_max) break;
      auto url = address_of(service);
      if (!url.empty())
        doors.push_back({fmt::format("{}/{}", kinds::namespace_of(service), kinds::name_of(service)), "curl " + url});
    }
  }
  std::vector<Line> all;
  for (const Rows& rows : {apps, pods, doors}) {
    if (rows.size() == 1) continue;
    if (!all.empty()) all.push_back({});
    auto shown = cli::table(rows);
    for (size_t i = 0; i < shown.size(); ++i)
      all.push_back({std::move(shown[i]), i == 0 ? std::string() : base::join(rows[i], "\t")});
  }
  return all;
}

// Nothing may wrap or scroll: the next picture begins where this one did.
void View::redraw(const std::vector<Line>& next) {
  winsize size{};
  bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
  size_t width = known ? size.ws_col : 80, height = known ? size.ws_row : 24;
  size_t count = std::min(next.size(), std::max<size_t>(height, 3) - 2);
  std::string out = drawn_ == 0 ? "" : fmt::format("\x1b[{}A\x1b[J", drawn_);
  for (size_t i = 0; i < count; ++i) out += fit(next[i].shown, width) + "\n";
  drawn_ = count;
  if (count < next.size()) {
    out += fmt::format("... and {} lines more: slipway get pods -A\n", next.size() - count);
    ++drawn_;
  }
  cli::print(out);
}

void View::print_changes(const std::vector<Line>& next) {
  std::string time = base::format_rfc3339(world_.now()).substr(11, 8);
  std::unordered_set<std::string_view> said;
  for (const Line& old : before_) said.insert(old.said);
  for (const Line& line : next) {
    if (!line.said.empty() && !said.contains(line.said)) cli::print(fmt::format("{}  {}\n", time, line.shown));
  }
}

Task<void> View::follow(cluster::Cache& cache) {
  auto changed = std::make_shared<runtime::Signal>();
  for (const auto& kind : {application_kind, pod_kind, service_kind}) {
    cache.on_change(kind, [changed](const Value&, const Value&) { changed->notify(); });
  }
  changed->notify();
  while (true) {
    auto woken = co_await changed->wait();
    if (!woken) co_return;
    SteadyTime begun = world_.steady_now();
    auto next = lines(cache);
    if (next != before_) {
      if (plain_) {
        print_changes(next);
      } else {
        redraw(next);
      }
      before_ = std::move(next);
    }
    // Many changes come together: ten pictures a second are enough, and a twentieth of a core for them.
    Duration took = world_.steady_now() - begun;
    auto rested = co_await runtime::sleep(std::max<Duration>(100ms, 20 * took));
    if (!rested) co_return;
  }
}

}  // namespace slipway::wiring
