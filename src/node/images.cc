#include "node/images.h"

#include <algorithm>

#include "base/text.h"
#include "kinds/object.h"
#include "value/json.h"

namespace slipway::node {

namespace {

std::string go_milliseconds(Duration d) {  // as Go prints a duration cut to milliseconds: "532ms", "1.532s", "1m2.5s"
  int64_t ms = std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
  if (ms < 1000) return fmt::format("{}ms", ms);
  std::string text = ms >= 60'000 ? fmt::format("{}m", ms / 60'000) : "";
  ms %= 60'000;
  std::string seconds = fmt::format("{}.{:03}", ms / 1000, ms % 1000);
  while (seconds.back() == '0') seconds.pop_back();
  if (seconds.back() == '.') seconds.pop_back();
  return text + seconds + "s";
}

// A key of a docker config ("127.0.0.1:5000", "https://index.docker.io/v1/", "*.example.com/team") against a name.
// Longer matches are tried first; 0: no match.
size_t match(std::string key, const ImageName& name) {
  for (std::string_view scheme : {"https://", "http://"})
    if (key.starts_with(scheme)) key = key.substr(scheme.size());
  for (std::string_view version : {"/v1/", "/v2/", "/v1", "/v2", "/"})
    if (key.ends_with(version)) {
      key.resize(key.size() - version.size());
      break;
    }
  if (key == "index.docker.io" || key == "registry-1.docker.io") key = "docker.io";
  size_t slash = key.find('/');
  std::string host = key.substr(0, slash), path = slash == std::string::npos ? "" : key.substr(slash + 1);
  auto ours = base::split(name.registry, '.'), theirs = base::split(host, '.');
  if (ours.size() != theirs.size()) return 0;
  for (size_t i = 0; i < ours.size(); ++i) {
    size_t star = theirs[i].find('*');
    if (star == std::string_view::npos
            ? ours[i] != theirs[i]
            : !(ours[i].starts_with(theirs[i].substr(0, star)) && ours[i].ends_with(theirs[i].substr(star + 1))))
      return 0;
  }
  if (!path.empty() && name.repository != path && !name.repository.starts_with(path + "/")) return 0;
  return key.size();
}

std::optional<ImageAuth> auth_of(const Value& entry) {
  ImageAuth auth;
  auth.username = entry["username"].str();
  auth.password = entry["password"].str();
  auth.identity_token = entry["identitytoken"].str();
  auth.registry_token = entry["registrytoken"].str();
  if (std::string_view packed = entry["auth"].as_string(); !packed.empty()) {
    auto plain = base::base64_decode(packed);
    size_t colon = plain ? plain->find(':') : std::string::npos;
    if (colon == std::string::npos) return std::nullopt;
    auth.username = plain->substr(0, colon);
    auth.password = plain->substr(colon + 1);
  }
  return auth;
}

}  // namespace

Task<tl::expected<EnsuredImage, StartError>> ensure_image(World& world, PodRuntime& runtime,
                                                          reconcile::EventRecorder& events, ObjectLookup lookup,
                                                          Value pod, Value container) {
  std::string image = container["image"].str();
  std::string policy = container["imagePullPolicy"].str("IfNotPresent");
  Value about = container_reference(pod, container["name"].as_string());
  auto refuse = [&](std::string reason, std::string message) {
    return tl::unexpected(StartError{std::move(reason), std::move(message)});
  };

  auto name = ImageName::parse(image);
  if (!name) {
    std::string message = fmt::format("Failed to apply default image tag \"{}\": {}", image, name.error().message());
    events.record(about, "Warning", "InspectFailed", message);
    co_return refuse("InvalidImageName", message);
  }
  if (policy != "Always") {
    auto found = co_await runtime.find_image(image);
    if (!found) {
      std::string message = fmt::format("Failed to inspect image \"{}\": {}", image, found.error().message());
      events.record(about, "Warning", "InspectFailed", message);
      co_return refuse("ImageInspectError", message);
    }
    if (*found) {
      events.record(
          about, "Normal", "Pulled",
          fmt::format("Container image \"{}\" already present on machine and can be accessed by the pod", image));
      co_return EnsuredImage{(*found)->id, std::move(**found)};
    }
    if (policy == "Never") {
      std::string message = fmt::format("Container image \"{}\" is not present with pull policy of Never", image);
      events.record(about, "Warning", "ErrImageNeverPull", message);
      co_return refuse("ErrImageNeverPull", message);
    }
  }

  std::vector<std::string> missing;
  auto credentials = credentials_for(lookup, pod, image, &missing);
  if (!missing.empty())
    events.record(
        pod, "Warning", "FailedToRetrieveImagePullSecret",
        fmt::format("Unable to retrieve some image pull secrets ({}); attempting to pull the image may not succeed.",
                    base::join(missing, ", ")));
  if (credentials.empty()) credentials.emplace_back();
  events.record(about, "Normal", "Pulling", fmt::format("Pulling image \"{}\"", image));
  SteadyTime begun = world.steady_now();
  Result<std::string> pulled = Error(ErrorKind::internal, "no pull was tried");
  for (const ImageAuth& auth : credentials) {
    pulled = co_await runtime.pull_image(image, auth);
    if (pulled || pulled.error().is(ErrorKind::canceled)) break;
  }
  if (!pulled) {
    if (!pulled.error().is(ErrorKind::canceled))
      events.record(about, "Warning", "Failed",
                    fmt::format("Failed to pull image \"{}\": {}", image, pulled.error().message()));
    co_return refuse("ErrImagePull", pulled.error().message());
  }
  auto found = co_await runtime.find_image(*pulled);
  EnsuredImage ensured{*pulled, {}};
  if (found && *found) ensured = {(*found)->id, std::move(**found)};
  std::string took = go_milliseconds(world.steady_now() - begun);
  events.record(about, "Normal", "Pulled",
                fmt::format("Successfully pulled image \"{}\" in {} ({} including waiting). Image size: {} bytes.",
                            image, took, took, ensured.info.size_bytes));
  co_return ensured;
}

