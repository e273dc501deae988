// Watch: the store's events of one resource, seen through a selection; before them, when asked for, what is there now.
#include "cluster/embedded/embedded_cluster.h"
#include "cluster/embedded/errors.h"
#include "cluster/embedded/selection.h"
#include "kinds/conversion.h"

namespace slipway::cluster {

namespace {

constexpr Duration bookmark_interval = 60s;
// Of what is there at the beginning, so many objects are held at a time: a client that does not read holds no more.
constexpr size_t first_objects_max = 1000;

class EmbeddedWatch final : public Watch {
 public:
  EmbeddedWatch(World& world, const store::Store& store, const kinds::Catalog& catalog, const kinds::Kind& kind,
                Selection selection, bool bookmarks)
      : world_(world),
        store_(store),
        catalog_(catalog),
        kind_id_(kind.id),
        selection_(std::move(selection)),
        bookmarks_(bookmarks),
        next_bookmark_(world.steady_now() + bookmark_interval) {}

  // What comes first: the objects that `query` finds, then (when asked for) the bookmark that says so. The revision
  // they are of, from which the events go on.
  Result<store::Revision> begin_with(store::ListQuery query, bool end_mark) {
    bool one = !query.name.empty();
    query.limit = one ? 0 : first_objects_max;
    query.count = false;
    first_query_ = std::move(query);
    OR_RETURN(look_for_first());
    first_query_.at = one ? 0 : first_revision_;
    end_mark_ = end_mark;
    return first_revision_;
  }
  void follow(std::unique_ptr<store::Subscription> events) { events_ = std::move(events); }

  Task<Result<WatchEvent>> next() override {
    while (first_at_ < first_.size()) {
      Value object = std::move(first_[first_at_++]);
      if (first_at_ == first_.size()) OR_CO_RETURN(look_for_more());
      if (selection_.matches(object)) co_return WatchEvent{WatchType::added, versioned(std::move(object))};
    }
    if (std::exchange(end_mark_, false)) co_return WatchEvent{WatchType::bookmark, bookmark(first_revision_, true)};
    while (true) {
      Result<store::Event> event = co_await next_event();
      if (event.failed_with(ErrorKind::timeout)) {
        next_bookmark_ = world_.steady_now() + bookmark_interval;
        co_return WatchEvent{WatchType::bookmark, bookmark(store_.revision(), false)};
      }
      if (!event) co_return std::move(event).error();
      if (auto seen = through_selection(*event)) co_return std::move(*seen);
    }
  }

 private:
  // `gone` when the client reads so late that the revision it began with is no longer kept.
  Result<> look_for_first() {
    store::Listing listing = OR_RETURN(store_.list(first_query_));
    first_ = std::move(listing.items);
    first_at_ = 0;
    first_revision_ = listing.revision;
    first_query_.after = listing.next.value_or("");
    return {};
  }
  Result<> look_for_more() {
    if (!first_query_.after.empty()) return look_for_first();
    first_ = {};
    first_at_ = 0;
    return {};
  }

  // timeout: a bookmark is due. Nothing was missed then, so the store's revision is safe to go on from.
  Task<Result<store::Event>> next_event() {
    if (auto ready = events_->try_next()) co_return std::move(*ready);
    if (!bookmarks_) co_return co_await events_->next();
    Duration left = std::max(next_bookmark_ - world_.steady_now(), Duration::zero());
    co_return co_await runtime::with_timeout(left, events_->next());
  }

  std::optional<WatchEvent> through_selection(store::Event& event) const {
    bool was = !event.previous.is_null() && selection_.matches(event.previous);
    bool is = event.type != store::EventType::deleted && selection_.matches(event.object);
    if (!was && !is) return std::nullopt;
    if (is) return WatchEvent{was ? WatchType::modified : WatchType::added, versioned(std::move(event.object))};
    // It left: the client sees what it knew, with the revision of the change.
    Value last = event.previous.with("/metadata/resourceVersion", std::to_string(event.revision));
    return WatchEvent{WatchType::deleted, versioned(std::move(last))};
  }

