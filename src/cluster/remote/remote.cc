// Every call is one HTTP request, as client-go would send it; a watch is one long answer, read line by line.
#include "cluster/remote/remote.h"

#include <map>
#include <tuple>

#include "base/text.h"
#include "cluster/remote/discovered.h"
#include "value/json.h"

namespace slipway::cluster {

namespace {

constexpr size_t answer_bytes_max = 512 << 20;
constexpr size_t event_bytes_max = 16 << 20;
constexpr Duration access_age_max = 60s;
// Between two pieces of an answer; a watch alone may be silent for longer. Who says nothing for so long (a proxy whose
// server died) will not go on.
constexpr Duration silence_max = 60s;
constexpr int discovery_tries = 5;
constexpr Duration discovery_delay = 200ms;

std::string_view name_of(Propagation propagation) {
  switch (propagation) {
    case Propagation::background:
      return "Background";
    case Propagation::foreground:
      return "Foreground";
    case Propagation::orphan:
      return "Orphan";
    case Propagation::unset:
      return "";
  }
  return "";
}

// Items of a list carry neither apiVersion nor kind; everybody here expects them.
Value with_kind(const Value& object, const kinds::Kind& kind) {
  if (object.has("kind") && object.has("apiVersion")) return object;
  return object.with_member("apiVersion", kind.id.api_version()).with_member("kind", kind.id.kind);
}

class Query {
 public:
  void add(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    text_ += fmt::format("{}{}={}", text_.empty() ? "?" : "&", name, runtime::percent_encode(value));
  }
  const std::string& str() const { return text_; }

 private:
  std::string text_;
};

class RemoteWatch final : public Watch {
 public:
  RemoteWatch(runtime::ClientResponse response, const kinds::Kind& kind)
      : response_(std::move(response)), kind_(kind) {}

  Task<Result<WatchEvent>> next() override {
    while (true) {
      if (size_t end = buffer_.find('\n'); end != buffer_.npos) {
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        if (base::trim(line).empty()) continue;
        co_return parse(line);
      }
      if (buffer_.size() > event_bytes_max)
        co_return fail(ErrorKind::too_large, "a watch event of more than {} bytes", event_bytes_max);
      std::string piece = OR_CO_RETURN(co_await response_.body->read());
      if (piece.empty()) co_return fail(ErrorKind::unavailable, "the watch ended");
      buffer_ += piece;
    }
  }

 private:
  Result<WatchEvent> parse(const std::string& line) {
    Value event = OR_RETURN(value::parse_json(line));
    auto type = event["type"].as_string();
    if (type == "ERROR") return error_of_status(event["object"], static_cast<int>(event["object"]["code"].as_int(500)));
    WatchType kind = type == "ADDED"      ? WatchType::added
                     : type == "MODIFIED" ? WatchType::modified
                     : type == "DELETED"  ? WatchType::deleted
                                          : WatchType::bookmark;
    return WatchEvent{kind, with_kind(event["object"], kind_)};
  }

  runtime::ClientResponse response_;
  const kinds::Kind& kind_;
  std::string buffer_;
};

Task<Result<std::string>> read_whole(runtime::Body* body, size_t bytes_max) {
  auto text = co_await body->read_all(bytes_max, silence_max);
  if (text.failed_with(ErrorKind::timeout))
    co_return fail(ErrorKind::timeout, "the server stopped in the middle of its answer");
  co_return text;
}

// An answer that is still read when its client was replaced.
class HeldBody final : public runtime::Body {
 public:
  HeldBody(std::unique_ptr<runtime::Body> body, std::shared_ptr<runtime::HttpClient> client)
      : client_(std::move(client)), body_(std::move(body)) {}
  Task<Result<std::string>> read() override { return body_->read(); }
  const runtime::Headers* trailers() const override { return body_->trailers(); }

 private:
  std::shared_ptr<runtime::HttpClient> client_;
  std::unique_ptr<runtime::Body> body_;
};

class RemoteCluster final : public Cluster {
 public:
  RemoteCluster(World& world, RemoteOptions options)
      : world_(world), options_(std::move(options)), read_at_(world.steady_now()) {
    make_client();
  }

