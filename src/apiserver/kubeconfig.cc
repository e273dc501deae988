#include "apiserver/kubeconfig.h"

#include "base/text.h"
#include "value/yaml.h"

namespace slipway::apiserver {

namespace {

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
