#include "apiserver/negotiate.h"

#include "base/text.h"

namespace slipway::apiserver {

std::string MediaType::parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return {};
}

std::vector<MediaType> parse_accept(std::string_view header) {
  std::vector<MediaType> types;
  if (base::trim(header).empty()) return types;
  for (auto entry : base::split(header, ',')) {
    MediaType type;
    bool first = true;
    for (auto piece : base::split(entry, ';')) {
      auto text = base::trim(piece);
      if (first) {
        type.type = base::to_lower(text);
        first = false;
        continue;
      }
      size_t equals = text.find('=');
      if (equals == text.npos) continue;
      type.parameters.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
    types.push_back(std::move(type));
  }
  return types;
}

static bool is_meta_form(const MediaType& type, Accepted& out, bool list) {
  std::string as = type.parameter("as"), version = type.parameter("v");
  if (type.parameter("g") != "meta.k8s.io" || (version != "v1" && version != "v1beta1")) return false;
  if (as == "Table") {
    out.form = Form::table;
  } else if (as == "PartialObjectMetadata" && !list) {
    out.form = Form::partial;
  } else if (as == "PartialObjectMetadataList" && list) {
    out.form = Form::partial_list;
  } else {
    return false;
  }
  out.table_version = version;
  return true;
}

Result<Accepted> negotiate(std::string_view accept, bool list, bool watch) {
  auto types = parse_accept(accept);
  if (types.empty()) return Accepted{};
  for (const MediaType& type : types) {
    Accepted accepted;
    bool any = type.type == "*/*";
    if (!any && type.type != "application/json" && type.type != "application/yaml") continue;
    if (type.type == "application/yaml") {
      if (watch) continue;
      accepted.encoding = Encoding::yaml;
    }
    if (type.parameter("as").empty()) return accepted;
    // a watch of metadata asks for PartialObjectMetadata, event by event
    if (is_meta_form(type, accepted, list && !watch)) return accepted;
  }
  if (watch) {
    return fail(ErrorKind::unsupported,
                "only the following media types are accepted: application/json;stream=watch, "
                "application/vnd.kubernetes.protobuf;stream=watch");
  }
  return fail(ErrorKind::unsupported,
              "only the following media types are accepted: application/json, application/yaml, "
              "application/vnd.kubernetes.protobuf");
}

Result<Accepted> negotiate_discovery(std::string_view accept) {
  auto types = parse_accept(accept);
  if (types.empty()) return Accepted{};
  for (const MediaType& type : types) {
    if (type.type == "*/*") return Accepted{};
    if (type.type != "application/json") continue;
    std::string as = type.parameter("as");
    if (as.empty()) return Accepted{};
    if (as == "APIGroupDiscoveryList" && type.parameter("g") == "apidiscovery.k8s.io" && type.parameter("v") == "v2") {
      return Accepted{.form = Form::aggregated_discovery, .table_version = "v2"};
    }
  }
  return fail(ErrorKind::unsupported,
              "only the following media types are accepted: application/json, application/yaml, "
              "application/vnd.kubernetes.protobuf");
}

}  // namespace slipway::apiserver