  Task<Result<>> discover() {
    std::map<std::string, Value> lists;
    lists["v1"] = OR_CO_RETURN(co_await json("GET", "/api/v1"));
    Value groups = OR_CO_RETURN(co_await json("GET", "/apis"));
    for (const Value& group : groups["groups"].items()) {
      for (const Value& version : group["versions"].items()) {
        std::string name = version["groupVersion"].str();
        auto list = co_await list_of(name);
        // An aggregated API whose server is away must not stop everything else; what it had stays known. A connection
        // that broke says nothing about any API: half a catalog would make us deaf to the other half.
        if (list)
          lists[name] = std::move(*list);
        else if (list.failed_with(ErrorKind::io))
          co_return std::move(list).error();
        else if (auto before = lists_.find(name); before != lists_.end())
          lists[name] = before->second;
      }
    }
    // Who may not ask this hears of it from what needs it.
    if (auto version = co_await json("GET", "/version")) version_ = (*version)["gitVersion"].str();
    lists_ = std::move(lists);
    std::vector<Value> all;
    for (const auto& [name, list] : lists_) all.push_back(list);
    catalog_.replace(all);
    co_return Result<>();
  }

  Task<Result<Value>> get(ObjectKey key) override {
    const kinds::Kind* kind = OR_CO_RETURN(co_await known(key.kind));
    Value object = OR_CO_RETURN(co_await json("GET", path(*kind, key.ns, key.name)));
    co_return with_kind(object, *kind);
  }

  Task<Result<List>> list(GroupVersionKind id, ListOptions options) override {
    const kinds::Kind* kind = OR_CO_RETURN(co_await known(id));
    Query query;
    query.add("labelSelector", options.label_selector);
    query.add("fieldSelector", options.field_selector);
    if (options.resource_version) query.add("resourceVersion", std::to_string(*options.resource_version));
    query.add("resourceVersionMatch", options.resource_version_match);
    if (options.limit > 0) query.add("limit", std::to_string(options.limit));
    query.add("continue", options.continue_token);
    Value answer = OR_CO_RETURN(co_await json("GET", path(*kind, options.ns, "") + query.str()));
    List list;
    for (const Value& item : answer["items"].items()) list.items.push_back(with_kind(item, *kind));
    list.revision = kinds::revision_of(answer);
    list.continue_token = answer["metadata"]["continue"].str();
    if (answer["metadata"].has("remainingItemCount")) {
      list.remaining = static_cast<size_t>(answer["metadata"]["remainingItemCount"].as_int());
    }
    co_return list;
  }

  Task<Result<std::unique_ptr<Watch>>> watch(GroupVersionKind id, WatchOptions options) override {
    const kinds::Kind* kind = OR_CO_RETURN(co_await known(id));
    Query query;
    query.add("watch", "true");
    query.add("labelSelector", options.label_selector);
    query.add("fieldSelector", options.field_selector);
    if (options.resource_version) query.add("resourceVersion", std::to_string(*options.resource_version));
    if (options.bookmarks || options.send_initial_events) query.add("allowWatchBookmarks", "true");
    if (options.send_initial_events) {
      query.add("sendInitialEvents", "true");
      query.add("resourceVersionMatch", "NotOlderThan");
    }
    auto response = co_await send("GET", path(*kind, options.ns, "") + query.str(), "", "");
    if (!response) co_return response.error();
    if (response->status != 200) co_return co_await failure(std::move(*response));
    co_return std::make_unique<RemoteWatch>(std::move(*response), *kind);
  }

  Task<Result<Written>> write(Write write) override {
    const kinds::Kind* kind = OR_CO_RETURN(co_await known(write.key.kind));
    std::string target =
        path(*kind, write.key.ns, write.verb == Verb::create && write.subresource.empty() ? "" : write.key.name);
    if (!write.subresource.empty()) target += "/" + write.subresource;
    Query query;
    if (write.dry_run) query.add("dryRun", "All");
    if (write.verb != Verb::remove) {
      query.add("fieldManager", write.field_manager);
      query.add("fieldValidation", write.field_validation == kinds::FieldValidation::strict   ? "Strict"
                                   : write.field_validation == kinds::FieldValidation::ignore ? "Ignore"
                                                                                              : "Warn");
    }
    if (write.force && write.verb == Verb::apply) query.add("force", "true");
    target += query.str();
    std::string method, type = "application/json", body;
    switch (write.verb) {
      case Verb::create:
        method = "POST";
        break;
      case Verb::update:
        method = "PUT";
        break;
      case Verb::remove:
        method = "DELETE";
        break;
      case Verb::apply:
        method = "PATCH";
        type = "application/apply-patch+yaml";
        break;
      case Verb::patch:
        method = "PATCH";
        type = write.patch_type == PatchType::json    ? "application/json-patch+json"
               : write.patch_type == PatchType::merge ? "application/merge-patch+json"
                                                      : "application/strategic-merge-patch+json";
        break;
    }
    body = value::to_json(write.verb == Verb::remove ? delete_options(write) : write.body);
    auto response = co_await send(method, target, type, std::move(body));
    if (!response) co_return response.error();
    if (response->status >= 300) co_return co_await failure(std::move(*response));
    Written written;
    written.created = response->status == 201;
    for (auto line : response->headers.all("warning")) written.warnings.emplace_back(warning_text(line));
    std::string text = OR_CO_RETURN(co_await body_of(&*response));
    Value answer = OR_CO_RETURN(value::parse_json(text, {.bytes_max = answer_bytes_max}));
    bool status = answer["kind"].as_string() == "Status" && kind->id.kind != "Status";
    if (write.verb == Verb::remove) {
      // A Status means gone; so does an object that nothing holds back.
      written.removed = status || answer["metadata"]["deletionTimestamp"].is_null();
    }
    if (!status) written.object = with_kind(answer, *kind);
    co_return written;
  }

