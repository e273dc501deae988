// Which objects a list or a watch is about: a namespace, labels, fields.
#pragma once

#include "kinds/object.h"

namespace slipway::cluster {

struct Selection {
  std::string ns;
  kinds::Selector labels;
  kinds::FieldSelector fields;

  static Result<Selection> parse(const kinds::Kind& kind, std::string ns, const std::string& labels,
                                 const std::string& fields);
  bool everything() const { return labels.matches_everything() && fields.empty(); }  // of the namespace
  bool matches(const Value& object) const;
  // The one object it can be about; empty: there may be several.
  std::string only_name(const kinds::Kind& kind) const;
};

}  // namespace slipway::cluster
