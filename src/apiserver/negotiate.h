// Content negotiation as Kubernetes does it: which form of the answer the client accepts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kinds/kind.h"

namespace slipway::apiserver {

enum class Encoding { json, yaml, protobuf };
enum class Form { object, table, partial, partial_list, aggregated_discovery };

struct Accepted {
  Encoding encoding = Encoding::json;
  Form form = Form::object;
  std::string table_version = "v1";  // meta.k8s.io version of Table and PartialObjectMetadata, or of apidiscovery
  std::string_view content_type() const;
};
inline constexpr std::string_view protobuf_type = "application/vnd.kubernetes.protobuf";

// One entry of an Accept header.
struct MediaType {
  std::string type;  // "application/json"
  std::vector<std::pair<std::string, std::string>> parameters;
  std::string parameter(std::string_view name) const;
};
std::vector<MediaType> parse_accept(std::string_view header);

// For resources. Kinds that are not built in have no protobuf, but their metadata has. Error: unsupported (406) with
// Kubernetes' text.
enum class Answer { object, list, watch };
Result<Accepted> negotiate(std::string_view accept, const kinds::Kind& kind, Answer answer);
// How to say an error, whatever else was wrong.
Encoding negotiate_error(std::string_view accept);
// For /api and /apis: the aggregated form when the client prefers it. Error: unsupported (406).
Result<Accepted> negotiate_discovery(std::string_view accept);

}  // namespace slipway::apiserver
