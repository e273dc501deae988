// Events as client-go's recorder writes them: core/v1 objects named <object>.<16 hex digits>; the same happening again
// within ten minutes counts up the one that is there instead of adding another.
#include <fmt/format.h>

#include <list>
#include <map>

#include "base/time.h"
#include "reconcile/reconcile.h"
#include "runtime/channel.h"

namespace slipway::reconcile {

namespace {

const GroupVersionKind event_kind{"", "v1", "Event"};
constexpr size_t remembered_max = 4096;
constexpr Duration same_time_max = 10min;

struct Happening {
  Value about;
  std::string type, reason, message;
};

class Recorder final : public EventRecorder {
 public:
  Recorder(World& world, Cluster& cluster, std::string component, std::string host)
      : world_(world), cluster_(cluster), component_(std::move(component)), host_(std::move(host)), queue_(1000) {}

  void record(const Value& about, std::string_view type, std::string_view reason, std::string message) override {
    // A full queue drops the event: telling must never hold up doing.
    queue_.try_send({about, std::string(type), std::string(reason), bounded(std::move(message))});
  }

  static Task<void> run(std::shared_ptr<Recorder> self) {
    while (true) {
      auto next = co_await self->queue_.receive();
      if (!next) co_return;
      co_await self->write(std::move(*next));
    }
  }

  // As much as the newer Event API lets a note have: what a refused object says of itself may be far longer.
  static std::string bounded(std::string message) {
    constexpr size_t length_max = 1024;
    constexpr std::string_view end = "...";
    if (message.size() <= length_max) return message;
    size_t cut = length_max - end.size();
    while (cut > 0 && (static_cast<unsigned char>(message[cut]) & 0xc0) == 0x80) --cut;  // no half character
    return message.substr(0, cut).append(end);
  }

 private:
  Task<void> write(Happening h) {
    WallTime now = world_.now();
    const Value& meta = h.about["metadata"];
    std::string same =
        fmt::format("{}/{}/{}/{}/{}/{}/{}", h.about["kind"].as_string(), meta["namespace"].as_string(),
                    meta["uid"].as_string(), h.about["fieldPath"].as_string(), h.type, h.reason, h.message);
    if (auto it = known_.find(same); it != known_.end() && now - it->second.last < same_time_max) {
      it->second.last = now;
      ++it->second.count;
      Value patch{{"count", it->second.count}, {"lastTimestamp", base::format_rfc3339(now)}};
      auto written = co_await cluster_.write(cluster::merge_patch(it->second.key, patch));
      if (written) co_return;
      known_.erase(same);  // it was dropped from the ring meanwhile: write a new one
    }
    std::string ns = meta["namespace"].str();
    Value object = make(h, ns.empty() ? "default" : ns, now);
    ObjectKey key = ObjectKey::of(object);
    auto written = co_await cluster_.write(cluster::create(std::move(object)));
    if (!written) co_return;  // a terminating namespace takes no events
    if (known_.size() >= remembered_max) known_.clear();
    known_[same] = {key, now, 1};
  }

  Value make(const Happening& h, const std::string& ns, WallTime now) {
    const Value& meta = h.about["metadata"];
    std::string name = fmt::format("{}.{:016x}", meta["name"].as_string(), world_.random().next());
    std::string at = base::format_rfc3339(now);
    ObjectBuilder involved;
    involved.set("kind", h.about["kind"]).set_unless_empty("namespace", meta["namespace"]).set("name", meta["name"]);
    involved.set_unless_empty("uid", meta["uid"]).set("apiVersion", h.about["apiVersion"]);
    involved.set_unless_empty("resourceVersion", meta["resourceVersion"]);
    involved.set_unless_empty("fieldPath", h.about["fieldPath"]);
    ObjectBuilder source;
    source.set("component", component_).set_unless_empty("host", host_);
    return Value{{"apiVersion", "v1"},
                 {"kind", "Event"},
                 {"metadata", Value{{"name", name}, {"namespace", ns}}},
                 {"involvedObject", involved.build()},
                 {"reason", h.reason},
                 {"message", h.message},
                 {"source", source.build()},
                 {"firstTimestamp", at},
                 {"lastTimestamp", at},
                 {"count", 1},
                 {"type", h.type},
                 {"reportingComponent", component_},
                 {"reportingInstance", host_}};
  }

  struct Known {
    ObjectKey key;
    WallTime last;
    int64_t count = 0;
  };
  World& world_;
  Cluster& cluster_;
  std::string component_, host_;
  runtime::Channel<Happening> queue_;
  std::map<std::string, Known> known_;
};

// What callers hold; the writing task shares the recorder and ends with its group.
class Handle final : public EventRecorder {
 public:
  explicit Handle(std::shared_ptr<Recorder> recorder) : recorder_(std::move(recorder)) {}
  void record(const Value& about, std::string_view type, std::string_view reason, std::string message) override {
    recorder_->record(about, type, reason, std::move(message));
  }

 private:
  std::shared_ptr<Recorder> recorder_;
};

}  // namespace

std::unique_ptr<EventRecorder> make_recorder(World& world, Cluster& cluster, TaskGroup& group, std::string component,
                                             std::string host) {
  auto recorder = std::make_shared<Recorder>(world, cluster, std::move(component), std::move(host));
  group.spawn(Recorder::run(recorder));
  return std::make_unique<Handle>(std::move(recorder));
}

}  // namespace slipway::reconcile
