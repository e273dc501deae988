// HTTP/1.1 and HTTP/2, both sides, over any Stream. Bodies stream; limits are part of the options.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/tls.h"
#include "runtime/world.h"

namespace slipway::runtime {

class Headers {
 public:
  std::string_view get(std::string_view name) const;  // first of that name, any case; empty when absent
  bool has(std::string_view name) const;
  std::vector<std::string_view> all(std::string_view name) const;
  void add(std::string_view name, std::string_view value) { lines_.emplace_back(name, value); }
  void set(std::string_view name, std::string_view value);  // replaces all of that name
  void remove(std::string_view name);
  const std::vector<std::pair<std::string, std::string>>& lines() const { return lines_; }

 private:
  std::vector<std::pair<std::string, std::string>> lines_;
};

// A body as it arrives.
class Body {
 public:
  virtual ~Body() = default;
  virtual Task<Result<std::string>> read() = 0;  // the next piece; empty at the end
  // Errors: too_large past the limit; timeout when a piece is longer away than `silence_max`.
  Task<Result<std::string>> read_all(size_t limit, std::optional<Duration> silence_max = {});
  virtual const Headers* trailers() const { return nullptr; }  // after the end, when there were any
};

struct Request {
  std::string method = "GET";
  std::string target = "/";  // path and query as sent
  std::string authority;     // Host or :authority
  Headers headers;
  std::string path() const;                                       // percent-decoded, without the query
  std::optional<std::string> query(std::string_view name) const;  // decoded, first of that name
  std::vector<std::pair<std::string, std::string>> query_all() const;
};

// ---- server ----

struct UpgradedStream {
  std::unique_ptr<Stream> stream;  // what was read ahead is given first
};

// One request and its answer. The handler runs in a scope of its own, canceled when the client goes away.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual const Request& request() const = 0;
  virtual const PeerIdentity& peer() const = 0;
  virtual std::string remote() const = 0;
  virtual Body& body() = 0;
  // The whole answer at once (content-length is set; a HEAD request gets no body).
  virtual Task<Result<>> respond(int status, Headers headers, std::string body) = 0;
  // Or piece by piece: start, then write as often as wanted, then finish. write() sends at once and waits while the
  // client is slow.
  virtual Task<Result<>> start(int status, Headers headers) = 0;
  virtual Task<Result<>> write(std::string bytes) = 0;
  virtual Task<Result<>> finish() = 0;
  // Waits while clients have not taken much of what they were answered: come here before a piece is made that may be
  // large.
  virtual Task<Result<>> room() = 0;
  // HTTP/1.1 only (unsupported on HTTP/2): writes this head raw, as it is, and hands the connection over.
  virtual Task<Result<UpgradedStream>> upgrade(std::string raw_response_head) = 0;
};
using Handler = std::function<Task<void>(Exchange&)>;

struct ServerLimits {
  size_t header_bytes_max = 64 << 10;
  Duration header_time_max = 10s;
  Duration idle_time_max = 180s;
  size_t connections_max = 2000;  // over it, the oldest idle one is closed first, then who reads nothing
  uint32_t streams_per_connection_max = 250;
  // Answered, and not taken by the client yet. Above it, further requests of the connection, or of all, wait.
  size_t connection_backlog_bytes_max = 8 << 20;
  size_t backlog_bytes_max = 64 << 20;  // where waiting does not help, the connections that hold most are closed
};

class HttpServer {
 public:
  // `tls` null: plain text. The handler may be called while another call of it waits.
  static std::unique_ptr<HttpServer> create(World& world, std::unique_ptr<Listener> listener,
                                            std::shared_ptr<TlsServerContext> tls, Handler handler,
                                            ServerLimits limits = {});
  virtual ~HttpServer() = default;
  virtual Task<void> serve() = 0;  // until canceled; all exchanges have ended when it returns
  virtual Address local() const = 0;
};

// ---- client ----

struct ClientRequest {
  std::string method = "GET";
  std::string url;  // http://, https://, or a path when the client has a base
  Headers headers;
  std::string body;
};
struct ClientResponse {
  int status = 0;
  Headers headers;
  std::unique_ptr<Body> body;
};
struct ClientOptions {
  std::string base_url;         // "https://127.0.0.1:6443", put before a url that is only a path
  std::optional<Address> dial;  // connect here whatever the url says (unix sockets, mirrors)
  TlsClientOptions tls;         // server_name is taken from the url when empty
  std::string proxy_url;        // http proxy with CONNECT; empty: none (the caller reads the environment)
  Duration connect_time_max = 10s;
  Duration head_time_max = 60s;     // to the response's head; the body has no limit in time
  size_t connections_max = 8;       // kept alive per host
  int redirects_max = 5;            // for GET and HEAD; Authorization is dropped across hosts
  bool h2_prior_knowledge = false;  // HTTP/2 without TLS (gRPC over a unix socket)
};
class HttpClient {
 public:
  static std::unique_ptr<HttpClient> create(World& world, ClientOptions options);
  virtual ~HttpClient() = default;
  // Errors: unavailable (no connection), timeout, io. A status of 4xx or 5xx is an answer, not an error.
  virtual Task<Result<ClientResponse>> send(ClientRequest request) = 0;
  // For Upgrade requests over HTTP/1.1: the response's head, and the raw stream when it was 101.
  struct Upgraded {
    ClientResponse response;
    std::string raw_head;  // as received, for proxying
    std::unique_ptr<Stream> stream;
  };
  virtual Task<Result<Upgraded>> upgrade(ClientRequest request) = 0;
  // Ends what is under way with canceled, and returns when its connections are gone. Destroying the client without it
  // ends them too, but HTTP/2 ones in the loop's next turns: before the loop itself ends, close first.
  virtual Task<void> close() { co_return; }
};

std::string percent_decode(std::string_view text, bool plus_is_space);
std::string percent_encode(std::string_view text);  // all but unreserved characters
struct Url {
  std::string scheme, user, password, host, path, query;  // path begins with "/" or is empty
  uint16_t port = 0;                                      // the scheme's when not given
  static Result<Url> parse(std::string_view text);
  std::string authority() const;  // host, with the port where it is not the scheme's
};

}  // namespace slipway::runtime