  // What an earlier Slipway stored may be in another form. (The kind is looked at only then: a CRD's may be gone.)
  Value versioned(Value object) const {
    if (object["apiVersion"].as_string() == kind_id_.api_version()) return object;
    if (const kinds::Kind* kind = catalog_.find(kind_id_)) return kinds::converted(*kind, std::move(object));
    return object.with_member("apiVersion", kind_id_.api_version());
  }

  Value bookmark(store::Revision revision, bool end_of_first) const {
    Value metadata{{"resourceVersion", std::to_string(revision)}};
    if (end_of_first) metadata = metadata.with("/annotations/k8s.io~1initial-events-end", "true");
    return Value{{"kind", kind_id_.kind}, {"apiVersion", kind_id_.api_version()}, {"metadata", metadata}};
  }

  World& world_;
  const store::Store& store_;
  const kinds::Catalog& catalog_;
  const GroupVersionKind kind_id_;  // a CRD's kind may go while this runs
  const Selection selection_;
  const bool bookmarks_;
  store::ListQuery first_query_;  // `after` empty: all has been looked for
  std::vector<Value> first_;
  size_t first_at_ = 0;
  store::Revision first_revision_ = 0;
  bool end_mark_ = false;  // is still to be sent
  std::unique_ptr<store::Subscription> events_;
  SteadyTime next_bookmark_;
};

// The events of a watch of the form that is kept, in the form that was asked for.
class ConvertedWatch final : public Watch {
 public:
  ConvertedWatch(const kinds::Conversion& conversion, std::unique_ptr<Watch> kept)
      : conversion_(conversion), kept_(std::move(kept)) {}
  Task<Result<WatchEvent>> next() override {
    WatchEvent event = OR_CO_RETURN(co_await kept_->next());
    bool bookmark = event.type == WatchType::bookmark;
    event.object = bookmark ? event.object.with_member("apiVersion", conversion_.shown.api_version())
                            : conversion_.to_shown(event.object);
    co_return event;
  }

 private:
  const kinds::Conversion& conversion_;
  std::unique_ptr<Watch> kept_;
};

}  // namespace

Task<Result<std::unique_ptr<Watch>>> EmbeddedCluster::watch(GroupVersionKind id, WatchOptions options) {
  const kinds::Kind* kind = catalog_.find(id);
  if (!kind || !kind->served) co_return no_such_resource();
  if (const kinds::Conversion* conversion = kinds::conversion_of(id)) {
    if (conversion->kept_fields) options.field_selector = conversion->kept_fields(std::move(options.field_selector));
    auto kept = OR_CO_RETURN(co_await watch(conversion->kept, std::move(options)));
    co_return std::unique_ptr<Watch>(std::make_unique<ConvertedWatch>(*conversion, std::move(kept)));
  }
  Selection selection =
      OR_CO_RETURN(Selection::parse(*kind, options.ns, options.label_selector, options.field_selector));
  store::ListQuery query{.resource = kind->group_resource(), .ns = selection.ns, .name = selection.only_name(*kind)};
  auto watch =
      std::make_unique<EmbeddedWatch>(world_, store_, catalog_, *kind, std::move(selection), options.bookmarks);
  uint64_t after = options.resource_version.value_or(0);
  if (after == 0 || options.send_initial_events) {
    if (after != 0) OR_CO_RETURN(co_await wait_for_revision(after));
    // No await between the list and the subscription: nothing falls in between.
    after = OR_CO_RETURN(watch->begin_with(std::move(query), options.bookmarks || options.send_initial_events));
  }
  watch->follow(OR_CO_RETURN(store_.subscribe(kind->group_resource(), after)));
  co_return std::unique_ptr<Watch>(std::move(watch));
}

}  // namespace slipway::cluster
