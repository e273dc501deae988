#include "apiserver/tokens.h"

#include <algorithm>

#include "base/text.h"
#include "value/json.h"

namespace slipway::apiserver {

namespace {

constexpr size_t token_bytes_max = 16 << 10;
constexpr std::string_view header = R"({"alg":"ES256","typ":"JWT"})";
// We alone issue these, valid at once: one from the future says that our clock went back.
constexpr int64_t clock_leeway_s = 24 * 3600;
constexpr std::string_view audience = "https://kubernetes.default.svc";

}  // namespace

Result<std::string> sign_token(const runtime::CertifiedKey& key, const Value& claims) {
  std::string signed_part = base::base64url_encode(header) + "." + base::base64url_encode(value::to_json(claims));
  std::string signature = OR_RETURN(runtime::sign_es256(key.key_pem, signed_part));
  return signed_part + "." + base::base64url_encode(signature);
}

std::optional<Value> read_token(const runtime::CertifiedKey& key, std::string_view token, WallTime now) {
  if (token.size() > token_bytes_max) return std::nullopt;
  size_t first = token.find('.'), last = token.rfind('.');
  if (first == token.npos || last == first) return std::nullopt;
  auto head = base::base64url_decode(token.substr(0, first));
  auto body = base::base64url_decode(token.substr(first + 1, last - first - 1));
  auto signature = base::base64url_decode(token.substr(last + 1));
  if (!head || !body || !signature || *head != header) return std::nullopt;
  if (!runtime::verify_es256(key.certificate_pem, token.substr(0, last), *signature)) return std::nullopt;
  auto claims = value::parse_json(*body);
  if (!claims) return std::nullopt;
  int64_t now_s = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  auto audiences = (*claims)["aud"].items();
  bool for_us = std::any_of(audiences.begin(), audiences.end(), [](const Value& a) { return a == Value(audience); });
  if (!for_us || (*claims)["exp"].as_int() <= now_s || (*claims)["nbf"].as_int() > now_s + clock_leeway_s)
    return std::nullopt;
  return *claims;
}

std::vector<std::string> service_account_groups(std::string_view ns) {
  return {"system:serviceaccounts", fmt::format("system:serviceaccounts:{}", ns)};
}

User user_of(const Value& claims) {
  User user{claims["sub"].str(), service_account_groups(claims["kubernetes.io"]["namespace"].as_string())};
  user.groups.emplace_back("system:authenticated");
  return user;
}

}  // namespace slipway::apiserver
