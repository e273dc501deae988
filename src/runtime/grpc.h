// gRPC over HTTP/2 with prior knowledge (no TLS), as far as containerd's services on their unix socket need it: unary
// and server-streaming calls of already encoded protobuf messages.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "runtime/http.h"

namespace slipway::runtime {

// The messages of one server-streaming call. Destroying it ends the call.
class GrpcStream {
 public:
  virtual ~GrpcStream() = default;
  // The next message, or nothing when the server ended the call with OK. Errors as in GrpcClient::unary.
  virtual Task<Result<std::optional<std::string>>> next() = 0;
};

struct GrpcOptions {
  Headers metadata;  // sent with every call, such as containerd-namespace: k8s.io; names in lower case
  size_t message_bytes_max = 16 << 20;  // of one message that arrives; more is too_large
  Duration connect_time_max = 5s;
};

// All calls share one connection, made when the first needs it and again after it broke.
class GrpcClient {
 public:
  static std::unique_ptr<GrpcClient> create(World& world, Address address, GrpcOptions options = {});
  virtual ~GrpcClient() = default;  // calls still running end with canceled
  // `path` is "/package.Service/Method"; `message` the request's protobuf bytes; gives the answer's. The timeout covers
  // connecting too and is told to the server; 0: none. Canceling resets the call on the server.
  //
  // Errors: unavailable (no connection, or it broke before the call was known to have arrived), timeout, io (the
  // connection broke in the middle, or the answer is not gRPC), and grpc-status by kind, with the server's message:
  //   3 InvalidArgument, 11 OutOfRange        invalid
  //   4 DeadlineExceeded                      timeout
  //   5 NotFound                              not_found
  //   6 AlreadyExists                         already_exists
  //   7 PermissionDenied                      forbidden
  //   8 ResourceExhausted                     too_large
  //   9 FailedPrecondition, 10 Aborted        conflict
  //   12 Unimplemented                        unsupported
  //   1 Cancelled (by the server), 14 Unavailable  unavailable
  //   16 Unauthenticated                      unauthorized
  //   2 Unknown, 13 Internal, 15 DataLoss, others  io
  virtual Task<Result<std::string>> unary(std::string path, std::string message, Duration timeout) = 0;
  // Returns once the call is on its way (a server may send its headers only with the first message): most failures come
  // from next().
  virtual Task<Result<std::unique_ptr<GrpcStream>>> server_stream(std::string path, std::string message) = 0;
  // Ends all calls with canceled, and returns when the connection is gone. Destroying the client without it does so in
  // the loop's next turns: before the loop itself ends, close first.
  virtual Task<void> close() { co_return; }
};

}  // namespace slipway::runtime
