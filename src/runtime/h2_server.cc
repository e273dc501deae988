// One HTTP/2 connection of the server: a reader, a writer, and a task for each request. Reader and writer are apart, so
// that two peers which both have much to say never wait for each other.
#include <deque>

#include "base/text.h"
#include "runtime/h1_head.h"
#include "runtime/h2_session.h"
#include "runtime/http_server.h"
#include "runtime/read_size.h"

namespace slipway::runtime {
namespace {

constexpr size_t unsent_bytes_max = 64 << 10;  // of one stream; then write() waits
constexpr size_t batch_bytes = 64 << 10;       // given to the stream below at once
constexpr Duration farewell_time_max = 1s;

class H2ServerConnection;

class H2Exchange final : public Exchange {
 public:
  H2Exchange(ServedConnection& served, H2Session& session, H2StreamPtr stream)
      : served_(served), session_(session), stream_(std::move(stream)), body_(*this) {
    request_.method = std::move(stream_->method);
    request_.target = std::move(stream_->path);
    request_.headers = std::move(stream_->headers);
    request_.authority =
        !stream_->authority.empty() ? std::move(stream_->authority) : std::string(request_.headers.get("host"));
  }

  const Request& request() const override { return request_; }
  const PeerIdentity& peer() const override { return served_.peer; }
  std::string remote() const override { return served_.remote; }
  Body& body() override { return body_; }

  Task<Result<>> respond(int status, Headers headers, std::string body) override {
    if (may_have_body(status) && !(is_head() && headers.has("content-length")))
      headers.set("content-length", fmt::format_int(body.size()).str());
    bool bare = body.empty() || is_head() || !may_have_body(status);
    OR_CO_RETURN(begin(status, std::move(headers), bare));
    state_ = State::finished;
    if (!bare) {
      session_.add(*stream_, std::move(body));
      session_.end(*stream_);
    }
    co_return Result<>();
  }

  Task<Result<>> start(int status, Headers headers) override {
    OR_CO_RETURN(begin(status, std::move(headers), false));
    state_ = State::started;
    silent_ = is_head() || !may_have_body(status);
    co_return Result<>();
  }

  Task<Result<>> write(std::string bytes) override {
    if (state_ != State::started) co_return Error(ErrorKind::internal, "write() outside of start() and finish()");
    OR_CO_RETURN(check_client());
    if (bytes.empty() || silent_) co_return Result<>();
    session_.add(*stream_, std::move(bytes));
    while (stream_->unsent() > unsent_bytes_max && !stream_->closed) OR_CO_RETURN(co_await stream_->out_changed.wait());
    co_return check_client();
  }

  Task<Result<>> room() override { return served_.backlog.room(); }

  Task<Result<>> finish() override {
    if (state_ != State::started) co_return Error(ErrorKind::internal, "finish() without start()");
    OR_CO_RETURN(check_client());
    state_ = State::finished;
    session_.end(*stream_);
    co_return Result<>();
  }

  Task<Result<UpgradedStream>> upgrade(std::string) override {
    co_return Error(ErrorKind::unsupported, "HTTP/2 has no Upgrade; use HTTP/1.1");
  }

  // After the handler.
  Task<void> settle(bool canceled) {
    if (state_ == State::fresh && !canceled) {
      auto answered = co_await respond(500, {}, "no answer\n");
      (void)answered;
    }
    // What was written goes out before the reset that says it is not whole.
    while (state_ == State::started && stream_->unsent() > 0 && !stream_->closed && !canceled) {
      auto sent = co_await stream_->out_changed.wait();
      if (!sent) break;
    }
    session_.drop(*stream_, state_ == State::finished ? H2Session::Reset::no_error : H2Session::Reset::internal_error);
  }

 private:
  enum class State { fresh, started, finished };

  class IncomingBody final : public Body {
   public:
    explicit IncomingBody(H2Exchange& exchange) : exchange_(exchange) {}
    Task<Result<std::string>> read() override {
      H2Stream& stream = *exchange_.stream_;
      while (stream.in.empty() && !stream.in_ended) {
        if (stream.failed) co_return *stream.failed;
        OR_CO_RETURN(co_await with_timeout(exchange_.served_.core.limits.idle_time_max, wait_for(stream.in_changed)));
      }
      std::string piece = std::move(stream.in);
      stream.in.clear();
      exchange_.session_.consumed(stream, piece.size());
      co_return piece;
    }
    const Headers* trailers() const override {
      const Headers& trailers = exchange_.stream_->trailers;
      return trailers.lines().empty() ? nullptr : &trailers;
    }

   private:
    H2Exchange& exchange_;
  };

  bool is_head() const { return request_.method == "HEAD"; }

  Result<> begin(int status, Headers headers, bool end) {
    if (state_ != State::fresh) return Error(ErrorKind::internal, "the request is answered already");
    OR_RETURN(check_client());
    if (!are_sendable(headers)) return Error(ErrorKind::internal, "an answer's header has a control character");
    if (!headers.has("date")) headers.add("date", served_.core.date());
    if (!session_.respond(*stream_, status, headers, end)) return Error(ErrorKind::io, "the client went away");
    return {};
  }

  Result<> check_client() const {
    if (stream_->failed) return *stream_->failed;
    if (stream_->closed) return Error(ErrorKind::io, "the client went away");
    return {};
  }

