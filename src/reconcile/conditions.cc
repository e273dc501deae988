#include "base/time.h"
#include "reconcile/reconcile.h"

namespace slipway::reconcile {

const Value& find_condition(const Value& conditions, std::string_view type) {
  static const Value none;
  for (const Value& condition : conditions.items()) {
    if (condition["type"].as_string() == type) return condition;
  }
  return none;
}

Value set_condition(const Value& conditions, std::string_view type, std::string_view status, std::string_view reason,
                    std::string_view message, WallTime now) {
  const Value& old = find_condition(conditions, type);
  bool flipped = old["status"].as_string() != status;
  ObjectBuilder next;
  next.set("type", type).set("status", status).set_unless_empty("reason", reason).set_unless_empty("message", message);
  next.set("lastTransitionTime", flipped ? Value(base::format_rfc3339(now)) : old["lastTransitionTime"]);
  Value condition = next.build();
  std::vector<Value> list(conditions.items().begin(), conditions.items().end());
  for (Value& c : list) {
    if (c["type"].as_string() == type) {
      c = condition;
      return Value::array(std::move(list));
    }
  }
  list.push_back(std::move(condition));
  return Value::array(std::move(list));
}

}  // namespace slipway::reconcile
