// nghttp2 checks frames, HPACK and message rules, and bounds CONTINUATION frames (8), unanswered PINGs and SETTINGS,
// and the peer's resets. What it leaves open is bounded here: header bytes after decoding (a few bytes of HPACK can
// stand for megabytes), frames that cost work and carry nothing (empty DATA, PRIORITY, PING, SETTINGS, WINDOW_UPDATE),
// and resets that the peer provokes from us by breaking rules ("made you reset").
#include "runtime/h2_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>

#include "base/text.h"
#include "runtime/h1_head.h"

namespace slipway::runtime {
namespace {

nghttp2_nv line(std::string_view name, std::string_view value) {
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

void add_lines(const Headers& headers, std::vector<nghttp2_nv>& out) {
  for (const auto& [name, value] : headers.lines())
    if (!is_connection_header(name)) out.push_back(line(name, value));
}

std::string_view text(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

struct H2Session::Callbacks {
  static H2Session& self(void* user) { return *static_cast<H2Session*>(user); }

  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    H2Session& s = self(user);
    s.head_begun_ = s.executor_.steady_now();
    if (s.side_ != Side::server || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    auto stream = std::make_shared<H2Stream>();
    stream->id = frame->hd.stream_id;
    s.streams_.emplace(stream->id, std::move(stream));
    s.any_request_ = true;
    return 0;
  }

  static int header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                    const uint8_t* value, size_t value_size, uint8_t, void* user) {
    H2Session& s = self(user);
    H2Stream* stream = s.find(frame->hd.stream_id);
    if (!stream) return 0;
    stream->header_bytes_ += name_size + value_size + 32;  // as SETTINGS_MAX_HEADER_LIST_SIZE counts
    if (stream->header_bytes_ > s.limits_.header_bytes_max) {
      // A little over the limit, the request is answered; far over it, decoding on would be work for nothing.
      stream->head_too_large = true;
      return stream->header_bytes_ > 8 * s.limits_.header_bytes_max ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : 0;
    }
    std::string_view n = text(name, name_size), v = text(value, value_size);
    if (!n.starts_with(':')) {
      (stream->head_done ? stream->trailers : stream->headers).add(n, v);
    } else if (n == ":method") {
      stream->method = v;
    } else if (n == ":path") {
      stream->path = v;
    } else if (n == ":authority") {
      stream->authority = v;
    } else if (n == ":scheme") {
      stream->scheme = v;
    } else if (n == ":status") {
      stream->status = static_cast<int>(base::parse_int(v).value_or(0));
    }
    return 0;
  }

  static int frame_received(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    H2Session& s = self(user);
    bool ends = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS: {
        s.head_begun_.reset();
        H2Stream* stream = s.find(frame->hd.stream_id);
        if (!stream) return 0;
        if (!stream->head_done && s.side_ == Side::client && stream->status < 200 && !ends) {
          stream->headers = {};  // an interim answer; the real one follows
          return s.fatal_unless(s.glitch());
        }
        stream->in_ended = ends;
        bool first = !stream->head_done;
        stream->head_done = true;
        stream->in_changed.notify();
        if (first) {
          s.last_active_ = s.executor_.steady_now();
          s.events_.on_head(s.streams_.at(frame->hd.stream_id));
        }
        return 0;
      }
      case NGHTTP2_DATA: {
        if (H2Stream* stream = s.find(frame->hd.stream_id); stream && ends) {
          stream->in_ended = true;
          stream->in_changed.notify();
        }
        return s.fatal_unless(ends || frame->hd.length > 0 || s.glitch());
      }
      case NGHTTP2_GOAWAY:
        s.going_away_ = true;
        return 0;
      case NGHTTP2_WINDOW_UPDATE:
      case NGHTTP2_RST_STREAM:
        return 0;  // the first follow our own DATA, the second nghttp2 counts
      default:
        return s.fatal_unless(s.glitch());
    }
  }

  static int data(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* bytes, size_t size, void* user) {
    H2Session& s = self(user);
    H2Stream* stream = s.find(id);
    if (!stream || stream->discard_in) {
      nghttp2_session_consume(session, id, size);
      return 0;
    }
    stream->in.append(text(bytes, size));
    stream->in_changed.notify();
    return 0;
  }

  static int closed(nghttp2_session*, int32_t id, uint32_t code, void* user) {
    self(user).close_stream(id, code);
    return 0;
  }

  static int frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    H2Session& s = self(user);
    if (frame->hd.type == NGHTTP2_RST_STREAM && s.side_ == Side::server &&
        frame->rst_stream.error_code != NGHTTP2_NO_ERROR)
      return s.fatal_unless(s.resets_.take(s.executor_.steady_now()));
    bool ends = (frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
                (frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
    H2Stream* stream = ends ? s.find(frame->hd.stream_id) : nullptr;
    // The answer is through and nobody reads the rest of the request: it need not be sent (RFC 9113 8.1).
    if (stream && s.side_ == Side::server && stream->discard_in && !stream->in_ended)
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream->id, NGHTTP2_NO_ERROR);
    return 0;
  }

  // How much comes next of the body; the bytes go from where they are into what is gathered (send_out), not by way of
  // nghttp2.
  static ssize_t read_out(nghttp2_session* session, int32_t id, uint8_t*, size_t size, uint32_t* flags,
                          nghttp2_data_source*, void* user) {
    H2Stream* stream = self(user).find(id);
    if (!stream) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // fail_all(): whoever wrote it may be gone
    size_t n = std::min(size, stream->unsent());
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (stream->unsent() > n) return static_cast<ssize_t>(n);
    if (stream->out_ended) {
      stream->out_done = true;
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (!stream->out_trailers.lines().empty()) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        std::vector<nghttp2_nv> lines;
        add_lines(stream->out_trailers, lines);
        nghttp2_submit_trailer(session, id, lines.data(), lines.size());
      }
    } else if (n == 0) {
      stream->deferred_ = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    return static_cast<ssize_t>(n);
  }

  static int send_out(nghttp2_session*, nghttp2_frame* frame, const uint8_t* head, size_t size, nghttp2_data_source*,
                      void* user) {
    H2Session& s = self(user);
    H2Stream* stream = s.find(frame->hd.stream_id);
    if (s.gathered_->size() >= s.gathered_max_) return NGHTTP2_ERR_WOULDBLOCK;  // asked again with the next ones
    if (!stream || stream->unsent() < size) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // it failed meanwhile
    constexpr size_t head_bytes = 9;
    s.gathered_->append(text(head, head_bytes));
    s.gathered_->append(stream->out, stream->out_sent, size);
    stream->out_sent += size;
    s.unsent_ -= size;
    if (stream->unsent() > 0) return 0;
    stream->out.clear();
    stream->out_sent = 0;
    stream->out_changed.notify();
    return 0;
  }
};

H2Session::H2Session(Side side, H2Limits limits, Executor& executor, Events& events)
    : side_(side), limits_(limits), executor_(executor), events_(events), last_active_(executor.steady_now()) {
  glitches_.filled = resets_.filled = last_active_;
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, Callbacks::begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::frame_received);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::closed);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, Callbacks::frame_sent);
  nghttp2_session_callbacks_set_send_data_callback(callbacks, Callbacks::send_out);
  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_max_outbound_ack(option, 500);
  nghttp2_option_set_max_settings(option, 32);
  nghttp2_option_set_stream_reset_rate_limit(option, 500, 100);
  int made = side == Side::server ? nghttp2_session_server_new2(&session_, callbacks, this, option)
                                  : nghttp2_session_client_new2(&session_, callbacks, this, option);
  SLIPWAY_CHECK(made == 0);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);

  nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<uint32_t>(limits.stream_window_bytes)},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(limits.header_bytes_max)},
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, side == Side::server ? limits.streams_max : 0},
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
  };
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, side == Side::server ? 3 : 4);
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, limits.connection_window_bytes);
}