  ServedConnection& served_;
  H2Session& session_;
  H2StreamPtr stream_;
  Request request_;
  IncomingBody body_;
  State state_ = State::fresh;
  bool silent_ = false;
};

class H2ServerConnection final : private H2Session::Events {
 public:
  virtual ~H2ServerConnection() = default;
  explicit H2ServerConnection(ServedConnection& served)
      : served_(served),
        session_(H2Session::Side::server,
                 {served.core.limits.header_bytes_max, served.core.limits.streams_per_connection_max},
                 served.core.world.executor(), *this) {}

  Task<void> serve() {
    Scope& outer = co_await current_scope();
    TaskGroup requests(outer), helpers(outer);
    requests_ = &requests;
    helpers.spawn(writing());
    helpers.spawn(watching());
    helpers.spawn(beginning());
    bool farewell = co_await reading();
    session_.fail_all(Error(ErrorKind::io, "the client went away"));
    count_backlog();
    co_await requests.stop();
    // The reason for which we end the connection (GOAWAY) is worth a moment.
    if (farewell && !outer.canceled()) {
      auto said = co_await with_timeout(farewell_time_max, wait_for(written_));
      (void)said;
    }
    served_.stream.close();
    co_await helpers.stop();
  }

 private:
  // True when it is we who end it.
  Task<bool> reading() {
    std::string buffer(2 << 10, '\0');
    while (!session_.finished()) {
      auto n = co_await served_.stream.read(std::span(buffer.data(), buffer.size()));
      if (!n || *n == 0) co_return false;
      auto understood = session_.receive(std::string_view(buffer).substr(0, *n));
      count_backlog();
      if (!understood) co_return true;
      size_t size = next_read_size(buffer.size(), *n, 2 << 10, 32 << 10);
      if (size != buffer.size()) buffer = std::string(size, '\0');
    }
    co_return true;
  }

  Task<void> writing() {
    std::string batch;
    while (true) {
      batch.clear();
      if (session_.gather(batch, batch_bytes)) {
        count_backlog();
        auto written = co_await served_.stream.write(batch);
        if (!written) break;
        continue;
      }
      if (batch.capacity() > (16 << 10)) batch.shrink_to_fit();
      if (session_.finished()) break;
      auto woken = co_await output_.wait();
      if (!woken) co_return;
    }
    written_.notify();
    served_.stream.close();  // ends the reader
  }

  // One request after the other, with everybody else's work between them, and none that its client took back meanwhile:
  // hundreds of requests in one read hold nobody up, and those whose reset stands beside them cost no work.
  Task<void> beginning() {
    while (true) {
      auto woken = co_await headed_.wait();
      if (!woken) co_return;
      while (!heads_.empty()) {
        H2StreamPtr stream = std::move(heads_.front());
        heads_.pop_front();
        if (stream->closed) continue;
        requests_->spawn(serve_request(std::move(stream)));
        if (heads_.empty()) break;
        auto turn = co_await yield_now();
        if (!turn) co_return;
      }
    }
  }

  // Ends the connection when it is idle for too long, or a head does not come to its end.
  Task<void> watching() {
    const ServerLimits& limits = served_.core.limits;
    while (true) {
      auto slept = co_await sleep(std::min(limits.header_time_max, limits.idle_time_max));
      if (!slept) co_return;
      SteadyTime now = served_.core.world.steady_now();
      Duration patience = session_.any_request() ? limits.idle_time_max : limits.header_time_max;
      bool idle = session_.open_streams() == 0 && served_.exchanges == 0 && now - session_.last_active() >= patience;
      bool stuck = session_.head_begun() && now - *session_.head_begun() >= limits.header_time_max;
      if (idle || stuck) session_.go_away();
    }
  }

  void on_head(H2StreamPtr stream) override {
    // Streams that the client has reset count no more for nghttp2, but their handlers may still be ending.
    if (heads_.size() + requests_->running() >= 2 * served_.core.limits.streams_per_connection_max) {
      session_.drop(*stream, H2Session::Reset::refused);
      return;
    }
    heads_.push_back(std::move(stream));
    headed_.notify();
  }
  void on_output() override {
    count_backlog();
    output_.notify();
  }
  void count_backlog() { served_.backlog.set(session_.unsent()); }

  Task<void> serve_request(H2StreamPtr stream) {
    Scope& outer = co_await current_scope();
    Scope scope(outer);
    if (stream->failed) scope.cancel();
    stream->on_failed = [&scope] { scope.cancel(); };
    bool too_large = stream->head_too_large;
    H2Exchange exchange(served_, session_, stream);
    ++served_.exchanges;
    if (too_large) {
      auto refused = co_await exchange.respond(431, {}, "the request's headers are too large\n");
      (void)refused;
    } else {
      co_await run_handler(served_, exchange, scope);
    }
    stream->on_failed = nullptr;
    co_await exchange.settle(scope.canceled());
    --served_.exchanges;
    served_.idle_since = served_.core.world.steady_now();
  }

  ServedConnection& served_;
  H2Session session_;
  TaskGroup* requests_ = nullptr;
  std::deque<H2StreamPtr> heads_;  // of requests that have not begun
  Signal headed_, output_, written_;
};

}  // namespace

Task<void> serve_h2(ServedConnection& served) {
  H2ServerConnection connection(served);
  co_await connection.serve();
}

}  // namespace slipway::runtime
