#include "node/probes.h"

#include "base/text.h"
#include "base/timestamp.h"
#include "node/cri/wire.h"
#include "node/images.h"
#include "runtime/grpc.h"
#include "runtime/http.h"

namespace slipway::node {

namespace {

constexpr size_t kOutputMax = 10 << 10;

// Why no connection came about, in the words that people know from the kubelet.
std::string dial_words(const std::string& host, uint16_t port, const Error& error) {
  std::string where =
      fmt::format("dial tcp {}:{}: ", host.find(':') == std::string::npos ? host : "[" + host + "]", port);
  if (error.is(ErrorKind::timeout)) return where + "i/o timeout";
  for (const char* words : {"connection refused", "no route to host", "network is unreachable"})
    if (base::to_lower(error.message()).find(words) != std::string::npos) return where + "connect: " + words;
  return where + error.message();
}

Task<Result<ProbeAnswer>> http_get(World& world, ProbeTarget target, Value action, Duration timeout) {
  uint16_t port = OR_CO_RETURN(port_of(action["port"], target.container));
  bool tls = action["scheme"].as_string() == "HTTPS";
  std::string host = action["host"].str();
  if (host.empty()) host = target.ip;
  std::string path = action["path"].str("/");
  if (!path.starts_with("/")) path = "/" + path;
  runtime::ClientRequest request;
  std::string authority = host.find(':') == std::string::npos ? host : "[" + host + "]";
  request.url = fmt::format("{}://{}:{}{}", tls ? "https" : "http", authority, port, path);
  request.headers.set("User-Agent", "kube-probe/1.35");
  request.headers.set("Accept", "*/*");
  request.headers.set("Connection", "close");
  for (const Value& h : action["httpHeaders"].items())
    request.headers.set(h["name"].as_string(), h["value"].as_string());
  runtime::ClientOptions options;
  options.tls.verify = false;
  options.connect_time_max = options.head_time_max = timeout;
  options.redirects_max = 0;
  auto client = runtime::HttpClient::create(world, std::move(options));
  std::string url = request.url;
  // The head says all: a body that never ends is not waited for.
  auto answer = co_await runtime::with_timeout(timeout, client->send(std::move(request)));
  if (!answer) {
    if (answer.error().is(ErrorKind::canceled)) co_return std::move(answer).error();
    const Error& error = answer.error();
    std::string why = error.is(ErrorKind::unavailable) ? dial_words(host, port, error)
                      : error.is(ErrorKind::timeout)
                          ? "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
                          : error.message();
    co_return ProbeAnswer{false, fmt::format("Get \"{}\": {}", url, why)};
  }
  if (answer->status >= 200 && answer->status < 400) co_return ProbeAnswer{true, ""};
  co_return ProbeAnswer{false, fmt::format("HTTP probe failed with statuscode: {}", answer->status)};
}

Task<Result<ProbeAnswer>> tcp_socket(World& world, ProbeTarget target, Value action, Duration timeout) {
  uint16_t port = OR_CO_RETURN(port_of(action["port"], target.container));
  std::string host = action["host"].str();
  if (host.empty()) host = target.ip;
  auto stream = co_await runtime::with_timeout(timeout, world.network().connect({host, port, {}}));
  if (stream) co_return ProbeAnswer{true, ""};
  if (stream.error().is(ErrorKind::canceled)) co_return std::move(stream).error();
  co_return ProbeAnswer{false, dial_words(host, port, stream.error())};
}

Task<Result<ProbeAnswer>> exec(PodRuntime& runtime, ProbeTarget target, Value action, Duration timeout) {
  std::vector<std::string> command;
  for (const Value& word : action["command"].items()) command.push_back(word.str());
  auto done = co_await runtime.exec(target.container_id, std::move(command), timeout);
  if (!done) {
    if (done.error().is(ErrorKind::canceled)) co_return std::move(done).error();
    if (done.error().is(ErrorKind::timeout))
      co_return ProbeAnswer{false, fmt::format("command timed out: {}", done.error().message())};
    co_return ProbeAnswer{false, done.error().message()};
  }
  co_return ProbeAnswer{done->exit_code == 0, (done->out + done->err).substr(0, kOutputMax)};
}

Task<Result<ProbeAnswer>> grpc(World& world, ProbeTarget target, Value action, Duration timeout) {
  uint16_t port = static_cast<uint16_t>(action["port"].as_int());
  auto client = runtime::GrpcClient::create(world, {target.ip, port, {}});
  cri::Writer request;
  request.put(1, action["service"].as_string());
  auto answer = co_await client->unary("/grpc.health.v1.Health/Check", request.take(), timeout);
  if (!answer) {
    if (answer.error().is(ErrorKind::canceled)) co_return std::move(answer).error();
    co_return ProbeAnswer{false, answer.error().message()};
  }
  int64_t status = 0;
  for (cri::Reader r(*answer); r.next();)
    if (r.field() == 1) status = r.number();
  if (status == 1) co_return ProbeAnswer{true, ""};
  co_return ProbeAnswer{
      false, fmt::format("service unhealthy (responded with \"{}\")", status == 2 ? "NOT_SERVING" : "UNKNOWN")};
}

Duration seconds(const Value& v, int64_t fallback) {
  return base::whole_seconds(v.as_int(fallback));
}

const char* in_words(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::startup:
      return "Startup";
    case ProbeKind::readiness:
      return "Readiness";
    case ProbeKind::liveness:
      return "Liveness";
  }
  return "";
}

}  // namespace

