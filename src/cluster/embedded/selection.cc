#include "cluster/embedded/selection.h"

namespace slipway::cluster {

Result<Selection> Selection::parse(const kinds::Kind& kind, std::string ns, const std::string& labels,
                                   const std::string& fields) {
  Selection selection;
  if (kind.namespaced) selection.ns = std::move(ns);
  if (!labels.empty()) selection.labels = OR_RETURN(kinds::Selector::parse(labels));
  if (!fields.empty()) selection.fields = OR_RETURN(kinds::FieldSelector::parse(kind, fields));
  return selection;
}

std::string Selection::only_name(const kinds::Kind& kind) const {
  if (kind.namespaced && ns.empty()) return {};
  return fields.exact("metadata.name").value_or("");
}

bool Selection::matches(const Value& object) const {
  if (!ns.empty() && kinds::namespace_of(object) != ns) return false;
  if (!labels.matches_everything() && !labels.matches(object["metadata"]["labels"])) return false;
  return fields.empty() || fields.matches(object);
}

}  // namespace slipway::cluster
