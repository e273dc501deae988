#include "runtime/h1_client.h"

#include "base/text.h"

namespace slipway::runtime {
namespace {

constexpr size_t head_bytes_max = 256 << 10;
constexpr int interim_answers_max = 10;

class ReleasedStream final : public Stream {
 public:
  explicit ReleasedStream(std::unique_ptr<H1ClientConnection> connection) : connection_(std::move(connection)) {}
  Task<Result<size_t>> read(std::span<char> into) override {
    std::string_view ahead = connection_->input().bytes().substr(0, into.size());
    if (ahead.empty()) co_return co_await connection_->stream().read(into);
    memcpy(into.data(), ahead.data(), ahead.size());
    connection_->input().consume(ahead.size());
    co_return ahead.size();
  }
  Task<Result<>> write(std::string_view bytes) override { return connection_->stream().write(bytes); }
  Task<Result<>> shutdown_write() override { return connection_->stream().shutdown_write(); }
  void close() override { connection_->stream().close(); }
  std::string peer() const override { return connection_->stream().peer(); }

 private:
  std::unique_ptr<H1ClientConnection> connection_;
};

}  // namespace

Task<Result<H1ResponseHead>> H1ClientConnection::exchange(std::string request_head, std::string body, bool to_head,
                                                          std::string* raw_head) {
  if (!input_.bytes().empty()) co_return Error(ErrorKind::unavailable, "the server sent something nobody asked for");
  if (body.size() <= (64 << 10)) {
    request_head += body;
    body.clear();
  }
  auto sent = co_await stream_->write(request_head);
  if (sent && !body.empty()) sent = co_await stream_->write(body);
  if (sent.failed_with(ErrorKind::canceled)) co_return std::move(sent).error();
  // A server may answer (413, 401) and close before it has read everything: what it said is worth more than our EPIPE.
  for (int interim = 0; interim <= interim_answers_max; ++interim) {
    H1Refusal refusal;
    auto text = co_await read_h1_head(&input_, head_bytes_max, &refusal);
    if (refusal.status) co_return fail(ErrorKind::io, "the answer is not HTTP/1.1: {}", refusal.why);
    if (!text || text->empty()) {
      if (text.failed_with(ErrorKind::unauthorized)) co_return std::move(text).error();  // our certificate
      if (!sent) co_return std::move(sent).error().as(interim == 0 ? ErrorKind::unavailable : ErrorKind::io);
      if (!text && !input_.bytes().empty()) co_return std::move(text).error();
      if (text.failed_with(ErrorKind::canceled)) co_return std::move(text).error();
      co_return Error(interim == 0 ? ErrorKind::unavailable : ErrorKind::io, "the connection ended before an answer");
    }
    H1ResponseHead head = OR_CO_RETURN(parse_h1_response(*text, to_head));
    if (head.status >= 200 || head.status == 101) {
      if (!sent) head.keep_alive = false;
      if (raw_head) *raw_head = std::move(*text);
      co_return head;
    }
  }
  co_return Error(ErrorKind::io, "too many interim answers");
}

Task<bool> H1ClientConnection::still_open() {
  char byte;
  auto read = co_await with_timeout(0ns, stream_->read(std::span(&byte, 1)));
  co_return read.failed_with(ErrorKind::timeout);
}

std::unique_ptr<Stream> release_stream(std::unique_ptr<H1ClientConnection> connection) {
  return std::make_unique<ReleasedStream>(std::move(connection));
}

}  // namespace slipway::runtime
