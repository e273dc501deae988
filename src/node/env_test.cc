#include "node/env.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "value/yaml.h"

using namespace slipway;
using namespace slipway::node;

namespace {

const char* const kObjects = R"(
- {kind: ConfigMap, metadata: {name: settings}, data: {MODE: fast, "with space": x, "a=b": bad}, binaryData: {RAW: AAE=}}
- {kind: Secret, metadata: {name: keys}, data: {TOKEN: czNjcmV0, MODE: c2xvdw==}}
)";

// The container's environment as "A=1 B=2", or the error's message.
std::string environment(std::string_view container, std::string_view pod = "{}", std::string_view services = "[]") {
  Value objects = value::parse_yaml(kObjects).value();
  EnvInputs in;
  in.pod = value::parse_yaml(pod).value().with("/metadata/namespace", "shop");
  in.container = value::parse_yaml(container).value();
  in.lookup = [&](std::string_view kind, std::string_view ns, std::string_view name) -> const Value* {
    if (ns != "shop") return nullptr;
    for (const Value& o : objects.items())
      if (o["kind"].as_string() == kind && o["metadata"]["name"].as_string() == name) return &o;
    return nullptr;
  };
  in.services = {};
  Value list = value::parse_yaml(services).value();
  for (const Value& s : list.items()) in.services.push_back(s);
  in.node_name = "n1";
  in.pod_ips = {"10.42.0.7"};
  in.host_ips = {"192.0.2.1"};
  in.node = {4000, 1 << 30, 0};
  auto env = make_environment(in);
  if (!env) return env.error().message();
  std::vector<std::string> words;
  for (const auto& [name, value] : *env) words.push_back(name + "=" + value);
  return base::join(words, " ");
}

}  // namespace

TEST_CASE("environment: env wins over envFrom, a later envFrom over an earlier") {
  CHECK(environment("{env: [{name: A, value: x}, {name: B, value: '$(A)y$(NO)$$(A)$'}]}") == "A=x B=xy$(NO)$(A)$");
  CHECK(environment("{envFrom: [{configMapRef: {name: settings}}]}") == "MODE=fast with space=x");
  CHECK(
      environment("{envFrom: [{configMapRef: {name: settings}}, {secretRef: {name: keys}}], env: [{name: TOKEN, value: "
                  "'<$(TOKEN)>'}]}") == "MODE=slow TOKEN=<s3cret> with space=x");
  CHECK(environment("{envFrom: [{prefix: P_, secretRef: {name: keys}}]}") == "P_MODE=slow P_TOKEN=s3cret");
  CHECK(environment("{env: [{name: A, value: '1'}, {name: A, value: '$(A)2'}]}") == "A=12");
}

TEST_CASE("environment: variables that double each other are refused before they are built up") {
  std::string list = "{name: A0, value: xxxxxxxxxxxxxxxx}";
  for (int i = 1; i <= 40; ++i) list += fmt::format(", {{name: A{0}, value: '$(A{1})$(A{1})'}}", i, i - 1);
  CHECK(environment("{env: [" + list + "]}") == "env A14: longer than 131072 bytes, which no process can be given");
}

TEST_CASE("environment: what is missing is named, unless it is optional") {
  CHECK(environment("{envFrom: [{configMapRef: {name: nope}}]}") == "configmap \"nope\" not found");
  CHECK(environment("{envFrom: [{secretRef: {name: nope}}]}") == "secret \"nope\" not found");
  CHECK(environment("{envFrom: [{secretRef: {name: nope, optional: true}}]}") == "");
  CHECK(environment("{env: [{name: A, valueFrom: {secretKeyRef: {name: keys, key: NOPE}}}]}") ==
        "couldn't find key NOPE in Secret shop/keys");
  CHECK(environment("{env: [{name: A, valueFrom: {configMapKeyRef: {name: settings, key: NOPE}}}]}") ==
        "couldn't find key NOPE in ConfigMap shop/settings");
  CHECK(environment("{env: [{name: A, valueFrom: {configMapKeyRef: {name: settings, key: NOPE, optional: true}}}]}") ==
        "");
  CHECK(environment("{env: [{name: A, valueFrom: {secretKeyRef: {name: keys, key: TOKEN}}}]}") == "A=s3cret");
}

TEST_CASE("environment: fields, resources, services") {
  auto field = [](std::string path) {
    return environment("{env: [{name: A, valueFrom: {fieldRef: {fieldPath: \"" + path + "\"}}}]}",
                       "{metadata: {name: p, labels: {app: web}, annotations: {note: \"q\\\"\"}}, spec: "
                       "{serviceAccountName: robot}}");
  };
  CHECK(field("metadata.name") == "A=p");
  CHECK(field("metadata.labels['app']") == "A=web");
  CHECK(field("metadata.annotations") == "A=note=\"q\\\"\"");
  CHECK(field("spec.nodeName") == "A=n1");
  CHECK(field("spec.serviceAccountName") == "A=robot");
  CHECK(field("status.podIP") == "A=10.42.0.7");
  CHECK(field("status.hostIP") == "A=192.0.2.1");
  CHECK(field("spec.nonsense") == "unsupported fieldPath: spec.nonsense");
  auto resource = [](std::string what) {
    return environment(
        "{resources: {requests: {cpu: 250m}, limits: {memory: 100Mi}}, env: [{name: A, valueFrom: "
        "{resourceFieldRef: " +
        what + "}}]}");
  };
  CHECK(resource("{resource: limits.memory, divisor: 1Mi}") == "A=100");
  CHECK(resource("{resource: requests.cpu}") == "A=1");  // rounded up
  CHECK(resource("{resource: requests.cpu, divisor: 1m}") == "A=250");
  CHECK(resource("{resource: limits.cpu}") == "A=4");  // the node's
  CHECK(environment("{}", "{}",
                    "[{metadata: {name: my-db}, spec: {clusterIP: 10.96.0.9, ports: [{name: pg, port: 5432, protocol: "
                    "TCP}]}}, {metadata: {name: headless}, spec: {clusterIP: None, ports: [{port: 1}]}}]") ==
        "MY_DB_PORT=tcp://10.96.0.9:5432 MY_DB_PORT_5432_TCP=tcp://10.96.0.9:5432 MY_DB_PORT_5432_TCP_ADDR=10.96.0.9 "
        "MY_DB_PORT_5432_TCP_PORT=5432 MY_DB_PORT_5432_TCP_PROTO=tcp MY_DB_SERVICE_HOST=10.96.0.9 "
        "MY_DB_SERVICE_PORT=5432 MY_DB_SERVICE_PORT_PG=5432");
}
