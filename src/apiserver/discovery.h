// Which groups, versions and resources there are, in both forms that clients ask for. Pure, from the catalog.
#pragma once

#include <optional>
#include <string>

#include "kinds/kind.h"

namespace slipway::apiserver {

Value api_versions(std::string_view server_address);  // /api
Value api_group_list(const kinds::Catalog& catalog);  // /apis
std::optional<Value> api_group(const kinds::Catalog& catalog, std::string_view group);
std::optional<Value> api_resource_list(const kinds::Catalog& catalog, std::string_view group, std::string_view version);
Value aggregated_discovery(const kinds::Catalog& catalog,
                           bool core);               // /api (core) and /apis, APIGroupDiscoveryList v2
std::string aggregated_protobuf(const Value& list);  // the same list, in its envelope
Value version_info();

// Of a subresource: what it answers with and what may be done. Null kind: the parent's.
struct Subresource {
  std::string_view group, version, kind;
  std::vector<std::string_view> verbs;
};
Subresource describe_subresource(const kinds::Kind& kind, std::string_view subresource);

}  // namespace slipway::apiserver
