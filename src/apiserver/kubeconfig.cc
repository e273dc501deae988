#include "apiserver/kubeconfig.h"

#include <optional>

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

struct Named {
  Value value;            // null: nobody says it
  std::string directory;  // where paths in it begin
};

Named named(const Kubeconfig& kubeconfig, const char* list, std::string_view name, const char* what) {
  for (const KubeconfigFile& file : kubeconfig)
    for (const Value& entry : file.config[list].items())
      if (entry["name"].as_string() == name) return {entry[what], file.path.substr(0, file.path.rfind('/'))};
  return {};
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

Result<Kubeconfig> load_kubeconfig(World& world, const std::vector<std::string>& paths) {
  Kubeconfig out;
  std::optional<Error> absent;
  for (const std::string& path : paths) {
    auto text = world.files().read(path, 4 << 20);
    if (!text) {
      if (!text.failed_with(ErrorKind::not_found)) return std::move(text).error().context("kubeconfig");
      if (!absent) absent = std::move(text).error().context("kubeconfig");
      continue;
    }
    auto config = value::parse_yaml(*text, path);
    if (!config) return std::move(config).error().context("kubeconfig");
    out.push_back({path, std::move(*config)});
  }
  if (out.empty() && absent) return std::move(*absent);
  return out;
}

std::string current_context(const Kubeconfig& kubeconfig) {
  for (const KubeconfigFile& file : kubeconfig)
    if (std::string said = file.config["current-context"].str(); !said.empty()) return said;
  return {};
}

std::string namespace_in(const Kubeconfig& kubeconfig, std::string context) {
  if (context.empty()) context = current_context(kubeconfig);
  return named(kubeconfig, "contexts", context, "context").value["namespace"].str();
}

Result<Connection> read_kubeconfig(World& world, std::string path, std::string context) {
  return connection_in(world, OR_RETURN(load_kubeconfig(world, {std::move(path)})), std::move(context));
}

Result<Connection> connection_in(World& world, const Kubeconfig& kubeconfig, std::string context) {
  std::string path;  // of all of them, for messages
  for (const KubeconfigFile& file : kubeconfig) path += (path.empty() ? "" : ":") + file.path;
  Connection connection;
  connection.context = context.empty() ? current_context(kubeconfig) : context;
  const Value ctx = named(kubeconfig, "contexts", connection.context, "context").value;
  if (ctx.is_null())
    return fail(ErrorKind::bad_request, "kubeconfig {} has no context \"{}\"", path, connection.context);
  const auto [cluster, cluster_directory] = named(kubeconfig, "clusters", ctx["cluster"].as_string(), "cluster");
  const auto [user, user_directory] = named(kubeconfig, "users", ctx["user"].as_string(), "user");
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
  connection.tls.ca_pem = OR_RETURN(inline_or_file(world, cluster, "certificate-authority", cluster_directory));
  connection.tls.own.certificate_pem = OR_RETURN(inline_or_file(world, user, "client-certificate", user_directory));
  connection.tls.own.key_pem = OR_RETURN(inline_or_file(world, user, "client-key", user_directory));
  connection.bearer_token = user["token"].str();
  if (auto file = user["tokenFile"].as_string(); connection.bearer_token.empty() && !file.empty()) {
    std::string token = OR_RETURN(world.files().read(std::string(file)));
    connection.bearer_token = std::string(base::trim(token));
  }
  return connection;
}

}  // namespace slipway::apiserver
