// Watches: one JSON object a line, or protobuf in frames, for as long as the client stays or its timeout lasts.
#include "apiserver/answer.h"
#include "apiserver/options.h"
#include "apiserver/server.h"
#include "apiserver/status.h"
#include "base/text.h"
#include "base/timestamp.h"
#include "kinds/protobuf.h"
#include "value/json.h"

namespace slipway::apiserver {

namespace {

std::string_view name_of(cluster::WatchType type) {
  switch (type) {
    case cluster::WatchType::added:
      return "ADDED";
    case cluster::WatchType::modified:
      return "MODIFIED";
    case cluster::WatchType::deleted:
      return "DELETED";
    case cluster::WatchType::bookmark:
      return "BOOKMARK";
  }
  return "ERROR";
}

// In protobuf: four bytes of length, big-endian, and a WatchEvent whose object is in an envelope of its own.
std::string frame(std::string_view type, const Value& object, Encoding encoding) {
  if (encoding == Encoding::protobuf) {
    std::string event, raw;
    kinds::append_field(event, 1, type);
    kinds::append_field(raw, 1, protobuf_text(object).value_or(""));
    kinds::append_field(event, 2, raw);
    std::string out;
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(event.size() >> shift);
    return out + event;
  }
  std::string text = fmt::format("{{\"type\":\"{}\",\"object\":", type);
  value::append_json(text, object);
  text += "}\n";
  return text;
}

// Many watchers hear of the same object one after the other: its frame is made once. Of the loop's thread, which is the
// only one that answers; one frame is kept, as long as nothing else happens.
std::string shared_frame(std::string_view type, const Value& object, Encoding encoding) {
  struct Last {
    Value object;  // held, so that no other one can have its place in memory
    std::string type;
    Encoding encoding = Encoding::json;
    std::string text;
  };
  static thread_local Last last;
  if (!last.object.same_node(object) || last.type != type || last.encoding != encoding)
    last = {object, std::string(type), encoding, frame(type, object, encoding)};
  return last.text;
}

// Tables name their columns in the first event only.
Value event_object(const kinds::Kind& kind, const cluster::WatchEvent& event, const Accepted& accepted, WallTime now,
                   std::string_view include, bool first) {
  Value object = in_form(kind, event.object, accepted, now, include);
  if (accepted.form == Form::table && !first) object = object.with_member("columnDefinitions", Value());
  return object;
}

}  // namespace

Task<Result<>> ApiServer::watch(runtime::Exchange& exchange, Route route, const kinds::Kind& kind) {
  const runtime::Request& request = exchange.request();
  auto accepted = negotiate(request.headers.get("accept"), kind, Answer::watch);
  if (!accepted) co_return co_await answer_error(exchange, accepted.error());
  auto wanted = timeout_seconds(request);
  if (!wanted) co_return co_await answer_error(exchange, wanted.error());
  auto listing = list_options(request, route, Listing::watch);
  if (!listing) co_return co_await answer_error(exchange, listing.error());
  cluster::WatchOptions options{
      .ns = route.ns, .label_selector = listing->label_selector, .field_selector = listing->field_selector};
  if (!route.name.empty()) {
    options.field_selector += (options.field_selector.empty() ? "" : ",") + ("metadata.name=" + route.name);
  }
  if (listing->resource_version && *listing->resource_version > 0) options.resource_version = listing->resource_version;
  std::string include = request.query("includeObject").value_or("");
  options.bookmarks = request.query("allowWatchBookmarks") == "true";
  auto initial = request.query("sendInitialEvents");
  options.send_initial_events = initial == "true";
  if (options.send_initial_events) options.resource_version.reset();
  int64_t seconds = 1800 + static_cast<int64_t>(world_.random().below(1800));
  if (*wanted) seconds = std::max<int64_t>(1, **wanted);

  // What begins with all that is there is a list too.
  if (!options.resource_version) OR_CO_RETURN(co_await turns_.next(exchange));
  auto events = co_await cluster_.watch(kind.id, std::move(options));
  if (!events && !events.error().is(ErrorKind::gone)) co_return co_await answer_error(exchange, events.error());
  std::string stream_type(accepted->content_type());
  if (accepted->encoding == Encoding::protobuf) stream_type += ";stream=watch";
  OR_CO_RETURN(co_await exchange.start(200, answer_headers(stream_type)));
  if (!events) {
    OR_CO_RETURN(co_await exchange.write(frame("ERROR", status_of(events.error()), accepted->encoding)));
    co_return co_await exchange.finish();
  }
  runtime::Deadline deadline(co_await runtime::current_scope(), base::whole_seconds(seconds));
  bool first = true;
  while (!deadline.passed()) {
    auto event = co_await (*events)->next().in(deadline.scope());
    if (event.failed_with(ErrorKind::canceled)) {
      if (deadline.passed()) break;
      co_return event.error();
    }
    if (!event) {
      OR_CO_RETURN(co_await exchange.write(frame("ERROR", status_of(event.error()), accepted->encoding)));
      break;
    }
    OR_CO_RETURN(co_await exchange.room());
    Value object = event_object(kind, *event, *accepted, world_.now(), include, first);
    OR_CO_RETURN(co_await exchange.write(shared_frame(name_of(event->type), object, accepted->encoding)));
    first = false;
  }
  co_return co_await exchange.finish();
}

}  // namespace slipway::apiserver
