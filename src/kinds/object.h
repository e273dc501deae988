// Reading an object's common parts, and the write-path steps that a kind's table drives. All pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "kinds/kind.h"

namespace slipway::kinds {

inline std::string_view name_of(const Value& o) {
  return o["metadata"]["name"].as_string();
}
inline std::string_view namespace_of(const Value& o) {
  return o["metadata"]["namespace"].as_string();
}
inline std::string_view uid_of(const Value& o) {
  return o["metadata"]["uid"].as_string();
}
inline std::string_view kind_of(const Value& o) {
  return o["kind"].as_string();
}
uint64_t revision_of(const Value& o);  // metadata.resourceVersion; 0 when absent
// The ownerReference with controller: true; null when there is none.
const Value& controller_of(const Value& o);

enum class FieldValidation { ignore, warn, strict };

// Whether two objects share every member but those named.
bool is_same_but_for(const Value& a, const Value& b, std::initializer_list<std::string_view> members);

// A decoded object, as the typed API server would hold it: wrong types are an error with Go's text
// (`json: cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string`), unknown fields are
// dropped and named, quantities and times brought into canonical form, null members of typed fields dropped.
struct Conformed {
  Value object;
  std::vector<std::string> problems;  // `unknown field "spec.unk"`, `duplicate field "spec.replicas"`
};
// `stored`: what the object was made from. What both share went through here before it was stored, and is not looked at
// again: a status costs what the status has, however long the spec is. So for all that takes a stored object below.
Result<Conformed> conform(const Kind& kind, Value object, const Value& stored = {});

// Fills in what the tables (and the few rules that no table can say) give by default, as stored by Kubernetes 1.35.
Value apply_defaults(const Kind& kind, Value object, const Value& stored = {});

// Rule breaks in document order with Kubernetes' own texts; `old` is the stored object on update, null on create.
std::vector<base::Cause> validate(const Kind& kind, const Value& object, const Value* old);
// 422: `Deployment.apps "web" is invalid: spec.replicas: Invalid value: -1: must be ...`; several in [a, b].
Error invalid(const Kind& kind, std::string_view name, std::vector<base::Cause> causes);

// Strategic merge patch by the kind's merge keys ($patch, $deleteFromPrimitiveList, $setElementOrder, $retainKeys).
Result<Value> strategic_merge(const Type* type, const Value& target, const Value& patch);
// Three-way patch as kubectl apply makes it: what to send so that `live` becomes `modified`, deleting what `original`
// had.
Result<Value> three_way_patch(const Type* type, const Value& original, const Value& modified, const Value& live);

// Label selectors. parse: "a=b,c in (d,e),!f"; errors in Kubernetes' words (bad_request).
class Selector {
 public:
  static Result<Selector> parse(std::string_view text);
  static Result<Selector> from_label_selector(
      const Value& label_selector);                     // metav1.LabelSelector; null matches nothing, {} all
  static Selector from_map(const Value& match_labels);  // Service.spec.selector
  static Selector everything() { return {}; }
  bool matches(const Value& labels) const;
  bool matches_everything() const { return !nothing_ && requirements_.empty(); }
  // A key, and texts one of which it must have; nothing when no such thing is required. For an index.
  std::optional<std::pair<std::string_view, std::span<const std::string>>> among() const;
  std::string str() const;

 private:
  struct Requirement {
    std::string key;
    enum class Op { in, not_in, exists, not_exists, greater, less } op;
    std::vector<std::string> values;
  };
  std::vector<Requirement> requirements_;
  bool nothing_ = false;
};

// "metadata.name=x,status.phase!=Running"; unknown fields are refused with Kubernetes' two texts.
class FieldSelector {
 public:
  static Result<FieldSelector> parse(const Kind& kind, std::string_view text);
  bool matches(const Value& object) const;
  bool empty() const { return terms_.empty(); }
  std::optional<std::string> exact(std::string_view field) const;  // the value when "field=value" is a term

 private:
  struct Term {
    std::string field, value;
    bool equal;
  };
  std::vector<Term> terms_;
};

// Quantities ("500m", "1Gi"), exact.
struct Quantity {
  static std::optional<Quantity> parse(std::string_view text);
  int64_t milli() const;          // rounded up, saturating
  int64_t value() const;          // rounded up, saturating
  std::string canonical() const;  // "0.5" gives "500m", "1024Ki" gives "1Mi"
  // implementation: sign, digits, scale, format
  __int128 nano = 0;
  enum class Format : uint8_t { decimal, binary, exponent } format = Format::decimal;
};

// Server-side Table: columnDefinitions and one row of cells.
Value table_columns(const Kind& kind);
Value table_cells(const Kind& kind, const Value& object, WallTime now);
Value table_row_conditions(const Kind& kind, const Value& object);  // Completed pods; null: none

// OpenAPI from the tables.
Value openapi_v2(const Catalog& catalog, std::string_view server_version);
std::string openapi_v2_protobuf(const Value& document);  // gnostic openapi.v2.Document
Value openapi_v3(const Catalog& catalog, std::string_view group, std::string_view version,
                 std::string_view server_version);

}  // namespace slipway::kinds
