#include "cluster/watched_kinds.h"

#include <algorithm>

namespace slipway::cluster {

std::vector<kinds::GroupVersionKind> watched_kinds(const kinds::Catalog& catalog) {
  std::vector<kinds::GroupVersionKind> list;
  for (const kinds::Kind* kind : catalog.all()) {
    bool watched = std::ranges::find(kind->verbs, "watch") != kind->verbs.end();
    bool preferred = catalog.find_kind(kind->id.group, kind->id.kind) == kind;
    if (watched && preferred && kind->id.kind != "Event") list.push_back(kind->id);
  }
  return list;
}

}  // namespace slipway::cluster
