// gRPC's framing on HTTP/2: each message is one flag byte (0: not compressed), four bytes of length, the message; the
// outcome stands in the trailers (grpc-status, grpc-message), or in the head when there is no message at all.
#include "runtime/grpc.h"

#include "base/text.h"
#include "runtime/h2_client.h"

namespace slipway::runtime {
namespace {

std::string frame(std::string_view message) {
  std::string out(1, '\0');
  for (int shift : {24, 16, 8, 0}) out += static_cast<char>(message.size() >> shift);
  out += message;
  return out;
}

// "100m" is a hundred milliseconds; at most eight digits (99,999 s in milliseconds, else seconds).
std::string timeout_text(Duration timeout) {
  auto ms = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  return ms < 100'000'000 ? fmt::format("{}m", ms) : fmt::format("{}S", std::min<long long>(ms / 1000, 99'999'999));
}

ErrorKind kind_of(long long status) {
  switch (status) {
    case 1:
    case 14:
      return ErrorKind::unavailable;
    case 3:
    case 11:
      return ErrorKind::invalid;
    case 4:
      return ErrorKind::timeout;
    case 5:
      return ErrorKind::not_found;
    case 6:
      return ErrorKind::already_exists;
    case 7:
      return ErrorKind::forbidden;
    case 8:
      return ErrorKind::too_large;
    case 9:
    case 10:
      return ErrorKind::conflict;
    case 12:
      return ErrorKind::unsupported;
    case 16:
      return ErrorKind::unauthorized;
    default:
      return ErrorKind::io;
  }
}

// One call under way: cuts messages out of the body, and reads the outcome at its end.
class GrpcCall {
 public:
  GrpcCall(std::unique_ptr<H2Call> call, size_t message_bytes_max) : call_(std::move(call)), max_(message_bytes_max) {}

  Task<Result<std::optional<std::string>>> next() {
    if (!head_seen_) OR_CO_RETURN(co_await check_head());
    while (true) {
      if (pending_.size() >= 5) {
        if (pending_[0] != 0) co_return Error(ErrorKind::io, "gRPC: a compressed message, which was not asked for");
        size_t size = 0;
        for (size_t i = 1; i < 5; ++i) size = size << 8 | static_cast<unsigned char>(pending_[i]);
        if (size > max_)
          co_return fail(ErrorKind::too_large, "gRPC: a message of {} bytes, the limit is {}", size, max_);
        if (pending_.size() >= 5 + size) {
          std::string message = pending_.substr(5, size);
          pending_.erase(0, 5 + size);
          co_return message;
        }
      }
      std::string piece = OR_CO_RETURN(co_await call_->read());
      if (piece.empty()) break;
      pending_ += piece;
    }
    OR_CO_RETURN(outcome());
    if (!pending_.empty()) co_return Error(ErrorKind::io, "gRPC: the answer ended in the middle of a message");
    co_return std::optional<std::string>();
  }

 private:
  Task<Result<>> check_head() {
    OR_CO_RETURN(co_await call_->head());
    head_seen_ = true;
    const H2Stream& stream = call_->stream();
    if (stream.headers.has("grpc-status")) co_return Result<>();
    if (stream.status != 200) co_return fail(ErrorKind::io, "gRPC: the answer has status {}", stream.status);
    if (!stream.headers.get("content-type").starts_with("application/grpc"))
      co_return fail(ErrorKind::io, "gRPC: the answer is {:?}, not application/grpc",
                     stream.headers.get("content-type"));
    co_return Result<>();
  }

  Result<> outcome() const {
    const H2Stream& stream = call_->stream();
    const Headers& where = stream.trailers.has("grpc-status") ? stream.trailers : stream.headers;
    auto status = base::parse_int(where.get("grpc-status"));
    if (!status) return Error(ErrorKind::io, "gRPC: the answer ended without grpc-status");
    if (*status == 0) return {};
    std::string message = percent_decode(where.get("grpc-message"), false);
    if (message.empty()) message = fmt::format("gRPC status {}", *status);
    return Error(kind_of(*status), std::move(message));
  }

  std::unique_ptr<H2Call> call_;
  size_t max_;
  bool head_seen_ = false;
  std::string pending_;
};

class GrpcStreamImpl final : public GrpcStream {
 public:
  explicit GrpcStreamImpl(std::unique_ptr<GrpcCall> call) : call_(std::move(call)) {}
  Task<Result<std::optional<std::string>>> next() override { return call_->next(); }

