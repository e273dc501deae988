// What of a pod does not go through the store: its logs, and the streams into its containers. The API server's
// subresources log, exec, attach and portforward end here; node/ implements it and wiring/ connects the two.
//
// The caller has resolved the container's name (one container, or the default-container annotation) and checked that
// the pod is bound to this node. Errors carry the kubelet's texts where kubectl shows them:
//   not_found     `pods "x" not found` on this node
//   bad_request   `container "c" in pod "p" is waiting to start: ContainerCreating`,
//                 `previous terminated container "c" in pod "p" not found`
//   unsupported   the node is simulated: it says so, there is nothing to execute in
//   unavailable   the container runtime does not answer
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "runtime/task.h"

namespace slipway::apiserver {

struct LogRequest {
  std::string ns, pod, container;  // init containers too
  bool follow = false;             // until the container has ended and everything of it is written, or canceled
  bool previous = false;           // the run before the current one
  bool timestamps = false;         // puts the RFC 3339 time (nanoseconds) and a space before each line
  std::optional<int64_t> tail_lines;
  std::optional<int64_t> limit_bytes;  // of output; may cut a line
  std::optional<int64_t> since_s;
  std::optional<WallTime> since_time;           // when both are set, since_time holds
  bool with_stdout = true, with_stderr = true;  // PodLogOptions.stream: All, Stdout, Stderr
};

// Where log bytes go, in pieces of a few KiB; lines end in \n. write() waits while the reader is slow.
class LogSink {
 public:
  virtual ~LogSink() = default;
  virtual Task<Result<>> write(std::string bytes) = 0;
};

struct ExecRequest {
  std::string ns, pod, container;
  std::vector<std::string> command;
  bool in = false, out = true, err = true, tty = false;
};
struct AttachRequest {
  std::string ns, pod, container;
  bool in = false, out = true, err = true, tty = false;
};
struct PortForwardRequest {
  std::string ns, pod;
  std::vector<uint16_t> ports;  // may be empty: SPDY clients name the port in each stream
};

class PodStreams {
 public:
  virtual ~PodStreams() = default;
  // Returns when all was written. An error after the first write() cannot change the answer's status any more.
  virtual Task<Result<>> logs(LogRequest request, LogSink& sink) = 0;
  // An http:// URL on loopback that takes the client's upgrade request (SPDY or WebSocket) as it is: connect to its
  // host and port, send the request's head with the URL's path and query in place of its own, then relay bytes both
  // ways. The URL serves one connection and expires after a minute.
  virtual Task<Result<std::string>> exec_url(ExecRequest request) = 0;
  virtual Task<Result<std::string>> attach_url(AttachRequest request) = 0;
  virtual Task<Result<std::string>> port_forward_url(PortForwardRequest request) = 0;
};

}  // namespace slipway::apiserver
