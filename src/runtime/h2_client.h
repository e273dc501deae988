// One HTTP/2 connection of the client, shared by many requests. It reads and writes by itself (PINGs are answered and
// GOAWAYs seen while nobody asks anything), and lives until close() or the other side's end.
#pragma once

#include "runtime/h2_session.h"

namespace slipway::runtime {

class H2ClientConnection;

// One request and its answer. Destroying it resets the stream when it is not through.
class H2Call {
 public:
  H2Call(std::shared_ptr<H2ClientConnection> connection, H2StreamPtr stream);
  ~H2Call();
  H2Call(const H2Call&) = delete;
  // Waits for the answer's head. Errors: unavailable (not processed), io, canceled.
  Task<Result<>> head();
  // The next piece of the body; empty at the end.
  Task<Result<std::string>> read();
  const H2Stream& stream() const { return *stream_; }

 private:
  std::shared_ptr<H2ClientConnection> connection_;
  H2StreamPtr stream_;
};

class H2ClientConnection final : public std::enable_shared_from_this<H2ClientConnection>, private H2Session::Events {
 public:
  static std::shared_ptr<H2ClientConnection> start(World& world, std::unique_ptr<Stream> stream);
  H2ClientConnection(World& world, std::unique_ptr<Stream> stream);
  // `head` begins with the pseudo headers, all names in lower case. Null when it takes no more requests.
  std::unique_ptr<H2Call> call(Headers head, std::string body);
  bool usable() const { return !closed_ && session_.accepts_requests(); }
  void close();       // ends what waits with canceled; the last of it goes with the loop's next turns
  Task<void> stop();  // the same, and waits for it

 private:
  friend class H2Call;
  static Task<void> reading(std::shared_ptr<H2ClientConnection> self);
  static Task<void> writing(std::shared_ptr<H2ClientConnection> self);
  void on_head(H2StreamPtr) override {}
  void on_output() override { output_.notify(); }
  void end(Error why);

  World& world_;
  std::unique_ptr<Stream> stream_;
  H2Session session_;
  TaskGroup tasks_;
  Signal output_;
  bool closed_ = false;
};

}  // namespace slipway::runtime
