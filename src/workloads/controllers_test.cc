// All workload controllers together, on a cluster in memory.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <set>

#include "sim/testing/seeds.h"
#include "workloads/testing/controllers_fixture.h"
#include "workloads/testing/short_forms.h"

using namespace slipway;
using namespace slipway::workloads::testing;
using cluster::Propagation;
using workloads::NamespaceReconciler;

namespace {

std::string deployment(std::string_view image, int replicas = 2, std::string_view more = "") {
  return fmt::format(
      "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: web, namespace: shop}}, spec: {{replicas: {}, {}"
      "selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: "
      "[{{name: web, image: '{}'}}]}}}}}}}}",
      replicas, more, image);
}
std::string image(std::string_view name) {
  return fmt::format("{{spec: {{template: {{spec: {{containers: [{{name: web, image: '{}'}}]}}}}}}}}", name);
}

struct Fixture : ControllersFixture {
  using ControllersFixture::ControllersFixture;
  // "image revision replicas" of each set, and how the rollout stands
  std::string sets() {
    std::set<std::string> lines;
    for (const Value& s : list("replicasets")) {
      lines.insert(fmt::format("{} r{} x{}", s["spec"]["template"]["spec"]["containers"][0]["image"].str(),
                               s["metadata"]["annotations"]["deployment.kubernetes.io/revision"].str(),
                               s["spec"]["replicas"].as_int()));
    }
    return base::join(std::vector<std::string>(lines.begin(), lines.end()), ", ");
  }
  std::string condition(std::string_view type) {
    Value d = get("deployments", "web");
    const Value& c = reconcile::find_condition(d["status"]["conditions"], type);
    return c["status"].str() + " " + c["reason"].str();
  }
  std::set<std::string> pod_names() {
    std::set<std::string> names;
    for (const Value& p : list("pods")) names.insert(std::string(kinds::name_of(p)));
    return names;
  }
  void config_map(std::string name, std::string_view metadata, std::string ns = "shop") {
    create(fmt::format("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {}, namespace: {}, {}}}}}", name, ns,
                       metadata));
  }
  std::string owner(std::string_view name, bool blocks = false) {
    Value o = get("configmaps", std::string(name));
    return fmt::format(
        "ownerReferences: [{{apiVersion: v1, kind: ConfigMap, name: {}, uid: {}, blockOwnerDeletion: {}}}]", name,
        o["metadata"]["uid"].str(), blocks);
  }
};

}  // namespace

TEST_CASE("a deployment comes up, rolls, is undone, and keeps its history") {
  Fixture f;
  f.create(deployment("1"));
  f.roll();
  CHECK(f.sets() == "1 r1 x2");
  CHECK(f.condition("Progressing") == "True NewReplicaSetAvailable");
  CHECK(f.condition("Available") == "True MinimumReplicasAvailable");
  auto first = f.pod_names();
  CHECK(first.size() == 2);

  f.patch("deployments", "web", image("2"));
  f.roll();
  CHECK(f.sets() == "1 r1 x0, 2 r2 x2");
  for (const auto& name : f.pod_names()) CHECK_FALSE(first.contains(name));

  f.patch("deployments", "web", image("1"));  // rollout undo
  f.roll();
  CHECK(f.sets() == "1 r3 x2, 2 r2 x0");
  Value d = f.get("deployments", "web");
  CHECK(d["metadata"]["annotations"]["deployment.kubernetes.io/revision"].str() == "3");
  CHECK(d["status"]["observedGeneration"] == d["metadata"]["generation"]);
  CHECK(missing(value::parse_yaml("{replicas: 2, readyReplicas: 2, availableReplicas: 2, updatedReplicas: 2}").value(),
                d["status"]) == "");
}

TEST_CASE("a deployment that takes in a set leaves its other owners") {
  Fixture f;
  f.config_map("keeper", "labels: {}");
  f.create(fmt::format(
      "{{apiVersion: apps/v1, kind: ReplicaSet, metadata: {{name: alone, namespace: shop, labels: {{app: web}}, {}}}, "
      "spec: {{replicas: 1, selector: {{matchLabels: {{app: web, set: alone}}}}, template: {{metadata: {{labels: "
      "{{app: "
      "web, set: alone}}}}, spec: {{containers: [{{name: web, image: '0'}}]}}}}}}}}",
      f.owner("keeper")));
  f.create(deployment("1"));
  f.roll();
  std::set<std::string> owners;
  for (const Value& owner : f.get("replicasets", "alone")["metadata"]["ownerReferences"].items())
    owners.insert(owner["name"].str());
  CHECK(owners == std::set<std::string>{"keeper", "web"});
}

