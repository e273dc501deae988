#include "node/volumes/volumes.h"

#include "node/testing/pod_contract.h"
#include "node/testing/real_containers.h"

using namespace slipway;
using namespace slipway::node;
using namespace slipway::node::testing;

namespace {

Task<void> check_sh(PodBench* b, std::string script, std::string expected) {
  std::string printed = co_await b->sh("vols", script);
  CHECK_MESSAGE(printed == expected, script);
}

Task<void> real_volumes(RealNode& node) {
  PodBench& b = *node.bench;
  CHECK(node.world.files().make_directories(node.directory + "/shared"));
  CHECK(node.world.files().write_atomically(node.directory + "/shared/note", "from the host", 0644));
  co_await b.create(
      "{apiVersion: v1, kind: ConfigMap, metadata: {name: settings, namespace: default}, data: {MODE: fast, app.conf: "
      "'a=1'}, binaryData: {raw: AAEC}}");
  co_await b.create(
      "{apiVersion: v1, kind: Secret, metadata: {name: keys, namespace: default}, stringData: {TOKEN: s3cret, MODE: "
      "'from the secret'}}");
  std::string text = R"yaml(
apiVersion: v1
kind: Pod
metadata: {name: vols, namespace: default, labels: {app: vols}, annotations: {note: "a \"b\""}}
spec:
  nodeName: n1
  containers:
  - name: vols
    image: IMAGE
    command: STAYS
    resources: {requests: {cpu: 250m}, limits: {memory: 64Mi}}
    envFrom: [{configMapRef: {name: settings}}, {secretRef: {name: keys}, prefix: S_}]
    env:
    - {name: TOKEN, valueFrom: {secretKeyRef: {name: keys, key: TOKEN}}}
    - {name: BOTH, value: "$(TOKEN)/$(MODE)/$$(MODE)"}
    - {name: MODE, value: set}
    - {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
    - {name: MEMORY, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi}}}
    volumeMounts:
    - {name: scratch, mountPath: /scratch}
    - {name: fast, mountPath: /fast}
    - {name: host, mountPath: /host, readOnly: true}
    - {name: conf, mountPath: /conf}
    - {name: conf, mountPath: /one/app.conf, subPath: app.conf}
    - {name: keys, mountPath: /keys}
    - {name: all, mountPath: /all}
  volumes:
  - {name: scratch, emptyDir: {}}
  - {name: fast, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
  - {name: host, hostPath: {path: DIR/shared, type: Directory}}
  - {name: conf, configMap: {name: settings}}
  - {name: keys, secret: {secretName: keys, defaultMode: 256, items: [{key: TOKEN, path: deep/token}]}}
  - name: all
    projected:
      sources:
      - {configMap: {name: settings, items: [{key: MODE, path: mode}]}}
      - {secret: {name: keys, items: [{key: TOKEN, path: token}]}}
      - {downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}
)yaml";
  text = base::replace_all(base::replace_all(std::move(text), "DIR", node.directory), "STAYS", kStays);
  co_await b.create(text);
  if (!co_await b.becomes("vols", "ready")) co_return;
  auto prints = [&b](std::string script, std::string expected) -> Task<void> { return check_sh(&b, script, expected); };
  co_await prints("echo $MODE $S_MODE $TOKEN $BOTH $MEMORY", "set from the secret s3cret s3cret/fast/$(MODE) 64");
  co_await prints("[ \"$IP\" = \"$(hostname -i)\" ] && echo same", "same");
  co_await prints("stat -c %a /scratch", "777");
  co_await prints("mount | grep ' /fast ' | grep -o 'tmpfs\\|size=[0-9]*k' | sort -u", "size=1024k\ntmpfs");
  co_await prints("cat /host/note; touch /host/x 2>&1 | grep -o 'Read-only.*'", "from the hostRead-only file system");
  co_await prints("cat /conf/app.conf /one/app.conf; ls /conf; od -An -tx1 /conf/raw",
                  "a=1a=1MODE\napp.conf\nraw\n 00 01 02");
  co_await prints("stat -Lc %a /conf/app.conf /keys/deep/token; cat /keys/deep/token", "644\n400\ns3cret");
  co_await prints("cat /all/mode /all/token /all/labels", "fasts3cretapp=\"vols\"");
  // Nothing of a Secret is on the disk: these stand in memory.
  co_await prints(
      "mount | grep -c '^tmpfs on /\\(keys\\|all\\|.*/serviceaccount\\) '; mount | grep -c '^tmpfs on /conf ' || :",
      "3\n0");
  co_await prints("cd /var/run/secrets/kubernetes.io/serviceaccount; cat namespace ca.crt token",
                  "defaultauthoritytoken of system:serviceaccount:default:default");
  co_await prints("cat /etc/hosts | tail -1 | cut -f2; hostname", "vols\nvols");
  co_await prints("echo changed > /scratch/kept; echo gone > /tmp/gone", "");