H2Session::~H2Session() {
  nghttp2_session_del(session_);
}

Result<> H2Session::receive(std::string_view bytes) {
  ssize_t n = nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  if (n < 0) {
    bool flooded = n == NGHTTP2_ERR_FLOODED || n == NGHTTP2_ERR_CALLBACK_FAILURE;
    nghttp2_session_terminate_session(session_, flooded ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR);
    going_away_ = true;
    events_.on_output();
    return fail(ErrorKind::io, "HTTP/2: {}", flooded ? "the peer floods us" : nghttp2_strerror(static_cast<int>(n)));
  }
  if (nghttp2_session_want_write(session_)) events_.on_output();
  return {};
}

bool H2Session::gather(std::string& out, size_t size) {
  size_t before = out.size();
  gathered_ = &out;
  gathered_max_ = size;
  while (out.size() < size) {
    const uint8_t* bytes = nullptr;
    ssize_t n = nghttp2_session_mem_send(session_, &bytes);
    if (n < 0) {
      nghttp2_session_terminate_session(session_, NGHTTP2_ENHANCE_YOUR_CALM);
      if (going_away_) break;
      going_away_ = true;
      continue;
    }
    if (n == 0) break;
    out.append(text(bytes, static_cast<size_t>(n)));
  }
  return out.size() > before;
}

bool H2Session::finished() const {
  return !nghttp2_session_want_read(session_) && !nghttp2_session_want_write(session_);
}

H2StreamPtr H2Session::request(const Headers& head, std::string body, bool end) {
  if (going_away_ || !nghttp2_session_check_request_allowed(session_)) return nullptr;
  auto stream = std::make_shared<H2Stream>();
  stream->out = std::move(body);
  stream->out_ended = end;
  std::vector<nghttp2_nv> lines;
  add_lines(head, lines);
  nghttp2_data_provider provider{{}, Callbacks::read_out};
  bool has_body = !end || !stream->out.empty();
  stream->id =
      nghttp2_submit_request(session_, nullptr, lines.data(), lines.size(), has_body ? &provider : nullptr, nullptr);
  if (stream->id < 0) return nullptr;
  unsent_ += stream->unsent();
  streams_.emplace(stream->id, stream);
  last_active_ = executor_.steady_now();
  events_.on_output();
  return stream;
}

