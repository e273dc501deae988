// Registries speak the OCI distribution protocol: a manifest names the chart's layer by its digest; who must log in is
// told so by a 401 with the place where tokens are given.
#include "sources/chart_registry.h"

#include "base/text.h"
#include "lang/semver/semver.h"
#include "runtime/digest.h"
#include "runtime/h1_head.h"
#include "sources/chart_exchange.h"
#include "sources/next_page.h"
#include "sources/registry_reference.h"
#include "sources/url.h"
#include "value/json.h"

namespace slipway::sources {

namespace {

using lang::semver::Range;
using lang::semver::Version;
using runtime::ClientRequest;
using runtime::Url;

constexpr std::string_view kManifestType = "application/vnd.oci.image.manifest.v1+json";
constexpr std::string_view kConfigType = "application/vnd.cncf.helm.config.v1+json";
constexpr std::string_view kLayerType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
constexpr size_t kManifestBytesMax = 4 << 20;
constexpr int kTagPagesMax = 1000;  // registries decide how many tags a page has

struct Registry {
  std::string base, path;  // "https://host", "org/charts/web"
  std::string host() const { return shown_url(base).substr(base.find("://") + 3); }
};

Result<Registry> registry_of(std::string_view repository, const std::string& name, const ChartAccess& access) {
  if (!repository.starts_with("oci://"))
    return fail(ErrorKind::bad_request, "{}: expected oci://HOST/PATH", shown_url(repository));
  std::string rest(repository.substr(6));
  while (rest.ends_with('/')) rest.pop_back();
  size_t slash = rest.find('/');
  Registry registry;
  std::string host = rest.substr(0, slash);
  if (host == "docker.io") host = "registry-1.docker.io";  // where Docker Hub's registry is
  registry.base = (access.plain_http ? "http://" : "https://") + host;
  registry.path = slash == rest.npos ? name : rest.substr(slash + 1) + (name.empty() ? "" : "/" + name);
  if (registry.path.empty()) return fail(ErrorKind::bad_request, "{}: no repository is named", shown_url(repository));
  return registry;
}

// name="value" of a challenge.
std::string parameter(const std::string& challenge, const std::string& name) {
  size_t at = challenge.find(name + "=\"");
  if (at == challenge.npos) return {};
  at += name.size() + 2;
  return challenge.substr(at, challenge.find('"', at) - at);
}

// One connection's worth of talk with a registry: the token is kept between requests.
class RegistryTalk {
 public:
  RegistryTalk(World& world, Registry registry, ChartAccess access)
      : world_(world), registry_(std::move(registry)), access_(std::move(access)) {}

  Task<Result<Answer>> ask(std::string method, std::string target, std::string accept, std::string body,
                           std::string content_type, uint64_t bytes_max) {
    for (int attempt = 0;; ++attempt) {
      ClientRequest request;
      request.method = method;
      request.url = target.find("://") == target.npos ? registry_.base + target : target;
      if (!accept.empty()) request.headers.set("accept", accept);
      if (!content_type.empty()) request.headers.set("content-type", content_type);
      if (!token_.empty() && same_host(request.url, registry_.base)) request.headers.set("authorization", token_);
      request.body = body;
      auto asked = co_await exchange(world_, std::move(request), access_, bytes_max);
      if (!asked && speaks_plainly(asked.error())) {
        registry_.base.replace(0, 5, "http");
        --attempt;
        continue;
      }
      if (!asked) co_return std::move(asked).error();
      Answer answer = std::move(*asked);
      if (answer.status != 401 || attempt > 0) co_return answer;
      auto logged_in = co_await log_in(answer.authenticate);
      if (!logged_in)
        co_return std::move(logged_in).error().context(
            fmt::format("{} \"{}{}\"", method, shown_url(registry_.base), target.substr(0, target.find('?'))));
    }
  }

  const Registry& registry() const { return registry_; }

