// The numbers of a schema and of what it judges, as the validator that Helm uses compares them: exactly. A double
// decides wherever that comes to the same.
#pragma once

#include <compare>
#include <optional>
#include <unordered_map>

#include "render/helm/decimal.h"
#include "render/helm/schema_documents.h"
#include "value/value.h"

namespace slipway::render::helm {

class Numbers {
 public:
  // `written`: the documents that they stand in, which outlive this; null: values, which no text says exactly.
  explicit Numbers(const SchemaDocuments* written) : written_(written) {}

  bool is_integer(const Value& number);
  // Nothing: one that math/big cannot read. Kept: `number` outlives this.
  const std::optional<Decimal>& of(const Value& number);
  const Divisor* divisor(const Value& number);   // null: as of()
  std::optional<int64_t> count(const Value& v);  // of things, as Go's int holds it; nothing: no whole number
  double nearest(const Value& number);           // of one that of() knows
  bool has_unreadable(const Value& v);           // itself or within

  // As `a` <=> `b`. Nothing: of() knows one of them not.
  friend std::optional<std::strong_ordering> compare(Numbers& as, const Value& a, Numbers& bs, const Value& b);
  friend bool equal(Numbers& as, const Value& a, Numbers& bs, const Value& b);  // any values

 private:
  const SchemaDocuments* written_;
  std::unordered_map<const Value*, std::optional<Decimal>> read_;
  std::unordered_map<const Value*, std::optional<Divisor>> divisors_;
  std::unordered_map<const Value*, double> nearest_;  // a text of a million digits may be told of many times
};

}  // namespace slipway::render::helm
