#include "cluster/embedded/event_view.h"

#include "base/text.h"

namespace slipway::cluster {

namespace {

struct Names {
  const char *view, *core;
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

class ViewWatch final : public Watch {
 public:
  explicit ViewWatch(std::unique_ptr<Watch> core) : core_(std::move(core)) {}
  Task<Result<WatchEvent>> next() override {
    WatchEvent event = OR_CO_RETURN(co_await core_->next());
    bool bookmark = event.type == WatchType::bookmark;
    event.object = bookmark ? event.object.with_member("apiVersion", "events.k8s.io/v1") : event_view_of(event.object);
    co_return event;
  }

 private:
  std::unique_ptr<Watch> core_;
};

}  // namespace

bool is_event_view(const GroupVersionKind& kind) {
  return kind.group == "events.k8s.io" && kind.kind == "Event";
}

Value event_view_of(const Value& core) {
  Value view = translated(core, &Names::core, &Names::view, "events.k8s.io/v1");
  view = without_empty(std::move(view), {"reportingController", "reportingInstance"});
  return view.has("eventTime") ? view : view.with_member("eventTime", Value());
}

Value core_event_of(const Value& view) {
  return translated(view, &Names::view, &Names::core, "v1");
}

std::string core_fields_of(std::string selector) {
  for (const Names& names : renamed) {
    std::string_view view = names.view;
    for (const std::string& end : {std::string("."), std::string("="), std::string("!")})
      selector = base::replace_all(selector, std::string(view) + end, names.core + end);
  }
  return selector;
}

std::unique_ptr<Watch> watch_event_view(std::unique_ptr<Watch> watch) {
  return std::make_unique<ViewWatch>(std::move(watch));
}

}  // namespace slipway::cluster