  // What the registry says of a request that it refuses: "name unknown: repository name not known to registry".
  Error refused_to(const std::string& method, const std::string& target, const Answer& answer) const {
    std::string why = refusal_of(answer.body);
    if (why.empty()) why = runtime::status_text(answer.status);
    return fail(kind_of(answer.status), "{} \"{}{}\": response status code {}: {}", method, shown_url(registry_.base),
                target.substr(0, target.find('?')), answer.status, why);
  }

 private:
  // Somebody tries a registry of their own, without TLS. Elsewhere that must be said: who stands between could
  // otherwise ask for the password in plain words.
  bool speaks_plainly(const Error& error) const {
    auto url = Url::parse(registry_.base);
    return url && url->scheme == "https" && is_loopback(*url) && error.message().ends_with(kNoTls);
  }

  Task<Result<RegistryPassword>> password() {
    RegistryPassword who{
        .username = access_.username, .password = access_.password, .identity_token = {}, .registry_token = {}};
    bool said = !who.username.empty() && !who.password.empty();
    if (said || !access_.stored_password) co_return who;
    auto stored = co_await access_.stored_password(registry_.host());
    if (!stored) co_return std::move(stored).error().context("failed to resolve credential");
    co_return stored;
  }

  Task<Result<>> log_in(std::string challenge) {
    RegistryPassword who = OR_CO_RETURN(co_await password());
    if (base::to_lower(challenge).starts_with("basic")) {
      if (who.username.empty() || who.password.empty())
        co_return fail(ErrorKind::unauthorized, "basic credential not found");
      token_ = basic(who.username, who.password);
      co_return Result<>();
    }
    std::string realm = parameter(challenge, "realm");
    if (realm.empty()) co_return fail(ErrorKind::unauthorized, "{}: unauthorized", shown_url(registry_.base));
    if (!who.registry_token.empty()) {
      token_ = "Bearer " + who.registry_token;
      co_return Result<>();
    }
    std::string about = "service=" + runtime::percent_encode(parameter(challenge, "service"));
    if (std::string scope = parameter(challenge, "scope"); !scope.empty())
      about += "&scope=" + runtime::percent_encode(scope);
    ClientRequest request;
    if (who.identity_token.empty()) {
      request.url = realm + (realm.find('?') == realm.npos ? "?" : "&") + about;
      if (!who.username.empty()) request.headers.set("authorization", basic(who.username, who.password));
    } else {
      request.method = "POST";
      request.url = realm;
      request.headers.set("content-type", "application/x-www-form-urlencoded");
      request.body = "grant_type=refresh_token&client_id=slipway&" + about +
                     "&refresh_token=" + runtime::percent_encode(who.identity_token);
    }
    Answer answer = OR_CO_RETURN(co_await exchange(world_, std::move(request), access_, 1 << 20));
    if (answer.status != 200) co_return refused(answer.status, realm);
    auto body = value::parse_json(answer.body);
    if (!body) co_return fail(ErrorKind::invalid, "{}: the token server's answer is no JSON", realm);
    std::string token = (*body)["token"].as_string().empty() ? (*body)["access_token"].str() : (*body)["token"].str();
    token_ = "Bearer " + token;
    co_return Result<>();
  }

