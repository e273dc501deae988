#include "node/images.h"

#include "node/testing/pod_contract.h"
#include "node/testing/real_containers.h"

using namespace slipway;
using namespace slipway::node;
using namespace slipway::node::testing;

namespace {

void check_name(std::string_view text, std::string_view expected) {
  auto n = ImageName::parse(text);
  std::string got =
      n ? fmt::format("{}|{}|{}|{}", n->registry, n->repository, n->tag, n->digest.substr(0, 10)) : n.error().message();
  CHECK(got == expected);
}

// Docker configurations as Secrets of the pod's namespace; gives "user:password" of each in the order of trying.
std::string credentials(std::string_view image, std::vector<std::string> configs) {
  std::vector<Value> secrets;
  ArrayBuilder names;
  for (size_t i = 0; i < configs.size(); ++i) {
    secrets.push_back(
        Value{{"kind", "Secret"}, {"data", Value{{".dockerconfigjson", base::base64_encode(configs[i])}}}});
    names.push(Value{{"name", std::to_string(i)}});
  }
  names.push(Value{{"name", "absent"}});
  Value pod{{"metadata", Value{{"namespace", "d"}}}, {"spec", Value{{"imagePullSecrets", names.build()}}}};
  auto lookup = [&](std::string_view, std::string_view, std::string_view name) -> const Value* {
    auto i = base::parse_int(name);
    return i ? &secrets[static_cast<size_t>(*i)] : nullptr;
  };
  std::vector<std::string> out;
  std::vector<std::string> missing;
  for (const ImageAuth& a : credentials_for(lookup, pod, image, &missing)) out.push_back(a.username + ":" + a.password);
  CHECK(missing == std::vector<std::string>{"absent"});
  return base::join(out, " ");
}

// Debian's docker-registry on loopback, our own instance; with a user "puller" when `locked`.
struct Registry {
  std::unique_ptr<runtime::Process> process;
  std::string address;
};

Task<void> start_registry(World& world, std::string directory, uint16_t port, bool locked, Registry* out) {
  auto& files = world.files();
  CHECK(files.make_directories(directory));
  out->address = fmt::format("127.0.0.1:{}", port);
  std::string config = fmt::format(
      "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\n"
      "storage: {{filesystem: {{rootdirectory: {}/storage}}}}\nhttp: {{addr: \"{}\", secret: abc}}\n",
      directory, out->address);
  if (locked) {
    // the password is s3cret-word
    CHECK(files.write_atomically(directory + "/users",
                                 "puller:$2b$05$abcdefghijklmnopqrstuuEpHRRKIlpAGo.iP7Bpa.htQEJMAAnRe\n"));
    config += fmt::format("auth: {{htpasswd: {{realm: test, path: {}/users}}}}\n", directory);
  }
  CHECK(files.write_atomically(directory + "/config.yml", config));
  runtime::Command command;
  command.argv = {"docker-registry", "serve", directory + "/config.yml"};
  command.output_file = directory + "/log";
  auto started = world.processes().start(std::move(command));
  CHECK(started.has_value());
  if (!started) co_return;
  out->process = std::move(*started);
  for (int i = 0; i < 200; ++i) {
    auto stream = co_await world.network().connect({"127.0.0.1", port, {}});
    if (stream) co_return;
    (void)co_await runtime::sleep(20ms);
  }
  FAIL_CHECK("the registry does not answer");
}

Task<void> stop_registry(Registry* registry) {
  if (!registry->process) co_return;
  registry->process->signal(SIGTERM);
  (void)co_await registry->process->wait();
  registry->process = nullptr;
}

uint16_t free_port(World& world) {
  return static_cast<uint16_t>(20000 + world.random().below(10000));
}

// Pushes the test image there.
Task<void> push(RealNode* node, std::string reference, std::string user) {
  std::string socket = node->containerd->socket();
  (void)co_await output_of(node->world, {"ctr", "--address", socket, "--namespace", "test", "images", "import",
                                         node->directory + "/busybox.tar"});
  (void)co_await output_of(node->world, {"ctr", "--address", socket, "--namespace", "test", "images", "tag", "--force",
                                         kTestImage, reference});
  std::vector<std::string> argv{"ctr", "--address", socket, "--namespace", "test", "images", "push", "--plain-http"};
  if (!user.empty()) argv.insert(argv.end(), {"--user", user});
  argv.push_back(reference);
  (void)co_await output_of(node->world, argv);
}

Task<void> images_from_a_registry(RealNode& node) {
  PodBench& b = *node.bench;
  uint16_t port = free_port(node.world);
  std::string host = fmt::format("127.0.0.1:{}", port), image = host + "/team/app:1";
  auto pod = [&](std::string name, std::string of, std::string rest = "") {
    return base::replace_all(pod_yaml(name, ", imagePullPolicy: Always", rest), "IMAGE", of);
  };

  // Nobody answers: the dialer's own words, back-off, and recovery when the registry comes.
  co_await b.create(pod("web", image));
  if (!co_await b.becomes("web", "ErrImagePull")) co_return;
  Value waiting = PodBench::status_of(co_await b.pod("web"), "web")["state"]["waiting"];
  CHECK_MESSAGE(waiting["message"].str().find("connection refused") != std::string::npos, waiting["message"].str());
  co_await b.becomes("web", "ImagePullBackOff");
  waiting = PodBench::status_of(co_await b.pod("web"), "web")["state"]["waiting"];
  CHECK(waiting["message"].str().starts_with("Back-off pulling image \"" + image + "\": ErrImagePull: "));
  co_await b.has_event("web", "Failed: Failed to pull image \"" + image + "\": ");
  co_await b.has_event("web", "BackOff: Back-off pulling image \"" + image + "\"");
  Registry registry;
  co_await start_registry(node.world, node.directory + "/registry", port, false, &registry);
  co_await push(&node, image, "");
  if (co_await b.becomes("web", "ready", "", 30s)) {
    Value status = PodBench::status_of(co_await b.pod("web"), "web");
    CHECK(status["image"].as_string() == image);
    CHECK_MESSAGE(status["imageID"].str().starts_with(host + "/team/app@sha256:"), status["imageID"].str());
    co_await b.has_event("web", "Pulled: Successfully pulled image \"" + image + "\" in ");

    // By the digest that was just told.
    std::string digest = status["imageID"].str();
    co_await b.create(pod("pinned", digest));
    co_await b.becomes("pinned", "ready");
    co_await b.remove("pinned");
  }
  co_await b.create(pod("absent", host + "/team/nothing:1"));
  co_await b.becomes("absent", "ErrImagePull");
  waiting = PodBench::status_of(co_await b.pod("absent"), "absent")["state"]["waiting"];
  CHECK_MESSAGE(waiting["message"].str().find("not found") != std::string::npos, waiting["message"].str());
  co_await b.create(base::replace_all(pod_yaml("never", ", imagePullPolicy: Never"), "IMAGE", host + "/team/never:1"));
  co_await b.becomes("never", "ErrImageNeverPull");
  co_await b.create(base::replace_all(pod_yaml("bad"), "IMAGE", "Bad//Name"));
  co_await b.becomes("bad", "InvalidImageName");
  for (const char* name : {"web", "absent", "never", "bad"}) co_await b.remove(name);
  for (const char* name : {"web", "absent", "never", "bad", "pinned"}) co_await b.is_gone(name);
  co_await stop_registry(&registry);

  // A registry that asks who it is.
  uint16_t locked_port = free_port(node.world);
  std::string locked = fmt::format("127.0.0.1:{}/team/secret:1", locked_port);
  co_await start_registry(node.world, node.directory + "/locked", locked_port, true, &registry);
  co_await push(&node, locked, "puller:s3cret-word");
  co_await b.create(pod("who", locked, ", imagePullSecrets: [{name: pull}]"));
  if (!co_await b.becomes("who", "ErrImagePull")) co_return co_await stop_registry(&registry);
  waiting = PodBench::status_of(co_await b.pod("who"), "who")["state"]["waiting"];
  CHECK_MESSAGE(waiting["message"].str().find("401 Unauthorized") != std::string::npos, waiting["message"].str());
  co_await b.has_event("who", "FailedToRetrieveImagePullSecret: Unable to retrieve some image pull secrets (pull)");
  auto config = [&](std::string password) {
    std::string json = fmt::format(R"({{"auths": {{"127.0.0.1:{}": {{"username": "puller", "password": "{}"}}}}}})",
                                   locked_port, password);
    return fmt::format(
        "{{apiVersion: v1, kind: Secret, metadata: {{name: pull, namespace: default}}, type: "
        "kubernetes.io/dockerconfigjson, data: {{.dockerconfigjson: {}}}}}",
        base::base64_encode(json));
  };
  co_await b.create(config("wrong"));
  (void)co_await runtime::sleep(500ms);
  waiting = PodBench::status_of(co_await b.pod("who"), "who")["state"]["waiting"];
  CHECK_MESSAGE(waiting["message"].str().find("401 Unauthorized") != std::string::npos, waiting["message"].str());
  auto all = co_await b.events("who");
  CHECK(base::join(all, "\n").find("wrong") == std::string::npos);
  co_await b.write(cluster::remove(PodBench::key("Secret", "pull")));
  co_await b.create(config("s3cret-word"));
  co_await b.becomes("who", "ready", "", 3s);
  co_await b.remove("who");
  co_await b.is_gone("who");
  co_await stop_registry(&registry);
}

}  // namespace