Task<Result<ProbeAnswer>> probe_once(World& world, PodRuntime& runtime, ProbeTarget target, Value probe) {
  Duration timeout = seconds(probe["timeoutSeconds"], 1);
  if (probe.has("exec")) co_return co_await exec(runtime, target, probe["exec"], timeout);
  if (probe.has("httpGet")) co_return co_await http_get(world, target, probe["httpGet"], timeout);
  if (probe.has("tcpSocket")) co_return co_await tcp_socket(world, target, probe["tcpSocket"], timeout);
  if (probe.has("grpc")) co_return co_await grpc(world, target, probe["grpc"], timeout);
  co_return fail(ErrorKind::invalid, "missing probe handler for {}:{}", pod::describe(target.pod),
                 target.container["name"].as_string());
}

Task<void> probe_loop(World& world, PodRuntime& runtime, reconcile::EventRecorder& events, ProbeLoop loop) {
  Duration period = seconds(loop.probe["periodSeconds"], 10);
  int64_t success_threshold = loop.probe["successThreshold"].as_int(1),
          failure_threshold = loop.probe["failureThreshold"].as_int(3);
  Value about = container_reference(loop.target.pod, loop.target.container["name"].as_string());
  WallTime first = loop.started + seconds(loop.probe["initialDelaySeconds"], 0);
  Duration left = std::min<Duration>(first - world.now(), seconds(loop.probe["initialDelaySeconds"], 0));
  if (left > Duration{} && !co_await runtime::sleep(left)) co_return;
  pod::Verdict told = pod::Verdict::unknown;
  bool last = false;
  int64_t run = 0;
  for (;;) {
    if (loop.kind != ProbeKind::startup && !loop.has_started()) {
      if (!co_await runtime::sleep(std::min<Duration>(period, 1s))) co_return;
      continue;
    }
    SteadyTime begun = world.steady_now();
    auto answer = co_await probe_once(world, runtime, loop.target, loop.probe);
    if (!answer) {
      if (answer.error().is(ErrorKind::canceled)) co_return;
      events.record(about, "Warning", "Unhealthy",
                    fmt::format("{} probe errored and resulted in unknown state: {}", in_words(loop.kind),
                                answer.error().message()));
    } else {
      if (!answer->passed)
        events.record(about, "Warning", "Unhealthy",
                      fmt::format("{} probe failed: {}", in_words(loop.kind), answer->output));
      run = run > 0 && last == answer->passed ? run + 1 : 1;
      last = answer->passed;
      if (run >= (last ? success_threshold : failure_threshold)) {
        pod::Verdict verdict = last ? pod::Verdict::success : pod::Verdict::failure;
        if (verdict != told) loop.report(verdict);
        told = verdict;
        if (loop.kind == ProbeKind::startup || (loop.kind == ProbeKind::liveness && !last)) co_return;
      }
    }
    Duration spent = world.steady_now() - begun;
    if (!co_await runtime::sleep(std::max<Duration>(period - spent, 10ms))) co_return;
  }
}

Task<Result<>> run_handler(World& world, PodRuntime& runtime, ProbeTarget target, Value handler, Duration time_max) {
  if (handler.has("sleep"))
    co_return co_await runtime::sleep(std::min(seconds(handler["sleep"]["seconds"], 0), time_max));
  Result<ProbeAnswer> answer = ProbeAnswer{};
  if (handler.has("exec"))
    answer = co_await exec(runtime, target, handler["exec"], time_max);
  else if (handler.has("httpGet"))
    answer = co_await http_get(world, target, handler["httpGet"], time_max);
  else if (handler.has("tcpSocket"))
    answer = co_await tcp_socket(world, target, handler["tcpSocket"], time_max);
  else
    co_return Error(ErrorKind::invalid, "invalid handler: it names no exec, httpGet, tcpSocket or sleep");
  if (!answer) co_return std::move(answer).error();
  if (!answer->passed) co_return Error(ErrorKind::io, handler.has("exec") ? "the command failed" : answer->output);
  co_return Result<>();
}

Result<uint16_t> port_of(const Value& port, const Value& container) {
  int64_t number = port.as_int();
  if (port.is_string()) {
    number = base::parse_int(port.as_string()).value_or(0);
    for (const Value& p : container["ports"].items())
      if (p["name"].as_string() == port.as_string()) number = p["containerPort"].as_int();
    if (number == 0) return fail(ErrorKind::invalid, "couldn't find port: \"{}\"", port.as_string());
  }
  if (number < 1 || number > 65535) return fail(ErrorKind::invalid, "invalid port number: {}", number);
  return static_cast<uint16_t>(number);
}

}  // namespace slipway::node
