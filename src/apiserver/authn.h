// Who is asking, and whether they may. Client certificates: the common name is the user, organizations are groups.
#pragma once

#include <string>
#include <vector>

#include "apiserver/route.h"
#include "runtime/http.h"
#include "runtime/tls.h"

namespace slipway::apiserver {

struct User {
  std::string name = "system:anonymous";
  std::vector<std::string> groups = {"system:unauthenticated"};
  bool in_group(std::string_view group) const;
};
// By client certificate, else by bearer token of a service account that `tokens` signed (null: none is). Error:
// unauthorized for a token that is not believed.
Result<User> authenticate(const runtime::Exchange& exchange, const runtime::CertifiedKey* tokens, WallTime now);

// Whom `user` asks to be taken for (kubectl --as, --as-group): Impersonate-User and Impersonate-Group, as
// kube-apiserver 1.35 reads them. Errors: forbidden to who may not; internal for a group, uid or extra without a user.
Result<User> impersonated(const User& user, const runtime::Headers& headers);

// Members of system:masters may do everything; everybody may read health and /version. Other users are refused until
// RBAC is evaluated here. Error: forbidden, in Kubernetes' words.
Result<> authorize(const User& user, const Route& route, const runtime::Request& request);

}  // namespace slipway::apiserver
