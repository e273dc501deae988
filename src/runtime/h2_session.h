// One HTTP/2 connection, either side, without its socket: bytes in, bytes out, streams between (nghttp2 inside). It
// holds the limits that keep a hostile peer from costing more than it pays: header bytes, resets, empty frames.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "runtime/http.h"

struct nghttp2_session;

namespace slipway::runtime {

struct H2Stream {
  int32_t id = 0;
  // What arrived. `in` is taken by the reader, who tells H2Session::consumed.
  std::string method, scheme, path, authority;
  int status = 0;
  Headers headers, trailers;
  bool head_done = false, head_too_large = false, in_ended = false;
  std::string in;
  std::optional<Error> failed;  // reset, or the connection is gone; unavailable: the peer did not process it
  Signal in_changed;            // the head, bytes, the end, a failure
  // What is to be sent.
  std::string out;
  size_t out_sent = 0;
  bool out_ended = false, out_done = false;  // nothing more will come; all was handed to nghttp2
  Headers out_trailers;
  Signal out_changed;  // bytes left, or a failure
  bool discard_in = false;
  bool closed = false;
  std::function<void()> on_failed;

  size_t unsent() const { return out.size() - out_sent; }

 private:
  friend class H2Session;
  size_t header_bytes_ = 0;
  bool deferred_ = false;
};
using H2StreamPtr = std::shared_ptr<H2Stream>;

struct H2Limits {
  size_t header_bytes_max = 64 << 10;
  uint32_t streams_max = 250;
  int32_t stream_window_bytes = 256 << 10;
  int32_t connection_window_bytes = 2 << 20;
};

class H2Session {
 public:
  enum class Side { server, client };
  // Told from within receive(); what they start must not call receive() again.
  class Events {
   public:
    virtual void on_head(H2StreamPtr stream) = 0;  // the server's: a request begins; the client's: an answer
    virtual void on_output() = 0;                  // gather() has something to give
   protected:
    ~Events() = default;
  };

  H2Session(Side side, H2Limits limits, Executor& executor, Events& events);
  ~H2Session();
  H2Session(const H2Session&) = delete;

  // Error: the peer broke the protocol or a limit; a GOAWAY is then in the output, and nothing else may be done.
  Result<> receive(std::string_view bytes);
  // Appends what is to be sent until `out` has about `size` bytes; false when there was nothing.
  bool gather(std::string& out, size_t size);
  bool finished() const;  // nothing more will be sent or understood

  // Client: sends a request; `end`: no body follows. Null when the peer takes no more requests on this connection.
  H2StreamPtr request(const Headers& head, std::string body, bool end);
  // Server: head first; then add() until end().
  bool respond(H2Stream& stream, int status, const Headers& headers, bool end);
  void add(H2Stream& stream, std::string bytes);
  void end(H2Stream& stream, Headers trailers = {});
  // The reader took `size` bytes out of stream.in: the peer may send as many more.
  void consumed(H2Stream& stream, size_t size);
  // Nobody wants this stream any more: resets it unless it is through.
  enum class Reset { cancel, refused, internal_error, no_error };
  void drop(H2Stream& stream, Reset why);
  void go_away();            // no new streams, please
  void fail_all(Error why);  // the connection is gone
  bool accepts_requests() const { return !going_away_; }
  size_t unsent() const { return unsent_; }  // bytes of bodies that the peer has no room for yet
  size_t open_streams() const { return streams_.size(); }
  SteadyTime last_active() const { return last_active_; }  // when a stream last began or ended
  bool any_request() const { return any_request_; }
  std::optional<SteadyTime> head_begun() const { return head_begun_; }  // of a head that is not complete

 private:
  struct Callbacks;
  // So many at once, then so many a second.
  struct Budget {
    double left, burst, per_second;
    SteadyTime filled{};
    bool take(SteadyTime now);
  };
  bool glitch();  // something that costs us and moves nothing; false: it was one too many
  static int fatal_unless(bool good);
  void close_stream(int32_t id, uint32_t code);
  H2Stream* find(int32_t id);
  void forget_unsent(H2Stream& stream);  // it will never be sent

  Side side_;
  H2Limits limits_;
  Executor& executor_;
  Events& events_;
  nghttp2_session* session_ = nullptr;
  std::unordered_map<int32_t, H2StreamPtr> streams_;
  size_t unsent_ = 0;
  std::string* gathered_ = nullptr;  // while gather() runs
  size_t gathered_max_ = 0;
  bool going_away_ = false, any_request_ = false;
  SteadyTime last_active_;
  std::optional<SteadyTime> head_begun_;
  Budget glitches_{2000, 2000, 500}, resets_{500, 500, 100};
};

// Whether a header of HTTP/1.1 has no place in HTTP/2.
bool is_connection_header(std::string_view lower_name);

}  // namespace slipway::runtime