  const kinds::Catalog& catalog() const override { return catalog_; }
  std::string version() const override { return version_; }

 private:
  static std::string path(const kinds::Kind& kind, const std::string& ns, const std::string& name) {
    std::string path =
        kind.id.group.empty() ? "/api/" + kind.id.version : fmt::format("/apis/{}/{}", kind.id.group, kind.id.version);
    if (kind.namespaced && !ns.empty()) path += "/namespaces/" + runtime::percent_encode(ns);
    path += "/" + kind.plural;
    if (!name.empty()) path += "/" + runtime::percent_encode(name);
    return path;
  }

  static Value delete_options(const Write& write) {
    ObjectBuilder options;
    options.set("kind", "DeleteOptions").set("apiVersion", "v1");
    options.set_unless_empty("propagationPolicy", name_of(write.propagation));
    if (write.grace_period_s) options.set("gracePeriodSeconds", *write.grace_period_s);
    ObjectBuilder preconditions;
    if (write.uid) preconditions.set("uid", *write.uid);
    if (write.resource_version) preconditions.set("resourceVersion", std::to_string(*write.resource_version));
    if (!preconditions.empty()) options.set("preconditions", preconditions.build());
    return options.build();
  }

  static std::string_view warning_text(std::string_view line) {  // 299 - "text"
    size_t begin = line.find('"'), end = line.rfind('"');
    return begin == line.npos || end <= begin ? line : line.substr(begin + 1, end - begin - 1);
  }

  // The kind, asking the server again when we have not heard of it (a CRD that came later).
  Task<Result<const kinds::Kind*>> known(GroupVersionKind id) {
    if (const kinds::Kind* kind = catalog_.find(id)) co_return kind;
    OR_CO_RETURN(co_await discover());
    if (const kinds::Kind* kind = catalog_.find(id)) co_return kind;
    co_return fail(ErrorKind::not_found, "no matches for kind \"{}\" in version \"{}\"", id.kind, id.api_version());
  }

  void make_client() {
    runtime::ClientOptions client{.base_url = options_.server, .tls = options_.tls, .proxy_url = options_.proxy_url};
    client.tls.alpn = {"h2", "http/1.1"};
    client_ = runtime::HttpClient::create(world_, std::move(client));
    made_at_ = world_.steady_now();
  }

  // A connection may lead to somebody who will never answer again: the next request makes another one. What is under
  // way ends over the old ones.
  void doubt_connections() {
    if (world_.steady_now() - made_at_ >= silence_max) make_client();
  }

  Task<Result<std::string>> body_of(runtime::ClientResponse* response) {
    auto text = co_await read_whole(response->body.get(), answer_bytes_max);
    if (text.failed_with(ErrorKind::timeout)) doubt_connections();
    co_return text;
  }

  // Connections were made with the certificates of their time: other ones want other connections. What is under way
  // ends over the old ones.
  void read_access_again() {
    if (!options_.again || world_.steady_now() - read_at_ < access_age_max) return;
    read_at_ = world_.steady_now();
    auto read = options_.again();
    if (!read) {
      world_.log().write(runtime::LogLevel::warning, "remote cluster: " + read.error().str());
      return;
    }
    auto connects_by = [](const RemoteOptions& o) {
      return std::tie(o.server, o.proxy_url, o.tls.server_name, o.tls.ca_pem, o.tls.own.certificate_pem,
                      o.tls.own.key_pem, o.tls.verify);
    };
    bool other_connections = connects_by(*read) != connects_by(options_);
    read->again = options_.again;
    read->user_agent = options_.user_agent;
    options_ = std::move(*read);
    if (other_connections) make_client();
  }

