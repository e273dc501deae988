// Each CRI call is one line of encoding and one of decoding. Timeouts: the kubelet's two minutes for everything that
// may wait for a container, none for pulls (a pull ends when its scope is canceled).
//
// containerd 1.6 has no GetContainerEvents ("not implemented"), so events come from its own event service, which sees
// every task in the namespace k8s.io.
#include "node/cri/cri.h"

#include "base/text.h"
#include "node/cri/messages.h"
#include "runtime/grpc.h"

namespace slipway::node::cri {

namespace {

using runtime::GrpcClient;
using runtime::GrpcStream;

constexpr Duration kCall = 2min;

std::string runtime_path(const char* method) {
  return std::string("/runtime.v1.RuntimeService/") + method;
}
std::string image_path(const char* method) {
  return std::string("/runtime.v1.ImageService/") + method;
}

// The one string that many answers consist of.
std::string first_text(std::string_view bytes) {
  for (Reader r(bytes); r.next();)
    if (r.field() == 1) return r.text();
  return {};
}

template <class T, class Decode>
Result<std::vector<T>> decode_each(std::string_view bytes, Decode decode) {
  std::vector<T> list;
  Reader r(bytes);
  while (r.next())
    if (r.field() == 1) list.push_back(OR_RETURN(decode(r.bytes())));
  if (!r.ok()) return fail(ErrorKind::io, "the container runtime sent a malformed list");
  return list;
}

Result<> ignore_missing(Result<std::string> answer) {
  if (!answer && !answer.error().is(ErrorKind::not_found)) return std::move(answer).error();
  return {};
}

class Events final : public RuntimeEvents {
 public:
  explicit Events(std::unique_ptr<GrpcStream> stream) : stream_(std::move(stream)) {}
  Task<Result<RuntimeEvent>> next() override {
    for (;;) {
      auto message = OR_CO_RETURN(co_await stream_->next());
      if (!message) co_return Error(ErrorKind::unavailable, "containerd ended its event stream");
      auto event = OR_CO_RETURN(decode_event(*message));
      if (event) co_return std::move(*event);
    }
  }

 private:
  std::unique_ptr<GrpcStream> stream_;
};

class Cri final : public PodRuntime {
 public:
  Cri(World& world, std::string socket) {
    runtime::GrpcOptions options;
    options.metadata.add("containerd-namespace", "k8s.io");
    grpc_ = GrpcClient::create(world, runtime::Address::unix_socket(std::move(socket)), std::move(options));
  }

  Task<Result<RuntimeVersion>> version() override {
    auto answer = OR_CO_RETURN(co_await call(runtime_path("Version"), Writer()));
    RuntimeVersion v;
    for (Reader r(answer); r.next();) {
      if (r.field() == 2) v.name = r.text();
      if (r.field() == 3) v.version = r.text();
    }
    co_return v;
  }

  Task<Result<RuntimeCondition>> condition() override {
    auto answer = OR_CO_RETURN(co_await call(runtime_path("Status"), Writer()));
    RuntimeCondition c;
    for (Reader r(answer); r.next();) {
      if (r.field() != 1) continue;
      for (Reader list(r.bytes()); list.next();) {
        std::string type, message;
        bool on = false;
        for (Reader one(list.bytes()); one.next();) {
          if (one.field() == 1) type = one.text();
          if (one.field() == 2) on = one.flag();
          if (one.field() == 4) message = one.text();
        }
        (type == "RuntimeReady" ? c.runtime_ready : c.network_ready) = on;
        if (!on && c.message.empty()) c.message = message;
      }
    }
    co_return c;
  }

  Task<Result<std::optional<ImageInfo>>> find_image(std::string image) override {
    auto answer = OR_CO_RETURN(co_await call(image_path("ImageStatus"), Writer().put(1, Writer().put(1, image))));
    for (Reader r(answer); r.next();)
      if (r.field() == 1) {
        auto info = OR_CO_RETURN(decode_image(r.bytes()));
        co_return std::optional<ImageInfo>(std::move(info));
      }
    co_return std::optional<ImageInfo>();
  }