TEST_CASE("a pod that is deleted, or let go by its label, is replaced; nothing else moves") {
  Fixture f;
  f.create(deployment("1"));
  f.roll();
  auto before = f.pod_names();
  std::string lost = *before.begin(), kept = *before.rbegin();
  f.remove("pods", lost);
  f.roll();
  CHECK(f.pod_names().size() == 2);
  CHECK(f.pod_names().contains(kept));
  CHECK_FALSE(f.pod_names().contains(lost));
  f.patch("pods", kept, "{metadata: {labels: {app: debug}}}");
  f.roll();
  CHECK(f.pod_names().size() == 3);
  CHECK(f.get("pods", kept)["metadata"]["ownerReferences"].empty());
  f.patch("pods", kept, "{metadata: {labels: {app: web}}}");  // taken back: one too many
  f.roll();
  CHECK(f.pod_names().size() == 2);
}

TEST_CASE("paused, nothing rolls; a bad image leaves the old pods and passes its deadline") {
  Fixture f;
  f.create(deployment("1", 4, "progressDeadlineSeconds: 60, "));
  f.roll();
  f.patch("deployments", "web", "{spec: {paused: true}}");
  f.patch("deployments", "web", image("2"));
  f.roll();
  CHECK(f.sets() == "1 r1 x4");
  CHECK(f.condition("Progressing") == "Unknown DeploymentPaused");
  f.patch("deployments", "web", "{spec: {paused: false}}");
  f.settle(30s);  // nobody runs the new pods
  CHECK(f.condition("Progressing").starts_with("True"));
  f.settle(60s);
  CHECK(f.condition("Progressing") == "False ProgressDeadlineExceeded");
  CHECK(f.condition("Available") == "True MinimumReplicasAvailable");
  f.roll();
  CHECK(f.condition("Progressing") == "True NewReplicaSetAvailable");
  CHECK(f.sets() == "1 r1 x0, 2 r2 x4");
}

TEST_CASE("the clock goes back an hour: what is ready becomes available, and a deadline still passes") {
  Fixture f;
  f.create(deployment("1", 2, "minReadySeconds: 30, progressDeadlineSeconds: 60, "));
  f.roll();
  CHECK(f.get("deployments", "web")["status"]["availableReplicas"].as_int() == 0);
  f.world.jump_wall_clock(-1h);
  f.settle(35s);
  f.roll();
  CHECK(f.get("deployments", "web")["status"]["availableReplicas"].as_int() == 2);
  f.patch("deployments", "web", image("2"));  // nobody runs the new pods
  f.settle(1s);
  f.world.jump_wall_clock(-1h);
  f.settle(130s);
  CHECK(f.condition("Progressing") == "False ProgressDeadlineExceeded");
}

TEST_CASE("the clock goes back after a Deployment was resumed: its condition stays Unknown until something moves") {
  Fixture f;
  f.create(deployment("1", 2, "progressDeadlineSeconds: 600, "));
  f.settle();
  f.patch("deployments", "web", "{spec: {paused: true}}");
  f.patch("deployments", "web", "{spec: {paused: false}}");
  CHECK(f.condition("Progressing") == "Unknown DeploymentResumed");
  f.world.jump_wall_clock(-1h);
  f.settle(30s);
  f.patch("deployments", "web", "{metadata: {labels: {looked: again}}}");
  CHECK(f.condition("Progressing") == "Unknown DeploymentResumed");
}

