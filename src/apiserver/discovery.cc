#include "apiserver/discovery.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "cluster/cluster.h"
#include "kinds/protobuf.h"
#include "runtime/digest.h"

namespace slipway::apiserver {

namespace {

// Groups in the order in which Kubernetes lists them; kubectl resolves ambiguous short names by it. Others follow by
// name.
constexpr std::string_view group_order[] = {"apiregistration.k8s.io",
                                            "apps",
                                            "events.k8s.io",
                                            "authentication.k8s.io",
                                            "authorization.k8s.io",
                                            "autoscaling",
                                            "batch",
                                            "certificates.k8s.io",
                                            "networking.k8s.io",
                                            "policy",
                                            "rbac.authorization.k8s.io",
                                            "storage.k8s.io",
                                            "admissionregistration.k8s.io",
                                            "apiextensions.k8s.io",
                                            "scheduling.k8s.io",
                                            "coordination.k8s.io",
                                            "node.k8s.io",
                                            "discovery.k8s.io",
                                            "resource.k8s.io",
                                            "flowcontrol.apiserver.k8s.io"};

size_t rank(std::string_view group) {
  return static_cast<size_t>(std::find(std::begin(group_order), std::end(group_order), group) -
                             std::begin(group_order));
}

// "v2" before "v1" before "v1beta1", as Kubernetes ranks versions.
bool newer_version(std::string_view a, std::string_view b) {
  auto weigh = [](std::string_view v) {
    int stage = v.find("alpha") != v.npos ? 0 : v.find("beta") != v.npos ? 1 : 2;
    int major = v.size() > 1 ? std::atoi(std::string(v.substr(1)).c_str()) : 0;
    return std::pair(stage, major);
  };
  return weigh(a) > weigh(b);
}

struct Group {
  std::string name;
  std::vector<std::pair<std::string, std::vector<const kinds::Kind*>>> versions;  // preferred first; kinds by plural
};

std::vector<Group> groups(const kinds::Catalog& catalog) {
  std::map<std::string, std::map<std::string, std::vector<const kinds::Kind*>>> tree;
  for (const kinds::Kind* kind : catalog.all()) {
    if (!kind->verbs.empty()) tree[kind->id.group][kind->id.version].push_back(kind);
  }
  std::vector<Group> list;
  for (auto& [name, versions] : tree) {
    Group group{name, {}};
    for (auto& [version, kinds] : versions) {
      std::sort(kinds.begin(), kinds.end(), [](const auto* a, const auto* b) { return a->plural < b->plural; });
      group.versions.emplace_back(version, std::move(kinds));
    }
    std::sort(group.versions.begin(), group.versions.end(),
              [](const auto& a, const auto& b) { return newer_version(a.first, b.first); });
    list.push_back(std::move(group));
  }
  std::sort(list.begin(), list.end(), [](const Group& a, const Group& b) {
    return std::pair(rank(a.name), a.name) < std::pair(rank(b.name), b.name);
  });
  return list;
}

Value strings(const std::vector<std::string>& list) {
  ArrayBuilder array;
  for (const auto& text : list) array.push(text);
  return array.build();
}

Value strings(const std::vector<std::string_view>& list) {
  ArrayBuilder array;
  for (auto text : list) array.push(text);
  return array.build();
}

Value group_version(const std::string& group, const std::string& version) {
  return Value{{"groupVersion", group.empty() ? version : group + "/" + version}, {"version", version}};
}

Value legacy_group(const Group& group) {
  ArrayBuilder versions;
  for (const auto& [version, _] : group.versions) versions.push(group_version(group.name, version));
  return Value{{"name", group.name},
               {"versions", versions.build()},
               {"preferredVersion", group_version(group.name, group.versions.front().first)}};
}

std::vector<std::string> sorted(std::vector<std::string> list) {
  std::sort(list.begin(), list.end());
  return list;
}

Value discovered(const kinds::Kind& kind) {
  auto response_kind = [](std::string_view group, std::string_view version, std::string_view name) {
    return Value{{"group", group}, {"version", version}, {"kind", name}};
  };
  ObjectBuilder resource;
  resource.set("resource", kind.plural);
  // Built-in kinds leave group and version to the client.
  resource.set("responseKind",
               response_kind(kind.builtin ? "" : kind.id.group, kind.builtin ? "" : kind.id.version, kind.id.kind));
  resource.set("scope", kind.namespaced ? "Namespaced" : "Cluster").set("singularResource", kind.singular);
  resource.set("verbs", strings(kind.verbs)).set_unless_empty("shortNames", strings(kind.short_names));
  resource.set_unless_empty("categories", strings(kind.categories));
  ArrayBuilder subresources;
  for (const auto& name : sorted(kind.subresources)) {
    Subresource sub = describe_subresource(kind, name);
    subresources.push(Value{{"subresource", name},
                            {"responseKind", response_kind(sub.group, sub.version, sub.kind)},
                            {"verbs", strings(sub.verbs)}});
  }
  resource.set_unless_empty("subresources", subresources.build());
  return resource.build();
}

}  // namespace

Subresource describe_subresource(const kinds::Kind& kind, std::string_view name) {
  static const std::vector<std::string_view> read_write = {"get", "patch", "update"};
  if (name == "scale") return {"autoscaling", "v1", "Scale", read_write};
  if (name == "binding") return {"", "", "Binding", {"create"}};
  if (name == "eviction") return {"policy", "v1", "Eviction", {"create"}};
  if (name == "token") return {"authentication.k8s.io", "v1", "TokenRequest", {"create"}};
  if (name == "finalize" || name == "approval") {
    return {"", "", kind.id.kind, name == "finalize" ? std::vector<std::string_view>{"update"} : read_write};
  }
  if (name == "log") return {"", "", kind.id.kind, {"get"}};
  if (name == "attach") return {"", "", "PodAttachOptions", {"create", "get"}};
  if (name == "exec") return {"", "", "PodExecOptions", {"create", "get"}};
  if (name == "portforward") return {"", "", "PodPortForwardOptions", {"create", "get"}};
  if (name == "proxy") {
    std::string_view options = kind.id.kind == "Pod"    ? "PodProxyOptions"
                               : kind.id.kind == "Node" ? "NodeProxyOptions"
                                                        : "ServiceProxyOptions";
    return {"", "", options, {"create", "delete", "get", "patch", "update"}};
  }
  return {"", "", kind.id.kind, read_write};
}

Value version_info() {
  return Value{{"major", "1"},
               {"minor", "35"},
               {"emulationMajor", "1"},
               {"emulationMinor", "35"},
               {"minCompatibilityMajor", "1"},
               {"minCompatibilityMinor", "34"},
               {"gitVersion", std::string(cluster::kubernetes_version)},
               {"gitCommit", ""},
               {"gitTreeState", "clean"},
               {"buildDate", "1970-01-01T00:00:00Z"},
               {"goVersion", "none"},
               {"compiler", "clang"},
#if defined(__aarch64__)
               {"platform", "linux/arm64"}};
#else
               {"platform", "linux/amd64"}};
#endif
}

