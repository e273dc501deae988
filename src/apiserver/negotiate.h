// Content negotiation as Kubernetes does it: which form of the answer the client accepts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace slipway::apiserver {

enum class Encoding { json, yaml };
enum class Form { object, table, partial, partial_list, aggregated_discovery };

struct Accepted {
  Encoding encoding = Encoding::json;
  Form form = Form::object;
  std::string table_version = "v1";  // meta.k8s.io version of Table and PartialObjectMetadata, or of apidiscovery
  std::string content_type() const { return encoding == Encoding::yaml ? "application/yaml" : "application/json"; }
};

// One entry of an Accept header.
struct MediaType {
  std::string type;  // "application/json"
  std::vector<std::pair<std::string, std::string>> parameters;
  std::string parameter(std::string_view name) const;
};
std::vector<MediaType> parse_accept(std::string_view header);

// For resources. `list`: the answer is a list. Error: unsupported (406) with Kubernetes' text.
Result<Accepted> negotiate(std::string_view accept, bool list, bool watch);
// For /api and /apis: the aggregated form when the client prefers it. Error: unsupported (406).
Result<Accepted> negotiate_discovery(std::string_view accept);

}  // namespace slipway::apiserver
