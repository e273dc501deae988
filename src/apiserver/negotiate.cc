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

std::string_view Accepted::content_type() const {
  switch (encoding) {
    case Encoding::json:
      return "application/json";
    case Encoding::yaml:
      return "application/yaml";
    case Encoding::protobuf:
      return protobuf_type;
  }
  return {};
}

namespace {

std::optional<Encoding> encoding_of(std::string_view type) {
  if (type == "*/*" || type == "application/json") return Encoding::json;
  if (type == "application/yaml") return Encoding::yaml;
  if (type == protobuf_type) return Encoding::protobuf;
  return std::nullopt;
}

constexpr std::string_view all_types = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
constexpr std::string_view stream_types =
    "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch";

Error not_acceptable(std::string_view types) {
  return fail(ErrorKind::unsupported, "only the following media types are accepted: {}", types);
}

bool is_meta_form(const MediaType& type, Accepted& out) {
  std::string as = type.parameter("as"), version = type.parameter("v");
  if (type.parameter("g") != "meta.k8s.io" || (version != "v1" && version != "v1beta1")) return false;
  if (as == "Table") {
    out.form = Form::table;
  } else if (as == "PartialObjectMetadata") {
    out.form = Form::partial;
  } else if (as == "PartialObjectMetadataList") {
    out.form = Form::partial_list;
  } else {
    return false;
  }
  out.table_version = version;
  return out.form != Form::table || out.encoding != Encoding::protobuf;  // a Table has no protobuf
}

// A watch of metadata asks for PartialObjectMetadata, event by event.
Result<void> check_form(Form form, const kinds::Kind& kind, Answer answer) {
  std::string package = kind.id.group.empty() ? "core" : kind.id.group.substr(0, kind.id.group.find('.'));
  if (form == Form::partial && answer == Answer::list)
    return fail(ErrorKind::unsupported,
                "you requested PartialObjectMetadata, but the requested object is a list (*{}.{}List)", package,
                kind.id.kind);
  if (form == Form::partial_list && answer != Answer::list)
    return fail(ErrorKind::unsupported,
                "you requested PartialObjectMetadataList, but the requested object is not a list (*{}.{})", package,
                kind.id.kind);
  return {};
}

}  // namespace

Result<Accepted> negotiate(std::string_view accept, const kinds::Kind& kind, Answer answer) {
  auto types = parse_accept(accept);
  if (types.empty()) return Accepted{};
  bool known = false;
  for (const MediaType& type : types) {
    auto encoding = encoding_of(type.type);
    known |= encoding.has_value();
    if (!encoding || (answer == Answer::watch && encoding == Encoding::yaml)) continue;
    Accepted accepted{.encoding = *encoding};
    if (type.parameter("as").empty()) {
      if (encoding == Encoding::protobuf && !kind.builtin) continue;
      return accepted;
    }
    if (!is_meta_form(type, accepted)) continue;
    OR_RETURN(check_form(accepted.form, kind, answer));
    return accepted;
  }
  // What is no word of ours at all is refused before the rest is looked at.
  if (!known && kind.builtin)
    return fail(ErrorKind::unsupported, "406: Not Acceptable\n\nAvailable representations: {}{}{}", all_types,
                answer == Answer::object ? "" : ", ", answer == Answer::object ? "" : stream_types);
  bool yaml = encoding_of(types[0].type) == Encoding::yaml;
  return not_acceptable(answer == Answer::watch && yaml ? stream_types : all_types);
}

Encoding negotiate_error(std::string_view accept) {
  for (const MediaType& type : parse_accept(accept)) {
    auto encoding = encoding_of(type.type);
    if (encoding) return type.parameter("as").empty() ? *encoding : Encoding::json;
  }
  return Encoding::json;
}

Result<Accepted> negotiate_discovery(std::string_view accept) {
  auto types = parse_accept(accept);
  if (types.empty()) return Accepted{};
  for (const MediaType& type : types) {
    auto encoding = encoding_of(type.type);
    if (!encoding) continue;
    std::string as = type.parameter("as");
    if (as.empty()) return Accepted{.encoding = *encoding};
    if (encoding != Encoding::yaml && as == "APIGroupDiscoveryList" && type.parameter("g") == "apidiscovery.k8s.io" &&
        type.parameter("v") == "v2") {
      return Accepted{.encoding = *encoding, .form = Form::aggregated_discovery, .table_version = "v2"};
    }
  }
  return not_acceptable(all_types);
}

}  // namespace slipway::apiserver