  Task<Result<std::string>> pull_image(std::string image, ImageAuth auth) override {
    Writer request;
    request.put(1, Writer().put(1, image)).put(2, encode(auth));
    auto answer = OR_CO_RETURN(co_await call(image_path("PullImage"), std::move(request), Duration(0)));
    co_return first_text(answer);
  }

  Task<Result<std::vector<ImageInfo>>> list_images() override {
    auto answer = OR_CO_RETURN(co_await call(image_path("ListImages"), Writer()));
    co_return decode_each<ImageInfo>(answer, decode_image);
  }

  Task<Result<>> remove_image(std::string image) override {
    co_return ignore_missing(co_await call(image_path("RemoveImage"), Writer().put(1, Writer().put(1, image))));
  }

  Task<Result<std::string>> run_sandbox(SandboxConfig config) override {
    auto answer =
        OR_CO_RETURN(co_await call(runtime_path("RunPodSandbox"), Writer().put(1, encode(config)), kCall * 2));
    co_return first_text(answer);
  }

  Task<Result<>> stop_sandbox(std::string id) override {
    co_return ignore_missing(co_await call(runtime_path("StopPodSandbox"), Writer().put(1, id)));
  }

  Task<Result<>> remove_sandbox(std::string id) override {
    co_return ignore_missing(co_await call(runtime_path("RemovePodSandbox"), Writer().put(1, id)));
  }

  Task<Result<SandboxStatus>> sandbox_status(std::string id) override {
    auto answer = OR_CO_RETURN(co_await call(runtime_path("PodSandboxStatus"), Writer().put(1, id)));
    co_return decode_sandbox_status(first_text(answer));
  }

  Task<Result<std::vector<Sandbox>>> list_sandboxes(StringMap labels) override {
    auto answer =
        OR_CO_RETURN(co_await call(runtime_path("ListPodSandbox"), Writer().put(1, Writer().put_map(3, labels))));
    co_return decode_each<Sandbox>(answer, decode_sandbox);
  }

  Task<Result<std::string>> create_container(std::string sandbox, ContainerConfig config,
                                             SandboxConfig sandbox_config) override {
    Writer request;
    request.put(1, sandbox).put(2, encode(config, sandbox_config)).put(3, encode(sandbox_config));
    auto answer = OR_CO_RETURN(co_await call(runtime_path("CreateContainer"), std::move(request)));
    co_return first_text(answer);
  }

  Task<Result<>> start_container(std::string id) override {
    OR_CO_RETURN(co_await call(runtime_path("StartContainer"), Writer().put(1, id)));
    co_return Result<>();
  }

  Task<Result<>> stop_container(std::string id, Duration grace) override {
    int64_t seconds = std::chrono::ceil<std::chrono::seconds>(grace).count();
    co_return ignore_missing(
        co_await call(runtime_path("StopContainer"), Writer().put(1, id).put(2, seconds), grace + kCall));
  }

  Task<Result<>> remove_container(std::string id) override {
    co_return ignore_missing(co_await call(runtime_path("RemoveContainer"), Writer().put(1, id)));
  }

  Task<Result<ContainerStatus>> container_status(std::string id) override {
    auto answer = OR_CO_RETURN(co_await call(runtime_path("ContainerStatus"), Writer().put(1, id)));
    co_return decode_container_status(first_text(answer));
  }

  Task<Result<std::vector<Container>>> list_containers(StringMap labels) override {
    auto answer =
        OR_CO_RETURN(co_await call(runtime_path("ListContainers"), Writer().put(1, Writer().put_map(4, labels))));
    co_return decode_each<Container>(answer, decode_container);
  }

