// Service account tokens: JSON Web Tokens signed with the cluster's own key (ES256), as kubernetes' bound tokens are.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apiserver/authn.h"
#include "runtime/tls.h"
#include "value/value.h"

namespace slipway::apiserver {

Result<std::string> sign_token(const runtime::CertifiedKey& key, const Value& claims);

// The claims of a token that `key` signed and that is valid at `now` for the API server; nothing otherwise, with no
// word about why.
std::optional<Value> read_token(const runtime::CertifiedKey& key, std::string_view token, WallTime now);
// Those of the accounts of a namespace.
std::vector<std::string> service_account_groups(std::string_view ns);
// "system:serviceaccount:NS:NAME" in its groups.
User user_of(const Value& claims);

}  // namespace slipway::apiserver
