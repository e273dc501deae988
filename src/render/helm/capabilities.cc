#include <charconv>

#include "base/text.h"
#include "render/helm/engine.h"

namespace slipway::render::helm {

// "1.33", "v1.33.4-gke.1": numbers with dots, at least two; what follows is dropped. Helm 4 keeps it in .Version.
Result<KubeVersion> KubeVersion::parse(std::string_view text, Compat compat) {
  auto wrong = [&](std::string why) {
    return fail(ErrorKind::bad_request, "invalid kube version '{}': {}", text, why);
  };
  std::string_view rest = base::trim(text);
  if (rest.starts_with('v')) rest.remove_prefix(1);
  size_t end = 0;
  while (end < rest.size() && (std::isdigit(static_cast<unsigned char>(rest[end])) ||
                               (rest[end] == '.' && end > 0 && rest[end - 1] != '.' && end + 1 < rest.size() &&
                                std::isdigit(static_cast<unsigned char>(rest[end + 1])))))
    ++end;
  std::string numbers(rest.substr(0, end));
  if (numbers.empty()) return wrong(fmt::format("could not parse \"{}\" as version", text));
  auto parts = base::split(numbers, '.');
  if (parts.size() < 2) return wrong(fmt::format("illegal version string \"{}\"", text));
  if (parts[0].size() > 1 && parts[0].starts_with('0'))
    return wrong(fmt::format("illegal zero-prefixed version component \"{}\" in \"{}\"", parts[0], text));
  std::vector<std::string> plain;
  for (std::string_view part : parts) {
    uint64_t number = 0;
    if (std::from_chars(part.data(), part.data() + part.size(), number).ec != std::errc())
      return wrong(
          fmt::format("illegal non-numeric version component \"{0}\" in \"{1}\": strconv.ParseUint: parsing "
                      "\"{0}\": value out of range",
                      part, text));
    plain.push_back(std::to_string(number));
  }
  KubeVersion out;
  out.major = plain[0];
  out.minor = plain[1];
  out.normal = "v" + base::join(plain, ".");
  std::string_view given = base::trim(text);
  out.version = compat == Compat::helm4 ? (given.starts_with('v') ? "" : "v") + std::string(given) : out.normal;
  return out;
}

// What Helm 3.22 and 4.3 know without a cluster, in their order.
const std::vector<std::string>& Capabilities::default_api_versions() {
  static const std::vector<std::string> all = [] {
    constexpr std::pair<const char*, const char*> groups[] = {
        {"admissionregistration.k8s.io", "v1 v1alpha1 v1beta1"},
        {"internal.apiserver.k8s.io", "v1alpha1"},
        {"apps", "v1 v1beta1 v1beta2"},
        {"authentication.k8s.io", "v1 v1alpha1 v1beta1"},
        {"authorization.k8s.io", "v1 v1beta1"},
        {"autoscaling", "v1 v2"},
        {"batch", "v1 v1beta1"},
        {"certificates.k8s.io", "v1 v1beta1 v1alpha1"},
        {"coordination.k8s.io", "v1alpha2 v1beta1 v1"},
        {"discovery.k8s.io", "v1 v1beta1"},
        {"events.k8s.io", "v1 v1beta1"},
        {"extensions", "v1beta1"},
        {"flowcontrol.apiserver.k8s.io", "v1 v1beta1 v1beta2 v1beta3"},
        {"lifecycle.k8s.io", "v1alpha1"},
        {"networking.k8s.io", "v1 v1beta1"},
        {"node.k8s.io", "v1 v1alpha1 v1beta1"},
        {"policy", "v1 v1beta1"},
        {"rbac.authorization.k8s.io", "v1 v1beta1 v1alpha1"},
        {"resource.k8s.io", "v1 v1beta2 v1beta1 v1alpha3"},
        {"scheduling.k8s.io", "v1alpha3 v1beta1 v1"},
        {"storage.k8s.io", "v1beta1 v1 v1alpha1"},
        {"storagemigration.k8s.io", "v1 v1beta1"},
        {"apiextensions.k8s.io", "v1beta1 v1"}};
    std::vector<std::string> out = {"v1"};
    for (auto [group, versions] : groups)
      for (std::string_view version : base::split(versions, ' ')) out.push_back(fmt::format("{}/{}", group, version));
    return out;
  }();
  return all;
}

}  // namespace slipway::render::helm