TEST_CASE("Recreate: no new pod before the last old one is gone") {
  Fixture f;
  f.create(deployment("1", 2, "strategy: {type: Recreate}, "));
  f.create(
      "{apiVersion: v1, kind: Node, metadata: {name: here}, status: {allocatable: {cpu: '4', memory: 4Gi, pods: "
      "'110'}}}");
  f.settle();
  f.patch("nodes", "here", "{spec: {taints: null}}");
  f.roll();
  CHECK(f.list("pods")[0]["spec"]["nodeName"].str() == "here");
  f.patch("deployments", "web", image("2"));
  for (const Value& pod : f.list("pods")) CHECK(pod["spec"]["containers"][0]["image"].str() == "1");
  CHECK(f.list("pods").size() == 2);  // still going
  f.roll();
  CHECK(f.sets() == "1 r1 x0, 2 r2 x2");
  for (const Value& pod : f.list("pods")) CHECK(pod["spec"]["containers"][0]["image"].str() == "2");
}

TEST_CASE("a name that another set holds is counted as a collision, and another name found") {
  Fixture f;
  f.create(deployment("1", 1, "paused: true, "));
  Value d = f.get("deployments", "web");
  std::string name = "web-" + workloads::pod_template_hash(d["spec"]["template"], 0);
  f.create(fmt::format(
      "{{apiVersion: apps/v1, kind: ReplicaSet, metadata: {{name: {}, namespace: shop}}, spec: {{replicas: 0, "
      "selector: {{matchLabels: {{x: z}}}}, template: {{metadata: {{labels: {{x: z}}}}, spec: {{containers: [{{name: "
      "a, image: b}}]}}}}}}}}",
      name));
  f.patch("deployments", "web", "{spec: {paused: false}}");
  f.roll();
  CHECK(f.list("replicasets").size() == 2);
  CHECK(f.get("deployments", "web")["status"]["collisionCount"].as_int() == 1);
  CHECK(f.condition("Progressing") == "True NewReplicaSetAvailable");
}

TEST_CASE("endpoints follow the pods, and go with the service") {
  Fixture f;
  f.create(
      "{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {selector: {app: web}, ports: "
      "[{port: 80}]}}");
  f.settle();
  CHECK(f.get("endpoints", "web")["subsets"].empty());
  CHECK(f.list("endpointslices").size() == 1);
  f.create(deployment("1"));
  f.settle();
  f.roll();
  CHECK(f.get("endpoints", "web")["subsets"][0]["addresses"].items().size() == 2);
  auto slices = f.list("endpointslices");
  REQUIRE(slices.size() == 1);
  CHECK(slices[0]["endpoints"].items().size() == 2);
  f.patch("deployments", "web", "{spec: {replicas: 0}}");
  f.roll();
  CHECK(f.get("endpoints", "web")["subsets"].empty());
  CHECK(f.list("endpointslices")[0]["metadata"]["uid"] == slices[0]["metadata"]["uid"]);
  f.remove("services", "web");
  CHECK(f.get("endpoints", "web").is_null());
  CHECK(f.list("endpointslices").empty());
}

TEST_CASE("what people write behind a service without selector stays theirs") {
  Fixture f;
  f.create("{apiVersion: v1, kind: Service, metadata: {name: db, namespace: shop}, spec: {ports: [{port: 5432}]}}");
  f.create(
      "{apiVersion: v1, kind: Endpoints, metadata: {name: db, namespace: shop}, subsets: [{addresses: [{ip: "
      "192.0.2.1}], ports: [{port: 5432}]}]}");
  f.settle(2s);
  CHECK(f.get("endpoints", "db")["subsets"][0]["addresses"][0]["ip"].str() == "192.0.2.1");
  f.remove("services", "db");
  CHECK_FALSE(f.get("endpoints", "db").is_null());
}

TEST_CASE("a namespace is furnished, again when it loses something") {
  Fixture f;
  CHECK_FALSE(f.get("serviceaccounts", "default").is_null());
  CHECK(f.get("configmaps", "kube-root-ca.crt")["data"]["ca.crt"].str() == "the CA");
  f.remove("serviceaccounts", "default");
  f.remove("configmaps", "kube-root-ca.crt");
  CHECK_FALSE(f.get("serviceaccounts", "default").is_null());
  f.patch("configmaps", "kube-root-ca.crt", "{data: {ca.crt: mine}}");
  CHECK(f.get("configmaps", "kube-root-ca.crt")["data"]["ca.crt"].str() == "the CA");
}