  World& world_;
  Registry registry_;
  ChartAccess access_;
  std::string token_;
};

Task<Result<std::string>> best_tag(std::shared_ptr<RegistryTalk> talk, std::string range) {
  auto wanted = Range::parse(range.empty() ? "*" : range);
  if (!wanted) co_return std::move(wanted).error();
  std::optional<Version> best;
  bool has_versions = false;
  std::string target = "/v2/" + talk->registry().path + "/tags/list?n=1000";
  for (int page = 1; !target.empty(); ++page) {
    if (page > kTagPagesMax)
      co_return fail(ErrorKind::too_large, "{}{}: the list of tags has more than {} pages",
                     shown_url(talk->registry().base), target, kTagPagesMax);
    Answer answer = OR_CO_RETURN(co_await talk->ask("GET", target, "application/json", "", "", 16 << 20));
    if (answer.status != 200) co_return talk->refused_to("GET", target, answer);
    auto body = value::parse_json(answer.body);
    if (!body)
      co_return fail(ErrorKind::invalid, "{}{}: the registry's list of tags is no JSON",
                     shown_url(talk->registry().base), target);
    for (const Value& tag : (*body)["tags"].items()) {
      auto version = Version::parse(base::replace_all(tag.str(), "_", "+"));
      has_versions = has_versions || version;
      if (!version || !wanted->contains(*version)) continue;
      if (!best || version->compare(*best) > 0) best = *version;
    }
    target = OR_CO_RETURN(next_page(talk->registry().base + target, answer.links));
    if (!target.empty()) target.erase(0, target.find('/', target.find("://") + 3));  // it is the same server
  }
  if (!has_versions)
    co_return fail(ErrorKind::not_found, "Unable to locate any tags in provided repository: oci://{}/{}",
                   talk->registry().host(), talk->registry().path);
  if (!best)
    co_return fail(ErrorKind::not_found, "Could not locate a version matching provided version string {}", range);
  co_return best->original;
}

// One tag, and no range: "7" and "v1.2" too.
bool exact(const std::string& range) {
  return Version::parse(range).has_value();
}

}  // namespace

Task<Result<FetchedChart>> fetch_from_registry(World& world, std::string repository, std::string name,
                                               std::string range, ChartAccess access) {
  auto talk = std::make_shared<RegistryTalk>(world, OR_CO_RETURN(registry_of(repository, name, access)), access);
  std::string host = talk->registry().host();
  std::string where = "oci://" + host + "/" + talk->registry().path;
  std::string version = range;
  bool by_digest = range.starts_with('@');
  if (!by_digest && !exact(range)) version = OR_CO_RETURN(co_await best_tag(talk, range));
  std::string tag = by_digest ? range : ":" + base::replace_all(version, "+", "_");
  std::string target = "/v2/" + talk->registry().path + "/manifests/" + tag.substr(1);
  auto asked = co_await talk->ask("GET", target, std::string(kManifestType), "", "", kManifestBytesMax);
  if (asked && asked->status == 404)
    asked = fail(ErrorKind::not_found, "{}/{}{}: not found", host, talk->registry().path, tag);
  else if (asked && asked->status != 200)
    asked = talk->refused_to("GET", target, *asked);
  if (!asked) co_return std::move(asked).error().context("failed to perform \"FetchReference\" on source");
  Answer answer = std::move(*asked);
  if (by_digest && tag.substr(1) != "sha256:" + runtime::sha256_hex(answer.body))
    co_return fail(ErrorKind::invalid, "{}{}: the manifest has another digest", where, tag);
  auto manifest = value::parse_json(answer.body);
  if (!manifest) co_return fail(ErrorKind::invalid, "{}{}: the manifest is no JSON", where, tag);
  std::string digest;
  for (const Value& layer : (*manifest)["layers"].items())
    if (layer["mediaType"].as_string() == kLayerType) digest = layer["digest"].str();
  if (digest.empty())
    co_return fail(ErrorKind::invalid, "{}{}: this is no Helm chart: its manifest has no layer of type {}", where, tag,
                   kLayerType);
  target = "/v2/" + talk->registry().path + "/blobs/" + digest;
  Answer blob = OR_CO_RETURN(co_await talk->ask("GET", target, "", "", "", access.bytes_max));
  if (blob.status != 200) co_return talk->refused_to("GET", target, blob);
  std::string seen = "sha256:" + runtime::sha256_hex(blob.body);
  if (seen != digest)
    co_return fail(ErrorKind::invalid, "{}{}: the chart's digest is {}, the manifest says {}", where, tag, seen,
                   digest);
  size_t slash = talk->registry().path.rfind('/');
  std::string chart = slash == std::string::npos ? talk->registry().path : talk->registry().path.substr(slash + 1);
  co_return FetchedChart{
      chart, version, where + tag, digest, std::move(blob.body), "sha256:" + runtime::sha256_hex(answer.body)};
}

Task<Result<std::string>> resolve_in_registry(World& world, std::string repository, std::string name, std::string range,
                                              ChartAccess access) {
  if (exact(range)) co_return range;
  auto talk = std::make_shared<RegistryTalk>(world, OR_CO_RETURN(registry_of(repository, name, access)), access);
  co_return co_await best_tag(talk, range);
}

Task<Result<>> log_in_to_registry(World& world, std::string host, ChartAccess access) {
  std::string base = OR_CO_RETURN(registry_of("oci://" + host, "any", access)).base;
  auto talk = std::make_shared<RegistryTalk>(world, Registry{base, ""}, access);
  std::string target = "/v2/";
  Answer answer = OR_CO_RETURN(co_await talk->ask("GET", target, "", "", "", 1 << 20));
  if (answer.status != 200) co_return talk->refused_to("GET", target, answer);
  co_return Result<>();
}

Task<Result<std::string>> push_chart(World& world, std::string repository, std::string name, std::string version,
                                     std::string config_json, std::string archive, ChartAccess access) {
  auto talk = std::make_shared<RegistryTalk>(world, OR_CO_RETURN(registry_of(repository, name, access)), access);
  std::string path = "/v2/" + talk->registry().path;
  auto part = [](std::string_view type, const std::string& bytes) {
    return Value{{"mediaType", type},
                 {"digest", "sha256:" + runtime::sha256_hex(bytes)},
                 {"size", static_cast<int64_t>(bytes.size())}};
  };
  std::string manifest = value::to_json(Value{{"schemaVersion", 2},
                                              {"mediaType", kManifestType},
                                              {"config", part(kConfigType, config_json)},
                                              {"layers", Value::array({part(kLayerType, archive)})}});
  std::string own = path + "/manifests/sha256:" + runtime::sha256_hex(manifest);
  auto known = co_await talk->ask("HEAD", own, std::string(kManifestType), "", "", 1 << 20);
  if (known && known->status != 200 && known->status != 404) known = talk->refused_to("HEAD", own, *known);
  if (!known) co_return std::move(known).error().context("failed to perform \"Exists\" on destination");
  for (const std::string* blob : {&config_json, &archive}) {
    std::string digest = "sha256:" + runtime::sha256_hex(*blob);
    Answer there = OR_CO_RETURN(co_await talk->ask("HEAD", path + "/blobs/" + digest, "", "", "", 1 << 20));
    if (there.status == 200) continue;
    std::string uploads = path + "/blobs/uploads/";
    Answer started = OR_CO_RETURN(co_await talk->ask("POST", uploads, "", "", "", 1 << 20));
    if (started.status != 202) co_return talk->refused_to("POST", uploads, started);
    std::string put = started.location + (started.location.find('?') == std::string::npos ? "?" : "&") +
                      "digest=" + runtime::percent_encode(digest);
    Answer done = OR_CO_RETURN(co_await talk->ask("PUT", put, "", *blob, "application/octet-stream", 1 << 20));
    if (done.status != 201) co_return talk->refused_to("PUT", uploads, done);
  }
  std::string tag = base::replace_all(version, "+", "_");
  std::string target = path + "/manifests/" + tag;
  Answer done = OR_CO_RETURN(co_await talk->ask("PUT", target, "", manifest, std::string(kManifestType), 1 << 20));
  if (done.status != 201) co_return talk->refused_to("PUT", target, done);
  co_return "sha256:" + runtime::sha256_hex(manifest);
}

}  // namespace slipway::sources
