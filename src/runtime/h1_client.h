// One HTTP/1.1 connection of the client: one exchange at a time.
#pragma once

#include <memory>

#include "runtime/h1_body.h"

namespace slipway::runtime {

class H1ClientConnection {
 public:
  explicit H1ClientConnection(std::unique_ptr<Stream> stream) : stream_(std::move(stream)), input_(*stream_) {}

  // Sends the request and gives the final answer's head; its body is then in input(). `raw_head` (may be null) gets the
  // head as it arrived. Errors: unavailable when the connection ended before the first byte of an answer, io else.
  Task<Result<H1ResponseHead>> exchange(std::string request_head, std::string body, bool to_head,
                                        std::string* raw_head);
  // Whether the other side has not ended it while it was idle.
  Task<bool> still_open();

  H1Input& input() { return input_; }
  Stream& stream() { return *stream_; }
  SteadyTime idle_since;
  bool used = false;  // it has answered before

 private:
  std::unique_ptr<Stream> stream_;
  H1StreamInput input_;
};

// The raw stream of an upgraded connection: what was read ahead is given first.
std::unique_ptr<Stream> release_stream(std::unique_ptr<H1ClientConnection> connection);

}  // namespace slipway::runtime
