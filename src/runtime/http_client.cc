// The client's front: which connection a request goes over (pooled, new, through a proxy), and following redirects.
#include <map>
#include <set>

#include "base/text.h"
#include "runtime/client_pool.h"
#include "runtime/h2_client.h"

namespace slipway::runtime {
namespace {

constexpr Duration probe_after = 100ms;  // a connection idle for longer is looked at before it is trusted
constexpr size_t redirect_body_max = 64 << 10;
constexpr Duration redirect_body_time_max = 5s;

bool is_idempotent(const std::string& method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "PUT" || method == "DELETE";
}

// Bytes that may not stand in a request line as they are. Url::parse has refused spaces and control characters.
std::string encode_high_bytes(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x80)
      out += c;
    else
      out += percent_encode(std::string_view(&c, 1));
  }
  return out;
}

std::string target_of(const Url& url) {
  return encode_high_bytes((url.path.empty() ? "/" : url.path) + (url.query.empty() ? "" : "?" + url.query));
}

std::string basic_credentials(const Url& url) {
  return "Basic " + base::base64_encode(url.user + ":" + url.password);
}

// Where a Location header leads, seen from `from`.
Result<Url> resolve(const Url& from, std::string_view location) {
  if (location.contains("://")) return Url::parse(location);
  if (location.starts_with("//")) return Url::parse(from.scheme + ":" + std::string(location));
  std::string path(location);
  if (!path.starts_with('/')) path = from.path.substr(0, from.path.rfind('/') + 1) + path;
  if (!path.starts_with('/')) path = "/" + path;
  return Url::parse(from.scheme + "://" + from.authority() + path);
}

class H2Body final : public Body {
 public:
  explicit H2Body(std::unique_ptr<H2Call> call) : call_(std::move(call)) {}
  Task<Result<std::string>> read() override { return call_->read(); }
  const Headers* trailers() const override {
    const Headers& trailers = call_->stream().trailers;
    return trailers.lines().empty() ? nullptr : &trailers;
  }

 private:
  std::unique_ptr<H2Call> call_;
};

class HttpClientImpl final : public HttpClient {
 public:
  HttpClientImpl(World& world, ClientOptions options)
      : world_(world),
        options_(std::move(options)),
        pool_(std::make_shared<ClientPool>(world, options_.connections_max)) {}
  ~HttpClientImpl() override {
    pool_->close();
    for (auto& [key, connection] : h2_) connection->close();
  }
  Task<void> close() override {
    pool_->close();
    auto all = std::exchange(h2_, {});
    for (auto& [key, connection] : all) co_await connection->stop();
  }

  Task<Result<ClientResponse>> send(ClientRequest request) override {
    Url url = OR_CO_RETURN(url_of(request.url));
    for (int redirects = 0;; ++redirects) {
      ClientResponse response = OR_CO_RETURN((co_await send_once(url, request)).context(origin(url)));
      std::string_view location = response.headers.get("location");
      bool redirected = response.status == 301 || response.status == 302 || response.status == 303 ||
                        response.status == 307 || response.status == 308;
      if (!redirected || location.empty() || (request.method != "GET" && request.method != "HEAD")) co_return response;
      if (options_.redirects_max == 0) co_return response;
      if (redirects == options_.redirects_max)
        co_return fail(ErrorKind::io, "{}: more than {} redirects", origin(url), options_.redirects_max);
      Url next = OR_CO_RETURN(resolve(url, location).context(origin(url) + ": following a redirect"));
      // read to its end, the connection is reusable; what does not end is let go
      auto rest = co_await with_timeout(redirect_body_time_max, response.body->read_all(redirect_body_max));
      if (rest.failed_with(ErrorKind::canceled)) co_return std::move(rest).error();
      if (origin(next) != origin(url)) {
        request.headers.remove("authorization");
        request.headers.remove("cookie");
        request.headers.remove("host");
      }
      url = std::move(next);
    }
  }

  Task<Result<Upgraded>> upgrade(ClientRequest request) override {
    Url url = OR_CO_RETURN(url_of(request.url));
    co_return (co_await upgrade_at(url, std::move(request))).context(origin(url));
  }

 private:
  static std::string origin(const Url& url) { return url.scheme + "://" + url.authority(); }

  Result<Url> url_of(const std::string& text) const {
    if (!text.starts_with('/')) return Url::parse(text);
    if (options_.base_url.empty())
      return Error(ErrorKind::invalid, "a request for a path only, and the client has no base");
    std::string base = options_.base_url;
    while (base.ends_with('/')) base.pop_back();
    return Url::parse(base + text);
  }

