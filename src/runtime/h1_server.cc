// One HTTP/1.1 connection of the server: a reader that is always under way (so that a client's leaving is seen while a
// handler works) fills a bounded buffer; the main coroutine takes requests out of it, one after the other.
#include "base/text.h"
#include "runtime/h1_body.h"
#include "runtime/http_server.h"
#include "runtime/read_size.h"

namespace slipway::runtime {
namespace {

constexpr size_t buffered_bytes_max = 64 << 10;  // read ahead of what is used; then the client waits
constexpr size_t drained_bytes_max = 256 << 10;  // of a body nobody wanted; with more of it the connection ends
// A client that ends its side may still be reading (printf ... | nc). A handler that is not done after this is
// canceled.
constexpr Duration half_closed_grace = 500ms;
constexpr Duration linger_time_max = 1s;
constexpr Duration whole_answer_stuck_max = 60s;

class H1Connection final : public H1Input {
 public:
  explicit H1Connection(ServedConnection& c) : served(c), limits(c.core.limits) {}

  // Runs until the stream ends.
  Task<void> reading() {
    std::string chunk(1 << 10, '\0');
    while (true) {
      while (bytes().size() >= buffered_bytes_max) {
        auto room = co_await room_.wait();
        if (!room) co_return;
      }
      auto n = co_await served.stream.read(std::span(chunk.data(), chunk.size()));
      if (!n || *n == 0) {
        ended_ = true;
        if (!n) failure_ = std::move(n).error();
        arrived_.notify();
        break;
      }
      append(std::string_view(chunk).substr(0, *n));
      size_t size = next_read_size(chunk.size(), *n, 1 << 10, 32 << 10);
      if (size != chunk.size()) chunk = std::string(size, '\0');
      arrived_.notify();
    }
    if (upgraded) co_return;
    if (!failure_) {
      auto slept = co_await sleep(half_closed_grace);
      if (!slept) co_return;
    }
    gone_ = true;
    if (handler_scope) handler_scope->cancel();
  }

  Task<Result<bool>> more() override {
    size_t before = bytes().size();
    while (bytes().size() == before) {
      if (failure_) co_return *failure_;
      if (ended_) co_return false;
      OR_CO_RETURN(co_await arrived_.wait());
    }
    co_return true;
  }
  void consumed() override { room_.notify(); }
  bool gone() const { return gone_; }

  ServedConnection& served;
  const ServerLimits& limits;
  Scope* handler_scope = nullptr;
  bool upgraded = false;

 private:
  bool ended_ = false, gone_ = false;
  std::optional<Error> failure_;
  Signal arrived_, room_;
};

// What an upgraded exchange's handler holds. It outlives the connection harmlessly: it says canceled then.
struct H1Link {
  H1Connection* connection;
};

class H1UpgradedStream final : public Stream {
 public:
  explicit H1UpgradedStream(std::shared_ptr<H1Link> link) : link_(std::move(link)) {}
  ~H1UpgradedStream() override { close(); }
  Task<Result<size_t>> read(std::span<char> into) override {
    auto link = link_;
    if (!link->connection) co_return closed();
    if (link->connection->bytes().empty()) {
      bool got = OR_CO_RETURN(co_await link->connection->more());
      if (!got) co_return size_t{0};
    }
    if (!link->connection) co_return closed();
    std::string_view bytes = link->connection->bytes().substr(0, into.size());
    memcpy(into.data(), bytes.data(), bytes.size());
    link->connection->consume(bytes.size());
    co_return bytes.size();
  }
  Task<Result<>> write(std::string_view bytes) override {
    if (!link_->connection) co_return closed();
    co_return co_await link_->connection->served.stream.write(bytes);
  }
  Task<Result<>> shutdown_write() override {
    if (!link_->connection) co_return closed();
    co_return co_await link_->connection->served.stream.shutdown_write();
  }
  void close() override {
    if (link_->connection) link_->connection->served.stream.close();
  }
  std::string peer() const override { return link_->connection ? link_->connection->served.remote : std::string(); }

