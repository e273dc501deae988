// One request to where charts lie: with whose certificates and through which proxy, and what a failure is called.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/http.h"
#include "sources/chart_repository.h"

namespace slipway::sources {

constexpr std::string_view kNoTls = "tls: first record does not look like a TLS handshake";

struct Answer {
  int status = 0;
  std::string body, authenticate, location, digest;
  std::vector<std::string> links;
};

// Up to 60 s may pass between two pieces of a body, and 600 s in all. Errors: those of the client, in Go's words;
// timeout, too_large, which name the URL without a password and query.
Task<Result<Answer>> exchange(World& world, runtime::ClientRequest request, ChartAccess access, uint64_t bytes_max);

bool is_loopback(const runtime::Url& url);
bool same_host(const std::string& a, const std::string& b);  // scheme, name and port
std::string without_password(const runtime::Url& url);
std::string basic(const std::string& username, const std::string& password);  // an authorization header
ErrorKind kind_of(int status);
Error refused(int status, const std::string& where);

}  // namespace slipway::sources