  Result<std::string> head_of(const Url& url, const ClientRequest& request, bool absolute) const {
    if (!is_token(request.method)) return fail(ErrorKind::invalid, "{:?} is no method", request.method);
    std::string out =
        request.method + " " + (absolute ? "http://" + url.authority() : "") + target_of(url) + " HTTP/1.1\r\n";
    if (!request.headers.has("host")) out += "Host: " + url.authority() + "\r\n";
    if (!write_h1_headers(request.headers, out))
      return Error(ErrorKind::invalid, "a request header has a character that may not be in one");
    if (!request.headers.has("user-agent")) out += "User-Agent: slipway\r\n";
    if (!url.user.empty() && !request.headers.has("authorization"))
      out += "Authorization: " + basic_credentials(url) + "\r\n";
    if (absolute) {
      auto proxy = Url::parse(options_.proxy_url);
      if (proxy && !proxy->user.empty()) out += "Proxy-Authorization: " + basic_credentials(*proxy) + "\r\n";
    }
    bool expects_body = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
    if (!request.headers.has("content-length") && (expects_body || !request.body.empty()))
      out += fmt::format("Content-Length: {}\r\n", request.body.size());
    out += "\r\n";
    return out;
  }

  bool through_proxy(const Url& url) const {
    return !options_.proxy_url.empty() && !options_.dial && url.scheme == "http";
  }

  Task<Result<ClientResponse>> send_once(Url url, ClientRequest request) {
    std::string key = origin(url);
    for (int tries = 0;; ++tries) {
      Route route = OR_CO_RETURN(co_await find_route(url));
      bool used = route.used;
      auto response = route.h2 ? co_await with_timeout(options_.head_time_max, send_h2(route.h2, url, request))
                               : co_await send_h1(std::move(route.h1), url, request);
      if (response) co_return response;
      // The server may have closed the connection in the very moment we sent: again, where that can do no harm.
      bool harmless = is_idempotent(request.method) || (route.h2 && response.failed_with(ErrorKind::unavailable));
      if (!used || !harmless || !response.failed_with(ErrorKind::unavailable) || tries == 3) co_return response;
    }
  }

  // What carries one request: a connection of HTTP/2, or one of HTTP/1.1 for itself.
  struct Route {
    std::shared_ptr<H2ClientConnection> h2;
    std::unique_ptr<H1ClientConnection> h1;
    bool used = false;  // it has carried others before: its end may not have been noticed yet
  };

  Task<Result<Route>> find_route(Url url) {
    std::string key = origin(url);
    while (true) {
      if (auto found = h2_.find(key); found != h2_.end()) {
        if (found->second->usable()) co_return Route{found->second, nullptr, true};
        h2_.erase(found);
      }
      if (auto connection = pool_->take(key)) {
        if (world_.steady_now() - connection->idle_since > probe_after) {
          bool open = co_await connection->still_open();
          if (!open) continue;
        }
        co_return Route{nullptr, std::move(connection), true};
      }
      // Where HTTP/2 is possible, one connection is made and the others wait to share it.
      bool may_share = may_speak_h2(url) && !speaks_h1_.contains(key);
      if (auto dialing = dialing_.find(key); may_share && dialing != dialing_.end()) {
        auto shot = OneShot<void>::create();
        dialing->second.push_back(shot);
        OR_CO_RETURN(co_await shot->wait());
        continue;
      }
      if (may_share) dialing_[key] = {};
      auto connected = co_await with_timeout(options_.connect_time_max, connect(url, true));
      Route route;
      if (connected && connected->h2) {
        route.h2 = H2ClientConnection::start(world_, std::move(connected->stream));
        h2_[key] = route.h2;
      } else if (connected) {
        speaks_h1_.insert(key);
        route.h1 = std::make_unique<H1ClientConnection>(std::move(connected->stream));
      }
      if (may_share) {
        auto waiting = std::move(dialing_[key]);
        dialing_.erase(key);
        bool canceled = connected.failed_with(ErrorKind::canceled);
        for (auto& shot : waiting) shot->resolve(connected || canceled ? Result<>() : Result<>(connected.error()));
      }
      if (!connected) co_return std::move(connected).error();
      co_return route;
    }
  }

  bool may_speak_h2(const Url& url) const {
    if (url.scheme == "http") return options_.h2_prior_knowledge;
    return std::find(options_.tls.alpn.begin(), options_.tls.alpn.end(), "h2") != options_.tls.alpn.end();
  }

  Task<Result<ClientResponse>> send_h2(std::shared_ptr<H2ClientConnection> connection, Url url, ClientRequest request) {
    if (!is_token(request.method) || !are_sendable(request.headers))
      co_return Error(ErrorKind::invalid, "a request's method or header has a character that may not be in one");
    Headers head;
    head.add(":method", request.method);
    head.add(":scheme", url.scheme);
    head.add(":authority",
             request.headers.has("host") ? request.headers.get("host") : std::string_view(url.authority()));
    head.add(":path", target_of(url));
    for (const auto& [name, value] : request.headers.lines())
      if (!is_connection_header(name)) head.add(base::to_lower(name), value);
    if (!head.has("user-agent")) head.add("user-agent", "slipway");
    if (!url.user.empty() && !head.has("authorization")) head.add("authorization", basic_credentials(url));
    if (!request.body.empty() && !head.has("content-length"))
      head.add("content-length", fmt::format("{}", request.body.size()));
    auto call = connection->call(std::move(head), std::move(request.body));
    if (!call) co_return Error(ErrorKind::unavailable, "the server takes no more requests on this connection");
    OR_CO_RETURN(co_await call->head());
    ClientResponse response;
    response.status = call->stream().status;
    response.headers = call->stream().headers;
    response.body = std::make_unique<H2Body>(std::move(call));
    co_return response;
  }

