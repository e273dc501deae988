// Get and list: which revision is asked for, one consistent page, the token for the next.
#include "base/text.h"
#include "cluster/embedded/continue_token.h"
#include "cluster/embedded/embedded_cluster.h"
#include "cluster/embedded/errors.h"
#include "cluster/embedded/selection.h"
#include "kinds/conversion.h"

namespace slipway::cluster {

namespace {

constexpr Duration revision_wait = 3s, revision_look_again = 20ms;
constexpr size_t selected_chunk = 1000;  // objects looked at in one go where only some are wanted

Result<> check_options(const ListOptions& options) {
  uint64_t revision = options.resource_version.value_or(0);
  if (!options.continue_token.empty() && revision != 0) {
    return Error(ErrorKind::bad_request, "specifying resource version is not allowed when using continue");
  }
  return {};
}

// A continue token stands for its key relative to what is listed: "name" in a namespace, "ns/name" over all.
std::string absolute(const std::string& ns, const std::string& key) {
  return ns.empty() ? key : ns + "/" + key;
}
std::string relative(const std::string& ns, const std::string& key) {
  return ns.empty() ? key : key.substr(ns.size() + 1);
}

Error continue_too_old(const std::string& after) {
  return Error(ErrorKind::gone,
               "The provided continue parameter is too old to display a consistent list result. You can start a new "
               "list without the continue parameter, or use the continue token in this response to retrieve the "
               "remainder of the results. Continuing with the provided token results in an inconsistent list - objects "
               "that were created, modified, or deleted between the time the first chunk was returned and now may show "
               "up in the list.")
      .cause({std::string(continue_reason), ContinueToken{std::nullopt, after}.encode(), {}});
}

std::string place_of(const Value& object) {
  std::string ns(kinds::namespace_of(object)), name(kinds::name_of(object));
  return ns.empty() ? name : ns + "/" + name;
}

}  // namespace

Task<Result<Value>> EmbeddedCluster::get(ObjectKey key) {
  const kinds::Kind* kind = catalog_.find(key.kind);
  if (!kind || !kind->served) co_return no_such_resource();
  if (const kinds::Conversion* conversion = kinds::conversion_of(key.kind)) {
    auto kept = co_await get({conversion->kept, key.ns, key.name});
    if (kept.failed_with(ErrorKind::not_found)) co_return no_such_object(*kind, key.name);
    if (!kept) co_return kept;
    co_return conversion->to_shown(*kept);
  }
  auto object = store_.get({kind->group_resource(), kind->namespaced ? key.ns : "", key.name});
  if (!object) co_return no_such_object(*kind, key.name);
  co_return kinds::converted(*kind, std::move(*object));
}

Task<Result<List>> EmbeddedCluster::list(GroupVersionKind id, ListOptions options) {
  const kinds::Kind* kind = catalog_.find(id);
  if (!kind || !kind->served) co_return no_such_resource();
  if (const kinds::Conversion* conversion = kinds::conversion_of(id)) {
    if (conversion->kept_fields) options.field_selector = conversion->kept_fields(std::move(options.field_selector));
    List page = OR_CO_RETURN(co_await list(conversion->kept, std::move(options)));
    for (Value& object : page.items) object = conversion->to_shown(object);
    co_return page;
  }
  Selection selection =
      OR_CO_RETURN(Selection::parse(*kind, options.ns, options.label_selector, options.field_selector));
  OR_CO_RETURN(check_options(options));

  store::ListQuery query{.resource = kind->group_resource(), .ns = selection.ns, .controller = options.controller};
  size_t limit = options.limit;
  std::string token_key;
  std::optional<uint64_t> remaining;  // with this page
  if (!options.continue_token.empty()) {
    ContinueToken token = OR_CO_RETURN(ContinueToken::decode(options.continue_token));
    query.at = token.revision.value_or(0);
    query.after = absolute(selection.ns, token.after);
    token_key = token.after;
    remaining = token.remaining;
  } else if (options.resource_version == uint64_t{0}) {
    limit = 0;  // any revision will do: all of it at once
  } else if (options.resource_version) {
    bool exact = options.resource_version_match == "Exact" || (options.resource_version_match.empty() && limit > 0);
    OR_CO_RETURN(co_await wait_for_revision(*options.resource_version));
    if (exact) query.at = *options.resource_version;
  }
  bool everything = selection.everything();
  query.count = everything && !remaining;
  query.limit = everything || limit == 0 ? limit : std::max(limit, selected_chunk);
  if (query.at == 0 && query.after.empty() && query.controller.empty()) query.name = selection.only_name(*kind);
  if (!query.name.empty() || !query.controller.empty()) query.limit = 0;

  List page;
  for (bool cut = false; !cut;) {
    auto listing = store_.list(query);
    if (!listing) {
      if (listing.failed_with(ErrorKind::gone) && !token_key.empty()) co_return continue_too_old(token_key);
      if (listing.failed_with(ErrorKind::timeout)) co_return revision_too_large(query.at, store_.revision());
      co_return std::move(listing).error();
    }
    page.revision = listing->revision;
    if (everything) page.items.reserve(listing->items.size());
    for (Value& object : listing->items) {
      cut = limit && page.items.size() == limit;  // something follows, matching or not
      if (cut) break;
      if (everything || selection.matches(object)) page.items.push_back(std::move(object));
    }
    cut = cut || (listing->next && page.items.size() == limit);
    if (cut) {
      if (everything)
        page.remaining =
            remaining ? *remaining - std::min<uint64_t>(*remaining, page.items.size()) : listing->remaining;
      std::string last = relative(selection.ns, place_of(page.items.back()));
      page.continue_token = ContinueToken{page.revision, std::move(last), page.remaining}.encode();
    }
    if (!listing->next) break;
    query.after = *listing->next;
  }
  for (Value& object : page.items) object = kinds::converted(*kind, std::move(object));
  co_return page;
}

// Revisions are global and grow by themselves, so a client may know one that is on its way to the disk.
Task<Result<uint64_t>> EmbeddedCluster::wait_for_revision(uint64_t revision) {
  for (SteadyTime end = world_.steady_now() + revision_wait; store_.revision() < revision;) {
    if (world_.steady_now() >= end) co_return revision_too_large(revision, store_.revision());
    OR_CO_RETURN(co_await runtime::sleep(revision_look_again));
  }
  co_return store_.revision();
}

}  // namespace slipway::cluster
