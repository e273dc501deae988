#include "cli/helm/cluster_side.h"

#include <algorithm>
#include <cstdlib>
#include <semaphore>

#include "base/text.h"
#include "cli/connection.h"
#include "cli/helm/inputs.h"
#include "cli/paths.h"
#include "cluster/remote/remote.h"
#include "kinds/object.h"
#include "value/go_words.h"
#include "value/json.h"
#include "value/yaml.h"

namespace slipway::cli::helm {

namespace rh = render::helm;

namespace {

constexpr size_t kAnswerBytesMax = 256 << 20;

// Who is asked where nothing says whom.
apiserver::Connection nobody_in_particular() {
  apiserver::Connection out;
  out.server = "http://localhost:8080";
  return out;
}

// Groups belong to a user whom one stands in for. `faults`: of the kubeconfig, found before.
Result<> valid(std::string_view user, std::vector<std::string> faults, const Flags& flags) {
  if (!flags.all("--kube-as-group").empty() && flags.text("--kube-as-user").empty())
    faults.push_back(fmt::format("requesting uid, groups or user-extra for {} without impersonating a user", user));
  if (faults.empty()) return {};
  return fail(ErrorKind::not_found, "invalid configuration: {}",
              faults.size() == 1 ? faults[0] : "[" + base::join(faults, ", ") + "]");
}

// Whether the context that is meant leads to a server: without a context, or with a cluster that has none, it does not.
// Errors, in the words of Kubernetes' clients: the context is not there; `valid`.
Result<bool> names_a_server(const apiserver::Kubeconfig& kubeconfig, const Flags& flags) {
  auto entry = [&](const char* list, std::string_view name, const char* what) -> Value {
    for (const apiserver::KubeconfigFile& file : kubeconfig)
      for (const Value& one : file.config[list].items())
        if (one["name"].as_string() == name) return one[what];
    return {};
  };
  const std::string said = flags.text("--kube-context");
  const std::string name = said.empty() ? apiserver::current_context(kubeconfig) : said;
  const Value context = entry("contexts", name, "context");
  if (context.is_null() && !said.empty()) return fail(ErrorKind::not_found, "context \"{}\" does not exist", said);
  std::vector<std::string> faults;
  if (context.is_null() && !name.empty()) faults.push_back("context was not found for specified context: " + name);
  OR_RETURN(valid(context["user"].as_string(), std::move(faults), flags));
  return !entry("clusters", context["cluster"].as_string(), "cluster")["server"].as_string().empty();
}

// Where no kubeconfig is, the Slipway of this machine, unless another server is named, which is not to see how we enter
// that one; where none is either, what kubectl and Helm ask then.
Result<apiserver::Connection> connection_of(World& world, const Flags& flags) {
  std::vector<std::string> paths = kubeconfig_files(flags);
  auto there = [&world](const std::string& path) { return world.files().exists(path); };
  if (!flags.has("--kubeconfig") && !std::getenv("KUBECONFIG") && !flags.has("--kube-apiserver") && !there(paths[0]))
    paths = {kubeconfig_of(world, "/var/lib/slipway")};
  if (std::ranges::any_of(paths, there)) {
    auto kubeconfig = OR_RETURN(apiserver::load_kubeconfig(world, paths));
    if (OR_RETURN(names_a_server(kubeconfig, flags)))
      return apiserver::connection_in(world, kubeconfig, flags.text("--kube-context"));
    return nobody_in_particular();
  }
  if (std::string said = flags.text("--kubeconfig"); !said.empty())
    return fail(ErrorKind::not_found, "stat {}: no such file or directory", said);
  if (std::string context = flags.text("--kube-context"); !context.empty())
    return fail(ErrorKind::not_found, "context \"{}\" does not exist", context);
  OR_RETURN(valid("", {}, flags));
  return nobody_in_particular();
}

// "example.org/v1, Kind=Widget", as Go prints a GroupVersionKind.
std::string go_kind(const std::string& api_version, const std::string& kind) {
  return (api_version.find('/') == api_version.npos ? "/" : "") + api_version + ", Kind=" + kind;
}

struct Answer {
  std::binary_semaphore there{0};
  std::optional<Result<Value>> value;
};

Task<void> answer_one(ClusterSide* side, std::shared_ptr<Answer> answer, std::string api_version, std::string kind,
                      std::string ns, std::string name) {
  auto found = co_await side->find(std::move(api_version), std::move(kind), std::move(ns), std::move(name));
  answer->value = std::move(found);
  answer->there.release();
}

// As Go prints one error, or several.
std::string all_of(const std::vector<std::string>& texts) {
  return texts.size() == 1 ? texts[0] : "[" + base::join(texts, ", ") + "]";
}

// What keeps anybody from knowing what an object is.
std::vector<std::string> head_faults(const Value& object) {
  if (!object.is_object()) return {"invalid object to validate"};
  std::vector<std::string> out;
  for (const char* field : {"apiVersion", "kind"}) {
    const Value& v = object[field];
    if (v.is_null())
      out.push_back(std::string(field) + " not set");
    else if (!v.is_string())
      out.push_back(std::string(field) + " isn't string type");
    else if (field[0] == 'a' && std::ranges::count(v.as_string(), '/') > 1)
      out.push_back("unexpected GroupVersion string: " + v.str());
  }
  return out;
}

// The same of an object, or of those in a list.
std::vector<std::string> faults_of(const Value& object) {
  auto out = head_faults(object);
  if (!out.empty() || !object["kind"].as_string().ends_with("List")) return out;
  if (!object["items"].is_array()) return {"invalid object to validate"};
  for (const Value& item : object["items"].items()) std::ranges::move(head_faults(item), std::back_inserter(out));
  return out;
}

// What the reader of Kubernetes objects refuses before it asks whose kind it is.
std::string decoding_fault(const Value& object) {
  if (object["kind"].as_string().empty())
    return fmt::format("Object 'Kind' is missing in '{}'", value::escaped_for_html(value::to_json(object)));
  for (const char* field : {"name", "namespace", "generateName"})
    if (const Value& v = object["metadata"][field]; !v.is_null() && !v.is_string())
      return fmt::format("json: cannot unmarshal {} into Go struct field ObjectMeta.metadata.{} of type string",
                         value::json_word(v), field);
  return {};
}

// Why an object that is there cannot be the release's; "" when it is.
std::string ownership_fault(const Value& object, const std::string& name, const std::string& ns) {
  std::string out;
  auto want = [&](const char* field, const char* word, const char* key, const std::string& wanted) {
    const Value* found = object["metadata"][field].find(key);
    if (found && found->as_string() == wanted) return;
    out += out.empty() ? "" : "; ";
    out += found ? fmt::format("{} validation error: key \"{}\" must equal \"{}\": current value is \"{}\"", word, key,
                               wanted, found->as_string())
                 : fmt::format("{} validation error: missing key \"{}\": must be set to \"{}\"", word, key, wanted);
  };
  want("labels", "label", "app.kubernetes.io/managed-by", "Helm");
  want("annotations", "annotation", "meta.helm.sh/release-name", name);
  want("annotations", "annotation", "meta.helm.sh/release-namespace", ns);
  return out;
}

}  // namespace

Result<std::unique_ptr<ClusterSide>> ClusterSide::open(World& world, const Flags& flags) {
  auto connection = OR_RETURN(connection_of(world, flags));
  for (auto [flag, field] : {std::pair{"--kube-apiserver", &connection.server},
                             {"--kube-token", &connection.bearer_token},
                             {"--kube-tls-server-name", &connection.tls.server_name}})
    if (flags.has(flag)) *field = flags.text(flag);
  if (connection.server.find("://") == connection.server.npos) connection.server = "http://" + connection.server;
  // No client of Kubernetes shows a token in the open.
  if (connection.server.starts_with("http://")) connection.bearer_token.clear();
  if (flags.is("--kube-insecure-skip-tls-verify")) connection.tls.verify = false;
  if (std::string file = flags.text("--kube-ca-file"); !file.empty()) {
    auto pem = world.files().read(absolute_path(file), 1 << 20);
    if (!pem)
      return fail(ErrorKind::io, "invalid configuration: unable to read certificate-authority {} due to {}", file,
                  in_gos_words(pem.error(), "open " + file));
    connection.tls.ca_pem = std::move(*pem);
  }
  std::unique_ptr<ClusterSide> side(new ClusterSide(world, std::move(connection)));
  side->user_ = flags.text("--kube-as-user");
  side->groups_ = flags.all("--kube-as-group");
  return side;
}

ClusterSide::ClusterSide(World& world, apiserver::Connection connection)
    : world_(world), connection_(std::move(connection)), client_(http_client(world, connection_)) {}

Task<Result<rh::Capabilities>> ClusterSide::capabilities() {
  rh::Capabilities out;
  auto version = co_await get("/version");
  if (!version) co_return std::move(version).error().context("Kubernetes cluster unreachable");
  out.kube.version = out.kube.normal = (*version)["gitVersion"].str();
  out.kube.major = (*version)["major"].str();
  out.kube.minor = (*version)["minor"].str();
  std::vector<std::string> versions;
  Value core = OR_CO_RETURN(co_await get("/api"));
  for (const Value& v : core["versions"].items()) versions.push_back(v.str());
  Value groups = OR_CO_RETURN(co_await get("/apis"));
  for (const Value& group : groups["groups"].items())
    for (const Value& v : group["versions"].items()) versions.push_back(v["groupVersion"].str());
  for (const std::string& v : versions) {
    out.api_versions.push_back(v);
    // An aggregated API whose server is away keeps nobody from the others.
    auto list = co_await get((v.find('/') == v.npos ? "/api/" : "/apis/") + v);
    if (!list) continue;
    for (const Value& resource : (*list)["resources"].items()) {
      std::string id = v + "/" + resource["kind"].str();
      if (std::ranges::find(out.api_versions, id) == out.api_versions.end()) out.api_versions.push_back(std::move(id));
    }
    resources_[v] = std::move(*list);
  }
  co_return out;
}

Task<Result<Value>> ClusterSide::find(std::string api_version, std::string kind, std::string ns, std::string name) {
  auto resource = co_await resource_of(api_version, kind);
  if (!resource)
    co_return std::move(resource).error().context("unable to get apiresource from unstructured: " +
                                                  go_kind(api_version, kind));
  if (!*resource) co_return Value();
  auto found = co_await get(path_of(api_version, **resource, (*resource)->namespaced ? ns : "", name));
  if (found.failed_with(ErrorKind::not_found)) co_return Value();
  if (!found || !name.empty()) co_return found;
  // Items carry neither; Go's reader gives them back.
  std::vector<Value> items;
  for (const Value& item : (*found)["items"].items())
    items.push_back(item.with_member("apiVersion", api_version).with_member("kind", kind));
  co_return found->with_member("items", Value::array(std::move(items)));
}

rh::Lookup ClusterSide::lookup(TaskGroup& group) {
  return [this, &group](std::string_view api_version, std::string_view kind, std::string_view ns,
                        std::string_view name) -> Result<Value> {
    auto answer = std::make_shared<Answer>();
    world_.executor().post([this, &group, answer, v = std::string(api_version), k = std::string(kind),
                            s = std::string(ns),
                            n = std::string(name)] { group.spawn(answer_one(this, answer, v, k, s, n)); });
    answer->there.acquire();
    return std::move(*answer->value);
  };
}

Task<Result<>> ClusterSide::validate(const rh::Release* release, std::string name, std::string ns, bool upgrade,
                                     rh::Compat compat) {
  std::vector<std::string> wrong;
  std::vector<std::pair<Value, Resource>> objects;
  for (const rh::Manifest& manifest : release->documents.manifests) {
    auto document = value::parse_yaml(manifest.text);
    if (!document || !document->is_object()) continue;
    if (auto faults = faults_of(*document); !faults.empty()) {
      wrong.push_back("error validating \"\": error validating data: " + all_of(faults));
      break;  // the stream is not read on
    }
    if (auto fault = decoding_fault(*document); !fault.empty()) {
      wrong.push_back("unable to decode \"\": " + fault);
      continue;
    }
    const Value& listed = (*document)["items"];
    for (const Value& object : listed.is_array() ? listed.items() : std::span(&*document, 1)) {
      std::string version = object["apiVersion"].str(), kind = object["kind"].str();
      auto resource = co_await resource_of(version.empty() ? "v1" : version, kind);
      if (!resource && !resource.failed_with(ErrorKind::not_found)) co_return std::move(resource).error();
      if (resource && *resource) {
        objects.emplace_back(object, std::move(**resource));
        continue;
      }
      std::string no_match = fmt::format("no matches for kind \"{}\" in version \"{}\"", kind, version);
      wrong.push_back(listed.is_array() ? "unable to recognize " + no_match
                                        : fmt::format("resource mapping not found for name: \"{}\" namespace: \"{}\" "
                                                      "from \"\": {}\nensure CRDs are installed first",
                                                      kinds::name_of(object), kinds::namespace_of(object), no_match));
    }
  }
  if (!wrong.empty())
    co_return fail(ErrorKind::invalid, "unable to build kubernetes objects from release manifest: {}", all_of(wrong));
  if (upgrade) co_return Result<>();
  for (const auto& [object, resource] : objects) {
    std::string its_name(kinds::name_of(object)), its_ns(kinds::namespace_of(object));
    if (its_ns.empty()) its_ns = ns;
    if (!resource.namespaced) its_ns.clear();
    const char* refused =
        compat == rh::Compat::helm4 ? "unable to continue with install" : "Unable to continue with install";
    if (its_name.empty() && compat == rh::Compat::helm4 && !object["metadata"]["generateName"].as_string().empty())
      continue;
    if (its_name.empty())
      co_return fail(ErrorKind::invalid,
                     "{}: could not get information about the resource {} \"\" in namespace \"{}\": resource name may "
                     "not be empty",
                     refused, object["kind"].as_string(), its_ns);
    std::string version = object["apiVersion"].str();
    auto there = co_await get(path_of(version.empty() ? "v1" : version, resource, its_ns, its_name));
    if (there.failed_with(ErrorKind::not_found)) continue;
    if (!there) co_return std::move(there).error().context("could not get information about the resource");
    std::string fault = ownership_fault(*there, name, ns);
    if (!fault.empty())
      co_return fail(
          ErrorKind::invalid,
          "{}: {} \"{}\" in namespace \"{}\" exists and cannot be imported into the current release: invalid ownership "
          "metadata; {}",
          refused, object["kind"].as_string(), its_name, its_ns, fault);
  }
  co_return Result<>();
}

Task<void> ClusterSide::close() {
  co_await client_->close();
}

Task<Result<Value>> ClusterSide::get(std::string path) {
  runtime::ClientRequest request;
  std::string target = path;
  request.url = std::move(path);
  request.headers.add("Accept", "application/json");
  if (!connection_.bearer_token.empty()) request.headers.add("Authorization", "Bearer " + connection_.bearer_token);
  if (!user_.empty()) request.headers.add("Impersonate-User", user_);
  for (const std::string& group : groups_) request.headers.add("Impersonate-Group", group);
  auto response = co_await client_->send(std::move(request));
  if (!response) co_return sources::unreached(response.error(), "GET", connection_.server + target);
  std::string text = OR_CO_RETURN(co_await response->body->read_all(kAnswerBytesMax));
  auto body = value::parse_json(text, {.bytes_max = kAnswerBytesMax});
  if (response->status >= 300) {
    if (body && (*body)["kind"].as_string() == "Status") co_return cluster::error_of_status(*body, response->status);
    std::string_view words = response->status == 404 ? "the server could not find the requested resource"
                                                     : "the server answered with an error";
    co_return cluster::error_of_status(Value{{"message", words}}, response->status);
  }
  co_return body;
}

Task<Result<std::optional<ClusterSide::Resource>>> ClusterSide::resource_of(std::string api_version, std::string kind) {
  if (!resources_.contains(api_version)) {
    std::string path = (api_version.find('/') == api_version.npos ? "/api/" : "/apis/") + api_version;
    Value list = OR_CO_RETURN(co_await get(std::move(path)));
    resources_[api_version] = std::move(list);
  }
  for (const Value& one : resources_[api_version]["resources"].items()) {
    if (one["kind"].as_string() != kind || one["name"].as_string().find('/') != std::string_view::npos) continue;
    co_return Resource{one["name"].str(), one["namespaced"].as_bool()};
  }
  co_return std::optional<Resource>();
}

std::string ClusterSide::path_of(const std::string& api_version, const Resource& resource, const std::string& ns,
                                 const std::string& name) {
  std::string path = (api_version.find('/') == api_version.npos ? "/api/" : "/apis/") + api_version;
  if (!ns.empty()) path += "/namespaces/" + runtime::percent_encode(ns);
  path += "/" + resource.plural;
  if (!name.empty()) path += "/" + runtime::percent_encode(name);
  return path;
}

}  // namespace slipway::cli::helm
