// Which fields of which kinds a transformer touches, and the walk to them.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "render/kustomize/resource.h"

namespace slipway::render::kustomize {

// "Deployment apps/* spec/template/metadata/labels create"; "*" is anything, several kinds are parted by commas. In a
// path "\/" is a slash within a name, "x[]" is never made, and becomes a list where it is null; all lists are walked
// through silently.
struct FieldSpec {
  std::vector<std::string> kinds;  // empty: any
  std::string group, version;      // empty: any
  std::vector<std::string> path;
  std::string path_text;
  bool create = false;
  bool matches(const GroupVersionKind& id) const;
  static FieldSpec parse(std::string_view line);
  static FieldSpec of_path(std::string_view path);  // of any kind
  // Whether this one already reaches every field that `other` would.
  bool covers(const FieldSpec& other) const;
  bool operator==(const FieldSpec&) const = default;
};

enum class Missing { skip, make_scalar, make_map };
using Change = std::function<Result<Value>(const Value& field)>;  // of a made field: null, or {}

// `node` with `change` applied to every field at `path`. What does not change keeps sharing its memory. Error: invalid
// when the path leads through a scalar.
Result<Value> change_fields(const Value& node, std::span<const std::string> path, Missing missing,
                            const Change& change);
// The same by a spec, for a resource that it matches (else nothing happens).
Result<> change_fields(Resource& resource, const FieldSpec& spec, Missing missing, const Change& change);

}  // namespace slipway::render::kustomize
