#include "runtime/h1_body.h"

#include "base/text.h"

namespace slipway::runtime {
namespace {

constexpr size_t read_bytes = 16 << 10;
constexpr size_t piece_bytes_max = 64 << 10;
constexpr size_t size_line_bytes_max = 256;
constexpr size_t extension_bytes_max = 16 << 10;  // of all chunks of a body: they cost work and mean nothing to us
constexpr size_t trailer_bytes_max = 16 << 10;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

void H1Input::consume(size_t n) {
  begin_ += n;
  if (begin_ == buffer_.size()) {
    buffer_.clear();
    if (buffer_.capacity() > piece_bytes_max) buffer_.shrink_to_fit();
    begin_ = 0;
  } else if (begin_ > piece_bytes_max) {
    buffer_.erase(0, begin_);
    begin_ = 0;
  }
  consumed();
}

Task<Result<bool>> H1StreamInput::more() {
  std::string piece(read_bytes, '\0');
  size_t n = OR_CO_RETURN(co_await stream_.read(std::span(piece.data(), piece.size())));
  append(std::string_view(piece).substr(0, n));
  co_return n > 0;
}

Task<Result<std::string>> read_h1_head(H1Input* input, size_t limit, H1Refusal* refusal) {
  while (true) {
    std::string_view bytes = input->bytes();
    // one empty line before a request is forgiven (RFC 9112 2.2): some clients end a body with it
    size_t skip = bytes.starts_with("\r\n") ? 2 : 0;
    size_t size = bytes == "\r" ? 0 : find_h1_head(bytes.substr(skip), limit, *refusal);
    if (refusal->status) co_return Error(ErrorKind::bad_request, refusal->why);
    if (size > 0) {
      std::string head(bytes.substr(skip, size));
      input->consume(skip + size);
      co_return head;
    }
    bool got = OR_CO_RETURN(co_await input->more());
    if (!got) {
      if (input->bytes().empty()) co_return std::string();
      co_return Error(ErrorKind::io, "the connection ended in the middle of a head");
    }
  }
}

bool ChunkDecoder::decode(std::string_view& bytes, std::string& out) {
  while (!bytes.empty() || state_ == State::done) {
    switch (state_) {
      case State::size: {
        size_t end = bytes.find('\n');
        if (end == std::string_view::npos) return bytes.size() <= size_line_bytes_max;
        if (end == 0 || end > size_line_bytes_max || bytes[end - 1] != '\r') return false;
        if (!take_size_line(bytes.substr(0, end - 1))) return false;
        bytes.remove_prefix(end + 1);
        break;
      }
      case State::data: {
        size_t n = static_cast<size_t>(std::min<uint64_t>(left_, bytes.size()));
        out.append(bytes.substr(0, n));
        bytes.remove_prefix(n);
        left_ -= n;
        if (left_ == 0) state_ = State::data_end;
        break;
      }
      case State::data_end:
        if (bytes[0] != '\r' || (bytes.size() > 1 && bytes[1] != '\n')) return false;
        if (bytes.size() < 2) return true;
        bytes.remove_prefix(2);
        state_ = State::size;
        break;
      case State::trailers:
        if (!take_trailers(bytes)) return false;
        if (state_ == State::trailers) return true;
        break;
      case State::done:
        return true;
    }
  }
  return true;
}

bool ChunkDecoder::take_size_line(std::string_view line) {
  size_t digits = 0;
  uint64_t size = 0;
  for (; digits < line.size() && hex_digit(line[digits]) >= 0; ++digits) {
    if (digits == 15) return false;  // below 2^60
    size = size * 16 + static_cast<uint64_t>(hex_digit(line[digits]));
  }
  if (digits == 0) return false;
  std::string_view extension = line.substr(digits);
  if (!extension.empty() && extension[0] != ';') return false;
  for (char c : extension) {
    auto u = static_cast<unsigned char>(c);
    if ((u < ' ' && c != '\t') || u == 0x7f) return false;
  }
  extension_bytes_ += extension.size();
  if (extension_bytes_ > extension_bytes_max) return false;
  left_ = size;
  state_ = size ? State::data : State::trailers;
  return true;
}

bool ChunkDecoder::take_trailers(std::string_view& bytes) {
  H1Refusal refusal;
  size_t size = find_h1_head(bytes, trailer_bytes_max, refusal);
  if (refusal.status) return false;
  if (size == 0) return true;  // not all there yet
  std::string_view text = bytes.substr(0, size);
  bytes.remove_prefix(size);
  if (!parse_h1_trailers(text, trailers_)) return false;
  state_ = State::done;
  return true;
}

Task<Result<std::string>> H1Body::read() {
  while (!done_) {
    std::string_view bytes = input_.bytes();
    if (!bytes.empty()) {
      std::string piece;
      size_t used = 0;
      if (framing_ == H1Framing::chunked) {
        std::string_view rest = bytes.substr(0, piece_bytes_max);
        size_t offered = rest.size();
        if (!chunks_.decode(rest, piece)) co_return Error(malformed_, "the body's chunks are malformed");
        used = offered - rest.size();
        done_ = chunks_.done();
      } else {
        used = framing_ == H1Framing::until_end ? bytes.size()
                                                : static_cast<size_t>(std::min<uint64_t>(left_, bytes.size()));
        used = std::min(used, piece_bytes_max);
        piece = bytes.substr(0, used);
        left_ -= framing_ == H1Framing::length ? used : 0;
        done_ = framing_ == H1Framing::length && left_ == 0;
      }
      input_.consume(used);
      if (!piece.empty() || done_) co_return piece;
      if (used > 0) continue;
    }
    bool got = OR_CO_RETURN(co_await input_.more());
    if (!got) {
      if (framing_ != H1Framing::until_end)
        co_return Error(ErrorKind::io, "the connection ended in the middle of a body");
      done_ = true;
    }
  }
  co_return std::string();
}

}  // namespace slipway::runtime