 private:
  static Error closed() { return Error(ErrorKind::canceled, "closed"); }
  std::shared_ptr<H1Link> link_;
};

class H1Exchange final : public Exchange {
 public:
  H1Exchange(H1Connection& connection, H1RequestHead head)
      : connection_(connection), head_(std::move(head)), body_(*this) {}
  ~H1Exchange() override {
    if (link_) link_->connection = nullptr;
  }

  const Request& request() const override { return head_.request; }
  const PeerIdentity& peer() const override { return connection_.served.peer; }
  std::string remote() const override { return connection_.served.remote; }
  Body& body() override { return body_; }

  Task<Result<>> respond(int status, Headers headers, std::string body) override {
    OR_CO_RETURN(begin());
    if (may_have_body(status) && !(is_head() && headers.has("content-length")))
      headers.set("content-length", fmt::format_int(body.size()).str());
    std::string out;
    OR_CO_RETURN(write_head(status, headers, out));
    state_ = State::finished;
    if (!may_have_body(status) || is_head()) body.clear();
    if (body.size() <= (64 << 10)) {
      out += body;
      co_return broken_unless(co_await send(out, whole_answer_stuck_max));
    }
    OR_CO_RETURN(broken_unless(co_await send(out, whole_answer_stuck_max)));
    co_return broken_unless(co_await send(body, whole_answer_stuck_max));
  }

  Task<Result<>> start(int status, Headers headers) override {
    OR_CO_RETURN(begin());
    out_ = Out::none;
    if (may_have_body(status)) {
      if (headers.has("content-length")) {
        auto length = base::parse_int(headers.get("content-length"));
        if (!length || *length < 0) co_return Error(ErrorKind::internal, "an answer's content-length is no number");
        left_ = static_cast<uint64_t>(*length);
        out_ = Out::length;
      } else if (head_.http_1_0) {
        keep_alive_ = false;
        out_ = Out::until_end;
      } else {
        headers.add("transfer-encoding", "chunked");
        out_ = Out::chunked;
      }
      if (is_head()) out_ = Out::none;
    }
    std::string out;
    OR_CO_RETURN(write_head(status, headers, out));
    state_ = State::started;
    co_return broken_unless(co_await send(out));
  }

  Task<Result<>> write(std::string bytes) override {
    if (state_ != State::started) co_return Error(ErrorKind::internal, "write() outside of start() and finish()");
    if (bytes.empty() || out_ == Out::none) co_return Result<>();
    if (out_ == Out::chunked) {
      std::string chunk = fmt::format("{:x}\r\n", bytes.size());
      chunk.reserve(chunk.size() + bytes.size() + 2);
      chunk += bytes;
      chunk += "\r\n";
      std::string().swap(bytes);  // not both while a slow client reads
      co_return broken_unless(co_await send(chunk));
    }
    if (out_ == Out::length) {
      if (bytes.size() > left_) {
        state_ = State::broken;
        co_return Error(ErrorKind::internal, "more was written than the answer's content-length");
      }
      left_ -= bytes.size();
    }
    co_return broken_unless(co_await send(bytes));
  }

  Task<Result<>> room() override { return connection_.served.backlog.room(); }

  Task<Result<>> finish() override {
    if (state_ != State::started) co_return Error(ErrorKind::internal, "finish() without start()");
    if (out_ == Out::length && left_ > 0) {
      state_ = State::broken;
      co_return Error(ErrorKind::internal, "less was written than the answer's content-length");
    }
    state_ = State::finished;
    if (out_ == Out::chunked) co_return broken_unless(co_await send("0\r\n\r\n"));
    co_return Result<>();
  }

