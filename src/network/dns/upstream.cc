#include "network/dns/upstream.h"

#include <algorithm>

#include "base/text.h"

namespace slipway::network::dns {

namespace {

constexpr Duration try_time_max = 2s;         // for one server by UDP, and again by TCP
constexpr int rounds = 2;                     // a datagram may get lost
constexpr Duration resolv_conf_age_max = 5s;  // networks change while we run
constexpr size_t servers_max = 3;

void set_id(std::string& message, uint16_t id) {
  message[0] = static_cast<char>(id >> 8);
  message[1] = static_cast<char>(id & 255);
}
uint16_t id_of(std::string_view message) {
  return static_cast<uint16_t>(static_cast<uint8_t>(message[0]) << 8 | static_cast<uint8_t>(message[1]));
}

// Is this the reply to our question, and not somebody's guess? What follows the question is the client's to read.
bool answers(std::string_view reply, uint16_t id, const Question& question) {
  auto header = parse_header(reply);
  if (!header || !header->is_answer || header->id != id) return false;
  auto told = parse_question(reply);
  return told && told->name == question.name && told->type == question.type && told->of_class == question.of_class;
}

Task<Result<std::string>> by_udp(World& world, runtime::Address server, std::string query, Question question) {
  bool six = server.host.find(':') != std::string::npos;
  auto socket = OR_CO_RETURN(world.network().bind_datagram({six ? "::" : "0.0.0.0", 0, {}}));
  OR_CO_RETURN(co_await socket->send({query, server}));
  while (true) {
    runtime::Datagram got = OR_CO_RETURN(co_await socket->receive());
    if (got.peer == server && answers(got.bytes, id_of(query), question)) co_return std::move(got.bytes);
  }
}

Task<Result<std::string>> by_tcp(World& world, runtime::Address server, std::string query, Question question) {
  auto stream = OR_CO_RETURN(co_await world.network().connect(server));
  OR_CO_RETURN(co_await write_message(*stream, query));
  std::string bytes = OR_CO_RETURN(co_await read_message(*stream));
  if (!answers(bytes, id_of(query), question))
    co_return fail(ErrorKind::unavailable, "the reply of {} answers something else", server.str());
  co_return bytes;
}

}  // namespace

std::vector<std::string> name_servers(std::string_view resolv_conf, const std::vector<std::string>& except) {
  std::vector<std::string> found;
  for (std::string_view line : base::split_lines(resolv_conf)) {
    line = base::trim(line.substr(0, line.find_first_of("#;")));
    if (!line.starts_with("nameserver") || line.size() < 11 || (line[10] != ' ' && line[10] != '\t')) continue;
    std::string server(base::trim(line.substr(10)));
    if (std::find(except.begin(), except.end(), server) == except.end()) found.push_back(server);
    if (found.size() == servers_max) break;
  }
  return found;
}

Upstream::Upstream(World& world, std::string resolv_conf, std::vector<std::string> except, uint16_t port)
    : world_(world), resolv_conf_(std::move(resolv_conf)), except_(std::move(except)), port_(port) {}

Task<Result<std::string>> Upstream::ask(std::string query) {
  Question question = OR_CO_RETURN(parse_question(query));
  std::vector<std::string> order = servers();
  if (order.empty()) co_return fail(ErrorKind::unavailable, "{} names no server to ask", resolv_conf_);
  auto good = std::find(order.begin(), order.end(), last_good_);
  if (good != order.end()) std::rotate(order.begin(), good, good + 1);

  uint16_t id = id_of(query);
  Error last(ErrorKind::unavailable, "no answer");
  std::optional<std::string> refusal;
  for (int round = 0; round < rounds; ++round) {
    for (const std::string& server : order) {
      set_id(query, static_cast<uint16_t>(world_.random().next()));
      auto reply = co_await ask_one(server, query, question);
      if (reply.failed_with(ErrorKind::canceled)) co_return reply;
      if (!reply) {
        last = std::move(reply.error()).context("asking " + server);
        continue;
      }
      set_id(*reply, id);
      auto code = static_cast<Code>((*reply)[3] & 15);
      if (code == Code::server_failure || code == Code::refused || code == Code::not_implemented) {
        refusal = std::move(*reply);  // another one may know better
        continue;
      }
      last_good_ = server;
      co_return reply;
    }
    if (refusal) co_return std::move(*refusal);
  }
  co_return std::move(last).as(ErrorKind::unavailable);
}

Task<Result<std::string>> Upstream::ask_one(std::string server, std::string query, Question question) {
  runtime::Address address{server, port_, {}};
  auto reply = co_await runtime::with_timeout(try_time_max, by_udp(world_, address, query, question));
  bool truncated = reply && ((*reply)[2] & 2) != 0;
  if (!truncated) co_return reply;
  auto whole = co_await runtime::with_timeout(try_time_max, by_tcp(world_, address, query, question));
  if (whole || whole.failed_with(ErrorKind::canceled)) co_return whole;
  co_return reply;  // a part, marked as such, is better than nothing
}

const std::vector<std::string>& Upstream::servers() {
  SteadyTime now = world_.steady_now();
  if (has_read_ && now - read_at_ < resolv_conf_age_max) return servers_;
  has_read_ = true;
  read_at_ = now;
  auto text = world_.files().read(resolv_conf_, 64 << 10);
  if (text) servers_ = name_servers(*text, except_);
  return servers_;
}

Task<Result<std::string>> read_message(runtime::Stream& stream) {
  std::string bytes(2, '\0');
  for (size_t have = 0; have < bytes.size();) {
    size_t n = OR_CO_RETURN(co_await stream.read(std::span<char>(bytes).subspan(have)));
    if (n == 0) co_return Error(ErrorKind::unavailable, "the other side ended");
    have += n;
    if (have == 2 && bytes.size() == 2)
      bytes.resize(2 + (static_cast<size_t>(static_cast<uint8_t>(bytes[0])) << 8 | static_cast<uint8_t>(bytes[1])));
  }
  co_return bytes.substr(2);
}

Task<Result<>> write_message(runtime::Stream& stream, std::string message) {
  std::string framed{static_cast<char>(message.size() >> 8), static_cast<char>(message.size() & 255)};
  framed += message;  // one write: some servers want length and message in one segment
  co_return co_await stream.write(framed);
}

}  // namespace slipway::network::dns
