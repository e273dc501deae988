// log, exec, attach and portforward of pods. The last three are proxied raw to the container runtime's streaming
// server: the client's upgrade request is sent there as it is, with another path, and bytes flow both ways. So SPDY and
// WebSocket both work without either being spoken here.
#include "apiserver/answer.h"
#include "apiserver/options.h"
#include "apiserver/server.h"
#include "apiserver/status.h"
#include "base/text.h"
#include "base/time.h"

namespace slipway::apiserver {

namespace {

bool is_true(const runtime::Request& request, std::string_view name) {
  auto value = request.query(name);
  return value && (*value == "true" || *value == "1");
}

std::vector<std::string> container_names(const Value& pod) {
  std::vector<std::string> names;
  for (const char* list : {"initContainers", "containers", "ephemeralContainers"}) {
    for (const Value& container : pod["spec"][list].items()) names.push_back(container["name"].str());
  }
  return names;
}

// The container that is meant when none is named: the only one, or the annotated default.
Result<std::string> choose_container(const Value& pod, const std::string& asked) {
  std::string pod_name(kinds::name_of(pod));
  auto names = container_names(pod);
  if (!asked.empty()) {
    for (const auto& name : names) {
      if (name == asked) return asked;
    }
    return fail(ErrorKind::bad_request, "container {} is not valid for pod {}", asked, pod_name);
  }
  if (names.size() == 1) return names[0];
  auto annotated = pod["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"].as_string();
  for (const auto& name : names) {
    if (name == annotated) return name;
  }
  return fail(ErrorKind::bad_request, "a container name must be specified for pod {}, choose one of: [{}]", pod_name,
              base::join(names, " "));
}

class BodySink final : public LogSink {
 public:
  explicit BodySink(runtime::Exchange& exchange) : exchange_(exchange) {}
  Task<Result<>> write(std::string bytes) override {
    if (!started_) {
      OR_CO_RETURN(co_await exchange_.start(200, answer_headers("text/plain")));
      started_ = true;
    }
    co_return co_await exchange_.write(std::move(bytes));
  }
  bool started() const { return started_; }

