#include <map>
#include <set>

#include "base/text.h"
#include "check/rules.h"
#include "kinds/object.h"
#include "kinds/pod_template.h"
#include "value/json.h"

namespace slipway::check {
namespace {

using render::RenderedObject;

// Null when the object makes no pods.
const Value& pod_template(const Value& object) {
  std::string_view kind = kinds::kind_of(object);
  auto [own, of_workload, of_cron_job] = kinds::pod_templates(object);
  if (kind == "Pod") return *own;
  if (kind == "CronJob") return *of_cron_job;
  for (std::string_view has : {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "ReplicationController"})
    if (kind == has) return *of_workload;
  static const Value none;
  return none;
}

std::vector<Value> containers_of(const Value& pod_spec) {
  std::vector<Value> all;
  for (const char* list : {"initContainers", "containers"})
    for (const Value& container : pod_spec[list].items()) all.push_back(container);
  return all;
}

// Did you mean another one of that kind?
std::string nearest_name(const Subject& subject, std::string_view kind, std::string_view ns, std::string_view name,
                         std::string otherwise) {
  auto near = subject.objects.nearest_name(kind, ns, name);
  return near ? fmt::format("did you mean \"{}\"?", *near) : otherwise;
}

// ---- ConfigMaps and Secrets ----

// A ConfigMap or Secret that somebody here holds or makes: its keys, as far as they can be told.
struct Source {
  std::set<std::string> keys;
  bool all_keys_known = true;
};
using Sources = std::map<std::tuple<std::string, std::string, std::string>, Source>;  // kind, namespace, name

// What other kinds make a Secret, and where they say its name; empty: it has their own.
struct Maker {
  const char *kind, *name_path, *keys_path;
};
constexpr Maker makers[] = {
    {"SealedSecret", "/spec/template/metadata/name", "/spec/encryptedData"},
    {"ExternalSecret", "/spec/target/name", ""},
    {"Certificate", "/spec/secretName", ""},
    {"InfisicalSecret", "/spec/managedSecretReference/secretName", ""},
    {"VaultStaticSecret", "/spec/destination/name", ""},
};

void add_keys(const Value& members, Source& source) {
  for (const auto& [key, value] : members.members()) source.keys.emplace(key.view());
}

Sources sources_of(const Subject& subject) {
  Sources sources;
  for (const auto& rendered : subject.rendered.objects) {
    const Value& o = rendered.object;
    std::string kind(kinds::kind_of(o)), ns(kinds::namespace_of(o)), name(kinds::name_of(o));
    if (kind == "ConfigMap" || kind == "Secret") {
      Source& source = sources[{kind, ns, name}];
      for (const char* field : {"data", "binaryData", "stringData"}) add_keys(o[field], source);
    }
    for (const Maker& maker : makers) {
      if (kind != maker.kind) continue;
      std::string told = o.at(maker.name_path).str();
      Source& source = sources[{"Secret", ns, told.empty() ? name : told}];
      source.all_keys_known = *maker.keys_path != '\0';
      if (source.all_keys_known) add_keys(o.at(maker.keys_path), source);
    }
  }
  return sources;
}

struct Reference {
  std::string kind, name, key, said;  // key: empty when all are taken; said: "env DB_URL of container web"
};

void add_reference(std::vector<Reference>& out, const char* kind, const Value& reference, const char* name,
                   std::string said) {
  if (!reference.is_object() || reference["optional"].as_bool()) return;
  out.push_back({kind, reference[name].str(), reference["key"].str(), std::move(said)});
}

std::vector<Reference> references_of(const Value& pod_spec) {
  std::vector<Reference> out;
  for (const Value& container : containers_of(pod_spec)) {
    std::string of = fmt::format("container {}", container["name"].as_string());
    for (const Value& from : container["envFrom"].items()) {
      add_reference(out, "ConfigMap", from["configMapRef"], "name", "envFrom of " + of);
      add_reference(out, "Secret", from["secretRef"], "name", "envFrom of " + of);
    }
    for (const Value& env : container["env"].items()) {
      std::string said = fmt::format("env {} of {}", env["name"].as_string(), of);
      add_reference(out, "ConfigMap", env["valueFrom"]["configMapKeyRef"], "name", said);
      add_reference(out, "Secret", env["valueFrom"]["secretKeyRef"], "name", said);
    }
  }
  for (const Value& volume : pod_spec["volumes"].items()) {
    std::string said = fmt::format("volume {}", volume["name"].as_string());
    add_reference(out, "ConfigMap", volume["configMap"], "name", said);
    add_reference(out, "Secret", volume["secret"], "secretName", said);
    for (const Value& part : volume["projected"]["sources"].items()) {
      add_reference(out, "ConfigMap", part["configMap"], "name", said);
      add_reference(out, "Secret", part["secret"], "name", said);
    }
  }
  for (const Value& secret : pod_spec["imagePullSecrets"].items())
    add_reference(out, "Secret", secret, "name", "imagePullSecrets");
  return out;
}

// ---- services and ports ----

bool has_port(const Value& service, const Value& port) {
  for (const Value& p : service["spec"]["ports"].items())
    if (port.is_string() ? p["name"] == port : p["port"] == port) return true;
  return false;
}

void check_backend(const Subject& subject, const RenderedObject& about, std::string_view name, const Value& port,
                   Findings& out) {
  std::string_view ns = kinds::namespace_of(about.object);
  if (name.empty()) return;
  const RenderedObject* service = subject.objects.find("Service", ns, name);
  if (!service) {
    out.push_back(finding(Severity::warning, "missing-service", about,
                          fmt::format("it sends requests to the Service {}, which is not here", name),
                          nearest_name(subject, "Service", ns, name, "")));
  } else if (!port.is_null() && service->object["spec"]["type"].as_string() != "ExternalName" &&
             !has_port(service->object, port)) {
    out.push_back(finding(
        Severity::error, "missing-port", about,
        fmt::format("the Service {} has no port {}", name, port.is_string() ? port.str() : value::to_json(port)),
        fmt::format("see the ports in {}", service->origin.str())));
  }
}

}  // namespace

void check_config_references(const Subject& subject, Findings& out) {
  Sources sources = sources_of(subject);
  std::map<std::tuple<std::string, std::string, std::string>, std::pair<Finding, std::set<std::string>>> missing;
  for (const auto& rendered : subject.rendered.objects) {
    std::string ns(kinds::namespace_of(rendered.object));
    for (const Reference& r : references_of(pod_template(rendered.object)["spec"])) {
      if (r.name.empty() || r.name == "kube-root-ca.crt") continue;
      auto source = sources.find({r.kind, ns, r.name});
      if (source == sources.end()) {
        Finding found = finding(Severity::warning, r.kind == "Secret" ? "missing-secret" : "missing-configmap",
                                rendered, fmt::format("{} needs the {} {}, which is not here", r.said, r.kind, r.name));
        std::string object = found.object;
        auto [first, fresh] = missing.try_emplace({r.kind, ns, r.name}, std::move(found), std::set<std::string>());
        auto& [told, others] = first->second;
        if (fresh) told.fix = nearest_name(subject, r.kind, ns, r.name, "its pods wait until somebody makes it");
        if (object != told.object) others.insert(object);
      } else if (!r.key.empty() && source->second.all_keys_known && !source->second.keys.contains(r.key)) {
        std::vector<std::string> keys(source->second.keys.begin(), source->second.keys.end());
        auto near = base::nearest(r.key, keys);
        out.push_back(finding(Severity::error, "missing-key", rendered,
                              fmt::format("{} needs the key {} of the {} {}", r.said, r.key, r.kind, r.name),
                              near ? fmt::format("did you mean \"{}\"?", *near)
                                   : fmt::format("it has {}", keys.empty() ? "none" : base::join(keys, ", "))));
      }
    }
  }
  for (auto& [key, told] : missing) {  // once, with all who wait for it
    auto& [found, others] = told;
    if (!others.empty())
      found.message += fmt::format("; so {} {}", others.size() == 1 ? "does" : "do",
                                   base::join(std::vector<std::string>(others.begin(), others.end()), ", "));
    out.push_back(std::move(found));
  }
}

namespace {

// What makes pods, by the labels that it gives them.
class PodMakers {
 public:
  explicit PodMakers(const Subject& subject) {
    for (const RenderedObject& workload : subject.rendered.objects) {
      const Value& pods = pod_template(workload.object);
      if (pods.is_null()) continue;
      std::string ns(kinds::namespace_of(workload.object));
      namespaces_.insert(ns);
      for (const auto& [key, text] : pods["metadata"]["labels"].members())
        by_label_[{ns, key.str(), text.str()}].push_back(&pods);
    }
  }
  bool any_in(std::string_view ns) const { return namespaces_.contains(ns); }
  // The templates that a selector of labels, at least one, matches.
  std::vector<const Value*> matching(std::string_view ns, const Value& labels) const {
    const std::vector<const Value*>* fewest = nullptr;
    for (const auto& [key, text] : labels.members()) {
      auto there = by_label_.find({std::string(ns), key.str(), text.str()});
      if (there == by_label_.end()) return {};
      if (!fewest || there->second.size() < fewest->size()) fewest = &there->second;
    }
    std::vector<const Value*> out;
    auto selector = kinds::Selector::from_map(labels);
    for (const Value* pods : *fewest)
      if (selector.matches((*pods)["metadata"]["labels"])) out.push_back(pods);
    return out;
  }