  Task<Result<>> update_resources(std::string id, LinuxResources resources) override {
    OR_CO_RETURN(
        co_await call(runtime_path("UpdateContainerResources"), Writer().put(1, id).put(2, encode(resources))));
    co_return Result<>();
  }

  Task<Result<ExecResult>> exec(std::string id, std::vector<std::string> command, Duration timeout) override {
    int64_t seconds = std::chrono::ceil<std::chrono::seconds>(timeout).count();
    Writer request;
    request.put(1, id).put_each(2, command).put(3, seconds);
    auto answer = co_await call(runtime_path("ExecSync"), std::move(request), timeout + kCall);
    if (!answer) {
      // containerd says Unknown: `... timeout 1s exceeded: context deadline exceeded`
      bool expired = answer.error().message().find("context deadline exceeded") != std::string::npos;
      co_return expired ? Error(ErrorKind::timeout, answer.error().message()) : std::move(answer).error();
    }
    ExecResult result;
    for (Reader r(*answer); r.next();) {
      if (r.field() == 1) result.out = r.text();
      if (r.field() == 2) result.err = r.text();
      if (r.field() == 3) result.exit_code = static_cast<int>(r.number());
    }
    co_return result;
  }

  Task<Result<std::string>> exec_url(std::string id, std::vector<std::string> command, StreamFlags flags) override {
    Writer request;
    request.put(1, id).put_each(2, command).put(3, flags.tty).put(4, flags.in).put(5, flags.out);
    request.put(6, flags.err && !flags.tty);
    auto answer = OR_CO_RETURN(co_await call(runtime_path("Exec"), std::move(request)));
    co_return first_text(answer);
  }

  Task<Result<std::string>> attach_url(std::string id, StreamFlags flags) override {
    Writer request;
    request.put(1, id).put(2, flags.in).put(3, flags.tty).put(4, flags.out).put(5, flags.err && !flags.tty);
    auto answer = OR_CO_RETURN(co_await call(runtime_path("Attach"), std::move(request)));
    co_return first_text(answer);
  }

  Task<Result<std::string>> port_forward_url(std::string sandbox, std::vector<uint16_t> ports) override {
    Writer request;
    request.put(1, sandbox);
    for (uint16_t port : ports) request.put(2, static_cast<int64_t>(port));
    auto answer = OR_CO_RETURN(co_await call(runtime_path("PortForward"), std::move(request)));
    co_return first_text(answer);
  }

  Task<Result<std::vector<ContainerStats>>> stats() override {
    auto answer = OR_CO_RETURN(co_await call(runtime_path("ListContainerStats"), Writer()));
    co_return decode_each<ContainerStats>(answer, decode_stats);
  }

  Task<Result<>> reopen_log(std::string id) override {
    OR_CO_RETURN(co_await call(runtime_path("ReopenContainerLog"), Writer().put(1, id)));
    co_return Result<>();
  }

  Task<Result<std::unique_ptr<RuntimeEvents>>> events() override {
    Writer request;
    for (const char* topic : {"/tasks/exit", "/tasks/start", "/tasks/oom", "/containers/delete"})
      request.put(1, fmt::format("namespace==k8s.io,topic==\"{}\"", topic));
    auto stream =
        OR_CO_RETURN(co_await grpc_->server_stream("/containerd.services.events.v1.Events/Subscribe", request.take()));
    co_return std::unique_ptr<RuntimeEvents>(std::make_unique<Events>(std::move(stream)));
  }

  Task<void> close() override { co_await grpc_->close(); }
  bool simulated() const override { return false; }

 private:
  Task<Result<std::string>> call(std::string path, Writer request, Duration timeout = kCall) {
    return grpc_->unary(std::move(path), request.take(), timeout);
  }

  std::unique_ptr<GrpcClient> grpc_;
};

}  // namespace

std::unique_ptr<PodRuntime> connect(World& world, std::string socket) {
  return std::make_unique<Cri>(world, std::move(socket));
}

}  // namespace slipway::node::cri