  Task<Result<UpgradedStream>> upgrade(std::string raw_response_head) override {
    OR_CO_RETURN(begin());
    if (!body_.done()) co_return Error(ErrorKind::bad_request, "an upgrade request may not have a body");
    state_ = State::upgraded;
    connection_.upgraded = true;
    OR_CO_RETURN(broken_unless(co_await send(raw_response_head)));
    link_ = std::make_shared<H1Link>(&connection_);
    co_return UpgradedStream{std::make_unique<H1UpgradedStream>(link_)};
  }

  // After the handler: true when the connection can take another request.
  Task<bool> settle(bool canceled) {
    if (state_ == State::fresh && !canceled) {
      keep_alive_ = false;
      auto answered = co_await respond(500, {}, "no answer\n");
      if (!answered) co_return false;
    }
    if (state_ != State::finished || !keep_alive_) co_return false;
    auto drained = co_await with_timeout(linger_time_max, drain());
    co_return drained.has_value();
  }
  // The answer is whole, and the client may still be sending: closing at once could take it from under the client.
  bool wants_linger() const { return state_ == State::finished; }

 private:
  enum class State { fresh, started, finished, upgraded, broken };
  enum class Out { none, length, chunked, until_end };

  class IncomingBody final : public H1Body {
   public:
    explicit IncomingBody(H1Exchange& exchange)
        : H1Body(exchange.connection_, exchange.head_.framing, exchange.head_.body_bytes, ErrorKind::bad_request),
          exchange_(exchange) {}
    Task<Result<std::string>> read() override {
      if (exchange_.head_.expects_continue && exchange_.state_ == State::fresh && exchange_.connection_.bytes().empty())
        OR_CO_RETURN(co_await exchange_.send("HTTP/1.1 100 Continue\r\n\r\n"));
      exchange_.head_.expects_continue = false;
      if (done() || !exchange_.connection_.bytes().empty()) co_return co_await H1Body::read();
      co_return co_await with_timeout(exchange_.connection_.limits.idle_time_max, H1Body::read());
    }

   private:
    H1Exchange& exchange_;
  };

  Stream& stream() { return connection_.served.stream; }
  // `stuck_max`: a piece of which the client does not take all in this time is an error. A stream has none: whoever
  // reads logs in a pager may rest.
  Task<Result<>> send(std::string_view bytes, std::optional<Duration> stuck_max = {}) {
    constexpr size_t piece = 64 << 10;  // so that a slow client is seen to read
    Backlog& backlog = connection_.served.backlog;
    Result<> written;
    for (backlog.set(bytes.size()); !bytes.empty() && written; backlog.set(bytes.size())) {
      auto writing = stream().write(bytes.substr(0, piece));
      if (stuck_max)
        written = co_await with_timeout(*stuck_max, std::move(writing));
      else
        written = co_await std::move(writing);
      bytes.remove_prefix(std::min(piece, bytes.size()));
    }
    backlog.set(0);
    co_return written;
  }
  // What is left of a body that nobody read. Error: too much to wait for.
  Task<Result<>> drain() {
    for (size_t drained = 0; !body_.done();) {
      std::string piece = OR_CO_RETURN(co_await body_.read());
      drained += piece.size();
      if (drained > drained_bytes_max) co_return Error(ErrorKind::too_large, "");
    }
    co_return Result<>();
  }
  bool is_head() const { return head_.request.method == "HEAD"; }

  Result<> begin() {
    if (state_ != State::fresh) return Error(ErrorKind::internal, "the request is answered already");
    keep_alive_ = head_.keep_alive && !head_.expects_continue;  // a client told nothing may or may not send its body
    return {};
  }

