#include "render/helm/fetch_schemas.h"

#include <fmt/format.h>

#include "base/text.h"
#include "sources/chart_repository.h"

namespace slipway::render::helm {

namespace {

constexpr size_t kSchemasMax = 64;  // of one chart
constexpr uint64_t kBytesMax = 8 << 20;

// "connect to HOST:PORT: WHY" as Go says it.
std::string dialed(std::string_view message) {
  constexpr std::string_view connect = "connect to ", resolve = "cannot resolve ";
  if (!message.starts_with(connect)) return std::string(message);
  message.remove_prefix(connect.size());
  size_t end = message.find(": ");
  if (end == message.npos) return std::string(message);
  std::string_view where = message.substr(0, end), why = message.substr(end + 2);
  if (why.starts_with(resolve))
    return fmt::format("dial tcp: lookup {}: no such host", why.substr(resolve.size(), why.find(':') - resolve.size()));
  return fmt::format("dial tcp {}: connect: {}", where, base::to_lower(why));
}

Error in_helms_words(const Error& error, const std::string& address) {
  if (error.is(ErrorKind::not_found))
    return Error(ErrorKind::not_found, fmt::format("HTTP request to {} returned status 404 (Not Found)", address));
  return Error(error.kind(),
               fmt::format("HTTP request failed for {0}: Get \"{0}\": {1}", address, dialed(error.message())));
}

}  // namespace

Task<void> fetch_schemas(World& world, const Chart& chart, FetchedSchemas* known) {
  // What was fetched may name more.
  for (auto wanted = wanted_schemas(chart, *known); !wanted.empty(); wanted = wanted_schemas(chart, *known)) {
    for (const std::string& address : wanted) {
      if (known->contains(address)) continue;
      if (known->size() >= kSchemasMax) co_return;
      auto text = co_await sources::download(world, address, {.bytes_max = kBytesMax});
      if (text)
        known->emplace(address, std::move(*text));
      else
        known->emplace(address, in_helms_words(text.error(), address));
    }
  }
}

}  // namespace slipway::render::helm
