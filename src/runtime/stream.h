// Byte streams, listeners and datagrams: what TCP, unix sockets, pipes, TLS and the simulated network look like.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "runtime/task.h"

namespace slipway::runtime {

// "127.0.0.1:6443", "[::1]:53", "unix:/run/x.sock". A TCP host may be a name: it is resolved on connect.
struct Address {
  std::string host;       // empty for unix
  uint16_t port = 0;      // 0 when listening: any free one
  std::string unix_path;  // "@name" is an abstract socket
  static Result<Address> parse(std::string_view text);
  static Address unix_socket(std::string path) { return {{}, 0, std::move(path)}; }
  std::string str() const;
  bool operator==(const Address&) const = default;
};

class Stream {
 public:
  virtual ~Stream() = default;  // closes
  // Some bytes; 0 at the end of the stream. One reader and one writer at a time. `into` must live until it returns.
  virtual Task<Result<size_t>> read(std::span<char> into) = 0;
  // All of them, or an error. `bytes` must live until it returns.
  virtual Task<Result<>> write(std::string_view bytes) = 0;
  virtual Task<Result<>> shutdown_write() = 0;  // the other side reads the end
  virtual void close() = 0;                     // idempotent; what is awaited ends with canceled
  virtual std::string peer() const { return {}; }
};

class Listener {
 public:
  virtual ~Listener() = default;
  virtual Task<Result<std::unique_ptr<Stream>>> accept() = 0;
  virtual Address local() const = 0;  // with the port that was given
  virtual void close() = 0;
};

struct Datagram {
  std::string bytes;
  Address peer;
};

class DatagramSocket {
 public:
  virtual ~DatagramSocket() = default;
  virtual Task<Result<Datagram>> receive() = 0;  // at most 64 KiB
  virtual Task<Result<>> send(Datagram datagram) = 0;
  virtual Address local() const = 0;
  virtual void close() = 0;
};

// Copies both ways until both sides have ended or one fails; then closes both. For raw proxying after an upgrade.
Task<Result<>> relay(Stream& a, Stream& b);

// Reads to the end. Error: too_large past the limit.
Task<Result<std::string>> read_to_end(Stream& stream, size_t limit);

}  // namespace slipway::runtime
