#include "node/pod/config.h"

#include <algorithm>

#include "base/text.h"
#include "kinds/object.h"
#include "node/cgroups.h"
#include "node/pod/spec.h"

namespace slipway::node::pod {

namespace {

std::optional<int64_t> number(const Value& container, const Value& pod, const char* name) {
  const Value& own = container["securityContext"][name];
  if (own.is_number()) return own.as_int();
  const Value& shared = pod["spec"]["securityContext"][name];
  return shared.is_number() ? std::optional(shared.as_int()) : std::nullopt;
}

std::vector<int64_t> groups_of(const Value& pod) {
  std::vector<int64_t> groups;
  for (const Value& g : pod["spec"]["securityContext"]["supplementalGroups"].items()) groups.push_back(g.as_int());
  const Value& fs = pod["spec"]["securityContext"]["fsGroup"];
  if (fs.is_number()) groups.push_back(fs.as_int());
  return groups;
}

SeccompProfile seccomp_of(const Value& container, const Value& pod) {
  const Value& own = container["securityContext"]["seccompProfile"];
  const Value& profile = own.is_object() ? own : pod["spec"]["securityContext"]["seccompProfile"];
  return profile["type"].as_string() == "RuntimeDefault" ? SeccompProfile::runtime_default : SeccompProfile::unconfined;
}

Result<std::string> sub_path(const Value& mount, const Environment& env) {
  std::string path =
      mount["subPathExpr"].is_string() ? expand(mount["subPathExpr"].as_string(), env) : mount["subPath"].str();
  if (mount["subPathExpr"].is_string() && path.find("$(") != std::string::npos)
    return fail(ErrorKind::invalid, "missing value for \"{}\"", mount["subPathExpr"].as_string());
  for (std::string_view step : base::split(path, '/'))
    if (step == "..") return fail(ErrorKind::invalid, "cannot use subPath {}: it leaves the volume", path);
  if (path.starts_with("/")) return fail(ErrorKind::invalid, "cannot use subPath {}: it is absolute", path);
  return path;
}

Result<std::vector<Mount>> mounts_of(const NodeOptions& options, const ContainerInputs& in, const Environment& env) {
  std::vector<Mount> mounts;
  bool own_hosts = false;
  int index = -1;
  for (const Value& m : in.values.container["volumeMounts"].items()) {
    ++index;
    auto volume = in.volumes.find(m["name"].str());
    if (volume == in.volumes.end())
      return fail(ErrorKind::invalid, "cannot find volume \"{}\" to mount into container \"{}\"", m["name"].as_string(),
                  in.values.container["name"].as_string());
    Mount mount;
    mount.container_path = m["mountPath"].str();
    if (!mount.container_path.starts_with("/")) mount.container_path = "/" + mount.container_path;
    mount.host_path = volume->second;
    mount.sub_path = OR_RETURN(sub_path(m, env));
    if (!mount.sub_path.empty()) {
      mount.volume = volume->first;
      mount.volume_path = volume->second;
      mount.host_path = fmt::format("{}/volume-subpaths/{}/{}/{}", pod_directory(options, in.values.pod), mount.volume,
                                    in.values.container["name"].as_string(), index);
    }
    mount.read_only = m["readOnly"].as_bool();
    std::string_view propagation = m["mountPropagation"].as_string();
    if (propagation == "HostToContainer") mount.propagation = Mount::Propagation::from_host;
    if (propagation == "Bidirectional") mount.propagation = Mount::Propagation::both;
    own_hosts = own_hosts || mount.container_path == "/etc/hosts";
    mounts.push_back(std::move(mount));
  }
  if (!own_hosts) mounts.push_back({"/etc/hosts", hosts_path(options, in.values.pod)});
  std::string message = in.values.container["terminationMessagePath"].str("/dev/termination-log");
  mounts.push_back(
      {message, termination_path(options, in.values.pod, in.values.container["name"].as_string(), in.restart_count)});
  return mounts;
}

}  // namespace

std::string pod_directory(const NodeOptions& options, const Value& pod) {
  return options.data_directory + "/pods/" + std::string(kinds::uid_of(pod));
}

std::string log_root(const NodeOptions& options) {
  return options.log_directory.empty() ? options.data_directory + "/log/pods" : options.log_directory;
}

std::string log_directory(const NodeOptions& options, const Value& pod) {
  return fmt::format("{}/{}_{}_{}", log_root(options), kinds::namespace_of(pod), kinds::name_of(pod),
                     kinds::uid_of(pod));
}

SandboxConfig sandbox_config(const NodeOptions& options, const Value& pod, uint32_t attempt,
                             std::string_view host_resolv_conf) {
  SandboxConfig c;
  const Value& spec = pod["spec"];
  c.ns = kinds::namespace_of(pod);
  c.name = kinds::name_of(pod);
  c.uid = kinds::uid_of(pod);
  c.attempt = attempt;
  c.host_network = on_host_network(pod);
  c.hostname = c.host_network ? "" : hostname_of(pod);
  c.log_directory = log_directory(options, pod);
  c.dns = dns_config(options, pod, host_resolv_conf);
  for (const ContainerSpec& container : containers_of(pod))
    for (const Value& p : (*container.spec)["ports"].items())
      if (p["hostPort"].as_int() > 0 && !c.host_network)
        c.ports.push_back({p["protocol"].str("TCP"), static_cast<int>(p["containerPort"].as_int()),
                           static_cast<int>(p["hostPort"].as_int()), p["hostIP"].str()});
  for (const value::Member& m : pod["metadata"]["labels"].members()) c.labels[m.key.str()] = m.value.str();
  c.labels[kLabelPodName] = c.name;
  c.labels[kLabelPodNamespace] = c.ns;
  c.labels[kLabelPodUid] = c.uid;
  c.cgroup_parent = pod_cgroup(options.cgroups, pod);
  c.host_pid = spec["hostPID"].as_bool();
  c.host_ipc = spec["hostIPC"].as_bool();
  c.share_processes = spec["shareProcessNamespace"].as_bool();
  for (const Value& s : spec["securityContext"]["sysctls"].items()) c.sysctls[s["name"].str()] = s["value"].str();
  for (const ContainerSpec& container : containers_of(pod))
    c.privileged = c.privileged || (*container.spec)["securityContext"]["privileged"].as_bool();
  c.run_as_user = number(Value(), pod, "runAsUser");
  c.run_as_group = number(Value(), pod, "runAsGroup");
  if (c.run_as_group && !c.run_as_user) c.run_as_group.reset();  // CRI refuses a group without a user
  c.supplemental_groups = groups_of(pod);
  c.seccomp = seccomp_of(Value(), pod);
  return c;
}

Result<ContainerConfig> container_config(const NodeOptions& options, const ContainerInputs& in) {
  const Value &pod = in.values.pod, &spec = in.values.container, &security = spec["securityContext"];
  Environment env = OR_RETURN(make_environment(in.values));
  ContainerConfig c;
  c.name = spec["name"].str();
  c.attempt = in.restart_count;
  c.image = in.image_ref;
  c.image_spec = spec["image"].str();
  c.command = expand_each(spec["command"], env);
  c.args = expand_each(spec["args"], env);
  c.working_directory = spec["workingDir"].str();
  c.mounts = OR_RETURN(mounts_of(options, in, env));
  c.env = std::move(env);
  c.labels = {{kLabelPodName, std::string(kinds::name_of(pod))},
              {kLabelPodNamespace, std::string(kinds::namespace_of(pod))},
              {kLabelPodUid, std::string(kinds::uid_of(pod))},
              {kLabelContainerName, c.name}};
  c.annotations = {{kNoteContainerHash, container_hash(spec)},
                   {kNoteRestartCount, std::to_string(in.restart_count)},
                   {kNoteGracePeriod, std::to_string(pod["spec"]["terminationGracePeriodSeconds"].as_int(30))}};
  bool ends = false;
  for (const ContainerSpec& s : containers_of(pod))
    if (s.name() == c.name)
      ends = s.role == Role::init || (s.role == Role::main && restart_policy(pod) != RestartPolicy::always);
  if (ends) c.annotations[kNoteEndsByItself] = "true";
  c.log_path = fmt::format("{}/{}.log", c.name, in.restart_count);
  c.in = spec["stdin"].as_bool();
  c.in_once = spec["stdinOnce"].as_bool();
  c.tty = spec["tty"].as_bool();
  c.resources = container_resources(options.cgroups, pod, spec, in.values.node);
  c.privileged = security["privileged"].as_bool();
  c.read_only_root = security["readOnlyRootFilesystem"].as_bool();
  c.no_new_privileges =
      security["allowPrivilegeEscalation"].is_bool() && !security["allowPrivilegeEscalation"].as_bool();
  for (const Value& v : security["capabilities"]["add"].items()) c.add_capabilities.push_back(v.str());
  for (const Value& v : security["capabilities"]["drop"].items()) c.drop_capabilities.push_back(v.str());
  c.unmasked_proc = security["procMount"].as_string() == "Unmasked";
  c.run_as_user = number(spec, pod, "runAsUser");
  c.run_as_group = number(spec, pod, "runAsGroup");
  if (!c.run_as_user && in.image.uid) c.run_as_user = in.image.uid;
  if (!c.run_as_user && c.run_as_group) c.run_as_user = 0;
  c.supplemental_groups = groups_of(pod);
  c.seccomp = seccomp_of(spec, pod);

  const Value& own = security["runAsNonRoot"];
  bool non_root = own.is_bool() ? own.as_bool() : pod["spec"]["securityContext"]["runAsNonRoot"].as_bool();
  if (non_root && !number(spec, pod, "runAsUser") && !in.image.username.empty())
    return fail(ErrorKind::invalid,
                "container has runAsNonRoot and image has non-numeric user ({}), cannot verify user is non-root (pod: "
                "\"{}\", container: {})",
                in.image.username, describe(pod), c.name);
  if (non_root && c.run_as_user.value_or(0) == 0)
    return fail(ErrorKind::invalid, "{} (pod: \"{}\", container: {})",
                number(spec, pod, "runAsUser") ? "container's runAsUser breaks non-root policy"
                                               : "container has runAsNonRoot and image will run as root",
                describe(pod), c.name);
  return c;
}

std::optional<DnsConfig> dns_config(const NodeOptions& options, const Value& pod, std::string_view host_resolv_conf) {
  DnsConfig host;
  for (std::string_view line : base::split_lines(host_resolv_conf)) {
    std::vector<std::string> words;
    for (std::string_view w : base::split(base::replace_all(std::string(line), "\t", " "), ' '))
      if (!w.empty()) words.emplace_back(w);
    if (words.size() < 2) continue;
    if (words[0] == "nameserver") host.servers.push_back(words[1]);
    if (words[0] == "search") host.searches.assign(words.begin() + 1, words.end());
    if (words[0] == "options") host.options.assign(words.begin() + 1, words.end());
  }
  std::string_view policy = pod["spec"]["dnsPolicy"].as_string("ClusterFirst");
  bool cluster = (policy == "ClusterFirst" && !on_host_network(pod)) || policy == "ClusterFirstWithHostNet";
  DnsConfig c;
  if (cluster && !options.cluster_dns.empty()) {
    c.servers = {options.cluster_dns};
    std::string ns(kinds::namespace_of(pod)), domain = options.cluster_domain;
    c.searches = {ns + ".svc." + domain, "svc." + domain, domain};
    c.searches.insert(c.searches.end(), host.searches.begin(), host.searches.end());
    c.options = {"ndots:5"};
  } else if (policy != "None") {
    c = host;
  }
  const Value& extra = pod["spec"]["dnsConfig"];
  auto add = [](std::vector<std::string>& list, std::string item) {
    if (std::ranges::find(list, item) == list.end()) list.push_back(std::move(item));
  };
  for (const Value& v : extra["nameservers"].items()) add(c.servers, v.str());
  for (const Value& v : extra["searches"].items()) add(c.searches, v.str());
  for (const Value& v : extra["options"].items()) {
    std::string name = v["name"].str();
    std::erase_if(c.options, [&](const std::string& o) { return o == name || o.starts_with(name + ":"); });
    c.options.push_back(v["value"].is_string() ? name + ":" + v["value"].str() : name);
  }
  if (c.servers.empty() && c.searches.empty() && c.options.empty()) return std::nullopt;
  return c;
}

std::string hosts_file(const Value& pod, const std::vector<std::string>& pod_ips, const std::string& hostname,
                       std::string_view host_file, const std::string& cluster_domain) {
  std::string text;
  if (on_host_network(pod)) {
    text = "# Kubernetes-managed hosts file (host network).\n" + std::string(host_file);
  } else {
    text =
        "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
        "fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n";
    std::string subdomain = pod["spec"]["subdomain"].str();
    for (const std::string& ip : pod_ips) {
      if (subdomain.empty())
        text += ip + "\t" + hostname + "\n";
      else
        text += fmt::format("{}\t{}.{}.{}.svc.{}\t{}\n", ip, hostname, subdomain, kinds::namespace_of(pod),
                            cluster_domain, hostname);
    }
  }
  if (!pod["spec"]["hostAliases"].empty()) {
    text += "\n# Entries added by HostAliases.\n";
    for (const Value& alias : pod["spec"]["hostAliases"].items()) {
      text += alias["ip"].str();
      for (const Value& name : alias["hostnames"].items()) text += "\t" + name.str();
      text += "\n";
    }
  }
  return text;
}

std::string hostname_of(const Value& pod) {
  std::string name = pod["spec"]["hostname"].str(kinds::name_of(pod)).substr(0, 63);
  while (!name.empty() && (name.back() == '-' || name.back() == '.')) name.pop_back();
  return name;
}

std::string hosts_path(const NodeOptions& options, const Value& pod) {
  return pod_directory(options, pod) + "/etc-hosts";
}

std::string termination_path(const NodeOptions& options, const Value& pod, std::string_view container,
                             uint32_t restart_count) {
  return fmt::format("{}/containers/{}/{}", pod_directory(options, pod), container, restart_count);
}

}  // namespace slipway::node::pod
