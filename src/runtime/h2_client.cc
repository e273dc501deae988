#include "runtime/h2_client.h"

namespace slipway::runtime {
namespace {

constexpr size_t batch_bytes = 64 << 10;

// The client's own servers are trusted further than a server's clients: more header bytes, wider windows.
constexpr H2Limits client_limits{256 << 10, 0, 256 << 10, 16 << 20};

}  // namespace

H2Call::H2Call(std::shared_ptr<H2ClientConnection> connection, H2StreamPtr stream)
    : connection_(std::move(connection)), stream_(std::move(stream)) {}

H2Call::~H2Call() {
  if (!connection_->closed_) connection_->session_.drop(*stream_, H2Session::Reset::cancel);
}

Task<Result<>> H2Call::head() {
  while (!stream_->head_done) {
    if (stream_->failed) co_return *stream_->failed;
    OR_CO_RETURN(co_await stream_->in_changed.wait());
  }
  if (stream_->head_too_large) co_return Error(ErrorKind::too_large, "the answer's headers are too large");
  co_return Result<>();
}

Task<Result<std::string>> H2Call::read() {
  while (stream_->in.empty() && !stream_->in_ended) {
    if (stream_->failed) co_return *stream_->failed;
    OR_CO_RETURN(co_await stream_->in_changed.wait());
  }
  std::string piece = std::move(stream_->in);
  stream_->in.clear();
  if (!connection_->closed_) connection_->session_.consumed(*stream_, piece.size());
  co_return piece;
}

std::shared_ptr<H2ClientConnection> H2ClientConnection::start(World& world, std::unique_ptr<Stream> stream) {
  auto connection = std::make_shared<H2ClientConnection>(world, std::move(stream));
  connection->tasks_.spawn(reading(connection));
  connection->tasks_.spawn(writing(connection));
  return connection;
}

H2ClientConnection::H2ClientConnection(World& world, std::unique_ptr<Stream> stream)
    : world_(world),
      stream_(std::move(stream)),
      session_(H2Session::Side::client, client_limits, world.executor(), *this),
      tasks_(world.executor()) {}

std::unique_ptr<H2Call> H2ClientConnection::call(Headers head, std::string body) {
  if (!usable()) return nullptr;
  H2StreamPtr stream = session_.request(head, std::move(body), true);
  if (!stream) return nullptr;
  return std::make_unique<H2Call>(shared_from_this(), std::move(stream));
}

void H2ClientConnection::close() {
  end(Error(ErrorKind::canceled, "the client was closed"));
}

Task<void> H2ClientConnection::stop() {
  auto keep = shared_from_this();
  close();
  co_await tasks_.stop();
}

void H2ClientConnection::end(Error why) {
  if (std::exchange(closed_, true)) return;
  session_.fail_all(std::move(why));
  stream_->close();
  tasks_.cancel();
}

Task<void> H2ClientConnection::reading(std::shared_ptr<H2ClientConnection> self) {
  std::string buffer(16 << 10, '\0');
  while (!self->closed_) {
    auto n = co_await self->stream_->read(std::span(buffer.data(), buffer.size()));
    if (!n || *n == 0) {
      self->end(Error(ErrorKind::io, "the server closed the connection"));
      break;
    }
    auto understood = self->session_.receive(std::string_view(buffer).substr(0, *n));
    if (!understood) self->end(std::move(understood).error());
    if (self->session_.finished()) self->end(Error(ErrorKind::io, "the server ended the connection"));
  }
  // The group that runs this task lives in `self`: it goes after the task has been taken off its count.
  self->world_.executor().post([self] {});
}

Task<void> H2ClientConnection::writing(std::shared_ptr<H2ClientConnection> self) {
  std::string batch;
  while (!self->closed_) {
    batch.clear();
    if (self->session_.gather(batch, batch_bytes)) {
      auto written = co_await self->stream_->write(batch);
      if (!written) self->end(Error(ErrorKind::io, "the connection broke: " + written.error().str()));
      continue;
    }
    auto woken = co_await self->output_.wait();
    if (!woken) break;
  }
  self->world_.executor().post([self] {});
}

}  // namespace slipway::runtime