TEST_CASE("image names") {
  check_name("nginx", "docker.io|library/nginx||");
  check_name("bitnami/redis:7", "docker.io|bitnami/redis|7|");
  check_name("127.0.0.1:5000/team/app:1", "127.0.0.1:5000|team/app|1|");
  check_name("localhost/app", "localhost|app||");
  check_name("registry.test/a/b/c@sha256:" + std::string(64, 'a'), "registry.test|a/b/c||sha256:aaa");
  check_name("Nginx",
             "couldn't parse image name \"Nginx\": invalid reference format: repository name must be lowercase");
  check_name("", "couldn't parse image name \"\": invalid reference format");
  check_name("app:", "couldn't parse image name \"app:\": invalid reference format");
}

TEST_CASE("pull credentials: those that fit, the most exact first") {
  std::string packed = base::base64_encode("u:p:w");
  CHECK(credentials("registry.test/team/app", {R"({"auths": {"registry.test": {"username": "a", "password": "b"},
      "https://registry.test/team": {"auth": ")" +
                                               packed + R"("}, "other.test": {"username": "x", "password": "y"}}})"}) ==
        "u:p:w a:b");
  CHECK(credentials("nginx", {R"({"auths": {"https://index.docker.io/v1/": {"username": "a", "password": "b"}}})"}) ==
        "a:b");
  CHECK(credentials("eu.registry.test/x", {R"({"auths": {"*.registry.test": {"username": "a", "password": "b"}}})"}) ==
        "a:b");
  CHECK(credentials("registry.test/teamster/app",
                    {R"({"auths": {"registry.test/team": {"username": "a", "password": "b"}}})"}) == "");
}

TEST_CASE("images of real containers: from a registry, by tag and digest, with and without credentials") {
  with_containers([](RealNode& node) -> Task<void> { co_await images_from_a_registry(node); });
}
