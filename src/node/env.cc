// Later sources win: services, then envFrom in order, then env in order. Values of env see everything before them.
#include "node/env.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "kinds/object.h"

namespace slipway::node {

namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

// Linux takes no longer argument and no longer NAME=value (MAX_ARG_STRLEN). Each variable may name those before it many
// times, so that thirty of them grow a thousand million times: what nobody can be given is not built up.
constexpr size_t kTextMax = 128 << 10;

// Up to some text past kTextMax, which is then too long for anybody.
template <class Find>
std::string expand_with(std::string_view text, Find find) {
  std::string out;
  for (size_t i = 0; i < text.size() && out.size() <= kTextMax; ++i) {
    if (text[i] != '$' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    char next = text[i + 1];
    size_t close = next == '(' ? text.find(')', i + 2) : std::string_view::npos;
    if (next == '$') {
      out += '$';
      ++i;
    } else if (close != std::string_view::npos) {
      std::string_view name = text.substr(i + 2, close - i - 2);
      const std::string* value = find(name);
      out += value ? std::string_view(*value) : text.substr(i, close - i + 1);
      i = close;
    } else {
      out += '$';
    }
  }
  return out;
}

// Since 1.34 every printable ASCII character but "=".
bool is_variable_name(std::string_view name) {
  if (name.empty()) return false;
  for (char c : name)
    if (c < ' ' || c > '~' || c == '=') return false;
  return true;
}

std::string kind_in_words(std::string_view kind) {
  return kind == "Secret" ? "secret" : "configmap";
}

Result<> add_from(const EnvInputs& in, const Value& source, Variables& vars) {
  bool secret = source.has("secretRef");
  const Value& ref = source[secret ? "secretRef" : "configMapRef"];
  std::string kind = secret ? "Secret" : "ConfigMap";
  const Value* object = in.lookup(kind, kinds::namespace_of(in.pod), ref["name"].as_string());
  if (!object) {
    if (ref["optional"].as_bool()) return {};
    return fail(ErrorKind::not_found, "{} \"{}\" not found", kind_in_words(kind), ref["name"].as_string());
  }
  std::string prefix = source["prefix"].str();
  for (const value::Member& m : (*object)["data"].members()) {
    std::string name = prefix + m.key.str();
    if (!is_variable_name(name)) continue;
    vars[name] = *entry_of(*object, m.key.view());
  }
  return {};
}

Result<std::optional<std::string>> key_value(const EnvInputs& in, const Value& ref, const char* kind) {
  std::string_view ns = kinds::namespace_of(in.pod), name = ref["name"].as_string(), key = ref["key"].as_string();
  const Value* object = in.lookup(kind, ns, name);
  bool optional = ref["optional"].as_bool();
  if (!object) {
    if (optional) return std::optional<std::string>();
    return fail(ErrorKind::not_found, "{} \"{}\" not found", kind_in_words(kind), name);
  }
  auto value = entry_of(*object, key);
  if (!value && !optional) return fail(ErrorKind::not_found, "couldn't find key {} in {} {}/{}", key, kind, ns, name);
  return value;
}

Result<std::optional<std::string>> value_from(const EnvInputs& in, const Value& from) {
  if (from.has("fieldRef")) return std::optional(OR_RETURN(field_value(in, from["fieldRef"]["fieldPath"].as_string())));
  if (from.has("resourceFieldRef")) return std::optional(OR_RETURN(resource_value(in, from["resourceFieldRef"])));
  if (from.has("configMapKeyRef")) return key_value(in, from["configMapKeyRef"], "ConfigMap");
  if (from.has("secretKeyRef")) return key_value(in, from["secretKeyRef"], "Secret");
  return fail(
      ErrorKind::unsupported,
      "valueFrom names no source that this node knows (fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef)");
}

std::string upper(std::string_view text) {
  std::string out;
  for (char c : text) out += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

// labels and annotations in a file: key="escaped value" lines
std::string formatted(const Value& map) {
  std::string out;
  for (const value::Member& m : map.members()) {
    if (!out.empty()) out += '\n';
    out += m.key.str() + "=\"";
    for (char c : m.value.as_string()) {
      if (c == '"' || c == '\\') out += '\\';
      if (c == '\n')
        out += "\\n";
      else
        out += c;
    }
    out += '"';
  }
  return out;
}

}  // namespace

Result<Environment> make_environment(const EnvInputs& in) {
  Variables services, vars;
  for (auto& [name, value] : service_environment(in.services)) services[name] = value;
  for (const Value& source : in.container["envFrom"].items()) OR_RETURN(add_from(in, source, vars));
  auto find = [&](std::string_view name) -> const std::string* {
    if (auto it = vars.find(name); it != vars.end()) return &it->second;
    if (auto it = services.find(name); it != services.end()) return &it->second;
    return nullptr;
  };
  for (const Value& e : in.container["env"].items()) {
    std::string name = e["name"].str();
    if (e["valueFrom"].is_object()) {
      auto value = OR_RETURN(value_from(in, e["valueFrom"]));
      if (value) vars[name] = std::move(*value);
    } else {
      vars[name] = expand_with(e["value"].as_string(), find);
    }
    if (auto it = vars.find(name); it != vars.end() && it->second.size() > kTextMax)
      return fail(ErrorKind::invalid, "env {}: longer than {} bytes, which no process can be given", name, kTextMax);
  }
  vars.merge(services);
  return Environment(vars.begin(), vars.end());
}

std::string expand(std::string_view text, const Environment& env) {
  return expand_with(text, [&](std::string_view name) -> const std::string* {
    auto at = std::ranges::lower_bound(env, name, {}, &Environment::value_type::first);
    return at != env.end() && at->first == name ? &at->second : nullptr;
  });
}

std::vector<std::string> expand_each(const Value& list, const Environment& env) {
  std::vector<std::string> out;
  for (const Value& v : list.items()) out.push_back(expand(v.as_string(), env));
  return out;
}

Result<std::string> field_value(const EnvInputs& in, std::string_view path) {
  const Value& pod = in.pod;
  for (const char* map : {"labels", "annotations"}) {
    std::string whole = std::string("metadata.") + map;
    if (path == whole) return formatted(pod["metadata"][map]);
    if (path.starts_with(whole + "['") && path.ends_with("']")) {
      std::string_view key = path.substr(whole.size() + 2, path.size() - whole.size() - 4);
      return pod["metadata"][map][key].str();
    }
  }
  if (path == "metadata.name") return pod["metadata"]["name"].str();
  if (path == "metadata.namespace") return pod["metadata"]["namespace"].str();
  if (path == "metadata.uid") return pod["metadata"]["uid"].str();
  if (path == "spec.nodeName") return in.node_name;
  if (path == "spec.serviceAccountName") return pod["spec"]["serviceAccountName"].str();
  if (path == "status.hostIP") return in.host_ips.empty() ? std::string() : in.host_ips.front();
  if (path == "status.hostIPs") return base::join(in.host_ips, ",");
  if (path == "status.podIP") return in.pod_ips.empty() ? std::string() : in.pod_ips.front();
  if (path == "status.podIPs") return base::join(in.pod_ips, ",");
  return fail(ErrorKind::invalid, "unsupported fieldPath: {}", path);
}

Result<std::string> resource_value(const EnvInputs& in, const Value& reference) {
  const Value* container = &in.container;
  if (std::string_view name = reference["containerName"].as_string(); !name.empty()) {
    container = nullptr;
    for (const char* list : {"containers", "initContainers"})
      for (const Value& c : in.pod["spec"][list].items())
        if (c["name"].as_string() == name) container = &c;
    if (!container) return fail(ErrorKind::invalid, "container {} not found", name);
  }
  std::string_view path = reference["resource"].as_string();
  size_t dot = path.find('.');
  std::string_view list = path.substr(0, dot), name = dot == std::string_view::npos ? "" : path.substr(dot + 1);
  if ((list != "limits" && list != "requests") || name.empty())
    return fail(ErrorKind::invalid, "unsupported container resource : {}", path);
  auto quantity = kinds::Quantity::parse((*container)["resources"][list][name].as_string());
  auto divisor = kinds::Quantity::parse(reference["divisor"].is_string() ? reference["divisor"].as_string() : "1");
  bool cpu = name == "cpu";
  int64_t amount = quantity ? (cpu ? quantity->milli() : quantity->value()) : 0;
  if (amount == 0 && list == "limits")
    amount = cpu                           ? in.node.cpu_milli
             : name == "memory"            ? in.node.memory_bytes
             : name == "ephemeral-storage" ? in.node.ephemeral_bytes
                                           : 0;
  int64_t unit = divisor ? (cpu ? divisor->milli() : divisor->value()) : 0;
  if (unit <= 0) unit = cpu ? 1000 : 1;
  return std::to_string((amount + unit - 1) / unit);
}

Environment service_environment(const std::vector<Value>& services) {
  Environment env;
  for (const Value& s : services) {
    std::string ip = s["spec"]["clusterIP"].str();
    if (ip.empty() || ip == "None" || s["spec"]["ports"].empty()) continue;
    std::string name = upper(kinds::name_of(s));
    const Value& first = s["spec"]["ports"][0];
    env.emplace_back(name + "_SERVICE_HOST", ip);
    env.emplace_back(name + "_SERVICE_PORT", std::to_string(first["port"].as_int()));
    bool is_first = true;
    for (const Value& p : s["spec"]["ports"].items()) {
      std::string port = std::to_string(p["port"].as_int()), protocol = upper(p["protocol"].as_string("TCP"));
      std::string url = base::to_lower(protocol) + "://" + ip + ":" + port,
                  stem = name + "_PORT_" + port + "_" + protocol;
      if (!p["name"].as_string().empty())
        env.emplace_back(name + "_SERVICE_PORT_" + upper(p["name"].as_string()), port);
      if (std::exchange(is_first, false)) env.emplace_back(name + "_PORT", url);
      env.emplace_back(stem, url);
      env.emplace_back(stem + "_PROTO", base::to_lower(protocol));
      env.emplace_back(stem + "_PORT", port);
      env.emplace_back(stem + "_ADDR", ip);
    }
  }
  return env;
}

std::optional<std::string> entry_of(const Value& object, std::string_view key) {
  bool secret = object["kind"].as_string() == "Secret";
  const Value* plain = object["data"].find(key);
  const Value* encoded = secret ? plain : object["binaryData"].find(key);
  if (plain && !secret) return plain->str();
  if (!encoded) return std::nullopt;
  auto bytes = base::base64_decode(encoded->as_string());
  return bytes ? std::optional(std::move(*bytes)) : std::nullopt;
}

}  // namespace slipway::node
