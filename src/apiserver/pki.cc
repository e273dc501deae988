#include "apiserver/pki.h"

#include <algorithm>

#include "base/text.h"
#include "base/time.h"

namespace slipway::apiserver {

namespace {

constexpr Duration year = 24h * 365;
constexpr Duration least_left = 24h * 30;

bool is_ip(std::string_view name) {
  return name.find(':') != name.npos || name.find_first_not_of("0123456789.") == name.npos;
}

Result<runtime::CertifiedKey> read_pair(World& world, const std::string& base) {
  std::string certificate = OR_RETURN(world.files().read(base + ".crt"));
  std::string key = OR_RETURN(world.files().read(base + ".key"));
  return runtime::CertifiedKey{std::move(certificate), std::move(key)};
}

Result<> write_pair(World& world, const std::string& base, const runtime::CertifiedKey& pair) {
  // The key first: a certificate without its key would be taken for a whole pair.
  OR_RETURN(world.files().write_atomically(base + ".key", pair.key_pem, 0600));
  return world.files().write_atomically(base + ".crt", pair.certificate_pem, 0644);
}

// The authority that every client holds: never changed under them. Nothing when there never was one.
Result<std::optional<runtime::CertifiedKey>> read_authority(World& world, const std::string& directory) {
  const std::string base = directory + "/ca";
  auto refuse = [&](std::string_view why) {
    return fail(ErrorKind::io,
                "{}: {}. Every client trusts this authority: put its two files back (they are part of every backup), "
                "or remove {} to begin with a new one, and give clients the new kubeconfig",
                base + ".crt", why, directory);
  };
  auto pair = read_pair(world, base);
  if (pair.failed_with(ErrorKind::not_found)) {
    // A first start that was interrupted leaves the key, and nothing that it signed.
    if (!world.files().exists(base + ".crt") && !world.files().exists(directory + "/server.crt")) return std::nullopt;
    return refuse(pair.error().str());
  }
  if (!pair) return pair.error();
  if (auto whole = runtime::check_certified(*pair, *pair); !whole) return refuse(whole.error().str());
  return std::optional(std::move(*pair));
}

// Clocks may have been set back since it was issued.
bool lasts(const runtime::CertificateFacts& facts, WallTime now) {
  return facts.not_before <= now && facts.not_after - least_left > now;
}

// Clients go by its dates as by those of what it signed, and nobody but people can give them another.
void warn_of_end(World& world, const std::string& directory, const runtime::CertifiedKey& authority) {
  auto facts = runtime::read_certificate(authority.certificate_pem);
  if (!facts || lasts(*facts, world.now())) return;
  world.log().write(
      runtime::LogLevel::warning,
      fmt::format("{0}/ca.crt is good from {1} until {2}: outside of that time clients refuse this "
                  "server. To begin with a new authority stop Slipway, remove {0}, start it again and "
                  "give clients the new kubeconfig",
                  directory, base::format_rfc3339(facts->not_before), base::format_rfc3339(facts->not_after)));
}

void warn_of_new_authority(World& world, const std::string& directory) {
  world.log().write(
      runtime::LogLevel::warning,
      fmt::format("{0}: the certificates of this cluster are missing, and a new authority was made. Every kubeconfig "
                  "handed out before is refused from now on, and whoever holds one no longer trusts this server: give "
                  "clients the new kubeconfig, and restart pods that talk to the API. If a backup has them: stop "
                  "Slipway, put {0} back, and start it again",
                  directory));
}

bool names_all(const runtime::CertificateFacts& facts, const runtime::CertificateRequest& request) {
  auto has_all = [](const std::vector<std::string>& have, const std::vector<std::string>& want) {
    return std::all_of(want.begin(), want.end(),
                       [&](const auto& w) { return std::find(have.begin(), have.end(), w) != have.end(); });
  };
  return has_all(facts.dns_names, request.dns_names) && has_all(facts.ip_addresses, request.ip_addresses);
}

// The pair that is there, when the issuer signed it and it will do; else a new one.
Result<runtime::CertifiedKey> keep_or_issue(World& world, const std::string& base, runtime::CertificateRequest request,
                                            const runtime::CertifiedKey* issuer) {
  WallTime now = world.now();
  auto there = read_pair(world, base);
  if (there && issuer && !runtime::check_certified(*there, *issuer)) {
    world.log().write(runtime::LogLevel::warning, base + ".crt is not this authority's, or not its key's: made anew");
  } else if (there) {
    auto facts = runtime::read_certificate(there->certificate_pem);
    if (facts && names_all(*facts, request) && lasts(*facts, now)) return there;
  } else if (!there.error().is(ErrorKind::not_found)) {
    return there.error();
  }
  // Good also when the clock is set back; the authority by much, because there will be no other.
  request.not_before = now - (request.ca ? year * 10 : Duration(25h));
  request.not_after = now + (request.ca ? year * 10 : year);
  auto pair = runtime::issue_certificate(request, issuer, world.random());
  if (!pair) return std::move(pair).error().context("making " + base + ".crt");
  OR_RETURN(write_pair(world, base, *pair));
  return pair;
}

constexpr std::string_view probe = "a text to sign";

// What keeps tokens from being signed with it; empty: nothing.
std::string damage_of(const Result<std::string>& key) {
  if (!key) return "is missing";
  auto signature = runtime::sign_es256(*key, probe);
  return signature ? std::string() : "is damaged (" + signature.error().str() + ")";
}

// The key of tokens is kept as long as it can sign, whatever became of its certificate: another one ends all tokens, in
// pods that run as well. The certificate only carries the public half to those who check tokens.
Result<runtime::CertifiedKey> keep_or_make_token_key(World& world, const std::string& directory,
                                                     const runtime::CertifiedKey& authority, bool first_start) {
  const std::string base = directory + "/service-accounts";
  auto certificate = world.files().read(base + ".crt");
  if (!certificate && !certificate.failed_with(ErrorKind::not_found)) return certificate.error();
  auto key = world.files().read(base + ".key");
  if (!key && !key.failed_with(ErrorKind::not_found)) return key.error();
  std::string damage = damage_of(key);
  if (damage.empty() && certificate) {
    runtime::CertifiedKey pair{*certificate, *key};
    if (runtime::check_certified(pair, authority)) return pair;
  }
  runtime::CertificateRequest request{.common_name = "service-accounts"};
  request.not_before = world.now() - 25h;
  request.not_after = world.now() + year;
  if (damage.empty()) request.key_pem = *key;
  auto pair = runtime::issue_certificate(request, &authority, world.random());
  if (!pair) return std::move(pair).error().context("making " + base + ".crt");
  if (!damage.empty()) {
    OR_RETURN(write_pair(world, base, *pair));
    if (first_start) return pair;
    world.log().write(
        runtime::LogLevel::warning,
        fmt::format("{0}.key {1}: a new one was made, and every service account token of before is refused from now "
                    "on. Pods get new tokens within the hour, at once when they are restarted; tokens that people made "
                    "have to be made anew. If a backup has the key: stop Slipway, put {0}.key back, and start it again",
                    base, damage));
    return pair;
  }
  pair->key_pem = *key;  // as it is written there
  OR_RETURN(world.files().write_atomically(base + ".crt", pair->certificate_pem, 0644));
  auto facts = certificate ? runtime::read_certificate(*certificate)
                           : Result<runtime::CertificateFacts>(fail(ErrorKind::not_found, "missing"));
  bool of_this_key = facts && runtime::verify_es256(*certificate, probe, OR_RETURN(runtime::sign_es256(*key, probe)));
  if (facts && !of_this_key) {
    world.log().write(
        runtime::LogLevel::warning,
        fmt::format("{0}.crt was of another key than {0}.key: tokens are signed with the key that is there, "
                    "and those of the other one are refused",
                    base));
    return pair;
  }
  std::string_view why = !certificate ? "was missing" : !facts ? "was damaged" : "was not this authority's";
  world.log().write(runtime::LogLevel::info,
                    fmt::format("{}.crt {}: issued anew for the same key, tokens stay good", base, why));
  return pair;
}

}  // namespace

Result<Pki> open_pki(World& world, PkiOptions options) {
  OR_RETURN(world.files().make_directories(options.directory, 0700));
  Pki pki;
  auto authority = OR_RETURN(read_authority(world, options.directory));
  if (authority) {
    pki.ca = std::move(*authority);
    warn_of_end(world, options.directory, pki.ca);
  } else {
    runtime::CertificateRequest ca{.common_name = "slipway-ca", .ca = true};
    pki.ca = OR_RETURN(keep_or_issue(world, options.directory + "/ca", ca, nullptr));
    if (options.cluster_exists) warn_of_new_authority(world, options.directory);
  }
  OR_RETURN(renew_pki(world, options, pki));
  pki.service_accounts =
      OR_RETURN(keep_or_make_token_key(world, options.directory, pki.ca, !authority && !options.cluster_exists));
  return pki;
}

Result<> renew_pki(World& world, PkiOptions options, Pki& pki) {
  runtime::CertificateRequest server{.common_name = "kube-apiserver", .server = true};
  for (const auto& name : options.server_names) (is_ip(name) ? server.ip_addresses : server.dns_names).push_back(name);
  pki.server = OR_RETURN(keep_or_issue(world, options.directory + "/server", server, &pki.ca));
  runtime::CertificateRequest admin{
      .common_name = "slipway-admin", .organizations = {"system:masters"}, .client = true};
  pki.admin = OR_RETURN(keep_or_issue(world, options.directory + "/admin", admin, &pki.ca));
  return {};
}

Duration until_renewal(const Pki& pki, WallTime now) {
  Duration least = Duration::max();
  for (const runtime::CertifiedKey* pair : {&pki.server, &pki.admin}) {
    auto facts = runtime::read_certificate(pair->certificate_pem);
    if (!facts || !lasts(*facts, now)) return {};
    least = std::min(least, facts->not_after - least_left - now);
  }
  return least;
}

}  // namespace slipway::apiserver
