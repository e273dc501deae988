// One function a message, fields in api.proto's order of importance. Timestamps are nanoseconds since 1970.
#include "node/cri/messages.h"

#include "base/text.h"

namespace slipway::node::cri {

namespace {

WallTime wall(int64_t ns) {
  return WallTime(Duration(ns));
}

Writer int64_value(int64_t v) {
  return Writer().put(1, v);
}

// NamespaceOption: POD = 0, CONTAINER = 1, NODE = 2
Writer namespaces(const SandboxConfig& c) {
  Writer w;
  w.put(1, c.host_network ? 2 : 0);
  w.put(2, c.host_pid ? 2 : c.share_processes ? 0 : 1);
  w.put(3, c.host_ipc ? 2 : 0);
  return w;
}

// SecurityProfile: RuntimeDefault = 0, Unconfined = 1
Writer seccomp(SeccompProfile profile) {
  return Writer().put(1, profile == SeccompProfile::unconfined ? 1 : 0);
}

int protocol_number(std::string_view name) {
  return name == "UDP" ? 1 : name == "SCTP" ? 2 : 0;
}

template <class T>
Result<T> finish(const Reader& r, T value, const char* what) {
  if (!r.ok()) return fail(ErrorKind::io, "the container runtime sent a malformed {}", what);
  return value;
}

void read_metadata(std::string_view bytes, std::string& name, uint32_t& attempt) {  // ContainerMetadata
  for (Reader r(bytes); r.next();) {
    if (r.field() == 1) name = r.text();
    if (r.field() == 2) attempt = static_cast<uint32_t>(r.number());
  }
}

void read_metadata(std::string_view bytes, Sandbox& s) {  // PodSandboxMetadata
  for (Reader r(bytes); r.next();) {
    if (r.field() == 1) s.name = r.text();
    if (r.field() == 2) s.uid = r.text();
    if (r.field() == 3) s.ns = r.text();
    if (r.field() == 4) s.attempt = static_cast<uint32_t>(r.number());
  }
}

ContainerState state_of(int64_t number) {
  switch (number) {
    case 0:
      return ContainerState::created;
    case 1:
      return ContainerState::running;
    case 2:
      return ContainerState::exited;
    default:
      return ContainerState::unknown;
  }
}

uint64_t wrapped(std::string_view bytes) {  // UInt64Value, Int64Value
  uint64_t v = 0;
  for (Reader r(bytes); r.next();)
    if (r.field() == 1) v = static_cast<uint64_t>(r.number());
  return v;
}

}  // namespace

Writer encode(const SandboxConfig& c) {
  Writer security;
  security.put(1, namespaces(c));
  if (c.run_as_user) security.put(3, int64_value(*c.run_as_user));
  if (c.run_as_group) security.put(8, int64_value(*c.run_as_group));
  for (int64_t group : c.supplemental_groups) security.put(5, group);
  security.put(6, c.privileged).put(9, seccomp(c.seccomp));

  Writer w;
  w.put(1, Writer().put(1, c.name).put(2, c.uid).put(3, c.ns).put(4, c.attempt));
  w.put(2, c.hostname).put(3, c.log_directory);
  if (c.dns) w.put(4, Writer().put_each(1, c.dns->servers).put_each(2, c.dns->searches).put_each(3, c.dns->options));
  for (const PortMapping& p : c.ports)
    w.put(5,
          Writer().put(1, protocol_number(p.protocol)).put(2, p.container_port).put(3, p.host_port).put(4, p.host_ip));
  w.put_map(6, c.labels).put_map(7, c.annotations);
  w.put(8, Writer().put(1, c.cgroup_parent).put(2, security).put_map(3, c.sysctls));
  return w;
}

Writer encode(const LinuxResources& r) {
  Writer w;
  w.put(1, r.cpu_period_us).put(2, r.cpu_quota_us).put(3, r.cpu_shares).put(4, r.memory_limit_bytes);
  w.put(5, r.oom_score_adj).put_map(9, r.unified);
  return w;
}

Writer encode(const ContainerConfig& c, const SandboxConfig& sandbox) {
  Writer security;
  security.put(1, Writer().put_each(1, c.add_capabilities).put_each(2, c.drop_capabilities));
  security.put(2, c.privileged).put(3, namespaces(sandbox));
  if (c.run_as_user) security.put(5, int64_value(*c.run_as_user));
  if (c.run_as_group) security.put(12, int64_value(*c.run_as_group));
  security.put(7, c.read_only_root);
  for (int64_t group : c.supplemental_groups) security.put(8, group);
  security.put(11, c.no_new_privileges).put(15, seccomp(c.seccomp));
  if (!c.privileged && !c.unmasked_proc) {
    static const char* const masked[] = {"/proc/asound",
                                         "/proc/acpi",
                                         "/proc/kcore",
                                         "/proc/keys",
                                         "/proc/latency_stats",
                                         "/proc/timer_list",
                                         "/proc/timer_stats",
                                         "/proc/sched_debug",
                                         "/proc/scsi",
                                         "/sys/firmware",
                                         "/sys/devices/virtual/powercap"};
    static const char* const read_only[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
    security.put_each(13, masked).put_each(14, read_only);
  }

  Writer w;
  w.put(1, Writer().put(1, c.name).put(2, c.attempt));
  w.put(2, Writer().put(1, c.image).put(18, c.image_spec));
  w.put_each(3, c.command).put_each(4, c.args).put(5, c.working_directory);
  for (const auto& [name, value] : c.env) w.put(6, Writer().put(1, name).put(2, value));
  for (const Mount& m : c.mounts)
    w.put(7, Writer()
                 .put(1, m.container_path)
                 .put(2, m.host_path)
                 .put(3, m.read_only)
                 .put(5, static_cast<int>(m.propagation)));
  w.put_map(9, c.labels).put_map(10, c.annotations).put(11, c.log_path);
  w.put(12, c.in).put(13, c.in_once).put(14, c.tty);
  w.put(15, Writer().put(1, encode(c.resources)).put(2, security));
  return w;
}

Writer encode(const ImageAuth& a) {
  Writer w;
  w.put(1, a.username).put(2, a.password).put(4, a.server_address).put(5, a.identity_token).put(6, a.registry_token);
  return w;
}

Result<ImageInfo> decode_image(std::string_view bytes) {
  ImageInfo image;
  Reader r(bytes);
  while (r.next()) switch (r.field()) {
      case 1:
        image.id = r.text();
        break;
      case 2:
        image.tags.push_back(r.text());
        break;
      case 3:
        image.digests.push_back(r.text());
        break;
      case 4:
        image.size_bytes = static_cast<uint64_t>(r.number());
        break;
      case 5:
        image.uid = static_cast<int64_t>(wrapped(r.bytes()));
        break;
      case 6:
        image.username = r.text();
        break;
    }
  return finish(r, std::move(image), "Image");
}

Result<Sandbox> decode_sandbox(std::string_view bytes) {
  Sandbox s;
  s.ready = true;  // SANDBOX_READY is 0 and so not on the wire
  Reader r(bytes);
  while (r.next()) switch (r.field()) {
      case 1:
        s.id = r.text();
        break;
      case 2:
        read_metadata(r.bytes(), s);
        break;
      case 3:
        s.ready = r.number() == 0;
        break;
      case 4:
        s.created = wall(r.number());
        break;
      case 5:
        s.labels.insert(read_entry(r.bytes()));
        break;
      case 6:
        s.annotations.insert(read_entry(r.bytes()));
        break;
    }
  return finish(r, std::move(s), "PodSandbox");
}

Result<SandboxStatus> decode_sandbox_status(std::string_view bytes) {
  SandboxStatus s;
  s.ready = true;
  Reader r(bytes);
  while (r.next()) switch (r.field()) {
      case 1:
        s.id = r.text();
        break;
      case 2:
        read_metadata(r.bytes(), s);
        break;
      case 3:
        s.ready = r.number() == 0;
        break;
      case 4:
        s.created = wall(r.number());
        break;
      case 5:
        for (Reader n(r.bytes()); n.next();) {
          if (n.field() == 1 && !n.bytes().empty()) s.ips.insert(s.ips.begin(), n.text());
          if (n.field() == 2)
            for (Reader ip(n.bytes()); ip.next();)
              if (ip.field() == 1) s.ips.push_back(ip.text());
        }
        break;
      case 7:
        s.labels.insert(read_entry(r.bytes()));
        break;
      case 8:
        s.annotations.insert(read_entry(r.bytes()));
        break;
    }
  return finish(r, std::move(s), "PodSandboxStatus");
}

Result<Container> decode_container(std::string_view bytes) {
  Container c;
  c.state = ContainerState::created;
  Reader r(bytes);
  while (r.next()) switch (r.field()) {
      case 1:
        c.id = r.text();
        break;
      case 2:
        c.sandbox = r.text();
        break;
      case 3:
        read_metadata(r.bytes(), c.name, c.attempt);
        break;
      case 6:
        c.state = state_of(r.number());
        break;
      case 7:
        c.created = wall(r.number());
        break;
      case 8:
        c.labels.insert(read_entry(r.bytes()));
        break;
      case 9:
        c.annotations.insert(read_entry(r.bytes()));
        break;
    }
  return finish(r, std::move(c), "Container");
}

Result<ContainerStatus> decode_container_status(std::string_view bytes) {
  ContainerStatus c;
  c.state = ContainerState::created;
  Reader r(bytes);
  while (r.next()) switch (r.field()) {
      case 1:
        c.id = r.text();
        break;
      case 2:
        read_metadata(r.bytes(), c.name, c.attempt);
        break;
      case 3:
        c.state = state_of(r.number());
        break;
      case 4:
        c.created = wall(r.number());
        break;
      case 5:
        c.started = wall(r.number());
        break;
      case 6:
        c.finished = wall(r.number());
        break;
      case 7:
        c.exit_code = static_cast<int>(r.number());
        break;
      case 8:
        for (Reader i(r.bytes()); i.next();)
          if (i.field() == 1) c.image = i.text();
        break;
      case 9:
        c.image_ref = r.text();
        break;
      case 10:
        c.reason = r.text();
        break;
      case 11:
        c.message = r.text();
        break;
      case 12:
        c.labels.insert(read_entry(r.bytes()));
        break;
      case 13:
        c.annotations.insert(read_entry(r.bytes()));
        break;
      case 15:
        c.log_path = r.text();
        break;
    }
  return finish(r, std::move(c), "ContainerStatus");
}

Result<ContainerStats> decode_stats(std::string_view bytes) {
  ContainerStats s;
  Reader r(bytes);
  while (r.next()) switch (r.field()) {
      case 1:
        for (Reader a(r.bytes()); a.next();) {
          if (a.field() == 1) s.id = a.text();
          if (a.field() == 3) s.labels.insert(read_entry(a.bytes()));
        }
        break;
      case 2:
        for (Reader cpu(r.bytes()); cpu.next();) {
          if (cpu.field() == 1) s.taken = wall(cpu.number());
          if (cpu.field() == 2) s.cpu_core_ns = wrapped(cpu.bytes());
        }
        break;
      case 3:
        for (Reader memory(r.bytes()); memory.next();) {
          if (memory.field() == 2) s.memory_working_set_bytes = wrapped(memory.bytes());
          if (memory.field() == 4) s.memory_usage_bytes = wrapped(memory.bytes());
        }
        break;
      case 4:
        for (Reader layer(r.bytes()); layer.next();)
          if (layer.field() == 3) s.writable_layer_bytes = wrapped(layer.bytes());
        break;
    }
  return finish(r, std::move(s), "ContainerStats");
}

Result<std::optional<RuntimeEvent>> decode_event(std::string_view bytes) {
  std::string topic;
  std::string_view any;
  Reader r(bytes);
  while (r.next()) {
    if (r.field() == 3) topic = r.text();
    if (r.field() == 4) any = r.bytes();
  }
  if (!r.ok()) return fail(ErrorKind::io, "containerd sent a malformed event");
  std::string_view body;
  for (Reader a(any); a.next();)
    if (a.field() == 2) body = a.bytes();
  std::string container,
      process;  // every task event begins with the container's id; TaskExit goes on with the process's
  for (Reader b(body); b.next();) {
    if (b.field() == 1) container = b.text();
    if (b.field() == 2) process = b.text();
  }
  if (topic == "/tasks/exit") {
    if (process != container) return std::optional<RuntimeEvent>();  // a command that was executed in it
    return RuntimeEvent{RuntimeEvent::Kind::exited, container};
  }
  if (topic == "/tasks/start") return RuntimeEvent{RuntimeEvent::Kind::started, container};
  if (topic == "/tasks/oom") return RuntimeEvent{RuntimeEvent::Kind::out_of_memory, container};
  if (topic == "/containers/delete") return RuntimeEvent{RuntimeEvent::Kind::deleted, container};
  return std::optional<RuntimeEvent>();
}

}  // namespace slipway::node::cri