std::vector<ImageAuth> credentials_for(const ObjectLookup& lookup, const Value& pod, std::string_view image,
                                       std::vector<std::string>* missing) {
  auto name = ImageName::parse(image);
  if (!name) return {};
  std::vector<std::pair<size_t, ImageAuth>> found;
  for (const Value& ref : pod["spec"]["imagePullSecrets"].items()) {
    const Value* secret = lookup("Secret", kinds::namespace_of(pod), ref["name"].as_string());
    std::optional<std::string> text;
    bool legacy = false;
    if (secret) {
      text = entry_of(*secret, ".dockerconfigjson");
      if (!text) {
        text = entry_of(*secret, ".dockercfg");
        legacy = true;
      }
    }
    auto config = text ? value::parse_json(*text) : Result<Value>(Error(ErrorKind::not_found, ""));
    if (!config) {
      if (missing) missing->push_back(ref["name"].str());
      continue;
    }
    for (const value::Member& m : (legacy ? *config : (*config)["auths"]).members()) {
      size_t length = match(m.key.str(), *name);
      if (!length) continue;
      if (auto auth = auth_of(m.value)) found.emplace_back(length, std::move(*auth));
    }
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<ImageAuth> list;
  for (auto& [length, auth] : found) list.push_back(std::move(auth));
  return list;
}

Result<ImageName> ImageName::parse(std::string_view text) {
  auto bad = [&](std::string_view why) {
    return fail(ErrorKind::invalid, "couldn't parse image name \"{}\": invalid reference format{}", text, why);
  };
  ImageName n;
  std::string_view rest = text;
  if (size_t at = rest.find('@'); at != std::string_view::npos) {
    n.digest = rest.substr(at + 1);
    rest = rest.substr(0, at);
    if (n.digest.size() != 71 || !n.digest.starts_with("sha256:")) return bad("");
  }
  size_t slash = rest.find('/'), colon = rest.rfind(':');
  if (colon != std::string_view::npos && (rest.rfind('/') == std::string_view::npos || colon > rest.rfind('/'))) {
    n.tag = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    if (n.tag.empty() || n.tag.size() > 128) return bad("");
  }
  std::string_view first = rest.substr(0, slash);
  bool has_registry =
      slash != std::string_view::npos && (first.find_first_of(".:") != std::string_view::npos || first == "localhost");
  n.registry = has_registry ? std::string(first) : "docker.io";
  n.repository = has_registry ? std::string(rest.substr(slash + 1)) : std::string(rest);
  if (!has_registry && n.repository.find('/') == std::string::npos) n.repository = "library/" + n.repository;
  if (rest.empty() || n.repository.empty() || n.repository.ends_with("/")) return bad("");
  for (char c : n.repository) {
    if (c >= 'A' && c <= 'Z') return bad(": repository name must be lowercase");
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-' || c == '/'))
      return bad("");
  }
  return n;
}

Value container_reference(const Value& pod, std::string_view container) {
  for (const char* list : {"initContainers", "containers"})
    for (const Value& c : pod["spec"][list].items())
      if (c["name"].as_string() == container)
        return pod.with_member("fieldPath", fmt::format("spec.{}{{{}}}", list, container));
  return pod;
}

}  // namespace slipway::node