  Task<Result<runtime::ClientResponse>> send(std::string method, std::string target, std::string type,
                                             std::string body) {
    read_access_again();
    runtime::ClientRequest request{.method = std::move(method), .url = std::move(target), .body = std::move(body)};
    request.headers.add("Accept", "application/json");
    request.headers.add("User-Agent", options_.user_agent);
    if (!type.empty()) request.headers.add("Content-Type", type);
    if (!options_.bearer_token.empty()) request.headers.add("Authorization", "Bearer " + options_.bearer_token);
    std::shared_ptr<runtime::HttpClient> client = client_;
    auto response = co_await client->send(std::move(request));
    if (response.failed_with(ErrorKind::timeout)) doubt_connections();
    if (response && response->body)
      response->body = std::make_unique<HeldBody>(std::move(response->body), std::move(client));
    co_return response;
  }

  // One API's kinds. io: the connection broke, several times; any other error is the server's answer.
  Task<Result<Value>> list_of(std::string group_version) {
    for (int left = discovery_tries; true; --left) {
      auto response = co_await send("GET", "/apis/" + group_version, "", "");
      if (response && response->status >= 300) co_return co_await failure(std::move(*response));
      Result<std::string> text = response ? co_await body_of(&*response) : Result<std::string>(response.error());
      if (text) co_return value::parse_json(*text, {.bytes_max = answer_bytes_max});
      if (text.failed_with(ErrorKind::canceled)) co_return std::move(text).error();
      if (left <= 1) co_return Error(ErrorKind::io, text.error().message()).context("asking for " + group_version);
      OR_CO_RETURN(co_await runtime::sleep(discovery_delay));
    }
  }

  Task<Result<Value>> json(std::string method, std::string target) {
    auto response = co_await send(std::move(method), std::move(target), "", "");
    if (!response) co_return response.error();
    if (response->status >= 300) co_return co_await failure(std::move(*response));
    std::string text = OR_CO_RETURN(co_await body_of(&*response));
    co_return value::parse_json(text, {.bytes_max = answer_bytes_max});
  }

  static Task<Error> failure(runtime::ClientResponse response) {
    auto text = co_await read_whole(response.body.get(), 4 << 20);
    if (text) {
      if (auto status = value::parse_json(*text); status && (*status)["kind"].as_string() == "Status") {
        co_return error_of_status(*status, response.status);
      }
    }
    co_return error_of_status(Value{{"message", fmt::format("the server answered {}", response.status)}},
                              response.status);
  }

  World& world_;
  RemoteOptions options_;
  SteadyTime read_at_;
  std::shared_ptr<runtime::HttpClient> client_;
  SteadyTime made_at_{};
  DiscoveredCatalog catalog_;
  std::string version_;
  std::map<std::string, Value> lists_;  // the APIResourceList of each group and version
};

}  // namespace

Error error_of_status(const Value& status, int http_status) {
  auto reason = status["reason"].as_string();
  ErrorKind kind = ErrorKind::internal;
  if (http_status == 404) kind = ErrorKind::not_found;
  if (http_status == 409) kind = reason == "AlreadyExists" ? ErrorKind::already_exists : ErrorKind::conflict;
  if (http_status == 422) kind = ErrorKind::invalid;
  if (http_status == 400) kind = ErrorKind::bad_request;
  if (http_status == 401) kind = ErrorKind::unauthorized;
  if (http_status == 403) kind = ErrorKind::forbidden;
  if (http_status == 405 || http_status == 406 || http_status == 415) kind = ErrorKind::unsupported;
  if (http_status == 410) kind = ErrorKind::gone;
  if (http_status == 413) kind = ErrorKind::too_large;
  if (http_status == 504) kind = ErrorKind::timeout;
  if (http_status == 429 || http_status == 503) kind = ErrorKind::unavailable;
  Error error(kind, status["message"].str("the server said nothing"));
  for (const Value& cause : status["details"]["causes"].items()) {
    error = std::move(error).cause({cause["reason"].str(), cause["message"].str(), cause["field"].str()});
  }
  if (int64_t seconds = status["details"]["retryAfterSeconds"].as_int())
    error = std::move(error).retry_after(static_cast<int>(seconds));
  return error;
}

Task<Result<std::unique_ptr<Cluster>>> connect_remote(World& world, RemoteOptions options) {
  auto cluster = std::make_unique<RemoteCluster>(world, std::move(options));
  OR_CO_RETURN(co_await cluster->discover());
  co_return std::unique_ptr<Cluster>(std::move(cluster));
}

}  // namespace slipway::cluster
