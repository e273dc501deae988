// ResourceClaims of pods, and the containers that use them.
#include <set>

#include "base/text.h"
#include "kinds/checks.h"

namespace slipway::kinds {

void check_pod_claims(Checks& c, const Value& claims, const Path& at) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < claims.size() && !c.full(); ++i) {
    const Value &claim = claims[i], &name = claim["name"];
    if (name.as_string().empty()) {
      c.required(at[i] / "name");
    } else if (!names.insert(name.as_string()).second) {
      c.duplicate(at[i] / "name", name);
    } else {
      c.invalid(at[i] / "name", name, dns_label_problems(name.as_string()));
    }
    constexpr std::string_view sources[] = {"resourceClaimName", "resourceClaimTemplateName"};
    const bool one = !claim[sources[0]].is_null(), other = !claim[sources[1]].is_null();
    const std::string shown = one == other ? in_go(type_named("core.v1.PodResourceClaim"), claim) : "";
    if (one && other)
      c.invalid_printed(at[i], shown,
                        "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified");
    if (!one && !other)
      c.invalid_printed(at[i], shown, "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`");
    for (std::string_view source : sources)
      if (const Value& there = claim[source]; !there.is_null())
        c.invalid(at[i] / source, there, dns_subdomain_problems(there.as_string()));
  }
}

void check_container_claims(Checks& c, const Value& used, const Value& claims, const Path& at) {
  std::set<std::string_view> there;
  std::set<std::string> seen;
  for (const Value& claim : claims.items()) there.insert(claim["name"].as_string());
  for (size_t i = 0; i < used.size() && !c.full(); ++i) {
    const Value& name = used[i]["name"];
    if (name.as_string().empty()) {
      c.required(at[i]);
      continue;
    }
    std::string_view request = used[i]["request"].as_string();
    auto [one, is_new] = seen.insert(name.str() + (request.empty() ? "" : "/") + std::string(request));
    if (!is_new) c.duplicate(at[i], *one);
    if (there.contains(name.as_string())) continue;
    std::vector<std::string> all(there.begin(), there.end());
    c.not_found(at[i], name,
                "must be one of the names in pod.spec.resourceClaims" +
                    (all.empty() ? " which is empty" : ": " + base::join(all, ", ")));
  }
}

}  // namespace slipway::kinds
