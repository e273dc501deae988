// The same pods on cgroup v1 and v2, with both drivers, as data: v2 cannot be tried on every machine.
#include "node/cgroups.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "value/yaml.h"

using namespace slipway;
using namespace slipway::node;

namespace {

const CgroupLayout kV1{CgroupDriver::cgroupfs, false, "slipway"}, kV2{CgroupDriver::cgroupfs, true, "slipway"},
    kSystemd{CgroupDriver::systemd, true, "slipway"};

Value pod(std::string_view containers) {
  Value list = value::parse_yaml(containers).value();
  return Value{{"metadata", Value{{"uid", "6f1c-22"}}}, {"spec", Value{{"containers", list}}}};
}

const char* const kBurstable =
    "[{name: a, resources: {requests: {cpu: 250m, memory: 64Mi}, limits: {cpu: 500m, memory: 128Mi}}}]";
const char* const kGuaranteed = "[{name: a, resources: {limits: {cpu: '1', memory: 1Gi}}}]";
const char* const kBestEffort = "[{name: a}]";

std::string files(const CgroupLayout& layout, std::string_view containers) {
  std::vector<std::string> lines;
  for (const auto& [path, text] : pod_cgroup_files(layout, pod(containers))) lines.push_back(path + " " + text);
  return base::join(lines, "\n");
}

}  // namespace

TEST_CASE("cgroups: where a pod's stands") {
  CHECK(pod_cgroup(kV1, pod(kBurstable)) == "/slipway/kubepods/burstable/pod6f1c-22");
  CHECK(pod_cgroup(kV2, pod(kGuaranteed)) == "/slipway/kubepods/pod6f1c-22");
  CHECK(pod_cgroup(kV1, pod(kBestEffort)) == "/slipway/kubepods/besteffort/pod6f1c-22");
  CHECK(pod_cgroup(kSystemd, pod(kBestEffort)) ==
        "/slipway.slice/slipway-kubepods.slice/slipway-kubepods-besteffort.slice/"
        "slipway-kubepods-besteffort-pod6f1c_22.slice");
}

TEST_CASE("cgroups: what is written for a pod") {
  CHECK(files(kV1, kBurstable) ==
        "/sys/fs/cgroup/cpu/slipway/kubepods/burstable/pod6f1c-22/cpu.shares 256\n"
        "/sys/fs/cgroup/cpu/slipway/kubepods/burstable/pod6f1c-22/cpu.cfs_period_us 100000\n"
        "/sys/fs/cgroup/cpu/slipway/kubepods/burstable/pod6f1c-22/cpu.cfs_quota_us 50000\n"
        "/sys/fs/cgroup/memory/slipway/kubepods/burstable/pod6f1c-22/memory.limit_in_bytes 134217728");
  CHECK(files(kV2, kGuaranteed) ==
        "/sys/fs/cgroup/cgroup.subtree_control +cpu +memory +pids\n"
        "/sys/fs/cgroup/slipway/cgroup.subtree_control +cpu +memory +pids\n"
        "/sys/fs/cgroup/slipway/kubepods/cgroup.subtree_control +cpu +memory +pids\n"
        "/sys/fs/cgroup/slipway/kubepods/pod6f1c-22/cgroup.subtree_control +cpu +memory +pids\n"
        "/sys/fs/cgroup/slipway/kubepods/pod6f1c-22/cpu.weight 39\n"
        "/sys/fs/cgroup/slipway/kubepods/pod6f1c-22/cpu.max 100000 100000\n"
        "/sys/fs/cgroup/slipway/kubepods/pod6f1c-22/memory.max 1073741824");
  CHECK(files(kV1, kBestEffort) == "/sys/fs/cgroup/cpu/slipway/kubepods/besteffort/pod6f1c-22/cpu.shares 2");
  CHECK(files(kSystemd, kGuaranteed) == "");
  // A limit holds for the pod only when every container has one.
  CHECK(files(kV1, "[{name: a, resources: {limits: {cpu: '1', memory: 1Gi}}}, {name: b}]") ==
        "/sys/fs/cgroup/cpu/slipway/kubepods/burstable/pod6f1c-22/cpu.shares 1024");
}

TEST_CASE("cgroups: what a container is given") {
  Value p = pod(kBurstable);
  const Value& c = p["spec"]["containers"][0];
  NodeSize node{4000, int64_t(8) << 30, 0};
  LinuxResources v1 = container_resources(kV1, p, c, node), v2 = container_resources(kV2, p, c, node);
  CHECK(v1.cpu_shares == 256);
  CHECK(v1.cpu_quota_us == 50'000);
  CHECK(v1.cpu_period_us == 100'000);
  CHECK(v1.memory_limit_bytes == 128 << 20);
  CHECK(v1.oom_score_adj == 993);
  CHECK(v1.unified.empty());
  CHECK(v2.unified == StringMap{{"memory.oom.group", "1"}});
  CHECK(oom_score_adj(pod(kGuaranteed), c, node.memory_bytes) == -997);
  CHECK(oom_score_adj(pod(kBestEffort), c, node.memory_bytes) == 1000);
  // Not guaranteed: it asks for nothing, whatever it may use. And the status is believed.
  Value greedy = pod("[{name: a, resources: {limits: {cpu: '1', memory: 1Gi}, requests: {cpu: '0'}}}]");
  CHECK(oom_score_adj(greedy, c, node.memory_bytes) > 0);
  CHECK(oom_score_adj(pod(kGuaranteed).with("/status/qosClass", "BestEffort"), c, node.memory_bytes) == 1000);
  CHECK(cpu_shares(0) == 2);
  CHECK(cpu_weight(2) == 1);
  CHECK(cpu_weight(262'144) == 10'000);
}
