#include "cluster/embedded/continue_token.h"

#include "base/text.h"
#include "value/json.h"
#include "value/json_error.h"

namespace slipway::cluster {

std::string ContinueToken::encode() const {
  // Kubernetes writes the members in this order, and the inconsistent token's key without the slash. Keys hold only
  // letters, digits, '-', '.', ':' and '/': nothing to escape.
  std::string rv = revision ? std::to_string(*revision) : "-1";
  std::string more = remaining ? fmt::format(R"(,"remaining":{})", *remaining) : "";
  return base::base64url_encode(
      fmt::format(R"({{"v":"meta.k8s.io/v1","rv":{},"start":"{}{}\u0000"{}}})", rv, revision ? "/" : "", after, more));
}

Result<ContinueToken> ContinueToken::decode(std::string_view text) {
  auto refuse = [](std::string_view why) {
    return fail(ErrorKind::bad_request, "invalid continue token: continue key is not valid: {}", why);
  };
  auto bytes = base::base64url_decode(text);
  if (!bytes) return refuse("illegal base64 data");
  if (auto why = value::go_json_error(*bytes)) return refuse(*why);
  auto token = value::parse_json(*bytes);
  if (!token || !token->is_object()) return refuse("not a JSON object");
  if ((*token)["v"].as_string() != "meta.k8s.io/v1") {
    return refuse(fmt::format("server does not recognize this encoded version \"{}\"", (*token)["v"].as_string()));
  }
  ContinueToken decoded;
  int64_t revision = (*token)["rv"].as_int();
  if (revision == 0) return refuse("incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  if (revision > 0) decoded.revision = static_cast<uint64_t>(revision);
  int64_t remaining = (*token)["remaining"].as_int();
  if (decoded.revision && remaining > 0) decoded.remaining = static_cast<uint64_t>(remaining);
  std::string start = (*token)["start"].str();
  if (start.empty()) return refuse("encoded start key empty (version meta.k8s.io/v1)");
  if (start.starts_with('/')) start.erase(0, 1);
  if (start.ends_with('\0')) start.pop_back();
  decoded.after = std::move(start);
  return decoded;
}

}  // namespace slipway::cluster
