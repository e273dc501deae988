#include "cluster/embedded/continue_token.h"

#include "base/text.h"
#include "value/go_words.h"
#include "value/json.h"
#include "value/json_error.h"

namespace slipway::cluster {

std::string ContinueToken::encode() const {
  // Kubernetes writes the members in this order, and the inconsistent token's key without the slash. Names of roles and
  // their bindings may hold anything but '/' and '%'.
  std::string rv = revision ? std::to_string(*revision) : "-1";
  std::string more = remaining ? fmt::format(R"(,"remaining":{})", *remaining) : "";
  std::string start = (revision ? "/" : "") + after + '\0';
  return base::base64url_encode(
      fmt::format(R"({{"v":"meta.k8s.io/v1","rv":{},"start":{}{}}})", rv, value::to_json(Value(start)), more));
}

// As encoding/json reads into Kubernetes' struct of these three: names in any case, null for nothing.
static Result<> check_types(const Value& token) {
  auto refuse = [](std::string what, std::string_view where, std::string_view type) {
    return fail(ErrorKind::bad_request, "json: cannot unmarshal {} into Go {} of type {}", what, where, type);
  };
  if (token.is_null()) return {};
  if (!token.is_object()) return refuse(std::string(value::json_word(token)), "value", "storage.continueToken");
  for (const auto& [key, member] : token.members()) {
    std::string name = base::to_lower(key.view()), what(value::json_word(member));
    if (member.is_null()) continue;
    std::string where = "struct field continueToken." + name;
    if ((name == "v" || name == "start") && !member.is_string()) return refuse(what, where, "string");
    if (name != "rv" || member.is_int()) continue;
    return refuse(member.is_number() ? "number " + value::to_json(member) : what, where, "int64");
  }
  return {};
}

static const Value& member_of(const Value& token, std::string_view name) {
  for (const auto& [key, member] : token.members())
    if (base::to_lower(key.view()) == name) return member;
  return token[name];
}

// The key is put behind what is listed: nothing in it may lead elsewhere, and so nothing that Go's path.Clean changes
// is taken.
static bool is_clean(std::string_view key) {
  if (key == "/") return true;
  for (std::string_view part : base::split(key.substr(1), '/'))
    if (part.empty() || part == "." || part == "..") return false;
  return true;
}

Result<ContinueToken> ContinueToken::decode(std::string_view text) {
  auto refuse = [](std::string_view why) {
    return fail(ErrorKind::bad_request, "invalid continue token: continue key is not valid: {}", why);
  };
  auto bytes = base::base64url_decode(text);
  if (!bytes) return refuse(bytes.error().message());
  if (auto why = value::go_json_error(*bytes)) return refuse(*why);
  auto token = value::parse_json(*bytes);
  if (!token) return refuse(token.error().message());
  if (auto typed = check_types(*token); !typed) return refuse(typed.error().message());
  std::string version = member_of(*token, "v").str();
  if (version != "meta.k8s.io/v1")
    return refuse(fmt::format("server does not recognize this encoded version {}", version));
  ContinueToken decoded;
  int64_t revision = member_of(*token, "rv").as_int();
  if (revision == 0) return refuse("incorrect encoded start resourceVersion (version meta.k8s.io/v1)");
  if (revision > 0) decoded.revision = static_cast<uint64_t>(revision);
  int64_t remaining = (*token)["remaining"].as_int();
  if (decoded.revision && remaining > 0) decoded.remaining = static_cast<uint64_t>(remaining);
  std::string start = member_of(*token, "start").str();
  if (start.empty()) return refuse("encoded start key empty (version meta.k8s.io/v1)");
  std::string key = start.starts_with('/') ? start : "/" + start;
  if (!is_clean(key)) return refuse(start);
  if (key.ends_with('\0')) key.pop_back();
  decoded.after = key.substr(1);
  return decoded;
}

}  // namespace slipway::cluster