TEST_CASE("a namespace that goes takes all with it, pods first, and waits for finalizers") {
  Fixture f;
  f.create(deployment("1", 2));
  f.roll();
  f.config_map("held", "finalizers: [example.com/hold]");
  f.config_map("plain", "labels: {a: b}");
  f.remove("namespaces", "shop");
  f.settle(3s);
  f.roll();
  Value ns = f.get("namespaces", "shop");
  CHECK(ns["status"]["phase"].str() == "Terminating");
  CHECK(f.list("pods").empty());
  CHECK(f.list("deployments").empty());
  CHECK(f.get("configmaps", "plain").is_null());
  const Value& waiting = reconcile::find_condition(ns["status"]["conditions"], "NamespaceFinalizersRemaining");
  CHECK(waiting["status"].str() == "True");
  CHECK(waiting["message"].str() ==
        "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances");
  CHECK_FALSE(f.world.run(f.cluster->write(cluster::create(
      value::parse_yaml("{apiVersion: v1, kind: ConfigMap, metadata: {name: late, namespace: shop}}").value()))));
  f.patch("configmaps", "held", "{metadata: {finalizers: null}}");
  f.settle(3s);
  CHECK(f.get("namespaces", "shop").is_null());
  CHECK(f.list("configmaps").empty());
}

TEST_CASE("a namespace that cannot end is looked through ever more seldom, and ends when it can") {
  Fixture f;
  f.config_map("held", "finalizers: [example.com/hold]");
  f.config_map("also-held", "finalizers: [example.com/hold]");
  f.remove("namespaces", "shop");
  NamespaceReconciler looks(f.world, *f.cluster, "the CA");
  auto rest = [&] { return f.world.run(looks.reconcile(f.key("namespaces", "shop"))).after.value_or(0s); };
  CHECK(rest() == 500ms);
  CHECK(rest() == 1s);
  for (int i = 0; i < 10; ++i) (void)rest();
  CHECK(rest() == 60s);
  f.patch("configmaps", "held", "{metadata: {finalizers: null}}");
  CHECK(rest() == 500ms);  // something moved
  f.settle(300s);
  f.patch("configmaps", "also-held", "{metadata: {finalizers: null}}");  // its end is heard of, not waited for
  CHECK(f.get("namespaces", "shop").is_null());
}

TEST_CASE("background: the owner goes at once, then what was its own, and theirs") {
  Fixture f;
  f.config_map("a", "labels: {}");
  f.config_map("b", f.owner("a"));
  f.config_map("c", f.owner("b"));
  f.config_map("free", "labels: {}");
  f.settle();
  f.write(cluster::remove(f.key("configmaps", "a")));
  CHECK(f.get("configmaps", "a").is_null());
  f.settle(1s);
  CHECK(f.get("configmaps", "b").is_null());
  CHECK(f.get("configmaps", "c").is_null());
  CHECK_FALSE(f.get("configmaps", "free").is_null());
}

TEST_CASE("foreground: the owner waits for those that block it") {
  Fixture f;
  f.config_map("a", "labels: {}");
  f.config_map("b", f.owner("a", true) + ", finalizers: [example.com/hold]");
  f.config_map("c", f.owner("a", false) + ", finalizers: [example.com/hold]");
  f.settle();
  f.remove("configmaps", "a", Propagation::foreground);
  f.settle(1s);
  CHECK(f.get("configmaps", "a")["metadata"]["finalizers"] == Value::array({Value("foregroundDeletion")}));
  CHECK_FALSE(f.get("configmaps", "b")["metadata"]["deletionTimestamp"].is_null());
  f.patch("configmaps", "b", "{metadata: {finalizers: null}}");
  f.settle(1s);
  CHECK(f.get("configmaps", "b").is_null());
  CHECK(f.get("configmaps", "a").is_null());        // c did not block it
  CHECK_FALSE(f.get("configmaps", "c").is_null());  // and is still held by its own
}