bool H2Session::respond(H2Stream& stream, int status, const Headers& headers, bool end) {
  if (stream.closed) return false;
  fmt::format_int code(status);
  std::vector<nghttp2_nv> lines{line(":status", std::string_view(code.data(), code.size()))};
  add_lines(headers, lines);
  nghttp2_data_provider provider{{}, Callbacks::read_out};
  if (end) stream.out_ended = stream.out_done = true;
  int submitted = nghttp2_submit_response(session_, stream.id, lines.data(), lines.size(), end ? nullptr : &provider);
  events_.on_output();
  return submitted == 0;
}

void H2Session::add(H2Stream& stream, std::string bytes) {
  if (stream.closed || stream.out_ended) return;
  if (stream.out_sent > 0) {
    stream.out.erase(0, stream.out_sent);
    stream.out_sent = 0;
  }
  unsent_ += bytes.size();
  if (stream.out.empty())
    stream.out = std::move(bytes);
  else
    stream.out += bytes;
  if (std::exchange(stream.deferred_, false)) nghttp2_session_resume_data(session_, stream.id);
  events_.on_output();
}

void H2Session::end(H2Stream& stream, Headers trailers) {
  if (stream.closed || stream.out_ended) return;
  stream.out_ended = true;
  stream.out_trailers = std::move(trailers);
  if (std::exchange(stream.deferred_, false)) nghttp2_session_resume_data(session_, stream.id);
  events_.on_output();
}

void H2Session::consumed(H2Stream& stream, size_t size) {
  if (size == 0) return;
  nghttp2_session_consume(session_, stream.id, size);
  if (nghttp2_session_want_write(session_)) events_.on_output();
}

void H2Session::drop(H2Stream& stream, Reset why) {
  stream.on_failed = nullptr;
  stream.discard_in = true;
  consumed(stream, stream.in.size());
  stream.in.clear();
  if (stream.closed || (stream.out_ended && side_ == Side::server && why == Reset::no_error)) return;
  static constexpr uint32_t codes[] = {NGHTTP2_CANCEL, NGHTTP2_REFUSED_STREAM, NGHTTP2_INTERNAL_ERROR,
                                       NGHTTP2_NO_ERROR};
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, codes[static_cast<int>(why)]);
  events_.on_output();
}

void H2Session::go_away() {
  going_away_ = true;
  nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR);
  events_.on_output();
}

void H2Session::fail_all(Error why) {
  going_away_ = true;
  auto all = std::move(streams_);
  streams_.clear();
  for (auto& [id, stream] : all) {
    stream->closed = true;
    forget_unsent(*stream);
    if (!stream->failed && !stream->in_ended) stream->failed = why;
    if (!stream->failed && !stream->out_done) stream->failed = why;
    stream->in_changed.notify();
    stream->out_changed.notify();
    if (stream->on_failed) std::exchange(stream->on_failed, nullptr)();
  }
}

void H2Session::close_stream(int32_t id, uint32_t code) {
  auto found = streams_.find(id);
  if (found == streams_.end()) return;
  H2StreamPtr stream = std::move(found->second);
  streams_.erase(found);
  last_active_ = executor_.steady_now();
  stream->closed = true;
  forget_unsent(*stream);
  bool whole = stream->in_ended && (code == NGHTTP2_NO_ERROR || side_ == Side::client);
  if (code == NGHTTP2_REFUSED_STREAM)
    stream->failed = Error(ErrorKind::unavailable, "the server refused the request before processing it");
  else if (!whole || (side_ == Side::server && !stream->out_done))
    stream->failed = fail(ErrorKind::io, "the stream was reset: {}", nghttp2_http2_strerror(code));
  stream->in_changed.notify();
  stream->out_changed.notify();
  if (stream->failed && stream->on_failed) std::exchange(stream->on_failed, nullptr)();
}

void H2Session::forget_unsent(H2Stream& stream) {
  unsent_ -= stream.unsent();
  stream.out = {};
  stream.out_sent = 0;
}

bool H2Session::glitch() {
  return side_ == Side::client || glitches_.take(executor_.steady_now());
}

int H2Session::fatal_unless(bool good) {
  return good ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

bool H2Session::Budget::take(SteadyTime now) {
  left = std::min(burst, left + per_second * std::chrono::duration<double>(now - filled).count());
  filled = now;
  if (left < 1) return false;
  left -= 1;
  return true;
}

H2Stream* H2Session::find(int32_t id) {
  auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

bool is_connection_header(std::string_view name) {
  for (std::string_view known :
       {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "host", "te"})
    if (name.size() == known.size() && base::to_lower(name) == known) return known != "te";
  return false;
}

}  // namespace slipway::runtime
