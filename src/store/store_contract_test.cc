#include "store/store_contract.h"

#include <doctest/doctest.h>

#include "store/index.h"

namespace slipway::store {

Value sample(const Key& key, std::string_view text) {
  Value metadata{{"name", key.name}};
  if (!key.ns.empty()) metadata = metadata.with_member("namespace", key.ns);
  return Value{{"metadata", metadata}, {"text", text}};
}

Change put(std::string_view resource, std::string_view place, std::string_view text, std::optional<Revision> expected,
           Durability durability) {
  Key key = key_of(resource, place);
  return {key, sample(key, text), expected, durability};
}

Change removal(std::string_view resource, std::string_view place, std::optional<Revision> expected) {
  return {key_of(resource, place), std::nullopt, expected};
}

std::string texts(const Listing& listing) {
  std::string all;
  for (const Value& object : listing.items) {
    const Value& metadata = object["metadata"];
    if (!all.empty()) all += ' ';
    if (metadata.has("namespace")) all += metadata["namespace"].str() + "/";
    all += metadata["name"].str() + "=" + object["text"].str();
  }
  return all;
}

namespace {

Revision revision_of(const Value& object) {
  return std::stoull(object["metadata"]["resourceVersion"].str("0"));
}

// Commits one change that must succeed; gives its revision.
Task<Revision> write(Store& store, Change change) {
  std::vector<Change> changes;
  changes.push_back(std::move(change));
  auto stored = co_await store.commit(std::move(changes));
  REQUIRE(stored.has_value());
  co_return revision_of(stored->at(0));
}

Task<ErrorKind> refused(Store& store, Change change) {
  std::vector<Change> changes;
  changes.push_back(std::move(change));
  auto stored = co_await store.commit(std::move(changes));
  REQUIRE(!stored.has_value());
  co_return stored.error().kind();
}

std::string list(Store& store, ListQuery query) {
  auto listing = store.list(query);
  if (!listing) return "error: " + std::string(base::to_string(listing.error().kind()));
  return texts(*listing);
}

Task<void> reads_what_was_written(World&, Store& store) {
  Revision before = store.revision();
  Revision first = co_await write(store, put("pods", "shop/a", "1"));
  CHECK(first > before);
  CHECK(store.revision() == first);
  auto got = store.get(key_of("pods", "shop/a"));
  REQUIRE(got.has_value());
  CHECK((*got)["text"].str() == "1");
  CHECK(revision_of(*got) == first);
  Revision second = co_await write(store, put("nodes", "n1", "x"));
  CHECK(second > first);
  CHECK(list(store, {.resource = "nodes"}) == "n1=x");
  CHECK(store.count("pods") == 1);
  CHECK(store.resources() == std::vector<std::string>{"nodes", "pods"});
  co_await write(store, removal("pods", "shop/a"));
  CHECK(!store.get(key_of("pods", "shop/a")));
  CHECK(store.resources() == std::vector<std::string>{"nodes"});
}

Change owned(std::string_view place, std::string_view text, std::string_view controller) {
  Change change = put("pods", place, text);
  Value owner{{"uid", controller}, {"controller", true}};
  change.object = change.object->with("/metadata/ownerReferences", Value::array({Value{{"uid", "other"}}, owner}));
  return change;
}

Task<void> lists_what_one_object_controls(World&, Store& store) {
  co_await write(store, owned("a/2", "of-one", "one"));
  co_await write(store, put("pods", "a/1", "free"));
  co_await write(store, owned("a/3", "of-two", "two"));
  co_await write(store, owned("b/1", "of-one", "one"));
  co_await write(store, put("nodes", "n1", "free"));
  CHECK(list(store, {.resource = "pods", .ns = "a", .controller = "one"}) == "a/1=free a/2=of-one");
  CHECK(list(store, {.resource = "pods", .controller = "one"}) == "a/1=free a/2=of-one b/1=of-one");
  CHECK(list(store, {.resource = "pods", .ns = "a", .controller = "other"}) == "a/1=free");
  co_await write(store, owned("a/1", "adopted", "two"));
  co_await write(store, put("pods", "a/2", "released"));
  CHECK(list(store, {.resource = "pods", .ns = "a", .controller = "one"}) == "a/2=released");
  CHECK(list(store, {.resource = "pods", .ns = "a", .controller = "two"}) == "a/1=adopted a/2=released a/3=of-two");
  for (std::string_view place : {"a/1", "a/2", "a/3"}) co_await write(store, removal("pods", place));
  CHECK(list(store, {.resource = "pods", .ns = "a", .controller = "two"}) == "");
  CHECK(list(store, {.resource = "pods", .ns = "b", .controller = "one"}) == "b/1=of-one");
}

Task<void> judges_preconditions(World&, Store& store) {
  Revision first = co_await write(store, put("pods", "a/x", "1", 0));
  CHECK(co_await refused(store, put("pods", "a/x", "2", 0)) == ErrorKind::already_exists);
  CHECK(co_await refused(store, put("pods", "a/x", "2", first + 1)) == ErrorKind::conflict);
  CHECK(co_await refused(store, put("pods", "a/y", "2", first)) == ErrorKind::not_found);
  CHECK(co_await refused(store, removal("pods", "a/y")) == ErrorKind::not_found);
  CHECK(co_await refused(store, removal("pods", "a/x", first + 1)) == ErrorKind::conflict);
  Revision second = co_await write(store, put("pods", "a/x", "2", first));
  co_await write(store, removal("pods", "a/x", second));
  CHECK(store.count("pods") == 0);
}

Task<void> changes_all_or_nothing(World&, Store& store) {
  co_await write(store, put("pods", "a/x", "1"));
  Revision before = store.revision();
  std::vector<Change> wrong;
  wrong.push_back(put("pods", "a/new", "1", 0));
  wrong.push_back(put("pods", "a/x", "2", 0));
  auto refused = co_await store.commit(std::move(wrong));
  CHECK(refused.failed_with(ErrorKind::already_exists));
  CHECK(store.revision() == before);
  CHECK(list(store, {.resource = "pods"}) == "a/x=1");

  std::vector<Change> right;
  right.push_back(put("pods", "a/new", "1", 0));
  right.push_back(put("pods", "a/x", "2"));
  auto stored = co_await store.commit(std::move(right));
  REQUIRE(stored.has_value());
  CHECK(revision_of(stored->at(0)) < revision_of(stored->at(1)));
  CHECK(list(store, {.resource = "pods"}) == "a/new=1 a/x=2");

  std::vector<Change> twice;
  twice.push_back(put("pods", "a/x", "3"));
  twice.push_back(put("pods", "a/x", "4"));
  auto doubled = co_await store.commit(std::move(twice));
  CHECK(doubled.failed_with(ErrorKind::internal));
}

Task<void> lists_in_pages(World&, Store& store) {
  for (auto place : {"b/1", "a/2", "a-b/3", "a/1", "c/1"}) co_await write(store, put("pods", place, "x"));
  CHECK(list(store, {.resource = "pods"}) == "a-b/3=x a/1=x a/2=x b/1=x c/1=x");  // the order of etcd's keys
  CHECK(list(store, {.resource = "pods", .ns = "a"}) == "a/1=x a/2=x");
  CHECK(list(store, {.resource = "pods", .ns = "none"}).empty());
  CHECK(list(store, {.resource = "none"}).empty());
  auto page = store.list({.resource = "pods", .limit = 2});
  REQUIRE(page.has_value());
  CHECK(texts(*page) == "a-b/3=x a/1=x");
  CHECK(page->remaining == 3);
  REQUIRE(page->next == "a/1");
  Revision at = page->revision;
  co_await write(store, removal("pods", "a/2"));
  co_await write(store, put("pods", "b/0", "new"));
  co_await write(store, put("pods", "c/1", "new"));
  CHECK(list(store, {.resource = "pods", .at = at, .after = "a/1"}) == "a/2=x b/1=x c/1=x");
  auto last = store.list({.resource = "pods", .at = at, .after = "b/1", .limit = 1});
  REQUIRE(last.has_value());
  CHECK(texts(*last) == "c/1=x");
  CHECK(!last->next);
  CHECK(last->remaining == 0);
  auto then = store.list({.resource = "pods", .at = at, .limit = 1});  // a/2 is gone since, b/0 is new
  CHECK(then->remaining == 4);
  auto uncounted = store.list({.resource = "pods", .limit = 2, .count = false});
  CHECK(uncounted->next == "a/1");
  CHECK(uncounted->remaining == 0);
}

Task<void> lists_at_older_revisions(World&, Store& store) {
  Revision empty = store.revision();
  Revision one = co_await write(store, put("pods", "a/x", "1"));
  Revision two = co_await write(store, put("pods", "a/x", "2"));
  Revision gone = co_await write(store, removal("pods", "a/x"));
  Revision back = co_await write(store, put("pods", "a/x", "3"));
  CHECK(list(store, {.resource = "pods", .at = empty}).empty());
  CHECK(list(store, {.resource = "pods", .at = one}) == "a/x=1");
  CHECK(list(store, {.resource = "pods", .at = two}) == "a/x=2");
  (void)gone;
  CHECK(list(store, {.resource = "pods", .at = back - 1}).empty());
  CHECK(list(store, {.resource = "pods", .at = back}) == "a/x=3");
  CHECK(list(store, {.resource = "pods", .at = back + 1}) == "error: timeout");
}

Task<void> watches_in_order(World&, Store& store) {
  Revision first = co_await write(store, put("pods", "a/x", "1"));
  auto pods = store.subscribe("pods", first);
  auto all = store.subscribe("", 0);
  CHECK(!all.has_value());  // the beginning is not revision 0
  all = store.subscribe("", first);
  REQUIRE(pods.has_value());
  REQUIRE(all.has_value());
  CHECK(!(*pods)->try_next());
  co_await write(store, put("nodes", "n", "1"));
  Revision second = co_await write(store, put("pods", "a/x", "2"));
  co_await write(store, removal("pods", "a/x"));

  auto event = co_await (*pods)->next();
  REQUIRE(event.has_value());
  CHECK(event->type == EventType::modified);
  CHECK(event->revision == second);
  CHECK(event->object["text"].str() == "2");
  CHECK(event->previous["text"].str() == "1");
  auto removed = co_await (*pods)->next();
  REQUIRE(removed.has_value());
  CHECK(removed->type == EventType::deleted);
  CHECK(removed->revision > second);
  CHECK(removed->object["text"].str() == "2");
  CHECK(revision_of(removed->object) == removed->revision);
  CHECK(revision_of(removed->previous) == second);
  CHECK(!(*pods)->try_next());

  std::string order;
  while (auto next = (*all)->try_next()) order += next->key.resource + " ";
  CHECK(order == "nodes pods pods ");
  auto replay = store.subscribe("pods", first);
  REQUIRE(replay.has_value());
  auto again = (*replay)->try_next();
  REQUIRE(again.has_value());
  CHECK(again->revision == second);
}

Task<void> read_one(Subscription* subscription, std::string* out) {
  auto event = co_await subscription->next();
  *out = event ? event->object["text"].str() : std::string(base::to_string(event.error().kind()));
}

Task<void> wakes_waiting_watchers(World& world, Store& store) {
  auto watch = store.subscribe("pods", store.revision());
  auto future = store.subscribe("pods", store.revision() + 1);
  REQUIRE(watch.has_value());
  REQUIRE(future.has_value());
  std::string one, two, canceled;
  TaskGroup group(world.executor());
  group.spawn(read_one(watch->get(), &one));
  group.spawn(read_one(future->get(), &two));
  (void)co_await runtime::yield_now();
  co_await write(store, put("pods", "a/x", "1"));
  co_await write(store, put("pods", "a/x", "2"));
  co_await group.join();
  CHECK(one == "1");
  CHECK(two == "2");
  TaskGroup stopped(world.executor());
  auto third = store.subscribe("pods", store.revision());
  REQUIRE(third.has_value());
  stopped.spawn(read_one(third->get(), &canceled));
  (void)co_await runtime::yield_now();
  co_await stopped.stop();
  CHECK(canceled == "canceled");
}

Task<void> forgets_old_events(World&, Store& store) {
  Revision rare = co_await write(store, put("nodes", "n", "1"));
  auto slow = store.subscribe("pods", store.revision());
  REQUIRE(slow.has_value());
  Revision first = co_await write(store, put("pods", "a/x", "0"));
  for (int i = 0; i < 20; ++i) co_await write(store, put("pods", "a/x", std::to_string(i)));
  CHECK(store.subscribe("pods", first).failed_with(ErrorKind::gone));
  CHECK(list(store, {.resource = "pods", .at = first}) == "error: gone");
  auto event = co_await (*slow)->next();
  CHECK(event.failed_with(ErrorKind::gone));
  CHECK(store.subscribe("pods", store.revision() - 5).has_value());
  CHECK(store.subscribe("nodes", rare).has_value());  // nothing happened there since
}

Task<void> commit_put(Store* store, Change change, std::string* out) {
  std::vector<Change> changes;
  changes.push_back(std::move(change));
  auto stored = co_await store->commit(std::move(changes));
  *out = stored ? stored->at(0)["text"].str() : std::string(base::to_string(stored.error().kind()));
}

Task<void> judges_against_pending_writes(World& world, Store& store) {
  TaskGroup group(world.executor());
  std::string one, two, three;
  group.spawn(commit_put(&store, put("pods", "a/x", "1", 0), &one));
  group.spawn(commit_put(&store, put("pods", "a/x", "2", 0), &two));
  group.spawn(commit_put(&store, put("pods", "a/x", "3"), &three));
  co_await group.join();
  CHECK(one == "1");
  CHECK(two == "already exists");
  CHECK(three == "3");
  CHECK(list(store, {.resource = "pods"}) == "a/x=3");
}

Task<void> keeps_one_order_for_all_durabilities(World& world, Store& store) {
  auto watch = store.subscribe("", store.revision());
  REQUIRE(watch.has_value());
  TaskGroup group(world.executor());
  std::string out[4];
  group.spawn(commit_put(&store, put("pods", "a/1", "1"), &out[0]));
  group.spawn(commit_put(&store, put("leases", "l/1", "2", {}, Durability::memory), &out[1]));
  group.spawn(commit_put(&store, put("pods", "a/2", "3"), &out[2]));
  group.spawn(commit_put(&store, put("events", "a/e", "4", {}, Durability::ring), &out[3]));
  co_await group.join();
  std::string order;
  Revision last = 0;
  while (auto event = (*watch)->try_next()) {
    order += event->object["text"].str();
    CHECK(event->revision > last);
    last = event->revision;
  }
  CHECK(order == "1234");
  CHECK(!store.latest(key_of("pods", "a/3")));
}

Task<void> bounds_the_ring(World&, Store& store) {
  for (int i = 0; i < 10; ++i) {
    co_await write(store, put("events", "a/e" + std::to_string(i), "x", {}, Durability::ring));
  }
  co_await write(store, put("events", "a/e8", "again", {}, Durability::ring));
  for (int i = 0; i < 100 && store.count("events") > 4; ++i) (void)co_await runtime::sleep(1ms);
  CHECK(list(store, {.resource = "events"}) == "a/e6=x a/e7=x a/e8=again a/e9=x");
  co_await write(store, put("events", "a/f", "x", {}, Durability::ring));
  for (int i = 0; i < 100 && store.count("events") > 4; ++i) (void)co_await runtime::sleep(1ms);
  CHECK(list(store, {.resource = "events"}) == "a/e7=x a/e8=again a/e9=x a/f=x");
}

}  // namespace

const std::vector<ContractCase>& store_contract() {
  static const std::vector<ContractCase> cases = {
      {"reads what was written", reads_what_was_written},
      {"judges preconditions", judges_preconditions},
      {"changes all or nothing", changes_all_or_nothing},
      {"lists what one object controls", lists_what_one_object_controls},
      {"lists in pages", lists_in_pages},
      {"lists at older revisions", lists_at_older_revisions},
      {"watches in order", watches_in_order},
      {"wakes waiting watchers", wakes_waiting_watchers},
      {"forgets old events", forgets_old_events, {.history_events_max = 10}},
      {"judges against pending writes", judges_against_pending_writes},
      {"keeps one order for all durabilities", keeps_one_order_for_all_durabilities},
      {"bounds the ring", bounds_the_ring, {.event_ring_max = 4}},
  };
  return cases;
}

}  // namespace slipway::store