  // A ConfigMap that changes changes its files at once, and nothing is restarted; a subPath keeps what it had.
  co_await b.write(cluster::merge_patch(PodBench::key("ConfigMap", "settings"),
                                        Value{{"data", Value{{"app.conf", "a=2"}, {"MODE", Value()}}}}));
  co_await prints(
      "for i in $(seq 50); do grep -q a=2 /conf/app.conf && break; sleep 0.1; done; "
      "cat /conf/app.conf /one/app.conf; ls /conf",
      "a=2a=1app.conf\nraw");
  // After a crash the volumes are as they were, the root is new.
  co_await b.crash("vols");
  co_await b.pod_becomes("vols", "restarted", [](const Value& p) {
    return PodBench::status_of(p, "vols")["restartCount"].as_int() == 1 && PodBench::state_of(p, "vols") == "ready";
  });
  co_await prints("cat /scratch/kept; ls /tmp", "changed");
  std::string uid(kinds::uid_of(co_await b.pod("vols")));
  CHECK(node.world.files().exists(b.options.data_directory + "/pods/" + uid));
  co_await b.remove("vols");
  co_await b.is_gone("vols");
  CHECK(!node.world.files().exists(b.options.data_directory + "/pods/" + uid));
  CHECK(node.world.files().read(node.directory + "/shared/note").value() == "from the host");

  co_await b.create(pod_yaml("lost", ", volumeMounts: [{name: v, mountPath: /v}]",
                             ", volumes: [{name: v, secret: {secretName: absent}}]"));
  co_await b.has_event("lost", "FailedMount: MountVolume.SetUp failed for volume \"v\" : secret \"absent\" not found");
  CHECK(PodBench::state_of(co_await b.pod("lost"), "lost") == "ContainerCreating");
  co_await b.create("{apiVersion: v1, kind: Secret, metadata: {name: absent, namespace: default}, stringData: {a: b}}");
  co_await b.becomes("lost", "ready", "", 3s);

  // What an interrupted removal left is removed at the next start; what belongs to a pod stays.
  co_await b.stop();
  std::string data = b.options.data_directory, kept(kinds::uid_of(co_await b.pod("lost")));
  for (const char* left : {"/pods/dead-uid/volumes/kubernetes.io~empty-dir/x", "/log/pods/default_dead_dead-uid/x"})
    CHECK(node.world.files().make_directories(data + left));
  co_await b.start();
  for (int i = 0; i < 100 && node.world.files().exists(data + "/log/pods/default_dead_dead-uid"); ++i)
    (void)co_await runtime::sleep(20ms);
  CHECK(node.world.files().list(data + "/pods").value() == std::vector<std::string>{kept});
  CHECK(node.world.files().list(data + "/log/pods").value() == std::vector<std::string>{"default_lost_" + kept});
  co_await b.remove("lost");
  co_await b.is_gone("lost");
}

// A pod that makes its subPath a link out of its volume gets nothing; one within the volume is what it says.
Task<void> check_sub_path(PodBench* b, std::string name, std::string make, std::string sub_path, std::string volume,
                          std::string expected) {
  std::string text = R"({apiVersion: v1, kind: Pod, metadata: {name: NAME, namespace: default}, spec: {nodeName: n1,
    terminationGracePeriodSeconds: 0,
    initContainers: [{name: make, image: IMAGE, command: [sh, -c, "MAKE"], volumeMounts: [{name: e, mountPath: /e}]}],
    containers: [{name: NAME, image: IMAGE, command: [sh, -c, "ls /m; touch /m/made; sleep 1000"],
      volumeMounts: [{name: e, mountPath: /m, subPath: SUB}]}],
    volumes: [{name: e, VOLUME}]}})";
  for (auto [key, value] : {std::pair{"NAME", name}, {"MAKE", make}, {"SUB", sub_path}, {"VOLUME", volume}})
    text = base::replace_all(std::move(text), key, value);
  co_await b->create(text);
  bool allowed = expected != "refused";
  if (!co_await b->becomes(name, allowed ? "ready" : "CreateContainerConfigError")) co_return;
  Value pod = co_await b->pod(name);
  if (allowed) {
    std::string printed = co_await b->sh(name, "ls /m | tr '\\n' ' '");
    CHECK_MESSAGE(printed == expected, name);
  } else {
    CHECK(PodBench::status_of(pod, name)["state"]["waiting"]["message"].as_string() ==
          "failed to prepare subPath for volumeMount \"e\" of container \"" + name + "\"");
  }
  co_await b->remove(name);
  co_await b->is_gone(name);
  std::string directory = b->options.data_directory + "/pods/" + std::string(kinds::uid_of(pod));
  for (int i = 0; i < 250 && b->world.files().exists(directory); ++i)  // without a grace period the object goes first
    (void)co_await runtime::sleep(20ms);
  CHECK(!b->world.files().exists(directory));
}

