// configMap, secret, downwardAPI and projected: from objects to files.
#include "base/text.h"
#include "kinds/object.h"
#include "node/tokens.h"
#include "node/volumes/volumes.h"

namespace slipway::node::volumes {

namespace {

uint32_t mode_of(const Value& item, const Value& source, uint32_t fallback) {
  if (item["mode"].is_number()) return static_cast<uint32_t>(item["mode"].as_int());
  if (source["defaultMode"].is_number()) return static_cast<uint32_t>(source["defaultMode"].as_int());
  return fallback;
}

Result<> add(Payload& payload, std::string path, PayloadFile file) {
  for (std::string_view step : base::split(path, '/'))
    if (step == ".." || step.empty())
      return fail(ErrorKind::invalid, "invalid path: {}: must not contain '..' or be absolute", path);
  payload[std::move(path)] = std::move(file);
  return {};
}

// ConfigMap and Secret differ in their names and where the name stands.
Result<> add_object(const EnvInputs& in, const Value& source, const char* kind, std::string_view name,
                    uint32_t fallback_mode, Payload& payload) {
  bool secret = std::string_view(kind) == "Secret", optional = source["optional"].as_bool();
  std::string_view ns = kinds::namespace_of(in.pod);
  const Value* object = in.lookup(kind, ns, name);
  if (!object) {
    if (optional) return {};
    return fail(ErrorKind::not_found, "{} \"{}\" not found", secret ? "secret" : "configmap", name);
  }
  if (source["items"].empty()) {
    for (const char* map : {"data", "binaryData"})
      for (const value::Member& m : (*object)[map].members()) {
        auto bytes = entry_of(*object, m.key.view());
        if (bytes) OR_RETURN(add(payload, m.key.str(), {std::move(*bytes), mode_of(Value(), source, fallback_mode)}));
      }
    return {};
  }
  for (const Value& item : source["items"].items()) {
    auto bytes = entry_of(*object, item["key"].as_string());
    if (!bytes) {
      if (optional) continue;
      return fail(ErrorKind::not_found, "references non-existent {} key: {}", secret ? "secret" : "config",
                  item["key"].as_string());
    }
    OR_RETURN(add(payload, item["path"].str(), {std::move(*bytes), mode_of(item, source, fallback_mode)}));
  }
  return {};
}

Result<> add_downward(const EnvInputs& in, const Value& source, uint32_t fallback_mode, Payload& payload) {
  for (const Value& item : source["items"].items()) {
    std::string text = item.has("fieldRef") ? OR_RETURN(field_value(in, item["fieldRef"]["fieldPath"].as_string()))
                                            : OR_RETURN(resource_value(in, item["resourceFieldRef"]));
    OR_RETURN(add(payload, item["path"].str(), {std::move(text), mode_of(item, source, fallback_mode)}));
  }
  return {};
}

}  // namespace

Result<Payload> payload_of(const EnvInputs& in, const Value& volume) {
  Payload payload;
  if (const Value* source = volume.find("configMap")) {
    OR_RETURN(add_object(in, *source, "ConfigMap", (*source)["name"].as_string(), 0644, payload));
  } else if (const Value* source = volume.find("secret")) {
    OR_RETURN(add_object(in, *source, "Secret", (*source)["secretName"].as_string(), 0644, payload));
  } else if (const Value* source = volume.find("downwardAPI")) {
    OR_RETURN(add_downward(in, *source, 0644, payload));
  } else if (const Value* projected = volume.find("projected")) {
    uint32_t mode = mode_of(Value(), *projected, 0644);
    for (const Value& source : (*projected)["sources"].items()) {
      if (const Value* map = source.find("configMap")) {
        OR_RETURN(add_object(in, *map, "ConfigMap", (*map)["name"].as_string(), mode, payload));
      } else if (const Value* secret = source.find("secret")) {
        OR_RETURN(add_object(in, *secret, "Secret", (*secret)["name"].as_string(), mode, payload));
      } else if (const Value* fields = source.find("downwardAPI")) {
        OR_RETURN(add_downward(in, *fields, mode, payload));
      } else if (const Value* token = source.find("serviceAccountToken")) {
        auto found = in.tokens.find(token_key(*token));
        if (found == in.tokens.end())
          return fail(ErrorKind::unsupported, "no token of service account {}",
                      in.pod["spec"]["serviceAccountName"].str("default"));
        OR_RETURN(add(payload, (*token)["path"].str(), {found->second, mode}));
      } else {
        std::string name = source.members().empty() ? "(empty)" : source.members()[0].key.str();
        return fail(ErrorKind::unsupported, "projected volume source {} is not supported yet", name);
      }
    }
  }
  return payload;
}

}  // namespace slipway::node::volumes
