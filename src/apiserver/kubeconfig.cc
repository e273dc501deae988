#include "apiserver/kubeconfig.h"

#include <algorithm>

#include "base/text.h"
#include "value/yaml.h"

namespace slipway::apiserver {

namespace {

constexpr Duration year = 24h * 365;

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

// The pair that is there, when the issuer signed it, it is valid now and for a month more and has all the names; else a
// new one.
Result<runtime::CertifiedKey> keep_or_issue(World& world, const std::string& base, runtime::CertificateRequest request,
                                            const runtime::CertifiedKey* issuer) {
  WallTime now = world.now();
  auto there = read_pair(world, base);
  if (there && issuer && !runtime::check_certified(*there, *issuer)) {
    world.log().write(runtime::LogLevel::warning, base + ".crt is not this authority's, or not its key's: made anew");
  } else if (there) {
    auto facts = runtime::read_certificate(there->certificate_pem);
    auto has_all = [](const std::vector<std::string>& have, const std::vector<std::string>& want) {
      return std::all_of(want.begin(), want.end(),
                         [&](const auto& w) { return std::find(have.begin(), have.end(), w) != have.end(); });
    };
    bool good = facts && facts->not_before <= now && facts->not_after > now + 24h * 30 &&
                has_all(facts->dns_names, request.dns_names) && has_all(facts->ip_addresses, request.ip_addresses);
    if (good) return there;
  } else if (!there.error().is(ErrorKind::not_found)) {
    return there.error();
  }
  request.not_before = now - 25h;  // good also when the clock is set back
  request.not_after = now + (request.ca ? year * 10 : year);
  auto pair = runtime::issue_certificate(request, issuer, world.random());
  if (!pair) return std::move(pair).error().context("making " + base + ".crt");
  OR_RETURN(write_pair(world, base, *pair));
  return pair;
}

Result<std::string> inline_or_file(World& world, const Value& object, const std::string& field,
                                   const std::string& directory) {
  if (auto data = object[field + "-data"].as_string(); !data.empty()) return base::base64_decode(data);
  std::string path = object[field].str();
  if (path.empty()) return std::string();
  if (!path.starts_with('/')) path = directory + "/" + path;
  return world.files().read(path);
}

const Value& named(const Value& list, std::string_view name, const char* what) {
  static const Value none;
  for (const Value& entry : list.items()) {
    if (entry["name"].as_string() == name) return entry[what];
  }
  return none;
}

}  // namespace

Result<Pki> open_pki(World& world, PkiOptions options) {
  OR_RETURN(world.files().make_directories(options.directory, 0700));
  runtime::CertificateRequest ca{.common_name = "slipway-ca", .ca = true};
  auto ca_pair = OR_RETURN(read_authority(world, options.directory));
  if (!ca_pair) ca_pair = OR_RETURN(keep_or_issue(world, options.directory + "/ca", ca, nullptr));
  runtime::CertificateRequest server{.common_name = "kube-apiserver", .server = true};
  for (const auto& name : options.server_names) (is_ip(name) ? server.ip_addresses : server.dns_names).push_back(name);
  auto server_pair = keep_or_issue(world, options.directory + "/server", server, &*ca_pair);
  if (!server_pair) return server_pair.error();
  runtime::CertificateRequest admin{
      .common_name = "slipway-admin", .organizations = {"system:masters"}, .client = true};
  auto admin_pair = keep_or_issue(world, options.directory + "/admin", admin, &*ca_pair);
  if (!admin_pair) return admin_pair.error();
  runtime::CertificateRequest tokens{.common_name = "service-accounts"};
  auto token_pair = keep_or_issue(world, options.directory + "/service-accounts", tokens, &*ca_pair);
  if (!token_pair) return token_pair.error();
  return Pki{std::move(*ca_pair), std::move(*server_pair), std::move(*admin_pair), std::move(*token_pair)};
}

Value kubeconfig(std::string_view name, std::string_view server, std::string_view ca_pem,
                 const runtime::CertifiedKey& user) {
  Value cluster{{"server", server}, {"certificate-authority-data", base::base64_encode(ca_pem)}};
  Value credentials{{"client-certificate-data", base::base64_encode(user.certificate_pem)},
                    {"client-key-data", base::base64_encode(user.key_pem)}};
  return Value{
      {"apiVersion", "v1"},
      {"kind", "Config"},
      {"clusters", Value::array({Value{{"name", name}, {"cluster", cluster}}})},
      {"users", Value::array({Value{{"name", name}, {"user", credentials}}})},
      {"contexts", Value::array({Value{{"name", name}, {"context", Value{{"cluster", name}, {"user", name}}}}})},
      {"current-context", name}};
}

Result<Connection> read_kubeconfig(World& world, std::string path, std::string context) {
  auto text = world.files().read(path, 4 << 20);
  if (!text) return std::move(text).error().context("kubeconfig");
  auto config = value::parse_yaml(*text, path);
  if (!config) return std::move(config).error().context("kubeconfig");
  std::string directory = path.substr(0, path.rfind('/'));
  Connection connection;
  connection.context = context.empty() ? (*config)["current-context"].str() : context;
  const Value& ctx = named((*config)["contexts"], connection.context, "context");
  if (ctx.is_null())
    return fail(ErrorKind::bad_request, "kubeconfig {} has no context \"{}\"", path, connection.context);
  const Value& cluster = named((*config)["clusters"], ctx["cluster"].as_string(), "cluster");
  const Value& user = named((*config)["users"], ctx["user"].as_string(), "user");
  connection.server = cluster["server"].str();
  if (connection.server.empty()) {
    return fail(ErrorKind::bad_request, "kubeconfig {}: cluster \"{}\" has no server", path,
                ctx["cluster"].as_string());
  }
  for (const char* plugin : {"exec", "auth-provider"}) {
    if (user.has(plugin)) {
      return fail(ErrorKind::unsupported,
                  "kubeconfig {}: user \"{}\" logs in by {}, which Slipway does not run; use a client "
                  "certificate or a token",
                  path, ctx["user"].as_string(), plugin);
    }
  }
  connection.ns = ctx["namespace"].str("default");
  connection.proxy_url = cluster["proxy-url"].str();
  connection.tls.verify = !cluster["insecure-skip-tls-verify"].as_bool();
  connection.tls.server_name = cluster["tls-server-name"].str();
  connection.tls.ca_pem = OR_RETURN(inline_or_file(world, cluster, "certificate-authority", directory));
  connection.tls.own.certificate_pem = OR_RETURN(inline_or_file(world, user, "client-certificate", directory));
  connection.tls.own.key_pem = OR_RETURN(inline_or_file(world, user, "client-key", directory));
  connection.bearer_token = user["token"].str();
  if (auto file = user["tokenFile"].as_string(); connection.bearer_token.empty() && !file.empty()) {
    std::string token = OR_RETURN(world.files().read(std::string(file)));
    connection.bearer_token = std::string(base::trim(token));
  }
  return connection;
}

}  // namespace slipway::apiserver