Task<void> sub_paths(RealNode& node) {
  PodBench* b = node.bench.get();
  std::string empty = "emptyDir: {}", host = "hostPath: {path: " + node.directory + "/host, type: DirectoryOrCreate}";
  std::string outside = node.directory + "/outside";
  CHECK(node.world.files().make_directories(outside + "/in", 0777));
  CHECK(node.world.files().make_directories(node.directory + "/host"));
  CHECK(node.world.files().symlink(node.directory + "/outside", node.directory + "/host/out"));
  co_await check_sub_path(b, "root", "ln -s / /e/lnk", "lnk", empty, "refused");
  co_await check_sub_path(b, "middle", "ln -s " + outside + " /e/lnk", "lnk/in", empty, "refused");
  co_await check_sub_path(b, "missing", "ln -s " + outside + " /e/lnk", "lnk/new", empty, "refused");
  co_await check_sub_path(b, "dangling", "ln -s " + outside + "/new /e/lnk", "lnk", empty, "refused");
  co_await check_sub_path(b, "upward", "ln -s ../.. /e/lnk", "lnk", empty, "refused");
  co_await check_sub_path(b, "host", "true", "out", host, "refused");
  co_await check_sub_path(b, "host-middle", "true", "out/in", host, "refused");
  co_await check_sub_path(b, "plain", "mkdir -p /e/a/b; touch /e/a/b/c", "a/b", empty, "c made");
  co_await check_sub_path(b, "within", "mkdir -p /e/a; touch /e/a/c; ln -s a /e/lnk", "lnk", empty, "c made");
  co_await check_sub_path(b, "fresh", "true", "x/y/z", empty, "made");
  co_await check_sub_path(b, "host-fresh", "true", "x/y", host, "made");
  CHECK(node.world.files().list(outside).value() == std::vector<std::string>{"in"});
  CHECK(node.world.files().list(outside + "/in").value().empty());
  CHECK(node.world.files().list(node.directory + "/host/x/y").value() == std::vector<std::string>{"made"});
}

}  // namespace

TEST_CASE("an emptyDir in memory has its mode and group also where its directory was there before") {
  if (::geteuid() != 0) return;
  runtime::testing::in_real_world([](World& world, std::string directory) -> Task<void> {
    auto& files = world.files();
    EnvInputs in;
    in.pod = value::parse_yaml(
                 "{spec: {securityContext: {fsGroup: 77}, volumes: [{name: e, emptyDir: {medium: Memory, "
                 "sizeLimit: 1Mi}}, {name: own, emptyDir: {medium: Memory}}]}}")
                 .value();
    std::string path = directory + "/volumes/kubernetes.io~empty-dir/e";
    CHECK(files.make_directories(path, 0700));  // as after a reboot
    for (int i = 0; i < 2; ++i) {
      auto prepared = volumes::prepare(world, {in, directory});
      CHECK(prepared.errors.empty());
      CHECK(volumes::mounts_below(world, directory).size() == 2);
      auto stat = files.stat(path);
      CHECK((stat && stat->mode == (i ? 0750 : 02777) && stat->gid == 77));
      CHECK(files.set_mode(path, 0750));  // a container's wish
    }
    CHECK(volumes::unmount_all(world, directory));
    co_return;
  });
}

TEST_CASE("a subPath stays within its volume, whatever links a pod makes") {
  with_containers([](RealNode& node) -> Task<void> { co_await sub_paths(node); });
}

TEST_CASE("environment and volumes of real containers") {
  with_containers([](RealNode& node) -> Task<void> { co_await real_volumes(node); });
}