TEST_CASE("an object without a namespace that names an owner in one is kept, and an Event says why") {
  Fixture f;
  f.config_map("a", "labels: {}");
  auto role = [&](std::string name, const std::string& metadata) {
    f.create(fmt::format(
        "{{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {{name: {}, {}}}, rules: []}}", name,
        metadata));
  };
  role("astray", f.owner("a", true));
  f.settle(1s);
  REQUIRE_FALSE(f.get("clusterroles", "astray").is_null());
  std::string uid = f.get("configmaps", "a")["metadata"]["uid"].str(), said;
  for (const Value& event : f.list("events", "default")) {
    if (event["reason"].str() == "OwnerRefInvalidNamespace") said = event["message"].str();
  }
  CHECK(said == "ownerRef [v1/ConfigMap, namespace: , name: a, uid: " + uid + "] does not exist in namespace \"\"");
  // It neither holds its owner up nor goes with it.
  f.remove("configmaps", "a", Propagation::foreground);
  f.settle(1s);
  CHECK(f.get("configmaps", "a").is_null());
  REQUIRE_FALSE(f.get("clusterroles", "astray").is_null());
  CHECK(f.get("clusterroles", "astray")["metadata"]["deletionTimestamp"].is_null());
}

TEST_CASE("an owner without a namespace owns in all namespaces, and beside it") {
  Fixture f;
  auto role = [&](std::string name, const std::string& metadata) {
    f.create(fmt::format(
        "{{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {{name: {}, {}}}, rules: []}}", name,
        metadata));
  };
  role("owner", "labels: {}");
  std::string owned = fmt::format(
      "ownerReferences: [{{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, name: owner, uid: {}}}]",
      f.get("clusterroles", "owner")["metadata"]["uid"].str());
  role("below", owned);
  f.config_map("mine", owned);
  f.config_map("theirs", owned, "default");
  f.settle(1s);
  CHECK_FALSE(f.get("clusterroles", "below").is_null());
  CHECK_FALSE(f.get("configmaps", "mine").is_null());
  CHECK_FALSE(f.get("configmaps", "theirs", "default").is_null());
  f.remove("clusterroles", "owner");
  f.settle(1s);
  CHECK(f.get("clusterroles", "below").is_null());
  CHECK(f.get("configmaps", "mine").is_null());
  CHECK(f.get("configmaps", "theirs", "default").is_null());
}

TEST_CASE("orphan: the owner goes, the others stay and forget it") {
  Fixture f;
  f.create(deployment("1"));
  f.roll();
  auto pods = f.pod_names();
  f.remove("deployments", "web", Propagation::orphan);
  f.settle(2s);
  CHECK(f.get("deployments", "web").is_null());
  REQUIRE(f.list("replicasets").size() == 1);
  CHECK(f.list("replicasets")[0]["metadata"]["ownerReferences"].empty());
  CHECK(f.pod_names() == pods);
}

TEST_CASE("of two owners one is enough; the one that is gone is forgotten") {
  Fixture f;
  f.config_map("a", "labels: {}");
  f.config_map("b", "labels: {}");
  std::string both = f.owner("a");
  both.pop_back();
  both += ", " + f.owner("b").substr(std::string("ownerReferences: [").size());
  f.config_map("child", both);
  f.settle();
  f.remove("configmaps", "a");
  f.settle(1s);
  REQUIRE(f.get("configmaps", "child")["metadata"]["ownerReferences"].items().size() == 1);
  CHECK(f.get("configmaps", "child")["metadata"]["ownerReferences"][0]["name"].str() == "b");
  f.remove("configmaps", "b");
  f.settle(1s);
  CHECK(f.get("configmaps", "child").is_null());
}

TEST_CASE("an owner of that name with another uid is no owner; of an unknown kind nobody guesses") {
  Fixture f;
  f.config_map("a", "labels: {}");
  f.config_map(
      "stale",
      "ownerReferences: [{apiVersion: v1, kind: ConfigMap, name: a, uid: 11111111-1111-4111-8111-111111111111}]");
  f.config_map("strange",
               "ownerReferences: [{apiVersion: example.com/v1, kind: Thing, name: a, uid: "
               "11111111-1111-4111-8111-111111111111}]");
  f.settle(1s);
  CHECK(f.get("configmaps", "stale").is_null());
  CHECK_FALSE(f.get("configmaps", "strange").is_null());
}

TEST_CASE("a pod waits until a node has room, and says why meanwhile") {
  Fixture f;
  f.create(deployment("1", 1));
  f.settle();
  Value pod = f.list("pods").at(0);
  CHECK(reconcile::find_condition(pod["status"]["conditions"], "PodScheduled")["message"].str() ==
        "no nodes available to schedule pods");
  f.create(
      "{apiVersion: v1, kind: Node, metadata: {name: here}, status: {allocatable: {cpu: '4', memory: 4Gi, pods: "
      "'110'}}}");
  f.settle();
  f.patch("nodes", "here", "{spec: {taints: null}}");
  CHECK(f.list("pods").at(0)["spec"]["nodeName"].str() == "here");
}

