// The bytes of an HTTP/1.1 connection that arrived and nobody used yet, and a message's body cut out of them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "runtime/h1_head.h"

namespace slipway::runtime {

class H1Input {
 public:
  virtual ~H1Input() = default;
  std::string_view bytes() const { return std::string_view(buffer_).substr(begin_); }
  void consume(size_t n);
  // Waits until bytes() has become longer; false: the other side ended. Errors: of the stream.
  virtual Task<Result<bool>> more() = 0;

 protected:
  void append(std::string_view bytes) { buffer_.append(bytes); }
  virtual void consumed() {}

 private:
  std::string buffer_;
  size_t begin_ = 0;
};

// An H1Input that reads its stream only when asked to (the client's side).
class H1StreamInput final : public H1Input {
 public:
  explicit H1StreamInput(Stream& stream) : stream_(stream) {}
  Task<Result<bool>> more() override;

 private:
  Stream& stream_;
};

// The head that the input begins with, as text with its empty line, taken out of it. Empty: the input ended before its
// first byte. Errors: bad_request with the refusal's text, io when the input ends in the middle.
Task<Result<std::string>> read_h1_head(H1Input* input, size_t limit, H1Refusal* refusal);

// Cuts chunks apart. Pure: bytes in, bytes out.
class ChunkDecoder {
 public:
  // Takes what it can from the front of `bytes` (removing it) and appends data to `out`. False: not chunked coding.
  bool decode(std::string_view& bytes, std::string& out);
  bool done() const { return state_ == State::done; }
  const Headers& trailers() const { return trailers_; }

 private:
  enum class State { size, data, data_end, trailers, done };
  bool take_size_line(std::string_view line);
  bool take_trailers(std::string_view& bytes);
  State state_ = State::size;
  uint64_t left_ = 0;
  size_t extension_bytes_ = 0;
  Headers trailers_;
};

// Errors: io when the body ends early, io or what was chosen when it is malformed, else of the input.
class H1Body : public Body {
 public:
  H1Body(H1Input& input, H1Framing framing, uint64_t bytes, ErrorKind malformed = ErrorKind::io)
      : input_(input), framing_(framing), malformed_(malformed), left_(bytes), done_(framing == H1Framing::none) {}
  Task<Result<std::string>> read() override;
  const Headers* trailers() const override {
    return chunks_.trailers().lines().empty() ? nullptr : &chunks_.trailers();
  }
  bool done() const { return done_; }

 private:
  H1Input& input_;
  H1Framing framing_;
  ErrorKind malformed_;
  uint64_t left_;
  bool done_;
  ChunkDecoder chunks_;
};

}  // namespace slipway::runtime