Value api_versions(std::string_view server_address) {
  return Value{{"kind", "APIVersions"},
               {"versions", Value::array({Value("v1")})},
               {"serverAddressByClientCIDRs",
                Value::array({Value{{"clientCIDR", "0.0.0.0/0"}, {"serverAddress", server_address}}})}};
}

Value api_group_list(const kinds::Catalog& catalog) {
  ArrayBuilder list;
  for (const Group& group : groups(catalog)) {
    if (!group.name.empty()) list.push(legacy_group(group));
  }
  return Value{{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", list.build()}};
}

std::optional<Value> api_group(const kinds::Catalog& catalog, std::string_view name) {
  for (const Group& group : groups(catalog)) {
    if (group.name == name && !name.empty()) {
      return legacy_group(group).with_member("kind", "APIGroup").with_member("apiVersion", "v1");
    }
  }
  return std::nullopt;
}

// Clients that move objects to a new storage version look at this: it is the stored version, hashed as upstream does.
static std::string storage_version_hash(const kinds::Kind& kind) {
  bool event = kind.id.kind == "Event";  // stored as core's
  std::string stored = fmt::format("{}/{}/{}", event ? "" : kind.id.group, kind.id.version, kind.id.kind);
  return base::base64_encode(runtime::sha256(stored).substr(0, 8));
}

std::optional<Value> api_resource_list(const kinds::Catalog& catalog, std::string_view group,
                                       std::string_view version) {
  std::vector<const kinds::Kind*> kinds;
  for (const kinds::Kind* kind : catalog.all()) {
    if (kind->id.group == group && kind->id.version == version && !kind->verbs.empty()) kinds.push_back(kind);
  }
  if (kinds.empty()) return std::nullopt;
  std::sort(kinds.begin(), kinds.end(), [](const auto* a, const auto* b) { return a->plural < b->plural; });
  ArrayBuilder resources;
  for (const kinds::Kind* kind : kinds) {
    ObjectBuilder resource;
    resource.set("name", kind->plural).set("singularName", kind->singular).set("namespaced", kind->namespaced);
    resource.set("kind", kind->id.kind).set("verbs", strings(kind->verbs));
    resource.set_unless_empty("shortNames", strings(kind->short_names))
        .set_unless_empty("categories", strings(kind->categories));
    resource.set("storageVersionHash", storage_version_hash(*kind));
    resources.push(resource.build());
    for (const auto& name : sorted(kind->subresources)) {
      Subresource sub = describe_subresource(*kind, name);
      ObjectBuilder entry;
      entry.set("name", kind->plural + "/" + name).set("singularName", "").set("namespaced", kind->namespaced);
      entry.set_unless_empty("group", sub.group).set_unless_empty("version", sub.version);
      entry.set("kind", sub.kind).set("verbs", strings(sub.verbs));
      resources.push(entry.build());
    }
  }
  std::string gv = group.empty() ? std::string(version) : fmt::format("{}/{}", group, version);
  ObjectBuilder list;
  list.set("kind", "APIResourceList").set("groupVersion", gv).set("resources", resources.build());
  if (!group.empty()) list.set("apiVersion", "v1");
  return list.build();
}

Value aggregated_discovery(const kinds::Catalog& catalog, bool core) {
  ArrayBuilder items;
  for (const Group& group : groups(catalog)) {
    if (group.name.empty() != core) continue;
    ArrayBuilder versions;
    for (const auto& [version, kinds] : group.versions) {
      ArrayBuilder resources;
      for (const kinds::Kind* kind : kinds) resources.push(discovered(*kind));
      versions.push(Value{{"version", version}, {"resources", resources.build()}, {"freshness", "Current"}});
    }
    Value metadata = core ? Value::object() : Value{{"name", group.name}};
    items.push(Value{{"metadata", metadata}, {"versions", versions.build()}});
  }
  return Value{{"kind", "APIGroupDiscoveryList"},
               {"apiVersion", "apidiscovery.k8s.io/v2"},
               {"metadata", Value::object()},
               {"items", items.build()}};
}

std::string aggregated_protobuf(const Value& list) {
  static const kinds::Type& list_meta = *kinds::builtin_type("io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta");
  static const kinds::Type& group = *kinds::builtin_type("io.k8s.api.apidiscovery.v2.APIGroupDiscovery");
  std::string message, part, out;
  kinds::append_protobuf(part, list_meta, list["metadata"]);
  kinds::append_field(message, 1, part);
  for (const Value& item : list["items"].items()) {
    part.clear();
    kinds::append_protobuf(part, group, item);
    kinds::append_field(message, 2, part);
  }
  kinds::append_envelope(out, list["apiVersion"].as_string(), list["kind"].as_string(), message);
  return out;
}

}  // namespace slipway::apiserver
