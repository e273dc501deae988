#include "base/text.h"
#include "kinds/conversion.h"

namespace slipway::kinds {

namespace {

struct Names {
  const char *shown, *core;
};
constexpr Names renamed[] = {{"regarding", "involvedObject"},
                             {"note", "message"},
                             {"reportingController", "reportingComponent"},
                             {"deprecatedSource", "source"},
                             {"deprecatedFirstTimestamp", "firstTimestamp"},
                             {"deprecatedLastTimestamp", "lastTimestamp"},
                             {"deprecatedCount", "count"}};
constexpr const char* alike[] = {"kind",   "metadata", "eventTime", "series", "reportingInstance",
                                 "action", "reason",   "related",   "type"};

Value translated(const Value& from, const char* Names::* before, const char* Names::* after, std::string_view version) {
  ObjectBuilder to;
  to.set("apiVersion", version);
  for (const char* name : alike) {
    if (const Value* member = from.find(name)) to.set(name, *member);
  }
  for (const Names& names : renamed) {
    if (const Value* member = from.find(names.*before)) to.set(names.*after, *member);
  }
  return to.build();
}

// What one side leaves out when it is empty and the other does not.
Value without_empty(Value object, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const Value* member = object.find(name);
    bool nothing = member && (*member == Value("") || (!member->is_string() && member->empty()));
    if (nothing) object = object.without_member(name);
  }
  return object;
}

}  // namespace

Value event_to_core(const Value& event) {
  return translated(event, &Names::shown, &Names::core, "v1");
}

Value event_from_core(const Value& core) {
  Value event = translated(core, &Names::core, &Names::shown, "events.k8s.io/v1");
  event = without_empty(std::move(event), {"reportingController", "reportingInstance"});
  return event.has("eventTime") ? event : event.with_member("eventTime", Value());
}

std::string event_fields_of_core(std::string selector) {
  for (const Names& names : renamed) {
    std::string_view shown = names.shown;
    for (const std::string& end : {std::string("."), std::string("="), std::string("!")})
      selector = base::replace_all(selector, std::string(shown) + end, names.core + end);
  }
  return selector;
}

}  // namespace slipway::kinds