 private:
  runtime::Exchange& exchange_;
  bool started_ = false;
};

Result<LogRequest> log_request(const runtime::Request& request, const Route& route, std::string container) {
  LogRequest log{.ns = route.ns, .pod = route.name, .container = std::move(container)};
  log.follow = is_true(request, "follow");
  log.previous = is_true(request, "previous");
  log.timestamps = is_true(request, "timestamps");
  auto number = [&](const char* name, std::optional<int64_t>& out) -> Result<> {
    out = OR_RETURN(query_number(request, name));
    return {};
  };
  OR_RETURN(number("tailLines", log.tail_lines));
  OR_RETURN(number("limitBytes", log.limit_bytes));
  OR_RETURN(number("sinceSeconds", log.since_s));
  if (auto text = request.query("sinceTime"); text && !text->empty()) {
    log.since_time = base::parse_rfc3339(*text);
    if (!log.since_time) return fail(ErrorKind::bad_request, "parsing time \"{}\": expected RFC 3339", *text);
  }
  auto stream = request.query("stream").value_or("");
  log.with_stdout = stream != "Stderr";
  log.with_stderr = stream != "Stdout";
  return log;
}

// The client's head with another target: what else it says (Upgrade, protocols, keys) is for the other side.
std::string raw_head(const runtime::Request& request, const runtime::Url& url) {
  std::string head = fmt::format("{} {}{}{} HTTP/1.1\r\nHost: {}\r\n", request.method, url.path,
                                 url.query.empty() ? "" : "?", url.query, url.authority());
  for (const auto& [name, value] : request.headers.lines()) {
    auto lower = base::to_lower(name);
    if (lower == "host" || lower == "authorization") continue;
    head += fmt::format("{}: {}\r\n", name, value);
  }
  return head + "\r\n";
}

// Reads up to the empty line; gives the head and what came after it.
Task<Result<std::pair<std::string, std::string>>> read_head(runtime::Stream& stream) {
  std::string bytes;
  char piece[4096];
  while (bytes.size() < 64 << 10) {
    if (size_t end = bytes.find("\r\n\r\n"); end != bytes.npos) {
      std::string rest = bytes.substr(end + 4);
      bytes.resize(end + 4);
      co_return std::pair(std::move(bytes), std::move(rest));
    }
    size_t n = OR_CO_RETURN(co_await stream.read(piece));
    if (n == 0) break;
    bytes.append(piece, n);
  }
  co_return fail(ErrorKind::unavailable, "the container runtime closed the stream before it answered");
}

}  // namespace

Task<Result<>> ApiServer::stream(runtime::Exchange& exchange, Route route) {
  if (!options_.streams) {
    co_return co_await answer_error(
        exchange, fail(ErrorKind::unavailable, "this server has no node: pods/{} needs one", route.subresource));
  }
  if (route.subresource == "log") co_return co_await logs(exchange, std::move(route));
  const runtime::Request& request = exchange.request();
  auto url_text = co_await stream_url(request, route);
  if (!url_text) co_return co_await answer_error(exchange, url_text.error());
  auto url = runtime::Url::parse(*url_text);
  if (!url) co_return co_await answer_error(exchange, url.error());
  auto upstream = co_await world_.network().connect({url->host, url->port, ""});
  if (!upstream)
    co_return co_await answer_error(exchange,
                                    std::move(upstream).error().context("connecting to the container runtime"));
  std::string head = raw_head(request, *url);
  OR_CO_RETURN(co_await (*upstream)->write(head));
  auto answer = co_await read_head(**upstream);
  if (!answer) co_return co_await answer_error(exchange, answer.error());
  auto downstream = co_await exchange.upgrade(answer->first);
  if (!downstream) co_return downstream.error();
  if (!answer->second.empty()) OR_CO_RETURN(co_await downstream->stream->write(answer->second));
  co_return co_await runtime::relay(*downstream->stream, **upstream);
}

Task<Result<std::string>> ApiServer::stream_url(const runtime::Request& request, Route route) {
  cluster::ObjectKey key{{"", "v1", "Pod"}, route.ns, route.name};
  Value pod = OR_CO_RETURN(co_await cluster_.get(key));
  auto placed = [&]() -> Result<> {
    if (!pod["spec"]["nodeName"].as_string().empty()) return {};
    return fail(ErrorKind::bad_request, "pod {} does not have a host assigned", kinds::name_of(pod));
  };
  if (route.subresource == "portforward") {
    OR_CO_RETURN(placed());
    if (request.headers.get("upgrade").empty()) co_return fail(ErrorKind::bad_request, "Upgrade request required");
    PortForwardRequest forward{route.ns, route.name, {}};
    for (const auto& [name, value] : request.query_all()) {
      if (name == "ports") forward.ports.push_back(static_cast<uint16_t>(base::parse_int(value).value_or(0)));
    }
    co_return co_await options_.streams->port_forward_url(std::move(forward));
  }
  std::string container = OR_CO_RETURN(choose_container(pod, request.query("container").value_or("")));
  OR_CO_RETURN(placed());
  if (request.headers.get("upgrade").empty()) co_return fail(ErrorKind::bad_request, "Upgrade request required");
  bool in = is_true(request, "stdin"), out = is_true(request, "stdout"), err = is_true(request, "stderr"),
       tty = is_true(request, "tty");
  if (route.subresource == "attach") {
    AttachRequest attach{route.ns, route.name, container, in, out, err && !tty, tty};
    co_return co_await options_.streams->attach_url(std::move(attach));
  }
  ExecRequest exec{route.ns, route.name, container, {}, in, out, err && !tty, tty};
  for (const auto& [name, value] : request.query_all()) {
    if (name == "command") exec.command.push_back(value);
  }
  if (exec.command.empty())
    co_return fail(ErrorKind::bad_request, "you must specify at least 1 command for the container");
  co_return co_await options_.streams->exec_url(std::move(exec));
}

Task<Result<>> ApiServer::logs(runtime::Exchange& exchange, Route route) {
  const runtime::Request& request = exchange.request();
  cluster::ObjectKey key{{"", "v1", "Pod"}, route.ns, route.name};
  auto pod = co_await cluster_.get(key);
  if (!pod) co_return co_await answer_error(exchange, pod.error());
  auto container = choose_container(*pod, request.query("container").value_or(""));
  if (!container) co_return co_await answer_error(exchange, container.error());
  if ((*pod)["spec"]["nodeName"].as_string().empty()) co_return co_await exchange.respond(204, answer_headers(""), "");
  auto log = log_request(request, route, *container);
  if (!log) co_return co_await answer_error(exchange, log.error());
  BodySink sink(exchange);
  auto written = co_await options_.streams->logs(std::move(*log), sink);
  if (!written && !sink.started()) co_return co_await answer_error(exchange, written.error());
  if (!sink.started()) co_return co_await exchange.respond(200, answer_headers("text/plain"), "");
  co_return co_await exchange.finish();
}

}  // namespace slipway::apiserver
