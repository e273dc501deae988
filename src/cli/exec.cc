#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/channel_socket.h"
#include "cli/client_commands.h"
#include "cli/connection.h"
#include "cluster/remote/remote.h"
#include "value/json.h"

namespace slipway::cli {

namespace {

// The terminal as it was, again, however exec ends.
class RawTerminal {
 public:
  explicit RawTerminal(bool wanted) {
    if (!wanted || ::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios raw = before_;
    ::cfmakeraw(&raw);
    changed_ = ::tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
  }
  ~RawTerminal() {
    if (changed_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }

 private:
  termios before_{};
  bool changed_ = false;
};

// Reads what is typed on a pool thread (a terminal cannot be awaited without changing it for everybody who shares it).
std::string read_some_input() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  if (::poll(&input, 1, 200) <= 0) return {};
  char bytes[4096];
  ssize_t n = ::read(STDIN_FILENO, bytes, sizeof bytes);
  return n > 0 ? std::string(bytes, static_cast<size_t>(n)) : std::string(1, '\0') + "eof";
}

struct Session {
  std::unique_ptr<runtime::Stream> stream;
  std::optional<int> exit_code;  // of the command, when it was told
  bool ended = false;
};

Task<void> send_input(runtime::RealWorld& world, Session* session) {
  while (!session->ended) {
    std::string bytes = co_await world.on_pool(read_some_input);
    if (bytes.empty()) continue;
    if (bytes == std::string(1, '\0') + "eof") co_return;
    std::string frame = channel_frame(Channel::in, bytes, static_cast<uint32_t>(world.random().next()));
    auto written = co_await session->stream->write(frame);
    if (!written) co_return;
  }
}

int exit_code_of(const Value& status) {
  if (status["status"].as_string() == "Success") return 0;
  for (const Value& cause : status["details"]["causes"].items()) {
    if (cause["reason"].as_string() == "ExitCode")
      return static_cast<int>(base::parse_int(cause["message"].as_string()).value_or(1));
  }
  complain(fmt::format("slipway: {}\n", status["message"].as_string("the command could not be run")));
  return 1;
}

Task<Result<>> receive(World& world, Session* session) {
  ChannelReader reader;
  char piece[16384];
  while (true) {
    auto message = reader.next();
    if (!message) co_return message.error();
    if (!*message) {
      size_t n = OR_CO_RETURN(co_await session->stream->read(piece));
      if (n == 0) co_return Result<>();
      reader.feed(std::string_view(piece, n));
      continue;
    }
    if ((*message)->kind == ChannelMessage::Kind::closed) co_return Result<>();
    if ((*message)->kind == ChannelMessage::Kind::ping) {
      std::string frame = control_frame(10, (*message)->bytes, static_cast<uint32_t>(world.random().next()));
      OR_CO_RETURN(co_await session->stream->write(frame));
      continue;
    }
    if ((*message)->channel == Channel::out) print((*message)->bytes);
    if ((*message)->channel == Channel::err) complain((*message)->bytes);
    if ((*message)->channel == Channel::error) {
      auto status = value::parse_json((*message)->bytes);
      if (status) session->exit_code = exit_code_of(*status);
    }
  }
}

Task<int> exec(runtime::RealWorld& world, Invocation said) {
  auto connection = find_connection(world, said);
  if (!connection) co_return report(connection.error());
  if (said.rest.empty())
    co_return report(
        fail(ErrorKind::bad_request, "what to run goes behind --: slipway exec {} -- COMMAND", said.arguments[0]));
  auto pod = pod_named(said.arguments[0]);
  if (!pod) co_return report(pod.error());
  bool in = said.has("--stdin"), tty = said.has("--tty") && ::isatty(STDIN_FILENO);
  std::string ns = said.option("--namespace", connection->ns);
  std::string target = fmt::format("/api/v1/namespaces/{}/pods/{}/exec?stdout=true&stderr={}&stdin={}&tty={}",
                                   runtime::percent_encode(ns), runtime::percent_encode(*pod), !tty, in, tty);
  if (said.has("--container")) target += "&container=" + runtime::percent_encode(said.option("--container"));
  for (const auto& word : said.rest) target += "&command=" + runtime::percent_encode(word);
  runtime::ClientRequest request{.url = target};
  request.headers.add("Connection", "Upgrade");
  request.headers.add("Upgrade", "websocket");
  request.headers.add("Sec-WebSocket-Version", "13");
  request.headers.add("Sec-WebSocket-Key", base::base64_encode(world.random().bytes(16)));
  request.headers.add("Sec-WebSocket-Protocol", "v4.channel.k8s.io");
  if (!connection->bearer_token.empty()) request.headers.add("Authorization", "Bearer " + connection->bearer_token);
  auto client = http_client(world, *connection);
  auto upgraded = co_await client->upgrade(std::move(request));
  if (!upgraded) co_return report(upgraded.error());
  if (!upgraded->stream) {
    auto text = co_await upgraded->response.body->read_all(1 << 20);
    auto status = text ? value::parse_json(*text) : Result<Value>(Value());
    co_return report(cluster::error_of_status(status ? *status : Value(), upgraded->response.status));
  }
  Session session{.stream = std::move(upgraded->stream)};
  RawTerminal raw(tty);
  runtime::Scope& scope = co_await runtime::current_scope();
  TaskGroup group(scope);
  if (tty) {
    winsize size{};
    if (::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0) {
      Value v{{"Width", static_cast<int64_t>(size.ws_col)}, {"Height", static_cast<int64_t>(size.ws_row)}};
      std::string frame =
          channel_frame(Channel::resize, value::to_json(v), static_cast<uint32_t>(world.random().next()));
      auto sent = co_await session.stream->write(frame);
      if (!sent) co_return report(sent.error());
    }
  }
  if (in) group.spawn(send_input(world, &session));
  auto received = co_await receive(world, &session);
  session.ended = true;
  session.stream->close();
  co_await group.stop();
  if (session.exit_code) co_return *session.exit_code;
  if (!received) co_return report(received.error());
  co_return report(fail(ErrorKind::io, "the connection ended before the command's outcome was told"));
}

}  // namespace

Command exec_command() {
  return {.words = "exec",
          .arguments = "POD -- COMMAND...",
          .summary = "run a command in a pod's container",
          .help = "  slipway exec web-6d5f-abcde -n shop -- ls /srv\n  slipway exec web-6d5f-abcde -i -t -- sh\n",
          .options = {namespace_option,
                      {"--container", "NAME", "which container", "", false, 'c'},
                      {"--stdin", "", "send what is typed", "", false, 'i'},
                      {"--tty", "", "with a terminal", "", false, 't'},
                      data_option,
                      kubeconfig_option},
          .arguments_min = 1,
          .arguments_max = 1,
          .run = exec};
}

}  // namespace slipway::cli