  Result<> write_head(int status, Headers& headers, std::string& out) {
    for (std::string_view connection : headers.all("connection"))
      if (has_token(connection, "close")) keep_alive_ = false;
    headers.remove("connection");
    out.reserve(512);
    out += "HTTP/1.1 ";
    out += fmt::format_int(status).c_str();
    out += ' ';
    out += status_text(status);
    out += "\r\n";
    if (!write_h1_headers(headers, out))
      return Error(ErrorKind::internal, "an answer's header has a control character");
    if (!headers.has("date")) {
      out += "date: ";
      out += connection_.served.core.date();
      out += "\r\n";
    }
    if (!keep_alive_)
      out += "connection: close\r\n";
    else if (head_.http_1_0)
      out += "connection: keep-alive\r\n";
    out += "\r\n";
    return {};
  }

  Result<> broken_unless(Result<> written) {
    if (!written) state_ = State::broken;
    return written;
  }

  H1Connection& connection_;
  H1RequestHead head_;
  IncomingBody body_;
  State state_ = State::fresh;
  Out out_ = Out::none;
  uint64_t left_ = 0;
  bool keep_alive_ = true;
  std::shared_ptr<H1Link> link_;
};

Task<void> refuse(H1Connection& connection, H1Refusal refusal) {
  std::string text = refusal.why + "\n";
  std::string out = fmt::format(
      "HTTP/1.1 {} {}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{}",
      refusal.status, status_text(refusal.status), text.size(), text);
  auto written = co_await with_timeout(connection.limits.header_time_max, connection.served.stream.write(out));
  (void)written;
}

// Ends our side and reads a little on: what a client still sends into a closed socket would reset the connection, and
// with it the answer it has not read yet.
Task<Result<>> linger(H1Connection& connection) {
  OR_CO_RETURN(co_await connection.served.stream.shutdown_write());
  for (size_t drained = 0; drained <= drained_bytes_max;) {
    drained += connection.bytes().size();
    connection.consume(connection.bytes().size());
    bool got = OR_CO_RETURN(co_await connection.more());
    if (!got) break;
  }
  co_return Result<>();
}

// One request; false when the connection ends with it.
Task<bool> serve_request(H1Connection& connection, bool first) {
  ServedConnection& served = connection.served;
  if (connection.bytes().empty()) {
    Duration patience = first ? connection.limits.header_time_max : connection.limits.idle_time_max;
    auto got = co_await with_timeout(patience, connection.more());
    if (!got || !*got) co_return false;
  }
  H1RequestHead head;
  H1Refusal refusal;
  auto text = co_await with_timeout(connection.limits.header_time_max,
                                    read_h1_head(&connection, connection.limits.header_bytes_max, &refusal));
  if (text && text->empty()) co_return false;
  if (text) refusal = parse_h1_request(*text, head);
  if (text.failed_with(ErrorKind::timeout)) refusal = {408, "the request's head did not arrive in time"};
  if (refusal.status) {
    co_await refuse(connection, std::move(refusal));
    auto lingered = co_await with_timeout(linger_time_max, linger(connection));
    (void)lingered;
    co_return false;
  }
  if (!text) co_return false;

  H1Exchange exchange(connection, std::move(head));
  Scope& outer = co_await current_scope();
  Scope scope(outer);
  connection.handler_scope = &scope;
  if (connection.gone()) scope.cancel();
  ++served.exchanges;
  co_await run_handler(served, exchange, scope);
  --served.exchanges;
  served.idle_since = served.core.world.steady_now();
  connection.handler_scope = nullptr;
  bool again = co_await exchange.settle(scope.canceled());
  if (!again && exchange.wants_linger()) {
    auto lingered = co_await with_timeout(linger_time_max, linger(connection));
    (void)lingered;
  }
  co_return again;
}

}  // namespace

Task<void> serve_h1(ServedConnection& served) {
  Scope& outer = co_await current_scope();
  H1Connection connection(served);
  TaskGroup reader(outer);
  reader.spawn(connection.reading());
  bool first = true;
  while (true) {
    bool again = co_await serve_request(connection, first);
    if (!again) break;
    first = false;
  }
  served.stream.close();
  co_await reader.stop();
}

}  // namespace slipway::runtime