  Task<Result<ClientResponse>> send_h1(std::unique_ptr<H1ClientConnection> connection, Url url, ClientRequest request) {
    std::string head = OR_CO_RETURN(head_of(url, request, through_proxy(url)));
    H1ResponseHead answer = OR_CO_RETURN(co_await with_timeout(
        options_.head_time_max,
        connection->exchange(std::move(head), std::move(request.body), request.method == "HEAD", nullptr)));
    ClientResponse response;
    response.status = answer.status;
    response.headers = std::move(answer.headers);
    response.body = pooled_body(pool_, origin(url), std::move(connection), answer);
    co_return response;
  }

  Task<Result<Upgraded>> upgrade_at(Url url, ClientRequest request) {
    std::string head = OR_CO_RETURN(head_of(url, request, through_proxy(url)));
    auto connected = OR_CO_RETURN(co_await with_timeout(options_.connect_time_max, connect(url, false)));
    auto connection = std::make_unique<H1ClientConnection>(std::move(connected.stream));
    Upgraded out;
    H1ResponseHead answer = OR_CO_RETURN(co_await with_timeout(
        options_.head_time_max, connection->exchange(head, request.body, request.method == "HEAD", &out.raw_head)));
    out.response.status = answer.status;
    out.response.headers = std::move(answer.headers);
    if (answer.status == 101)
      out.stream = release_stream(std::move(connection));
    else
      out.response.body = pooled_body(pool_, origin(url), std::move(connection), answer);
    co_return out;
  }

  // TCP (or the unix socket), through the proxy, up to the end of the TLS handshake.
  struct Connected {
    std::unique_ptr<Stream> stream;
    bool h2 = false;
  };
  Task<Result<Connected>> connect(Url url, bool h2_welcome) {
    Address address{url.host, url.port, {}};
    std::optional<Url> proxy;
    if (options_.dial) {
      address = *options_.dial;
    } else if (!options_.proxy_url.empty()) {
      proxy = OR_CO_RETURN(Url::parse(options_.proxy_url).context("the proxy"));
      if (proxy->scheme != "http") co_return Error(ErrorKind::unsupported, "a proxy that is not http://");
      address = {proxy->host, proxy->port, {}};
    }
    std::unique_ptr<Stream> stream = OR_CO_RETURN(co_await world_.network().connect(address));
    if (url.scheme == "http") co_return Connected{std::move(stream), h2_welcome && options_.h2_prior_knowledge};
    if (proxy) OR_CO_RETURN((co_await open_tunnel(stream.get(), *proxy, url)).context("the proxy"));
    TlsClientOptions tls = options_.tls;
    if (tls.server_name.empty()) tls.server_name = url.host;
    if (!h2_welcome) tls.alpn = {"http/1.1"};
    auto secured = OR_CO_RETURN(co_await tls_connect(world_, std::move(stream), std::move(tls)));
    bool h2 = secured->identity().alpn == "h2";
    co_return Connected{std::move(secured), h2};
  }

  static Task<Result<>> open_tunnel(Stream* stream, Url proxy, Url url) {
    std::string to = fmt::format("{}:{}", url.host.contains(':') ? "[" + url.host + "]" : url.host, url.port);
    std::string head = fmt::format("CONNECT {} HTTP/1.1\r\nHost: {}\r\n", to, to);
    if (!proxy.user.empty()) head += "Proxy-Authorization: " + basic_credentials(proxy) + "\r\n";
    head += "\r\n";
    OR_CO_RETURN(co_await stream->write(head));
    H1StreamInput input(*stream);
    H1Refusal refusal;
    std::string text = OR_CO_RETURN(co_await read_h1_head(&input, 64 << 10, &refusal));
    if (text.empty()) co_return Error(ErrorKind::unavailable, "it closed the connection");
    H1ResponseHead answer = OR_CO_RETURN(parse_h1_response(text, true));
    if (answer.status / 100 != 2)
      co_return fail(ErrorKind::unavailable, "it refused to connect to {}: status {}", to, answer.status);
    if (!input.bytes().empty()) co_return Error(ErrorKind::io, "it sent bytes before the tunnel was used");
    co_return Result<>();
  }

  World& world_;
  ClientOptions options_;
  std::shared_ptr<ClientPool> pool_;
  // by origin
  std::map<std::string, std::shared_ptr<H2ClientConnection>> h2_;
  std::map<std::string, std::vector<std::shared_ptr<OneShot<void>>>> dialing_;  // and who waits for it
  std::set<std::string> speaks_h1_;
};

}  // namespace

std::unique_ptr<HttpClient> HttpClient::create(World& world, ClientOptions options) {
  return std::make_unique<HttpClientImpl>(world, std::move(options));
}

}  // namespace slipway::runtime
