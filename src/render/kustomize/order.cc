// "legacy" is what the command line does unless told otherwise: namespaces and what others need first, webhooks last.
#include "render/kustomize/order.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "base/text.h"

namespace slipway::render::kustomize {
namespace {

const std::vector<std::string>& default_first() {
  static const std::vector<std::string> kinds = {"Namespace",
                                                 "ResourceQuota",
                                                 "StorageClass",
                                                 "CustomResourceDefinition",
                                                 "ServiceAccount",
                                                 "PodSecurityPolicy",
                                                 "Role",
                                                 "ClusterRole",
                                                 "RoleBinding",
                                                 "ClusterRoleBinding",
                                                 "ConfigMap",
                                                 "Secret",
                                                 "Endpoints",
                                                 "Service",
                                                 "LimitRange",
                                                 "PriorityClass",
                                                 "PersistentVolume",
                                                 "PersistentVolumeClaim",
                                                 "Deployment",
                                                 "StatefulSet",
                                                 "CronJob",
                                                 "PodDisruptionBudget"};
  return kinds;
}
const std::vector<std::string>& default_last() {
  static const std::vector<std::string> kinds = {"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"};
  return kinds;
}

struct Rank {
  int order = 0;
  std::string kind, name;
  bool is_namespace = false, is_core = false;
};

std::string or_else(const std::string& text, const char* other) {
  return text.empty() ? other : text;
}
std::string sort_text(const GroupVersionKind& id) {
  return fmt::format("{}_{}_{}", or_else(id.group, "~G"), or_else(id.version, "~V"), or_else(id.kind, "~K"));
}

int default_order(std::string_view kind) {
  const auto &first = default_first(), &last = default_last();
  if (auto at = std::ranges::find(first, kind); at != first.end()) return static_cast<int>(at - first.end());
  auto at = std::ranges::find(last, kind);
  return at == last.end() ? 0 : static_cast<int>(at - last.begin()) + 1;
}

}  // namespace

bool comes_before(const GroupVersionKind& a, const GroupVersionKind& b) {
  int x = default_order(a.kind), y = default_order(b.kind);
  return x != y ? x < y : sort_text(a) < sort_text(b);
}

Result<> sort_resources(ResourceSet& set, const SortOptions& options) {
  if (options.order != "legacy" && options.order != "fifo")
    return fail(ErrorKind::invalid, "the field 'sortOptions.order' must be one of [fifo, legacy], not \"{}\"",
                options.order);
  if (options.order == "fifo") {
    if (!options.custom) return {};
    return fail(ErrorKind::invalid,
                "the field 'sortOptions.legacySortOptions' is set but the selected sort order is 'fifo', not 'legacy'");
  }
  std::unordered_map<std::string, int> orders;
  const auto& first = options.custom ? options.first : default_first();
  const auto& last = options.custom ? options.last : default_last();
  for (size_t i = 0; i < first.size(); ++i) orders[first[i]] = static_cast<int>(i) - static_cast<int>(first.size());
  for (size_t i = 0; i < last.size(); ++i) orders[last[i]] = static_cast<int>(i) + 1;
  std::vector<Rank> ranks;
  for (const Resource& r : set.all()) {
    const GroupVersionKind& id = r.gvk();
    auto order = orders.find(id.kind);
    ranks.push_back({order == orders.end() ? 0 : order->second, sort_text(id),
                     fmt::format("{}|{}|{}", id.kind, or_else(std::string(r.scope_name()), "~X"), r.name()),
                     id.kind == "Namespace", id.group.empty()});
  }
  std::vector<size_t> sorted(ranks.size());
  std::iota(sorted.begin(), sorted.end(), 0);
  std::ranges::stable_sort(sorted, [&](size_t a, size_t b) {
    const Rank &x = ranks[a], &y = ranks[b];
    if (x.order != y.order) return x.order < y.order;
    if (x.kind != y.kind) {
      // A Namespace without group comes before those of others.
      bool turned = x.is_namespace && y.is_namespace && (x.is_core || y.is_core);
      return turned ? x.kind > y.kind : x.kind < y.kind;
    }
    return x.name < y.name;
  });
  set.reorder(sorted);
  return {};
}

}  // namespace slipway::render::kustomize