 private:
  std::set<std::string, std::less<>> namespaces_;
  std::map<std::tuple<std::string, std::string, std::string>, std::vector<const Value*>> by_label_;
};

}  // namespace

void check_service_selectors(const Subject& subject, Findings& out) {
  PodMakers makers(subject);
  for (const auto& service : subject.rendered.objects) {
    const Value& wanted = service.object["spec"]["selector"];
    if (kinds::kind_of(service.object) != "Service" || wanted.members().empty()) continue;
    std::string_view ns = kinds::namespace_of(service.object);
    bool makes_pods = makers.any_in(ns);
    auto all = makers.matching(ns, wanted);
    bool any = !all.empty();
    std::set<std::string> names;
    for (const Value* pods : all)
      for (const Value& container : containers_of((*pods)["spec"]))
        for (const Value& port : container["ports"].items()) names.insert(port["name"].str());
    if (!makes_pods) continue;
    if (!any) {
      out.push_back(finding(
          Severity::warning, "service-without-pods", service,
          fmt::format("its selector {} matches no pods that are made here", kinds::Selector::from_map(wanted).str()),
          "compare it with the labels of the pod template"));
      continue;
    }
    for (const Value& port : service.object["spec"]["ports"].items()) {
      const Value& target = port["targetPort"];
      if (!target.is_string() || names.contains(target.str())) continue;
      out.push_back(finding(Severity::error, "missing-port", service,
                            fmt::format("its targetPort \"{}\" is the name of no port of the pods", target.as_string()),
                            "name the container's port so, or write its number"));
    }
  }
}

void check_backends(const Subject& subject, Findings& out) {
  for (const auto& rendered : subject.rendered.objects) {
    const Value& o = rendered.object;
    std::string_view kind = kinds::kind_of(o), ns = kinds::namespace_of(o);
    auto ingress_backend = [&](const Value& backend) {
      const Value& port = backend["service"]["port"];
      check_backend(subject, rendered, backend["service"]["name"].as_string(),
                    port.has("name") ? port["name"] : port["number"], out);
    };
    if (kind == "Ingress") {
      ingress_backend(o["spec"]["defaultBackend"]);
      for (const Value& rule : o["spec"]["rules"].items())
        for (const Value& path : rule["http"]["paths"].items()) ingress_backend(path["backend"]);
    } else if (kind == "IngressRoute" || kind == "IngressRouteTCP" || kind == "IngressRouteUDP") {
      for (const Value& route : o["spec"]["routes"].items())
        for (const Value& service : route["services"].items()) {
          bool elsewhere = service.has("namespace") && service["namespace"].as_string() != ns;
          if (!elsewhere && (!service.has("kind") || service["kind"].as_string() == "Service"))
            check_backend(subject, rendered, service["name"].as_string(), service["port"], out);
        }
    } else if (kind == "HorizontalPodAutoscaler" || kind == "ScaledObject") {
      const Value& target = o["spec"]["scaleTargetRef"];
      std::string of = target.has("kind") ? target["kind"].str() : "Deployment";
      std::string name = target["name"].str();
      if (!name.empty() && !subject.objects.find(of, ns, name))
        out.push_back(finding(Severity::warning, "missing-scale-target", rendered,
                              fmt::format("it scales the {} {}, which is not here", of, name),
                              nearest_name(subject, of, ns, name, "")));
    }
  }
}

}  // namespace slipway::check
