// Formulas are the kubelet's (cm/helpers_linux.go, qos/policy.go), so that a pod weighs the same here as there.
#include "node/cgroups.h"

#include <algorithm>

#include "base/text.h"
#include "kinds/object.h"
#include "node/pod/spec.h"

namespace slipway::node {

namespace {

constexpr int64_t kPeriodUs = 100'000, kQuotaMinUs = 1000;

struct Amounts {
  int64_t cpu_request_milli = 0, cpu_limit_milli = 0, memory_request = 0, memory_limit = 0;  // 0: none
};

Amounts amounts_of(const Value& container) {
  const Value& resources = container["resources"];
  auto read = [&](const char* list, const char* name) -> int64_t {
    auto q = kinds::Quantity::parse(resources[list][name].as_string());
    return !q ? 0 : std::string_view(name) == "cpu" ? q->milli() : q->value();
  };
  Amounts a{read("requests", "cpu"), read("limits", "cpu"), read("requests", "memory"), read("limits", "memory")};
  if (!resources["requests"].has("cpu")) a.cpu_request_milli = a.cpu_limit_milli;
  if (!resources["requests"].has("memory")) a.memory_request = a.memory_limit;
  return a;
}

int64_t quota_of(int64_t limit_milli) {
  return limit_milli ? std::max(limit_milli * kPeriodUs / 1000, kQuotaMinUs) : 0;
}

// Sums of main containers and sidecars; an ordinary init container counts where it asks for more. A limit holds for the
// pod only when every container has one.
Amounts pod_amounts(const Value& pod) {
  Amounts sum, init;
  bool cpu_limited = true, memory_limited = true;
  for (const pod::ContainerSpec& c : pod::containers_of(pod)) {
    Amounts a = amounts_of(*c.spec);
    if (!a.cpu_limit_milli) cpu_limited = false;
    if (!a.memory_limit) memory_limited = false;
    if (c.role == pod::Role::init) {
      init = {std::max(init.cpu_request_milli, a.cpu_request_milli), std::max(init.cpu_limit_milli, a.cpu_limit_milli),
              std::max(init.memory_request, a.memory_request), std::max(init.memory_limit, a.memory_limit)};
    } else {
      sum = {sum.cpu_request_milli + a.cpu_request_milli, sum.cpu_limit_milli + a.cpu_limit_milli,
             sum.memory_request + a.memory_request, sum.memory_limit + a.memory_limit};
    }
  }
  return {std::max(sum.cpu_request_milli, init.cpu_request_milli),
          cpu_limited ? std::max(sum.cpu_limit_milli, init.cpu_limit_milli) : 0,
          std::max(sum.memory_request, init.memory_request),
          memory_limited ? std::max(sum.memory_limit, init.memory_limit) : 0};
}

}  // namespace

std::string pod_cgroup(const CgroupLayout& layout, const Value& pod) {
  std::string qos = base::to_lower(pod::qos_class(pod)), uid(kinds::uid_of(pod));
  bool guaranteed = qos == "guaranteed";
  if (layout.driver == CgroupDriver::cgroupfs)
    return "/" + layout.root + "/kubepods/" + (guaranteed ? "" : qos + "/") + "pod" + uid;
  // A slice's name holds its ancestors', joined by "-"; a "-" of its own becomes "_".
  std::string name = base::replace_all(layout.root, "-", "_"), path;
  auto down = [&](const std::string& step) {
    if (!step.empty()) name += "-" + step;
    path += "/" + name + ".slice";
  };
  down("");
  down("kubepods");
  if (!guaranteed) down(qos);
  down("pod" + base::replace_all(uid, "-", "_"));
  return path;
}

LinuxResources container_resources(const CgroupLayout& layout, const Value& pod, const Value& container,
                                   const NodeSize& node) {
  Amounts a = amounts_of(container);
  LinuxResources r;
  r.cpu_shares = cpu_shares(a.cpu_request_milli);
  if (a.cpu_limit_milli) {
    r.cpu_period_us = kPeriodUs;
    r.cpu_quota_us = quota_of(a.cpu_limit_milli);
  }
  r.memory_limit_bytes = a.memory_limit;
  r.oom_score_adj = oom_score_adj(pod, container, node.memory_bytes);
  if (layout.v2) r.unified["memory.oom.group"] = "1";  // a container dies whole, not one process of it
  return r;
}

std::vector<std::pair<std::string, std::string>> pod_cgroup_files(const CgroupLayout& layout, const Value& pod) {
  if (layout.driver == CgroupDriver::systemd) return {};
  Amounts a = pod_amounts(pod);
  std::string path = pod_cgroup(layout, pod), base = "/sys/fs/cgroup";
  std::vector<std::pair<std::string, std::string>> files;
  if (!layout.v2) {
    files.emplace_back(base + "/cpu" + path + "/cpu.shares", std::to_string(cpu_shares(a.cpu_request_milli)));
    if (a.cpu_limit_milli) {
      files.emplace_back(base + "/cpu" + path + "/cpu.cfs_period_us", std::to_string(kPeriodUs));
      files.emplace_back(base + "/cpu" + path + "/cpu.cfs_quota_us", std::to_string(quota_of(a.cpu_limit_milli)));
    }
    if (a.memory_limit)
      files.emplace_back(base + "/memory" + path + "/memory.limit_in_bytes", std::to_string(a.memory_limit));
    return files;
  }
  // every ancestor must hand the controllers down
  std::string at = base;
  files.emplace_back(at + "/cgroup.subtree_control", "+cpu +memory +pids");
  auto steps = base::split(std::string_view(path).substr(1), '/');
  for (size_t i = 0; i < steps.size(); ++i) {
    at += "/" + std::string(steps[i]);
    files.emplace_back(at + "/cgroup.subtree_control", "+cpu +memory +pids");
  }
  files.emplace_back(at + "/cpu.weight", std::to_string(cpu_weight(cpu_shares(a.cpu_request_milli))));
  if (a.cpu_limit_milli)
    files.emplace_back(at + "/cpu.max", fmt::format("{} {}", quota_of(a.cpu_limit_milli), kPeriodUs));
  if (a.memory_limit) files.emplace_back(at + "/memory.max", std::to_string(a.memory_limit));
  return files;
}

namespace {

void remove_cgroup_tree(runtime::Files& files, const std::string& path) {
  if (auto below = files.list(path))
    for (const std::string& name : *below) {
      auto stat = files.stat(path + "/" + name);
      if (stat && stat->kind == runtime::FileStat::Kind::directory) remove_cgroup_tree(files, path + "/" + name);
    }
  (void)files.remove(path);
}

}  // namespace

void remove_cgroups(World& world, const std::string& path) {
  auto& files = world.files();
  const std::string base = "/sys/fs/cgroup";
  if (files.exists(base + path)) remove_cgroup_tree(files, base + path);  // v2
  if (auto hierarchies = files.list(base))
    for (const std::string& name : *hierarchies)
      if (files.exists(base + "/" + name + path)) remove_cgroup_tree(files, base + "/" + name + path);
}

int64_t cpu_shares(int64_t milli) {
  return std::clamp<int64_t>(milli * 1024 / 1000, 2, 262'144);
}

int64_t cpu_weight(int64_t shares) {
  return 1 + (shares - 2) * 9999 / 262'142;
}

int64_t oom_score_adj(const Value& pod, const Value& container, int64_t node_memory_bytes) {
  if (pod["spec"]["priorityClassName"].as_string() == "system-node-critical") return -997;
  std::string qos = pod::qos_class(pod);
  if (qos == "Guaranteed") return -997;
  if (qos == "BestEffort" || node_memory_bytes <= 0) return 1000;
  int64_t score = 1000 - static_cast<int64_t>(static_cast<__int128>(1000) * amounts_of(container).memory_request /
                                              node_memory_bytes);
  return std::clamp<int64_t>(score, 3, 999);
}

}  // namespace slipway::node