 private:
  std::unique_ptr<GrpcCall> call_;
};

class GrpcClientImpl final : public GrpcClient {
 public:
  GrpcClientImpl(World& world, Address address, GrpcOptions options)
      : world_(world), address_(std::move(address)), options_(std::move(options)) {}
  ~GrpcClientImpl() override {
    if (connection_) connection_->close();
  }
  Task<void> close() override {
    auto connection = std::exchange(connection_, nullptr);
    if (connection) co_await connection->stop();
  }

  Task<Result<std::string>> unary(std::string path, std::string message, Duration timeout) override {
    Task<Result<std::string>> call = unary_call(path, std::move(message), timeout);
    if (timeout <= 0ns) co_return (co_await std::move(call)).context(path);
    co_return (co_await with_timeout(timeout, std::move(call))).context(path);
  }

  Task<Result<std::unique_ptr<GrpcStream>>> server_stream(std::string path, std::string message) override {
    auto call = OR_CO_RETURN((co_await begin(path, std::move(message), 0ns)).context(path));
    co_return std::unique_ptr<GrpcStream>(std::make_unique<GrpcStreamImpl>(std::move(call)));
  }

 private:
  Task<Result<std::string>> unary_call(std::string path, std::string message, Duration timeout) {
    auto call = OR_CO_RETURN(co_await begin(std::move(path), std::move(message), timeout));
    std::optional<std::string> answer = OR_CO_RETURN(co_await call->next());
    if (!answer) co_return Error(ErrorKind::io, "gRPC: OK without an answer");
    std::optional<std::string> second = OR_CO_RETURN(co_await call->next());  // the outcome stands behind the message
    if (second) co_return Error(ErrorKind::io, "gRPC: two answers to a unary call");
    co_return std::move(*answer);
  }

  Task<Result<std::unique_ptr<GrpcCall>>> begin(std::string path, std::string message, Duration timeout) {
    auto connection = OR_CO_RETURN(co_await connected());
    Headers head;
    head.add(":method", "POST");
    head.add(":scheme", "http");
    head.add(":authority", address_.unix_path.empty() ? address_.str() : "localhost");
    head.add(":path", path);
    head.add("te", "trailers");
    head.add("content-type", "application/grpc");
    head.add("user-agent", "slipway");
    if (timeout > 0ns) head.add("grpc-timeout", timeout_text(timeout));
    for (const auto& [name, value] : options_.metadata.lines()) head.add(name, value);
    auto call = connection->call(std::move(head), frame(message));
    if (!call) co_return Error(ErrorKind::unavailable, "the server takes no more calls on this connection");
    co_return std::make_unique<GrpcCall>(std::move(call), options_.message_bytes_max);
  }

  // The shared connection; whoever comes while it is being made waits for it.
  Task<Result<std::shared_ptr<H2ClientConnection>>> connected() {
    while (true) {
      if (connection_ && connection_->usable()) co_return connection_;
      if (!dialing_) break;
      auto shot = OneShot<void>::create();
      waiting_.push_back(shot);
      OR_CO_RETURN(co_await shot->wait());
    }
    dialing_ = true;
    auto stream = co_await with_timeout(options_.connect_time_max, world_.network().connect(address_));
    dialing_ = false;
    for (auto& shot : std::exchange(waiting_, {}))
      shot->resolve(stream || stream.failed_with(ErrorKind::canceled) ? Result<>() : Result<>(stream.error()));
    if (!stream) {
      if (stream.failed_with(ErrorKind::canceled)) co_return std::move(stream).error();
      co_return std::move(stream).error().as(ErrorKind::unavailable);
    }
    connection_ = H2ClientConnection::start(world_, std::move(*stream));
    co_return connection_;
  }

  World& world_;
  Address address_;
  GrpcOptions options_;
  std::shared_ptr<H2ClientConnection> connection_;
  bool dialing_ = false;
  std::vector<std::shared_ptr<OneShot<void>>> waiting_;
};

}  // namespace

std::unique_ptr<GrpcClient> GrpcClient::create(World& world, Address address, GrpcOptions options) {
  return std::make_unique<GrpcClientImpl>(world, std::move(address), std::move(options));
}

}  // namespace slipway::runtime
