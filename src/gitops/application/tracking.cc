#include "gitops/application/tracking.h"

#include "base/text.h"

namespace slipway::gitops {

std::string TrackingId::str() const {
  return fmt::format("{}:{}/{}:{}/{}", application, group, kind, ns, name);
}

std::optional<TrackingId> TrackingId::parse(std::string_view text) {
  auto parts = base::split(text, ':');
  if (parts.size() != 3) return std::nullopt;
  auto type = base::split(parts[1], '/'), object = base::split(parts[2], '/');
  if (type.size() != 2 || object.size() != 2 || parts[0].empty()) return std::nullopt;
  return TrackingId{std::string(parts[0]), std::string(type[0]), std::string(type[1]), std::string(object[0]),
                    std::string(object[1])};
}

std::optional<TrackingId> TrackingId::of(const Value& object) {
  const Value& annotation = object["metadata"]["annotations"][tracking_annotation];
  return annotation.is_string() ? parse(annotation.as_string()) : std::nullopt;
}

bool TrackingId::names(const Value& object) const {
  auto id = kinds::GroupVersionKind::of(object);
  std::string_view in = kinds::namespace_of(object);
  return group == id.group && kind == id.kind && name == kinds::name_of(object) && (in.empty() || ns == in);
}

}  // namespace slipway::gitops
