// The cluster's own certificates: kept while they are good, made anew before they end.
#pragma once

#include <string>
#include <vector>

#include "runtime/tls.h"

namespace slipway::apiserver {

// The files of a data directory's pki/: made when missing. A pair for TLS is made anew when less than a month of it is
// left; never the authority, which every client holds, nor a key of tokens that can sign: its certificate is issued
// anew for it when it is missing or will not do, whatever its dates.
struct Pki {
  runtime::CertifiedKey ca, server, admin;
  runtime::CertifiedKey service_accounts;  // signs tokens
};
struct PkiOptions {
  std::string directory;                  // absolute
  std::vector<std::string> server_names;  // DNS names and IP addresses that clients use
  bool cluster_exists = false;            // clients hold what was issued before: that it ends is told
};
Result<Pki> open_pki(World& world, PkiOptions options);

// For a process that runs longer than they last: zero when a pair for TLS is to be made anew now.
Duration until_renewal(const Pki& pki, WallTime now);
// Makes anew, on the disk and in `pki`, what is due. After an error what is done stands on the disk; call it again.
Result<> renew_pki(World& world, PkiOptions options, Pki& pki);

}  // namespace slipway::apiserver