TEST_CASE("of pods that wait for one node, only as many come as it has room for") {
  sim::testing::for_seeds(5, [](sim::SimWorld& chance) {
    Fixture f(chance.random().next());
    auto pod = [&](std::string name, std::string_view container) {
      f.create(
          fmt::format("{{apiVersion: v1, kind: Pod, metadata: {{name: {}, namespace: shop}}, spec: {{containers: "
                      "[{{name: a, image: "
                      "b, {}}}]}}}}",
                      name, container));
    };
    f.settle(2s);
    for (int i = 0; i < 6; ++i) pod(fmt::format("large-{}", i), "resources: {requests: {cpu: '2'}}");
    for (int i = 0; i < 6; ++i) pod(fmt::format("port-{}", i), "ports: [{containerPort: 80, hostPort: 80}]");
    f.create(
        "{apiVersion: v1, kind: Node, metadata: {name: here}, status: {allocatable: {cpu: '4', memory: 4Gi, pods: "
        "'110'}}}");
    f.settle();
    f.patch("nodes", "here", "{spec: {taints: null}}");
    f.settle(1s);
    auto placed = [&](std::string_view prefix) {
      std::vector<std::string> names;
      for (const Value& p : f.list("pods")) {
        std::string name(kinds::name_of(p));
        if (name.starts_with(prefix) && p["spec"]["nodeName"].as_string() == "here") names.push_back(name);
      }
      return names;
    };
    CHECK(placed("large").size() == 2);
    CHECK(placed("port").size() == 1);
    // What is given back is taken again.
    cluster::Write gone = cluster::remove(f.key("pods", placed("large")[0]));
    gone.grace_period_s = 0;
    f.write(std::move(gone));
    f.settle(1s);
    CHECK(placed("large").size() == 2);
  });
}

TEST_CASE("a pod that goes while it is being placed gives its room to the next") {
  sim::testing::for_seeds(20, [](sim::SimWorld& chance) {
    Fixture f(chance.random().next());
    f.create(
        "{apiVersion: v1, kind: Node, metadata: {name: here}, status: {allocatable: {cpu: '2', memory: 4Gi, pods: "
        "'110'}}}");
    f.settle(2s);
    f.patch("nodes", "here", "{spec: {taints: null}}");
    for (const char* name : {"first", "second"})
      f.create(
          fmt::format("{{apiVersion: v1, kind: Pod, metadata: {{name: {}, namespace: shop}}, spec: {{containers: "
                      "[{{name: a, image: "
                      "b, resources: {{requests: {{cpu: '2'}}}}}}]}}}}",
                      name));
    cluster::Write gone = cluster::remove(f.key("pods", "first"));
    gone.grace_period_s = 0;
    f.write(std::move(gone));
    f.settle(2s);
    CHECK(f.get("pods", "second")["spec"]["nodeName"].str() == "here");
  });
}

TEST_CASE("pods that are refused are tried later and later, and the refusal is written once") {
  Fixture f;
  f.create(
      "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}, spec: {replicas: 2, selector: "
      "{matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {serviceAccountName: nobody, "
      "containers: [{name: web, image: '1'}]}}}}");
  f.settle(10s);
  Value set = f.list("replicasets").at(0);
  const Value& failure = reconcile::find_condition(set["status"]["conditions"], "ReplicaFailure");
  CHECK(failure["message"].str().find("serviceaccount \"nobody\" not found") != std::string::npos);
  size_t events = f.list("events").size();
  CHECK(events < 20);
  f.settle(20s);
  CHECK(f.list("replicasets").at(0)["metadata"]["resourceVersion"] == set["metadata"]["resourceVersion"]);
  CHECK(f.list("events").size() < events + 4);
  f.create("{apiVersion: v1, kind: ServiceAccount, metadata: {name: nobody, namespace: shop}}");
  f.settle(60s);
  CHECK(f.list("pods").size() == 2);
  CHECK(reconcile::find_condition(f.list("replicasets").at(0)["status"]["conditions"], "ReplicaFailure").is_null());
}
