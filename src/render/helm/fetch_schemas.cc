#include "render/helm/fetch_schemas.h"

#include <fmt/format.h>

#include "base/text.h"
#include "sources/chart_repository.h"

namespace slipway::render::helm {

namespace {

constexpr size_t kSchemasMax = 64;  // of one chart
constexpr uint64_t kBytesMax = 8 << 20;

Error in_helms_words(const Error& error, const std::string& address) {
  std::string refused = fmt::format("failed to fetch {} : ", address);  // then the status: 404 Not Found
  if (std::string_view why = error.message(); why.starts_with(refused)) {
    why.remove_prefix(refused.size());
    return fail(error.kind(), "HTTP request to {} returned status {} ({})", address, why.substr(0, why.find(' ')),
                why.substr(why.find(' ') + 1));
  }
  return fail(error.kind(), "HTTP request failed for {}: {}", address, error.str());
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
