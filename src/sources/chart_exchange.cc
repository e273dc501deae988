#include "sources/chart_exchange.h"

#include <cstdlib>

#include "base/text.h"
#include "runtime/h1_head.h"

namespace slipway::sources {

using runtime::ClientRequest;
using runtime::HttpClient;
using runtime::Url;

bool is_loopback(const Url& url) {
  return url.host == "localhost" || url.host.starts_with("127.") || url.host == "::1";
}

namespace {

std::string proxy_for(const Url& url) {
  if (is_loopback(url)) return {};
  for (const char* name : url.scheme == "https" ? std::initializer_list<const char*>{"HTTPS_PROXY", "https_proxy"}
                                                : std::initializer_list<const char*>{"HTTP_PROXY", "http_proxy"}) {
    const char* proxy = std::getenv(name);
    if (!proxy || !*proxy) continue;
    const char* except = std::getenv("NO_PROXY");
    if (!except) except = std::getenv("no_proxy");
    for (std::string_view host : base::split(except ? except : "", ',')) {
      host = base::trim(host);
      if (host.starts_with('.')) host.remove_prefix(1);
      if (!host.empty() && (host == "*" || url.host == host || url.host.ends_with("." + std::string(host)))) return {};
    }
    return proxy;
  }
  return {};
}

std::unique_ptr<HttpClient> client_for(World& world, const Url& url, const ChartAccess& access) {
  runtime::ClientOptions options;
  options.tls.ca_pem = access.ca_certificates;
  options.tls.own = {access.client_certificate, access.client_key};
  options.tls.verify = !access.insecure;
  options.proxy_url = proxy_for(url);
  options.redirects_max = 10;  // as Go
  return HttpClient::create(world, std::move(options));
}

// "connect to HOST:PORT: WHY" as Go says it.
std::string dialed(std::string_view message) {
  constexpr std::string_view connect = "connect to ", resolve = "cannot resolve ";
  if (message == "TLS handshake: wrong version number") return std::string(kNoTls);
  constexpr std::string_view untrusted = "TLS handshake: the server's certificate: ",
                             refused = "the other side refused: ";
  if (message.starts_with(untrusted))
    return fmt::format("tls: failed to verify certificate: {}", message.substr(untrusted.size()));
  if (size_t at = message.find(refused); message.starts_with("TLS ") && at != message.npos) {
    std::string_view why = message.substr(at + refused.size());
    if (why == "unknown ca") why = "unknown certificate authority";
    if (why == "certificate expired") why = "expired certificate";
    if (why == "certificate revoked") why = "revoked certificate";
    return fmt::format("remote error: tls: {}", why);
  }
  if (!message.starts_with(connect)) return std::string(message);
  message.remove_prefix(connect.size());
  size_t end = message.find(": ");
  if (end == message.npos) return std::string(message);
  std::string_view where = message.substr(0, end), why = message.substr(end + 2);
  if (why.starts_with(resolve))
    return fmt::format("dial tcp: lookup {}: no such host", why.substr(resolve.size(), why.find(':') - resolve.size()));
  bool local = where.starts_with("localhost:");
  return fmt::format("dial tcp {}{}: connect: {}", local ? "127.0.0.1:" : "", where.substr(local ? 10 : 0),
                     base::to_lower(why));
}

}  // namespace

bool same_host(const std::string& a, const std::string& b) {
  auto x = Url::parse(a), y = Url::parse(b);
  return x && y && x->scheme == y->scheme && x->host == y->host && x->port == y->port;
}

std::string without_password(const Url& url) {
  return url.scheme + "://" + url.authority() + url.path;
}

std::string basic(const std::string& username, const std::string& password) {
  return "Basic " + base::base64_encode(username + ":" + password);
}

ErrorKind kind_of(int status) {
  if (status == 401 || status == 403) return ErrorKind::unauthorized;
  if (status == 404) return ErrorKind::not_found;
  return status >= 500 ? ErrorKind::unavailable : ErrorKind::invalid;
}

Error refused(int status, const std::string& where) {
  return fail(kind_of(status), "failed to fetch {} : {} {}", where, status, runtime::status_text(status));
}

Error unreached(const Error& error, const std::string& method, const std::string& where) {
  std::string verb = method.substr(0, 1) + base::to_lower(method.substr(1));
  return fail(error.kind(), "{} \"{}\": {}", verb, where, dialed(error.message()));
}

namespace {

// As for git: the client bounds the way to the head, and nobody else what follows.
constexpr Duration kSilenceMax = 60s, kBodyTimeMax = 600s;

Task<Result<std::string>> read_body(World& world, runtime::Body& body, uint64_t bytes_max) {
  const SteadyTime begin = world.steady_now();
  auto text = co_await runtime::with_timeout(kBodyTimeMax, body.read_all(bytes_max, kSilenceMax));
  if (text.failed_with(ErrorKind::timeout) && world.steady_now() - begin >= kBodyTimeMax)
    co_return fail(ErrorKind::timeout, "the answer took more than {} s", kBodyTimeMax / 1s);
  co_return text;
}

}  // namespace

Task<Result<Answer>> exchange(World& world, ClientRequest request, ChartAccess access, uint64_t bytes_max) {
  Url url = OR_CO_RETURN(Url::parse(request.url));
  std::string where = without_password(url), method = request.method;
  auto client = client_for(world, url, access);
  auto sent = co_await client->send(std::move(request));
  if (!sent) {
    Error error = unreached(sent.error(), method, where);
    co_await client->close();
    co_return error;
  }
  Answer answer;
  answer.status = sent->status;
  answer.authenticate = sent->headers.get("www-authenticate");
  answer.location = sent->headers.get("location");
  answer.digest = sent->headers.get("docker-content-digest");
  for (std::string_view link : sent->headers.all("link")) answer.links.emplace_back(link);
  if (sent->body) {
    auto body = co_await read_body(world, *sent->body, bytes_max);
    if (!body) {
      Error error = std::move(body).error().context(where);
      sent->body.reset();
      co_await client->close();
      co_return error;
    }
    answer.body = std::move(*body);
  }
  sent->body.reset();
  co_await client->close();
  co_return answer;
}

}  // namespace slipway::sources
