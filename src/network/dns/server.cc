#include "network/dns/server.h"

#include <algorithm>

#include "base/text.h"

namespace slipway::network::dns {

namespace {

constexpr size_t datagrams_max = 512, streams_max = 128;  // at a time; what comes on top is not answered
// Of these, being asked elsewhere: slow name servers outside must not stop the cluster's own names, nor take memory.
constexpr size_t forwarded_max = 256;
// A question takes 271 bytes; the rest is room for EDNS options and a signature.
constexpr size_t query_bytes_max = 4096;
constexpr uint16_t additional_max = 2;  // OPT, TSIG
constexpr Duration stream_idle_max = 10s;
constexpr Duration retry_delay_first = 200ms, retry_delay_max = 10s;
constexpr int alias_steps_max = 8;
constexpr uint16_t payload_max = 1232;  // what passes every network in one piece
constexpr size_t plain_payload = 512;   // for clients that do not speak EDNS
constexpr uint16_t bad_version = 16;

Message reply_to(const Message& query, Code code) {
  Message reply;
  reply.id = query.id;
  reply.is_answer = true;
  reply.opcode = query.opcode;
  reply.wants_recursion = query.wants_recursion;
  reply.offers_recursion = true;
  reply.code = static_cast<uint16_t>(code);
  reply.questions = query.questions;
  if (query.edns) reply.edns = Edns{payload_max, 0, query.edns->dnssec_ok};
  return reply;
}

// What its header keeps a query from being looked at for: whatever bytes follow, this costs nothing.
std::optional<Code> refuse(const Header& header, size_t bytes) {
  if (header.opcode != 0) return Code::not_implemented;
  if (bytes > query_bytes_max || header.questions != 1 || header.answers != 0 || header.authority != 0 ||
      header.additional > additional_max)
    return Code::format_error;
  return std::nullopt;
}

// And what it says itself.
std::optional<Message> refuse(const Message& query) {
  if (query.edns && query.edns->version != 0) {
    Message reply = reply_to(query, Code::ok);
    reply.code = bad_version;
    return reply;
  }
  const Question& question = query.questions[0];
  if (question.of_class != class_in) return reply_to(query, Code::refused);
  if (question.type == type_axfr || question.type == type_axfr - 1) return reply_to(query, Code::refused);
  return std::nullopt;
}

std::string refusal_of(const Header& header, Code code) {
  Message query;
  query.id = header.id;
  query.opcode = header.opcode;
  return encode_message(reply_to(query, code), plain_payload);
}

}  // namespace

Task<std::string> Server::answer(std::string bytes, bool by_tcp) {
  auto header = parse_header(bytes);
  if (!header || header->is_answer) co_return std::string();  // answering answers makes loops
  if (auto code = refuse(*header, bytes.size())) co_return refusal_of(*header, *code);
  auto query = parse_message(bytes);
  if (!query) co_return refusal_of(*header, Code::format_error);
  query->additional.clear();  // kept while others are asked: the question alone
  size_t size_max = 65535;
  if (!by_tcp)
    size_max = query->edns ? std::clamp<size_t>(query->edns->payload_max, plain_payload, payload_max) : plain_payload;
  if (auto refusal = refuse(*query)) co_return encode_message(*refusal, size_max);
  auto known = names_.answer(query->questions[0], turn_++);
  if (!known) co_return co_await forward(std::move(*query), std::move(bytes), size_max);
  Message reply = co_await resolve(std::move(*query), std::move(*known));
  co_return encode_message(reply, size_max);
}

// Follows aliases (services of type ExternalName), within the cluster and out of it.
Task<Message> Server::resolve(Message query, Answer found) {
  Message reply = reply_to(query, found.code);
  reply.authoritative = true;
  for (int step = 0;; ++step) {
    std::move(found.answers.begin(), found.answers.end(), std::back_inserter(reply.answers));
    reply.authority = std::move(found.authority);
    reply.additional = std::move(found.additional);
    reply.code = static_cast<uint16_t>(found.code);
    if (!found.alias || step == alias_steps_max) break;
    Question next{*found.alias, query.questions[0].type, class_in};
    auto known = names_.answer(next, turn_);
    if (known) {
      found = std::move(*known);
      continue;
    }
    Message outside;
    outside.wants_recursion = true;
    outside.questions = {next};
    outside.edns = Edns{};
    auto told = co_await ask_upstream(encode_message(outside, plain_payload));
    auto parsed = told ? parse_message(*told) : Result<Message>(std::move(told.error()));
    if (!parsed) {
      reply.code = static_cast<uint16_t>(Code::server_failure);
      break;
    }
    for (Record& record : parsed->answers) {  // the types whose data can be passed on
      if (record.type == next.type || record.type == type_cname) reply.answers.push_back(std::move(record));
    }
    reply.code = parsed->code;
    break;
  }
  co_return reply;
}

Task<std::string> Server::forward(Message query, std::string bytes, size_t size_max) {
  auto told = co_await ask_upstream(std::move(bytes));
  if (!told) co_return encode_message(reply_to(query, Code::server_failure), size_max);
  if (told->size() <= size_max) co_return std::move(*told);
  Message cut = reply_to(query, Code::ok);
  cut.truncated = true;
  co_return encode_message(cut, size_max);
}

Task<Result<std::string>> Server::ask_upstream(std::string query) {
  if (forwarded_ >= forwarded_max) co_return fail(ErrorKind::unavailable, "{} are being asked for", forwarded_max);
  ++forwarded_;
  auto told = co_await upstream_.ask(std::move(query));
  --forwarded_;
  tell_upstream(told);
  co_return told;
}

// Once a change: an offline machine must not fill its log.
void Server::tell_upstream(const Result<std::string>& reply) {
  if (reply.failed_with(ErrorKind::canceled)) return;
  std::string now = reply ? "" : reply.error().str();
  if (now == told_) return;
  if (!now.empty())
    world_.log().write(runtime::LogLevel::warning,
                       fmt::format("network: names outside of the cluster cannot be looked up: {}", now));
  else
    world_.log().write(runtime::LogLevel::info, "network: names outside of the cluster are looked up again");
  told_ = now;
}

// ---- sockets ----

Task<void> Server::run(runtime::Address address) {
  Duration delay = retry_delay_first;
  std::string told;
  while (true) {
    auto ended = co_await serve(address);
    listening_ = false;
    if (ended.failed_with(ErrorKind::canceled)) co_return;
    std::string now = ended ? "ended" : ended.error().str();
    if (now != told)
      world_.log().write(
          runtime::LogLevel::error,
          fmt::format("network: cluster DNS cannot listen on {}: {}; pods find no names until it can. Does "
                      "another name server on this machine take port {} of all addresses?",
                      address.str(), now, address.port));
    told = now;
    auto slept = co_await runtime::sleep(delay);
    if (!slept) co_return;
    delay = std::min(delay * 2, retry_delay_max);
  }
}

Task<Result<>> Server::serve(runtime::Address address) {
  auto socket = OR_CO_RETURN(world_.network().bind_datagram(address));
  auto listener = OR_CO_RETURN(world_.network().listen(address));
  listening_ = true;
  runtime::Scope& scope = co_await runtime::current_scope();
  TaskGroup group(scope);
  outgoing_.clear();
  group.spawn(serve_udp(socket.get(), &group));
  group.spawn(send_replies(socket.get()));
  group.spawn(serve_tcp(listener.get(), &group));
  co_await group.join();
  if (scope.canceled()) co_return Error(ErrorKind::canceled, "canceled");
  co_return Result<>();
}

Task<void> Server::serve_udp(runtime::DatagramSocket* socket, TaskGroup* group) {
  while (true) {
    auto datagram = co_await socket->receive();
    if (!datagram) {
      group->cancel();  // both or none: run() begins again
      co_return;
    }
    if (datagrams_ >= datagrams_max) continue;  // the client asks again
    ++datagrams_;
    group->spawn(answer_datagram(std::move(*datagram)));
  }
}

Task<void> Server::answer_datagram(runtime::Datagram datagram) {
  std::string reply = co_await answer(std::move(datagram.bytes), false);
  --datagrams_;
  if (reply.empty() || outgoing_.size() >= datagrams_max) co_return;
  outgoing_.push_back({std::move(reply), std::move(datagram.peer)});
  has_outgoing_.notify();
}

// A socket takes one writer at a time.
Task<void> Server::send_replies(runtime::DatagramSocket* socket) {
  while (true) {
    while (!outgoing_.empty()) {
      runtime::Datagram next = std::move(outgoing_.front());
      outgoing_.pop_front();
      auto sent = co_await socket->send(std::move(next));
      if (sent.failed_with(ErrorKind::canceled)) co_return;  // otherwise: the client is gone, or will ask again
    }
    auto woken = co_await has_outgoing_.wait();
    if (!woken) co_return;
  }
}

Task<void> Server::serve_tcp(runtime::Listener* listener, TaskGroup* group) {
  while (true) {
    auto stream = co_await listener->accept();
    if (!stream) {
      group->cancel();
      co_return;
    }
    if (streams_ >= streams_max) continue;  // closes it
    ++streams_;
    group->spawn(answer_stream(std::move(*stream)));
  }
}

Task<void> Server::answer_stream(std::unique_ptr<runtime::Stream> stream) {
  while (true) {
    auto query = co_await runtime::with_timeout(stream_idle_max, read_message(*stream));
    if (!query) break;
    std::string reply = co_await answer(std::move(*query), true);
    if (reply.empty()) break;
    auto written = co_await runtime::with_timeout(stream_idle_max, write_message(*stream, std::move(reply)));
    if (!written) break;
  }
  --streams_;
}

}  // namespace slipway::network::dns
