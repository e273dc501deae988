#include "apiserver/openapi.h"

#include <set>

#include "apiserver/answer.h"
#include "apiserver/discovery.h"
#include "base/text.h"
#include "runtime/digest.h"
#include "value/json.h"

namespace slipway::apiserver {

namespace {

constexpr std::string_view v2_protobuf_type = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

std::string hash_of(std::string_view bytes) {
  std::string hex = base::hex_encode(runtime::sha512(bytes));
  for (char& c : hex) {
    if (c >= 'a' && c <= 'f') c += 'A' - 'a';
  }
  return hex;
}

std::string server_version() {
  return version_info()["gitVersion"].str();
}

}  // namespace

void OpenApi::forget_old() {
  if (generation_ == catalog_.generation()) return;
  generation_ = catalog_.generation();
  made_.clear();
}

const OpenApi::Text& OpenApi::v2_json() {
  Text& text = made_["v2"];
  if (text.bytes.empty()) {
    text.bytes = value::to_json(kinds::openapi_v2(catalog_, server_version()));
    text.hash = hash_of(text.bytes);
  }
  return text;
}

const OpenApi::Text& OpenApi::v2_protobuf() {
  Text& text = made_["v2.pb"];
  if (text.bytes.empty()) {
    text.bytes = kinds::openapi_v2_protobuf(kinds::openapi_v2(catalog_, server_version()));
    text.hash = hash_of(text.bytes);
  }
  return text;
}

const OpenApi::Text* OpenApi::v3(const std::string& path) {
  auto parts = base::split(path, '/');
  std::string group, version;
  if (parts.size() == 2 && parts[0] == "api") {
    version = parts[1];
  } else if (parts.size() == 3 && parts[0] == "apis") {
    group = parts[1];
    version = parts[2];
  } else {
    return nullptr;
  }
  bool served = false;
  for (const kinds::Kind* kind : catalog_.all())
    served |= kind->id.group == group && kind->id.version == version && !kind->verbs.empty();
  if (!served) return nullptr;
  Text& text = made_["v3/" + path];
  if (text.bytes.empty()) {
    text.bytes = value::to_json(kinds::openapi_v3(catalog_, group, version, server_version()));
    text.hash = hash_of(text.bytes);
  }
  return &text;
}

Task<Result<>> OpenApi::serve(runtime::Exchange& exchange) {
  forget_old();
  std::string path = exchange.request().path();
  if (path == "/openapi/v2") co_return co_await serve_v2(exchange);
  if (path == "/openapi/v3" || path == "/openapi/v3/") {
    std::set<std::string> paths;
    for (const kinds::Kind* kind : catalog_.all()) {
      if (kind->verbs.empty()) continue;
      paths.insert(kind->id.group.empty() ? "api/" + kind->id.version
                                          : fmt::format("apis/{}/{}", kind->id.group, kind->id.version));
    }
    ObjectBuilder index;
    for (const auto& p : paths) {
      index.set(p, Value{{"serverRelativeURL", fmt::format("/openapi/v3/{}?hash={}", p, v3(p)->hash)}});
    }
    co_return co_await answer_text(exchange, 200, value::to_json(Value{{"paths", index.build()}}));
  }
  if (path.starts_with("/openapi/v3/")) co_return co_await serve_v3(exchange, path.substr(12));
  co_return co_await answer_text(exchange, 404, "404 page not found\n");
}

Task<Result<>> OpenApi::serve_v2(runtime::Exchange& exchange) {
  runtime::Headers headers = answer_headers("");
  headers.add("Vary", "Accept-Encoding; Accept");
  auto accept = exchange.request().headers.get("accept");
  auto types = parse_accept(accept);
  bool json = types.empty(), protobuf = false;
  for (const auto& type : types) {
    protobuf |=
        type.type == "application/com.github.proto-openapi.spec.v2@v1.0+protobuf" || type.type == v2_protobuf_type;
    json |= type.type == "application/json" || type.type == "*/*";
    if (protobuf || json) break;  // the first that is known
  }
  if (!json && !protobuf) co_return co_await exchange.respond(406, std::move(headers), "");
  const Text& text = protobuf ? v2_protobuf() : v2_json();
  headers.add("Content-Type", protobuf ? v2_protobuf_type : "application/json");
  headers.add("ETag", fmt::format("\"{}\"", text.hash));
  if (exchange.request().headers.get("if-none-match") == fmt::format("\"{}\"", text.hash)) {
    co_return co_await exchange.respond(304, std::move(headers), "");
  }
  co_return co_await exchange.respond(200, std::move(headers), text.bytes);
}

Task<Result<>> OpenApi::serve_v3(runtime::Exchange& exchange, std::string path) {
  const Text* text = v3(path);
  if (!text) co_return co_await exchange.respond(404, answer_headers(""), "");
  auto hash = exchange.request().query("hash");
  if (hash && !hash->empty() && *hash != text->hash) {
    runtime::Headers headers = answer_headers("");
    headers.add("Location", fmt::format("/openapi/v3/{}?hash={}", path, text->hash));
    co_return co_await exchange.respond(301, std::move(headers), "");
  }
  runtime::Headers headers;
  headers.add("Content-Type", "application/json");
  headers.add("Vary", "Accept");
  headers.add("ETag", fmt::format("\"{}\"", text->hash));
  headers.add("Cache-Control", hash && !hash->empty() ? "public, immutable" : "no-cache, private");
  if (exchange.request().headers.get("if-none-match") == fmt::format("\"{}\"", text->hash)) {
    co_return co_await exchange.respond(304, std::move(headers), "");
  }
  co_return co_await exchange.respond(200, std::move(headers), text->bytes);
}

}  // namespace slipway::apiserver
